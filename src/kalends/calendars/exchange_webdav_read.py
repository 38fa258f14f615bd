"""One read of one mailbox's calendar over WebDAV: nothing new, or the whole window.

- *nothing new*: a POLL of the folder's subscription says so (one small request). Subscriptions are
  kept in memory only: after a restart each calendar is read once, for events may have been lost.
  Where the server offers none, the folder's own state is compared instead.
- *whole*: one SEARCH, series expanded by the server. An hour after the last one it is asked in any
  case, for neither way is documented to notice everything.
- *free/busy*: where the mailbox is refused, the meeting planner's digits stand in for it, without a
  subject; the mailbox is tried again every five minutes for an hour, then hourly.

An event is told once. It is therefore noted as owed before it is asked for, and only a whole read
that succeeded pays it: a failure in between loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from kalends.calendars.contract import CalendarRef, Previous, Reading, Skipped, Unchanged
from kalends.calendars.exchange_webdav_busy import BusyTimes
from kalends.calendars.exchange_webdav_cursor import Cursor, digest
from kalends.calendars.stored import pack, unpack
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.errors import AccessDenied, BadAnswer, NotFound, SuspiciouslyEmpty, Unreachable
from kalends.model.booking import Booking
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.exchange_dav import folders, search, subscribe
from kalends.wire.exchange_dav.appointment import Broken, Found, read_answers
from kalends.wire.exchange_dav.multistatus import accept
from kalends.wire.exchange_dav.subscribe import News
from kalends.wire.exchange_dav.urls import at_origin

Access = Literal["auto", "mailbox", "freebusy"]
WHOLE_EVERY: Final = 3600
_HALF_A_DAY: Final = 14 * 3600
"""All-day bookings are days of their owner: east or west of where they were made by so much."""
_LARGE: Final = 256 << 10
"""Bytes beyond which answers are read by a worker: a crowded calendar keeps nobody waiting."""
_LARGE_SECONDS: Final = 5.0
_READ: Final = "kalends.wire.exchange_dav.appointment:read_answers"
_DISLIKED: Final = frozenset({400, 422})
_UNWATCHED: Final = frozenset({400, 403, 405, 501})
_PROBES: Final = ((3600, 300), (1 << 60, 3600))
"""Refused for less than so long: tried again after so many seconds."""


@dataclass(slots=True)
class Watched:
    """What a source remembers of one calendar while it runs."""

    subscription: str = ""
    path: str = ""
    """Of the watched folder."""
    owed: bool = True
    """Something may have changed since the last whole read."""
    refused_at: float | None = None
    """When the server last refused to watch it (monotonic)."""


@dataclass(slots=True)
class Habits:
    """What a source has learned about its server."""

    aliased: bool | None = None
    """Whether SELECT … AS is understood; None: not known yet."""
    watched: dict[tuple[str, str], Watched] = field(default_factory=dict)

    def of(self, ref: CalendarRef) -> Watched:
        """Return what is remembered of a calendar."""
        return self.watched.setdefault((ref.person, ref.name), Watched())


class Read:
    """One read of one calendar."""

    def __init__(
        self,
        endpoint: ExchangeDavEndpoint,
        habits: Habits,
        busy: BusyTimes,
        ref: CalendarRef,
        url: str,
        previous: Previous,
        *,
        access: Access = "auto",
        description: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._habits = habits
        self._busy = busy
        self._watched = habits.of(ref)
        self._ref = ref
        self._url = url
        self._previous = previous
        self._access = access
        self._description = description
        self._zone = ZoneInfo(ref.timezone)
        facts = repr((url, ref.timezone, access, description)).encode()
        self._facts = blake2b(facts, digest_size=8).digest()

    async def run(
        self, window: Interval, cursor: bytes | None, *, full: bool
    ) -> Reading | Unchanged:
        """Read the calendar; see ``CalendarSource.read``."""
        known = unpack(cursor, Cursor)
        if known is not None and (known.facts != self._facts or not known.covers(window)):
            known = None
        if known is None or full:
            return await self._whole(window, None)
        window = known.window
        now = self._endpoint.runtime.now()
        if known.folder and now - known.read_at < WHOLE_EVERY and await self._quiet(known):
            return Unchanged(pack(known))
        return await self._whole(window, known)

    # --- has anything changed? ----------------------------------------------------------------
    async def _quiet(self, known: Cursor) -> bool:
        """Tell whether nothing changed since the last whole read."""
        if self._watched.owed:
            return False
        if self._watched.subscription and self._watched.path == known.folder:
            self._watched.owed = True
            news = await self._poll()
            self._watched.owed = news is not News.NOTHING
            return news is News.NOTHING
        return bool(known.version) and await self._version(known.folder) == known.version

    async def _poll(self) -> News:
        subscription = self._watched.subscription
        url = self._at(self._watched.path)
        response = await self._send(subscribe.build_poll(url, subscription))
        if response.status in (403, 404, 410):
            # Rights or the mailbox have gone: what that means, the whole read will tell.
            news = News.FORGOTTEN
        else:
            news = subscribe.parse_poll(response, subscription)
        if news is News.FORGOTTEN:
            self._watched.subscription = ""
        return news

    async def _watch(self, path: str) -> None:
        """Begin to watch a folder, before it is read: nothing falls between."""
        now = self._endpoint.runtime.monotonic()
        refused = self._watched.refused_at
        if self._watched.subscription and self._watched.path == path:
            return
        if refused is not None and now - refused < WHOLE_EVERY:
            return
        try:
            response = await self._send(subscribe.build_subscribe(self._at(path)))
        except Unreachable:  # 501, say; where it is an outage, the next request tells
            response = Response(501)
        self._watched.subscription = subscribe.parse_subscribe(response)
        self._watched.path = path
        self._watched.refused_at = now if response.status in _UNWATCHED else None

    async def _version(self, path: str) -> str:
        return folders.parse_version(await self._send(folders.build_version(self._at(path))))

    # --- whole --------------------------------------------------------------------------------
    async def _whole(self, window: Interval, known: Cursor | None) -> Reading | Unchanged:
        self._watched.owed = True
        denied_since = known.denied_since if known is not None else 0
        now = int(self._endpoint.runtime.now())
        if self._access == "freebusy" or not self._due(known, now):
            return await self._busy_times(window, known, denied_since)
        try:
            return await self._mailbox(window, known)
        except AccessDenied as refusal:
            if self._access == "mailbox":
                raise
            try:
                return await self._busy_times(window, None, denied_since or now)
            except (AccessDenied, NotFound, BadAnswer):
                raise refusal from None

    def _due(self, known: Cursor | None, now: int) -> bool:
        """Tell whether a refused mailbox is to be tried again."""
        if known is None or not known.denied_since:
            return True
        refused_for = now - known.denied_since
        pause = next(pause for limit, pause in _PROBES if refused_for < limit)
        return now - known.read_at >= pause

    async def _mailbox(self, window: Interval, known: Cursor | None) -> Reading | Unchanged:
        if known is not None and known.folder:
            try:
                return await self._calendar(known.folder, window, known)
            except NotFound:
                pass  # renamed, with its owner's language: where is it now?
        return await self._calendar(await self._folder(), window, known)

    async def _calendar(
        self, path: str, window: Interval, known: Cursor | None
    ) -> Reading | Unchanged:
        await self._watch(path)
        version = "" if self._watched.subscription else await self._version(path)
        count, shown = await self._search(path, window)
        if not count:
            await self._doubt()
        cursor = self._cursor(window, shown.bookings, path, version)
        return self._settled(cursor, shown.bookings, shown.broken, known)

    async def _folder(self) -> str:
        return folders.parse_folders(await self._send(folders.build_folders(self._url))).calendar

    async def _search(self, path: str, window: Interval) -> tuple[int, Found]:
        """Return how many rows the folder shows, and the bookings that overlap the window."""
        wider = Interval(window.start - _HALF_A_DAY, window.end + _HALF_A_DAY)
        bodies: list[bytes] = []
        for part in search.windows(wider):
            response = accept(await self._ask(self._at(path), part), 207)
            bodies.append(response.body)
        if sum(map(len, bodies)) <= _LARGE:
            return read_answers(bodies, window, self._ref.timezone, self._description)
        found: tuple[int, Found] = await self._endpoint.runtime.workers.run(
            _READ, bodies, window, self._ref.timezone, self._description, seconds=_LARGE_SECONDS
        )
        return found

    async def _ask(self, url: str, window: Interval) -> Response:
        """Ask for the named properties too, until the server is known to refuse that."""
        if self._habits.aliased is not False:
            try:
                response = await self._query(url, window, aliased=True)
            except Unreachable:  # a 500 may be a dislike of the query
                if self._habits.aliased:
                    raise
                response = Response(400)
            if response.status not in _DISLIKED:
                self._habits.aliased = self._habits.aliased or response.status == 207 or None
                return response
        response = await self._query(url, window, aliased=False)
        if response.status == 207:
            self._habits.aliased = False
        return response

    async def _query(self, url: str, window: Interval, *, aliased: bool) -> Response:
        return await self._send(
            search.build_calendar(url, window, aliased=aliased, description=self._description)
        )

    async def _doubt(self, window: Interval | None = None) -> None:
        """Raise where a calendar that had bookings (in a window) shows nothing at once.

        Who asks again without previous bookings believes it: see ``SuspiciouslyEmpty``.
        """
        before = await self._previous()
        if any(window is None or one.interval(self._zone).overlaps(window) for one in before):
            raise SuspiciouslyEmpty("the calendar had bookings and now shows nothing at all")

    # --- free/busy ----------------------------------------------------------------------------
    async def _busy_times(
        self, window: Interval, known: Cursor | None, denied_since: int
    ) -> Reading | Unchanged:
        key = (self._ref.person, self._ref.name)
        found = await self._busy.of(key, self._ref.emails, window, fresh=known is None)
        if found is None:
            raise AccessDenied("this person's free/busy is not published for the whole window")
        bookings = tuple(one for one in found if one.interval(self._zone).overlaps(window))
        if not bookings:
            await self._doubt(window)
        cursor = self._cursor(window, bookings, "", "")
        read_at = known.read_at if known is not None and denied_since else cursor.read_at
        cursor = msgspec.structs.replace(cursor, denied_since=denied_since, read_at=read_at)
        return self._settled(cursor, bookings, (), known)

    # --- what is handed on --------------------------------------------------------------------
    def _cursor(
        self, window: Interval, bookings: Sequence[Booking], folder: str, version: str
    ) -> Cursor:
        return Cursor(
            window.start,
            window.end,
            self._facts,
            int(self._endpoint.runtime.now()),
            digest(bookings),
            folder,
            version,
        )

    def _settled(
        self,
        cursor: Cursor,
        bookings: tuple[Booking, ...],
        broken: Sequence[Broken],
        known: Cursor | None,
    ) -> Reading | Unchanged:
        self._watched.owed = False
        if known is not None and known.digest == cursor.digest:
            return Unchanged(pack(cursor))
        return Reading(
            bookings=bookings,
            cursor=pack(cursor),
            window=cursor.window,
            skipped=tuple(Skipped(one.uid, one.reason) for one in broken),
        )

    def _at(self, path: str) -> str:
        return at_origin(path, self._url)

    async def _send(self, request: Request) -> Response:
        return await self._endpoint.send(request)
