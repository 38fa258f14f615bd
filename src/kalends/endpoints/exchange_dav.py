"""The shell around one Exchange 2003 or 2007 that speaks WebDAV.

Place in the flow: *source → endpoint → guarded client*. One endpoint belongs to one source of one
organization, and owns its one client, so that everything asked of the server shares one gate. The
credential goes to the source's own origin (and ``allowed_hosts``) alone.

Two ways to sign in. Over HTTP the client adds the credential to every request. With OWA's forms
there is one shared *session*: a request that is answered "sign on" (440, or a redirect to the
page) waits for one re-sign-on, whoever makes it, and is repeated once; where the session turns out
to be alive, the server means "forbidden". Every sign-on passes the credential's breaker as any
other sign-in does (promise 7). ``auto`` learns from the first answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import urljoin

from pydantic import Field

from kalends import observe
from kalends.endpoints.dav import resolved
from kalends.endpoints.kind import Place, Services
from kalends.errors import AccessDenied, BadAnswer, SignInNeeded, Unreachable
from kalends.model.http import Request, Response
from kalends.net.account import account
from kalends.net.breaker import Attempt, Breakers, MemoryBreakers, Outcome
from kalends.net.contract import Credential, HttpClient, HttpOptions, Limits, SignInOptions
from kalends.net.signin import NotOffered
from kalends.wire.exchange_dav.forms import MAX_PAGE, LogOn, Refused, Session, wants_form

_FORBIDDEN: Final = (
    "the server forbids this mailbox: it wants a sign-on although there is one (440)"
)
_MOVED: Final = frozenset({301, 302, 307, 308})

Scheme = Literal["auto", "basic", "ntlm", "none"]

log = observe.logger(__name__)


class ExchangeDavOptions(HttpOptions):
    """Keys of an Exchange server that is asked over WebDAV."""

    url: str = Field(max_length=2000)
    """Address of the server: ``https://mail.example.com/``."""
    username: str | None = None
    """Of the service account: ``DOMAIN\\user`` (2003) or ``user@example.com``."""
    password_env: str | None = None
    """Environment variable that holds the password …"""
    password_file: str | None = None
    """… or a file; read again when it changes."""
    auth: Literal["auto", "forms", "basic", "ntlm"] = "auto"
    """How the account signs in. ``auto``: by OWA's form where the server wants it, else by Basic
    (or Digest), by NTLM where it offers neither."""
    max_bytes: int = Field(default=10 << 20, ge=1024, le=50 << 20)
    """A larger answer is refused; five weeks of a calendar are rarely beyond a tenth of it."""


class _ClientOptions(HttpOptions, SignInOptions):
    """What the guarded client is told."""


@dataclass(slots=True)
class _SignedOn:
    """One sign-on: its session, with the cookies as they are now."""

    session: Session


