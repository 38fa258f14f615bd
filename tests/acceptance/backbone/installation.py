"""A whole installation as an operator has it: Radicale, ``kalends serve``, a webhook receiver.

Everything is a real process on loopback; nothing of Kalends runs inside the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohttp import web
from standardwebhooks.webhooks import Webhook

from kalends.demo.calendar_server import PASSWORD, USER, CalendarServer
from kalends.demo.organization import ZONE, DemoBooking
from tests.patience import PATIENCE
from tests.ports import free_port

SECRET = "whsec_ZGVtby1zZWNyZXQtb2Yta2FsZW5kcy0wMTIzNDU2Nzg5"


@dataclass
class Told:
    """One webhook, as it came."""

    at: float
    data: dict[str, Any]


@dataclass
class Served:
    """``kalends serve`` and a webhook receiver (``receiving``); its calendars are elsewhere."""

    folder: Path
    http: int
    hook: int
    environment: dict[str, str]
    """What ``password_env`` and ``secret_env`` of its configuration name."""
    told: list[Told] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def config(self) -> Path:
        return self.folder / "kalends.toml"

    def start(self) -> None:
        environment = os.environ | {"HOOK_SECRET": SECRET} | self.environment
        log = (self.folder / "kalends.log").open("ab")
        command = [sys.executable, "-m", "kalends", "serve", "--config", str(self.config)]
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def child(self, name: str) -> psutil.Process:
        """Return the running engine or web process."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if name in child.cmdline():
                    return child
        raise AssertionError(f"no {name} runs")

    def kalends(self, *words: str) -> str:
        """Run the command line as a person would and return what it prints."""
        command = [sys.executable, "-m", "kalends", *words, "--config", str(self.config)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def get(self, path: str) -> Any:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {self.token}"}
            async with session.get(f"http://127.0.0.1:{self.http}{path}", headers=headers) as got:
                assert got.status == 200, await got.text()
                return await got.json()

    async def presence(self, person: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/api/v1/people/{person}/presence")
        return found

    def last(self, person: str) -> dict[str, Any]:
        """Return what the webhook was told last about a person."""
        return next((one.data for one in reversed(self.told) if one.data["person"] == person), {})

    def when(self, person: str, activity: str) -> float:
        """Return when the webhook was first told a person's activity."""
        return next(
            one.at
            for one in self.told
            if one.data["person"] == person and one.data["activity"] == activity
        )


@dataclass
class Installation(Served):
    """One whose calendars are on a Radicale. Start it with ``running``."""

    calendars: CalendarServer = field(kw_only=True)

    def book(self, person: str, subject: str, start: datetime, seconds: float) -> str:
        uid = f"{person}-{uuid.uuid4().hex}"
        end = start + timedelta(seconds=seconds)
        self.calendars.put(person, DemoBooking(uid, subject, start, end))
        return uid


async def until(true: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Wait for a condition, or fail saying what never happened."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(AssertionError, aiohttp.ClientError):
            found = true()
            if await found if isinstance(found, Awaitable) else found:
                return
        assert time.monotonic() < deadline, f"never: {what}"
        await asyncio.sleep(0.02)


def in_seconds(seconds: float) -> datetime:
    """Return a full second at least this far ahead, in the organization's zone."""
    at = datetime.now(UTC) + timedelta(seconds=seconds + 1)
    return at.replace(microsecond=0).astimezone(ZONE)


@asynccontextmanager
async def running(
    folder: Path,
    people: tuple[str, ...],
    more: str = "",
    *,
    database: str = "sqlite:///data/kalends.db",
) -> AsyncIterator[Installation]:
    """Run an installation with these people, each with an empty calendar."""
    server = CalendarServer(folder / "calendars", free_port())
    await asyncio.to_thread(server.start)
    secrets = {"DAV_PASSWORD": PASSWORD}
    found = Installation(folder, free_port(), free_port(), secrets, calendars=server)
    try:
        for person in people:
            await asyncio.to_thread(server.ensure_calendar, person, person)
        found.config.write_text(_configuration(found, people, database) + more, "utf-8")
        async with receiving(found):
            await up(found)
            said = await asyncio.to_thread(
                found.kalends, "token", "create", "--role", "attendant", "t"
            )
            found.token = said.split()[-1]
            yield found
    finally:
        server.stop()


@asynccontextmanager
async def receiving(found: Served) -> AsyncIterator[None]:
    """Receive its webhooks; it is stopped in the end, if it runs."""
    receiver = await _receive(found)
    try:
        yield
    finally:
        if found.process is not None and found.process.poll() is None:
            await asyncio.to_thread(found.stop)
        await receiver.cleanup()


async def up(found: Served) -> None:
    """Start it, and wait until it is ready."""
    found.start()
    await until(lambda: found.config.with_name("data").joinpath("kalends.sock").exists(), "up")
    await until(lambda: _ready(found), "ready")


async def _ready(found: Served) -> bool:
    url = f"http://127.0.0.1:{found.http}/health/ready"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status == 200


async def _receive(found: Served) -> web.AppRunner:
    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers))
        found.told.append(Told(time.time(), json.loads(body)["data"]))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/", hook)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", found.hook).start()
    return runner


def _configuration(found: Installation, people: tuple[str, ...], database: str) -> str:
    text = f"""
[server]
database = "{database}"
run_directory = "data"
http = "127.0.0.1:{found.http}"

[[organizations]]
id = "acme"
name = "Acme AB"
timezone = "Europe/Stockholm"
language = "sv"
domains = ["acme.example"]

[[organizations.sources]]
id = "dav"
kind = "caldav"
url = "{found.calendars.url}"
username = "{USER}"
password_env = "DAV_PASSWORD"
poll_seconds = 1

[[organizations.sinks]]
id = "hook"
kind = "webhook"
url = "http://127.0.0.1:{found.hook}/"
secret_env = "HOOK_SECRET"
"""
    for person in people:
        text += f"""
[[organizations.people]]
id = "{person}"
name = "{person.title()} Berg"
emails = ["{person}@acme.example"]
sip = "sip:{person}@acme.example"
calendars = [{{ source = "dav", url = "/{USER}/{person}/" }}]
"""
    return text
