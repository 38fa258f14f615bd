"""The demo's Exchange: the emulator in a process of its own, and writing into it over EWS.

Nothing of the emulator is imported: it is a program of its own that the demo runs and talks to
over HTTP, as with any Exchange. It keeps nothing, so bookings made by hand lie in files below
``directory`` as well and are put in again at each start.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from lxml import etree

from kalends.demo.calendar_server import ANSWER_SECONDS, PASSWORD, START_SECONDS, USER
from kalends.demo.ical import ics, read
from kalends.demo.organization import DemoBooking, DemoPerson, people
from kalends.errors import UserError

DOMAIN: Final = "acme.example"
_M: Final = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
_T: Final = "{http://schemas.microsoft.com/exchange/services/2006/types}"
_BY_HAND: Final = "-hand-"


def emulators() -> Path:
    """Return the directory from which ``lab`` can be run: in the wheel, or the checkout."""
    here = Path(__file__).resolve().parent
    for place in (here / "emulators", here.parents[2]):
        if (place / "lab" / "exchange" / "__main__.py").exists():
            return place
    raise UserError("The emulator of Exchange is not installed; it comes with the kalends wheel.")


@dataclass(slots=True)
class ExchangeServer:
    """An emulated Exchange on loopback; ``directory`` holds what was booked by hand."""

    directory: Path
    port: int
    version: str = "2016"
    """Of ``choices.VERSIONS``."""
    process: subprocess.Popen[bytes] | None = None
    _ids: dict[str, dict[str, str]] = field(default_factory=dict)
    """Calendar → uid → item id."""

    @property
    def title(self) -> str:
        """Return what it is called where the demo speaks of it."""
        return f"an emulated Exchange {self.version.replace('_', ' ')}"

    @property
    def url(self) -> str:
        """Return the address of EWS."""
        return f"http://127.0.0.1:{self.port}/EWS/Exchange.asmx"

    def start(self) -> None:
        """Start it and wait until it answers; ``UserError`` where it does not."""
        self.directory.mkdir(parents=True, exist_ok=True)
        listed = self.directory / "mailboxes"
        lines = (f"{one.id}@{DOMAIN}\t{one.name}" for one in people())
        listed.write_text("\n".join(lines) + "\n", "utf-8")
        command = [
            sys.executable, "-m", "lab.exchange", "--port", str(self.port), "--people", str(listed),
            "--version", self.version.replace("_", " "), "--domain", DOMAIN, "--mailboxes", "0",
            "--user", f"{USER}:{PASSWORD}", "--always-at-work",  # somebody shows it at night
        ]  # fmt: skip
        log = self.directory / "exchange.log"
        with log.open("wb") as sink:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                command, stdout=subprocess.PIPE, stderr=sink, start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(emulators())},
            )  # fmt: skip
        self._ids.clear()
        assert self.process.stdout is not None
        if not self.process.stdout.readline():  # it says one line when it is ready
            raise UserError(f"The emulated Exchange did not start; its log is {log}.")

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_SECONDS)

    def ended(self) -> bool:
        """Tell whether it was started and runs no more."""
        return self.process is not None and self.process.poll() is not None

    def answers(self) -> bool:
        """Tell whether a server listens and is not failing."""
        try:
            return self._send(b"")[0] < 500
        except OSError:
            return False

    def ensure_calendar(self, name: str, title: str) -> None:
        """Put in again what was booked by hand; the calendar itself is there."""
        del title
        for path in sorted((self.directory / "by-hand" / name).glob("*.ics")):
            self.put(name, read(path.read_bytes()))

    def put(self, calendar: str, booking: DemoBooking) -> None:
        """Write a booking; the same uid replaces the one before."""
        self._remove(calendar, booking.uid)
        text = ics(booking)
        answer = self._ask(calendar, _CREATE.format(content=b64encode(text).decode()))
        self._known(calendar)[booking.uid] = _id(answer)
        if _BY_HAND in booking.uid:
            path = self._file(calendar, booking.uid)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)

    def booking(self, calendar: str, uid: str) -> DemoBooking | None:
        """Return a booking; None where it is not there."""
        number = self._known(calendar).get(uid)
        if number is None:
            return None
        found = self._ask(calendar, _GET.format(id=escape(number))).findtext(f".//{_T}MimeContent")
        return read(b64decode(found or ""))

    def delete(self, calendar: str, uid: str) -> bool:
        """Remove a booking; False where it was not there."""
        self._file(calendar, uid).unlink(missing_ok=True)
        return self._remove(calendar, uid)

    def uids(self, calendar: str) -> list[str]:
        """Return the uids of a calendar, ordered."""
        return sorted(self._known(calendar))

    def source(self) -> list[str]:
        """Return its ``[[organizations.sources]]`` in kalends.toml, from ``id`` on."""
        return ['id = "exchange"', 'kind = "ews"', f'url = "{self.url}"', "poll_seconds = 5"]

    def calendar(self, person: DemoPerson) -> Mapping[str, Any]:
        """Return a person's entry of ``calendars`` in kalends.toml: found by e-mail address."""
        del person
        return {"source": "exchange"}

    def invitation(self) -> str:
        """Return how other clients reach it."""
        return f"Any EWS client: {self.url}  user {USER}, password {PASSWORD}, impersonating"

    # --- EWS ----------------------------------------------------------------------------------
    def _known(self, calendar: str) -> dict[str, str]:
        if calendar not in self._ids:
            found = {}
            for item in self._ask(calendar, _FIND).iter(_T + "CalendarItem"):
                found[item.findtext(_T + "UID") or ""] = _id(item)
            self._ids[calendar] = found
        return self._ids[calendar]

    def _remove(self, calendar: str, uid: str) -> bool:
        number = self._known(calendar).pop(uid, None)
        if number is not None:
            self._ask(calendar, _DELETE.format(id=escape(number)))
        return number is not None

    def _file(self, calendar: str, uid: str) -> Path:
        return self.directory / "by-hand" / calendar / f"{quote(uid, safe='')}.ics"

    def _ask(self, calendar: str, operation: str) -> etree._Element:
        body = _ENVELOPE.format(address=escape(f"{calendar}@{DOMAIN}"), operation=operation)
        status, answer = self._send(body.encode())
        root = etree.fromstring(answer, _PARSER) if status == 200 else None
        code = root.findtext(f".//{_M}ResponseCode") if root is not None else f"HTTP {status}"
        if root is None or code != "NoError":
            raise UserError(f"The demo's Exchange refused the booking: {code}.")
        return root

    def _send(self, body: bytes) -> tuple[int, bytes]:
        method = "POST" if body else "GET"
        request = urllib.request.Request(self.url, data=body or None, method=method)  # noqa: S310 - our own loopback address
        token = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        request.add_header("Content-Type", "text/xml; charset=utf-8")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - see above
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""


