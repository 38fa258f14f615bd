"""The way from a booking to a sink, end to end, on virtual time without faults."""

from __future__ import annotations

import asyncio

from kalends.bus.commands import SetManual
from kalends.model.booking import Booking
from tests.simulation.scenario import Installation
from tests.simulation.scripted import Faults
from tests.simulation.virtual import BEGIN, VirtualLoop, run


def test_a_booking_shows_at_the_second_it_begins_and_is_gone_when_it_ends() -> None:
    async def story() -> None:
        home = Installation(1, 3, poll_seconds=60)
        home.world.calendars["p0001"].put(Booking("u1", BEGIN + 3600, BEGIN + 5400, subject="x"))
        await home.start()
        await home.apply()
        await asyncio.sleep(3599.5)
        assert home.wrong() == []
        assert home.boards["lamp"].shown["p0001"] == "available"
        await asyncio.sleep(1.0)
        assert home.boards["lamp"].shown["p0001"] == "busy"
        assert home.boards["feed"].shown["p0001"] == "busy"
        await asyncio.sleep(1800)
        assert home.wrong() == []
        told = [word for person, _, word, _ in home.boards["lamp"].received if person == "p0001"]
        assert told == ["available", "busy", "available"]
        await home.end()

    run(story(), VirtualLoop())


def test_who_is_in_a_meeting_when_kalends_first_starts_is_told_nothing_else_before() -> None:
    async def story() -> None:
        home = Installation(1, 3, poll_seconds=60)
        home.world.calendars["p0001"].put(Booking("u1", BEGIN - 600, BEGIN + 5400, subject="x"))
        await home.start()
        home.weather(Faults(slowest=50.0))
        await home.apply()
        await asyncio.sleep(120)
        assert home.wrong() == []
        for board in home.boards.values():
            told = [word for person, _, word, _ in board.received if person == "p0001"]
            assert set(told) == {"busy"}
        await home.end()

    run(story(), VirtualLoop())


def test_where_no_calendar_can_be_read_nothing_is_told_but_what_is_set_by_hand() -> None:
    async def story() -> None:
        home = Installation(1, 3, poll_seconds=60)
        await home.start()
        home.server.faults = Faults(down=True)  # the boards are well
        await home.apply()
        board = home.boards["lamp"]
        away = SetManual(organization="acme", person="p0002", actor="t", activity="lunch")
        assert (await home.handle(away)).ok
        await asyncio.sleep(3500)
        assert {who for who, *_ in board.received} == {"p0002"}
        await asyncio.sleep(200)  # then everybody is told what nothing says: the hour is over
        assert home.store is not None
        shown = await home.store.presences("acme", "", 10)
        assert all(one.revision and one.stale_since for one in shown)
        await home.end()

    run(story(), VirtualLoop())


def test_a_clock_set_back_while_nobody_looked_is_met_at_the_start() -> None:
    async def story() -> None:
        home = Installation(1, 3, poll_seconds=60)
        home.world.calendars["p0001"].put(Booking("u1", BEGIN + 3600, BEGIN + 5400, subject="x"))
        await home.start()
        await home.apply()
        await asyncio.sleep(5401)
        assert home.boards["lamp"].shown["p0001"] == "available"
        await home.die()
        home.clock.set_by(-1000)
        home.server.faults = Faults(down=True)  # no read brings it to light
        await home.start()
        await asyncio.sleep(10)
        assert home.wrong() == []
        assert home.boards["lamp"].shown["p0001"] == "busy"
        await home.end()

    run(story(), VirtualLoop())
