"""Anna's mailbox at an emulated Exchange 2003 or 2007, behind the real guarded client."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from lab.exchange.calendar import Appointment
from lab.exchange.http import Ask
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Organization
from lab.exchange.recurrence import Recurrence
from lab.exchange.zones import DAYS
from lab.exchange_dav.faults import Faults
from lab.exchange_dav.server import DavExchange

from kalends.calendars.contract import CalendarRef, CalendarSource
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.errors import TooLarge, Unreachable
from kalends.kinds import exchange_webdav
from kalends.model.http import Request, Response
from kalends.net.breaker import BreakerStore
from kalends.net.contract import Limits
from tests.contract.calendars.lab import Clock, place, services
from tests.contract.calendars.worlds import reference

ORIGIN: Final = "https://127.0.0.1:8443"
STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
ACCOUNT: Final = "ACME\\svc"
_ZONE: Final = "W. Europe Standard Time"
_PARTSTATS: Final = {
    "ACCEPTED": "Accept",
    "DECLINED": "Decline",
    "TENTATIVE": "Tentative",
    "NEEDS-ACTION": "NoResponseReceived",
}


@dataclass
class ExchangeTransport:
    """Carries requests to emulators in this process; what leads nowhere is remembered too."""

    servers: dict[str, DavExchange] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    down: bool = False

    async def exchange(self, request: Request, limits: Limits) -> Response:
        self.sent.append(request)
        origin, slash, rest = request.url.partition("//")
        host, _, path = rest.partition("/")
        server = self.servers.get(f"{origin}{slash}{host}")
        if server is None or self.down:
            raise Unreachable("no such server in the lab")
        headers = {name.lower(): value for name, value in request.headers}
        reply = server.handle(Ask(request.method, "/" + path, headers, request.body))
        if len(reply.body) > limits.body_bytes:
            raise TooLarge("the answer is too large")
        return Response(reply.status, dict(reply.headers), reply.body, request.url)

    def stream(self, request: Request, limits: Limits, silence: float) -> Any:
        raise NotImplementedError("nothing streams here")

    async def close(self) -> None:
        """Nothing is open."""

    def secrets_shown_to(self) -> set[str]:
        """Return the origins that saw a credential, a cookie or the password."""
        return {
            "/".join(request.url.split("/")[:3])
            for request in self.sent
            if b"secret" in request.body
            or any(
                name.lower() in ("authorization", "cookie") and value != "PBack=0"
                for name, value in request.headers
            )
        }


class ExchangeWorld:
    """One mailbox, read by a service account with FullAccess."""

    cannot: frozenset[str] = frozenset()
    poll_requests = 1

    def __init__(
        self,
        year: int = 2003,
        *,
        forms: bool = False,
        faults: dict[str, Any] | None = None,
        breakers: BreakerStore | None = None,
        **options: Any,
    ) -> None:
        self.clock = Clock()
        self.organization = Organization("acme.example", self.clock)
        self.server = DavExchange(self.organization, year, forms=forms)
        self.server.origin = ORIGIN
        self._usual = faults or {}
        self.server.faults = Faults(**self._usual)
        self.transport = ExchangeTransport({ORIGIN: self.server})
        self.organization.add_account(ACCOUNT, "secret")
        self.anna = self.add_mailbox("anna@acme.example")
        self.services = services(self.transport, self.clock)  # type: ignore[arg-type]  # a transport too
        self._items: dict[str, Appointment] = {}
        told = {"access": "mailbox", "username": ACCOUNT, "max_bytes": 300_000, **options}
        self.options = exchange_webdav.ExchangeWebdavOptions(url=f"{ORIGIN}/", **told)
        self.endpoint: ExchangeDavEndpoint = exchange_webdav.KIND.endpoint(
            self.services, place("owa"), self.options
        )
        assert exchange_webdav.KIND.source is not None
        self.source: CalendarSource = exchange_webdav.KIND.source(
            self.endpoint, place("owa"), self.options
        )
        self.ref: CalendarRef = reference("owa", f"{ORIGIN}/exchange/anna@acme.example/")

    def add_mailbox(self, address: str) -> Mailbox:
        box = self.organization.add_mailbox(address)
        box.delegates[ACCOUNT.lower()] = "Owner"
        return box

    def requests(self) -> int:
        return len(self.transport.sent)

    def trouble(self, kind: str) -> None:
        faults = self.server.faults = Faults(**self._usual)
        self.transport.down = kind == "down"
        statuses = {"sign-in": 401, "throttled": 429, "denied": 403, "gone": 404}
        if kind in statuses:
            faults.status["/"] = statuses[kind]
            faults.retry_after = "120" if kind == "throttled" else ""
        faults.html = kind == "html"
        faults.empty_body = kind == "empty-body"
        faults.truncated = kind == "truncated"
        faults.emptied = kind == "emptied"
        faults.bomb = b"<x/>" * 100_000 if kind == "too-large" else b""
        faults.deaf = kind == "forgotten"
        if not kind:
            self.clock.at += 3600

    # --- appointments -------------------------------------------------------------------------
    def put(self, uid: str, *lines: str, override: tuple[str, ...] = ()) -> None:
        made = _appointment(lines)
        made.uid = uid
        if override:
            told = _told(override)
            original = _moment(*told["RECURRENCE-ID"])
            made.exceptions[original] = _appointment(override)
        known = self._items.get(uid)
        if known is None:
            self._items[uid] = self.anna.add(made)
            return
        made.number, made.change = known.number, known.change
        self.anna.items[known.number] = self._items[uid] = made
        self.anna.changed(made)

    def delete(self, uid: str) -> None:
        """Delete as Outlook does: it is moved away."""
        self.anna.move(self._items.pop(uid), "deleteditems")


def _told(lines: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return name → (parameters, value) of iCalendar lines."""
    found = {}
    for line in lines:
        head, _, value = line.partition(":")
        name, _, parameters = head.partition(";")
        found[name] = (parameters, value)
    return found


