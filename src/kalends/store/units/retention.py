"""Forgetting: finished bookings and segments, old transitions and audit, expired tokens.

Transitions leave in the order of their revisions: who reads the log finds all of it behind some
revision, or sees that it begins later. What was caught up with is older than what stands before it.

A booking or segment is forgotten once it ended and its person's boundaries have been visited at
or behind its end: up to ``evaluated_at``, and beyond it while the next boundary lies ahead (a
declined meeting ends without being one).

Rewriting a row seals it anew; the old bytes are overwritten by SQLite
(``secure_delete``) or closed for ever when their day's key is destroyed (PostgreSQL).
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    BindParameter,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from kalends.model.profile import unpack_profile
from kalends.store.contract import CalendarKey
from kalends.store.sealing import UNREADABLE, Seals, pack_content
from kalends.store.statements import Row, Statement, Unit
from kalends.store.tables import (
    audit,
    breaker,
    calendar,
    person,
    plan,
    principal,
    sink_row,
    state,
    transition,
)
from kalends.store.tables import organization as owner
from kalends.store.units.calendars import first_end, unfinished

TRANSITION_SECONDS: Final = 3600
AUDIT_SECONDS: Final = 90 * 86_400
BREAKER_SECONDS: Final = 7 * 86_400
"""Failures count for an hour; a week later even an operator asks no more."""

_c, _s, _p, _t = calendar.c, state.c, plan.c, transition.c
_count: BindParameter[int] = bindparam("count")
_before: BindParameter[int] = bindparam("before")


def _visited(end: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell, in SQL, whether every boundary up to ``end`` was visited."""
    ahead = or_(_s.next_change_at.is_(None), end < _s.next_change_at)
    return or_(end <= _s.evaluated_at, and_(_s.dirty.is_(False), _s.evaluated_at > 0, ahead))


def _visited_until(now: int, evaluated_at: int, dirty: bool, next_change_at: int | None) -> int:
    """Return up to when every boundary was visited, at most ``now``."""
    if not evaluated_at or dirty:
        return min(now, evaluated_at)
    return now if next_change_at is None else min(now, max(evaluated_at, next_change_at - 1))


_ENDED_BOOKINGS = Statement(
    select(
        _c.organization,
        _c.person,
        _c.source,
        _c.name,
        _c.content,
        _s.evaluated_at,
        _s.dirty,
        _s.next_change_at,
        _p.profile,
    )
    .join(state, and_(_s.organization == _c.organization, _s.person == _c.person))
    .join(plan, and_(_p.organization == _c.organization, _p.person == _c.person))
    .where(_c.first_end <= bindparam("now"), _visited(_c.first_end))
    .order_by(_c.first_end)
    .limit(_count)
    .with_for_update(of=calendar)
)
_KEEP_BOOKINGS = Statement(
    update(calendar)
    .where(
        _c.organization == bindparam("of_organization"),
        _c.person == bindparam("of_person"),
        _c.source == bindparam("of_source"),
        _c.name == bindparam("of_name"),
    )
    .values(
        content=bindparam("content"),
        digest=bindparam("digest"),
        first_end=bindparam("first_end"),
        bookings=bindparam("bookings"),
    )
)
_ENDED_SEGMENTS = Statement(
    select(_p.organization, _p.person, _p.timeline, _s.evaluated_at, _s.dirty, _s.next_change_at)
    .join(state, and_(_s.organization == _p.organization, _s.person == _p.person))
    .where(_p.first_end <= bindparam("now"), _visited(_p.first_end))
    .order_by(_p.first_end)
    .limit(_count)
    .with_for_update(of=plan)
)
_KEEP_SEGMENTS = Statement(
    update(plan)
    .where(_p.organization == bindparam("of_organization"), _p.person == bindparam("of_person"))
    .values(timeline=bindparam("timeline"), first_end=bindparam("first_end"))
)


def _oldest(key: tuple[ColumnElement[object], ...], where: ColumnElement[bool]) -> Statement:
    table = key[0].table  # columns of one table
    chosen = select(*key).where(where).limit(_count)
    return Statement(delete(table).where(tuple_(*key).in_(chosen)).returning(*key))


_someone = exists().where(
    person.c.organization == sink_row.c.organization, person.c.person == sink_row.c.person
)
_OLD: Final = {
    "audit": (_oldest((audit.c.number,), audit.c.at < _before), AUDIT_SECONDS),
    "tokens": (_oldest((principal.c.id,), principal.c.expires_at < _before), 0),
}
"""What is old after so many seconds."""
_log_begins = (
    select(_t.at)
    .where(_t.organization == owner.c.organization)
    .order_by(_t.revision)
    .limit(1)
    .correlate(owner)
    .scalar_subquery()
)
_OLD_LOGS = Statement(select(owner.c.organization).where(_log_begins < _before))
_LOG = Statement(
    select(_t.revision, _t.at)
    .where(_t.organization == bindparam("of"))
    .order_by(_t.revision)
    .limit(_count)
)
_CUT_LOG = Statement(
    delete(transition)
    .where(_t.organization == bindparam("of"), _t.revision <= bindparam("last"))
    .returning(_t.revision)
)
_ORPHANS = _oldest(
    (sink_row.c.organization, sink_row.c.sink, sink_row.c.person),
    and_(~_someone, sink_row.c.due_at.is_(None)),
)
"""What sinks remember of people who left, once there is nothing left to deliver."""


