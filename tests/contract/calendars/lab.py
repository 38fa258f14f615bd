"""The lab's server behind the real guarded client, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lab.dav.http import Ask
from lab.dav.server import DavServer

from kalends.endpoints.kind import Place, Services
from kalends.errors import TooLarge, Unreachable
from kalends.model.http import Request, Response
from kalends.model.organization import OrganizationSettings
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.contract import Limits, Streamed
from kalends.runtime import Runtime

ORGANIZATION = OrganizationSettings(
    id="acme", name="Acme AB", timezone="Europe/Stockholm", domains=("acme.example",)
)


@dataclass
class Whole:
    """A stream that has ended before it is read."""

    answer: Response

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        return self.answer.headers

    def header(self, name: str) -> str:
        return self.answer.header(name)

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.answer.body:
            yield self.answer.body


@dataclass
class LabTransport:
    """Carries requests to servers in this process; what leads nowhere is remembered too."""

    servers: dict[str, DavServer] = field(default_factory=dict)
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

    @asynccontextmanager
    async def stream(
        self, request: Request, limits: Limits, silence: float
    ) -> AsyncIterator[Streamed]:
        yield Whole(await self.exchange(request, limits))

    async def close(self) -> None:
        """Nothing is open."""

    def with_credential(self) -> set[str]:
        """Return the origins that were shown a credential."""
        return {
            "/".join(request.url.split("/")[:3])
            for request in self.sent
            if any(name.lower() == "authorization" for name, _ in request.headers)
        }


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


@dataclass
class Clock:
    """Seconds that pass when told to."""

    at: float = 1_772_000_000.0

    def __call__(self) -> float:
        return self.at


def services(transport: LabTransport, clock: Clock | None = None) -> Services:
    """Return what a process lends to kinds, with the lab at the other end of the wire."""
    clock = clock or Clock()
    runtime = Runtime(now=clock, monotonic=clock, inline=True)
    factory = http_factory(
        runtime, _Addresses(), MemoryBreakers(), transport=lambda _options, _rules: transport
    )
    return Services(runtime, factory)


def place(
    source: str = "dav",
    *,
    trusted: bool = True,
    uploads: dict[tuple[str, str], bytes] | None = None,
) -> Place:
    """Return where a source belongs; its password is ``secret``."""

    async def uploaded(person: str, name: str) -> bytes | None:
        return (uploads or {}).get((person, name))

    return Place(
        ORGANIZATION, source, trusted, lambda name: "secret" if name == "password" else None,
        uploaded=uploaded,
    )  # fmt: skip
