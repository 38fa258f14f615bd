"""Many people, a database full of their boundaries, sinks that note when they were told.

What ``burst`` and ``punctual`` measure with: the real store and engine in this process, on a wall
clock that is the machine's, moved so that the boundaries lie a little ahead of the start.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog

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
from kalends.store.tables import organization, person, plan, shown, state
from kalends.store.vault import Vault

BOUNDARY = 1_790_000_000
"""The first boundary, wherever the machine's clock stands."""
HOUR = 3600
ACME = "acme"
REVISIONS = 1_000_003
"""A prime: as many revisions were given before."""
PAGE = 20_000

Begin = Callable[[int], int]
"""When the next booking of the person with this number begins."""


class NotingSink:
    """Notes how late it was handed each state."""

    delivery = Delivery.LATEST
    audience = Audience.ORGANIZATION
    concurrency = 8
    batch = 500

    def __init__(self, begin: Begin, now: Callable[[], float]) -> None:
        self.late: list[float] = []
        self._begin = begin
        self._now = now
        self.expected = 0
        self.busy_from = 0.0
        self.busy_to = 0.0
        self.complete = asyncio.Event()
        self.hangs = False

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Short, as a lamp's."""
        del profile
        return f"{view.availability.value} {view.activity} {view.until}".encode()

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Take them, or never answer."""
        if self.hangs:
            await asyncio.Event().wait()
        now = self._now()
        self.busy_from = self.busy_from or time.process_time()
        self.busy_to = time.process_time()
        self.late += [now - self._begin(int(it.person[1:])) for it in publications]
        if len(self.late) >= self.expected:
            self.complete.set()
        return [Delivered()] * len(publications)

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Nothing to take back."""

    async def close(self) -> None:
        """Nothing held."""


BOOKINGS = 20
"""What lies ahead of everybody."""


class _NoOptions(Document):
    """No keys."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is stored, and when each of them changes."""

    people: int
    begin: Begin
    sinks: int = 1

    @property
    def ids(self) -> list[str]:
        """Return the ids of the sinks."""
        return [f"lamp{number}" for number in range(self.sinks)]


# --- the database ------------------------------------------------------------
def timeline(first: int, source: str) -> Timeline:
    """Return a meeting every other hour, read from a source."""
    return Timeline(
        tuple(
            Segment(
                first + 2 * index * HOUR, first + (2 * index + 1) * HOUR, Availability.BUSY,
                "meeting", "work", booking=f"{source}/default/{index}@example.com",
                rule="show-as:busy", ends_booking=True,
            )
            for index in range(BOOKINGS)
        )
    )  # fmt: skip


def _rows(
    seals: Seals, anybody: Profile, first: int, last: int, begin: Begin
) -> Iterator[tuple[dict[str, Any], ...]]:
    """Who changed last is nobody's neighbour: revisions lie across the order of the people."""
    for number in range(first, last):
        who = f"p{number:07}"
        one = {"organization": ACME, "person": who}
        at = begin(number)
        presence = Presence(
            since=BOUNDARY - HOUR, until=at, next=Next(at, at + HOUR, "meeting", Availability.BUSY)
        )
        record = json.dumps({"id": who, "name": "Anna Berg", "emails": [f"{who}@acme.example"]})
        profile = msgspec.structs.replace(anybody, person=who, email=f"{who}@acme.example")
        yield (
            {**one, "managed_by": "api", "version": 1, "record": record.encode()},
            {
                **one, "shard": shard_of(ACME, who), "lane": 0, "queued_at": None,
                "next_change_at": at, "input_version": 1, "dirty": False,
                "revision": number * 7_919 % REVISIONS + 1,
                "evaluated_at": BOUNDARY - HOUR, "manual": None, "hold": None,
            },
            {
                **one, "first_end": at + HOUR, "profile": pack_profile(profile),
                "timeline": seals.timeline(ACME, who, timeline(at, "dav")),
            },
            {
                **one, "revision": number * 7_919 % REVISIONS + 1,
                "presence": seals.presence(ACME, who, presence),
            },
        )  # fmt: skip


