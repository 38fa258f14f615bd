"""The due index's way in: every input write queues its person here.

It bumps ``input_version`` and sets ``queued_at``; a more urgent lane already waited in is kept.
``next_change_at``, the known boundary, stays untouched, so that a boundary is served in its own
second however long the lane is.

A new person whose calendars are yet to be read waits for them: queued for a moment that lies ahead,
and called up by the last calendar that was read or refused (``settled``), or by a manual presence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, case, exists, func, or_, select, true, update
from sqlalchemy.sql.elements import ColumnElement

from kalends.errors import AccessDenied, NotFound
from kalends.store.contract import Lane
from kalends.store.statements import AnyOf, Statement, Unit
from kalends.store.tables import calendar, state

SLICE: Final = 10_000
"""Most people touched in one transaction, so that a policy change never blocks a boundary."""

SETTLED: Final = ("ok", AccessDenied.code, NotFound.code, "absent")
"""Health of calendars that will say no more of somebody new; a failure settles nothing."""

_waits_in_better_lane = and_(state.c.queued_at.is_not(None), state.c.lane < bindparam("to_lane"))
_waits_already = and_(state.c.queued_at.is_not(None), state.c.queued_at <= bindparam("now"))
_waits_for_calendars = and_(state.c.queued_at.is_not(None), state.c.evaluated_at == 0)
_QUEUED: Final[dict[str, Any]] = {
    "input_version": state.c.input_version + 1,
    "lane": case((_waits_in_better_lane, state.c.lane), else_=bindparam("to_lane")),
}
_MINE = state.c.organization == bindparam("organization")


def queueing(*where: ColumnElement[bool], calls_up: bool = False, **also: Any) -> Statement:
    """Return the statement that queues people of ``organization`` in ``to_lane`` at ``now``.

    ``calls_up``: those too who wait for their calendars.
    """
    stays = _waits_already if calls_up else or_(_waits_already, _waits_for_calendars)
    queued_at = case((stays, state.c.queued_at), else_=bindparam("now"))
    made = update(state).where(_MINE, *where).values(**_QUEUED, queued_at=queued_at, **also)
    return Statement(made.returning(state.c.person))


IS_THERE = Statement(
    select(state.c.person).where(_MINE, state.c.person == bindparam("person")).with_for_update()
)
"""Whether there is such a person, who then stays until the commit."""
QUEUE_DIRTY = queueing(state.c.person == bindparam("who"), dirty=true())
_THESE = queueing(AnyOf(state.c.person, "people"), dirty=true())
_RANGE = queueing(
    state.c.person > bindparam("after"), state.c.person <= bindparam("last"), dirty=true()
)
_OF_SOURCE = queueing(
    exists().where(
        calendar.c.organization == state.c.organization,
        calendar.c.person == state.c.person,
        calendar.c.source == bindparam("source"),
    ),
    dirty=true(),
)
_SETTLED = queueing(
    AnyOf(state.c.person, "people"),
    state.c.evaluated_at == 0,
    ~exists().where(
        calendar.c.organization == state.c.organization,
        calendar.c.person == state.c.person,
        calendar.c.read_at.is_(None),
        *(calendar.c.health != one for one in SETTLED),
    ),
    calls_up=True,
    dirty=true(),
)
_slice = (
    select(state.c.person)
    .where(_MINE, state.c.person > bindparam("after"))
    .order_by(state.c.person)
    .limit(bindparam("slice"))
    .subquery()
)
_SLICE_END = Statement(select(func.max(_slice.c.person)))


def touch(organization: str, people: Sequence[str], lane: Lane, now: int) -> Unit[int]:
    """Queue these people, dirty."""
    rows = yield _THESE(
        organization=organization, people=list(people), to_lane=waiting(lane), now=now
    )
    return len(rows)


def touch_slice(
    organization: str, after: str, lane: Lane, now: int
) -> Unit[tuple[str | None, int]]:
    """Queue the next ``SLICE`` people behind ``after``; return the last id and how many."""
    [(last,)] = yield _SLICE_END(organization=organization, after=after, slice=SLICE)
    if last is None:
        return None, 0
    rows = yield _RANGE(
        organization=organization, after=after, last=last, to_lane=waiting(lane), now=now
    )
    return last, len(rows)


def touch_source(organization: str, source: str, now: int) -> Unit[None]:
    """Queue everybody with a calendar in a source, dirty."""
    yield _OF_SOURCE(organization=organization, source=source, to_lane=Lane.POLICY, now=now)


def settled(organization: str, people: Sequence[str], now: int) -> Unit[None]:
    """Call up those who were never evaluated and who have no calendar left to be waited for."""
    yield _SETTLED(organization=organization, people=list(people), to_lane=Lane.CALENDAR, now=now)


def waiting(lane: Lane) -> Lane:
    """Return a lane to wait in: ``DUE`` is for boundaries alone."""
    return max(lane, Lane.HAND)
