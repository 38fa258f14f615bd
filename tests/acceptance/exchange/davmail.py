"""DavMail from Debian: a CalDAV server that keeps everything in an Exchange."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientSession, ClientTimeout
from lab.exchange.serve import basic

from tests.patience import PATIENCE

JAR = Path("/usr/share/davmail/davmail.jar")
_SETTINGS = """davmail.server=true
davmail.mode={mode}
davmail.url={url}
davmail.caldavPort={port}
davmail.imapPort=
davmail.smtpPort=
davmail.popPort=
davmail.ldapPort=
davmail.bindAddress=127.0.0.1
davmail.disableUpdateCheck=true
davmail.enableKeepalive=false
davmail.caldavPastDelay=0
davmail.logFilePath={log}
davmail.logFileSize=0
log4j.rootLogger=WARN
log4j.logger.davmail=DEBUG
"""
_QUERY = (
    '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><D:getetag/>'
    '<C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
    '<C:comp-filter name="VEVENT">{span}</C:comp-filter></C:comp-filter></C:filter>'
    "</C:calendar-query>"
)


class DavMail:
    """A CalDAV client in front of one, signed in as somebody."""

    def __init__(self, session: ClientSession, origin: str, log: Path) -> None:
        self.session = session
        self.origin = origin
        self.log = log

    async def send(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        """Send one request; return status and body."""
        kind = "text/calendar" if method == "PUT" else "text/xml"
        async with self.session.request(
            method,
            self.origin + path,
            data=body.encode(),
            headers={"content-type": kind, **headers},
        ) as reply:
            text = await reply.text()
            if reply.status >= 500:
                pytest.fail(f"{reply.status} {text}\n{self.log.read_text()[-4000:]}")
            return reply.status, text

    async def events(self, home: str, span: tuple[str, str] | None = None) -> dict[str, str]:
        """Return address → iCalendar of what a calendar holds (or shows of a span)."""
        inner = f'<C:time-range start="{span[0]}" end="{span[1]}"/>' if span else ""
        status, text = await self.send("REPORT", home, _QUERY.format(span=inner), Depth="1")
        assert status == 207, text
        found = {}
        for one in ET.fromstring(text).iter("{DAV:}response"):
            data = one.findtext(".//{urn:ietf:params:xml:ns:caldav}calendar-data")
            href = one.findtext("{DAV:}href")
            if data and href:
                found[href] = data
        return found


@asynccontextmanager
async def davmail(
    url: str, place: Path, user: str, password: str, *, mode: str = "EWS"
) -> AsyncIterator[DavMail]:
    """Run DavMail in front of an EWS (or WebDav); skips where it is not installed."""
    java = shutil.which("java")
    if java is None or not JAR.exists():
        pytest.skip("DavMail or Java is not installed (make packages)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings, log = place / "davmail.properties", place / "davmail.log"
    settings.write_text(_SETTINGS.format(url=url, port=port, log=log, mode=mode))
    process = await asyncio.create_subprocess_exec(
        java, "-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Duser.home={place}", "-jar", str(JAR),
        str(settings), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _listening(port, process)
        signed = {"authorization": basic(user, password)}
        async with ClientSession(headers=signed, timeout=ClientTimeout(PATIENCE)) as session:
            yield DavMail(session, f"http://127.0.0.1:{port}", log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.returncode is None and time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.2)
            continue
        writer.close()
        return
    pytest.fail("DavMail did not begin to listen")
