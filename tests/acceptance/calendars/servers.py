"""Starts real CalDAV servers on free loopback ports, and writes to them as Anna's client does."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from lab.dav.serve import basic

from tests.patience import PATIENCE
from tests.ports import free_port

RADICALE = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/collections
[rights]
type = from_file
file = {folder}/rights
[logging]
level = warning
"""
RIGHTS = """\
[root]
user: .+
collection:
permissions: R
[service]
user: svc
collection: .*
permissions: Rr
[own]
user: .+
collection: {user}(/.*)?
permissions: RrWw
"""
USERS = "svc:secret\nanna@acme.example:annas\nbo:bos\n"
XML = "application/xml; charset=utf-8"
AVAILABILITY = """\
<d:propertyupdate xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>
<c:calendar-availability>{text}</c:calendar-availability></d:prop></d:set></d:propertyupdate>
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    home: str
    """Path of Anna's home."""
    user: str
    password: str

    async def ask(self, method: str, path: str, body: str = "", **headers: str) -> int:
        """Send a request as Anna; returns the status."""
        if self.user:
            headers["Authorization"] = basic(self.user, self.password)
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, self.url.rstrip("/") + path, data=body.encode(), headers=headers
            ) as answer,
        ):
            return answer.status

    async def make(self, name: str) -> str:
        """Make a calendar of Anna's; returns its path."""
        path = f"{self.home}{name}/"
        assert await self.ask("MKCALENDAR", path) == 201
        return path

    async def put(self, path: str, body: bytes) -> None:
        """Write an object."""
        status = await self.ask("PUT", path, body.decode(), **{"Content-Type": "text/calendar"})
        assert status in (201, 204), status

    async def available(self, text: str) -> None:
        """Set Anna's availability, as her client does (RFC 7953), at her home."""
        body = AVAILABILITY.format(text=text)
        assert await self.ask("PROPPATCH", self.home, body, **{"Content-Type": XML}) == 207

    async def delete(self, path: str) -> None:
        """Delete an object."""
        assert await self.ask("DELETE", path) in (200, 204)


@asynccontextmanager
async def radicale(folder: Path) -> AsyncIterator[Server]:
    """Run Radicale, where ``svc`` may read everything and people their own."""
    _needs("radicale")
    port = free_port()
    (folder / "config").write_text(RADICALE.format(port=port, folder=folder))
    (folder / "rights").write_text(RIGHTS)
    (folder / "users").write_text(USERS)
    command = [sys.executable, "-m", "radicale", "--config", str(folder / "config")]
    async with _running(command, port, folder):
        yield Server(
            f"http://127.0.0.1:{port}/", "/anna@acme.example/", "anna@acme.example", "annas"
        )


@asynccontextmanager
async def xandikos(folder: Path) -> AsyncIterator[Server]:
    """Run Xandikos, which knows one user and asks for no password."""
    _needs("xandikos")
    port = free_port()
    command = [
        sys.executable, "-m", "xandikos", "serve", "--directory", str(folder / "store"),
        "--state-dir", str(folder / "state"), "--current-user-principal", "/anna/", "--defaults",
        "--no-detect-systemd", "--listen-address", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    async with _running(command, port, folder):
        yield Server(f"http://127.0.0.1:{port}/", "/anna/calendars/", "", "")


@asynccontextmanager
async def _running(command: list[str], port: int, folder: Path) -> AsyncIterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            deadline = time.monotonic() + PATIENCE
            while not await _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{command[2]} did not start:\n{(folder / 'log').read_text()}")
                await asyncio.sleep(0.05)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
