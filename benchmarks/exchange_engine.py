"""The engine's process of ``benchmarks.exchange``: the real store, network and kind ``ews``.

Its one sink notes when it was handed each state. ``fill`` writes the people beneath it beforehand,
``serve`` runs the engine and answers over a pipe what the one that measures asks.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from kalends import observe
from kalends.app.watched import TURN_SECONDS
from kalends.bus.commands import Apply
from kalends.bus.memory import MemoryHub
from kalends.calendars.ews import asides
from kalends.calendars.ews.source import EwsSource
from kalends.calendars.notify.pacing import POLLS_PER_SECOND
from kalends.config.server import ServerOptions
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.endpoints.kind import Kind, Services, kinds
from kalends.engine.apply import MANAGED_BY_FILE, stored_form
from kalends.engine.engine import Engine
from kalends.engine.pacing import calm_collector
from kalends.engine.people import assign
from kalends.model.person import PersonRecord
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience, Document
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Outcome, Publication
from kalends.store import open_store
from kalends.store.contract import PersonDocument
from kalends.store.vault import Vault
from kalends.workers import WorkerPool

ACME: Final = "acme"
PERSON: Final = "person"
"""Before the number in a person's id and address."""
PAGE: Final = 500


class NotingSink:
    """Notes when each person's state came last."""

    delivery = Delivery.LATEST
    audience = Audience.ORGANIZATION
    concurrency = 8
    batch = 500

    def __init__(self) -> None:
        self.at = array("d")
        """By the number of the person: lean, for the engine's memory is measured with it."""

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Short, as a lamp's, and different for every booking."""
        del profile
        return f"{view.availability.value} {view.activity} {view.until}".encode()

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Take them."""
        now = time.time()
        for one in publications:
            number = int(one.person.removeprefix(PERSON))
            if number >= len(self.at):
                self.at.extend([0.0] * (number + 1 - len(self.at)))
            self.at[number] = now
        return [Delivered()] * len(publications)

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Nothing to take back."""

    async def close(self) -> None:
        """Nothing held."""


class State(NamedTuple):
    """How far the engine is."""

    reads: int
    stored: int
    """How often something new was read: a mailbox brought in, its work hours, a change."""
    failed: int
    codes: dict[str, int]
    heard: dict[str, int]
    """How many mailboxes are heard by which mode."""
    pages: float
    """Memory of SQLite, in MB."""


class NoOptions(Document):
    """No keys."""


def _organization(url: str, count: int, poll: int) -> dict[str, Any]:
    source = {
        "id": "exchange", "kind": "ews",
        "url": url, "username": "svc@example.test", "password_env": "KALENDS_BENCH_SECRET",
        "access": "impersonation", "auth": "basic", "poll_seconds": poll, "max_connections": 10,
    }  # fmt: skip
    people = [
        {
            "id": f"person{number}", "name": f"Person {number}",
            "emails": [f"person{number}@example.test"],
            "calendars": [{"source": "exchange", "url": f"person{number}@example.test"}],
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    return {
        "id": ACME, "name": "Acme AB", "timezone": "Europe/Berlin", "domains": ["example.test"],
        "sources": [source], "sinks": [{"id": "lamp", "kind": "noting"}], "people": people,
    }  # fmt: skip


def fill(directory: str, url: str, count: int, poll: int) -> None:
    """Write so many people, each with a mailbox of that Exchange, into a new database."""
    _begin()
    asyncio.run(_prepare(directory, _organization(url, count, poll)))


def serve(directory: str, pipe: Connection, cores: set[int]) -> None:
    """Run the engine on a database; told over the pipe to ``start``, to tell, to ``end``."""
    os.sched_setaffinity(0, cores)  # its threads and workers sit there too
    sys.setswitchinterval(TURN_SECONDS)  # as the engine's process does
    sink = _begin()
    asyncio.run(_engine(directory, sink, pipe))


def _begin() -> NotingSink:
    os.environ["KALENDS_BENCH_SECRET"] = "secret"
    observe.configure("error")
    sink = NotingSink()
    kinds()["noting"] = Kind(
        "noting", "For the benchmark.", NoOptions, lambda services, place, options: sink,
        lambda place, options: (place.id,), sink=lambda endpoint, place, options: endpoint,
    )  # fmt: skip
    return sink


@asynccontextmanager
async def _opened(directory: str) -> AsyncIterator[Engine]:
    runtime = Runtime(workers=WorkerPool(2))
    vault = Vault.load(Path(directory) / "kalends.key")
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, runtime)
    bus = MemoryHub().bus()
    server = ServerOptions.model_construct(allowed_networks=("127.0.0.0/8",))
    http = http_factory(runtime, server, store)
    engine = Engine(store, bus, runtime, Services(runtime, http, bus, breakers=store))
    yield engine
    await engine.stop()
    await store.close()
    await runtime.workers.close()


async def _prepare(directory: str, body: dict[str, Any]) -> None:
    """Apply the organization, then write its people by the page: one by one takes minutes."""
    people = [PersonRecord.model_validate(one) for one in body.pop("people")]
    async with _opened(directory) as engine:
        answer = await engine.handle(Apply(organization="*", actor="file", organizations=[body]))
        assert answer.ok, (answer.message, answer.problems)
        for first in range(0, len(people), PAGE):
            await _hire(engine, people[first : first + PAGE])


async def _hire(engine: Engine, people: list[PersonRecord]) -> None:
    core, now = engine.core, engine.core.now()
    tenant = core.tenants.get(ACME)
    assert tenant is not None
    documents = [
        PersonDocument(ACME, one.id, stored_form(one), tenant.profile(one), MANAGED_BY_FILE)
        for one in people
    ]
    await core.store.save_people(documents, now=now)
    sources = core.wiring.known_sources(ACME)
    await asyncio.gather(*(assign(core.store, tenant, one, sources, now, []) for one in people))


async def _engine(directory: str, sink: NotingSink, pipe: Connection) -> None:
    commands: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: commands.put_nowait(pipe.recv()))
    async with _opened(directory) as engine:
        pipe.send("idle")
        assert await commands.get() == "start"
        await engine.start()
        calm_collector()  # as the engine's process does
        running = asyncio.create_task(engine.run())
        while (command := await commands.get()) != "end":
            if command == "polls":
                _poll_by_default(engine)
            else:
                pipe.send(_state(engine) if command == "state" else sink.at.tobytes())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _poll_by_default(engine: Engine) -> None:
    """Go on as after hours with the default ``poll_seconds`` and as many as there are polls for.

    So many polls a second are due from 3,000 mailboxes on, however many more there are.
    """
    slot = next(iter(engine.core.sync.slots.values()))
    assert isinstance(slot.reader, EwsSource)
    slot.poll_seconds = float(ExchangeOptions.model_fields["poll_seconds"].default)
    heard = sum(slot.reader.notifier.counts().values())
    engine.core.sync.hasten_slot(slot, heard / POLLS_PER_SECOND)
    # So long after the last question each poll asks for the reply's settings, too, unless these
    # are asked in turn with the glances (0060), which goes on while this is measured. Polls of few
    # come a little sooner than that, so it is every poll here, not every second: rather too much.
    asides.REPLY_EVERY = 0  # type: ignore[misc] # see above


def _state(engine: Engine) -> State:
    figures = engine.core.sync.figures
    slot = next(iter(engine.core.sync.slots.values()))
    assert isinstance(slot.reader, EwsSource)
    counts = slot.reader.notifier.counts()
    pages = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)[0] / 1e6
    return State(figures.reads, figures.changed, figures.failed, dict(figures.codes), counts, pages)
