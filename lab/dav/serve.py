"""The server on a loopback port: ``python -m lab.dav.serve`` or ``async with serving(…)``."""

from __future__ import annotations

import argparse
import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from lab.dav.http import Ask
from lab.dav.server import DavServer


def application(server: DavServer) -> web.Application:
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
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


@asynccontextmanager
async def serving(server: DavServer, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback until left; yields the origin."""
    runner = web.AppRunner(application(server), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    bound = runner.addresses[0][1]
    server.origin = f"http://127.0.0.1:{bound}"
    try:
        yield server.origin
    finally:
        await runner.cleanup()


def basic(user: str, password: str) -> str:
    """Return an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def main() -> None:
    """Serve one user with one empty calendar."""
    parser = argparse.ArgumentParser(description="A CalDAV server in memory")
    parser.add_argument("--port", type=int, default=5232)
    parser.add_argument("--user", default="svc:secret", help="name:password")
    options = parser.parse_args()
    name, _, password = options.user.partition(":")
    server = DavServer()
    server.tree.add_user(name, password, f"{name}@example.test")
    server.tree.add_calendar(f"/calendars/{name}/default/", name)
    async with serving(server, options.port) as origin:
        print(f"{origin}/calendars/{name}/default/  user {name}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
