"""The engine process: store, bus, network and kinds put together from the configuration."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from kalends import observe
from kalends.app.awaiting import when_there
from kalends.app.lock import only_one
from kalends.app.watched import end_with_parent, until_stopped
from kalends.bus.contract import Bus
from kalends.bus.local import open_bus
from kalends.config import Configuration, load
from kalends.config.server import ServerOptions
from kalends.endpoints.kind import Services, kinds
from kalends.engine.channels import channels
from kalends.engine.engine import Engine, EngineOptions
from kalends.engine.pacing import calm_collector
from kalends.engine.whole_file import apply_command
from kalends.errors import ConfigurationError, KalendsError, Problem, UserError
from kalends.net.client import HttpClients, http_factory
from kalends.runtime import Runtime
from kalends.store import open_keys, open_store
from kalends.store.contract import Store
from kalends.workers import WorkerPool

log = observe.logger(__name__)

UNMENDABLE: Final = 78
"""Exit code for what no restart can mend; see ``supervisor``."""


def run_engine(config: Path) -> int:
    """Run the engine until told to stop; returns the exit code."""
    end_with_parent()
    try:
        kinds()  # whoever adds a source of another kind later must not hold up the loop
        configuration = load(config)
        server = configuration.server
        observe.configure(server.log_level, json=server.log_format == "json")
        with only_one(server.directory() / "kalends.engine.lock"):
            asyncio.run(until_stopped(_work(configuration)))
    except UserError as error:  # configuration errors, too: tell, and do not try again
        print(error, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return UNMENDABLE
    except Exception as error:  # an unforeseen end: the supervisor starts anew
        log.critical("engine.failed", exc_info=_first(error))
        return 1
    return 0


async def _work(configuration: Configuration) -> None:
    async with opened(configuration) as engine:
        await engine.start()
        calm_collector()
        running = asyncio.create_task(engine.run())
        try:
            await apply_file(engine, configuration)
            await running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await engine.stop()


@asynccontextmanager
async def opened(configuration: Configuration) -> AsyncIterator[Engine]:
    """Put an engine together on real parts; everything is closed at the end, in order."""
    server = configuration.server
    async with AsyncExitStack() as stack:
        workers = WorkerPool(server.workers)
        stack.push_async_callback(workers.close)
        runtime = Runtime(workers=workers)
        store = await when_there(partial(_store, server, runtime), runtime)
        stack.push_async_callback(store.close)
        bus = await open_bus(server.socket_path(), runtime, hub=True)
        stack.push_async_callback(bus.close)
        http = http_factory(runtime, server, store)
        options = EngineOptions(
            owner=f"{socket.gethostname()}:{server.directory()}",
            channels=channels(server, http, runtime, http.breakers),
            directory=server.directory(),
        )
        yield Engine(store, bus, runtime, _services(runtime, http, bus, store, server), options)


async def _store(server: ServerOptions, runtime: Runtime) -> Store:
    vault = await open_keys(server.database, server.key_path(), create=True)
    return await open_store(server.database, vault, runtime)


def _services(
    runtime: Runtime, http: HttpClients, bus: Bus, store: Store, server: ServerOptions
) -> Services:
    return Services(runtime, http, bus, breakers=store, networks=server.allowed_networks)


async def apply_file(engine: Engine, configuration: Configuration) -> None:
    """Make what is stored follow the operator's file.

    Raises ``ConfigurationError`` with every problem, and ``KalendsError`` where the store is in
    trouble: then a new start may help. A file that would remove too much is not followed, but does
    not keep the engine from working either: people go on as stored.
    """
    answer = await engine.handle(await apply_command(configuration.organizations, "file"))
    if answer.ok:
        log.info("configuration.applied", pid=os.getpid())
    elif answer.code == "refused":
        log.error("configuration.refused", reason=answer.message)
    elif answer.code == "invalid":
        raise ConfigurationError([Problem(**problem) for problem in answer.problems])
    else:
        raise KalendsError(f"the configuration could not be stored: {answer.message}")


def _first(error: BaseException) -> BaseException:
    """Return what made a task group end."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
