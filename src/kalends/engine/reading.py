"""One read of one calendar: what to ask, and what to store of the answer.

Place in the flow: ``sync`` decides when; here one calendar's window is read again and replaces
what was stored, whole; the cursor moves in the same transaction (DESIGN section 2). A failed
read changes freshness only, never presence (invariant 1).
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


def plan(row: CalendarRow, now: int, zone: ZoneInfo, *, may_reconcile: bool) -> Plan:
    """Return how to read a calendar now."""
    window = Interval(row.window_start, row.window_end)
    if row.read_at is None or row.window_end - now < RENEW_UNDER + share(row.key, DAY):
        window = Interval(now, now + HORIZON)
    believe = row.health == "emptied" and row.failures >= 1
    full = believe or (may_reconcile and reconcile_due(row, now, zone))
    return Plan(window, None if believe else row.cursor, full, believe)


def anew(now: int) -> Plan:
    """Return how to read a calendar of which nothing stored is to be trusted."""
    return Plan(Interval(now, now + HORIZON), None, full=True)


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
    row: CalendarRow, reading: Reading, now: int, zone: ZoneInfo, *, full: bool
) -> CalendarRead:
    """Return what replaces the calendar: finished bookings are not even taken in."""
    return CalendarRead(
        key=row.key,
        url=row.url,
        cursor=reading.cursor,
        window_start=reading.window.start,
        window_end=reading.window.end,
        bookings=unfinished(reading.bookings, now, zone),
        skipped=len(reading.skipped),
        read_at=now,
        reconciled=full or row.read_at is None,
        work_hours=None
        if reading.work_hours is None
        else reading.work_hours.model_dump_json(exclude_defaults=True).encode(),
        automatic_reply=None
        if reading.automatic_reply is None
        else (reading.automatic_reply.start, reading.automatic_reply.end),
    )


def unfinished(bookings: tuple[Booking, ...], now: int, zone: ZoneInfo) -> tuple[Booking, ...]:
    """Return the bookings that have not ended yet."""
    return tuple(one for one in bookings if one.interval(zone).end > now)


def content(read: CalendarRead) -> int:
    """Return a hash of what policy will see, to notice when edits have come to rest."""
    packed = pack_bookings(sorted(read.bookings, key=lambda one: (one.start, one.uid)))
    rest = msgspec.msgpack.encode((read.work_hours, read.automatic_reply))
    return hash((packed, rest))