def _id(node: etree._Element) -> str:
    found = node.find(f".//{_T}ItemId")
    if found is None:
        raise UserError("The demo's Exchange named no item.")
    return str(found.get("Id"))


_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
_ENVELOPE: Final = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    f' xmlns:m="{_M[1:-1]}" xmlns:t="{_T[1:-1]}"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2007_SP1"/><t:ExchangeImpersonation>'
    "<t:ConnectingSID><t:PrimarySmtpAddress>{address}</t:PrimarySmtpAddress></t:ConnectingSID>"
    "</t:ExchangeImpersonation></s:Header><s:Body>{operation}</s:Body></s:Envelope>"
)
_CREATE: Final = (
    '<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>'
    '<t:DistinguishedFolderId Id="calendar"/></m:SavedItemFolderId><m:Items><t:CalendarItem>'
    "<t:MimeContent>{content}</t:MimeContent></t:CalendarItem></m:Items></m:CreateItem>"
)
_FIND: Final = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
    '<t:AdditionalProperties><t:FieldURI FieldURI="calendar:UID"/></t:AdditionalProperties>'
    '</m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/>'
    "</m:ParentFolderIds></m:FindItem>"
)
_GET: Final = (
    "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true"
    '</t:IncludeMimeContent></m:ItemShape><m:ItemIds><t:ItemId Id="{id}"/></m:ItemIds></m:GetItem>'
)
_DELETE: Final = (
    '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds>'
    '<t:ItemId Id="{id}"/></m:ItemIds></m:DeleteItem>'
)
