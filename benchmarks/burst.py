"""The morning burst: 100,000 of 1,000,000 people change in the same second (SQLite).

The real store and engine, one sink in the process that notes when it was handed each state. The
wall clock is the machine's, moved so that the boundary lies a few seconds ahead of the start.
Run alone with ``python -m benchmarks.burst [PEOPLE] [DUE]``; a million takes minutes to fill.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog

from benchmarks.figure import Figure
from kalends import observe
from kalends.bus.commands import Apply
from kalends.bus.memory import MemoryHub
from kalends.endpoints.kind import Kind, Services, kinds
from kalends.engine.engine import Engine
from kalends.engine.pacing import calm_collector
from kalends.model.person import PersonRecord
from kalends.model.presence import Next, Presence, Segment, Timeline
from kalends.model.profile import Profile, pack_profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience, Availability, Document
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Outcome, Publication
from kalends.store import open_store
from kalends.store.contract import Store, shard_of
from kalends.store.sealing import Seals
from kalends.store.sqlite import connect, run_call
from kalends.store.statements import Statement, upsert
from kalends.store.tables import organization, person, plan, state
from kalends.store.vault import Vault

BOUNDARY = 1_790_000_000
HOUR = 3600
ACME = "acme"
REVISIONS = 1_000_003
"""A prime: as many revisions were given before."""
AHEAD = 60.0
"""Seconds between start and boundary."""


class NotingSink:
    """Notes when it was handed each state."""

    delivery = Delivery.LATEST
    audience = Audience.ORGANIZATION
    concurrency = 8
    batch = 500

    def __init__(self) -> None:
        self.at: list[float] = []
        self.now = time.time
        self.expected = 0
        self.busy_from = 0.0
        self.busy_to = 0.0
        self.complete = asyncio.Event()

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Short, as a lamp's."""
        del profile
        return f"{view.availability.value} {view.activity} {view.until}".encode()

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Take them."""
        now = self.now()
        self.busy_from = self.busy_from or time.process_time()
        self.busy_to = time.process_time()
        self.at += [now] * len(publications)
        if len(self.at) >= self.expected:
            self.complete.set()
        return [Delivered()] * len(publications)

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Nothing to take back."""

    async def close(self) -> None:
        """Nothing held."""


class NoOptions(Document):
    """No keys."""


def _timeline(first: int) -> Timeline:
    return Timeline(
        tuple(
            Segment(
                first + 2 * index * HOUR, first + (2 * index + 1) * HOUR, Availability.BUSY,
                "meeting", "work", booking=f"dav/default/{index}@example.com",
                rule="show-as:busy", ends_booking=True,
            )
            for index in range(20)
        )
    )  # fmt: skip


def _rows(
    seals: Seals, anybody: Profile, first: int, last: int, apart: int
) -> Iterator[tuple[dict[str, Any], ...]]:
    """Who changed last is nobody's neighbour: revisions lie across the order of the people."""
    for number in range(first, last):
        who = f"p{number:07}"
        one = {"organization": ACME, "person": who}
        begin = BOUNDARY if number % apart == 0 else BOUNDARY + HOUR + number % 36_000
        presence = Presence(
            since=BOUNDARY - HOUR, until=begin,
            next=Next(begin, begin + HOUR, "meeting", Availability.BUSY),
        )  # fmt: skip
        record = json.dumps({"id": who, "name": "Anna Berg", "emails": [f"{who}@acme.example"]})
        profile = msgspec.structs.replace(anybody, person=who, email=f"{who}@acme.example")
        yield (
            {**one, "managed_by": "api", "version": 1, "record": record.encode()},
            {
                **one, "shard": shard_of(ACME, who), "lane": 0, "queued_at": None,
                "next_change_at": begin, "input_version": 1, "dirty": False,
                "revision": number * 7_919 % REVISIONS + 1,
                "evaluated_at": BOUNDARY - HOUR, "manual": None, "hold": None,
                "presence": seals.presence(ACME, who, presence),
            },
            {
                **one, "first_end": begin + HOUR, "profile": pack_profile(profile),
                "timeline": seals.timeline(ACME, who, _timeline(begin)),
            },
        )  # fmt: skip


