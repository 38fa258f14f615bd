"""A stop takes a few seconds, however many sinks hang."""

from __future__ import annotations

import asyncio

from kalends.bus.commands import SetManual
from kalends.sinks.contract import Delivery
from tests.integration.engine.test_commands import WHO, ok, story
from tests.simulation.scenario import Installation
from tests.simulation.scripted import Board


def test_sinks_that_hang_delay_a_stop_together_and_not_one_after_the_other() -> None:
    async def tell(home: Installation) -> None:
        for number in range(10):
            home.boards[f"hung-{number}"] = Board(Delivery.LATEST, home.runtime, home.chance)
        await home.apply()
        await asyncio.sleep(10)
        for board in home.boards.values():
            board.hang = True
        home.boards["lamp"].hang = False
        await ok(home, SetManual(**WHO, person="p0000", activity="lunch"))
        await asyncio.sleep(1)
        assert home.engine is not None
        assert home.plain is not None
        assert home._running is not None
        home._running.cancel()
        await asyncio.gather(home._running, return_exceptions=True)
        begun = home.loop.time()
        await home.engine.stop()
        assert home.loop.time() - begun < 8
        revision = await home.plain.revision("acme")
        assert await home.plain.sink_cursor("acme", "lamp") == revision
        assert (await home.plain.sink_cursor("acme", "hung-3") or 0) < revision

    story(tell)
