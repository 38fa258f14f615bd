"""The guarded client of one endpoint.

Place in the flow: *source or sink → client → transport*. What happens to a request, in order:
its origin must be the endpoint's or a listed one; the breaker and the gate must be open; the
credential is added; the transport carries it; redirects are followed within the same origins,
with the same method and body; a 401 is answered or told to the breaker; the status is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from kalends.errors import (
    BadAnswer,
    RedirectRefused,
    SignInNeeded,
    Throttled,
    Unreachable,
)
from kalends.model.http import Request, Response
from kalends.net.breaker import Attempt, Breakers, Outcome
from kalends.net.contract import (
    STREAM,
    A,
    Answer,
    Carrier,
    Carry,
    Credential,
    HttpOptions,
    Limits,
    Streamed,
    Transport,
    Using,
)
from kalends.net.lines import ConnectionSignIn, bound_refusal
from kalends.net.oauth import Supplier
from kalends.net.origin import Home
from kalends.net.signin import NotAsked, RefusedElsewhere, SignIn, Verdict
from kalends.net.throttle import Gate, retry_after
from kalends.net.tls import GuardedContext
from kalends.runtime import Runtime

_SAME_METHOD: Final = frozenset({301, 302, 307, 308})
_OUTAGE: Final = frozenset({502, 503, 504})

AnySignIn = SignIn | ConnectionSignIn | Supplier


class GuardedClient:
    """``HttpClient`` for one endpoint of one organization."""

    def __init__(
        self,
        runtime: Runtime,
        organization: str,
        options: HttpOptions,
        credential: Callable[[], Credential | None],
        *,
        breakers: Breakers,
        transport: Transport,
        sign_in: AnySignIn,
        tls: GuardedContext | None = None,
    ) -> None:
        self._runtime = runtime
        self._organization = organization
        self._home = Home(options.url, options.allowed_hosts)
        self._credential = credential
        self._breakers = breakers
        self._transport = transport
        self._sign_in = sign_in
        self._tls = tls
        self._gate = Gate(runtime, str(self._home.origin), options.max_connections)

    @property
    def certificate_expires_at(self) -> float | None:
        """When the first of the certificates seen here ends, UTC seconds; None: none seen yet."""
        seen = self._tls.expires_at.values() if self._tls else ()
        return min(seen, default=None)

    @property
    def client_certificate_expires_at(self) -> float | None:
        """When the certificate shown by us ends, UTC seconds; None: none is shown."""
        if self._tls is None:
            return None
        self._tls = self._tls.refreshed()
        return self._tls.client_expires_at

    async def sign_in_open_until(self, credential: Credential | None = None) -> int | None:
        """Return until when the credential is not tried; None: it may be tried."""
        credential = credential or self._credential()
        if credential is None:
            return None
        return await self._breakers.open_until(self._organization, credential)

    async def reset(self, credential: Credential | None = None) -> None:
        """Forget failed sign-ins: an operator says that the account is in order again."""
        credential = credential or self._credential()
        if credential is not None:
            await self._breakers.reset(self._organization, credential)

    async def send(
        self,
        request: Request,
        *,
        credential: Credential | None = None,
        limits: Limits | None = None,
        follow: bool = True,
    ) -> Response:
        """See ``HttpClient``."""
        limits = limits or Limits()

        def using(carrier: Carrier) -> Carry[Response]:
            return lambda request: carrier.exchange(request, limits)

        async with AsyncExitStack() as held:
            return await self._guarded(request, credential, limits, using, held, follow=follow)

    @asynccontextmanager
    async def stream(
        self,
        request: Request,
        *,
        credential: Credential | None = None,
        limits: Limits | None = None,
        silence: float = 90.0,
    ) -> AsyncIterator[Streamed]:
        """See ``HttpClient``."""
        limits = limits or STREAM
        async with AsyncExitStack() as held, AsyncExitStack() as answers:

            def using(carrier: Carrier) -> Carry[Streamed]:
                async def carry(request: Request) -> Streamed:
                    await answers.aclose()  # the one before was a redirect or a challenge
                    streamed = carrier.stream(request, limits, silence)
                    return await answers.enter_async_context(streamed)

                return carry

            opening = replace(limits, seconds=min(limits.seconds, silence))
            yield await self._guarded(request, credential, opening, using, held, follow=True)

    async def refused(self, credential: Credential | None = None) -> None:
        """See ``HttpClient``."""
        credential = credential or self._credential()
        if credential is not None:
            async with self._breakers.attempt(self._organization, credential) as attempt:
                attempt.outcome = Outcome.REFUSED

    async def close(self) -> None:
        """Close all connections."""
        if isinstance(self._sign_in, ConnectionSignIn):
            await self._sign_in.close()
        await self._transport.close()

    async def _guarded(
        self,
        request: Request,
        credential: Credential | None,
        limits: Limits,
        using: Using[A],
        held: AsyncExitStack,
        *,
        follow: bool,
    ) -> A:
        """Hold one conversation: gate, breaker, sign-in, redirects, judgement.

        What lives as long as the answer is read goes onto ``held``.
        """
        url = self._home.address(request.url)
        request = replace(request, url=str(url))
        credential = credential or self._credential()
        self._gate.check()
        async with AsyncExitStack() as stack:
            attempt = Attempt()
            if credential is not None:
                attempt = await stack.enter_async_context(
                    self._breakers.attempt(self._organization, credential)
                )
            await stack.enter_async_context(self._gate.turn())
            async with self._bounded(limits.seconds, attempt):
                signed = self._signed(credential, limits, using, held)
                answer = await self._follow(request, limits.redirects if follow else None, signed)
            self._judge(answer, soap=_is_soap(request))
            if answer.status != 401:
                if answer.status < 300:
                    attempt.outcome = Outcome.WORKED
                return answer
            if credential is not None:
                attempt.outcome = Outcome.REFUSED
        raise await self._refused(credential)

    @asynccontextmanager
    async def _bounded(self, seconds: float, attempt: Attempt) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            attempt.outcome = Outcome.UNANSWERED
            raise Unreachable(
                f"{self._home.origin} did not answer within {seconds:g} s", self._gate.failed()
            ) from error
        except NotAsked:
            raise  # this endpoint was not even asked
        except RefusedElsewhere:
            attempt.outcome = Outcome.REFUSED
            raise
        except Unreachable as error:
            error.at = self._gate.failed() or error.at
            raise

    async def _follow(self, request: Request, redirects: int | None, carry: Carry[A]) -> A:
        """Send, following redirects within the home origins (None: no redirect is followed)."""
        for _ in range((redirects or 0) + 1):
            answer = await carry(request)
            keeps = answer.status in _SAME_METHOD
            if not keeps and not (answer.status == 303 and request.method in ("GET", "HEAD")):
                return answer
            if redirects is None:
                return answer
            location = answer.header("location")
            if not location:
                raise BadAnswer(f"{self._home.origin} redirects to nowhere")
            target = self._home.follow(self._home.address(request.url), location)
            request = replace(request, url=str(target))
        raise RedirectRefused(f"{self._home.origin} redirects more than {redirects} times")

    def _signed(
        self, credential: Credential | None, limits: Limits, using: Using[A], held: AsyncExitStack
    ) -> Carry[A]:
        """Return what carries a request with the credential, and answers challenges."""
        sign_in = self._sign_in
        if isinstance(sign_in, ConnectionSignIn) and credential is not None:
            return sign_in.signed(credential, limits, using, held, self._judge)
        carry = using(self._transport)
        if isinstance(sign_in, ConnectionSignIn) or credential is None:
            return carry
        if isinstance(sign_in, Supplier):
            return sign_in.signed(credential, carry)

        async def signed(request: Request) -> A:
            for last in (False, True):
                answer = await carry(_sign(sign_in, request, credential))
                if answer.status != 401:
                    break
                verdict = sign_in.judge(request, answer, credential)
                if last or verdict is Verdict.REFUSED:
                    break
            return answer

        return signed

    def _judge(self, response: Answer, *, soap: bool = False) -> None:
        """Raise for what no protocol wants to see: silence asked for, server errors.

        SOAP tells its faults with a 500 (SOAP 1.1 section 6.2): what it means is SOAP's.
        """
        status = response.status
        told, date = response.header("retry-after"), response.header("date")
        wait = retry_after(told, self._runtime.now(), date)
        if status == 429 or (status == 503 and wait is not None):
            raise Throttled(
                f"{self._home.origin} asks for silence ({status})", self._gate.silenced(wait)
            )
        if status in _OUTAGE:
            raise Unreachable(f"{self._home.origin} answers {status}", self._gate.failed())
        self._gate.answered()
        if status >= 500 and not (soap and status == 500):
            # This one request failed; the endpoint works.
            raise Unreachable(f"{self._home.origin} answers {status}")

    async def _refused(self, credential: Credential | None) -> SignInNeeded:
        if credential is None:
            return SignInNeeded(f"{self._home.origin} wants a sign-in and none is configured")
        until = await self._breakers.open_until(self._organization, credential)
        said = f"{self._home.origin} refused user name or password (401)"
        if isinstance(self._sign_in, ConnectionSignIn) and self._home.origin.scheme == "https":
            return bound_refusal(said, until)
        return SignInNeeded(said, until)


def _sign(sign_in: SignIn, request: Request, credential: Credential) -> Request:
    value = sign_in.before(request, credential)
    if value is None:
        return request
    return replace(request, headers=(*request.headers, ("Authorization", value)))


def _is_soap(request: Request) -> bool:
    if request.method != "POST":
        return False
    kinds = [value.lower() for name, value in request.headers if name.lower() == "content-type"]
    return any(kind.startswith(("text/xml", "application/soap+xml")) for kind in kinds)
