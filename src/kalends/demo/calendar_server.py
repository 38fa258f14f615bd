"""The demo's calendar server: Radicale in a process of its own, and writing into it."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kalends.demo.ical import ics, read
from kalends.demo.organization import DemoBooking, DemoPerson
from kalends.errors import UserError

USER: Final = "svc"
PASSWORD: Final = "demo"  # noqa: S105 - the demo's own server, on loopback only
START_SECONDS: Final = 120.0
"""How long it may take to start on a small or busy machine; where it ends, that is told at once."""
ANSWER_SECONDS: Final = 30.0
"""How long it may take to answer there."""


@dataclass(slots=True)
class CalendarServer:
    """A Radicale on loopback with its files below ``directory``."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def title(self) -> str:
        """Return what it is called where the demo speaks of it."""
        return "a calendar server"

    @property
    def url(self) -> str:
        """Return the base address, ending in a slash."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start the server and wait until it answers; ``UserError`` where it does not."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "users").write_text(f"{USER}:{PASSWORD}\n", "utf-8")
        config = self.directory / "radicale.ini"
        config.write_text(_CONFIG.format(port=self.port, directory=self.directory), "utf-8")
        log = (self.directory / "radicale.log").open("wb")
        command = [sys.executable, "-m", "radicale", "--config", str(config)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - our own command line
        begun = time.monotonic()
        while self.process.poll() is None and time.monotonic() - begun < START_SECONDS:
            if self.answers():
                return
            time.sleep(0.05)
        raise UserError(
            f"The demo's calendar server did not start; its log is {self.directory}/radicale.log. "
            "If the module is missing: pip install 'kalends[demo]'"
        )

    def stop(self) -> None:
        """End the server."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_SECONDS)

    def ensure_calendar(self, name: str, title: str) -> None:
        """Create a calendar collection unless it is there."""
        body = _MKCALENDAR.format(title=title.replace("&", "&amp;")).encode()
        status, _ = self._send("MKCALENDAR", f"{USER}/{name}/", body, "application/xml")
        if status not in {201, 405, 409}:
            raise UserError(f"The demo's calendar server refused a calendar: HTTP {status}.")

    def put(self, calendar: str, booking: DemoBooking) -> None:
        """Write a booking; the same uid replaces the one before."""
        body = ics(booking)
        status, _ = self._send("PUT", f"{USER}/{calendar}/{booking.uid}.ics", body, "text/calendar")
        if status not in {200, 201, 204}:
            raise UserError(f"The demo's calendar server refused the booking: HTTP {status}.")

    def booking(self, calendar: str, uid: str) -> DemoBooking | None:
        """Return a booking; None where it is not there."""
        status, body = self._send("GET", f"{USER}/{calendar}/{uid}.ics")
        return read(body) if status == 200 else None

    def delete(self, calendar: str, uid: str) -> bool:
        """Remove a booking; False where it was not there."""
        status, _ = self._send("DELETE", f"{USER}/{calendar}/{uid}.ics")
        return status in {200, 204}

    def uids(self, calendar: str) -> list[str]:
        """Return the uids of a calendar, ordered."""
        folder = self.directory / "collections" / "collection-root" / USER / calendar
        return sorted(path.stem for path in folder.glob("*.ics"))

    def source(self) -> list[str]:
        """Return its ``[[organizations.sources]]`` in kalends.toml, from ``id`` on."""
        return ['id = "dav"', 'kind = "caldav"', f'url = "{self.url}"', "poll_seconds = 2"]

    def calendar(self, person: DemoPerson) -> Mapping[str, Any]:
        """Return a person's entry of ``calendars`` in kalends.toml."""
        return {"source": "dav", "url": f"/{USER}/{person.id}/"}

    def invitation(self) -> str:
        """Return how other clients reach it."""
        return f"Any CalDAV client: {self.url}  user {USER}, password {PASSWORD}"

    def ended(self) -> bool:
        """Tell whether it was started and runs no more."""
        return self.process is not None and self.process.poll() is not None

    def answers(self) -> bool:
        """Tell whether a server listens and is not failing."""
        try:
            return self._send("OPTIONS", "")[0] < 500
        except OSError:
            return False

    def _send(
        self, method: str, path: str, body: bytes | None = None, kind: str = ""
    ) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, data=body, method=method)  # noqa: S310 - our own loopback address
        token = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        if kind:
            request.add_header("Content-Type", f"{kind}; charset=utf-8")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - see above
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""


_CONFIG: Final = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {directory}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {directory}/collections
[logging]
level = warning
"""

_MKCALENDAR: Final = """\
<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>{title}</D:displayname>
<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>
</D:prop></D:set></C:mkcalendar>
"""
