"""What an older Kalends stored, and today's cannot read, is its owner's trouble alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import structs

from kalends.model.profile import Profile
from kalends.store.contract import Document, PersonDocument, Store
from tests.integration.bad_input.site import (
    HOUR,
    Site,
    configuration,
    everybody_busy,
    told,
)
from tests.unit.wire.icalendar.samples import calendar

NAMELESS = b'{"id":"anna","emails":["anna@acme.example"],"managed_by":"file"}'
"""A record has a name: today's Kalends refuses this one."""


async def spoil(store: Store) -> None:
    document = await store.person("acme", "anna")
    assert document is not None
    await store.save_people([structs.replace(document, record=NAMELESS, version=0)], now=1)


def test_a_record_that_cannot_be_read_ends_nothing_and_a_file_mends_it(tmp_path: Path) -> None:
    async def story(home: Site) -> None:
        await home.apply(configuration(home))
        await everybody_busy(home)
        await spoil(home.store)
        home.engine.core.sync.read_all("acme", None)  # her calendar is read again …
        bos = home.near.dav.tree.calendars["/calendars/bo/daily/"]
        bos.objects.clear()
        bos.put("now.ics", calendar(home.meeting("late", begins=4 * HOUR, ends=5 * HOUR)))

        async def bo_is_free() -> bool:
            return (await home.shows("bo"))[0] == "available"

        await home.until(bo_is_free, "Bo is free")  # … and so is his
        await home.engine.core.look_after("acme")  # as at a start
        assert (await home.shows("anna"))[0] == "busy"  # what is known stays
        await home.apply(configuration(home))
        mended = await home.store.person("acme", "anna")
        assert mended is not None
        assert b'"Anna"' in mended.record

    told(story, tmp_path)


def test_a_document_that_cannot_be_read_leaves_the_others_open(tmp_path: Path) -> None:
    async def story(home: Site) -> None:
        await home.apply(configuration(home))
        await everybody_busy(home)
        for kind in ("source", "sink", "directory"):
            broken: Any = kind
            await home.store.save_documents([Document("acme", broken, "odd", b"[]", "api")])
        await home.engine.core.settings_changed("acme")
        wiring = home.engine.core.wiring
        assert set(wiring.sources) == {("acme", "near"), ("acme", "far")}
        assert set(wiring.sinks) == {("acme", "lamp")}
        for kind in ("source", "sink", "directory"):
            assert ("acme", kind, "odd") in wiring.broken

    told(story, tmp_path)


def leaver(id: str, record: bytes) -> PersonDocument:
    return PersonDocument("acme", id, record, Profile(id, id, "sv", "UTC", left=True), "api")


def test_a_leaver_whose_record_cannot_be_read_keeps_nobody_else_from_being_forgotten(
    tmp_path: Path,
) -> None:
    async def story(home: Site) -> None:
        await home.apply(configuration(home))
        await everybody_busy(home)
        gone = b'{"id":"zoe","name":"Zoe","left":true,"left_at":1}'
        await home.store.save_people([leaver("old", NAMELESS), leaver("zoe", gone)], now=1)
        await home.engine.forget()
        assert await home.store.person("acme", "zoe") is None
        assert await home.store.person("acme", "old") is not None

    told(story, tmp_path)
