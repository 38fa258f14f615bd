"""A desk to ask the emulator from: SOAP by hand, every answer held against Microsoft's schema."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import pytest
from lab.exchange.http import Ask, Reply
from lab.exchange.mailbox import Mailbox
from lab.exchange.seed import Plan, book, seed
from lab.exchange.server import ExchangeServer
from lab.exchange.xml import M, T
from lxml import etree

from tests.fixtures_dir import FIXTURES
from tests.unit.wire.ews.schema import schema as microsoft

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
ERRORS = "{http://schemas.microsoft.com/exchange/services/2006/errors}"
ANNA = "anna@example.test"
BEA = "bea@example.test"
SERVICE = ("svc@example.test", "secret")
CALENDAR = '<t:DistinguishedFolderId Id="calendar"/>'
IDS = "<t:BaseShape>IdOnly</t:BaseShape>"


@cache
def schema() -> etree.XMLSchema | None:
    """Return Microsoft's schema; None where it is not here (answers go unvalidated then)."""
    return microsoft() if FIXTURES is not None else None


@dataclass
class Desk:
    """A server with two people, and a way to ask it."""

    server: ExchangeServer
    user: tuple[str, str] = SERVICE
    impersonate: str = ANNA
    asked: str = ""
    """RequestServerVersion; empty: the server's newest that clients know."""
    now: list[float] = field(default_factory=lambda: [1_772_000_000.0])
    headers: dict[str, str] = field(default_factory=dict)
    context: str = ""

    @property
    def anna(self) -> Mailbox:
        """Return Anna's mailbox."""
        return self.server.organization.mailboxes[ANNA]

    def send(self, body: str, *, version: str = "") -> Reply:
        """Send one operation."""
        asked = version or self.asked or _newest(self.server)
        who = ""
        if self.impersonate:
            who = (
                "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>"
                f"{self.impersonate}</t:PrimarySmtpAddress></t:ConnectingSID>"
                "</t:ExchangeImpersonation>"
            )
        envelope = (
            f'<s:Envelope xmlns:s="{SOAP[1:-1]}" xmlns:m="{M[1:-1]}" xmlns:t="{T[1:-1]}">'
            f'<s:Header><t:RequestServerVersion Version="{asked}"/>{who}{self.context}</s:Header>'
            f"<s:Body>{body}</s:Body></s:Envelope>"
        )
        basic = base64.b64encode(":".join(self.user).encode()).decode()
        headers = {"authorization": f"Basic {basic}", **self.headers}
        return self.server.handle(Ask("POST", "/EWS/Exchange.asmx", headers, envelope.encode()))

    def ask(self, body: str, *, version: str = "") -> etree._Element:
        """Send one operation; return the answer's body, which is valid."""
        reply = self.send(body, version=version)
        assert reply.status == 200, reply.body.decode()
        return content(reply.body)

    def codes(self, body: str, *, version: str = "") -> list[str]:
        """Return the response codes of an operation."""
        return [one.text or "" for one in self.ask(body, version=version).iter(M + "ResponseCode")]

    def fault(self, body: str, *, version: str = "") -> str:
        """Send what is refused as a whole; return the fault's code."""
        reply = self.send(body, version=version)
        assert reply.status == 500, reply.body.decode()
        found = etree.fromstring(reply.body).find(f".//{ERRORS}ResponseCode")
        assert found is not None
        return found.text or ""

    def view(
        self,
        start: str,
        end: str,
        *,
        fields: str = "",
        attributes: str = "",
        base: str = "AllProperties",
    ) -> list[etree._Element]:
        """Return the items of a CalendarView."""
        return list(
            self.ask(view(start, end, fields=fields, attributes=attributes, base=base)).iter(
                T + "CalendarItem"
            )
        )


def view(
    start: str, end: str, *, fields: str = "", attributes: str = "", base: str = "AllProperties"
) -> str:
    """Return a FindItem with a CalendarView."""
    more = f"<t:AdditionalProperties>{fields}</t:AdditionalProperties>" if fields else ""
    return (
        f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>{base}</t:BaseShape>{more}'
        f'</m:ItemShape><m:CalendarView {attributes} StartDate="{start}" EndDate="{end}"/>'
        f"<m:ParentFolderIds>{CALENDAR}</m:ParentFolderIds></m:FindItem>"
    )


def content(body: bytes) -> etree._Element:
    """Return the operation's answer of an envelope, after holding it against the schema."""
    found = next(iter(etree.fromstring(body).iterfind(f"{SOAP}Body/*")))
    known = schema()
    if known is not None:
        alone = etree.fromstring(etree.tostring(found))
        assert known.validate(alone), f"{known.error_log}\n{etree.tostring(found).decode()}"
    return found


def value(node: etree._Element, name: str) -> str:
    """Return the text of the first element of a name below."""
    for space in (T, M):
        found = node.find(f".//{space}{name}")
        if found is not None:
            return found.text or ""
    return ""


def _newest(server: ExchangeServer) -> str:
    return server.version.newest if server.version.year < 2013 else "Exchange2013_SP1"


def desk(named: str = "2019") -> Desk:
    """Return a server of a version with Anna and Bea, an appointment, a series."""
    server = ExchangeServer(named=named)
    made = Desk(server)
    server.organization.now = lambda: made.now[0]
    seed(server.organization, service=SERVICE, people=[(ANNA, "Anna Berg"), (BEA, "Bea Alm")])
    book(server.organization, plan("Budget & <figures>", "2026-03-02T09:00", "2026-03-02T10:00"))
    weekly = ("Tuesday",)
    book(server.organization, plan("Weekly", "2026-03-03T09:00", "2026-03-03T10:00", weekly))
    return made


def plan(subject: str, start: str, end: str, weekly: tuple[str, ...] = ()) -> Plan:
    """Return a plan for Anna; times are UTC."""
    begin, finish = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (start, end))
    return Plan(ANNA, subject, begin, finish, weekly=weekly)


every_version = pytest.mark.parametrize(
    "named", ["2007 SP1", "2010", "2010 SP2", "2013", "2016", "2019", "SE"]
)
