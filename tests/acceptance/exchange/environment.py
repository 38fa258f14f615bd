"""What tests need that is in no lock, installed on demand outside the repository.

exchangelib is synchronous and brings libraries the product must not lean on, so it lives alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE

VERSION = "5.6.0"
CLIENT = Path(__file__).with_name("exchangelib_client.py")


@cache
def python() -> str:
    """Return an interpreter that has exchangelib; skips where it cannot be installed."""
    name = f"exchangelib-{VERSION}-py{sys.version_info[0]}{sys.version_info[1]}"
    place = installed(name, lambda place: [
        [sys.executable, "-m", "venv", "--clear", str(place)],
        [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet",
         f"exchangelib=={VERSION}"],
    ])  # fmt: skip
    return str(place / "bin" / "python")


def installed(name: str, commands: Callable[[Path], list[list[str]]]) -> Path:
    """Return a directory that the commands fill, once per machine; skips where they fail."""
    base = Path(os.environ.get("KALENDS_TEST_CACHE") or Path.home() / ".cache" / "kalends-tests")
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:  # several test processes may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = base / name
        if not (place / "complete").exists():
            for command in commands(place):
                _run(command, name)
            (place / "complete").touch()
    return place


def _run(command: list[str], name: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as problem:
        pytest.skip(f"{name} cannot be installed: {problem}")
    if done.returncode:
        pytest.skip(f"{name} cannot be installed: {done.stderr[-200:]}")


class Client:
    """A running exchangelib script: what it says, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def says(self, seconds: float = PATIENCE) -> Any:
        """Return the next thing it says."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), seconds)
        if not line:
            assert self.process.stderr is not None
            pytest.fail((await self.process.stderr.read()).decode()[-3000:])
        return json.loads(line)


@asynccontextmanager
async def exchangelib(url: str, scenario: str, **options: str) -> AsyncIterator[Client]:
    """Run one scenario of the client script against a server."""
    process = await asyncio.create_subprocess_exec(
        python(), str(CLIENT), url, scenario, json.dumps(options),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 22,
    )  # fmt: skip
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
