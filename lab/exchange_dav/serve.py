"""The server on a loopback port: ``python -m lab.exchange_dav.serve`` or ``serving(…)``."""

from __future__ import annotations

import argparse
import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from lab.exchange.http import Ask, Reply
from lab.exchange.seed import seed
from lab.exchange_dav.server import DavExchange


def application(server: DavExchange) -> web.Application:
    """Return an aiohttp application around a server."""

    async def handle(request: web.Request) -> web.StreamResponse:
        ask = Ask(
            request.method,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        if server.faults.delay:
            await asyncio.sleep(server.faults.delay)
        reply = server.handle(ask)
        response = web.StreamResponse(status=reply.status, reason=_reason(reply.status))
        for name, value in reply.headers.items():
            for one in value.split(", ") if name == "www-authenticate" else [value]:
                response.headers.add(name, one)
        _cookies(response)
        return await _sent(server, request, response, reply)

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _reason(status: int) -> str | None:
    return "Login Timeout" if status == 440 else None


def _cookies(response: web.StreamResponse) -> None:
    """Write cookies into a header each, as servers do."""
    told = response.headers.popall("set-cookie", [])
    for value in told:
        for name in ("sessionid=", "UserContext="):
            first, comma, second = value.partition(", " + name)
            if comma:
                response.headers.add("set-cookie", first)
                response.headers.add("set-cookie", name + second)


async def _sent(
    server: DavExchange, request: web.Request, response: web.StreamResponse, reply: Reply
) -> web.StreamResponse:
    faults = server.faults
    response.content_length = len(reply.body)
    await response.prepare(request)
    body = reply.body[: len(reply.body) // 2] if faults.cut else reply.body
    size = max(1, len(body) // 8) if faults.drip else max(1, len(body))
    for place in range(0, len(body), size):
        await response.write(body[place : place + size])
        await asyncio.sleep(faults.drip)
    if faults.cut and request.transport is not None:
        request.transport.close()
    return response


@asynccontextmanager
async def serving(
    server: DavExchange, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve on loopback until left; yields the origin."""
    runner = web.AppRunner(application(server), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    bound = runner.addresses[0][1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{bound}"
    try:
        yield server.origin
    finally:
        await runner.cleanup()


def grant(server: DavExchange, account: str, right: str = "Owner") -> None:
    """Give an account a right to every mailbox: Owner is FullAccess, Reviewer the calendar."""
    for box in server.organization.mailboxes.values():
        box.delegates[account.lower()] = right


async def main() -> None:
    """Serve a small organization."""
    parser = argparse.ArgumentParser(description="An Exchange 2003/2007 in memory, over WebDAV")
    parser.add_argument("--port", type=int, default=5281)
    parser.add_argument("--year", type=int, choices=(2003, 2007), default=2003)
    parser.add_argument("--forms", action="store_true", help="forms-based sign-on")
    parser.add_argument("--user", default="EXAMPLE\\svc:secret", help="name:password")
    parser.add_argument("--people", type=int, default=10)
    options = parser.parse_args()
    name, _, password = options.user.partition(":")
    server = DavExchange(year=options.year, forms=options.forms)
    people = [(f"person{n}@example.test", f"Person {n}") for n in range(1, options.people + 1)]
    seed(server.organization, service=(name, password), people=people)
    grant(server, name)
    async with serving(server, options.port) as origin:
        print(f"{origin}/exchange/  account {name}, {len(people)} mailboxes, {options.year}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