def _appointment(lines: tuple[str, ...]) -> Appointment:
    told = _told(lines)
    broken = {}
    if told["DTSTART"][1] == "never" or "SECONDLY" in told.get("RRULE", ("", ""))[1]:
        broken = {"urn:schemas:calendar:dtstart": "never"}
        told["DTSTART"] = ("", "20260310T110000Z")
    start = _moment(*told["DTSTART"])
    all_day = "VALUE=DATE" in told["DTSTART"][0]
    end = start + timedelta(hours=1)
    if all_day:
        end = _midnight(start.astimezone(STOCKHOLM).date() + timedelta(1))
    if "DTEND" in told:
        end = _moment(*told["DTEND"])
    partstat = told.get("ATTENDEE", ("", ""))[0].partition("PARTSTAT=")[2].partition(";")[0]
    return Appointment(
        0,
        start,
        end,
        subject=told.get("SUMMARY", ("", ""))[1],
        zone="UTC" if told["DTSTART"][1].endswith("Z") else _ZONE,
        all_day=all_day,
        busy="Free" if told.get("TRANSP", ("", ""))[1] == "TRANSPARENT" else "Busy",
        sensitivity=told.get("CLASS", ("", "Normal"))[1].capitalize(),
        categories=tuple(one for one in told.get("CATEGORIES", ("", ""))[1].split(",") if one),
        cancelled=told.get("STATUS", ("", ""))[1] == "CANCELLED",
        meeting="ORGANIZER" in told,
        organizer=told.get("ORGANIZER", ("", ""))[1].removeprefix("mailto:"),
        response=_PARTSTATS.get(partstat, "Organizer"),
        recurrence=_recurrence(told.get("RRULE", ("", ""))[1], start),
        properties=broken,
    )


def _recurrence(rule: str, start: datetime) -> Recurrence | None:
    told = dict(part.partition("=")[::2] for part in rule.split(";") if part)
    if told.get("FREQ") not in ("DAILY", "WEEKLY"):
        return None
    days = (DAYS[start.weekday()],) if told["FREQ"] == "WEEKLY" else ()
    count = int(told["COUNT"]) if "COUNT" in told else None
    return Recurrence(told["FREQ"].capitalize(), start.date(), days=days, number=count)


def _moment(parameters: str, value: str) -> datetime:
    if "VALUE=DATE" in parameters:
        return _midnight(datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC).date())
    naive = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  # given below
    zone = UTC if value.endswith("Z") else STOCKHOLM
    return naive.replace(tzinfo=zone).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=STOCKHOLM).astimezone(UTC)
