"""Runs the web process' application under uvicorn, and stops it gracefully.

A graceful stop takes no new connections, lets running requests end, and ends live streams at
once: their clients come back by themselves and go on from their revision.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from kalends import observe
from kalends.bus.contract import Bus
from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.application import application
from kalends.web.options import WebOptions
from kalends.web.prompt import prompt

log = observe.logger(__name__)

GRACE: Final = 10
"""Seconds that running requests have at a stop."""


class Server(uvicorn.Server):
    """Uvicorn, started and stopped by us: signals belong to the process' supervisor."""

    def __init__(self, app: FastAPI, options: WebOptions) -> None:
        self._web = app.state.web
        super().__init__(
            uvicorn.Config(
                app,
                host=options.host,
                port=options.port,
                http=prompt(options.head_seconds),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # it would log paths, which name people
                server_header=False,
                proxy_headers=bool(options.trusted_proxies),
                forwarded_allow_ips=list(options.trusted_proxies),
                timeout_keep_alive=30,
                timeout_graceful_shutdown=GRACE,
                limit_concurrency=options.streams + 2000,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End live streams, then everything else."""
        self._web.hubs.stop()
        await super().shutdown(sockets)


async def serve(
    reader: Reader,
    bus: Bus,
    runtime: Runtime,
    options: WebOptions,
    *,
    started: Callable[[int], Any] | None = None,
) -> None:
    """Serve until cancelled; ``started`` is told the port."""
    server = Server(application(reader, bus, runtime, options), options)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started and not serving.done():
            await runtime.sleep(0.01)
        if server.started:
            port = server.servers[0].sockets[0].getsockname()[1]
            log.info("web.listening", address=options.host, port=port)
            if started is not None:
                started(port)
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
