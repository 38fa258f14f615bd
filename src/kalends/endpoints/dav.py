"""The shell around calendar servers reached by HTTP: CalDAV collections and ICS feeds.

Place in the flow: *source → endpoint → guarded client*. One endpoint belongs to one source of one
organization; it owns one client per origin. The service credential goes to the origin of the
source's own ``url`` (and its ``allowed_hosts``) alone; a calendar elsewhere is read with its own
credential or without any.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import OrderedDict
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from kalends.endpoints import dav_domain
from kalends.endpoints.kind import Place, Services
from kalends.errors import NotFound, Refused, SignInNeeded, SourceTrouble
from kalends.model.http import Request, Response
from kalends.net.account import account
from kalends.net.contract import Credential, HttpClient, HttpOptions, Limits, SignInOptions
from kalends.net.telling import nameless

MAX_ORIGINS: Final = 256
"""Clients kept open at once; the one used longest ago is closed."""
SETTLED_SECONDS: Final = 3600.0
_SECRET_BYTES: Final = 10_000


class DavOptions(HttpOptions, SignInOptions):
    """What CalDAV and ICS sources have in common."""

    poll_seconds: int
    max_bytes: int

    @property
    def named_domain(self) -> str:
        """Return the domain whose DNS tells the ``url``; empty: the url is written."""
        return str(getattr(self, "domain", None) or "")


class Access(Protocol):
    """The part of a ``CalendarRef`` that says how a calendar may be reached."""

    @property
    def username(self) -> str | None:
        """User of the calendar's own credential, where the service's is not used."""

    @property
    def password_env(self) -> str | None:
        """Variable with its password …"""

    @property
    def password_file(self) -> str | None:
        """… or file."""

    @property
    def trusted(self) -> bool:
        """Whether the operator's own file names the calendar."""


class DavEndpoint:
    """Clients by origin, the service credential, the runtime."""

    def __init__(self, services: Services, place: Place, options: DavOptions) -> None:
        self.runtime = services.runtime
        self.place = place
        self.options = options
        self._http = services.http
        self._resolver = services.resolver
        self._settled_until = 0.0
        self._clients: OrderedDict[tuple[str, bool], HttpClient] = OrderedDict()

    async def settle(self) -> None:
        """Find the server, where the source names a domain only; asked again after an hour.

        Whoever reads ``options.url`` settles first. Where DNS fails later, the server found last
        goes on.
        """
        domain = self.options.named_domain
        now = self.runtime.monotonic()
        if not domain or now < self._settled_until:
            return
        try:
            url = await dav_domain.found(domain, self.options.allowed_hosts, self._resolver)
        except SourceTrouble:
            if not self.options.url:
                raise
            url = self.options.url
        self._settled_until = now + SETTLED_SECONDS
        if url != self.options.url:
            self.options = self.options.model_copy(update={"url": url})

    async def send(
        self, request: Request, ref: Access | None = None, *, max_bytes: int | None = None
    ) -> Response:
        """Send with the credential that belongs to this calendar at this origin."""
        client = await self._client(request.url, trusted=ref is not None and ref.trusted)
        credential = None if ref is None else await self._own(ref)
        limits = Limits(body_bytes=max_bytes or self.options.max_bytes)
        return await client.send(request, credential=credential, limits=limits)

    async def resolve(self, url: str) -> list[str]:
        """Return the addresses of an URL's host. Raises ``Unreachable`` where it has none."""
        return await resolved(url)

    def home(self, url: str) -> bool:
        """Tell whether an URL lies at the source's own origin or a host its operator listed."""
        return bool(self.options.url) and (
            origin(url) == origin(self.options.url)
            or (urlsplit(url).hostname or "") in self.options.allowed_hosts
        )

    async def close(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), OrderedDict()
        for client in clients:
            await client.close()

    async def _client(self, url: str, *, trusted: bool) -> HttpClient:
        home = self.home(url)
        # At home the source decides about private addresses, elsewhere whoever wrote the calendar.
        trusted = self.place.trusted and (home or trusted)
        where = origin(self.options.url) if home else origin(url)
        key = (where, trusted)
        client = self._clients.get(key)
        if client is None:
            options = self.options if home else self._elsewhere(where)
            client = self._clients[key] = self._http(
                self.place.organization.id,
                f"source:{self.place.id}",
                options,
                self._service if home else _nobody,
                trusted=trusted,
            )
        self._clients.move_to_end(key)
        if len(self._clients) > MAX_ORIGINS:
            _, old = self._clients.popitem(last=False)
            await old.close()
        return client

    def _elsewhere(self, where: str) -> HttpOptions:
        return self.options.model_copy(update={"url": where + "/", "allowed_hosts": ()})

    def _service(self) -> Credential | None:
        return account(self.options, self.place.secret)

    async def _own(self, ref: Access) -> Credential | None:
        if ref.username is None:
            return None
        if not (ref.trusted and self.place.trusted):
            # Else a tenant could have any variable or file of this machine sent to his server.
            raise Refused("a calendar's own credential must stand in the operator's own file")
        secret: str | None = None
        if ref.password_env is not None:
            secret = os.environ.get(ref.password_env)
        elif ref.password_file is not None:
            secret = await self.runtime.offload(_secret, ref.password_file)
        if secret is None:
            raise SignInNeeded("the calendar's own password is not set in its variable or file")
        return Credential(ref.username, secret)


async def resolved(url: str) -> list[str]:
    """Return the addresses of an URL's host. Raises ``Unreachable`` where it has none."""
    parts = urlsplit(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname or "", parts.port or 443, type=socket.SOCK_STREAM
        )
    except OSError as error:
        raise nameless(parts.hostname or url) from error
    return sorted({str(entry[4][0]) for entry in found})


def origin(url: str) -> str:
    """Return scheme, host and port of an URL in one form (RFC 6454)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("a calendar's address must begin with https:// and name a host")
    host = parts.hostname.lower().rstrip(".")
    host = f"[{host}]" if ":" in host else host
    try:
        port = parts.port
    except ValueError as error:
        raise Refused("a calendar's address has a port that is no number") from error
    default = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, default) else "")


def read_file(path: str, max_bytes: int) -> tuple[str, bytes]:
    """Return a file's version and content. Raises ``NotFound``; cut at ``max_bytes`` + 1."""
    try:
        with Path(path).open("rb") as file:
            state = os.fstat(file.fileno())
            return f"{state.st_mtime_ns}-{state.st_size}", file.read(max_bytes + 1)
    except OSError as error:
        raise NotFound(f"the file cannot be read ({error.strerror})") from error


def _secret(path: str) -> str | None:
    try:
        with Path(path).open("rb") as file:
            return file.read(_SECRET_BYTES).decode().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _nobody() -> Credential | None:
    return None
