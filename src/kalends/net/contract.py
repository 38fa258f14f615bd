"""What the guarded HTTP client offers; errors are those of ``kalends.errors``.

Rules (RELIABILITY threats 3, 4, 7, 20): credentials are bound to scheme, host and port and never
leave over plain http (but to loopback, where the operator's own file says so); the *connected*
address is vetted; a redirect stays within the origin or the listed hosts and keeps method and
body; answers are read against limits while they come; there is no switch to turn TLS checks off.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, Self, TypeVar, runtime_checkable
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from kalends.model.http import Request, Response
from kalends.model.vocabulary import Document
from kalends.net.tls import Pins


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange, checked while reading."""

    seconds: float = 30.0
    """For the whole exchange."""
    connect_seconds: float = 10.0
    body_bytes: int = 50 << 20
    """Of the decompressed body."""
    redirects: int = 5
    """Followed at most; 0: a redirect is refused."""


STREAM: Final = Limits(seconds=3600.0, body_bytes=1 << 30)
"""Bounds of a stream whose caller names none."""


class HttpOptions(Document):
    """Keys every HTTP source and sink understands (part of its kind's options)."""

    url: str = Field(max_length=2000)
    """``https://…``; plain http only to loopback or where a range is opened."""
    ca_file: str | None = None
    """PEM file with the authorities to trust instead of the system's."""
    certificate_pins: tuple[str, ...] = ()
    """SHA-256 of the server's certificate (hex, colons allowed) or its public key
    (``pin-sha256:base64``); two at once for rotation. A pinned certificate needs no authority."""
    client_certificate: str | None = None
    """PEM file with certificate and key to show to the server."""
    tls_minimum: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"
    """Oldest TLS version spoken. Below 1.2 (servers of 2003) only with ``certificate_pins``: such
    TLS proves little by itself."""
    max_connections: int = Field(default=4, ge=1, le=100)
    """At most this many connections to the endpoint at once."""
    allowed_hosts: tuple[str, ...] = ()
    """Further hosts that redirects and hrefs may lead to, with the credential: ``host`` or
    ``host:port``, over https."""

    @field_validator("url")
    @classmethod
    def _without_credential(cls, url: str) -> str:
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError("a URL carries no user name or password; write them as keys")
        return url

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        parts = urlsplit(url)  # raises ValueError, as pydantic wants it
        if url and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError("an address begins with https:// and names a host")
        return url

    @model_validator(mode="after")
    def _old_tls_is_pinned(self) -> Self:
        if self.tls_minimum in ("1.0", "1.1") and not self.certificate_pins:
            raise ValueError(
                f"tls_minimum = {self.tls_minimum!r} is spoken only to a certificate named in "
                "certificate_pins; add its SHA-256, or put a TLS proxy before the server"
            )
        return self

    @field_validator("certificate_pins")
    @classmethod
    def _readable_pins(cls, pins: tuple[str, ...]) -> tuple[str, ...]:
        Pins.parse(pins)
        return pins


_SAFE: Final = re.compile(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]")
Auth = Literal["auto", "basic", "digest", "ntlm", "negotiate", "oauth", "none"]


class SignInOptions(Document):
    """Keys of a source or sink with a service account."""

    username: str | None = None
    """Of the service account; without it nobody signs in."""
    password_env: str | None = None
    """Environment variable that holds the password …"""
    password_file: str | None = None
    """… or a file; read again when it changes."""
    auth: Auth = "auto"
    """``auto``: Basic unasked, and Digest where the server offers no Basic. ``ntlm`` and
    ``negotiate`` (Kerberos with the extra, else NTLM within SPNEGO) sign in each connection,
    bound to the server's certificate; the user is ``DOMAIN\\user`` or ``user@domain``. What is
    written here is used or nothing is: a server that offers less is told nothing. ``oauth`` sends
    a token fetched with client credentials."""
    keytab_file: str | None = None
    """For ``negotiate``: the account's key instead of a password. Kerberos then, never NTLM."""
    token_url: str | None = Field(default=None, max_length=2000)
    """For ``oauth``: where tokens are fetched, ``https://…``."""
    client_id: str | None = None
    """For ``oauth``: the application's id (the same as ``username``). ``password_*`` is its secret,
    or a PEM with certificate and private key, with which it signs instead."""
    scope: str = Field(default="", max_length=1000)
    """For ``oauth``: ``https://outlook.office365.com/.default``."""
    token_ca_file: str | None = None
    """For ``oauth``: PEM file with the authorities of ``token_url``, where they are your own."""

    @model_validator(mode="before")
    @classmethod
    def _client_is_user(cls, written: Any) -> Any:
        if isinstance(written, dict) and written.get("client_id") and not written.get("username"):
            return {**written, "username": written["client_id"]}
        return written

    @model_validator(mode="after")
    def _keytab_alone(self) -> Self:
        if self.keytab_file and self.auth != "negotiate":
            raise ValueError('keytab_file is a key for Kerberos: it needs auth = "negotiate"')
        if self.keytab_file and (self.password_env or self.password_file or not self.username):
            raise ValueError("keytab_file stands beside username, instead of a password")
        return self

    @model_validator(mode="after")
    def _token_from_somewhere(self) -> Self:
        if self.auth == "oauth":
            if not self.token_url or not self.username:
                raise ValueError('auth = "oauth" needs token_url and client_id')
            if not _SAFE.match(self.token_url):
                raise ValueError("token_url begins with https://: a secret goes there")
        return self


