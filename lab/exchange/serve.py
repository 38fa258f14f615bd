"""The server on a loopback port (``python -m lab.exchange`` runs it as a process of its own).

What only a real socket can show happens here: answers that come late, in drips, or break off;
budgets of requests at once; streams.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from aiohttp import web
from cryptography import x509
from multidict import CIMultiDict

from lab.exchange import pushes
from lab.exchange.http import Ask, Reply
from lab.exchange.refusal import Fault
from lab.exchange.server import ExchangeServer
from lab.exchange.signin import Connection
from lab.exchange.soap import fault
from lab.exchange.streams import Stream

_IMPERSONATED: Final = re.compile(
    rb"<(?:\w+:)?(?:PrimarySmtpAddress|SmtpAddress|PrincipalName|SID)>([^<]+)<"
)


def application(server: ExchangeServer) -> web.Application:
    """Return an aiohttp application around a server."""

    async def handle(request: web.Request) -> web.StreamResponse:
        connection = _arrived(server, request)
        ask = Ask(
            request.method,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        if server.faults.drop_requests:
            server.faults.drop_requests -= server.faults.drop_requests > 0
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        slow = _slow(server, ask)
        with _counted(server, ask, connection) as free:
            if slow and server.faults.delay:
                await asyncio.sleep(server.faults.delay)
            if not free:
                reply = Reply(500, {"content-type": "text/xml"}, _too_many(server))
            else:
                reply = server.handle(ask, connection)
        server.counters.statuses[reply.status] += 1
        server.counters.bytes_sent += len(reply.body)
        if reply.stream is not None:
            return await _streamed(request, reply, reply.stream)
        if slow and (server.faults.cut or server.faults.drip):
            return await _slowly(server, request, reply)
        return web.Response(status=reply.status, headers=_headers(reply), body=reply.body)

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _arrived(server: ExchangeServer, request: web.Request) -> Connection:
    """Return what is remembered of the connection a request came on."""
    if request.transport is None:
        return Connection()
    known = server.transports.get(request.transport)
    if known is None:
        tls = request.transport.get_extra_info("ssl_object")
        known = Connection(certificate=tls.getpeercert(binary_form=True) if tls else None)
        server.transports[request.transport] = known
        server.counters.connections += 1
    return known


def _headers(reply: Reply) -> CIMultiDict[str]:
    found = CIMultiDict(reply.headers)
    if reply.challenges:
        del found["www-authenticate"]
        for one in reply.challenges:
            found.add("www-authenticate", one)
    return found


def _slow(server: ExchangeServer, ask: Ask) -> bool:
    chosen = server.faults.slow_operations
    return not chosen or any(f":{name}".encode() in ask.body for name in chosen)


def _too_many(server: ExchangeServer) -> bytes:
    return fault(server, Fault("ErrorExceededConnectionCount"))


@contextmanager
def _counted(server: ExchangeServer, ask: Ask, connection: Connection) -> Iterator[bool]:
    """Count a request among its payer's; False where the budget is used up."""
    payer = _payer(server, ask, connection)
    running = server.running
    running[payer] += 1
    server.counters.at_once = max(server.counters.at_once, running.total())
    try:
        yield not (payer and server.concurrency and running[payer] > server.concurrency)
    finally:
        running[payer] -= 1
        if not running[payer]:
            del running[payer]


def _payer(server: ExchangeServer, ask: Ask, connection: Connection) -> str:
    """Return whose budget a request is charged to, as far as it can be told before sign-in."""
    if server.version.charges_target and (found := _IMPERSONATED.search(ask.body, 0, 4096)):
        return found[1].decode("utf-8", "replace").lower()
    return server.claimed(ask, connection)


async def _streamed(request: web.Request, reply: Reply, stream: Stream) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.enable_chunked_encoding()
    happened = asyncio.Event()
    stream.wake = happened.set
    stream.server.counters.streams += 1
    try:
        await response.prepare(request)
        await _write(response, stream, stream.opening())
        while not stream.over:
            happened.clear()
            await _write(response, stream, stream.more())
            if stream.over:
                break
            await _news(stream, happened)
        await _write(response, stream, [stream.farewell] if stream.farewell else [])
        if stream.server.faults.half_close_streams:
            await _half_closed(request)
        elif stream.server.faults.cut_streams and request.transport is not None:
            request.transport.close()
    finally:
        stream.close()
    return response


async def _half_closed(request: web.Request) -> None:
    """End our half of a connection and listen on, until the client ends its own."""
    if request.transport is None or not request.transport.can_write_eof():
        return
    request.transport.write_eof()
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 # a transport tells nobody when it closes
        await asyncio.sleep(0.05)


async def _news(stream: Stream, happened: asyncio.Event) -> None:
    """Wait until something happened, or has to be said though nothing did."""
    wait = max(0.0, stream.due() - stream.server.organization.now())
    if stream.server.faults.silent_streams:
        wait = max(wait, 0.05)
    timer = asyncio.get_running_loop().call_later(wait, happened.set)
    try:
        await happened.wait()
    finally:
        timer.cancel()


async def _write(response: web.StreamResponse, stream: Stream, parts: list[bytes]) -> None:
    for part in parts:
        stream.server.counters.bytes_sent += len(part)
        if stream.server.faults.split_envelopes:
            third = len(part) // 3
            for piece in (part[:third], part[third : 2 * third], part[2 * third :]):
                await response.write(piece)
                await asyncio.sleep(0.01)
        else:
            await response.write(part)


async def _slowly(server: ExchangeServer, request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    body = reply.body[: len(reply.body) // 2] if server.faults.cut else reply.body
    size = max(1, len(body) // 8)
    for place in range(0, len(body), size):
        await response.write(body[place : place + size])
        await asyncio.sleep(server.faults.drip)
    if server.faults.cut and request.transport is not None:
        request.transport.close()
    return response


@asynccontextmanager
async def serving(
    server: ExchangeServer,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    certificate: bytes = b"",
) -> AsyncIterator[str]:
    """Serve on loopback until left; yields the origin.

    ``certificate``: what ``tls`` shows, in PEM; Extended Protection needs to know it.
    """
    if certificate:
        server.sign_in.certificate = x509.load_pem_x509_certificate(certificate)
    runner = web.AppRunner(application(server), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls, backlog=1024)
    await site.start()
    bound = runner.addresses[0][1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{bound}"
    if server.name:
        server.organization.endpoints[server.name] = server.url
    calling = asyncio.create_task(pushes.run(server))
    try:
        yield server.origin
    finally:
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling
        for stream in list(server.streams.values()):
            stream.over = True
            stream.wake()
        await runner.cleanup()


def basic(user: str, password: str) -> str:
    """Return an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
