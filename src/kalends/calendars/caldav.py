"""CalDAV collections as a source of bookings.

Place in the flow: *collection → objects → bookings*. This module is the contract's face: what the
source can do, where a calendar is, how a check goes. ``caldav_read`` does a single read,
``discovery`` finds a person's calendars, ``collection`` talks to one collection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urljoin

from kalends.calendars.caldav_hours import Asked
from kalends.calendars.caldav_read import Read
from kalends.calendars.collection import Collection
from kalends.calendars.contract import (
    CalendarRef,
    Capabilities,
    Hint,
    Previous,
    Reading,
    Step,
    Unchanged,
)
from kalends.calendars.discovery import Discovery
from kalends.calendars.steps import checked, explained, unread
from kalends.endpoints.dav import DavEndpoint
from kalends.errors import NotFound, RedirectRefused, SourceTrouble
from kalends.model.times import Interval
from kalends.wire.caldav import build


class CaldavSource:
    """``CalendarSource`` for CalDAV servers."""

    def __init__(
        self, endpoint: DavEndpoint, *, domains: Sequence[str] = (), description: bool = False
    ) -> None:
        self._endpoint = endpoint
        self._discovery = Discovery(endpoint, domains)
        self._description = description
        self._asked = Asked(endpoint.runtime)

    @property
    def capabilities(self) -> Capabilities:
        """See ``CalendarSource``."""
        domain = self._endpoint.options.named_domain
        return Capabilities(finds_by_email=True, work_hours=True, domain=domain)

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """See ``CalendarSource``."""
        await self._endpoint.settle()
        return await self._discovery.locate(ref)

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
        await self._endpoint.settle()
        collection = Collection(self._endpoint, ref, self._url(ref))
        task = Read(
            self._endpoint, ref, collection, previous, self._asked, description=self._description
        )
        return await task.run(window, cursor, full=full)

    async def check(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """See ``CalendarSource``."""
        try:
            await self._endpoint.settle()
        except SourceTrouble as error:
            yield explained("dns", self._endpoint.options.named_domain, error)
            return
        request = build.build_propfind(self._endpoint.options.url, build.PRINCIPAL)
        async for step in checked(self._endpoint, request, refs[0] if refs else None):
            yield step
            if not step.ok:
                return
        for ref in refs:
            name = f"{ref.person}/{ref.name}"
            try:
                for url in (self._url(ref),) if ref.url else await self._located(ref):
                    collection = Collection(self._endpoint, ref, url)
                    await collection.describe()
                    found = await collection.listing()
                    yield Step("calendar", name, True, f"{len(found.members)} objects at {url}")
            except SourceTrouble as error:
                yield unread(ref, error)

    async def hints(self) -> AsyncIterator[Hint]:
        """CalDAV gives no hints."""
        return
        yield

    async def close(self) -> None:
        """Nothing is kept here; the endpoint closes its own connections."""

    async def _located(self, ref: CalendarRef) -> tuple[str, ...]:
        found = await self.locate(ref)
        if not found:
            raise self._nowhere(ref)
        return found

    def _nowhere(self, ref: CalendarRef) -> NotFound:
        """Return what to do for somebody who has no calendar here."""
        domain = self._endpoint.options.named_domain.lower()
        others = sorted({address.rpartition("@")[2].lower() for address in ref.emails} - {""})
        if not domain or not others or domain in others:
            error = NotFound("no calendar of this person's addresses is shared with the account")
            error.remedy = (
                "Share it with the account, or name it: calendars = [{ source = "
                f'"{ref.source}", url = "…" }}]; "none" for somebody without one.'
            )
            return error
        error = NotFound(f"nothing is shared with the account by an address of {others[0]}")
        error.remedy = (
            f"This source serves {domain}. For {others[0]} add one of its own: "
            f'[[organizations.sources]] with domain = "{others[0]}" and an account there; or, '
            f"where {domain} holds the calendar, name it: "
            f'calendars = [{{ source = "{ref.source}", url = "…" }}].'
        )
        return error

    def _url(self, ref: CalendarRef) -> str:
        if ref.url is None:
            raise NotFound("the calendar has no address yet: it was not found by e-mail")
        url = urljoin(self._endpoint.options.url, ref.url)
        if not self._endpoint.home(url) and ref.username is None:
            raise RedirectRefused("the calendar is at another server than its source")
        return url if url.endswith("/") else url + "/"