@dataclass(frozen=True, slots=True)
class Credential:
    """What signs in. Compared by ``fingerprint`` only; never printed."""

    username: str
    secret: str
    """Of a keytab: a hash of it, so that another one is another secret."""
    keytab: str = ""
    """File with the account's key, where that is the secret (Kerberos)."""

    def __repr__(self) -> str:
        return "Credential(…)"

    @property
    def fingerprint(self) -> str:
        """Return a hash of both, to notice a new secret without keeping the old one."""
        import hashlib

        material = f"{len(self.username)}:{self.username}{self.secret}".encode()
        return hashlib.sha256(b"kalends breaker" + material).hexdigest()[:16]


class Answer(Protocol):
    """What an answer read whole and one still coming have in common: its head."""

    @property
    def status(self) -> int:
        """Return the status code."""

    def header(self, name: str) -> str:
        """Return a header by its name in any case, or an empty text."""


class Streamed(Answer, Protocol):
    """An answer whose body is read while it comes."""

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers as ``Response`` has them."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, to its end.

        Raises ``Unreachable`` when nothing came for ``silence`` seconds, when the connection broke
        off and past ``limits.seconds``; ``TooLarge`` past ``limits.body_bytes``.
        """


class Carrier(Protocol):
    """Carries one request to one vetted address, without judgement."""

    async def exchange(self, request: Request, limits: Limits) -> Response:
        """Send, read within limits, return. Raises ``Unreachable``, ``TooLarge``, …"""

    def stream(
        self, request: Request, limits: Limits, silence: float
    ) -> AbstractAsyncContextManager[Streamed]:
        """Send and yield the answer once its head is there; leaving ends the connection.

        Time until the head is the caller's to bound, but for ``connect_seconds``.
        """


class Transport(Carrier, Protocol):
    """All connections of one endpoint. The simulation's seam."""

    async def close(self) -> None:
        """Close all connections."""


A = TypeVar("A", bound=Answer)
Carry = Callable[[Request], Awaitable[A]]
"""Sends one request: a carrier with its limits, or that with something around it."""
Using = Callable[[Carrier], Carry[A]]
"""How a carrier is used: for whole answers, or for streams."""


class Line(Protocol):
    """One connection at a time, for whoever signs in connections (NTLM, Negotiate)."""

    @property
    def serial(self) -> int:
        """Return the number of the connection used last; another number: another connection."""

    @property
    def certificate(self) -> bytes | None:
        """Return the certificate (DER) the other side showed on it; None over plain http."""

    async def exchange(self, request: Request, limits: Limits, *, on: int | None) -> Response:
        """As ``Transport``, on the connection of this number (None: any).

        Raises ``ConnectionChanged`` before anything is sent where that one is gone.
        """

    def stream(
        self, request: Request, limits: Limits, silence: float, *, on: int | None
    ) -> AbstractAsyncContextManager[Streamed]:
        """As ``Transport``, on the connection of this number (None: any)."""

    async def close(self) -> None:
        """Close the connection."""


@runtime_checkable
class Lined(Protocol):
    """A transport that gives lines."""

    def line(self) -> Line:
        """Return a line of its own; its connection is opened with its first request."""


class HttpClient(Protocol):
    """The guarded client of one endpoint."""

    async def send(
        self,
        request: Request,
        *,
        credential: Credential | None = None,
        limits: Limits | None = None,
        follow: bool = True,
    ) -> Response:
        """Send a request and return the answer, whatever its status below 500.

        ``credential`` replaces the endpoint's own (per-user credentials). Raises
        ``SignInNeeded`` on 401 (after telling the breaker) and at once, without sending, while
        the breaker is open; ``Throttled`` on 429 and 503 with Retry-After; ``Unreachable`` on
        other 5xx, time-outs and lost connections; ``AddressRefused``, ``RedirectRefused``,
        ``CertificateRefused`` from our own guard; ``TooLarge`` past a limit. 403, 404 and
        the rest are returned: what they mean is the protocol's; so is a 500 that answers SOAP
        (``POST`` of ``text/xml``), whose faults come that way. Without ``follow`` so is a
        redirect, which then nobody has judged.
        """

    def stream(
        self,
        request: Request,
        *,
        credential: Credential | None = None,
        limits: Limits | None = None,
        silence: float = 90.0,
    ) -> AbstractAsyncContextManager[Streamed]:
        """Send a request and yield the answer while it comes; leaving closes its connection.

        Guarded as ``send`` is, with the same errors on entering, where the answer's head must
        come within ``silence`` seconds. ``limits`` bounds the whole stream (None: an hour).
        A stream counts among ``max_connections`` only until its head is there: how many are open
        after that is their protocol's budget, and they keep no ordinary request waiting. A stream
        that breaks off says nothing about the endpoint: the next request finds out.
        """

    async def refused(self, credential: Credential | None = None) -> None:
        """Tell the breaker of a refusal that came otherwise than as a 401 (a SOAP fault)."""

    async def close(self) -> None:
        """Close all connections."""
