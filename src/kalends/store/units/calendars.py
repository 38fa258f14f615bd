"""Calendars: one row each, replaced whole together with its cursor.

A keyed digest tells an unchanged calendar without opening it. A window that reaches a day or
more further counts as a change: the timeline's horizon follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, and_, bindparam, delete, func, select, tuple_, update

from kalends.model.booking import Booking
from kalends.model.profile import unpack_profile
from kalends.store.contract import (
    CalendarHealth,
    CalendarInput,
    CalendarKey,
    CalendarRead,
    CalendarRow,
    Lane,
    OwnedCalendar,
    PolicyInputs,
)
from kalends.store.sealing import UNREADABLE, Seals, pack_content
from kalends.store.statements import AnyOf, Row, Statement, Unit, upsert
from kalends.store.tables import calendar, person, plan, state
from kalends.store.units.queue import IS_THERE, QUEUE_DIRTY, settled

DAY: Final = 86_400

_c = calendar.c
_mine = _c.organization == bindparam("organization")
_of_person = and_(_mine, _c.person == bindparam("person"))
_one = and_(_of_person, _c.source == bindparam("source"), _c.name == bindparam("name"))
_where = and_(
    _c.organization == bindparam("of_organization"),
    _c.person == bindparam("of_person"),
    _c.source == bindparam("of_source"),
    _c.name == bindparam("of_name"),
)

_KEYS = Statement(select(_c.source, _c.name, _c.url, _c.bookings).where(_of_person))
_NEW = Statement(upsert(calendar))
_DELETE = Statement(delete(calendar).where(_one))
_MOVED = Statement(
    update(calendar)
    .where(_where)
    .values(url=bindparam("url"), cursor=None, health="new", next_probe_at=None)
)
_STORED = Statement(
    select(_c.url, _c.digest, _c.window_end, _c.reconciled_at, state.c.evaluated_at, plan.c.profile)
    .join(state, and_(state.c.organization == _c.organization, state.c.person == _c.person))
    .join(plan, and_(plan.c.organization == _c.organization, plan.c.person == _c.person))
    .where(_one)
    .with_for_update()
)
_FRESHNESS: Final[dict[str, Any]] = {
    "url": func.coalesce(bindparam("url"), _c.url),
    "cursor": bindparam("cursor"),
    "read_at": bindparam("read_at"),
    "reconciled_at": bindparam("reconciled_at"),
    "skipped": bindparam("skipped"),
    "stale_since": None,
    "health": "ok",
    "message": bindparam("message"),
    "remedy": "",
    "failures": 0,
    "next_probe_at": None,
}
_FRESH = Statement(update(calendar).where(_where).values(_FRESHNESS))
_REPLACE = Statement(
    update(calendar)
    .where(_where)
    .values(
        {
            **_FRESHNESS,
            **{
                name: bindparam(name)
                for name in (
                    "window_start", "window_end", "bookings", "digest", "first_end", "content",
                )
            },
        }
    )
)  # fmt: skip
_learnt_at: BindParameter[str] = bindparam("learnt_at")
_HEALTH = Statement(
    update(calendar)
    .where(  # not where it was moved meanwhile: what is told is another calendar's
        _where, func.coalesce(_learnt_at, _c.url, "") == func.coalesce(_c.url, _learnt_at, "")
    )
    .values(
        {
            name: bindparam(name)
            for name in ("health", "message", "remedy", "stale_since", "failures", "next_probe_at")
        }
        | {"cursor": func.coalesce(bindparam("cursor"), _c.cursor)}
    )
)
_CONTENT = Statement(select(_c.content).where(_one))
_ROWS: Final = (
    _c.organization, _c.person, _c.source, _c.name, _c.url, _c.cursor, _c.window_start,
    _c.window_end, _c.read_at, _c.reconciled_at, _c.stale_since, _c.health, _c.message, _c.remedy,
    _c.failures, _c.skipped, _c.bookings, _c.next_probe_at,
)  # fmt: skip
_order = (_c.person, _c.source, _c.name)
_after = tuple_(*_order) > tuple_(
    bindparam("after_person"), bindparam("after_source"), bindparam("after_name")
)
_PAGE = Statement(select(*_ROWS).where(_mine, _after).order_by(*_order).limit(bindparam("count")))
_PAGE_SOURCE = Statement(
    select(*_ROWS)
    .where(_mine, _c.source == bindparam("source"), _after)
    .order_by(*_order)
    .limit(bindparam("count"))
)
_PAGE_PERSON = Statement(
    select(*_ROWS).where(_of_person, _after).order_by(*_order).limit(bindparam("count"))
)
_OWNED = Statement(
    select(*_ROWS, person.c.record)
    .join(person, and_(person.c.organization == _c.organization, person.c.person == _c.person))
    .where(_mine, _c.source == bindparam("source"), AnyOf(_c.person, "people"))
)
_PEOPLE = Statement(
    select(state.c.person, state.c.input_version, person.c.record)
    .join(
        person,
        and_(person.c.organization == state.c.organization, person.c.person == state.c.person),
    )
    .where(state.c.organization == bindparam("organization"), AnyOf(state.c.person, "people"))
)
_INPUTS = Statement(
    select(_c.person, _c.source, _c.name, _c.window_end, _c.stale_since, _c.content)
    .where(_mine, AnyOf(_c.person, "people"))
    .order_by(*_order)
)


def set_calendars(
    organization: str,
    who: str,
    keys: Sequence[tuple[CalendarKey, str | None]],
    now: int,
    seen: Sequence[tuple[CalendarKey, str | None]] | None,
) -> Unit[bool]:
    """See ``Store.set_calendars``."""
    there = yield IS_THERE(organization=organization, person=who)
    stored = yield _KEYS(organization=organization, person=who)
    present = {(source, name): (url, count) for source, name, url, count in stored}
    if not there or (seen is not None and _plain(seen) != {k: v[0] for k, v in present.items()}):
        return False
    wanted = _plain(keys)
    gone = present.keys() - wanted.keys()
    for source, name in gone:
        yield _DELETE(organization=organization, person=who, source=source, name=name)
    for (source, name), url in wanted.items():
        key = CalendarKey(organization, who, source, name)
        if (source, name) not in present:
            yield _NEW(**_named(key), url=url, **_NEVER_READ)
        elif url is not None and url != present[source, name][0]:
            yield _MOVED(**_which(key), url=url)
    if any(present[one][1] for one in gone):
        yield QUEUE_DIRTY(organization=organization, who=who, to_lane=Lane.CALENDAR, now=now)
    elif gone:
        yield from settled(organization, [who], now)
    return True


def _plain(
    keys: Sequence[tuple[CalendarKey, str | None]],
) -> dict[tuple[str, str], str | None]:
    return {(key.source, key.name): url for key, url in keys}


_NEVER_READ: Final[dict[str, Any]] = {
    "cursor": None, "window_start": 0, "window_end": 0, "read_at": None, "reconciled_at": None,
    "stale_since": None, "health": "new", "message": "", "remedy": "", "failures": 0,
    "skipped": 0, "bookings": 0, "next_probe_at": None, "digest": None, "first_end": None,
    "content": None,
}  # fmt: skip


def replace(seals: Seals, read: CalendarRead, now: int) -> Unit[bool]:
    """See ``Store.replace_calendar``."""
    rows = yield _STORED(**_named(read.key))
    if not rows:
        return False  # removed while it was being read
    url, digest, window_end, reconciled_at, evaluated_at, profile = rows[0]
    if url is not None and read.url not in (None, url):
        return False  # moved while it was being read: this is another calendar's
    zone = ZoneInfo(unpack_profile(profile).timezone)
    kept = unfinished(read.bookings, zone, min(now, evaluated_at))
    packed = pack_content(kept, read.work_hours, read.automatic_reply)
    fresh_digest = seals.digest(read.key, packed)
    freshness = {
        **_which(read.key),
        "url": read.url,
        "cursor": read.cursor,
        "read_at": read.read_at,
        "reconciled_at": read.read_at if read.reconciled else reconciled_at,
        "skipped": read.skipped,
        "message": read.note,
    }
    if digest == fresh_digest and 0 <= read.window_end - window_end < DAY:
        yield _FRESH(**freshness)
        return False
    yield _REPLACE(
        **freshness,
        window_start=read.window_start,
        window_end=read.window_end,
        bookings=len(kept),
        digest=fresh_digest,
        first_end=first_end(kept, zone),
        content=seals.content(read.key, packed),
    )
    of, who = read.key.organization, read.key.person
    if evaluated_at:
        yield QUEUE_DIRTY(organization=of, who=who, to_lane=Lane.CALENDAR, now=now)
    elif not read.more:
        yield from settled(of, [who], now)
    return True


def unfinished(bookings: Sequence[Booking], zone: ZoneInfo, at: int) -> tuple[Booking, ...]:
    """Return the bookings that end after ``at``, in their order."""
    return tuple(booking for booking in bookings if booking.interval(zone).end > at)


def first_end(bookings: Sequence[Booking], zone: ZoneInfo) -> int | None:
    """Return when the first of these bookings ends."""
    return min((booking.interval(zone).end for booking in bookings), default=None)


def mark(healths: Sequence[CalendarHealth], now: int) -> Unit[None]:
    """See ``Store.mark_calendars``."""
    yield _HEALTH.each(
        [
            {
                **_which(told.key),
                "health": told.health,
                "message": told.message,
                "remedy": told.remedy,
                "stale_since": told.stale_since,
                "failures": told.failures,
                "next_probe_at": told.next_probe_at,
                "cursor": told.cursor,
                "learnt_at": told.url,
            }
            for told in healths
        ]
    )
    by_organization: dict[str, list[str]] = {}
    for told in healths:
        by_organization.setdefault(told.key.organization, []).append(told.key.person)
    for of, people in by_organization.items():
        yield from settled(of, people, now)


def bookings(seals: Seals, key: CalendarKey) -> Unit[tuple[Booking, ...]]:
    """See ``Store.bookings``."""
    rows = yield _CONTENT(**_named(key))
    return seals.open_content(key, rows[0][0]).bookings if rows else ()


def page(
    organization: str,
    source: str | None,
    who: str | None,
    after: tuple[str, str, str] | None,
    limit: int,
) -> Unit[list[CalendarRow]]:
    """See ``Reader.calendars``."""
    behind = dict(
        zip(("after_person", "after_source", "after_name"), after or ("", "", ""), strict=True)
    )
    asked: dict[str, Any] = {"organization": organization, "count": limit, **behind}
    if who is not None:
        rows = yield _PAGE_PERSON(person=who, **asked)
        return [_row(row) for row in rows if source in (None, row[2])]
    if source is not None:
        rows = yield _PAGE_SOURCE(source=source, **asked)
    else:
        rows = yield _PAGE(**asked)
    return [_row(row) for row in rows]


def owned(organization: str, source: str, people: Sequence[str]) -> Unit[list[OwnedCalendar]]:
    """See ``Reader.owned_calendars``."""
    rows = yield _OWNED(organization=organization, source=source, people=list(people))
    return [OwnedCalendar(_row(row[:-1]), row[-1]) for row in rows]


def inputs(seals: Seals, organization: str, people: Sequence[str]) -> Unit[list[PolicyInputs]]:
    """Return what timelines of these people of one organization are built from."""
    found = yield _PEOPLE(organization=organization, people=list(people))
    rows = yield _INPUTS(organization=organization, people=list(people))
    calendars: dict[str, list[CalendarInput]] = {}
    unreadable: set[str] = set()
    for row in rows:
        try:
            calendars.setdefault(row[0], []).append(_input(seals, organization, row))
        except UNREADABLE:
            unreadable.add(row[0])
    return [
        PolicyInputs(organization, who, version, record, (), unreadable=True)
        if who in unreadable
        else PolicyInputs(organization, who, version, record, tuple(calendars.get(who, ())))
        for who, version, record in found
    ]


def _input(seals: Seals, organization: str, row: Row) -> CalendarInput:
    who, source, name, window_end, stale_since, sealed = row
    key = CalendarKey(organization, who, source, name)
    content = seals.open_content(key, sealed)
    return CalendarInput(
        key, content.bookings, window_end, content.work_hours, content.automatic_reply, stale_since
    )


def _row(row: Row) -> CalendarRow:
    # A key is kept for long: what thousands of them share is one text.
    of, who, source, name = row[:4]
    return CalendarRow(CalendarKey(intern(of), who, intern(source), intern(name)), *row[4:])


def _named(key: CalendarKey) -> dict[str, str]:
    return {
        "organization": key.organization,
        "person": key.person,
        "source": key.source,
        "name": key.name,
    }


def _which(key: CalendarKey) -> dict[str, str]:
    return {f"of_{column}": value for column, value in _named(key).items()}
