"""What happens while something else is under way: nothing is lost, nobody comes back.

Two things are begun one after the other, some turns of the event loop apart, at every distance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from kalends.bus.commands import (
    Answer,
    Apply,
    DeletePerson,
    PatchPreferences,
    PutPerson,
    SetLine,
    SetManual,
    UploadCalendar,
)
from kalends.calendars.contract import CalendarRef, Reading, Unchanged
from kalends.engine import commands
from kalends.engine.core import Core
from kalends.errors import NotBegun
from kalends.model.booking import Booking
from kalends.model.person import PersonRecord
from tests.integration.engine.test_commands import WHO, ok, story
from tests.integration.engine.test_uploads import SOURCES, event, file
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.scripted import Faults, ScriptedSource, Server
from tests.simulation.virtual import BEGIN
from tests.simulation.world import TrueCalendar

HOUR = 3600
MINE = [{"id": "cal", "kind": "scripted-calendar", "poll_seconds": 60.0}]


async def apart(
    turns: int, first: Coroutine[Any, Any, Answer], second: Coroutine[Any, Any, Answer]
) -> tuple[Answer, Answer]:
    """Begin two commands some turns of the loop apart; return what both came to."""
    begun = asyncio.create_task(first)
    for _ in range(turns):
        await asyncio.sleep(0)
    other = await second
    return await begun, other


def distances() -> Iterator[int]:
    yield from range(20)


async def record(home: Installation, person: str) -> PersonRecord:
    assert home.plain is not None
    stored = await home.plain.person(ORGANIZATION, person)
    assert stored is not None
    return PersonRecord.model_validate_json(stored.record)


def test_who_opted_out_in_an_outage_and_opts_in_again_is_read_for_ever() -> None:
    async def tell(home: Installation) -> None:
        home.weather(Faults(down=True))
        await asyncio.sleep(200)
        await ok(home, PatchPreferences(**WHO, person="p0000", changes={"calendar": False}))
        home.weather(Faults())
        await asyncio.sleep(300)
        await ok(home, PatchPreferences(**WHO, person="p0000", changes={"calendar": None}))
        await asyncio.sleep(120)
        home.server.read_of.clear()
        home.world.calendars["p0000"].put(Booking("u", home.now(), home.now() + HOUR))
        await asyncio.sleep(660)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        assert 8 <= home.server.read_of["p0000"] <= 13  # once a minute, not twice

    story(tell)


def test_who_is_deleted_while_he_is_read_and_made_again_is_read_for_ever() -> None:
    async def tell(home: Installation) -> None:
        home.world.calendars["new"] = TrueCalendar()
        home.weather(Faults(slowest=2.0))
        made = PutPerson(**WHO, record={"id": "new", "name": "New", "emails": ["n@acme.example"]})
        for turn in range(6):
            await ok(home, made)
            await asyncio.sleep(0.4 * turn)
            await ok(home, DeletePerson(**WHO, person="new"))
            await asyncio.sleep(0.3 * turn)
        await ok(home, made)
        await asyncio.sleep(120)
        home.server.read_of.clear()
        await asyncio.sleep(660)
        assert 8 <= home.server.read_of["new"] <= 13

    story(tell)


def test_a_calendar_that_moves_is_read_at_once_and_polled_as_before() -> None:
    async def tell(home: Installation) -> None:
        for number in range(3):
            link = {"source": "cal", "url": f"/elsewhere/{number}/"}
            people = [
                {"id": one, "name": one, **({"calendars": [link]} if one == "p0000" else {})}
                for one in home.world.people
            ]
            home.server.read_of.clear()
            await home.apply(people=people)
            await asyncio.sleep(2)
            assert home.server.read_of["p0000"] >= 1
        home.server.read_of.clear()
        await asyncio.sleep(660)
        assert 8 <= home.server.read_of["p0000"] <= 13

    story(tell)


def test_a_calendar_uploaded_while_another_is_looked_for_is_kept_as_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def two(source: ScriptedSource, ref: CalendarRef) -> tuple[str, ...]:
        del source
        return (f"/{ref.person}/", f"/{ref.person}/too/")

    async def tell(home: Installation) -> None:
        assert home.plain is not None
        monkeypatch.setattr(ScriptedSource, "locate", two)
        await home.apply(sources=[*MINE, *SOURCES])
        for turns in distances():
            who = f"new{turns}"
            home.world.calendars[who] = TrueCalendar()
            made = {"id": who, "name": "New", "emails": [f"{who}@acme.example"]}
            body = file(event("1", "x", BEGIN))
            mine = UploadCalendar(**WHO, person=who, name="mine", body=body)
            made_first = PutPerson(**WHO, record=made)
            _, told = await apart(turns, home.handle(made_first), home.handle(mine))
            await asyncio.sleep(2)
            rows = await home.plain.calendars(ORGANIZATION, person=who)
            found = [("default", f"/{who}/"), ("default-2", f"/{who}/too/")]
            assert [(row.key.name, row.url) for row in rows] == [
                *found, *([("mine", None)] if told.ok else []),
            ]  # fmt: skip

    story(tell)


def test_what_a_source_answers_after_it_was_replaced_counts_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[asyncio.Event] = []
    answer = Server.read

    async def slowly(server: Server, ref: CalendarRef, cursor: bytes | None) -> Reading | Unchanged:
        told = await answer(server, ref, None)
        if held and ref.person == "p0000":
            await held.pop().wait()
        return told

    async def tell(home: Installation) -> None:
        monkeypatch.setattr(Server, "read", slowly)
        calendar = home.world.calendars["p0000"]
        calendar.put(Booking("old", home.now(), home.now() + HOUR))
        held.append(late := asyncio.Event())
        await asyncio.sleep(65)
        assert not held
        calendar.remove("old")
        await home.apply(sources=[{**MINE[0], "poll_seconds": 600.0}])
        await asyncio.sleep(100)
        late.set()
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown["p0000"] == "available"

    story(tell)


def test_what_somebody_chose_while_a_file_was_applied_stays() -> None:
    async def tell(home: Installation) -> None:
        for turns in distances():
            for wish, name in ((True, f"n{turns}"), (False, f"m{turns}")):
                change = PatchPreferences(**WHO, person="p0000", changes={"auto_return": wish})
                people = [{"id": one, "name": name} for one in home.world.people]
                body = {**home.configuration(), "people": people}
                file = Apply(organization="*", actor="test", organizations=[body])
                told = await apart(turns, home.handle(file), home.handle(change))
                assert all(answer.ok for answer in told)
                stored = await record(home, "p0000")
                assert (stored.name, stored.preferences.auto_return) == (name, wish)

    story(tell)


def test_nobody_comes_back_into_an_organization_that_is_deleted() -> None:
    async def tell(home: Installation) -> None:
        gone = Apply(organization="*", actor="test", organizations=[], force=True)
        assert home.plain is not None
        for turns in distances():
            await home.apply()
            made = PutPerson(**WHO, record={"id": "new", "name": "New"})
            await apart(turns, home.handle(made), home.handle(gone))
            assert await home.plain.people(ORGANIZATION) == []
            assert await home.plain.organizations() == []

    story(tell)


def test_the_sinks_of_an_organization_made_again_are_told_of_everybody() -> None:
    async def tell(home: Installation) -> None:
        for _ in range(30):  # that its revisions are far
            await ok(home, SetManual(**WHO, person="p0000", activity="lunch"))
            await ok(home, SetManual(**WHO, person="p0000", activity="dnd"))
        await home.handle(Apply(organization="*", actor="test", organizations=[], force=True))
        assert home.plain is not None
        assert await home.plain.sink_cursor(ORGANIZATION, "lamp") is None
        home.boards["lamp"].shown.clear()
        home.boards["lamp"].revision.clear()
        await asyncio.sleep(100)
        await home.apply()
        await asyncio.sleep(10)
        assert home.boards["lamp"].shown == dict.fromkeys(home.world.people, "available")

    story(tell)


def test_a_sink_made_again_under_the_same_id_is_told_of_everybody() -> None:
    async def tell(home: Installation) -> None:
        whole = home.configuration()["sinks"]
        await home.apply(sinks=[{"id": "lamp", "kind": "webhook", "url": "http://no.example/"}])
        assert home.plain is not None
        await home.apply(sinks=[])
        assert await home.plain.sink_cursor(ORGANIZATION, "lamp") is None
        home.boards["lamp"].shown.clear()
        await home.apply(sinks=whole)
        await asyncio.sleep(10)
        assert home.boards["lamp"].shown == dict.fromkeys(home.world.people, "available")

    story(tell)


def test_a_phone_of_a_deleted_organization_says_nothing_in_the_next() -> None:
    async def tell(home: Installation) -> None:
        await home.apply(line_wins=["available"])
        await ok(home, SetLine(**WHO, person="p0000", state="in-call"))
        await home.handle(Apply(organization="*", actor="test", organizations=[], force=True))
        await home.apply(line_wins=["available"])
        await asyncio.sleep(10)
        assert home.boards["lamp"].shown["p0000"] == "available"

    story(tell)


def test_who_waits_for_a_calendar_that_is_refused_is_served_at_once() -> None:
    async def tell(home: Installation) -> None:
        home.world.calendars["new"] = TrueCalendar()
        home.server.denied = {"new"}
        await ok(home, PutPerson(**WHO, record={"id": "new", "name": "N", "emails": ["n@a.se"]}))
        await asyncio.sleep(2)  # and not with the next tick, which is a minute here
        assert home.boards["lamp"].shown["new"] == "available"

    story(tell)


def test_who_comes_back_while_those_who_left_are_forgotten_stays() -> None:
    async def tell(home: Installation) -> None:
        assert home.engine is not None
        assert home.plain is not None
        retention = home.engine._retention
        here = PutPerson(**WHO, record={"id": "new", "name": "New", "calendars": "none"})
        tenant = home.engine.core.tenants.known[ORGANIZATION]
        long_ago = home.now() - 31 * 24 * HOUR
        gone = PersonRecord(**here.record, managed_by="api", left=True, left_at=long_ago)
        for turns in range(8):
            await home.engine.core.save_people(tenant, [gone])
            retention._leavers_at = 0.0
            forgetting = asyncio.create_task(retention._forget_leavers())
            for _ in range(turns):
                await asyncio.sleep(0)
            await ok(home, here)
            await forgetting
            assert (await record(home, "new")).left is False

    story(tell)


def core_of(home: Installation) -> Core:
    assert home.engine is not None
    return home.engine.core


def test_what_its_asker_gave_up_while_others_wrote_is_not_written() -> None:
    async def tell(home: Installation) -> None:
        core, late = core_of(home), asyncio.Event()

        async def begin() -> None:
            if late.is_set():
                raise NotBegun("given up")

        async with core.locks[ORGANIZATION]:
            command = PatchPreferences(**WHO, person="p0000", changes={"calendar": False})
            asked = asyncio.create_task(commands.handle(core, command, begin))
            await asyncio.sleep(1)
            assert not asked.done()
            late.set()
        with pytest.raises(NotBegun):
            await asked
        assert (await record(home, "p0000")).preferences.calendar is None
        await ok(home, command)
        assert (await record(home, "p0000")).preferences.calendar is False

    story(tell)


def test_a_whole_file_whose_asker_gave_up_is_not_followed() -> None:
    async def tell(home: Installation) -> None:
        async def begin() -> None:
            raise NotBegun("given up")

        command = Apply(organization="*", actor="cli", organizations=[], force=True)
        with pytest.raises(NotBegun):
            await commands.handle(core_of(home), command, begin)
        assert (await record(home, "p0000")).id == "p0000"

    story(tell)
