"""Anna's mailbox at an emulated Exchange 2003 or 2007, behind the real guarded client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from lab.exchange.calendar import Appointment
from lab.exchange.http import Ask
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Organization
from lab.exchange_dav.faults import Faults
from lab.exchange_dav.server import DavExchange

from kalends.calendars.contract import CalendarRef, CalendarSource
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.errors import TooLarge, Unreachable
from kalends.kinds import exchange_webdav
from kalends.model.http import Request, Response
from kalends.net.breaker import BreakerStore
from kalends.net.contract import Limits
from tests.contract.calendars.appointments import broken, properties, series
from tests.contract.calendars.lab import Clock, place, services
from tests.contract.calendars.worlds import reference

ORIGIN: Final = "https://127.0.0.1:8443"
ACCOUNT: Final = "ACME\\svc"


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
        await asyncio.sleep(0)  # others are asked meanwhile
        reply = server.handle(Ask(request.method, "/" + path, headers, request.body))
        await asyncio.sleep(0)
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
    asides = 0

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
        told = properties(lines)
        if broken(told):
            told = properties(("DTSTART:20260310T110000Z",))
        made = series(told, override)
        if broken(properties(lines)):
            made.properties = {"urn:schemas:calendar:dtstart": "never"}
        made.uid = uid
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
