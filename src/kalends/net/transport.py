"""``Transport`` on aiohttp: one request, one vetted connection, an answer within limits.

Place in the flow: *client → transport → the network*. No judgement here: redirects, sign-in and
status codes are the client's; the simulation plugs in a transport of its own at this seam.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver

import kalends
from kalends.errors import TooLarge, Unreachable
from kalends.model.http import REPEATABLE, Request, Response
from kalends.net.address import AddressRules, Carriage
from kalends.net.connect import ConnectionLost, Watch, check_literal, connector
from kalends.net.contract import Limits, Streamed
from kalends.net.origin import origin, parse_url
from kalends.net.telling import LOST, told
from kalends.net.tls import GuardedContext

_AGENT: Final = f"Kalends/{kalends.__version__}"
_HEADER_BYTES: Final = 16 << 10
_HEADERS: Final = 128
_DRAINED: Final = 64 << 10
_DRAIN_SECONDS: Final = 2.0


class AioTransport:
    """Connections to one endpoint."""

    def __init__(
        self,
        rules: AddressRules,
        tls: GuardedContext,
        *,
        resolver: AbstractResolver | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._rules = rules
        self._tls = tls
        self._resolver = resolver
        self._watch = watch
        self._sessions: dict[Carriage, aiohttp.ClientSession] = {}

    async def exchange(self, request: Request, limits: Limits) -> Response:
        """See ``Transport``. Time is the caller's to bound, but for ``connect_seconds``."""
        try:
            return await self.once(request, limits)
        except ConnectionLost:
            if request.method not in REPEATABLE:
                raise
            return await self.once(request, limits)  # a kept connection had gone stale

    def line(self) -> AioLine:
        """Return a connection for whoever signs in connections; opened with its first request."""
        return AioLine(self._rules, self._tls.refreshed(), resolver=self._resolver)

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
        except LOST as error:
            raise told(error, _place(request)) from error
        try:
            yield _Stream(answer, _place(request), silence, end, limits.body_bytes)
        finally:
            if answer.status == 401:
                await _drain(answer)  # the next word of a sign-in goes over this connection
            answer.close()  # a body read to its end has let its connection go already

    async def once(self, request: Request, limits: Limits) -> Response:
        """Exchange without a second try on another connection."""
        try:
            async with await self._ask(request, limits) as answer:
                body = await _read(answer, limits.body_bytes)
                return Response(answer.status, _headers(answer), body, request.url)
        except LOST as error:
            raise told(error, _place(request)) from error

    async def _ask(self, request: Request, limits: Limits) -> aiohttp.ClientResponse:
        url = parse_url(request.url)
        self._tls = self._tls.refreshed()
        carriage = _carriage(url.scheme, signed=self._watch is not None or _signed(request))
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
                    watch=self._watch,
                    resolver=self._resolver,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _AGENT, "Accept-Encoding": "gzip, deflate"},
                max_line_size=_HEADER_BYTES,
                max_field_size=_HEADER_BYTES,
                max_headers=_HEADERS,
            )
        return session


class AioLine:
    """``Line`` on aiohttp: a pool of one, watched."""

    def __init__(
        self, rules: AddressRules, tls: GuardedContext, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._watch = Watch()
        self._transport = AioTransport(rules, tls, resolver=resolver, watch=self._watch)

    @property
    def serial(self) -> int:
        """See ``Line``."""
        return self._watch.serial

    @property
    def certificate(self) -> bytes | None:
        """See ``Line``."""
        return self._watch.certificate

    async def exchange(self, request: Request, limits: Limits, *, on: int | None) -> Response:
        """See ``Line``. Never repeated: what was sent on a lost connection may have counted."""
        self._watch.expect(on)
        return await self._transport.once(request, limits)

    @asynccontextmanager
    async def stream(
        self, request: Request, limits: Limits, silence: float, *, on: int | None
    ) -> AsyncIterator[Streamed]:
        """See ``Line``."""
        self._watch.expect(on)
        async with self._transport.stream(request, limits, silence) as streamed:
            yield streamed

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.close()


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
        except LOST as error:
            raise told(error, self._place) from error


def _place(request: Request) -> str:
    return str(origin(parse_url(request.url)))


def _carriage(scheme: str, *, signed: bool) -> Carriage:
    if scheme == "https":
        return Carriage.TLS
    return Carriage.PLAIN_SIGNED if signed else Carriage.PLAIN


def _signed(request: Request) -> bool:
    return any(name.lower() in ("authorization", "cookie") for name, _ in request.headers)


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


async def _drain(answer: aiohttp.ClientResponse) -> None:
    left = _DRAINED
    with suppress(*LOST):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0 and (chunk := await answer.content.readany()):
                left -= len(chunk)


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
