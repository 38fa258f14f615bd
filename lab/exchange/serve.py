"""The server on a loopback port: ``python -m lab.exchange.serve`` or ``async with serving(…)``."""

from __future__ import annotations

import argparse
import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from lab.exchange.http import Ask, Reply
from lab.exchange.refusal import Fault
from lab.exchange.seed import seed
from lab.exchange.server import ExchangeServer
from lab.exchange.soap import fault
from lab.exchange.streams import Stream


def application(server: ExchangeServer) -> web.Application:
    """Return an aiohttp application around a server."""

    async def handle(request: web.Request) -> web.StreamResponse:
        ask = Ask(
            request.method,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        with _counted(server, ask) as free:
            if server.faults.delay:
                await asyncio.sleep(server.faults.delay)
            if not free:
                body = fault(server, Fault("ErrorExceededConnectionCount"))
                return web.Response(status=500, body=body, content_type="text/xml")
            reply = server.handle(ask)
        if reply.stream is not None:
            return await _streamed(request, reply, reply.stream)
        if server.faults.cut or server.faults.drip:
            return await _slowly(server, request, reply)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


@contextmanager
def _counted(server: ExchangeServer, ask: Ask) -> Iterator[bool]:
    """Count a request among its account's; False where the budget is used up."""
    account = server.account(ask)
    name = account.name if account else ""
    server.running[name] = server.running.get(name, 0) + 1
    try:
        yield not (account and server.concurrency and server.running[name] > server.concurrency)
    finally:
        server.running[name] -= 1


async def _streamed(request: web.Request, reply: Reply, stream: Stream) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    happened = asyncio.Event()
    stream.wake = happened.set
    try:
        await _write(response, stream, stream.opening())
        while not stream.over:
            happened.clear()
            await _write(response, stream, stream.more())
            if stream.over:
                break
            wait = max(0.0, stream.due() - stream.server.organization.now())
            if stream.server.faults.silent_streams:
                wait = max(wait, 0.05)
            try:
                await asyncio.wait_for(happened.wait(), wait)
            except TimeoutError:
                continue
        await _write(response, stream, [stream.farewell] if stream.farewell else [])
        if stream.server.faults.cut_streams and request.transport is not None:
            request.transport.close()
    finally:
        stream.close()
    return response


async def _write(response: web.StreamResponse, stream: Stream, parts: list[bytes]) -> None:
    for part in parts:
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
    server: ExchangeServer, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve on loopback until left; yields the origin."""
    runner = web.AppRunner(application(server), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    bound = runner.addresses[0][1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{bound}"
    if server.name:
        server.organization.endpoints[server.name] = server.url
    try:
        yield server.origin
    finally:
        for stream in list(server.streams.values()):
            stream.over = True
            stream.wake()
        await runner.cleanup()


def basic(user: str, password: str) -> str:
    """Return an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def main() -> None:
    """Serve a small organization."""
    parser = argparse.ArgumentParser(description="An Exchange in memory")
    parser.add_argument("--port", type=int, default=5280)
    parser.add_argument("--version", default="2019", help="2007 SP1, 2010, 2010 SP2, 2013 … SE")
    parser.add_argument("--user", default="svc@example.test:secret", help="name:password")
    parser.add_argument("--people", type=int, default=10)
    options = parser.parse_args()
    name, _, password = options.user.partition(":")
    server = ExchangeServer(named=options.version)
    people = [(f"person{n}@example.test", f"Person {n}") for n in range(1, options.people + 1)]
    seed(server.organization, service=(name, password), people=people)
    async with serving(server, options.port):
        print(f"{server.url}  account {name}, {len(people)} mailboxes, Exchange {options.version}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
