"""Mailboxes of Exchange 2003 and 2007, read over WebDAV, as a source of bookings.

Place in the flow: *mailbox → calendar folder → bookings*. This module is the contract's face:
where a mailbox is, how a check goes; ``exchange_webdav_read`` does a single read. A calendar's
address is its mailbox, ``…/exchange/<e-mail>/``: its folder is called something else in every
language, and is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urljoin, urlsplit

from kalends.calendars.contract import (
    CalendarRef,
    Capabilities,
    Hint,
    Previous,
    Reading,
    Step,
    Unchanged,
)
from kalends.calendars.exchange_webdav_busy import BusyTimes
from kalends.calendars.exchange_webdav_read import Access, Habits, Read
from kalends.calendars.steps import checked, quoted, unread
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    NotFound,
    RedirectRefused,
    SourceTrouble,
)
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.exchange_dav import folders, freebusy
from kalends.wire.exchange_dav.folders import Folders
from kalends.wire.exchange_dav.urls import at_origin, mailboxes

_DAY: Final = 86_400
_BUSY_ONLY: Final = "busy times, without subjects"
_ABSENT: Final = frozenset({400, 404, 410})


class ExchangeWebdavSource:
    """``CalendarSource`` for Exchange 2003 and 2007."""

    def __init__(
        self,
        endpoint: ExchangeDavEndpoint,
        *,
        access: Access = "auto",
        poll_seconds: float = 60.0,
        description: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._access: Access = access
        self._description = description
        self._habits = Habits()
        self._busy = BusyTimes(endpoint, poll_seconds)

    @property
    def capabilities(self) -> Capabilities:
        """See ``CalendarSource``."""
        return Capabilities(finds_by_email=True, subjects=self._access != "freebusy")

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """See ``CalendarSource``: the person's mailbox, by the first address that has one."""
        refusal: AccessDenied | None = None
        for email in ref.emails:
            for url in mailboxes(self._endpoint.root, email):
                if self._access == "freebusy":
                    if await self._published(email):
                        return (url,)
                    continue
                try:
                    if await self._is_mailbox(url):
                        return (url,)
                except AccessDenied as error:
                    if self._access == "auto" and await self._published(email):
                        return (url,)
                    refusal = refusal or error
        if refusal is not None:
            raise refusal
        return ()

    async def read(
        self,
        ref: CalendarRef,
        window: Interval,
        cursor: bytes | None,
        previous: Previous,
        *,
        full: bool = False,
    ) -> Reading | Unchanged:
        """See ``CalendarSource``."""
        task = Read(
            self._endpoint,
            self._habits,
            self._busy,
            ref,
            self._url(ref),
            previous,
            access=self._access,
            description=self._description,
        )
        return await task.run(window, cursor, full=full)

    async def check(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """See ``CalendarSource``."""
        first = refs[0] if refs else None
        target = self._first_url(first)
        async for step in checked(self._endpoint, folders.build_folders(target), first):
            yield step
            if not step.ok:
                return
        yield Step("work hours", urlsplit(self._endpoint.root).netloc, True, _UNTOLD)
        for ref in refs:
            async for step in self._checked(ref):
                yield step

    async def hints(self) -> AsyncIterator[Hint]:
        """None: a POLL asks one folder, so that it is the cheap poll and no news for many."""
        return
        yield

    def forget(self, person: str, name: str) -> None:
        """See ``calendars.contract.Forgets``; the subscription runs out by itself."""
        self._habits.watched.pop((person, name), None)
        self._busy.forget((person, name))

    async def close(self) -> None:
        """Forget what was learned; subscriptions run out at the server by themselves."""
        self._habits = Habits()

    # --- checks -------------------------------------------------------------------------------
    async def _checked(self, ref: CalendarRef) -> AsyncIterator[Step]:
        name = f"{ref.person}/{ref.name}"
        try:
            (url,) = (self._url(ref),) if ref.url else await self._located(ref)
            if self._access == "freebusy":
                detail = _BUSY_ONLY
                if not await self._published(*ref.emails):
                    raise AccessDenied("this person's free/busy is not published")
            else:
                found = folders.parse_folders(await self._send(folders.build_folders(url)))
                if await self._reads_more(found, url):
                    yield Step("rights", name, True, _MORE)
                detail = await self._counted(found, url)
            yield Step("calendar", name, True, detail)
        except AccessDenied as error:
            stands_in = self._access == "auto" and await self._published(*ref.emails)
            detail = f"{_BUSY_ONLY}: {error}" if stands_in else str(error)
            yield Step("calendar", name, stands_in, detail, self._grant(ref))
        except SourceTrouble as error:
            yield unread(ref, error)

    async def _counted(self, found: Folders, url: str) -> str:
        request = folders.build_count(at_origin(found.calendar, url))
        count = folders.parse_count(await self._send(request))
        items = f"{count} items" if count is not None else "readable"
        return f"{items} at {at_origin(found.calendar, url)}"

    async def _reads_more(self, found: Folders, url: str) -> bool:
        """Tell whether the account may look into the inbox too (threat 2)."""
        if not found.inbox:
            return False
        try:
            response = await self._send(folders.build_count(at_origin(found.inbox, url)))
        except AccessDenied:
            return False
        return response.status == 207

    def _grant(self, ref: CalendarRef) -> str:
        """Return what an administrator types to let the account in."""
        who = ref.emails[0] if ref.emails else ref.person
        account = self._endpoint.options.username or "DOMAIN\\account"
        return (
            f"Exchange 2007: Add-MailboxPermission -Identity {quoted(who)} -User {quoted(account)} "
            "-AccessRights FullAccess. Exchange 2003: Active Directory Users and Computers, "
            f"{who}, Exchange Advanced, Mailbox Rights: add {account} with Full mailbox access. "
            "It takes up to two hours (or a restart of the Information Store) to become active."
        )

    # --- where things are ---------------------------------------------------------------------
    async def _located(self, ref: CalendarRef) -> tuple[str, ...]:
        found = await self.locate(ref)
        if not found:
            raise NotFound("none of this person's addresses has a mailbox on this server")
        return found

    async def _is_mailbox(self, url: str) -> bool:
        response = await self._send(folders.build_folders(url))
        if response.status in _ABSENT:
            return False
        try:
            return bool(folders.parse_folders(response).calendar)
        except NotFound:
            return False

    async def _published(self, *emails: str) -> bool:
        now = int(self._endpoint.runtime.now())
        window = freebusy.aligned(Interval(now, now + _DAY))
        request = freebusy.build_freebusy(self._endpoint.root, emails, window)
        try:
            told = freebusy.parse_freebusy(await self._send(request), window)
        except (AccessDenied, NotFound, BadAnswer):
            return False
        return any(told.get(email) is not None for email in emails)

    def _first_url(self, ref: CalendarRef | None) -> str:
        if ref is not None and ref.url:
            return self._url(ref)
        if ref is not None and ref.emails:
            return mailboxes(self._endpoint.root, ref.emails[0])[0]
        return urljoin(self._endpoint.root, "/exchange/")

    def _url(self, ref: CalendarRef) -> str:
        if ref.url is None:
            raise NotFound("the mailbox has no address yet: it was not found by e-mail")
        url = urljoin(self._endpoint.options.url, ref.url)
        hosts = {
            urlsplit(self._endpoint.options.url).hostname,
            *self._endpoint.options.allowed_hosts,
        }
        if urlsplit(url).hostname not in hosts:
            raise RedirectRefused("the mailbox is at another server than its source")
        return url if url.endswith("/") else url + "/"

    async def _send(self, request: Request) -> Response:
        return await self._endpoint.send(request)


_UNTOLD: Final = (
    "WebDAV tells none, and automatic replies are not asked: those of the organization, a "
    "department or the person count"
)
"""Exchange 2003 offers no request for work hours, and for automatic replies none that tells from
when to when; both came with the web services of 2007."""
_MORE: Final = (
    "the account may read the whole mailbox, as FullAccess grants; Reviewer on the calendar and "
    '"folder visible" on the mailbox itself would be enough'
)
