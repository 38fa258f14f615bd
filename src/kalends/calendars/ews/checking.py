"""The steps of ``kalends check`` for Exchange: the way there, then each mailbox in every way.

What works is told for each mailbox, and for what does not the command that would allow it. Where
the account sees more of a mailbox than its calendar, that is said too (threat 2).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from kalends.calendars.contract import CalendarRef, Step
from kalends.calendars.ews.probing import mailbox_of, probe
from kalends.calendars.ews.ways import Ways, refuses
from kalends.calendars.notify.allowance import at_once
from kalends.calendars.steps import checked, explained, unread
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import ORDER, Access, Mailbox
from kalends.endpoints.exchange.online import ENDS, days_left
from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.exchange.options import ONLINE_HOSTS
from kalends.errors import NotFound, SourceTrouble
from kalends.model.http import Request
from kalends.wire.ews.errors import UNPUBLISHED, Answered
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_folder import build_get_folder, parse_get_folder
from kalends.wire.ews.soap import Context
from kalends.wire.ews.versions import Version

_MOST_UNKNOWN: Final = 5
"""Addresses that Autodiscover may not know, before it is the domain that is wrong."""
_NEEDLESS: Final = (
    'warning: access = "{access}" opens the calendar alone, but the account may open the whole '
    "mailbox by {way}: take that right away"
)
_TOO_MANY: Final = (
    "warning: max_connections = {asked}, but Exchange {product} comes with {limit} requests at "
    "once for one account (EWSMaxConcurrency) and is busy to more: lower it, or give the account "
    "its own throttling policy"
)
_MORE: Final = {
    Access.IMPERSONATION: "warning: impersonation opens the whole mailbox; limit the role by a "
    'management scope, or share calendars only (access = "delegate")',
    Access.DELEGATE: "warning: the account may read the Inbox too; Reviewer on the calendar is "
    "enough",
}


class Checking:
    """Tries everything once, in the order a newcomer would."""

    def __init__(self, endpoint: ExchangeEndpoint, ways: Ways) -> None:
        self._endpoint = endpoint
        self._ways = ways
        self._crowded = False
        """Whether it was said that the account asks for too much at once."""

    async def steps(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """Yield every step; what finds nobody of the network ends it."""
        url = self._endpoint.url
        if not url and refs:
            domain = self._endpoint.options.domain
            try:
                url = await self._somebodys(refs)
            except SourceTrouble as error:
                yield explained("autodiscover", domain, error)
                return
            yield Step("autodiscover", domain, True, url)
        if urlsplit(url).hostname in ONLINE_HOSTS:  # told even where it lets nobody in
            yield self._ending()
        if url:
            # Every server understands the oldest version: what it answers is about signing in.
            request = build_get_folder(Context(url, Version.E2007_SP1))
            async for step in checked(self._endpoint, request, None, page=UNPUBLISHED):
                yield step
                if not step.ok:
                    return
        for ref in refs:
            async for step in self._calendar(ref):
                yield step
        hidden = urlsplit(url).hostname not in ONLINE_HOSTS
        if hidden and refs and self._endpoint.online(mailbox_of(refs[0])):
            yield self._ending()

    async def _somebodys(self, refs: tuple[CalendarRef, ...]) -> str:
        """Return where the first mailbox is that is known: one may be misspelt, the rest not."""
        trouble: NotFound | None = None
        for ref in refs[:_MOST_UNKNOWN]:
            try:
                return await self._endpoint.discover(mailbox_of(ref))
            except NotFound as error:
                trouble = trouble or error
        raise trouble or NotFound("there is nobody to look for")

    def _ending(self) -> Step:
        left = days_left(self._endpoint.runtime.now())
        return Step("exchange-online", "", True, f"warning: {ENDS} ({left} days left)")

    async def _calendar(self, ref: CalendarRef) -> AsyncIterator[Step]:
        name = f"{ref.person}/{ref.name}"
        try:
            mailbox, found = await self._somewhere(ref)
        except SourceTrouble as error:
            yield unread(ref, error)
            return
        works = next((access for access, error in found.items() if error is None), None)
        for access, refusal in found.items():
            yield self._told(name, mailbox, access, refusal, needed=works is None)
        if works is None:
            refusals = {access: error for access, error in found.items() if error is not None}
            yield explained("calendar", name, self._ways.denied(mailbox, refusals))
            return
        more = await self._sees_more(mailbox, found)
        if more is not None:
            wanted = self._endpoint.options.access
            needless = wanted not in ("auto", more)
            told = _NEEDLESS.format(access=wanted, way=more) if needless else _MORE[more]
            yield Step("rights", name, True, told)
        crowd = self._too_many(mailbox, works)
        if crowd is not None:
            yield crowd
        server = self._endpoint.server(mailbox)
        product = f"Exchange {server.product}" if server else "Exchange"
        yield Step("calendar", name, True, f"read by {works} from {product}")

    def _too_many(self, mailbox: Mailbox, works: Access) -> Step | None:
        """Return, once, that more is asked at once than the server comes with."""
        server = self._endpoint.server(mailbox)
        limit = at_once(server, impersonated=works is Access.IMPERSONATION)
        asked = self._endpoint.options.max_connections
        if server is None or self._crowded or not 0 < limit < asked:
            return None
        self._crowded = True
        told = _TOO_MANY.format(asked=asked, product=server.product, limit=limit)
        return Step("budget", urlsplit(self._endpoint.url_of(mailbox)).hostname or "", True, told)

    async def _somewhere(self, ref: CalendarRef) -> tuple[Mailbox, dict[Access, Answered | None]]:
        """Return what came of each way at the first of a person's addresses that is known here."""
        addresses = (ref.emails if ref.url is None else ()) or ("",)
        trouble: NotFound | None = None
        for address in addresses:
            mailbox = mailbox_of(replace(ref, url=address or ref.url))
            try:
                return mailbox, await self._found(mailbox)
            except NotFound as error:
                trouble = trouble or error
                if address:
                    self._endpoint.forget(mailbox)
        assert trouble is not None  # there was one address at least
        raise trouble

    async def _found(self, mailbox: Mailbox) -> dict[Access, Answered | None]:
        """Return what came of each way; other trouble than a refusal is raised."""
        wanted = self._endpoint.options.access
        known = self._endpoint.known(mailbox)
        found: dict[Access, Answered | None] = {}
        for access in ORDER if wanted == "auto" else (Access(wanted),):
            try:
                with known.tried(access):
                    await probe(self._endpoint, mailbox, access)
            except Answered as error:
                if not refuses(error):
                    raise
                found[access] = error
            else:
                found[access] = None
        return found

    def _told(
        self,
        name: str,
        mailbox: Mailbox,
        access: Access,
        refusal: Answered | None,
        *,
        needed: bool,
    ) -> Step:
        if refusal is None:
            return Step(access.value, name, True, "works")
        command = self._ways.command(mailbox, access)
        why = f"refused ({refusal.fault.code})"
        if needed:
            return Step(access.value, name, False, why, command)
        return Step(access.value, name, True, f"{why}; to allow it: {command}")

    async def _sees_more(
        self, mailbox: Mailbox, found: dict[Access, Answered | None]
    ) -> Access | None:
        """Return how more than the calendar may be read, whatever way the source wants."""
        for access in (Access.IMPERSONATION, Access.DELEGATE):
            if found.get(access) is None and await self._opens_inbox(mailbox, access):
                return access
        return None

    async def _opens_inbox(self, mailbox: Mailbox, access: Access) -> bool:
        known = self._endpoint.known(mailbox)
        folder = Folder(name="inbox")
        if access is Access.DELEGATE:
            folder = Folder(name="inbox", mailbox=known.primary or mailbox.address)
        try:
            with known.tried(access):
                await self._endpoint.call(
                    mailbox, Operation(partial(_folder, folder), parse_get_folder)
                )
        except SourceTrouble:
            return False
        return True


def _folder(folder: Folder, context: Context, calendar: Folder) -> Request:
    del calendar
    return build_get_folder(context, folder)
