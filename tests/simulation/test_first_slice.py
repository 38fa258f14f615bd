"""The way from a booking to a sink, end to end, on virtual time without faults."""

from __future__ import annotations

import asyncio

from kalends.model.booking import Booking
from tests.simulation.scenario import Installation
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
