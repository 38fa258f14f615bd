"""Real aiohttp servers on loopback, and guarded clients of them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from kalends.net.address import AddressRules
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.contract import Credential, HttpOptions
from kalends.net.guarded import GuardedClient
from kalends.net.tls import TlsOptions, context
from kalends.net.transport import AioTransport
from kalends.runtime import Runtime
from tests.acceptance.net.authority import Authority
from tests.patience import PATIENCE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Server:
    """A running server and what it has seen."""

    url: str
    port: int
    seen: list[web.Request]

    def authorizations(self) -> list[str | None]:
        return [request.headers.get("Authorization") for request in self.seen]


@dataclass(frozen=True)
class Options:
    """The network's part of ``[server]``."""

    allowed_networks: tuple[str, ...] = ()


class Network:
    """Starts servers and clients; everything ends with the test."""

    def __init__(self, stack: AsyncExitStack, authority: Authority) -> None:
        self._stack = stack
        self.authority = authority
        self.breakers = MemoryBreakers()
        self.wall = 1_800_000_000.0

    async def serve(
        self, handler: Handler, tls: ssl.SSLContext | None = None, name: str = "127.0.0.1"
    ) -> Server:
        seen: list[web.Request] = []

        async def record(request: web.Request) -> web.StreamResponse:
            seen.append(request)
            return await handler(request)

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", record)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port: int = runner.addresses[0][1]
        return Server(f"{'https' if tls else 'http'}://{name}:{port}/", port, seen)

    def runtime(self) -> Runtime:
        return Runtime()

    def client(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        trusted: bool = True,
        networks: tuple[str, ...] = (),
        resolver: AbstractResolver | None = None,
        runtime: Runtime | None = None,
        options: type[HttpOptions] = HttpOptions,
        **keys: Any,
    ) -> GuardedClient:
        made = options(url=url, **keys)

        def transport(options: HttpOptions, rules: AddressRules) -> AioTransport:
            tls = context(TlsOptions(options.ca_file, options.certificate_pins))
            return AioTransport(rules, tls, resolver=resolver)

        factory = http_factory(
            runtime or self.runtime(),
            Options(networks),
            self.breakers,
            transport=transport if resolver else None,
        )
        client = factory("acme", "source", made, lambda: credential, trusted=trusted)
        self._stack.push_async_callback(client.close)
        return client


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with AsyncExitStack() as stack:
        yield Network(stack, Authority(tmp_path))


async def plain(request: web.Request) -> web.Response:
    del request
    return web.Response(text="hello")


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
