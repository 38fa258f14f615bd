"""One read of one mailbox in one way: nothing new, something new, or whole.

SyncFolderItems is the trigger only: it tells *that* something changed, of a series only its master.
Then the whole window is read by a calendar view and replaces what was stored. The state is asked
before the view, so that what falls between the two is news for the next read.

Where the server has told of a change already the view is read at once, by one request. The state
stays what it was, and what happened since cannot be told from it: something new that is deleted
again is no change. So the next poll reads the view once more in any case, and compares it with what
was shown (``Cursor.shown``): only what differs is a change that nobody told of. Where nothing does,
it asks what else is due, as any poll that finds nothing new.

A calendar that suddenly shows nothing is doubted unless the server itself reported the changes that
explain it: since what is stored, not since a state that is older.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from kalends.calendars.contract import CalendarRef, Previous, Reading, Skipped, Unchanged
from kalends.calendars.ews.asides import Asides
from kalends.calendars.ews.cursor import Cursor, digest
from kalends.calendars.ews.hours import Hours, packed
from kalends.calendars.ews.series import Series
from kalends.calendars.ews.texts import Texts
from kalends.calendars.ews.together import Together
from kalends.calendars.ews.view import view
from kalends.calendars.stored import pack
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.online import ENDS
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import CursorExpired, SuspiciouslyEmpty, TooLarge
from kalends.model.booking import Booking, pack_bookings
from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.ews.calendar_item import Items
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.soap import Context
from kalends.wire.ews.sync_folder_items import (
    SyncPage,
    build_sync_folder_items,
    parse_sync_folder_items,
)

MAX_PAGES: Final = 400
"""Of changes: 200,000 items."""
_NOTES: Final = {
    Access.IMPERSONATION: "Read by impersonation.",
    Access.DELEGATE: "Read as a delegate: changes show when polled, private items without text.",
    Access.FREE_BUSY: "Read by free/busy alone: no subjects.",
}
"""Told of each healthy calendar."""


class News(NamedTuple):
    """What a server reports since a state."""

    state: str
    changes: int
    """Items created, changed or deleted; 0: nothing new."""
    since_known: bool
    """Reported since what is stored, not since the beginning of time."""
    masters: tuple[str, ...] = ()
    """Series among what changed."""


class Read:
    """One read of one mailbox, as its owner, as a delegate, or by busy times."""

    def __init__(
        self,
        endpoint: ExchangeEndpoint,
        ref: CalendarRef,
        mailbox: Mailbox,
        access: Access,
        previous: Previous,
        texts: Texts,
        together: Together,
        hours: Hours,
    ) -> None:
        self._endpoint = endpoint
        self._ref = ref
        self._mailbox = mailbox
        self._access = access
        self._previous = previous
        self._texts = texts
        self._together = together
        self._zone = ZoneInfo(ref.timezone)
        self._series = Series(endpoint, mailbox, self._zone)
        self._asides = Asides(endpoint, mailbox, hours)
        self._facts = digest(mailbox.address, ref.timezone, texts.wanted)
        self.changed = False
        """Whether the server reported changes since what is stored."""

    async def run(
        self, window: Interval, known: Cursor | None, *, full: bool, told: int = 0
    ) -> Reading | Unchanged:
        """Read; see ``CalendarSource.read``. ``told``: so many changes the server told of."""
        found = await self._run(window, known, full=full, told=told)
        note = _NOTES[self._access]
        if self._endpoint.online(self._mailbox):
            note = f"{note} {ENDS}."
        return replace(found, note=note)

    async def _run(
        self, window: Interval, known: Cursor | None, *, full: bool, told: int
    ) -> Reading | Unchanged:
        if known is not None and (known.facts != self._facts or known.access != self._access):
            known = None
        if known is not None:
            self._asides.recall(known)
        usable = known is not None and known.covers(window) and not full
        if self._access is Access.FREE_BUSY:
            return await self._by_busy_times(window, known, usable=usable)
        if known is not None and usable:
            if told and known.state and not self._asides.doubted:
                return await self._by_news(known, told)
            return await self._by_changes(known)
        return await self._whole(window, known)

    # --- the calendar itself --------------------------------------------------------------------
    async def _by_news(self, known: Cursor, told: int) -> Reading | Unchanged:
        items = await view(self._endpoint, self._mailbox, known.window, self._zone)
        news = News(known.state, told, True)
        seen = self._seen(known, news, shown=_shown(items))
        try:
            return await self._reading(seen, items, news)
        except SuspiciouslyEmpty:
            return await self._by_changes(known)

    async def _by_changes(self, known: Cursor) -> Reading | Unchanged:
        news = await self._news(known)
        if news.since_known and not news.changes and not known.shown:
            now = await self._asides.refreshed(self._seen(known, news))
            return await self._told(known, now)
        items = await view(self._endpoint, self._mailbox, known.window, self._zone)
        self._judge(known, known.window, items)
        now = self._seen(known, news)
        if known.shown and not self.changed:
            now = await self._asides.refreshed(now)
        return await self._reading(now, items, news)

    async def _whole(self, window: Interval, known: Cursor | None) -> Reading:
        news = await self._news(known)
        items = await view(self._endpoint, self._mailbox, window, self._zone)
        self._judge(known, window, items)
        now = known or Cursor(0, 0, self._facts, self._access.value)
        now = msgspec.structs.replace(now, start=window.start, end=window.end)
        now = self._asides.put_off(self._seen(now, news))
        return await self._reading(now, items, news)

    async def _news(self, known: Cursor | None) -> News:
        """Return what changed since what is stored; a state the server forgot is the beginning.

        How much, an older state does not tell: some of it was shown already.
        """
        if known is not None and known.state:
            try:
                news = await self._changes(known.state)
            except CursorExpired:
                pass
            else:
                self.changed = news.changes > 0
                return news._replace(changes=0) if known.shown else news
        return (await self._changes(""))._replace(since_known=False)

    async def _changes(self, state: str) -> News:
        changes = 0
        masters: list[str] = []
        for _ in range(MAX_PAGES):
            operation = Operation(partial(_sync, state), parse_sync_folder_items)
            page: SyncPage = await self._endpoint.call(self._mailbox, operation)
            changes += len(page.changed) + len(page.deleted)
            masters += page.masters
            if page.last:
                return News(page.state, changes, True, tuple(masters))
            state = page.state
        raise TooLarge(f"the mailbox reports more than {MAX_PAGES} pages of changes")

    def _judge(self, known: Cursor | None, window: Interval, items: Items) -> None:
        """Tell what was seen already, without asking for its state, from what nobody told of."""
        if known is not None and known.shown:
            self.changed = known.window == window and known.shown != _shown(items)

    def _seen(self, cursor: Cursor, news: News, shown: bytes = b"") -> Cursor:
        where = self._endpoint.known(self._mailbox)
        return msgspec.structs.replace(
            cursor, state=news.state, shown=shown, url=where.url, primary=where.primary
        )

    async def _reading(self, cursor: Cursor, items: Items, news: News) -> Reading:
        whole = items
        masters = await self._masters(cursor, items, news)
        if masters:
            whole = await self._series.expanded(items, masters, cursor.window)
            left = len(whole.bookings) > len(items.bookings)
            cursor = msgspec.structs.replace(cursor, unexpanded=cursor.unexpanded or left)
        if not whole.bookings:
            await self._doubt(cursor.window, news)
        bookings = await self._texts.added(self._ref, self._mailbox, whole, self._previous)
        told = _reading(cursor, bookings, whole.skipped)
        return replace(told, more=self._asides.doubted or self._asides.unasked(cursor))

    async def _masters(self, cursor: Cursor, items: Items, news: News) -> tuple[str, ...]:
        """Return the series to be expanded here: none, but where a server leaves them to us."""
        if cursor.unexpanded or items.masters:
            told = news if not news.since_known else await self._changes("")
            return tuple(dict.fromkeys((*items.masters, *told.masters)))
        first = not news.since_known
        shows_series = any(one.recurring for one in items.bookings)
        return news.masters if first and not shows_series else ()

    async def _doubt(self, window: Interval, news: News | None = None) -> None:
        """Raise where a calendar with bookings shows none, and no reported changes explain it.

        Who asks again without previous bookings believes it: see ``SuspiciouslyEmpty``.
        """
        before = [
            one for one in await self._previous()
            if one.start < window.end and one.end > window.start
        ]  # fmt: skip
        series = {one.uid.rpartition("/")[0] if one.recurring else one.uid for one in before}
        explained = news.changes if news is not None and news.since_known else 0
        if len(series) > explained:
            raise SuspiciouslyEmpty("the calendar had bookings and now shows none at all")

    # --- busy times alone -------------------------------------------------------------------------
    async def _by_busy_times(
        self, window: Interval, known: Cursor | None, *, usable: bool
    ) -> Reading | Unchanged:
        asked = known.window if known is not None and usable else window
        found = await self._together.busy_times(self._mailbox, asked, self._zone, fresh=not usable)
        bookings = tuple(sorted(found.bookings, key=_order))
        if not bookings:
            await self._doubt(asked)
        where = self._endpoint.known(self._mailbox)
        now = Cursor(
            asked.start,
            asked.end,
            self._facts,
            self._access.value,
            shown=digest(pack_bookings(bookings)),
            hours=packed(found.work_hours).encode(),
            url=where.url,
            primary=where.primary,
        )
        if usable and known == now:
            return Unchanged(pack(now))
        return _reading(now, bookings, found.skipped)

    async def _told(self, known: Cursor, now: Cursor) -> Reading | Unchanged:
        """Return that nothing is new, or what is stored with other hours or another reply."""
        more = self._asides.unasked(now)
        if (now.hours, now.reply) == (known.hours, known.reply) and not more:
            return Unchanged(pack(now))
        return replace(_reading(now, await self._previous(), ()), more=more)


def _shown(items: Items) -> bytes:
    return digest(pack_bookings(sorted(items.bookings, key=_order)))


def _order(booking: Booking) -> tuple[int, str]:
    return booking.start, booking.uid


def _reading(
    cursor: Cursor, bookings: tuple[Booking, ...], skipped: tuple[tuple[str, str], ...]
) -> Reading:
    return Reading(
        bookings=tuple(sorted(bookings, key=_order)),
        cursor=pack(cursor),
        window=cursor.window,
        skipped=tuple(Skipped(*one) for one in skipped),
        work_hours=cursor.work_hours,
        automatic_reply=cursor.automatic_reply,
    )


def _sync(state: str, context: Context, folder: Folder) -> Request:
    return build_sync_folder_items(context, state, folder)
