"""Anna's mailbox on the emulated Exchange, written to in iCalendar's words."""

from __future__ import annotations

import re
from typing import Any, Final

from lab.exchange.calendar import Appointment

from kalends.calendars.contract import CalendarRef, CalendarSource
from kalends.errors import TooLarge
from kalends.kinds import ews
from kalends.model.http import Request, Response
from kalends.net.contract import Limits
from tests.contract.calendars.appointments import broken, properties, series
from tests.exchange_lab import ANNA, SERVICE, ExchangeLab, ExchangeTransport

ORIGIN: Final = "https://127.0.0.1:8443"
URL: Final = f"{ORIGIN}/EWS/Exchange.asmx"
_ITEM: Final = re.compile(rb"<t:CalendarItem>.*?</t:CalendarItem>", re.DOTALL)
_START: Final = re.compile(rb"<t:Start>[^<]*</t:Start>")


class BreakingTransport(ExchangeTransport):
    """Carries answers in which some appointments are broken, or bodies are missing."""

    broken: frozenset[str] = frozenset()
    empty: bool = False
    padding: bytes = b""
    replaced: tuple[bytes, bytes] = (b"", b"")

    async def exchange(self, request: Request, limits: Limits) -> Response:
        response = await super().exchange(request, limits)
        if self.replaced[0]:
            body = response.body.replace(*self.replaced)
            return Response(response.status, response.headers, body, response.url)
        body = b"" if self.empty else _ITEM.sub(self._broken, response.body) + self.padding
        if len(body) > limits.body_bytes:
            raise TooLarge("the answer is too large")
        return Response(response.status, response.headers, body, response.url)

    def _broken(self, found: re.Match[bytes]) -> bytes:
        item = found[0]
        if any(f"<t:UID>{uid}</t:UID>".encode() in item for uid in self.broken):
            return _START.sub(b"<t:Start>never</t:Start>", item)
        return item


def reference(**more: Any) -> CalendarRef:
    """Return Anna's calendar."""
    return CalendarRef(
        organization="acme",
        person="anna",
        source="exchange",
        name="default",
        url=ANNA,
        emails=(ANNA,),
        timezone="Europe/Stockholm",
        trusted=True,
        **more,
    )


class EwsWorld(ExchangeLab):
    """An Exchange of some version that the service account may read as everybody."""

    cannot = frozenset({"floating", "owner-address"})
    poll_requests = 1
    asides = 2

    def __init__(self, version: str = "2016", **options: Any) -> None:
        super().__init__(version, url=URL, max_bytes=500_000, **options)
        self.server.origin = ORIGIN
        self.breaking = BreakingTransport({ORIGIN: self.server})
        self.transport = self.breaking
        assert ews.KIND.source is not None
        self.source: CalendarSource = ews.KIND.source(self.endpoint, self.place(), self.options)
        self.ref = reference()
        self._hidden: dict[int, Appointment] = {}
        self._forgetting = False
        self._delegate = False

    def shared(self) -> None:
        """Let the calendar be shared with the account, and nothing else allowed."""
        self._delegate = True
        self.anna.sees_private = {SERVICE}
        self.trouble("")

    def requests(self) -> int:
        return len(self.transport.sent)

    def asked(self) -> list[str]:
        """Return the operations since the last look."""
        found = self.transport.operations()
        self.transport.sent.clear()
        return found

    # --- writing ----------------------------------------------------------------------------------
    def put(self, uid: str, *lines: str, override: tuple[str, ...] = ()) -> None:
        told = properties(lines)
        self.breaking.broken -= {uid}
        if broken(told):
            self.breaking.broken |= {uid}
            told = properties(("DTSTART:20260303T110000Z", "DURATION:PT1H"))
        item = series(told, override)
        for one in (item, *item.exceptions.values()):
            one.uid = uid
        known = self._item(uid)
        if known is None:
            self.anna.add(item, self.organization.moment())
            return
        item.number, item.created, item.change = known.number, known.created, known.change
        self.anna.items[known.number] = item
        self.anna.changed(item, self.organization.moment())

    def delete(self, uid: str) -> None:
        item = self._item(uid)
        assert item is not None
        if self._forgetting:
            del self.anna.items[item.number]
        else:
            self.anna.remove(item, self.organization.moment())

    def _item(self, uid: str) -> Appointment | None:
        return next((one for one in self.anna.items.values() if one.uid == uid), None)

    # --- trouble ----------------------------------------------------------------------------------
    def trouble(self, kind: str) -> None:
        faults = self.server.faults
        faults.unauthorized = -1 if kind == "sign-in" else 0
        faults.busy = 120_000 if kind == "throttled" else None
        faults.html = kind == "html"
        faults.truncated = kind == "truncated"
        faults.mailbox_codes = {ANNA: "ErrorNonExistentMailbox"} if kind == "gone" else {}
        self.transport.down = kind == "down"
        self.breaking.empty = kind == "empty-body"
        self.breaking.padding = b" " * 500_000 if kind == "too-large" else b""
        self.account.impersonates = set() if kind == "denied" or self._delegate else None
        if self._delegate:
            self.anna.delegates = {} if kind == "denied" else {SERVICE: "Reviewer"}
        self.anna.default_right = "None" if kind == "denied" else "FreeBusy"
        self._forgetting = kind == "forgotten"
        self._emptied(kind == "emptied")
        if not kind:
            self.clock.at += 3600

    def _emptied(self, emptied: bool) -> None:
        """Show nothing of what is there, without a word of any change."""
        self.anna.items |= self._hidden
        self._hidden = dict(self.anna.items) if emptied else {}
        if emptied:
            self.anna.items.clear()
