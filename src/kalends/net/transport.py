"""``Transport`` on aiohttp: one request, one vetted connection, an answer within limits.

Place in the flow: *client → transport → the network*. No judgement here: redirects, sign-in and
status codes are the client's; the simulation plugs in a transport of its own at this seam.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver

import kalends
from kalends.errors import (
    AddressRefused,
    BadAnswer,
    CertificateRefused,
    SourceTrouble,
    TooLarge,
    Unreachable,
)
from kalends.model.http import Request, Response
from kalends.net.address import AddressRules, Carriage
from kalends.net.connect import AddressNotOpen, check_literal, connector
from kalends.net.contract import Limits, Streamed
from kalends.net.origin import origin, parse_url
from kalends.net.tls import GuardedContext, explain

_AGENT: Final = f"Kalends/{kalends.__version__}"
_HEADER_BYTES: Final = 16 << 10
_HEADERS: Final = 128
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"})


_LOST: Final = (aiohttp.ClientError, OSError, TimeoutError, ValueError)
"""What aiohttp raises; none of it is a ``KalendsError``."""


class ConnectionLost(Unreachable):
    """A kept connection turned out to be closed before an answer began."""


class AioTransport:
    """Connections to one endpoint."""

    def __init__(
        self,
        rules: AddressRules,
        tls: GuardedContext,
        *,
        resolver: AbstractResolver | None = None,
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
        connections: int = 0,
    ) -> None:
        self._rules = rules
        self._tls = tls
        self._resolver = resolver
        self._middlewares = tuple(middlewares)
        self._connections = connections
        self._sessions: dict[Carriage, aiohttp.ClientSession] = {}

    async def exchange(self, request: Request, limits: Limits) -> Response:
        """See ``Transport``. Time is the caller's to bound, but for ``connect_seconds``."""
        try:
            return await self._once(request, limits)
        except ConnectionLost:
            if request.method not in _REPEATABLE:
                raise
            return await self._once(request, limits)  # a kept connection had gone stale

    async def close(self) -> None:
        """Close all connections."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    @asynccontextmanager
    async def stream(
        self, request: Request, limits: Limits, silence: float
    ) -> AsyncIterator[Streamed]:
        """See ``Transport``. Compression is not asked for: it would hold back what is small."""
        end = asyncio.get_running_loop().time() + limits.seconds
        plain = replace(request, headers=(*request.headers, ("Accept-Encoding", "identity")))
        try:
            answer = await self._ask(plain, limits)
        except _LOST as error:
            raise _told(error, _place(request)) from error
        try:
            yield _Stream(answer, _place(request), silence, end, limits.body_bytes)
        finally:
            answer.close()  # a body read to its end has let its connection go already

    async def _once(self, request: Request, limits: Limits) -> Response:
        try:
            async with await self._ask(request, limits) as answer:
                body = await _read(answer, limits.body_bytes)
                return Response(answer.status, _headers(answer), body, request.url)
        except _LOST as error:
            raise _told(error, _place(request)) from error

    async def _ask(self, request: Request, limits: Limits) -> aiohttp.ClientResponse:
        url = parse_url(request.url)
        self._tls = self._tls.refreshed()
        carriage = _carriage(url.scheme, request)
        check_literal(self._rules.carrying(carriage), url.raw_host or "")
        return await self._session(carriage).request(
            request.method,
            url,
            data=request.body or None,
            headers=request.headers,
            allow_redirects=False,
            ssl=self._tls,  # part of what connections are kept by: a new one is not bypassed
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_seconds),
        )

    def _session(self, carriage: Carriage) -> aiohttp.ClientSession:
        """Return the session of a carriage: strict rules never find a connection of lax ones."""
        session = self._sessions.get(carriage)
        if session is None:
            session = self._sessions[carriage] = aiohttp.ClientSession(
                connector=connector(
                    self._rules.carrying(carriage),
                    self._tls,
                    connections=self._connections,
                    resolver=self._resolver,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _AGENT, "Accept-Encoding": "gzip, deflate"},
                middlewares=self._middlewares,
                max_line_size=_HEADER_BYTES,
                max_field_size=_HEADER_BYTES,
                max_headers=_HEADERS,
            )
        return session


class _Stream:
    """``Streamed`` on an answer of aiohttp."""

    def __init__(
        self,
        answer: aiohttp.ClientResponse,
        place: str,
        silence: float,
        end: float,
        body_bytes: int,
    ) -> None:
        self._answer = answer
        self._place = place
        self._silence = silence
        self._end = end
        self._body_bytes = body_bytes
        self.status = answer.status
        self.headers = _headers(answer)

    def header(self, name: str) -> str:
        """See ``Streamed``."""
        return self.headers.get(name.lower(), "")

    async def chunks(self) -> AsyncIterator[bytes]:
        """See ``Streamed``."""
        left = self._body_bytes
        while chunk := await self._chunk():
            left -= len(chunk)
            if left < 0:
                raise _too_large(self._answer, self._body_bytes)
            yield chunk

    async def _chunk(self) -> bytes:
        rest = self._end - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._silence, rest)):
                return await self._answer.content.readany()
        except TimeoutError as error:
            self._answer.close()
            if rest < self._silence:
                raise Unreachable(f"a stream of {self._place} lasted too long") from error
            raise Unreachable(f"{self._place} fell silent for {self._silence:g} s") from error
        except _LOST as error:
            raise _told(error, self._place) from error


def _place(request: Request) -> str:
    return str(origin(parse_url(request.url)))


def _carriage(scheme: str, request: Request) -> Carriage:
    if scheme == "https":
        return Carriage.TLS
    signed = any(name.lower() in ("authorization", "cookie") for name, _ in request.headers)
    return Carriage.PLAIN_SIGNED if signed else Carriage.PLAIN


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body; the limit counts decompressed bytes and is checked as they come."""
    declared = answer.content_length
    if declared is not None and declared > limit and "Content-Encoding" not in answer.headers:
        raise _too_large(answer, limit)
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise _too_large(answer, limit)
    return bytes(body)


