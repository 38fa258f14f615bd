"""A source that breaks while it tells of changes breaks nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from kalends.bus.commands import PutDocument
from kalends.calendars.contract import Capabilities, Hint
from kalends.model.booking import Booking
from tests import shelf
from tests.integration.engine.test_commands import WHO, ok, story
from tests.simulation.scenario import Installation
from tests.simulation.virtual import BEGIN


class Broken(shelf.Quiet):
    """Its hints end in a fault of its own."""

    capabilities = Capabilities(hints=True)
    heard = 0

    async def hints(self) -> AsyncIterator[Hint]:
        Broken.heard += 1
        raise ZeroDivisionError
        yield Hint()


def test_a_fault_in_a_sources_hints_leaves_the_others_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tell(home: Installation) -> None:
        body = {"kind": "scripted-office"}
        await ok(home, PutDocument(**WHO, kind="source", id="office", body=body))
        await asyncio.sleep(60)
        assert Broken.heard >= 3  # taken up again and again
        home.world.calendars["p0000"].put(Booking("u", BEGIN, BEGIN + 36_000))
        await asyncio.sleep(120)
        assert home.boards["lamp"].shown["p0000"] == "busy"

    monkeypatch.setattr(shelf, "Quiet", Broken)
    with shelf.scripted_office():
        story(tell)
