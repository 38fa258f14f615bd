"""One read of one CalDAV collection: nothing new, by parts, or whole.

- *nothing new*: the sync report or the CTag says so (one request);
- *by parts*: the changed objects are fetched and expanded, and their bookings replace what the
  store holds of the same objects; the result is the whole window all the same;
- *whole*: never read, another window or owner, or ``full``. Everything is listed; objects that
  ended before the window and did not change are not fetched again (but with ``full``).

What changed is found by sync-collection (RFC 6578), else by CTag, else by ETags alone; a refused
sync token leads to a listing, compared with what the cursor remembers. Servers that forget to
report deletions are caught by the nightly ``full`` read. Work hours are asked for beside all this
(``caldav_hours``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from kalends.calendars.caldav_hours import Asked, Availability, Told
from kalends.calendars.collection import Collection
from kalends.calendars.contract import CalendarRef, Previous, Reading, Skipped, Unchanged
from kalends.calendars.cursor import (
    Cursor,
    Entry,
    entry,
    etag_hash,
    item_of,
    pack_entries,
    unpack,
)
from kalends.calendars.expansion import Expansion
from kalends.calendars.stored import pack
from kalends.endpoints.dav import DavEndpoint
from kalends.errors import AccessDenied, CursorExpired, SuspiciouslyEmpty
from kalends.model.booking import Booking, ShowAs
from kalends.model.person import WorkHours
from kalends.model.times import Interval
from kalends.wire.caldav.answers import Item, Resource
from kalends.wire.caldav.hrefs import digest
from kalends.wire.icalendar.expand import Broken, Owner, zone_name


class _Delta(NamedTuple):
    """What may have changed since the cursor, and the state that stands for it."""

    members: dict[str, str]
    """Decoded path → ETag."""
    removed: set[bytes]
    """Path hashes."""
    token: str | None
    ctag: str | None


class _Listed(NamedTuple):
    """Everything in a collection. Token and CTag are not younger: nothing falls between."""

    members: dict[str, str]
    token: str | None
    ctag: str | None


class Read:
    """One read of one calendar."""

    def __init__(
        self,
        endpoint: DavEndpoint,
        ref: CalendarRef,
        collection: Collection,
        previous: Previous,
        asked: Asked,
        *,
        description: bool = False,
    ) -> None:
        self._collection = collection
        self._previous = previous
        owner = Owner(ref.timezone, ref.emails, description=description)
        self._expansion = Expansion(endpoint.runtime, owner)
        self._availability = Availability(asked, ref, collection, self._expansion)
        facts = repr((collection.path, owner)).encode()
        self._facts = blake2b(facts, digest_size=8).digest()

    async def run(
        self, window: Interval, cursor: bytes | None, *, full: bool
    ) -> Reading | Unchanged:
        """Read the collection; see ``CalendarSource.read``."""
        known = unpack(cursor)
        if known is not None and known.owner != self._facts:
            known = None  # another zone or address: the same objects mean something else
        if known is not None and not full and known.covers(window):
            return await self._by_parts(known)
        return await self._whole(known, window, full=full)

    # --- nothing new, or by parts ---------------------------------------------------------------
    async def _by_parts(self, known: Cursor) -> Reading | Unchanged:
        entries = known.objects()
        delta = await self._delta(known, entries)
        changed = {
            path: tag
            for path, tag in delta.members.items()
            if not _same(entries.get(digest(path)), tag)
        }
        window = known.window
        told = await self._availability.again(_told(known), window)
        now = msgspec.structs.replace(
            known, token=delta.token, ctag=delta.ctag, hours=told.hours, told=told.digest
        )
        if not changed and not delta.removed and told.hours == known.hours:
            return Unchanged(pack(now))
        bodies = await self._collection.objects(changed)
        expanded = await self._expansion.objects(bodies, window, known.floating)
        gone = delta.removed | {digest(path) for path in changed}
        entries = {key: one for key, one in entries.items() if key not in gone}
        items = {item_of(key) for key in entries}
        kept = tuple(one for one in await self._previous() if one.item in items)
        entries |= _entries(bodies, changed, expanded.ends)
        if expanded.work_hours is not None:
            told = _by_object(expanded.work_hours)
        return _reading(
            msgspec.structs.replace(
                now,
                packed=pack_entries(entries),
                hours=told.hours,
                place=told.place,
                told=told.digest,
            ),
            kept + _shown(expanded.bookings, transparent=known.transparent),
            expanded.broken,
        )

    async def _delta(self, known: Cursor, entries: Mapping[bytes, Entry]) -> _Delta:
        if known.token is not None:
            try:
                changes = await self._collection.changes(known.token)
            except CursorExpired:
                listed = await self._list(await self._collection.describe(), full=False)
                return await self._compared(listed, entries)
            removed = {digest(path) for path in changes.removed} & entries.keys()
            return _Delta(changes.members, removed, changes.token, known.ctag)
        ctag = await self._collection.version()
        if ctag is not None and ctag == known.ctag:
            return _Delta({}, set(), None, ctag)
        changes = await self._collection.listing()
        return await self._compared(_Listed(changes.members, None, ctag), entries)

    async def _compared(self, listed: _Listed, entries: Mapping[bytes, Entry]) -> _Delta:
        if entries and not listed.members:
            await self._doubt()
        removed = entries.keys() - {digest(path) for path in listed.members}
        return _Delta(listed.members, set(removed), listed.token, listed.ctag)

    # --- whole ----------------------------------------------------------------------------------
    async def _whole(self, known: Cursor | None, window: Interval, *, full: bool) -> Reading:
        described = await self._collection.describe()
        if described.free_busy_only:
            return await self._busy_time(window)
        if not described.readable:
            raise AccessDenied("the server lets us see this calendar, but not read it")
        listed = await self._list(described, full=full)
        if not listed.members:
            await self._doubt()
        finished = {} if full else _finished(listed.members, known, window)
        wanted = [path for path in listed.members if digest(path) not in finished]
        bodies = await self._collection.objects(wanted)
        floating = zone_name(described.timezone)
        expanded = await self._expansion.objects(bodies, window, floating)
        told = await self._told(described, expanded.work_hours, window, known)
        cursor = Cursor(
            start=window.start,
            end=window.end,
            owner=self._facts,
            token=listed.token,
            ctag=listed.ctag,
            floating=floating,
            transparent=described.transparent,
            hours=told.hours,
            packed=pack_entries(finished | _entries(bodies, listed.members, expanded.ends)),
            place=told.place,
            told=told.digest,
        )
        shown = _shown(expanded.bookings, transparent=described.transparent)
        return _reading(cursor, shown, expanded.broken)

    async def _list(self, described: Resource, *, full: bool) -> _Listed:
        token = described.token
        if described.syncs and not full:
            try:
                changes = await self._collection.changes("")
                return _Listed(changes.members, changes.token, described.ctag)
            except CursorExpired:
                token = None  # a token without a report is of no use
        listed = await self._collection.listing()
        return _Listed(listed.members, token, described.ctag)

    async def _doubt(self) -> None:
        """Raise where a calendar that had bookings lists nothing at once.

        Who asks again without previous bookings believes it: see ``SuspiciouslyEmpty``.
        """
        if await self._previous():
            raise SuspiciouslyEmpty("the calendar had bookings and now lists nothing at all")

    async def _busy_time(self, window: Interval) -> Reading:
        found = await self._expansion.feed(await self._collection.free_busy(window), window)
        return Reading(found.bookings, None, window, _skipped(found.broken))

    async def _told(
        self,
        described: Resource,
        own: WorkHours | None,
        window: Interval,
        known: Cursor | None,
    ) -> Told:
        """Return the work hours of the collection's own objects, else of its owner."""
        if own is not None:
            return _by_object(own)
        if not described.owner:
            return Told()
        before = Told() if known is None else _told(known)
        return await self._availability.sought(described.owner, window, before)


