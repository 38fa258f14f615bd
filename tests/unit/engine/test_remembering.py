"""What a sink remembers of a person is given back to it, after failures and starts too.

An ETag that is lost leaves a publication behind at the server that nobody can change any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kalends.sinks.contract import Delivered, Failed, Outcome, Publication
from kalends.store.contract import Store
from tests.contract.store.world import AVAILABLE, HOUR, MEETING, NOW
from tests.unit.engine.test_pump_order import SECONDS, Feed, Times, changed, pumping, store, told

__all__ = ["store"]


class Server(Feed):
    """Answers each publication with an ETag; it wants the last one back."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[bytes | None] = []
        self.tags = 0

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        self.given += [one.memory for one in publications]
        if self.failing:
            return [Failed("busy", "Later.", memory=one.memory) for one in publications]
        self.told += [(one.person, one.revision) for one in publications]
        return [self._taken() for _ in publications]

    def _taken(self) -> Delivered:
        self.tags += 1
        return Delivered(b"etag-%d" % self.tags)

    async def tried(self, times: int) -> None:
        """Wait until it was asked so often."""
        async with asyncio.timeout(SECONDS):
            while len(self.given) < times:
                await asyncio.sleep(0)


async def test_after_each_publication_and_a_start_the_latest_is_given_back(store: Store) -> None:
    await store.save_sink("acme", "feed", cursor=await store.revision("acme"))
    server, times = Server(), Times()
    async with pumping(store, server, times) as pump:
        for at, presence in enumerate((MEETING, AVAILABLE), start=1):
            revision = await changed(store, "anna", presence, NOW + at)
            pump.wake()
            await told(server, "anna", revision)
        await pump.stop(0.0)
    async with pumping(store, server, times) as pump:
        revision = await changed(store, "anna", MEETING, NOW + 3)
        pump.wake()
        await told(server, "anna", revision)
    assert server.given == [None, b"etag-1", b"etag-2"]


async def test_after_a_failure_and_a_start_it_is_given_back(store: Store) -> None:
    await store.save_sink("acme", "feed", cursor=await store.revision("acme"))
    server, times = Server(), Times()
    async with pumping(store, server, times) as pump:
        first = await changed(store, "anna", MEETING, NOW + 1)
        pump.wake()
        await told(server, "anna", first)
        server.failing = True
        last = await changed(store, "anna", AVAILABLE, NOW + 2)
        pump.wake()
        await server.tried(2)
        await pump.stop(0.0)
    server.failing, times.passed = False, float(HOUR)
    async with pumping(store, server, times):
        await told(server, "anna", last)
    assert server.given == [None, b"etag-1", b"etag-1"]
