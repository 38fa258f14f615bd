"""Signing in by NTLM and Negotiate: a connection is signed in, not a request (RFC 4559 section 6).

Place in the flow: *client → lines → one line → its connection*. A *line* is used by one request or
stream at a time and then kept for the next one with the same secret. On a new connection:

1. the request without body and credential, which shows the offers and the certificate;
2. the tokens, round by round, over one and the same connection. The body goes only with a token
   that the server may answer the request to. Where the connection is closed in between, the
   sign-in begins anew, once: a token is never sent on another connection than its own;
3. from then on, requests as they are, until the connection closes.

However many 401 that took, it is one sign-in: worked, refused, or nothing learned.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from kalends.errors import BadAnswer, SignInNeeded, Unreachable
from kalends.model.http import REPEATABLE, Request, Response
from kalends.net.challenge import Challenge, challenges
from kalends.net.connect import ConnectionChanged, ConnectionLost
from kalends.net.contract import (
    A,
    Answer,
    Carry,
    Credential,
    Limits,
    Line,
    Lined,
    Streamed,
    Using,
)
from kalends.net.kerberos import Tickets, clocks_differ, ticket_refused
from kalends.net.negotiate import Tokens, Way, decoded
from kalends.net.origin import Origin, origin, parse_url
from kalends.net.signin import no_way
from kalends.runtime import Runtime

_MOST_ROUNDS: Final = 6
"""Kerberos that ends in NTLM takes four."""

Judge = Callable[[Answer], None]
"""Raises for answers that no protocol wants to see."""


@dataclass(slots=True)
class _Kept:
    """A line and which of its connections is signed in."""

    line: Line
    signed: int | None = None


@dataclass(frozen=True, slots=True)
class _On:
    """A line as a carrier, on one of its connections."""

    line: Line
    serial: int | None

    async def exchange(self, request: Request, limits: Limits) -> Response:
        return await self.line.exchange(request, limits, on=self.serial)

    def stream(
        self, request: Request, limits: Limits, silence: float
    ) -> AbstractAsyncContextManager[Streamed]:
        return self.line.stream(request, limits, silence, on=self.serial)


class ConnectionSignIn:
    """The signed-in connections of one endpoint, by origin and secret."""

    def __init__(
        self,
        way: Way,
        lined: Lined,
        runtime: Runtime,
        *,
        keep: int,
        tickets: Tickets | None = None,
    ) -> None:
        self.way: Final = way
        self._tickets = tickets
        self._lined = lined
        self._runtime = runtime
        self._keep = keep
        self._idle: list[tuple[tuple[Origin, str], _Kept]] = []
        self._closed = False

    def signed(
        self,
        credential: Credential,
        limits: Limits,
        using: Using[A],
        held: AsyncExitStack,
        judge: Judge,
    ) -> Carry[A]:
        """Return what carries requests of one conversation; its lines are given back by ``held``.

        ``limits`` bounds the answers in between.
        """
        mine: dict[Origin, _Kept] = {}

        async def carry(request: Request) -> A:
            place = origin(parse_url(request.url))
            if place not in mine:
                mine[place] = await held.enter_async_context(self._held(place, credential))
            talk = _Talk(
                self.way, self._runtime, mine[place], place, credential, limits, judge,
                self._tickets,
            )  # fmt: skip
            return await talk.answer(request, using)

        return carry

    async def close(self) -> None:
        """Close all connections; those in use when they are given back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for _, kept in idle:
            await kept.line.close()

    @asynccontextmanager
    async def _held(self, place: Origin, credential: Credential) -> AsyncIterator[_Kept]:
        key = (place, credential.fingerprint)
        kept = self._taken(key) or _Kept(self._lined.line())
        try:
            yield kept
        finally:
            self._idle.append((key, kept))
            if self._closed or len(self._idle) > self._keep:
                _, oldest = self._idle.pop(0)
                await oldest.line.close()

    def _taken(self, key: tuple[Origin, str]) -> _Kept | None:
        """Return the line used last, which is the likeliest to be open still."""
        for at in range(len(self._idle) - 1, -1, -1):
            if self._idle[at][0] == key:
                return self._idle.pop(at)[1]
        return None


