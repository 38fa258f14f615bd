"""An engine with its store and its workers, and calendar servers on loopback that can be spoilt.

Everything is real but the passing of time: where nothing is being read, the loop's clock is moved
on, so that back-off, staleness and recovery take no waiting. Anna is the one whose calendar is
spoilt, Bo her neighbour on the same server, Cleo a neighbour elsewhere; all three are in a meeting.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from lab.dav.http import Ask
from lab.dav.server import DavServer
from lab.dav.tree import Collection, Feed

from kalends.bus.commands import Answer, AnyCommand, Apply, Ping, TestSource
from kalends.bus.memory import MemoryHub
from kalends.endpoints.kind import Services
from kalends.engine.engine import Engine, EngineOptions
from kalends.model.times import utc
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivery
from kalends.store import open_store
from kalends.store.contract import CalendarRow, Store
from kalends.store.vault import Vault
from kalends.workers import WorkerPool
from tests.patience import PATIENCE
from tests.simulation.scripted import Board, Server, register
from tests.simulation.world import World
from tests.unit.wire.icalendar.samples import calendar, event

HOUR: Final = 3600
EVERYBODY: Final = ("anna", "bo", "cleo")
POLL: Final = 15
STEP: Final = 2.0
"""Seconds the clock is moved on at once."""
FEED: Final = "/feeds/anna@acme.example.ics"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Hurried(asyncio.SelectorEventLoop):
    """An event loop on real sockets whose clock can be moved on."""

    ahead = 0.0

    def time(self) -> float:
        """Return monotonic seconds, moved on."""
        return super().time() + self.ahead


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


@dataclass
class CalendarServer:
    """A lab server on a loopback port, and what a request meets there instead of an answer."""

    dav: DavServer = field(default_factory=DavServer)
    spoilt: Handler | None = None
    tls: ssl.SSLContext | None = None
    seen: list[web.Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.dav.origin}/"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until left; no connection is kept, so that each one meets what holds now."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        self.dav.origin = f"http{'s' if self.tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if self.spoilt is not None:
            return await self.spoilt(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = self.dav.handle(
            Ask(request.method, request.raw_path, headers, await request.read())
        )
        answer = web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        answer.force_close()
        return answer


@dataclass
class Site:
    """One installation; ``site`` makes it."""

    loop: Hurried
    folder: Path
    near: CalendarServer
    """Anna's and Bo's CalDAV server; it may be spoilt."""
    far: CalendarServer
    """Cleo's; always well."""
    runtime: Runtime
    board: Board
    store: Store
    engine: Engine
    begun: int

    # --- the world ----------------------------------------------------------------------------
    @property
    def annas(self) -> Collection:
        """Anna's calendar at the near server."""
        return self.near.dav.tree.calendars["/calendars/anna/daily/"]

    def meeting(self, uid: str, *lines: str, begins: int = -HOUR, ends: int = 3 * HOUR) -> str:
        """Return a meeting that runs now, or at other seconds from the beginning."""
        return event(
            f"DTSTART:{stamp(self.begun + begins)}", f"DTEND:{stamp(self.begun + ends)}",
            *(lines or ("SUMMARY:Meeting about money",)), uid=uid,
        )  # fmt: skip

    def feed(self, *components: str) -> None:
        """Write Anna's feed."""
        self.near.dav.tree.feeds[FEED] = Feed(calendar(*components))

    # --- the engine ---------------------------------------------------------------------------
    async def handle(self, command: AnyCommand) -> Answer:
        """Hand a command to the engine."""
        return await self.engine.handle(command)

    async def apply(self, *organizations: dict[str, Any]) -> None:
        """Make the engine follow a file."""
        wanted = list(organizations)
        answer = await self.handle(Apply(organization="*", actor="t", organizations=wanted))
        assert answer.ok, answer.problems or answer.message

    async def rows(self, person: str = "anna", organization: str = "acme") -> list[CalendarRow]:
        """Return the health of a person's calendars, as ``GET /calendars`` reads it."""
        return list(await self.store.calendars(organization, person=person))

    async def row(self, person: str = "anna") -> CalendarRow:
        """Return the health of a person's only calendar."""
        [row] = await self.rows(person)
        return row

    async def shows(self, person: str = "anna", organization: str = "acme") -> tuple[str, str]:
        """Return availability and activity as stored."""
        stored = await self.store.presence(organization, person)
        assert stored is not None
        return stored.presence.availability.value, stored.presence.activity or ""

    async def status(self, organization: str = "acme") -> dict[str, dict[str, Any]]:
        """Return how an organization's sources fare, as ``GET /status`` tells it.

        What a read stored is seen a moment before the read counts as ended: that is waited for.
        """
        await self.quiet()
        answer = await self.handle(Ping(organization=organization, actor="t"))
        return {one["id"]: one for one in answer.value["sources"]}

    async def metric(self, name: str, **labels: str) -> float:
        """Return a figure of ``/metrics``; 0 where it is absent."""
        answer = await self.handle(Ping(organization="*", actor="web"))
        for line in answer.value["metrics"].splitlines():
            whole, _, value = line.rpartition(" ")
            if whole.partition("{")[0] == name and all(
                f'{key}="{word}"' in whole for key, word in labels.items()
            ):
                return float(value)
        return 0.0

    async def check(self, source: str) -> list[dict[str, Any]]:
        """Take the steps of ``kalends check`` for a source."""
        answer = await self.handle(TestSource(organization="acme", actor="t", source=source))
        steps: list[dict[str, Any]] = answer.value
        return steps

    # --- time ---------------------------------------------------------------------------------
    async def until(self, true: Callable[[], Awaitable[bool]], what: str) -> None:
        """Let time pass until something is so; at most two hours, and ``PATIENCE`` by the watch."""
        begun, watch = self.loop.time(), time.monotonic()
        while not await true():
            await asyncio.sleep(0.001)
            if not self.reading:
                self.loop.ahead += STEP
            assert self.loop.time() - begun < 2 * HOUR, f"not within two hours: {what}"
            assert time.monotonic() - watch < PATIENCE, f"never: {what}"

    async def healthy(self, person: str = "anna") -> None:
        """Wait until all of a person's calendars were read well."""

        async def well() -> bool:
            rows = await self.rows(person)
            return bool(rows) and all(
                row.health == "ok" and row.stale_since is None and not row.skipped for row in rows
            )

        await self.until(well, f"{person}'s calendars are well")

    async def quiet(self) -> None:
        """Wait until nothing is being read: what is changed at once then meets no open request."""

        async def nothing_read() -> bool:
            return not self.reading

        await self.until(nothing_read, "nothing is being read")

    @property
    def reading(self) -> bool:
        """Whether any calendar is being read."""
        return any(slot.reading for slot in self.engine.core.sync.slots.values())

    async def troubled(self, code: str, person: str = "anna") -> CalendarRow:
        """Wait until a person's calendar is stale for a reason; return its health."""

        async def told() -> bool:
            row = await self.row(person)
            return row.health == code and row.stale_since is not None

        await self.until(told, f"{person}'s calendar is stale: {code}")
        return await self.row(person)