def _fill(path: Path, vault: Vault, anybody: Profile, people: int, due: int) -> None:
    """Write people beneath the store: through it, a million would take half an hour."""
    seals = Seals(vault)
    inserts = [Statement(upsert(table)) for table in (person, state, plan)]
    connection = connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for first in range(0, people, 20_000):
        rows = _rows(seals, anybody, first, min(people, first + 20_000), people // due)
        with connection:
            for insert, values in zip(inserts, zip(*rows, strict=True), strict=True):
                run_call(connection, insert.each(values))
        run_call(connection, Statement(upsert(organization, "revision")).each(
            [{"organization": ACME, "revision": REVISIONS}]
        ))  # fmt: skip
    connection.close()


def _register(sink: NotingSink) -> None:
    kinds()["noting"] = Kind(
        "noting", "For the benchmark.", NoOptions, lambda services, place, options: sink,
        lambda place, options: (place.id,), sink=lambda endpoint, place, options: endpoint,
    )  # fmt: skip


def _engine(store: Store, runtime: Runtime) -> Engine:
    bus = MemoryHub().bus()
    return Engine(store, bus, runtime, Services(runtime, cast("Any", None), bus))


async def _prepare(store: Store, engine: Engine) -> Profile:
    """Store the organization; return the profile it gives to people."""
    body = {"id": ACME, "name": "Acme AB", "sinks": [{"id": "lamp", "kind": "noting"}]}
    answer = await engine.handle(Apply(organization="*", actor="bench", organizations=[body]))
    assert answer.ok, answer.message
    tenant = engine.core.tenants.get(ACME)
    assert tenant is not None
    await engine.stop()
    await store.save_sink(ACME, "lamp", cursor=REVISIONS)
    return tenant.profile(PersonRecord(id="anybody", name="Anna Berg", emails=["a@acme.example"]))


async def measure(people: int, due: int) -> tuple[list[float], float]:
    """Return how late (seconds after the boundary) each state was handed to the sink, sorted,
    and the processor seconds spent between the first and the last."""
    observe.configure("error")
    sink = NotingSink()
    _register(sink)
    with tempfile.TemporaryDirectory(prefix="kalends-bench") as name:
        database, vault = f"sqlite:///{name}/kalends.db", Vault({1: os.urandom(32)})
        store = await open_store(database, vault, Runtime())
        anybody = await _prepare(store, _engine(store, Runtime()))
        await store.close()
        _fill(Path(name) / "kalends.db", vault, anybody, people, due)
        offset = BOUNDARY - AHEAD - time.time()
        runtime = Runtime(now=lambda: time.time() + offset)
        sink.now = runtime.now
        store = await open_store(database, vault, runtime)
        engine = _engine(store, runtime)
        await engine.start()
        calm_collector()
        running = asyncio.create_task(engine.run())
        sink.expected = due
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(sink.complete.wait(), AHEAD + 120)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.stop()
        await store.close()
    structlog.reset_defaults()
    return sorted(at - BOUNDARY for at in sink.at), sink.busy_to - sink.busy_from


def figures(people: int = 1_000_000, due: int = 100_000) -> list[Figure]:
    """Measure on this machine."""
    late, busy = asyncio.run(measure(people, due))
    assert len(late) == due, f"only {len(late)} of {due} arrived"
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    name = f"{due:,} of {people:,} due in one second: boundary to sink"
    return [
        Figure(f"{name}, p50", round(p50, 2), "s", 2.0, p50 <= 2),
        Figure(f"{name}, p99", round(p99, 2), "s", 2.0, p99 <= 2),
        Figure(f"{name}, processor time of it", round(busy, 2), "s", 2.0, busy <= 2),
        Figure(f"{name}, earliest", round(late[0], 3), "s", 0.0, late[0] >= 0),
    ]


if __name__ == "__main__":
    for figure in figures(*(int(word) for word in sys.argv[1:])):
        print(figure)
