"""A sink whose receiver changes under the same id: who receives now is told of everybody."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from kalends.store import open_store
from kalends.store.vault import Vault
from tests.integration.bad_input.site import (
    HOUR,
    Site,
    configuration,
    everybody_busy,
    hurried,
    site,
    told,
)
from tests.unit.wire.icalendar.samples import calendar

EVERYBODY = {"anna": "busy", "bo": "busy", "cleo": "busy"}


def lamp(home: Site, **options: Any) -> dict[str, Any]:
    """Return the configuration with other options of its sink."""
    return configuration(home, sinks=[{"id": "lamp", "kind": "scripted-board", **options}])


def forget(home: Site) -> None:
    """Another receiver takes the board's place: it knows nobody."""
    home.board.received.clear()
    home.board.shown.clear()


async def knows_everybody(home: Site) -> None:
    async def so() -> bool:
        return home.board.shown == EVERYBODY

    await home.until(so, "the receiver knows everybody")


async def anna_is_free(home: Site) -> None:
    """Let Anna's meeting be moved, and wait until the sink heard."""
    home.annas.objects.clear()
    home.annas.put("now.ics", calendar(home.meeting("late", begins=4 * HOUR, ends=5 * HOUR)))

    async def so() -> bool:
        return home.board.shown.get("anna") == "available"

    await home.until(so, "Anna is free")


def test_a_receiver_that_takes_anothers_place_is_told_everybodys_present_once(
    tmp_path: Path,
) -> None:
    async def story(home: Site) -> None:
        await home.apply(lamp(home, address="there"))
        await everybody_busy(home)
        await knows_everybody(home)
        forget(home)
        await home.apply(lamp(home, address="elsewhere"))
        await knows_everybody(home)
        await anna_is_free(home)
        assert [home.board.times(who) for who in EVERYBODY] == [2, 1, 1]

    told(story, tmp_path)


def test_the_same_receiver_told_in_another_manner_is_told_what_changes(tmp_path: Path) -> None:
    async def story(home: Site) -> None:
        await home.apply(lamp(home, address="there"))
        await everybody_busy(home)
        await knows_everybody(home)
        forget(home)
        await home.apply(lamp(home, address="there", pace=7))
        await anna_is_free(home)
        assert home.board.shown == {"anna": "available"}

    told(story, tmp_path)


def test_a_receiver_that_changed_while_nobody_worked_is_told_everybodys_present_at_the_start(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        first.mkdir()
        async with site(first) as home:
            await home.apply(lamp(home, address="there"))
            await everybody_busy(home)
            await knows_everybody(home)

            async def noted() -> bool:
                return await home.store.sink_cursor("acme", "lamp") is not None

            await home.until(noted, "the sink has a cursor")
            await moved(home, second)
            async with site(second, servers=(home.near, home.far)) as again:
                await knows_everybody(again)

    hurried(story)


async def moved(home: Site, directory: Path) -> None:
    """Copy an installation; in the copy the receiver is another one."""
    directory.mkdir()
    await home.store.backup(directory / "kalends.db")
    shutil.copy(home.folder / "kalends.key", directory)
    vault = Vault.load(directory / "kalends.key")
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, home.runtime)
    [document] = await store.documents("acme", "sink")
    body = document.body.replace(b"there", b"elsewhere")
    assert body != document.body
    await store.save_documents([msgspec.structs.replace(document, body=body)])
    assert await store.sink_cursor("acme", "lamp") is not None
    await store.close()
