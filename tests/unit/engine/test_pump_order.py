"""A feed hears of a person in order, wherever the engine was killed and however long it waited.

Each of these was found by the storms of ``tests/simulation``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest

from kalends.engine.pump import Pump
from kalends.engine.tenants import Tenants, tenant
from kalends.model.organization import OrganizationSettings
from kalends.model.presence import Presence
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Failed, Outcome, Publication
from kalends.store.contract import Lane, SinkRow, Store, StoredPresence, Transition
from tests.contract.store.world import AVAILABLE, HOUR, MEETING, NOW, hire, result, settle

SECONDS = 5.0
"""A deadline no sound pump comes near."""


class Feed:
    """Takes every state, but those of people who hang; notes whose and which."""

    delivery = Delivery.EVERY
    audience = Audience.ORGANIZATION
    concurrency, batch = 4, 1

    def __init__(self, *hanging: str) -> None:
        self.hanging = hanging
        self.failing = False
        self.told: list[tuple[str, int]] = []

    def render(self, view: View, profile: Profile) -> bytes | None:
        return view.availability.value.encode()

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        if self.failing:
            return [Failed("busy", "Later.")] * len(publications)
        for one in publications:
            if one.person in self.hanging:
                await asyncio.Event().wait()
            self.told.append((one.person, one.revision))
        return [Delivered()] * len(publications)

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Nobody leaves here."""

    async def close(self) -> None:
        """Nothing held."""


class Times:
    """Both clocks, to be set."""

    def __init__(self) -> None:
        self.passed = 0.0

    def runtime(self) -> Runtime:
        return Runtime(now=lambda: NOW + self.passed, monotonic=lambda: 1000.0 + self.passed)


@pytest.fixture
async def store(empty: Store) -> Store:
    await hire(empty, "anna", "bo")
    await settle(empty, log=True)
    return empty


async def changed(store: Store, person: str, presence: Presence, at: int) -> int:
    """Let a person's presence change; returns its revision."""
    due = await store.facts("acme", person)
    assert due is not None
    await store.commit_batch([result(due, presence, evaluated_at=at, log=True)], now=at)
    return await store.revision("acme")


@asynccontextmanager
async def pumping(store: Store, feed: Feed, times: Times) -> AsyncIterator[Pump]:
    tenants = Tenants()
    tenants.known["acme"] = tenant(OrganizationSettings(id="acme", name="Acme"))
    pump = Pump(store, times.runtime(), tenants, "acme", "feed", feed)
    running = asyncio.create_task(pump.run())
    try:
        yield pump
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def told(feed: Feed, person: str, revision: int) -> list[int]:
    """Wait until a person's revision was told; return which were, in order."""
    async with asyncio.timeout(SECONDS):
        while (person, revision) not in feed.told:
            await asyncio.sleep(0)
    return [number for who, number in feed.told if who == person]


async def test_after_a_start_the_present_of_who_failed_does_not_overtake_the_past(
    store: Store,
) -> None:
    first = await changed(store, "anna", MEETING, NOW + 1)
    await changed(store, "bo", MEETING, NOW + 2)
    last = await changed(store, "anna", AVAILABLE, NOW + 3)
    failed = SinkRow("acme", "feed", "anna", first - 1, None, None, NOW, failures=1)
    await store.save_sink("acme", "feed", cursor=first - 1, rows=[failed])
    times, feed = Times(), Feed()
    times.passed = 10
    async with pumping(store, feed, times):
        assert await told(feed, "anna", last) == [first, last]


async def test_killed_before_a_new_feed_knew_everybody_it_does_not_hear_of_the_past(
    store: Store,
) -> None:
    await changed(store, "bo", MEETING, NOW + 1)
    past = await changed(store, "anna", MEETING, NOW + 2)
    present = await changed(store, "anna", AVAILABLE, NOW + 3)
    times, feed = Times(), Feed("bo")
    async with pumping(store, feed, times) as pump:
        assert await told(feed, "anna", present) == [present]
    await pump.stop(0.0)
    again = Feed()
    async with pumping(store, again, times):
        assert past not in await told(again, "anna", present)


@pytest.mark.parametrize("passed", [10, 2 * HOUR])
async def test_what_was_purged_before_it_was_read_is_replaced_by_the_present(
    store: Store, passed: int
) -> None:
    """However short a time ago it looked: a sink that is down hears little of a long log."""
    times, feed = Times(), Feed()
    await store.save_sink("acme", "feed", cursor=0)
    async with pumping(store, feed, times) as pump:
        await told(feed, "bo", await store.revision("acme"))
        present = await changed(store, "bo", MEETING, NOW + 1)
        times.passed = passed
        await store.purge(now=NOW + 2 * HOUR)
        assert await store.transitions("acme", 0) == []
        pump.wake()
        assert (await told(feed, "bo", present))[-1] == present


async def test_who_failed_for_more_than_an_hour_is_told_the_last_hour(store: Store) -> None:
    times, feed = Times(), Feed()
    feed.failing = True
    await store.save_sink("acme", "feed", cursor=await store.revision("acme"))
    await changed(store, "anna", MEETING, NOW + 1)
    async with pumping(store, feed, times) as pump:
        async with asyncio.timeout(SECONDS):
            while not pump.figures.failed:
                await asyncio.sleep(0)
        times.passed = HOUR + 600
        second = await changed(store, "anna", AVAILABLE, NOW + HOUR)
        third = await changed(store, "anna", MEETING, NOW + HOUR + 10)
        feed.failing = False
        pump.wake()
        assert await told(feed, "anna", third) == [second, third]


