"""An engine that hangs and wakes again: what was told to be undone stays undone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from kalends.bus.commands import ClearManual, Ping, PutPerson, SetManual, pack_command
from kalends.bus.contract import Bus
from kalends.bus.local import open_bus
from kalends.cli.session import ask, reading
from kalends.config import Configuration, load
from kalends.errors import NotBegun, UserError
from kalends.runtime import Runtime
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

TOML = """\
[server]
database = "sqlite:///k.db"
[[organizations]]
id = "acme"
name = "Acme AB"
[[organizations.people]]
id = "anna"
name = "Anna Berg"
"""
WHO: dict[str, Any] = {"organization": "acme", "actor": "cli"}
LUNCH = SetManual(**WHO, person="anna", activity="lunch")


@asynccontextmanager
async def engine(folder: Path) -> AsyncIterator[tuple[Configuration, int]]:
    """Run an engine that nobody supervises: it may hang for as long as it likes."""
    config = folder / "kalends.toml"
    config.write_text(TOML)
    command = [sys.executable, "-m", "kalends", "engine", "--config", str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        configuration = load(config)
        async with asyncio.timeout(PATIENCE):
            while not await follows(configuration):
                await asyncio.sleep(0.05)
        yield configuration, process.pid
    finally:
        process.kill()
        process.wait(PATIENCE)


async def follows(configuration: Configuration) -> bool:
    """Tell whether the engine is there and has taken up its file."""
    with contextlib.suppress(UserError):
        await ask(configuration, Ping(organization="*", actor="cli"), seconds=1)
        async with reading(configuration) as reader:
            return await reader.presence("acme", "anna") is not None
    return False


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def lasting(configuration: Configuration) -> AsyncIterator[Bus]:
    """Connect as the web does: who gives up one request stays connected for the next."""
    bus = await open_bus(configuration.server.socket_path(), Runtime(), hub=False)
    yield bus
    await bus.close()


async def test_what_was_given_up_while_the_engine_hung_is_not_done_when_it_wakes(
    tmp_path: Path,
) -> None:
    bo = PutPerson(**WHO, record={"id": "bo", "name": "Bo Ek"})
    async with engine(tmp_path) as (configuration, pid):
        await ask(configuration, ClearManual(**WHO, person="anna"))
        async with lasting(configuration) as bus:
            with hanging(pid):
                for command in (LUNCH, bo):
                    with pytest.raises(NotBegun):
                        await bus.request(pack_command(command), seconds=0.3)
                with pytest.raises(UserError, match="nothing was changed"):
                    await ask(configuration, LUNCH, seconds=0.3)
            # Answered behind those: the engine has met them, and done what it was to do.
            await bus.request(pack_command(ClearManual(**WHO, person="anna")), seconds=PATIENCE)
        async with reading(configuration) as reader:
            assert await reader.person("acme", "bo") is None
            actions = [one.action for one in await reader.audit("acme")]
        assert "clear-manual" in actions
        assert not {"set-manual", "put-person"} & set(actions)


async def test_an_engine_that_wakes_in_time_does_what_it_was_asked(tmp_path: Path) -> None:
    async with engine(tmp_path) as (configuration, pid):
        with hanging(pid):
            asked = asyncio.create_task(ask(configuration, LUNCH, seconds=PATIENCE))
            await asyncio.wait({asked}, timeout=0.5)
            assert not asked.done()
        assert (await asked)["presence"]["activity"] == "lunch"
