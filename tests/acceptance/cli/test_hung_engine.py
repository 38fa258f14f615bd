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

from kalends.bus.commands import AnyCommand, ClearManual, Ping, PutPerson, SetManual
from kalends.cli.session import ask, reading
from kalends.config import Configuration, load
from kalends.errors import UserError
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


async def told(configuration: Configuration, command: AnyCommand) -> str:
    with pytest.raises(UserError) as error:
        await ask(configuration, command, seconds=0.5)
    return str(error.value)


async def test_what_was_given_up_while_the_engine_hung_is_not_done_when_it_wakes(
    tmp_path: Path,
) -> None:
    bo = PutPerson(**WHO, record={"id": "bo", "name": "Bo Ek"})
    async with engine(tmp_path) as (configuration, pid):
        await ask(configuration, ClearManual(**WHO, person="anna"))
        with hanging(pid):
            for command in (LUNCH, bo):
                assert "nothing was changed" in await told(configuration, command)
        # Answered behind those two: the engine has met them.
        await ask(configuration, Ping(organization="*", actor="cli"))
        async with reading(configuration) as reader:
            anna = await reader.presence("acme", "anna")
            assert anna is not None
            assert anna.presence.set_by == ""
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
