"""Notifier, endpoint and guarded client on virtual time, with the emulated Exchange beyond."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.exchange.http import Ask
from lab.exchange.organization import Organization
from lab.exchange.seed import Plan, book
from lab.exchange.server import ExchangeServer
from lab.exchange.streams import Stream

from kalends.calendars.notify.notifier import Notifier
from kalends.calendars.notify.values import Key
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.endpoints.kind import Place, Services
from kalends.errors import Unreachable
from kalends.model.http import Request, Response
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.contract import Limits, Streamed
from kalends.runtime import Runtime
from kalends.wire.ews.get_folder import build_get_folder, parse_get_folder
from tests.exchange_lab import ORIGIN, SERVICE, SETTINGS, URL, ExchangeTransport
from tests.simulation import virtual

LATENCY = 0.02


@dataclass
class Answering:
    """An open answer of the emulator, read on virtual time."""

    response: Response
    stream: Stream | None
    silence: float
    deaf: Callable[[], bool]

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def headers(self) -> dict[str, str]:
        return self.response.headers

    def header(self, name: str) -> str:
        return self.response.header(name)

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.stream is None:
            yield self.response.body
            return
        loop = asyncio.get_running_loop()
        heard = loop.time()
        async for part in self._parts(self.stream):
            if part and not self.deaf():
                heard = loop.time()
                await asyncio.sleep(LATENCY)
                yield part
            elif loop.time() - heard >= self.silence:
                raise Unreachable("nothing came")
        faults = self.stream.server.faults
        if faults.cut_streams:
            raise Unreachable("cut off")

    async def _parts(self, stream: Stream) -> AsyncIterator[bytes]:
        """Yield what the server says, and nothing now and then."""
        happened = asyncio.Event()
        stream.wake = happened.set
        for part in stream.opening():
            yield part
        while not stream.over:
            happened.clear()
            for part in stream.more():
                yield part
            if stream.over:
                break
            yield b""
            wait = max(0.0, stream.due() - stream.server.organization.now())
            try:
                await asyncio.wait_for(happened.wait(), min(max(wait, 0.05), 5.0))
            except TimeoutError:
                continue
        if stream.farewell:
            yield stream.farewell


class StreamingTransport(ExchangeTransport):
    """The lab's transport, streams included; it can lose what is sent."""

    deaf = False
    """What servers write on open streams never arrives (half closed by a middle box)."""
    exceeded = 0
    """Answers that said some budget was used up."""
    most_streams = 0
    """Streams one payer had open at once, at most."""

    async def exchange(self, request: Request, limits: Limits) -> Response:
        await asyncio.sleep(LATENCY)
        response = await super().exchange(request, limits)
        self.exceeded += b"ErrorExceeded" in response.body
        return response

    @asynccontextmanager
    async def stream(
        self, request: Request, limits: Limits, silence: float
    ) -> AsyncIterator[Streamed]:
        await asyncio.sleep(LATENCY)
        self.sent.append(request)
        server = self.servers.get(request.url.partition("/EWS")[0])
        if server is None or self.down:
            raise Unreachable("no connection")
        headers = {name.lower(): value for name, value in request.headers}
        path = "/EWS" + request.url.partition("/EWS")[2]
        reply = server.handle(Ask(request.method, path, headers, request.body))
        self.exceeded += b"ErrorExceeded" in reply.body
        paying = Counter(one.payer for one in server.connected)
        self.most_streams = max(self.most_streams, *paying.values(), 0)
        answer = Response(reply.status, dict(reply.headers), reply.body, request.url)
        try:
            yield Answering(answer, reply.stream, silence, lambda: self.deaf or self.down)
        finally:
            if reply.stream is not None:
                reply.stream.close()


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


