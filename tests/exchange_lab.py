"""The emulated Exchange behind the real guarded client, without a socket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from lab.exchange.http import Ask
from lab.exchange.organization import Organization
from lab.exchange.server import ExchangeServer

from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.endpoints.kind import Place, Services
from kalends.errors import TooLarge, Unreachable
from kalends.model.http import Request, Response
from kalends.model.organization import OrganizationSettings
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.contract import Limits, Streamed
from kalends.runtime import Runtime

ORIGIN: Final = "https://mail.acme.example"
URL: Final = f"{ORIGIN}/EWS/Exchange.asmx"
DOMAIN: Final = "acme.example"
ANNA: Final = "anna@acme.example"
BO: Final = "bo@acme.example"
SERVICE: Final = "svc@acme.example"
SETTINGS: Final = OrganizationSettings(
    id="acme", name="Acme AB", timezone="Europe/Stockholm", domains=(DOMAIN,)
)
_OPERATION: Final = re.compile(rb"<s(?:oap)?:Body><m:(\w+)|Body>\s*<(?:\w+:)?(\w+)")


@dataclass
class Clock:
    """Seconds that pass when told to."""

    at: float = 1_772_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class ExchangeTransport:
    """Carries requests to servers in this process; all that was sent is remembered."""

    servers: dict[str, ExchangeServer] = field(default_factory=dict)
    """By origin."""
    sent: list[Request] = field(default_factory=list)
    down: bool = False
    before: Callable[[Request], None] = lambda request: None
    """Called with every request before it is answered."""

    async def exchange(self, request: Request, limits: Limits) -> Response:
        self.sent.append(request)
        self.before(request)
        scheme, _, rest = request.url.partition("://")
        host, _, path = rest.partition("/")
        server = self.servers.get(f"{scheme}://{host}")
        if server is None or self.down:
            raise Unreachable(f"no connection to {host}")
        headers = {name.lower(): value for name, value in request.headers}
        await asyncio.sleep(0)  # others are asked meanwhile
        reply = server.handle(Ask(request.method, "/" + path, headers, request.body))
        await asyncio.sleep(0)
        if len(reply.body) > limits.body_bytes:
            raise TooLarge("the answer is too large")
        return Response(reply.status, dict(reply.headers), reply.body, request.url)

    @asynccontextmanager
    async def stream(
        self, request: Request, limits: Limits, silence: float
    ) -> AsyncIterator[Streamed]:
        raise Unreachable("streams do not pass here")
        yield

    async def close(self) -> None:
        """Nothing is open."""

    def operations(self) -> list[str]:
        """Return the names of the operations sent so far."""
        found = []
        for request in self.sent:
            told = _OPERATION.search(request.body)
            found.append((told[1] or told[2]).decode() if told else request.method)
        return found

    def with_credential(self) -> set[str]:
        """Return the hosts that were shown a credential."""
        return {
            request.url.split("/")[2]
            for request in self.sent
            if any(name.lower() == "authorization" for name, _ in request.headers)
        }


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


class ExchangeLab:
    """An organization with Anna and Bo, one server, and the way there."""

    def __init__(self, version: str = "2016", **options: Any) -> None:
        self.clock = Clock()
        self.organization = Organization(DOMAIN, now=self.clock)
        self.organization.add_mailbox(SERVICE, "Service")
        self.account = self.organization.add_account(
            SERVICE, "secret", mailbox=SERVICE, impersonates=None
        )
        self.anna = self.organization.add_mailbox(ANNA, "Anna Berg")
        self.bo = self.organization.add_mailbox(BO, "Bo Ek")
        self.server = ExchangeServer(self.organization, version)
        self.server.origin = ORIGIN
        self.transport = ExchangeTransport({ORIGIN: self.server})
        self.password = "secret"
        given = options or {"url": URL}
        self.options = ExchangeOptions(username=SERVICE, **given)
        self.services = self._services()
        self.endpoint = ExchangeEndpoint(self.services, self.place(), self.options)

    def place(self) -> Place:
        """Return where the source belongs."""
        return Place(
            SETTINGS, "exchange", True, lambda name: self.password if name == "password" else None
        )

    def mailbox(self, address: str = ANNA) -> Mailbox:
        """Return a mailbox to ask for."""
        return Mailbox(address)

    def autodiscovered(self) -> None:
        """Let Autodiscover of the domain be answered by the server."""
        self.transport.servers[f"https://{DOMAIN}"] = self.server

    def _services(self) -> Services:
        runtime = Runtime(now=self.clock, monotonic=self.clock, inline=True)
        factory = http_factory(
            runtime,
            _Addresses(),
            MemoryBreakers(),
            transport=lambda _options, _rules: self.transport,
        )
        return Services(runtime, factory)
