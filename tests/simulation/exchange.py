"""The real engine reading an emulated Exchange, on virtual time: from a booking to a sink."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab.exchange.organization import Organization
from lab.exchange.seed import Plan, book
from lab.exchange.server import ExchangeServer
from prometheus_client.parser import text_string_to_metric_families

from kalends.bus.commands import Apply, Ping
from kalends.bus.memory import MemoryHub
from kalends.calendars.ews.source import EwsSource
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.kind import Services
from kalends.engine.engine import Engine, EngineOptions
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.sinks.contract import Delivery
from kalends.store import open_store
from kalends.store.vault import Vault
from tests.exchange_lab import ORIGIN, SERVICE, URL
from tests.simulation import virtual
from tests.simulation.scripted import Board, Server, register
from tests.simulation.world import World
from tests.unit.notify.lab import StreamingTransport

POLL = 300
_SECRET = "KALENDS_TEST_EXCHANGE"


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


class Mailroom:
    """An installation whose calendars are mailboxes."""

    def __init__(
        self, loop: virtual.VirtualLoop, version: str, people: int, options: dict[str, Any]
    ) -> None:
        self.loop = loop
        self.clock = virtual.Clock(loop)
        self.chance = random.Random(people)
        self.runtime = virtual.runtime(loop, self.clock, 5)
        self.organization = Organization("acme.example", now=self.clock.now)
        self.organization.add_mailbox(SERVICE, "Service")
        self.organization.add_account(SERVICE, "secret", mailbox=SERVICE, impersonates=None)
        self.people = [f"p{number:03}" for number in range(people)]
        for person in self.people:
            self.organization.add_mailbox(f"{person}@acme.example", person)
        self.server = ExchangeServer(self.organization, version)
        self.server.origin = ORIGIN
        self.server.remember = False
        self.transport = StreamingTransport({ORIGIN: self.server})
        self.board = Board(Delivery.LATEST, self.runtime, self.chance)
        register(Server(World.of(0), self.runtime, self.chance), {"lamp": self.board})
        self.options = {"poll_seconds": POLL, **options}
        self.booked: dict[str, list[Any]] = {one: [] for one in self.people}

    async def live(self, story: Callable[[Mailroom], Coroutine[Any, Any, None]]) -> None:
        """Run the engine while a story goes on."""
        os.environ[_SECRET] = "secret"
        base = "/dev/shm" if Path("/dev/shm").is_dir() else None
        directory = Path(tempfile.mkdtemp(prefix="kalends-", dir=base))
        vault = Vault.load(directory / "kalends.key")
        store = await open_store(f"sqlite:///{directory}/kalends.db", vault, self.runtime)
        bus = MemoryHub().bus()
        factory = http_factory(
            self.runtime,
            _Addresses(),
            MemoryBreakers(),
            transport=lambda _options, _rules: self.transport,
        )
        options = EngineOptions(
            tick=60.0, clock_seconds=20.0, lease_seconds=1200, retention_seconds=120.0
        )
        self.engine = Engine(
            store, bus, self.runtime, Services(self.runtime, factory, bus), options
        )
        await self.engine.start()
        running = asyncio.create_task(self.engine.run())
        try:
            await self._apply()
            await asyncio.sleep(40)
            await story(self)
            assert not running.done()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self.engine.stop()
            await store.close()
            shutil.rmtree(directory, ignore_errors=True)

    async def _apply(self, people: list[str] | None = None) -> None:
        source = {
            "id": "exchange", "kind": "ews", "url": URL, "username": SERVICE,
            "password_env": _SECRET, "auth": "basic", **self.options,
        }  # fmt: skip
        body = {
            "id": "acme", "name": "Acme AB", "timezone": "Europe/Stockholm",
            "domains": ["acme.example"], "sources": [source],
            "sinks": [{"id": "lamp", "kind": "scripted-board"}],
            "people": [
                {"id": one, "name": one, "emails": [f"{one}@acme.example"]}
                for one in (self.people if people is None else people)
            ],
        }  # fmt: skip
        apply = Apply(organization="*", actor="test", organizations=[body], force=True)
        answer = await self.engine.handle(apply)
        assert answer.ok, (answer.message, answer.problems)

    async def leave(self, person: str) -> None:
        """Somebody is no more in the file."""
        self.people.remove(person)
        await self._apply()

    @property
    def source(self) -> EwsSource:
        """Return the open source."""
        (slot,) = self.engine.core.sync.slots.values()
        assert isinstance(slot.reader, EwsSource)
        return slot.reader

    @property
    def endpoint(self) -> ExchangeEndpoint:
        """Return the endpoint the source stands on."""
        return self.source.endpoint

    async def figures(self, name: str) -> dict[str, float]:
        """Return one of the source's figures, by mode where it has modes."""
        answer = await self.engine.handle(Ping(organization="*", actor="web"))
        return {
            sample.labels.get("mode", ""): sample.value
            for family in text_string_to_metric_families(answer.value["metrics"])
            for sample in family.samples
            if sample.name == name
        }

    def counts(self) -> dict[str, int]:
        """Return how many are heard by which mode."""
        return self.source.notifier.counts()

    # --- the truth ----------------------------------------------------------------------------
    def meet(self, person: str, minutes: float = 90, *, ahead: float = 0) -> float:
        """A meeting that has just begun, or is so many minutes ahead; return when it was booked."""
        now = self.clock.now() + ahead * 60
        start = datetime.fromtimestamp(now, UTC) - timedelta(minutes=1)
        end = start + timedelta(minutes=minutes)
        plan = Plan(f"{person}@acme.example", "Meeting", start, end, busy="Busy")
        self.booked[person].append(book(self.organization, plan))
        return self.loop.time()

    def cancel_last(self, person: str) -> None:
        """Delete what somebody booked last."""
        box = self.organization.mailboxes[f"{person}@acme.example"]
        box.remove(self.booked[person].pop(), self.organization.moment())

    def cancel(self, person: str) -> float:
        """Delete everything somebody has; return when."""
        box = self.organization.mailboxes[f"{person}@acme.example"]
        for item in self.booked[person]:
            box.remove(item, self.organization.moment())
        self.booked[person].clear()
        return self.loop.time()

    def meets(self, person: str) -> bool:
        """Tell whether somebody is in a meeting now."""
        now = self.organization.moment()
        return any(one.start <= now < one.end for one in self.booked[person])

    def wrong(self) -> list[str]:
        """Return who is shown otherwise than is so."""
        return [
            f"{one} shows {self.board.shown.get(one)}, meets: {self.meets(one)}"
            for one in self.people
            if (self.board.shown.get(one) == "busy") is not self.meets(one)
        ]

    async def reply(self, person: str) -> tuple[int, int] | None:
        """Return when somebody's automatic reply is on, as it is stored."""
        (told,) = await self.engine.core.store.load_inputs([("acme", person)])
        (calendar,) = told.calendars
        return calendar.automatic_reply

    async def right_within(self, seconds: float) -> float:
        """Wait until everybody is shown as is so; return how long it took."""
        began = self.loop.time()
        while self.wrong():
            assert self.loop.time() - began <= seconds, self.wrong()
            await asyncio.sleep(0.05)
        return self.loop.time() - began


def play(
    story: Callable[[Mailroom], Coroutine[Any, Any, None]],
    *,
    version: str = "2019",
    people: int = 6,
    **options: Any,
) -> None:
    """Run a story."""
    loop = virtual.VirtualLoop()

    async def whole() -> None:
        await Mailroom(loop, version, people, options).live(story)

    virtual.run(whole(), loop)
