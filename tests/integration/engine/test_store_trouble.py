"""A store in trouble for a while: the engine waits for it, and nothing is lost or told wrongly."""

from __future__ import annotations

import asyncio

import pytest

from kalends import observe
from kalends.bus.commands import Answer, ReadNow, SetManual
from kalends.engine.standstill import LONGEST
from kalends.errors import StoreFailed
from kalends.model.booking import Booking
from tests.integration.engine.test_commands import WHO, story
from tests.simulation.scenario import Installation
from tests.simulation.scripted import Faults
from tests.simulation.virtual import BEGIN
from tests.simulation.world import HOUR, MINUTE


def fail(place: str) -> bool:
    raise StoreFailed(f"the disk is full ({place})")


def refuse_writing(place: str) -> bool:
    reads = ("calendars", "person", "people", "documents", "organizations", "facts", "load")
    return False if place.startswith(reads) else fail(place)


def refuse_marking(place: str) -> bool:
    return fail(place) if place.startswith("mark_calendars") else False


def works(home: Installation) -> bool:
    """Tell whether the engine has not ended."""
    return home._running is not None and not home._running.done()


@pytest.fixture(autouse=True)
def silence() -> None:
    observe.configure("critical")  # each second of trouble is told, with its place


@pytest.mark.parametrize("trouble", [fail, refuse_writing, refuse_marking])
def test_the_engine_goes_on_where_the_store_is_back(trouble: object) -> None:
    async def tell(home: Installation) -> None:
        home.world.calendars["p0000"].put(Booking("u", BEGIN, BEGIN + 2 * HOUR, subject="x"))
        await asyncio.sleep(2 * MINUTE)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        home.server.faults = Faults(down=True)  # calendars become stale meanwhile
        home.dies = trouble  # type: ignore[assignment]  # it fails instead of dying
        answer: Answer = await home.handle(SetManual(**WHO, person="p0001", activity="lunch"))
        assert answer.ok is (trouble is refuse_marking)  # what is not stored is not acknowledged
        await asyncio.sleep(5 * MINUTE)
        assert works(home)
        home.dies = lambda place: False
        home.server.faults = Faults()
        home.world.calendars["p0002"].put(Booking("v", BEGIN, BEGIN + 3 * HOUR, subject="y"))
        await asyncio.sleep(10 * MINUTE)
        assert works(home)
        assert home.boards["lamp"].shown == {
            "p0000": "busy", "p0001": "away" if answer.ok else "available", "p0002": "busy",
        }  # fmt: skip

    story(tell)


@pytest.mark.parametrize(("trouble", "seconds"), [(fail, 3.0), (refuse_writing, LONGEST)])
def test_what_an_outage_of_the_store_broke_off_is_read_once_it_is_back(
    trouble: object, seconds: float
) -> None:
    """Nobody waits for the next poll, half an hour away."""

    async def tell(home: Installation) -> None:
        await asyncio.sleep(10)
        home.server.read_of.clear()
        home.dies = trouble  # type: ignore[assignment]  # it fails instead of dying
        home.world.calendars["p0000"].put(Booking("u", BEGIN, BEGIN + 2 * HOUR, subject="x"))
        await home.handle(ReadNow(**WHO, person=None, source=None))
        await asyncio.sleep(2 * MINUTE)
        assert home.server.read_of.get("p0000", 0) <= 10  # no server is asked in vain for ever
        home.dies = lambda place: False
        await asyncio.sleep(seconds)
        assert home.boards["lamp"].shown["p0000"] == "busy"

    story(tell, poll_seconds=1800.0)
