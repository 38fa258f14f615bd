"""The server as a function of requests: ``handle(Ask) -> Reply``."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import SimpleCookie
from weakref import WeakKeyDictionary

from lxml import etree

from lab.exchange import access, autodiscover, signin
from lab.exchange.counters import Counters
from lab.exchange.faults import Faults
from lab.exchange.http import Ask, Reply
from lab.exchange.mailbox import Mailbox
from lab.exchange.operations import OPERATIONS, ORDER, SINCE, notify
from lab.exchange.organization import Account, Organization, Subscription
from lab.exchange.pushes import Push
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.signin import Connection, SignIn
from lab.exchange.soap import Call, envelope, fault, message, messages, operation, version_asked
from lab.exchange.streams import Stream
from lab.exchange.versions import Version, version
from lab.exchange.xml import M, Node, T, answer, children, local

HTML = b"<!DOCTYPE html><html><body><form action='/owa/auth.owa'>Sign in</form></body></html>"
EWS = "/ews/exchange.asmx"


class ExchangeServer:
    """One Exchange server (or a load-balanced set of them) in front of an organization."""

    def __init__(
        self,
        organization: Organization | None = None,
        named: str = "2019",
        *,
        name: str = "",
        backends: int = 1,
    ) -> None:
        self.organization = organization or Organization()
        self.version: Version = version(named)
        self.name = name
        """Which server this is, where an organization has several; mailboxes name their site."""
        self.backends = backends
        self.faults = Faults()
        self.asked: list[tuple[str, Ask]] = []
        """(operation, request) of every EWS request, for tests that look at what was sent."""
        self.remember = True
        self.minute = 60.0
        """Seconds one minute of ConnectionTimeout, Timeout and heartbeats lasts."""
        self.subscription_limit = self.version.subscriptions
        self.find_count = self.version.find_count
        self.concurrency = self.version.concurrency
        self.hanging = self.version.hanging
        self.running: Counter[str] = Counter()
        """Whose budget → requests in work, counted by ``serve``."""
        self.transports: WeakKeyDictionary[asyncio.BaseTransport, Connection] = WeakKeyDictionary()
        """Connections that asked something and are open, kept by ``serve``."""
        self.streams: dict[str, Stream] = {}
        """Subscription → the connection that reads it."""
        self.connected: set[Stream] = set()
        self.pushes: dict[str, Push] = {}
        """Push subscriptions by id; ``serve`` makes their calls."""
        self.pushed: Callable[[], None] = lambda: None
        """Called when one of them may have something to say."""
        self.counters = Counters()
        self.sign_in = SignIn()
        self.origin = "http://exchange.test"

    @property
    def url(self) -> str:
        """Return the URL of EWS."""
        return f"{self.origin}/EWS/Exchange.asmx"

    def handle(self, ask: Ask, connection: Connection | None = None) -> Reply:
        """Answer one request; ``connection`` is what its TCP connection remembers."""
        reply = self._faulty() or self._answer(ask, connection or Connection())
        now = datetime.fromtimestamp(self.organization.now() + self.faults.clock_skew, UTC)
        reply.headers.setdefault("date", format_datetime(now, usegmt=True))
        reply.headers.setdefault("server", "Microsoft-IIS/10.0")
        reply.headers.setdefault("request-id", str(uuid.uuid4()))
        if self.faults.illegal_references and reply.status == 200:
            reply.body = reply.body.replace(b"</t:Subject>", b"&#x0;&#x1F;</t:Subject>")
        if self.faults.truncated and len(reply.body) > 20:
            reply.body = reply.body[: len(reply.body) * 2 // 3]
        return reply

    def _faulty(self) -> Reply | None:
        faults = self.faults
        if faults.unauthorized:
            faults.unauthorized -= faults.unauthorized > 0
            return signin.refused(self)
        if faults.status:
            return Reply(faults.status, {"content-type": "text/html"}, HTML)
        if faults.html:
            return Reply(200, {"content-type": "text/html"}, HTML)
        return None

    def _answer(self, ask: Ask, connection: Connection) -> Reply:
        path = ask.path.partition("?")[0].lower()
        if path.startswith("/oauth2/"):
            return signin.token(self, ask) if path.endswith("/token") else Reply(404)
        if path.startswith("/autodiscover/"):
            told = autodiscover.unsigned(self) or signin.authenticate(self, ask, connection)
            return told if isinstance(told, Reply) else autodiscover.handle(self, ask)
        if path != EWS:
            return Reply(404)
        account = signin.authenticate(self, ask, connection)
        if isinstance(account, Reply):
            return account
        if ask.method != "POST":
            return Reply(200, {"content-type": "text/html"}, HTML)
        try:
            return self._operation(ask, account)
        except Refusal as refusal:
            return self._xml(500, fault(self, refusal), {})

    def claimed(self, ask: Ask, connection: Connection | None = None) -> str:
        """Return the name a request signs in with, right or wrong; empty: none."""
        told = signin.claim(ask)
        if told is None and connection is not None and connection.account is not None:
            return connection.account.name.lower()
        return told[0].lower() if told else ""

    # --- EWS ----------------------------------------------------------------------------------
    def _operation(self, ask: Ask, account: Account) -> Reply:
        body, header = operation(ask)
        name = local(body)
        self.counters.requests[name] += 1
        if self.remember:
            self.asked.append((name, ask))
        self._busy(name)
        if self.faults.fault:
            raise Fault(self.faults.fault)
        asked = version_asked(header)
        self._check_request(name, body, header, asked)
        call = Call(self, ask, account, body, asked)
        context = (
            header.find(f"{T}TimeZoneContext/{T}TimeZoneDefinition") if header is not None else None
        )
        if context is not None and self.version.zones:  # 2007 skips headers it does not know
            call.context = context.get("Id", "")
        other = access.impersonated(self.organization, account, header, self.version.year)
        call.impersonating = other is not None
        call.actor = other or self.organization.mailbox(account.mailbox)
        if self.faults.busy_inside:
            return self._xml(200, envelope(self, self._refusing(name, _inside())), {})
        if name in self.faults.codes:
            refusal = Refusal(self.faults.codes[name])
            return self._xml(200, envelope(self, self._refusing(name, refusal)), {})
        if name == "GetStreamingEvents":
            return self._stream(call)
        content = OPERATIONS[name](call)
        if call.push is not None:
            one, url, frequency = call.push
            self.pushes[one.id] = Push(self, one, url, frequency)
            self.pushed()
        return self._xml(200, envelope(self, content), call.headers)

    def _busy(self, name: str) -> None:
        faults = self.faults
        chosen = not faults.busy_operations or name in faults.busy_operations
        if faults.busy_without_time and chosen:
            raise Fault(
                "ErrorServerBusy", values={"Policy": "MaxConcurrency", "MaxConcurrencyLimit": "27"}
            )
        wait = faults.back_off(self.organization.now()) if chosen else None
        if wait is not None:
            raise Fault("ErrorServerBusy", values={"BackOffMilliseconds": str(wait)})

    def _check_request(self, name: str, body: Node, header: Node | None, asked: str) -> None:
        if not self.version.takes(asked):
            raise Fault("ErrorInvalidServerVersion")
        known = name in OPERATIONS or name == "GetStreamingEvents"
        if not known or SINCE.get(name, 2007) > self.version.year:
            raise Fault("ErrorSchemaValidation", f"The operation '{name}' is not known.")
        if name == "GetStreamingEvents" and not self.version.streaming:
            raise Fault("ErrorSchemaValidation", f"The operation '{name}' is not known.")
        wanted = ORDER.get(name)
        names = [local(one) for one in children(body)]
        if wanted and [one for one in wanted if one in names] != names:
            raise Fault(
                "ErrorSchemaValidation",
                f"The request failed schema validation: '{name}' has invalid child elements.",
            )

    def _refusing(self, name: str, refusal: Refusal) -> Node:
        if name.endswith("Request"):  # availability and automatic replies have no such messages
            raise Fault(refusal.code, refusal.text, refusal.values)
        root = answer(name + "Response")
        with message(messages(root), name):
            raise refusal
        return root

    def _stream(self, call: Call) -> Reply:
        wanted = notify.subscription_ids(call.body)
        text = call.body.findtext(M + "ConnectionTimeout") or ""
        if not wanted or len(wanted) > 200 or not text.isdecimal() or not 1 <= int(text) <= 30:
            raise Fault("ErrorSchemaValidation")
        payer = call.account.name
        if self.version.charges_target and call.impersonating and call.actor is not None:
            payer = call.actor.address
        open_now = sum(1 for one in self.connected if one.payer == payer)
        if self.hanging and open_now >= self.hanging:
            raise Fault("ErrorExceededConnectionCount")
        alive: list[Subscription] = []
        dead: list[str] = []
        here = self.backend(call, call.actor)
        for key in wanted:
            try:
                one = notify.subscription(call, key, ("streaming",))
            except Refusal:
                dead.append(key)
                continue
            if one.backend == here:
                alive.append(one)
            else:
                dead.append(key)
        stream = Stream(self, payer, alive, dead, int(text) * self.minute)
        reply = self._xml(200, b"", call.headers)
        reply.stream = stream
        return reply

    def backend(self, call: Call, box: Mailbox | None) -> int:
        """Return which back end serves a request: the cookie's, the anchor's, the mailbox's."""
        if self.backends == 1 or self.version.year < 2013:
            return 0
        headers = call.ask.headers
        prefers = headers.get("x-preferserveraffinity", "").lower() == "true"
        jar = SimpleCookie(headers.get("cookie", ""))
        if prefers and "X-BackEndOverrideCookie" in jar:
            return int(jar["X-BackEndOverrideCookie"].value.rpartition("~")[2])
        anchor = self.organization.mailbox(headers.get("x-anchormailbox", ""))
        home = anchor or box
        found = home.database % self.backends if home else 0
        if prefers:
            call.headers["set-cookie"] = (
                f"X-BackEndOverrideCookie=backend~{found}; path=/; HttpOnly"
            )
        return found

    def _xml(self, status: int, body: bytes, headers: dict[str, str]) -> Reply:
        cookie = f"exchangecookie={uuid.uuid4().hex}; path=/; HttpOnly"
        kind = {"content-type": "text/xml; charset=utf-8", "set-cookie": cookie}
        return Reply(status, {**kind, **headers}, body)


def _inside() -> Refusal:
    return Refusal(
        "ErrorInternalServerError",
        "An internal server error occurred. The operation failed.",
        {
            "InnerErrorMessageText": "The server is busy.",
            "InnerErrorResponseCode": "ErrorServerBusy",
        },
    )


def parse(body: bytes) -> Node:
    """Return an answer's tree, for tests."""
    return etree.fromstring(body)
