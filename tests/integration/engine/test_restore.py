"""Going on from a copy: what was so when it was made is told to no sink (promise 16)."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from kalends.bus.commands import Backup
from kalends.store.copies import examine, mark, marked, prepare
from kalends.store.units.restoring import LEAST
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


async def copied(home: Site, target: Path) -> None:
    """Let the engine copy its database."""
    answer = await home.handle(Backup(organization="*", actor="cli", path=str(target)))
    assert answer.ok, answer.message


async def shown(home: Site, **people: str) -> None:
    """Wait until the board shows these."""

    async def so() -> bool:
        return all(home.board.shown.get(who) == word for who, word in people.items())

    await home.until(so, str(people))


def go_on(copy: Path, old: Path, new: Path) -> None:
    """Do what ``kalends restore`` does, into a directory of its own."""
    new.mkdir()
    shutil.copy(copy, new / "kalends.db")
    shutil.copy(old / "kalends.key", new / "kalends.key")
    prepare(new / "kalends.db", examine(copy), int(time.time()))
    mark(new)


def test_only_the_owner_of_the_machine_makes_copies_and_a_copy_is_whole(
    tmp_path: Path,
) -> None:
    async def story(home: Site) -> None:
        await home.apply(configuration(home))
        web = Backup(organization="acme", actor="account:eve", path=str(tmp_path / "stolen.db"))
        assert (await home.handle(web)).code == "refused"
        await shown(home, anna="busy")  # before that there is nothing to date a copy by
        await copied(home, tmp_path / "copy.db")
        nowhere = Backup(organization="*", actor="cli", path="/nowhere/copy.db")
        assert (await home.handle(nowhere)).code == "failed"
        assert examine(tmp_path / "copy.db") > 0
        assert not (tmp_path / "stolen.db").exists()

    told(story, tmp_path)


def test_a_restored_engine_tells_nothing_stale_and_gives_out_higher_revisions(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        first = tmp_path / "first"
        first.mkdir()
        async with site(first) as home:
            await home.apply(configuration(home))
            await everybody_busy(home)
            await copied(home, tmp_path / "copy.db")
            free = calendar(home.meeting("late", begins=4 * HOUR, ends=5 * HOUR))
            home.annas.objects.clear()
            home.annas.put("now.ics", free)
            await shown(home, anna="available", bo="busy")
            highest = max(one[1] for one in home.board.received)
            before = time.perf_counter()
            go_on(tmp_path / "copy.db", first, tmp_path / "second")
            async with site(tmp_path / "second", servers=(home.near, home.far)) as again:
                assert await again.shows("anna") == ("busy", "meeting")  # as the copy knows …
                row = await again.row("anna")
                assert row.stale_since is not None  # … and as the page says
                assert again.board.received == []
                await shown(again, anna="available", bo="busy", cleo="busy")
                print(f"restored and told after {time.perf_counter() - before:.2f} s")
                heard = {(who, word) for who, _, word, _ in again.board.received}
                assert heard == {("anna", "available"), ("bo", "busy"), ("cleo", "busy")}
                assert min(one[1] for one in again.board.received) > max(highest, LEAST)
                for name in ("anna", "bo", "cleo"):
                    await again.healthy(name)
                assert not marked(tmp_path / "second")

    hurried(story)


def test_where_a_server_is_down_the_others_are_told_within_five_minutes(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        first = tmp_path / "first"
        first.mkdir()
        async with site(first) as home:
            await home.apply(configuration(home))
            await everybody_busy(home)
            await copied(home, tmp_path / "copy.db")
            home.near.dav.faults.status["/"] = 503
            go_on(tmp_path / "copy.db", first, tmp_path / "second")
            async with site(tmp_path / "second", servers=(home.near, home.far)) as again:
                begun = again.loop.time()
                await shown(again, anna="busy", bo="busy", cleo="busy")  # as known: no free word
                assert again.loop.time() - begun < 300
                assert all(word == "busy" for _, _, word, _ in again.board.received)

    hurried(story)