_b = breaker.c
_CALM_BREAKERS = Statement(
    select(_b.organization, _b.endpoint, _b.failures, _b.version)
    .where(or_(_b.open_until.is_(None), _b.open_until < _before))
    .order_by(func.random())  # who is left out this time is not left out for ever
    .limit(_count)
)
_END_BREAKER = Statement(
    delete(breaker)
    .where(
        _b.organization == bindparam("of"),
        _b.endpoint == bindparam("endpoint"),
        _b.version == bindparam("version"),
    )
    .returning(_b.endpoint)
)


def purge(seals: Seals, now: int, limit: int) -> Unit[dict[str, int]]:
    """See ``Store.purge``: one slice."""
    bookings = yield from _purge_bookings(seals, now, limit)
    segments = yield from _purge_segments(seals, now, limit)
    transitions = yield from _purge_transitions(now - TRANSITION_SECONDS, limit)
    counts = {"bookings": bookings, "segments": segments, "transitions": transitions}
    for kind, (statement, seconds) in _OLD.items():
        counts[kind] = len((yield statement(before=now - seconds, count=limit)))
    counts["sink_rows"] = len((yield _ORPHANS(count=limit)))
    counts["breakers"] = yield from _purge_breakers(now, limit)
    return counts


def _purge_transitions(before: int, limit: int) -> Unit[int]:
    left = limit
    for (of,) in (yield _OLD_LOGS(before=before)):
        rows = yield _LOG(of=of, count=left)
        old = [revision for revision, _ in takewhile(lambda row: row[1] < before, rows)]
        if old:
            left -= len((yield _CUT_LOG(of=of, last=old[-1])))
        if left <= 0:
            break
    return limit - left


def _purge_breakers(now: int, limit: int) -> Unit[int]:
    """Forget credentials that failed long ago: most of them were replaced by new ones."""
    gone = 0
    for of, endpoint, failures, version in (yield _CALM_BREAKERS(before=now, count=limit)):
        if max(msgspec.json.decode(failures, type=list[int]), default=0) < now - BREAKER_SECONDS:
            gone += len((yield _END_BREAKER(of=of, endpoint=endpoint, version=version)))
    return gone


def _purge_bookings(seals: Seals, now: int, limit: int) -> Unit[int]:
    rows = yield _ENDED_BOOKINGS(now=now, count=limit)
    kept = [it for row in rows if (it := _without_finished(seals, row, now)) is not None]
    if kept:
        yield _KEEP_BOOKINGS.each([values for values, _ in kept])
    return sum(gone for _, gone in kept)


def _without_finished(seals: Seals, row: Row, now: int) -> tuple[dict[str, object], int] | None:
    """Return what is kept of a calendar, and how much is not; None where it cannot be opened."""
    *names, sealed, evaluated_at, dirty, next_change_at, profile = row
    key = CalendarKey(*names)
    zone = ZoneInfo(unpack_profile(profile).timezone)
    try:
        content = seals.open_content(key, sealed)
    except UNREADABLE:
        return None
    until = _visited_until(now, evaluated_at, dirty, next_change_at)
    left = unfinished(content.bookings, zone, until)
    packed = pack_content(left, content.work_hours, content.automatic_reply)
    values: dict[str, object] = {
        "of_organization": key.organization,
        "of_person": key.person,
        "of_source": key.source,
        "of_name": key.name,
        "content": seals.content(key, packed),
        "digest": seals.digest(key, packed),
        "first_end": first_end(left, zone),
        "bookings": len(left),
    }
    return values, len(content.bookings) - len(left)


def _purge_segments(seals: Seals, now: int, limit: int) -> Unit[int]:
    rows = yield _ENDED_SEGMENTS(now=now, count=limit)
    kept, gone = [], 0
    for organization, who, sealed, evaluated_at, dirty, next_change_at in rows:
        try:
            timeline = seals.open_timeline(organization, who, sealed)
        except UNREADABLE:
            continue
        until = _visited_until(now, evaluated_at, dirty, next_change_at)
        left = tuple(segment for segment in timeline.segments if segment.end > until)
        gone += len(timeline.segments) - len(left)
        kept.append(
            {
                "of_organization": organization,
                "of_person": who,
                "timeline": seals.timeline(
                    organization, who, msgspec.structs.replace(timeline, segments=left)
                ),
                "first_end": left[0].end if left else None,
            }
        )
    if kept:
        yield _KEEP_SEGMENTS.each(kept)
    return gone
