"""A source with a fault of its own: nobody is freed, and somebody is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kalends.model.booking import Booking
from tests.integration.engine.test_commands import story
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.scripted import Server

HOUR = 3600


def test_a_calendar_over_which_a_source_stumbles_is_marked_stale_until_it_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = Server.read

    async def stumbles(*arguments: Any) -> Any:
        if arguments[1].person == "p0000":
            raise ValueError("canary: what no parser foresaw")
        return await answer(*arguments)

    async def tell(home: Installation) -> None:
        assert home.plain is not None
        home.world.calendars["p0000"].put(Booking("u", home.now(), home.now() + 9 * HOUR))
        await asyncio.sleep(65)
        monkeypatch.setattr(Server, "read", stumbles)
        await asyncio.sleep(300)
        [row] = await home.plain.calendars(ORGANIZATION, person="p0000")
        assert row.stale_since is not None
        assert (row.health, row.failures > 1) == ("fault", True)
        assert "canary" not in row.message + row.remedy
        assert home.boards["lamp"].shown["p0000"] == "busy"
        others = await home.plain.calendars(ORGANIZATION, person="p0001")
        assert [one.health for one in others] == ["ok"]
        monkeypatch.setattr(Server, "read", answer)
        await asyncio.sleep(900)
        [row] = await home.plain.calendars(ORGANIZATION, person="p0000")
        assert (row.health, row.stale_since) == ("ok", None)

    story(tell)
