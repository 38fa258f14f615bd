"""One conversation with one mailbox, whoever asks: calendars, notifications, directory, write-back.

``call`` asks an operation until it is answered or has failed for good. On the way it settles which
server holds the mailbox, which version both understand, as whom to ask, and how the mailbox is
named; it keeps to the budget (so many requests at once, silence when told) and does what the
reaction table says. Version and address are remembered per server and per mailbox.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final, TypeVar
from urllib.parse import urlsplit

from kalends.endpoints.dav import resolved
from kalends.endpoints.exchange.clients import Clients
from kalends.endpoints.exchange.discovery import Discovery, Records
from kalends.endpoints.exchange.known import (
    Access,
    Known,
    Mailbox,
    Server,
    folder_of,
    server_told,
)
from kalends.endpoints.exchange.online import Refusals
from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.exchange.options import ONLINE_HOSTS, ExchangeOptions
from kalends.endpoints.exchange.reactions import Conversation, react
from kalends.endpoints.kind import Place, Services
from kalends.errors import BadAnswer, KalendsError, SignInNeeded, SourceTrouble, Unreachable
from kalends.model.http import Request, Response
from kalends.net.contract import Limits
from kalends.net.throttle import Gate
from kalends.wire.autodiscover.candidates import Service
from kalends.wire.ews.errors import Answered, Reaction
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.soap import Context
from kalends.wire.ews.versions import ServerVersion, Version

T = TypeVar("T")
T_trouble = TypeVar("T_trouble", bound=KalendsError)

EWS_PATH: Final = "/EWS/Exchange.asmx"
INLINE: Final = 32 << 10
"""Bytes of an answer that are read at once; more would hold the loop up (2 ms)."""
REDISCOVER_EVERY: Final = 3600.0
FOUND_LASTS: Final = 7 * 86_400.0
"""What Autodiscover said is asked anew after a week."""
MOST_AILING: Final = 10
"""Mailboxes failing in a row, none answering in between, that mean: it is the server."""
_SECONDS: Final = 1.0
_SECONDS_PER_MEGABYTE: Final = 2.0
_MEMORY: Final = 256 << 20
_MEMORY_PER_BYTE: Final = 30
_OF_MAILBOX: Final = frozenset(
    {
        Reaction.OUT_OF_SCOPE,
        Reaction.ROLE_MISSING,
        Reaction.DENIED,
        Reaction.PERSON_MISCONFIGURED,
    }
)
"""Who refuses a mailbox has understood what was asked."""
_MOST_TURNS: Final = 10
"""Requests of one conversation; every reaction is tried once, versions are six."""


class _Auto(Enum):
    AUTO = "as the mailbox's access says"


AUTO: Final = _Auto.AUTO


class ExchangeEndpoint:
    """Everything a source's account asks of Exchange."""

    def __init__(
        self,
        services: Services,
        place: Place,
        options: ExchangeOptions,
        *,
        records: Records | None = None,
    ) -> None:
        self.runtime = services.runtime
        self.place = place
        self.options = options
        self.budget = Gate(services.runtime, "Exchange", options.max_connections)
        """Shared by all who ask; streams, which hang for minutes, do not count here."""
        self.clients = Clients(services, place, options)
        self._discovery = Discovery(
            self.clients, options, records or _no_records, services.runtime.monotonic
        )
        self._mailboxes: dict[Mailbox, Known] = {}
        self._servers: dict[str, Server] = {}
        self._ailing: set[Mailbox] = set()
        self._refusals = Refusals()
        self._sought: dict[str, float] = {}
        """Server that did not answer → when it was looked for elsewhere."""
        self._url = completed(options.url) if options.url else ""
        self.replies_in_turn = 0
        """Since when (UTC seconds) settings of automatic replies are asked in turn; 0: not yet."""

    # --- what is known ------------------------------------------------------------------------
    def known(self, mailbox: Mailbox) -> Known:
        """Return what is remembered of a mailbox."""
        known = self._mailboxes.get(mailbox)
        if known is None:
            known = self._mailboxes[mailbox] = Known()
        return known

    def remembers(self, mailbox: Mailbox) -> bool:
        """Tell whether anything is remembered of a mailbox."""
        return mailbox in self._mailboxes

    def recall(self, mailbox: Mailbox, url: str) -> None:
        """Take up where a mailbox was found before a restart; it may be looked for again.

        What was found by a configuration that has changed since counts no more.
        """
        if not self.options.domain or not self.clients.trusts(url):
            return
        known = self.known(mailbox)
        known.url = sys.intern(url)
        known.found_at = self.runtime.monotonic() - REDISCOVER_EVERY

    def forget(self, mailbox: Mailbox) -> None:
        """Drop what is remembered of a mailbox that is no more."""
        self._mailboxes.pop(mailbox, None)
        self._ailing.discard(mailbox)

    def server(self, mailbox: Mailbox) -> ServerVersion | None:
        """Return what the server of a mailbox says it is; None before it said anything."""
        return self._server(self.known(mailbox).url or self._url).told

    def url_of(self, mailbox: Mailbox) -> str:
        """Return where a mailbox is asked; empty before it was found."""
        return self.known(mailbox).url or self._url

    def version(self, mailbox: Mailbox) -> Version:
        """Return the version in which a mailbox is asked."""
        known = self.known(mailbox)
        of_server = self._server(known.url or self._url).asked
        return of_server if known.version is None else min(known.version, of_server)

    def online(self, mailbox: Mailbox) -> bool:
        """Tell whether Microsoft runs the mailbox's server."""
        url = self.known(mailbox).url or self._url
        told = self.server(mailbox)
        return (urlsplit(url).hostname or "") in ONLINE_HOSTS or (told is not None and told.online)

    # --- asking ----------------------------------------------------------------------------------
    async def call(
        self,
        mailbox: Mailbox,
        operation: Operation[T],
        *,
        headers: tuple[tuple[str, str], ...] = (),
        impersonate: str | _Auto | None = AUTO,
        route: Callable[[Context], Context] = lambda context: context,
    ) -> T:
        """Ask for a mailbox; return what ``operation`` reads of the answer.

        ``impersonate``: AUTO, by the mailbox's access; None, the account itself; an address.
        ``headers`` are added (cookies of a group); ``route`` sets the context's anchor and
        affinity. Raises the ``SourceTrouble`` tree; what the server told is also ``Answered``.
        """
        talk = Conversation(mailbox, self.known(mailbox), self.version(mailbox))
        for _ in range(_MOST_TURNS):
            self.budget.check()  # nothing is looked up for a budget that is silent
            request = await self._request(talk, operation, impersonate, route)
            try:
                response = await self._send(replace(request, headers=request.headers + headers))
            except Unreachable:
                if not await self._elsewhere(mailbox, request.url):
                    raise
                continue
            except SignInNeeded as error:
                raise self._judged(mailbox, error) from error
            talk.server = self._told(request.url, response)
            try:
                answer = await self._read(operation, response)
            except Answered as error:
                if error.reaction in _OF_MAILBOX and talk.by_version:
                    self._agreed(talk, request.url)
                if not await react(self, talk, error):
                    raise self._judged(mailbox, error) from error
                continue
            self._answered(talk, request.url)
            return answer
        raise BadAnswer("the server leads us round in circles")

    async def prepare(
        self,
        mailbox: Mailbox,
        operation: Operation[T],
        *,
        headers: tuple[tuple[str, str], ...] = (),
        impersonate: str | _Auto | None = AUTO,
        route: Callable[[Context], Context] = lambda context: context,
    ) -> Request:
        """Return the request ``call`` would send, for answers that are read while they come.

        The caller sends it by ``clients.signed(request.url)``'s ``stream``.
        """
        talk = Conversation(mailbox, self.known(mailbox), self.version(mailbox))
        self.budget.check()
        request = await self._request(talk, operation, impersonate, route)
        return replace(request, headers=request.headers + headers)

    @property
    def url(self) -> str:
        """Return the configured address of EWS; empty: each mailbox's is found."""
        return self._url

    async def discover(self, mailbox: Mailbox) -> str:
        """Return where a mailbox is, asked anew. Raises as Autodiscover does."""
        known = self.known(mailbox)
        await self._discover(mailbox, known)
        return known.url

    async def resolve(self, url: str) -> list[str]:
        """Return the addresses of an URL's host. Raises ``Unreachable`` where it has none."""
        return await resolved(url)

    async def send(self, request: Request, ref: object = None) -> Response:
        """Send a request as it is: a check of the way there, no conversation."""
        del ref
        return await self._send(request)

    async def close(self) -> None:
        """Close all connections."""
        await self.clients.close()

    async def _request(
        self,
        talk: Conversation,
        operation: Operation[T],
        impersonate: str | _Auto | None,
        route: Callable[[Context], Context],
    ) -> Request:
        mailbox, known = talk.mailbox, talk.known
        url = await self._url_of(mailbox, known)
        talk.asked = talk.version or self.version(mailbox)
        actor = self._actor(mailbox, known) if impersonate is AUTO else impersonate or ""
        context = route(Context(url, talk.asked, impersonate=actor))
        folder: Folder = folder_of(known, mailbox, impersonated=bool(actor))
        return operation.build(context, folder)

    def _actor(self, mailbox: Mailbox, known: Known) -> str:
        access = known.access or self.first_access
        return (known.primary or mailbox.address) if access is Access.IMPERSONATION else ""

    @property
    def first_access(self) -> Access:
        """Return the access that is tried first."""
        wanted = self.options.access
        return Access.IMPERSONATION if wanted == "auto" else Access(wanted)

    async def _send(self, request: Request) -> Response:
        client = await self.clients.signed(request.url)
        async with self.budget.turn():
            return await client.send(request, limits=Limits(body_bytes=self.options.max_bytes))

    def _judged(self, mailbox: Mailbox, error: T_trouble) -> T_trouble | SourceTrouble:
        """Return what a refusal means: Exchange Online refuses whole tenants."""
        if not self.online(mailbox) or not isinstance(error, SourceTrouble):
            return error
        return self._refusals.judged(mailbox, error)

    async def _read(self, operation: Operation[T], response: Response) -> T:
        size = len(response.body)
        if size <= INLINE:
            return operation.parse(response)
        found: T = await self.runtime.workers.run(
            operation.name,
            response,
            *operation.arguments,
            seconds=_SECONDS + _SECONDS_PER_MEGABYTE * size / 1e6,
            bytes_limit=_MEMORY + _MEMORY_PER_BYTE * size,
        )
        return found

    # --- servers and versions -------------------------------------------------------------------
    def _server(self, url: str) -> Server:
        return self._servers.get(url, Server())

    def _told(self, url: str, response: Response) -> ServerVersion | None:
        """Remember what a server says it is; after an upgrade the newest is tried again."""
        told = server_told(response.body)
        before = self._server(url)
        if told is not None and told != before.told:
            upgraded = before.told is not None and told.newest > before.told.newest
            self._servers[url] = Server(told=told) if upgraded else before._replace(told=told)
        return told

    def _answered(self, talk: Conversation, url: str) -> None:
        self._ailing.clear()
        self._refusals.answered()
        self.budget.answered()
        self._agreed(talk, url)

    def _agreed(self, talk: Conversation, url: str) -> None:
        """Remember the version that was understood."""
        if talk.version is None:
            return
        if talk.of_mailbox:
            talk.known.version = talk.version
        else:
            self._servers[url] = self._server(url)._replace(asked=talk.version)

    # --- where a mailbox is -----------------------------------------------------------------------
    async def _url_of(self, mailbox: Mailbox, known: Known) -> str:
        if not known.url and not self._url:
            await self._discover(mailbox, known)
        elif known.found_at is not None and (
            self.runtime.monotonic() - known.found_at > FOUND_LASTS
        ):
            await self.rediscover(mailbox)
        return known.url or self._url

    async def _discover(self, mailbox: Mailbox, known: Known) -> None:
        known.found_at = self.runtime.monotonic()
        async with self.budget.turn():
            found = await self._discovery.find(known.primary or mailbox.address)
        url = found.url(inside=False)
        await self.clients.signed(url)  # raises where the credential may not go
        if url != known.url:
            known.version = None  # of the server it lay behind before
        known.url, known.grouping = sys.intern(url), sys.intern(found.grouping)
        known.public_folders = sys.intern(found.public_folders)

    async def _elsewhere(self, mailbox: Mailbox, url: str) -> bool:
        """Tell whether a mailbox has left a server that does not answer.

        All mailboxes of a server that is down would ask: one an hour does, unless it was right.
        """
        now = self.runtime.monotonic()
        if now - self._sought.get(url, -REDISCOVER_EVERY) < REDISCOVER_EVERY:
            return False
        self._sought[url] = now
        moved = await self.rediscover(mailbox)
        if moved:
            del self._sought[url]
        return moved

    # --- what the reaction table does (``reactions.Ways``) ---------------------------------------
    def now(self) -> float:
        """Return UTC seconds."""
        return self.runtime.now()

    def silence(self, seconds: float | None) -> float:
        """Stop everything of this budget; return until when (UTC seconds)."""
        return self.budget.silenced(seconds)

    def ails(self, mailbox: Mailbox) -> bool:
        """See ``reactions.Ways``."""
        self._ailing.add(mailbox)
        return len(self._ailing) < MOST_AILING

    async def rediscover(self, mailbox: Mailbox) -> bool:
        """See ``reactions.Ways``: at most once an hour; the old address stays where it fails."""
        known = self.known(mailbox)
        now = self.runtime.monotonic()
        recently = known.found_at is not None and now - known.found_at < REDISCOVER_EVERY
        if not self.options.domain or recently:
            return False
        before = known.url or self._url
        try:
            await self._discover(mailbox, known)
        except SourceTrouble:
            return False
        return known.url != before

    async def refuse_credential(self, mailbox: Mailbox) -> None:
        """See ``reactions.Ways``."""
        client = await self.clients.signed(self.known(mailbox).url or self._url)
        await client.refused()


def completed(url: str) -> str:
    """Return the address of EWS for a server's bare address."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}{EWS_PATH}"


async def _no_records(name: str) -> list[Service]:
    del name
    return []
