"""The web process: a reader, a line to the engine, and the HTTP server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from kalends import observe
from kalends.app.awaiting import when_there
from kalends.app.watched import end_with_parent, until_stopped
from kalends.bus.local import open_bus
from kalends.config import Configuration, ServerOptions, load
from kalends.engine.pacing import calm_collector
from kalends.errors import NotYet, UserError
from kalends.runtime import Runtime
from kalends.store import open_keys, open_reader
from kalends.store.contract import Reader
from kalends.web.options import WebOptions
from kalends.web.serving import serve

log = observe.logger(__name__)

UNMENDABLE: Final = 78
PATIENCE: Final = 30.0
"""Seconds in which what cannot be opened may be because the engine is just making it."""


def run_web(config: Path) -> int:
    """Serve HTTP until told to stop; returns the exit code."""
    end_with_parent()
    try:
        configuration = load(config)
        server = configuration.server
        observe.configure(server.log_level, json=server.log_format == "json")
        asyncio.run(until_stopped(_work(configuration)))
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return UNMENDABLE
    except (Exception, SystemExit) as error:  # an unforeseen end: the supervisor starts anew
        log.critical("web.failed", exc_info=error)
        return 1
    return 0


async def _work(configuration: Configuration) -> None:
    server, runtime = configuration.server, Runtime()
    reader = await _reader(server, runtime)
    try:
        bus = await open_bus(server.socket_path(), runtime, hub=False)
        try:
            await serve(reader, bus, runtime, web_options(server), started=_calm)
        finally:
            await bus.close()
    finally:
        await reader.close()


def _calm(port: int) -> None:
    """Spare the collector what was loaded: each snapshot of many people has it walk everything."""
    del port
    calm_collector()


async def _reader(server: ServerOptions, runtime: Runtime) -> Reader:
    """Open the database, waiting for the engine to make it, or to bring it up to date."""
    deadline = runtime.monotonic() + PATIENCE

    async def opened() -> Reader:
        try:
            vault = await open_keys(server.database, server.key_path())
            return await open_reader(server.database, vault, runtime)
        except UserError as error:
            if runtime.monotonic() > deadline:
                raise
            raise NotYet(str(error)) from error

    return await when_there(opened, runtime)


def web_options(server: ServerOptions) -> WebOptions:
    """Return what ``[server]`` says about the web."""
    host, port = server.http_address()
    return WebOptions(
        host=host,
        port=port,
        public_url=server.public_url,
        hosts=server.hosts,
        trusted_proxies=server.trusted_proxies,
        metrics_networks=server.metrics_networks,
        sessions=server.directory() / "sessions.db",
    )