class ExchangeDavEndpoint:
    """One server, one account, one session."""

    def __init__(self, services: Services, place: Place, options: ExchangeDavOptions) -> None:
        self.runtime = services.runtime
        self.place = place
        self.options = options
        self._services = services
        self._clients: dict[Scheme, HttpClient] = {}
        self._scheme = scheme_of(options)
        """How HTTP signs in now; with ``auto`` the server decides."""
        self._breakers = Breakers(services.runtime, services.breakers or MemoryBreakers())
        self._forms = options.auth == "forms"
        self._signed_on: _SignedOn | None = None
        self._signing = asyncio.Lock()

    @property
    def root(self) -> str:
        """The address below which mailboxes and public folders lie."""
        return urljoin(self.options.url, "/")

    @property
    def _front(self) -> str:
        """What nobody may be forbidden but for want of a sign-on."""
        return urljoin(self.options.url, "/exchange/")

    async def send(self, request: Request, ref: object = None) -> Response:
        """Send as the service account; the answer is told to come from where it was asked.

        Raises what the guarded client raises; ``AccessDenied`` where the server wants a sign-on
        although the session is alive, which is how it forbids.
        """
        del ref
        if not self._forms:
            response = await self._over_http(request)
            if not (wants_form(response) and self.options.auth == "auto"):
                return _from(response, request)
            self._forms = True
        return _from(await self._by_form(request), request)

    async def resolve(self, url: str) -> list[str]:
        """Return the addresses of an URL's host. Raises ``Unreachable`` where it has none."""
        return await resolved(url)

    async def close(self) -> None:
        """Close all connections; the session ends by itself."""
        self._signed_on = None
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    @property
    def _client(self) -> HttpClient:
        client = self._clients.get(self._scheme)
        if client is None:
            client = self._clients[self._scheme] = self._services.http(
                self.place.organization.id,
                f"source:{self.place.id}",
                client_options(self.options, self._scheme),
                lambda: None,  # the credential is added here, where it belongs
                trusted=self.place.trusted,
            )
        return client

    # --- over HTTP ----------------------------------------------------------------------------
    async def _over_http(self, request: Request) -> Response:
        credential = self._credential()
        try:
            return await self._carry(request, credential)
        except NotOffered as error:
            other: Scheme = "auto" if self._scheme == "ntlm" else "ntlm"
            usable = {"ntlm"} if other == "ntlm" else {"basic", "digest"}
            if self.options.auth != "auto" or usable.isdisjoint(error.offered):
                raise
            self._scheme = other
            log.info("exchange-dav.scheme", organization=self.place.organization.id,
                     source=self.place.id, kind=other)  # fmt: skip
        return await self._carry(request, credential)

    async def _carry(self, request: Request, credential: Credential | None) -> Response:
        """Send; redirects are followed, but for one to a sign-on page."""
        limits = Limits(body_bytes=self.options.max_bytes)
        response = await self._client.send(
            request, credential=credential, limits=limits, follow=False
        )
        if response.status not in _MOVED or wants_form(response):
            return response
        return await self._client.send(request, credential=credential, limits=limits)

    def _credential(self) -> Credential | None:
        return account(self.options, self.place.secret)

    # --- with a form --------------------------------------------------------------------------
    async def _by_form(self, request: Request) -> Response:
        signed = self._signed_on or await self._sign_on(None)
        try:
            response = await self._with_cookies(request, signed)
        except SignInNeeded:  # 401: the server's forms were switched off
            if self.options.auth != "auto":
                raise
            self._forms, self._signed_on = False, None
            return await self._over_http(request)
        if wants_form(response):
            signed = await self._sign_on(signed)
            response = await self._with_cookies(request, signed)
        if wants_form(response):
            raise AccessDenied(_FORBIDDEN)
        return response

    async def _with_cookies(self, request: Request, signed: _SignedOn) -> Response:
        headers = (*request.headers, signed.session.header)
        response = await self._carry(replace(request, headers=headers), None)
        signed.session = signed.session.renewed(response)
        return response

    async def _sign_on(self, spent: _SignedOn | None) -> _SignedOn:
        """Return a session other than the spent one: one sign-on serves everybody who waits."""
        async with self._signing:
            if self._signed_on is not None and self._signed_on is not spent:
                return self._signed_on
            if spent is not None and await self._accepted(spent.session):
                raise AccessDenied(_FORBIDDEN)  # the session is alive: 440 is how it says no
            self._signed_on = None
            credential = self._credential()
            if credential is None:
                raise SignInNeeded("the server wants a sign-on and no account is configured")
            organization = self.place.organization.id
            async with self._breakers.attempt(organization, credential) as attempt:
                session = await self._log_on(credential, attempt)
            if session is None:
                until = await self._breakers.open_until(organization, credential)
                raise SignInNeeded("the sign-on form refused user name or password", until)
            log.info("session.opened", organization=organization, source=self.place.id)
            self._signed_on = _SignedOn(session)
            return self._signed_on

    async def _log_on(self, credential: Credential, attempt: Attempt) -> Session | None:
        """Walk the form; None: refused."""
        log_on = LogOn(self._front, credential.username, credential.secret)
        result: Session | Refused | None = None
        while result is None:
            if log_on.posted:
                attempt.outcome = Outcome.UNANSWERED  # until the answer says better
            limits = Limits(body_bytes=4 * MAX_PAGE)
            answer = await self._client.send(log_on.request, limits=limits, follow=False)
            result = log_on.receive(answer)
        if isinstance(result, Refused):
            attempt.outcome = Outcome.REFUSED
            return None
        if not await self._accepted(result):
            raise BadAnswer("the server does not accept the session it opened itself")
        attempt.outcome = Outcome.WORKED
        return result

    async def _accepted(self, session: Session) -> bool:
        """Tell whether a session is one: some front ends hand out cookies for anything.

        An account without a mailbox of its own may get an error here: that is no sign-on page.
        """
        request = Request("GET", self._front, (session.header,))
        try:
            return not wants_form(await self._client.send(request, follow=False))
        except Unreachable:
            return True


def scheme_of(options: ExchangeDavOptions) -> Scheme:
    """Return how HTTP signs in at first: with forms it adds no sign-in of its own."""
    return "none" if options.auth == "forms" else options.auth


def client_options(options: ExchangeDavOptions, scheme: Scheme) -> _ClientOptions:
    """Return what a guarded client is told."""
    told = {name: getattr(options, name) for name in HttpOptions.model_fields}
    return _ClientOptions.model_validate({**told, "username": options.username, "auth": scheme})


def _from(response: Response, request: Request) -> Response:
    return response if response.url else replace(response, url=request.url)
