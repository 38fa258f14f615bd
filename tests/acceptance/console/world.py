"""A small organization with a real engine and a real web process over one SQLite store.

Both run in one thread of their own, since the browser's driver blocks the test's. Calendars come
as they do from a desktop: uploaded over the API.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from kalends.bus.commands import Answer, AnyCommand, Apply, PutPrincipal, UploadCalendar
from kalends.bus.memory import MemoryHub
from kalends.endpoints.kind import Services
from kalends.engine.engine import Engine
from kalends.model.organization import OrganizationDocument
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.store import open_reader, open_store
from kalends.store.vault import Vault
from kalends.web import tokens
from kalends.web.options import WebOptions
from kalends.web.serving import serve

T = TypeVar("T")

PASSWORD = "correct horse battery"
PATIENCE = 120.0
"""Seconds: a machine that does much else at once is slow, not wrong."""
EVIL = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"

PEOPLE: tuple[dict[str, Any], ...] = (
    {"id": "anna", "name": "Anna Berg", "department": "Sales", "title": "Head of sales",
     "extension": "1001", "mobile": "+46701234567", "substitute": "bjorn",
     "emails": ["anna.berg@acme.example"], "delegates": ["dora"]},
    {"id": "bjorn", "name": "Björn Åkesson", "department": "Sales", "extension": "1002"},
    {"id": "carla", "name": "Carla Rossi", "department": "Sales", "skills": ["espresso"],
     "extension": "1003"},
    {"id": "dora", "name": "Dora Ek", "department": "Support", "extension": "1004"},
    {"id": "erik", "name": "Erik Fors", "department": "Support", "extension": "1005"},
    {"id": "francois", "name": "François Lemaire", "department": "Finance", "extension": "1006"},
    {"id": "greta", "name": "Greta Hoffmann", "department": "Finance", "extension": "1007"},
    {"id": "hamid", "name": "Hamid Rezai", "department": "Support", "extension": "1008"},
    {"id": "wilma", "name": "Wilma Forsberg", "department": "Reception", "extension": "9"},
)  # fmt: skip


@dataclass(frozen=True)
class Networks:
    """What the guarded HTTP client asks of ``[server]``; nothing is fetched here."""

    allowed_networks: tuple[str, ...] = ()


@dataclass
class World:
    """What a test of the console touches."""

    runtime: Runtime
    engine: Engine
    base: str = ""
    _loop: asyncio.AbstractEventLoop | None = None
    _working: list[asyncio.Task[None]] = field(default_factory=list)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work where the engine lives, from the test's thread."""
        assert self._loop is not None
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(PATIENCE)

    def command(self, command: AnyCommand) -> Answer:
        answer = self.wait_for(self.engine.handle(command))
        assert answer.ok, answer.message
        return answer

    def book(self, person: str, *events: str) -> None:
        """Let a calendar hold these events and nothing else."""
        self.command(
            UploadCalendar(
                organization="acme", actor="test", person=person, name="desk", body=feed(*events)
            )
        )

    def stop_engine(self) -> None:
        """Let the engine die; the web process goes on."""

        async def stop() -> None:
            for task in self._working:
                task.cancel()
            await asyncio.gather(*self._working, return_exceptions=True)
            self._working.clear()

        self.wait_for(stop())


def feed(*events: str) -> bytes:
    """Return a calendar file."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *events, "END:VCALENDAR"]
    return "\r\n".join(lines).encode() + b"\r\n"


def event(subject: str, begins: float = -5, ends: float = 55) -> str:
    """Return a VEVENT from ``begins`` to ``ends`` minutes from now."""

    def moment(minutes: float) -> str:
        return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")

    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{os.urandom(6).hex()}",
            f"DTSTAMP:{moment(0)}",
            f"DTSTART:{moment(begins)}",
            f"DTEND:{moment(ends)}",
            "SUMMARY:" + subject.replace(",", "\\,").replace(";", "\\;"),
            "END:VEVENT",
        ]
    )


def organization(people: tuple[dict[str, Any], ...] = PEOPLE, **keys: Any) -> dict[str, Any]:
    document = OrganizationDocument.model_validate(
        {
            "id": "acme",
            "name": "Acme AB",
            "timezone": "UTC",
            "language": "en",
            "domains": ["acme.example"],
            "sources": [{"id": "desk", "kind": "ics", "uploads": True}],
            "people": people,
        }
        | keys
    )
    return document.model_dump(mode="json", exclude_unset=True)


def accounts() -> list[dict[str, Any]]:
    made = [
        tokens.new_account("attendant", "wilma", "acme", "wilma", password=PASSWORD),
        tokens.new_account("member", "anna", "acme", "anna", password=PASSWORD),
        tokens.new_account("admin", "root", "acme", password=PASSWORD),
    ]
    return [tokens.document(account) for account in made]


@contextlib.asynccontextmanager
async def running(
    directory: Path, people: tuple[dict[str, Any], ...], engine_seconds: float, **keys: Any
) -> AsyncIterator[World]:
    """Run engine and web process over a new store."""
    runtime = Runtime()
    vault = Vault({1: os.urandom(32)})
    database = f"sqlite:///{directory / 'kalends.db'}"
    store = await open_store(database, vault, runtime)
    reader = await open_reader(database, vault, runtime)
    hub = MemoryHub()
    bus = hub.bus()
    services = Services(runtime, http_factory(runtime, Networks(), store), bus)
    engine = Engine(store, bus, runtime, services)
    world = World(runtime, engine, _loop=asyncio.get_running_loop())
    await engine.start()
    world._working = [asyncio.create_task(engine.run())]
    await engine.started.wait()
    applied = await engine.handle(
        Apply(organization="*", actor="file", organizations=[organization(people, **keys)])
    )
    assert applied.ok, applied
    for principal in accounts():
        answer = await engine.handle(
            PutPrincipal(organization="acme", actor="test", principal=principal)
        )
        assert answer.ok, answer.message
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    options = WebOptions(port=0, engine_seconds=engine_seconds)
    web = asyncio.create_task(
        serve(reader, hub.bus(), runtime, options, started=started.set_result)
    )
    world.base = f"http://127.0.0.1:{await started}"
    try:
        yield world
    finally:
        for task in (web, *world._working):
            task.cancel()
        await asyncio.gather(web, *world._working, return_exceptions=True)
        await engine.stop()
        await reader.close()
        await store.close()


class Served:
    """A world in a thread of its own.

    ``engine_seconds`` is what the web process waits for the engine: long, where a test is not
    about an engine that does not answer; other ``keys`` are the organization's.
    """

    def __init__(
        self,
        directory: Path,
        people: tuple[dict[str, Any], ...] = PEOPLE,
        *,
        engine_seconds: float = 15.0,
        **keys: Any,
    ) -> None:
        self._directory = directory
        self._people = people
        self._engine_seconds = engine_seconds
        self._keys = keys
        self._world: Future[World] = Future()
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        try:
            async with running(
                self._directory, self._people, self._engine_seconds, **self._keys
            ) as world:
                self._world.set_result(world)
                await asyncio.to_thread(self._end.wait)
        except BaseException as error:
            if not self._world.done():
                self._world.set_exception(error)
            raise

    def __enter__(self) -> World:
        self._thread.start()
        return self._world.result(PATIENCE)

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