def stamp(at: int) -> str:
    """Return a moment as iCalendar writes it."""
    return utc(at).strftime("%Y%m%dT%H%M%SZ")


def configuration(site: Site, **changes: Any) -> dict[str, Any]:
    """Return the organization ``acme``: Anna and Bo at one server, Cleo at another."""
    source = {"kind": "caldav", "username": "svc", "password": "secret", "poll_seconds": POLL}
    near = {"id": "near", "url": site.near.url, **source}
    if site.near.tls is not None:
        near["ca_file"] = str(site.folder / "ca.pem")
    return {
        "id": "acme",
        "name": "Acme AB",
        "timezone": "Europe/Stockholm",
        "domains": ["acme.example"],
        "sources": [near, {"id": "far", "url": site.far.url, **source}],
        "sinks": [{"id": "lamp", "kind": "scripted-board"}],
        "people": [
            person("anna", "near", "/calendars/anna/daily/"),
            person("bo", "near", "/calendars/bo/daily/"),
            person("cleo", "far", "/calendars/cleo/daily/"),
        ],
        **changes,
    }


def person(name: str, source: str, url: str) -> dict[str, Any]:
    """Return a person with one calendar."""
    return {
        "id": name,
        "name": name.title(),
        "emails": [f"{name}@acme.example"],
        "calendars": [{"source": source, "url": url}],
    }


