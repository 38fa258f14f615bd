"""One read of one calendar: what to ask, and what to store of the answer.

Place in the flow: ``refresh`` goes through a read; here is what it asks and what it stores. One
calendar's window is read again and replaces what was stored, whole; the cursor moves in the same
transaction (DESIGN section 2). A failed read changes freshness only, never presence (invariant 1).

Private bookings lose their text before anything else looks at them (``policy.gist``). What their
text said depends on the *wording* of the rules, so the cursor is stored with it (``Bookmark``):
where the wording is another one by now, the calendar is read whole. This outlives restarts, and
costs a comparison for everybody who has no private booking.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kalends.calendars.contract import CalendarRef, CalendarSource, Previous, Reading, Unchanged
from kalends.model.booking import Booking, pack_bookings
from kalends.model.person import CalendarLink, PersonRecord
from kalends.model.times import Interval, day_start, utc
from kalends.policy.gist import without_text
from kalends.policy.person import PersonPolicy
from kalends.store.contract import CalendarKey, CalendarRead, CalendarRow, Store

DAY: Final = 86_400
HORIZON: Final = 35 * DAY
RENEW_UNDER: Final = 28 * DAY
"""The window is read anew when less than this, and up to a day more, remains."""
NIGHT_BEGINS: Final = 1 * 3600
NIGHT_LASTS: Final = 4 * 3600
"""Reconciling full reads are spread over these hours of the organization's night."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask of the source."""

    window: Interval
    cursor: bytes | None
    full: bool
    believe_empty: bool = False
    """The calendar was suddenly empty and we look again: what it says now is believed."""


class Bookmark(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A source's cursor, as it is stored."""

    wording: bytes
    """With what the text of private bookings was heard; empty: there are none."""
    cursor: bytes | None = None
    """The source's own."""

    def pack(self) -> bytes:
        """Return what is stored as the calendar's cursor."""
        return msgspec.msgpack.encode(self)


def bookmark(row: CalendarRow) -> Bookmark:
    """Return what was stored with a calendar; one of an older Kalends fits no wording."""
    if row.cursor is None:
        return Bookmark(b"" if row.read_at is None else _UNKNOWN)
    try:
        return msgspec.msgpack.decode(row.cursor, type=Bookmark)
    except msgspec.DecodeError:
        return Bookmark(_UNKNOWN)


_UNKNOWN: Final = b"?"


def misheard(row: CalendarRow, wording: bytes) -> bool:
    """Tell whether what private bookings said was heard with other rules than today's."""
    return bookmark(row).wording not in (b"", wording)


def plan(
    row: CalendarRow, now: int, zone: ZoneInfo, *, may_reconcile: bool, anew: bool = False
) -> Plan:
    """Return how to read a calendar now; ``anew``: nothing stored is to be trusted."""
    window = Interval(row.window_start, row.window_end)
    if anew or row.read_at is None or row.window_end - now < RENEW_UNDER + share(row.key, DAY):
        window = Interval(now, now + HORIZON)
    believe = row.health == "emptied" and row.failures >= 1
    full = anew or believe or (may_reconcile and reconcile_due(row, now, zone))
    return Plan(window, None if anew or believe else bookmark(row).cursor, full, believe)


def share(key: CalendarKey, of: int) -> int:
    """Return a number below ``of`` that is always the same for a calendar: spreads load."""
    word = f"{key.organization}/{key.person}/{key.source}/{key.name}"
    return zlib.crc32(word.encode()) % of


def reconcile_due(row: CalendarRow, now: int, zone: ZoneInfo) -> bool:
    """Tell whether the calendar's moment of the night has passed since it was reconciled."""
    if row.reconciled_at is None:
        return row.read_at is not None
    midnight = day_start(utc(now).astimezone(zone).date(), zone)
    moment = midnight + NIGHT_BEGINS + share(row.key, NIGHT_LASTS)
    if moment > now:
        moment -= DAY
    return row.reconciled_at < moment


def reference(row: CalendarRow, record: PersonRecord, timezone: str) -> CalendarRef:
    """Return what the source needs to know of a calendar and its owner."""
    key = row.key
    link = _link(record, key)
    return CalendarRef(
        organization=key.organization,
        person=key.person,
        source=key.source,
        name=key.name,
        url=row.url,
        emails=tuple(email.lower() for email in record.emails),
        timezone=record.timezone or timezone,
        username=link.username if link else None,
        password_env=link.password_env if link else None,
        password_file=link.password_file if link else None,
        trusted=record.managed_by == "file",
        owner=record,
    )


def _link(record: PersonRecord, key: CalendarKey) -> CalendarLink | None:
    if not isinstance(record.calendars, tuple):
        return None
    for link in record.calendars:
        if link.source == key.source and link.name == key.name:
            return link
    return None


async def ask(
    source: CalendarSource, store: Store, ref: CalendarRef, row: CalendarRow, plan: Plan
) -> Reading | Unchanged:
    """Read a calendar by plan; raises the ``SourceTrouble`` tree."""

    async def stored() -> tuple[Booking, ...]:
        return await store.bookings(row.key)

    async def nothing() -> tuple[Booking, ...]:
        return ()

    previous: Previous = nothing if plan.believe_empty else stored
    return await source.read(ref, plan.window, plan.cursor, previous, full=plan.full)


def to_store(
    row: CalendarRow, reading: Reading, owner: PersonPolicy, now: int, *, full: bool
) -> CalendarRead:
    """Return what replaces the calendar: neither finished bookings nor the text of private ones
    are even taken in."""
    ahead = unfinished(reading.bookings, now, owner.zone)
    bookings = tuple(without_text(owner, one) for one in ahead)
    heard = any(one.gist is not None for one in bookings)
    return CalendarRead(
        key=row.key,
        url=row.url,
        cursor=Bookmark(owner.wording if heard else b"", reading.cursor).pack(),
        window_start=reading.window.start,
        window_end=reading.window.end,
        bookings=bookings,
        skipped=len(reading.skipped),
        read_at=now,
        reconciled=full or row.read_at is None,
        work_hours=None
        if reading.work_hours is None
        else reading.work_hours.model_dump_json(exclude_defaults=True).encode(),
        automatic_reply=None
        if reading.automatic_reply is None
        else (reading.automatic_reply.start, reading.automatic_reply.end),
        note=reading.note,
        more=reading.more,
    )


def unfinished(bookings: tuple[Booking, ...], now: int, zone: ZoneInfo) -> tuple[Booking, ...]:
    """Return the bookings that have not ended yet."""
    return tuple(one for one in bookings if one.interval(zone).end > now)


def content(read: CalendarRead) -> int:
    """Return a hash of what policy will see, to notice when edits have come to rest."""
    packed = pack_bookings(sorted(read.bookings, key=lambda one: (one.start, one.uid)))
    rest = msgspec.msgpack.encode((read.work_hours, read.automatic_reply))
    return hash((packed, rest))