@dataclass
class NotifyLab:
    """A server, people, a notifier that listens, and what it told."""

    loop: virtual.VirtualLoop
    version: str = "2019"
    people: int = 5
    options: dict[str, Any] = field(default_factory=dict)
    backends: int = 1
    access: Access = Access.IMPERSONATION
    """How people's mailboxes are read; as a delegate, with all rights: less may not subscribe."""
    told: list[tuple[float, Key, bool]] = field(default_factory=list)

    listening: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.clock = virtual.Clock(self.loop)
        self.runtime: Runtime = virtual.runtime(self.loop, self.clock, 3)
        self.organization = Organization("acme.example", now=self.clock.now)
        self.organization.add_mailbox(SERVICE, "Service")
        self.account = self.organization.add_account(
            SERVICE, "secret", mailbox=SERVICE, impersonates=None
        )
        self.keys: list[Key] = []
        for number in range(self.people):
            name = f"p{number:03}"
            box = self.organization.add_mailbox(f"{name}@acme.example", name)
            box.database = number % max(1, self.backends)
            if self.access is Access.DELEGATE:
                box.delegates[SERVICE] = "Owner"
            self.keys.append((name, "main"))
        self.server = ExchangeServer(self.organization, self.version, backends=self.backends)
        self.server.origin = ORIGIN
        self.transport = StreamingTransport({ORIGIN: self.server})
        factory = http_factory(
            self.runtime,
            _Addresses(),
            MemoryBreakers(),
            transport=lambda _options, _rules: self.transport,
        )
        place = Place(SETTINGS, "exchange", True, lambda name: "secret")
        options = ExchangeOptions(username=SERVICE, url=URL, **self.options)
        self.endpoint = ExchangeEndpoint(Services(self.runtime, factory), place, options)
        self.notifier = Notifier(self.endpoint)

    async def register(self, *keys: Key, access: Access | None = None) -> None:
        """Read mailboxes once, as the source does, and register them."""
        for key in keys or self.keys:
            mailbox = Mailbox(self.address(key))
            self.endpoint.known(mailbox).access = access or self.access
            await self.endpoint.call(mailbox, Operation(build_get_folder, parse_get_folder))
            self.notifier.seen(key, mailbox)

    def address(self, key: Key) -> str:
        return f"{key[0]}@acme.example"

    def endpoint_mailbox(self, key: Key) -> Mailbox:
        return Mailbox(self.address(key))

    def change(self, key: Key) -> float:
        """Somebody books a meeting; return when."""
        start = datetime.fromtimestamp(self.clock.now(), UTC) + timedelta(hours=1)
        plan = Plan(self.address(key), "Meeting", start, start + timedelta(hours=1))
        book(self.organization, plan)
        return self.loop.time()

    def hints(self, key: Key, since: float) -> list[tuple[float, bool]]:
        """Return (seconds after ``since``, sure) of a calendar's hints."""
        return [(at - since, sure) for at, told, sure in self.told if told == key and at >= since]

    async def listen(self) -> None:
        """Take hints for ever, as the sync driver does."""
        while True:
            async for hint in self.notifier.hints():
                assert hint.person is not None
                assert hint.name is not None
                self.told.append((self.loop.time(), (hint.person, hint.name), hint.sure))
            await asyncio.sleep(10)


def play(
    story: Callable[[NotifyLab], Coroutine[Any, Any, None]],
    *,
    version: str = "2019",
    people: int = 5,
    backends: int = 1,
    access: Access = Access.IMPERSONATION,
    **options: Any,
) -> NotifyLab:
    """Run a story with mailboxes registered and settled."""
    loop = virtual.VirtualLoop()

    async def whole() -> NotifyLab:
        lab = NotifyLab(loop, version, people, options, backends, access)
        lab.listening = asyncio.create_task(lab.listen())
        await lab.register()
        await asyncio.sleep(30)
        await story(lab)
        assert not lab.listening.done()
        lab.listening.cancel()
        await asyncio.gather(lab.listening, return_exceptions=True)
        return lab

    return virtual.run(whole(), loop)