def _fill(path: Path, vault: Vault, anybody: Profile, crowd: Crowd) -> None:
    """Write people beneath the store: through it, a million would take half an hour."""
    seals = Seals(vault)
    inserts = [Statement(upsert(table)) for table in (person, state, plan, shown)]
    connection = connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for first in range(0, crowd.people, PAGE):
        rows = _rows(seals, anybody, first, min(crowd.people, first + PAGE), crowd.begin)
        with connection:
            for insert, values in zip(inserts, zip(*rows, strict=True), strict=True):
                run_call(connection, insert.each(values))
        run_call(connection, Statement(upsert(organization, "revision")).each(
            [{"organization": ACME, "revision": REVISIONS}]
        ))  # fmt: skip
    connection.close()


async def _prepare(path: Path, vault: Vault, crowd: Crowd) -> Profile:
    """Store the organization; return the profile it gives to people."""
    _register([NotingSink(crowd.begin, time.time) for _ in crowd.ids])
    store = await open_store(f"sqlite:///{path}", vault, Runtime())
    engine = _engine(store, Runtime())
    sinks = [{"id": id, "kind": "noting"} for id in crowd.ids]
    body = {"id": ACME, "name": "Acme AB", "sinks": sinks}
    answer = await engine.handle(Apply(organization="*", actor="bench", organizations=[body]))
    assert answer.ok, answer.message
    tenant = engine.core.tenants.get(ACME)
    assert tenant is not None
    await engine.stop()
    for id in crowd.ids:
        await store.save_sink(ACME, id, cursor=REVISIONS)
    await store.close()
    return tenant.profile(PersonRecord(id="anybody", name="Anna Berg", emails=["a@acme.example"]))


def build(directory: Path, crowd: Crowd) -> None:
    """Write the database and its key into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    key = os.urandom(32)
    vault = Vault({1: key})
    path = directory / "kalends.db"
    anybody = asyncio.run(_prepare(path, vault, crowd))
    _fill(path, vault, anybody, crowd)
    (directory / "key").write_bytes(b64encode(key))


@contextlib.contextmanager
def stored(crowd: Crowd, directory: Path | None) -> Iterator[Path]:
    """Give a directory with a fresh copy of the crowd's database.

    ``directory``: where the original is kept, or made where it is not there yet. A copy that lies
    beside it already (``copy``) is used up: so a measurement need not wait for the disk.
    """
    with tempfile.TemporaryDirectory(prefix="kalends-bench", dir=directory) as name:
        place = Path(name)
        if directory is None:
            build(place, crowd)
        else:
            if not (directory / "key").exists():
                build(directory, crowd)
            ready = directory / "copy"
            if ready.exists():
                ready.rename(place / "kalends.db")
            else:
                shutil.copy(directory / "kalends.db", place)
            shutil.copy(directory / "key", place)
        os.sync()  # what is still to be written of it is no part of what is measured
        yield place


# --- the engine ------------------------------------------------------------
def _register(sinks: Sequence[NotingSink]) -> None:
    waiting = {f"lamp{number}": sink for number, sink in enumerate(sinks)}
    kinds()["noting"] = Kind(
        "noting", "For the benchmark.", _NoOptions,
        lambda services, place, options: waiting[place.id],
        lambda place, options: (place.id,), sink=lambda endpoint, place, options: endpoint,
    )  # fmt: skip


def _engine(store: Store, runtime: Runtime) -> Engine:
    bus = MemoryHub().bus()
    return Engine(store, bus, runtime, Services(runtime, cast("Any", None), bus))


async def run(
    place: Path, crowd: Crowd, sinks: Sequence[NotingSink], runtime: Runtime, seconds: float
) -> None:
    """Run the engine until every sink that does not hang was told all it expects."""
    observe.configure("error")
    _register(sinks)
    vault = Vault({1: b64decode((place / "key").read_bytes())})
    store = await open_store(f"sqlite:///{place}/kalends.db", vault, runtime)
    engine = _engine(store, runtime)
    await engine.start()
    calm_collector()
    running = asyncio.create_task(engine.run())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for sink in sinks:
                if not sink.hangs:
                    await sink.complete.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    engine.abandon()
    await store.close()
    structlog.reset_defaults()


def clock(ahead: float) -> Runtime:
    """Return a runtime on which ``BOUNDARY`` is so many seconds ahead from now."""
    offset = BOUNDARY - ahead - time.time()
    return Runtime(now=lambda: time.time() + offset)