@dataclass(frozen=True, slots=True)
class _Talk:
    """One request on one line."""

    way: Way
    runtime: Runtime
    kept: _Kept
    place: Origin
    credential: Credential
    limits: Limits
    judge: Judge
    tickets: Tickets | None

    async def answer(self, request: Request, using: Using[A]) -> A:
        """Send, signing in where that is needed."""
        for _ in range(2):
            try:
                if self.kept.signed is not None:
                    answer = await self._once_signed(request, using)
                else:
                    answer = await self._unsigned(request, using)
                if answer is not None:
                    return answer
                return await self._sign_in(request, using)
            except ConnectionChanged:
                self.kept.signed = None
        raise Unreachable(
            f"{self.place} closes its connections in the middle of a sign-in by "
            f"{self.way}: a proxy that does not keep them may stand between"
        )

    async def _once_signed(self, request: Request, using: Using[A]) -> A | None:
        """Send over the connection that is signed in; None: the server asks again."""
        try:
            answer = await using(_On(self.kept.line, self.kept.signed))(request)
        except ConnectionLost as error:
            if request.method not in REPEATABLE:
                raise
            raise ConnectionChanged(str(error)) from error
        if answer.status != 401:
            return answer
        self.kept.signed = None
        self._offered(answer)
        return None

    async def _unsigned(self, request: Request, using: Using[A]) -> A | None:
        """Ask what is offered; None: a sign-in is wanted, else the answer without one."""
        asked = await self.kept.line.exchange(_bare(request), self.limits, on=None)
        if asked.status != 401:
            answer = await using(_On(self.kept.line, None))(request)
            if answer.status != 401:
                return answer
            self._offered(answer)
        else:
            self._offered(asked)
        return None

    async def _sign_in(self, request: Request, using: Using[A]) -> A:
        line, certificate = self.kept.line, self.kept.line.certificate
        tokens = await self.runtime.offload(
            Tokens, self.way, self.credential, self.place.host, certificate, self.tickets
        )
        on: int | None = None
        told: bytes | None = None
        for _ in range(_MOST_ROUNDS):
            said = await self._next(tokens, told)
            if tokens.only_asked:
                told = await self._challenge(_with(_bare(request), self.way, said), on)
            else:
                answer = await using(_On(line, on))(_with(request, self.way, said))
                if answer.status != 401:
                    return await self._worked(tokens, answer)
                told = self._told(answer)
                if tokens.proved or told is None:
                    return await self._refused(tokens, answer)
            on = on or line.serial
            if line.certificate != certificate:  # the tokens are made for another connection
                raise ConnectionChanged("another certificate on the next connection")
        raise BadAnswer(f"{self.place} does not come to an end with its sign-in")

    async def _next(self, tokens: Tokens, told: bytes | None) -> bytes | None:
        """Return what to say to a token; one that Kerberos chokes on tells why it was refused."""
        try:
            return await self.runtime.offload(tokens.step, told)
        except BadAnswer as error:
            if not tokens.by_ticket or told is None:
                raise
            if meant := clocks_differ(error.__cause__, self.place.host):
                raise meant from error
            raise await self._ticket_refused() from error

    async def _refused(self, tokens: Tokens, answer: A) -> A:
        """Return the refusal of a password."""
        if tokens.by_ticket and not tokens.proved:
            raise await self._ticket_refused()
        return answer

    async def _ticket_refused(self) -> Exception:
        """Return what to raise: a ticket may only be older than the server's key."""
        assert self.tickets is not None
        if await self.runtime.offload(self.tickets.drop, self.credential):
            return ConnectionChanged("once more with a new ticket")
        return ticket_refused(self.place.host)

    async def _challenge(self, request: Request, on: int | None) -> bytes:
        """Send a token that asks; return the challenge."""
        answer = await self.kept.line.exchange(request, self.limits, on=on)
        if answer.status != 401:
            self.judge(answer)
            raise BadAnswer(f"{self.place} answers {answer.status} in the middle of a sign-in")
        told = self._offered(answer)
        if told is None:
            raise BadAnswer(f"{self.place} offers {self.way} and does not go on with it")
        return told

    async def _worked(self, tokens: Tokens, answer: A) -> A:
        """Note that the connection is signed in; check what the server proves with its answer."""
        told = self._told(answer)
        if told is not None and not tokens.complete:
            await self.runtime.offload(tokens.step, told)
        self.kept.signed = self.kept.line.serial
        return answer

    def _offered(self, answer: Answer) -> bytes | None:
        """Return the token of our scheme; ``SignInNeeded`` where it is not offered."""
        offered = challenges(answer.header("www-authenticate"))
        if not any(one.scheme == self.way for one in offered):
            raise no_way(self.place, offered, self.way)
        return _token(offered, self.way)

    def _told(self, answer: Answer) -> bytes | None:
        return _token(challenges(answer.header("www-authenticate")), self.way)


def _token(offered: list[Challenge], way: Way) -> bytes | None:
    return decoded(next((one.token for one in offered if one.scheme == way and one.token), ""))


def _bare(request: Request) -> Request:
    return replace(request, body=b"")


def _with(request: Request, way: Way, token: bytes | None) -> Request:
    if not token:
        raise BadAnswer("the server asks on where nothing is left to be said")
    name = "NTLM" if way == "ntlm" else "Negotiate"
    value = f"{name} {base64.b64encode(token).decode()}"
    return replace(request, headers=(*request.headers, ("Authorization", value)))


def bound_refusal(said: str, until: float | None) -> SignInNeeded:
    """Return the error for a sign-in over TLS that was refused: two causes look the same."""
    error = SignInNeeded(
        f"{said}; or Extended Protection refused it because TLS ends at a proxy between", until
    )
    error.remedy = (
        "Check user name and password of the service account. If they are right, a proxy or load "
        "balancer ends TLS with a certificate of its own, and the server's Extended Protection "
        "refuses every such sign-in: let it pass TLS through, give both the same certificate, or "
        "point url past it."
    )
    return error
