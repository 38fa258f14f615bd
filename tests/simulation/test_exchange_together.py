"""Busy times alone, with the real engine and its polls as they fall: what they cost a server."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.test_exchange_outages import ExchangeHome, settled, told
from tests.simulation.world import HOUR, MINUTE

PEOPLE = 60


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KALENDS_TEST_EXCHANGE", "secret")


def test_polls_are_asked_together_and_a_change_shows_within_an_interval_and_a_third() -> None:
    async def story(home: ExchangeHome) -> None:
        await home.start()
        await home.apply()
        await settled(home, 10 * MINUTE)
        await asyncio.sleep(3 * MINUTE)
        home.transport.tries.clear()
        await asyncio.sleep(5 * MINUTE)
        assert len(home.transport.tries) <= 5 * 10  # one by one they were 5 × 60
        begin = int(home.loop.time())
        people = home.world.people[:20]
        for person in people:
            home.meeting(person, begin - 60, begin + HOUR)
        await asyncio.sleep(1.4 * MINUTE)
        assert {home.boards["lamp"].shown[one] for one in people} == {"busy"}

    told(story, PEOPLE, access="freebusy")
