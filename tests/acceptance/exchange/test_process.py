"""The emulator as a process of its own, commanded from outside while a client talks to it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.acceptance.exchange.environment import exchangelib
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow


@asynccontextmanager
async def emulator(*options: str) -> AsyncIterator[dict[str, Any]]:
    """Run it; yield what it says of itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lab.exchange", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE))
    finally:
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def command(ready: dict[str, Any], name: str, /, **arguments: object) -> dict[str, Any]:
    async with (
        ClientSession() as session,
        session.post(f"{ready['control']}/{name}", json=arguments) as reply,
    ):
        found: dict[str, Any] = await reply.json()
        return found


async def test_a_change_commanded_from_outside_is_streamed_to_a_client() -> None:
    async with emulator("--mailboxes", "500", "--version", "2016") as ready:
        assert (ready["mailboxes"], ready["version"]) == (500, "2016")
        person = "person417@example.test"
        async with exchangelib(ready["ews"], "streaming", mailbox=person) as client:
            assert await client.says() == "listening"
            made = await command(ready, "book", mailbox=person, minutes=45)
            assert "CreatedEvent" in await client.says()
        assert (await command(ready, "change", mailbox=person))["item"] == made["item"]
        counted = await command(ready, "counters")
        assert counted["requests"]["Subscribe"] == 1
        assert (counted["streams"], counted["sign_in_failures"]) == (1, 0)
        assert 0 < counted["connections"] < counted["requests_total"]


async def test_faults_are_switched_on_and_off_and_sign_ins_counted() -> None:
    async with emulator("--mailboxes", "2") as ready:
        await command(ready, "faults", busy=5000)
        person = "person1@example.test"
        async with exchangelib(ready["ews"], "look", mailbox=person) as client:
            assert (await client.says())[0] == "ErrorServerBusy"
        assert (await command(ready, "faults", reset=True))["busy"] is None
        await command(ready, "account", name=ready["account"], password="other")
        async with exchangelib(ready["ews"], "look", mailbox=person) as client:
            assert (await client.says())[0] == "UnauthorizedError"
        assert (await command(ready, "counters"))["sign_in_failures"] > 0
        assert "no such fault" in (await command(ready, "faults", rain=True))["error"]
        assert "no such mailbox" in (await command(ready, "book", mailbox="x@y.test"))["error"]


async def test_the_control_port_has_a_command_line() -> None:
    async with emulator("--mailboxes", "3") as ready:
        words = ("book", "mailbox=person2@example.test", "subject=Walk", "minutes=15")
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "lab.exchange.control", ready["control"], *words],
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert json.loads(done.stdout)["item"] == 21
        assert (await command(ready, "counters"))["mailboxes"] == 4  # the account has one too