@asynccontextmanager
async def site(
    folder: Path,
    *,
    tls: ssl.SSLContext | None = None,
    servers: tuple[CalendarServer, CalendarServer] | None = None,
) -> AsyncIterator[Site]:
    """Run an engine on a store, between two calendar servers; at first nobody is in it yet.

    ``servers``: those of a site that ended, still running.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Hurried)
    async with AsyncExitStack() as stack:
        workers = WorkerPool(2)
        stack.push_async_callback(workers.close)
        runtime = Runtime(
            now=lambda: time.time() + loop.ahead, monotonic=loop.time, random=random.Random(1),
            workers=workers,
        )  # fmt: skip
        board = Board(Delivery.EVERY, runtime, random.Random(2))
        register(Server(World.of(0), runtime, random.Random(3)), {"lamp": board})
        near, far = servers or (CalendarServer(tls=tls), CalendarServer())
        for server in () if servers else (near, far):
            await stack.enter_async_context(server.running())
        vault = Vault.load(folder / "kalends.key", create=True)
        store = await open_store(f"sqlite:///{folder}/kalends.db", vault, runtime)
        stack.push_async_callback(store.close)
        bus = MemoryHub().bus()
        services = Services(runtime, http_factory(runtime, _Addresses(), store), bus, store)
        engine = Engine(store, bus, runtime, services, EngineOptions(directory=folder))
        found = Site(
            loop, folder, near, far, runtime, board, store, engine, int(time.time()) // 60 * 60
        )
        if not servers:
            _furnish(found)
        await engine.start()
        running = asyncio.create_task(engine.run())
        stack.push_async_callback(_end, engine, running)
        await engine.started.wait()
        yield found


def _furnish(site: Site) -> None:
    for server, names in ((site.near, ("anna", "bo")), (site.far, ("cleo",))):
        server.dav.tree.add_user("svc", "secret", "svc@acme.example")
        for name in names:
            server.dav.tree.add_user(name, "own", f"{name}@acme.example")
            path = f"/calendars/{name}/daily/"
            one = server.dav.tree.add_calendar(path, name, "svc")
            one.put("now.ics", calendar(site.meeting("now")))


async def _end(engine: Engine, running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await engine.stop()


def told(story: Callable[[Site], Awaitable[None]], folder: Path, **parts: Any) -> None:
    """Run a story on a site of its own, on a loop whose clock can be moved on."""
    hurried(lambda: _whole(story, folder, parts))


def hurried(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run work on a loop whose clock can be moved on."""
    loop = Hurried()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(work())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _whole(
    story: Callable[[Site], Awaitable[None]], folder: Path, parts: dict[str, Any]
) -> None:
    async with site(folder, **parts) as found:
        await story(found)


async def everybody_busy(site: Site) -> int:
    """Wait until all three show their meeting; return how much the board was told so far."""

    async def busy() -> bool:
        told = [site.board.shown.get(person) for person in EVERYBODY]
        return told == ["busy"] * len(EVERYBODY)

    await site.until(busy, "everybody is busy")
    return len(site.board.received)


def nobody_was_freed(site: Site, since: int) -> None:
    """Fail where anybody was told to be available after a point of the board's log."""
    freed = [entry for entry in site.board.received[since:] if entry[2] == "available"]
    assert not freed, json.dumps(freed)