async def test_what_is_logged_while_a_feed_starts_is_no_gap(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.save_sink("acme", "feed", cursor=await store.revision("acme"))
    await changed(store, "bo", MEETING, NOW + 1)
    await store.purge(now=NOW + 2 * HOUR)
    changed_since, logged = store.changed_since, list[int]()

    async def while_others_commit(of: str, revision: int, limit: int = 9) -> list[StoredPresence]:
        found = await changed_since(of, revision, limit)
        if not logged:
            logged.append(await changed(store, "anna", MEETING, NOW + 2 * HOUR))
            logged.append(await changed(store, "anna", AVAILABLE, NOW + 2 * HOUR + 1))
        return found

    monkeypatch.setattr(store, "changed_since", while_others_commit)
    times, feed = Times(), Feed()
    times.passed = 2 * HOUR + 2
    async with pumping(store, feed, times) as pump:
        async with asyncio.timeout(SECONDS):
            while len(logged) < 2 or ("anna", logged[1]) not in feed.told:
                pump.wake()  # as the due loop does after each commit
                await asyncio.sleep(0)
    assert [number for who, number in feed.told if who == "anna"] == logged


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._store, name)


async def test_woken_for_nothing_new_a_feed_asks_the_store_once(store: Store) -> None:
    await store.save_sink("acme", "feed", cursor=0)
    counting, feed = Counting(store), Feed()
    async with pumping(cast("Store", counting), feed, Times()) as pump:
        last = await changed(store, "anna", MEETING, NOW + 1)
        pump.wake()
        await told(feed, "anna", last)
        await idle(pump, last)
        counting.asked.clear()
        pump.wake()
        await idle(pump, last)
        assert counting.asked == {"revision": 1}


async def test_revisions_of_the_refused_are_passed_by_once(store: Store) -> None:
    last = await store.revision("acme")
    await store.save_sink("acme", "feed", cursor=last)
    anna = await store.facts("acme", "anna")
    assert anna is not None
    await store.touch("acme", ["anna"], lane=Lane.HAND, now=NOW)
    refused = await store.commit_batch([result(anna, MEETING, log=True)], now=NOW)
    assert refused.refused
    counting, feed = Counting(store), Feed()
    async with pumping(cast("Store", counting), feed, Times()) as pump:
        await idle(pump, last + 1)
        counting.asked.clear()
        pump.wake()
        await idle(pump, last + 1)
        assert counting.asked == {"revision": 1}


async def idle(pump: Pump, cursor: int) -> None:
    """Wait until a pump has come so far, has nothing in hand and has written that down."""
    async with asyncio.timeout(SECONDS):
        for _ in range(200):
            await asyncio.sleep(0)
        while pump.cursor != cursor or pump.waiting:
            await asyncio.sleep(0)


async def test_after_a_start_all_who_failed_are_taken_up_in_one_walk_along_the_log(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await store.revision("acme")
    states = (("anna", MEETING), ("bo", MEETING), ("anna", AVAILABLE), ("bo", AVAILABLE))
    due = [
        (who, await changed(store, who, what, NOW + number))
        for number, (who, what) in enumerate(states, 1)
    ]
    failed = [SinkRow("acme", "feed", who, begun, None, None, NOW, 1) for who in ("anna", "bo")]
    await store.save_sink("acme", "feed", cursor=due[-1][1], rows=failed)
    reads, transitions = list[int](), store.transitions

    async def counted(of: str, revision: int, limit: int = 9) -> list[Transition]:
        reads.append(revision)
        return await transitions(of, revision, limit)

    monkeypatch.setattr(store, "transitions", counted)
    monkeypatch.setattr("kalends.engine.pump.PAGE", 3)
    times, feed = Times(), Feed()
    times.passed = 10
    async with pumping(store, feed, times):
        assert await told(feed, "anna", due[2][1]) == [due[0][1], due[2][1]]
        assert await told(feed, "bo", due[3][1]) == [due[1][1], due[3][1]]
    assert reads[:2] == [begun, due[2][1]]


async def test_who_is_in_line_already_is_not_looked_up_for_a_retry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await changed(store, "anna", MEETING, NOW + 1)
    failed = SinkRow("acme", "feed", "anna", first - 1, None, None, NOW, failures=1)
    await store.save_sink("acme", "feed", cursor=first, rows=[failed])
    rows, sink_due = list[int](), store.sink_due

    async def counted(of: str, sink: str, now: int, limit: int) -> list[SinkRow]:
        found = await sink_due(of, sink, now, limit)
        rows.append(len(found))
        return found

    async def never(of: str, person: str) -> StoredPresence | None:
        raise AssertionError(f"{person} was looked up")

    monkeypatch.setattr(store, "sink_due", counted)
    monkeypatch.setattr(store, "presence", never)
    times, feed = Times(), Feed("anna")
    times.passed = 10
    async with pumping(store, feed, times) as pump, asyncio.timeout(SECONDS):
        while len(rows) < 4:  # due until it arrives, which it never does
            times.passed += 2
            pump.wake()
            await asyncio.sleep(0)
    assert rows[-1] == 1