def _told(known: Cursor) -> Told:
    return Told(known.place, known.told, known.hours)


def _by_object(hours: WorkHours) -> Told:
    return Told(hours=hours.model_dump_json(exclude_defaults=True).encode())


def _same(known: Entry | None, tag: str) -> bool:
    return known is not None and known.etag != 0 and known.etag == etag_hash(tag)


def _finished(
    members: Mapping[str, str], known: Cursor | None, window: Interval
) -> dict[bytes, Entry]:
    """Return entries of objects that are over before the window and did not change."""
    if known is None:
        return {}
    entries = known.objects()
    keys = {digest(path): tag for path, tag in members.items()}
    return {
        key: entries[key]
        for key, tag in keys.items()
        if _same(entries.get(key), tag) and entries[key].ended(window.start)
    }


def _entries(
    bodies: Mapping[str, Item], tags: Mapping[str, str], ends: Sequence[int]
) -> dict[bytes, Entry]:
    return {
        digest(path): entry(one.etag or tags.get(path, ""), end)
        for (path, one), end in zip(bodies.items(), ends, strict=True)
    }


def _shown(bookings: tuple[Booking, ...], *, transparent: bool) -> tuple[Booking, ...]:
    """Return bookings as a transparent calendar (birthdays, holidays) means them: free."""
    if not transparent:
        return bookings
    return tuple(msgspec.structs.replace(one, show_as=ShowAs.FREE) for one in bookings)


def _reading(cursor: Cursor, bookings: Sequence[Booking], broken: Sequence[Broken]) -> Reading:
    ordered = sorted(bookings, key=lambda one: (one.start, one.uid, one.item))
    return Reading(
        bookings=tuple(ordered),
        cursor=pack(cursor),
        window=Interval(cursor.start, cursor.end),
        skipped=_skipped(broken),
        work_hours=_hours(cursor.hours),
    )


def _skipped(broken: Sequence[Broken]) -> tuple[Skipped, ...]:
    return tuple(Skipped(one.uid, one.reason) for one in broken)


def _hours(told: bytes) -> WorkHours | None:
    return WorkHours.model_validate_json(told) if told else None