def _too_large(answer: aiohttp.ClientResponse, limit: int) -> TooLarge:
    answer.close()  # the rest is not read: this connection is of no further use
    return TooLarge(f"the answer is larger than {limit:,} bytes")


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        key = name.lower()
        between = "\n" if key == "set-cookie" else ", "  # RFC 6265 section 3: dates have commas
        headers[key] = f"{headers[key]}{between}{value}" if key in headers else value
    return headers


def _told(error: Exception, place: str) -> SourceTrouble:
    """Turn what aiohttp raised into what the caller does next; texts carry no address parts."""
    refusal = _refused_address(error)
    if refusal is not None:
        return AddressRefused(str(refusal))
    tls = _tls_error(error)
    if isinstance(tls, ssl.CertificateError):
        return CertificateRefused(explain(tls, place))
    if tls is not None:
        return Unreachable(explain(tls, place))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Unreachable(f"the name of {place} cannot be resolved")
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return Unreachable(f"no connection to {place} in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.strerror or "closed while it was set up"
        return Unreachable(f"no connection to {place}: {reason}")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return ConnectionLost(f"{place} closed the connection")
    if isinstance(error, aiohttp.ClientPayloadError):
        return Unreachable(f"the answer of {place} was cut off")
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.InvalidURL, ValueError)):
        return BadAnswer(f"{place} does not answer as HTTP should")
    return Unreachable(f"the connection to {place} was lost")


def _refused_address(error: BaseException | None) -> AddressRefused | None:
    while error is not None:
        if isinstance(error, AddressNotOpen):
            return error.refusal
        error = error.__cause__ or error.__context__
    return None


def _tls_error(error: Exception) -> ssl.SSLError | None:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner = error.certificate_error
        return inner if isinstance(inner, ssl.SSLError) else None
    cause = error.__cause__
    return next((one for one in (error, cause) if isinstance(one, ssl.SSLError)), None)
