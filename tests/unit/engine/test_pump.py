"""A pump and its sink: what is handed over, how soon, and what of it at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from kalends.engine.ahead import Ready
from kalends.engine.engine import block_of
from kalends.engine.pump import Pump
from kalends.engine.tenants import Tenants, tenant
from kalends.model.organization import OrganizationSettings
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Outcome, Publication
from kalends.store.contract import Committed, Lane, PersonDocument, Store
from tests.contract.store.world import HOUR, MEETING, NOW, hire, person, result, settle

PEOPLE = [f"p{number}" for number in range(9)]
SECONDS = 30.0
"""A deadline no sound pump comes near, though well behind its own longest pause."""


class Lamp:
    """Takes everything; notes what, and how many calls ran at the same time."""

    delivery = Delivery.LATEST
    audience = Audience.ORGANIZATION

    def __init__(self, concurrency: int, batch: int) -> None:
        self.concurrency, self.batch = concurrency, batch
        self.told: list[str] = []
        self.withdrawn: list[str] = []
        self.running = self.most = 0

    def render(self, view: View, profile: Profile) -> bytes | None:
        return view.availability.value.encode()

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        self.told += [one.person for one in publications]
        await self._work()
        return [Delivered()] * len(publications)

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        await self._work()
        self.withdrawn += [one.person for one in publications]

    async def _work(self) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1

    async def close(self) -> None:
        """Nothing held."""


@pytest.fixture
async def store(empty: Store) -> Store:
    await hire(empty, *PEOPLE)
    await empty.save_sink("acme", "lamp", cursor=0)
    return empty


@asynccontextmanager
async def pumping(store: Store, lamp: Lamp) -> AsyncIterator[Pump]:
    tenants = Tenants()
    tenants.known["acme"] = tenant(OrganizationSettings(id="acme", name="Acme"))
    pump = Pump(store, Runtime(now=lambda: float(NOW)), tenants, "acme", "lamp", lamp)
    running = asyncio.create_task(pump.run())
    try:
        yield pump
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_idle(pump: Pump) -> None:
    async with asyncio.timeout(SECONDS):
        while pump.waiting or not pump.figures.published:
            await asyncio.sleep(0)


async def test_who_waits_goes_as_soon_as_a_call_is_free(store: Store) -> None:
    await settle(store)
    lamp = Lamp(concurrency=2, batch=1)
    async with pumping(store, lamp) as pump:
        await until_idle(pump)
        assert sorted(lamp.told) == PEOPLE
        assert lamp.most == 2


async def test_many_who_left_are_taken_back_side_by_side_and_are_told_of_no_more(
    store: Store,
) -> None:
    await settle(store)
    lamp = Lamp(concurrency=3, batch=1)
    async with pumping(store, lamp) as pump:
        await until_idle(pump)
        lamp.most = 0
        await store.save_people([leaver(id) for id in PEOPLE], now=NOW)
        await settle(store)
        pump.wake()
        async with asyncio.timeout(SECONDS):
            while len(lamp.withdrawn) < len(PEOPLE) or pump.waiting:
                await asyncio.sleep(0)
        assert sorted(lamp.withdrawn) == PEOPLE
        assert lamp.most == 3
        assert pump.cursor == await store.revision("acme")


async def test_a_block_with_refused_people_is_taken_as_it_was_committed(store: Store) -> None:
    await settle(store, next_change_at=NOW + HOUR)
    lamp = Lamp(concurrency=1, batch=100)
    async with pumping(store, lamp) as pump:
        await until_idle(pump)
        lamp.told.clear()
        ready, committed = await commit_ahead(store, late="p4")
        assert committed.refused == (("acme", "p4"),)
        block = block_of("acme", committed, ready)
        assert block is not None
        pump.offer(block)
        async with asyncio.timeout(SECONDS):
            while len(lamp.told) < len(PEOPLE) - 1 or pump.waiting:
                await asyncio.sleep(0)
        assert sorted(lamp.told) == [id for id in PEOPLE if id != "p4"]
        assert pump.cursor == block.last  # the next block follows on it
        stored = {one.person: one.revision for one in await store.changed_since("acme", 9)}
        assert stored == {ready.evaluated.person: number for number, ready in block.states}


async def commit_ahead(store: Store, late: str) -> tuple[list[Ready], Committed]:
    """Commit what was made ready for everybody, one of whom has changed meanwhile."""
    page = await store.load_ahead(at=NOW + HOUR, after=None, limit=100)
    await store.touch("acme", [late], lane=Lane.HAND, now=NOW)
    ready = [Ready(result(one, MEETING, evaluated_at=NOW + HOUR), one.profile, {}) for one in page]
    batch = store.seal_ahead([it.evaluated for it in ready])
    return ready, await store.commit_batch(batch, now=NOW + HOUR)


def leaver(id: str) -> PersonDocument:
    document = person(id)
    gone = Profile(id, id.title(), "sv", "Europe/Stockholm", left=True)
    return PersonDocument(document.organization, id, document.record, gone, document.managed_by)


class Slow(Lamp):
    """Takes calls and is done with them when it is told to."""

    def __init__(self) -> None:
        super().__init__(concurrency=1, batch=100)
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def _work(self) -> None:
        self.asked.set()
        await self.let_go.wait()


async def test_what_is_on_its_way_when_the_pump_stops_arrives_and_counts(store: Store) -> None:
    await settle(store)
    lamp = Slow()
    async with pumping(store, lamp) as pump:
        await asyncio.wait_for(lamp.asked.wait(), SECONDS)
    stopping = asyncio.create_task(pump.stop(SECONDS))
    lamp.let_go.set()
    await stopping
    assert pump.figures.published == len(PEOPLE)
    assert await store.sink_cursor("acme", "lamp") == await store.revision("acme")


async def test_what_does_not_arrive_in_time_is_told_again_and_is_no_fault(store: Store) -> None:
    await settle(store)
    lamp = Slow()
    async with pumping(store, lamp) as pump:
        await asyncio.wait_for(lamp.asked.wait(), SECONDS)
    await pump.stop(0.0)
    assert pump.figures.published == 0
    assert pump.figures.code == ""
    assert await store.sink_cursor("acme", "lamp") == 0
    again = Lamp(concurrency=1, batch=100)
    async with pumping(store, again) as pump:
        await until_idle(pump)
    assert sorted(again.told) == PEOPLE


async def test_no_call_is_at_work_any_more_once_the_pump_has_stopped(store: Store) -> None:
    await settle(store)
    lamp = Reluctant()
    async with pumping(store, lamp) as pump:
        await asyncio.wait_for(lamp.asked.wait(), SECONDS)
    await pump.stop(0.0)
    assert lamp.let_go_of_its_connection


class Reluctant(Slow):
    """Answers nobody, and takes a moment to let go when it is told to."""

    let_go_of_its_connection = False

    async def _work(self) -> None:
        try:
            await super()._work()
        finally:
            await asyncio.sleep(0)
            self.let_go_of_its_connection = True
