"""The due index: who is due, now or in a second that comes; manual presence and holds.

What empties it is a batch of results (``commit``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    null,
    select,
    tuple_,
    update,
)

from kalends.model.presence import Hold, Manual, Presence, Timeline
from kalends.model.profile import unpack_profile
from kalends.store.contract import DuePerson, Lane
from kalends.store.sealing import UNREADABLE, Seals
from kalends.store.statements import AnyOf, Row, Statement, Unit
from kalends.store.tables import plan, shown, state
from kalends.store.units.queue import queueing
from kalends.store.units.shown import HIS_ROW
from kalends.store.vault import CannotOpen

_s = state.c
_mine = _s.organization == bindparam("organization")


def _people() -> Select[tuple[Any, ...]]:
    return select(
        _s.organization, _s.person, _s.input_version, _s.lane, _s.queued_at, _s.next_change_at,
        _s.dirty, plan.c.timeline, _s.manual, _s.hold, shown.c.presence, _s.evaluated_at,
        _s.revision, plan.c.profile,
    ).join(
        plan, and_(plan.c.organization == _s.organization, plan.c.person == _s.person)
    ).outerjoin(shown, HIS_ROW)  # fmt: skip


_boundary = _s.next_change_at <= bindparam("now")
_waiting = and_(_s.lane == bindparam("lane"), _s.queued_at <= bindparam("now"))
_count: BindParameter[int] = bindparam("count")
_mine_shards = AnyOf(_s.shard, "shards")
_DUE: Final = {
    (True, False): Statement(_people().where(_boundary).order_by(_s.next_change_at).limit(_count)),
    (True, True): Statement(
        _people().where(_boundary, _mine_shards).order_by(_s.next_change_at).limit(_count)
    ),
    (False, False): Statement(_people().where(_waiting).order_by(_s.queued_at).limit(_count)),
    (False, True): Statement(
        _people().where(_waiting, _mine_shards).order_by(_s.queued_at).limit(_count)
    ),
}
"""By (boundaries rather than a lane, only some shards)."""
_FACTS = Statement(_people().where(_mine, _s.person == bindparam("person")))

_of: BindParameter[str] = bindparam("of")
_who: BindParameter[str] = bindparam("who")
_calm = and_(_s.next_change_at == bindparam("at"), _s.queued_at.is_(None), _s.dirty.is_(False))
_behind = tuple_(_s.organization, _s.person) > tuple_(_of, _who)
_ahead = _people().where(_calm, _behind).order_by(_s.organization, _s.person)
_AHEAD: Final = {
    False: Statement(_ahead.limit(_count)),
    True: Statement(_ahead.where(_mine_shards).limit(_count)),
}
_crowds = (
    select(_s.next_change_at, func.count())
    .where(_s.next_change_at > bindparam("after"), _s.next_change_at <= bindparam("until"))
    .group_by(_s.next_change_at)
    .having(func.count() >= bindparam("least"))
    .order_by(_s.next_change_at)
)
_CROWDS: Final = {
    False: Statement(_crowds),
    True: Statement(_crowds.where(_mine_shards)),
}


_QUEUES: Final = (Lane.HAND, Lane.CALENDAR, Lane.POLICY)


def _next(*shards: ColumnElement[bool]) -> Statement:
    """Return what asks, in one step, for the earliest boundary and each lane's oldest wait: this
    is asked many times a second, and every minimum is the first entry of an index."""
    boundary = select(func.min(_s.next_change_at)).where(_s.next_change_at.is_not(None), *shards)
    queued = [
        select(func.min(_s.queued_at)).where(_s.lane == lane, _s.queued_at.is_not(None), *shards)
        for lane in _QUEUES
    ]
    return Statement(select(*(it.scalar_subquery() for it in (boundary, *queued))))


_NEXT: Final = {False: _next(), True: _next(_mine_shards)}
"""By whether only some shards are asked for."""

_set: Final[dict[str, Any]] = {"manual": bindparam("manual"), "hold": null()}
_SET_MANUAL = queueing(_s.person == bindparam("who"), calls_up=True, **_set)
_CLEAR_MANUAL = queueing(_s.person == bindparam("who"), **_set)
_END_HOLD = queueing(_s.person == bindparam("who"), _s.hold.is_not(None), hold=null())


_these = (_mine, AnyOf(_s.person, "people"))
_SET_ASIDE: Final = tuple(
    Statement(
        update(state)
        .where(*_these, moment <= bindparam("now"))
        .values({moment: bindparam("until", type_=moment.type)})
    )
    for moment in (_s.next_change_at, _s.queued_at)
)


def load(
    seals: Seals, lane: Lane, now: int, limit: int, shards: Sequence[int] | None
) -> Unit[list[DuePerson]]:
    """See ``Store.load_due``."""
    asked: dict[str, Any] = {"now": now, "count": limit}
    if lane is not Lane.DUE:
        asked["lane"] = lane
    if shards is not None:
        asked["shards"] = list(shards)
    rows = yield _DUE[lane is Lane.DUE, shards is not None](**asked)
    return [_person(seals, row, now) for row in rows]


def load_ahead(
    seals: Seals,
    at: int,
    after: tuple[str, str] | None,
    limit: int,
    shards: Sequence[int] | None,
) -> Unit[list[DuePerson]]:
    """See ``Store.load_ahead``."""
    of, who = after or ("", "")
    asked: dict[str, Any] = {"at": at, "of": of, "who": who, "count": limit}
    if shards is not None:
        asked["shards"] = list(shards)
    rows = yield _AHEAD[shards is not None](**asked)
    return [_person(seals, row, at) for row in rows]


def crowds(
    after: int, until: int, least: int, shards: Sequence[int] | None
) -> Unit[list[tuple[int, int]]]:
    """See ``Store.crowds``."""
    some: dict[str, Any] = {} if shards is None else {"shards": list(shards)}
    rows = yield _CROWDS[shards is not None](after=after, until=until, least=least, **some)
    return [(at, people) for at, people in rows]


def facts(seals: Seals, organization: str, person: str) -> Unit[DuePerson | None]:
    """See ``Reader.facts``."""
    rows = yield _FACTS(organization=organization, person=person)
    found = _person(seals, rows[0], 0) if rows else None
    if found is not None and found.unreadable:
        raise CannotOpen(f"what is stored of {organization}/{person} cannot be opened")
    return found


def _person(seals: Seals, row: Row, now: int) -> DuePerson:
    (of, who, version, lane, queued_at, next_change_at, dirty, timeline, manual, hold, presence,
     evaluated_at, revision, profile) = row  # fmt: skip
    at_boundary = next_change_at is not None and next_change_at <= now
    waits = queued_at is not None and not (at_boundary and next_change_at <= queued_at)
    unreadable = False
    try:
        opened = _opened(seals, of, who, timeline, manual, hold, presence)
    except UNREADABLE:
        unreadable, opened = True, (Timeline(), None, None, None)
    return DuePerson(
        organization=of,
        person=who,
        input_version=version,
        lane=Lane(lane) if waits else Lane.DUE,
        due_at=(queued_at if waits else next_change_at) or 0,
        dirty=bool(dirty),
        timeline=opened[0],
        manual=opened[1],
        hold=opened[2],
        presence=opened[3],
        evaluated_at=evaluated_at,
        revision=revision,
        profile=unpack_profile(profile),
        unreadable=unreadable,
    )


def _opened(
    seals: Seals, of: str, who: str, timeline: bytes, manual: bytes, hold: bytes, presence: bytes
) -> tuple[Timeline, Manual | None, Hold | None, Presence | None]:
    return (
        seals.open_timeline(of, who, timeline),
        seals.open_manual(of, who, manual),
        seals.open_hold(of, who, hold),
        None if presence is None else seals.open_presence(of, who, presence),
    )


def set_aside(of: str, people: Sequence[str], now: int, until: int) -> Unit[None]:
    """See ``Store.set_aside``."""
    for statement in _SET_ASIDE:
        yield statement(organization=of, people=list(people), now=now, until=until)


def first(shards: Sequence[int] | None) -> Unit[dict[Lane, int]]:
    """See ``Store.next_due``."""
    some: dict[str, Any] = {} if shards is None else {"shards": list(shards)}
    [found] = yield _NEXT[shards is not None](**some)
    by_lane = zip((Lane.DUE, *_QUEUES), found, strict=True)
    return {lane: at for lane, at in by_lane if at is not None}


def set_manual(seals: Seals, of: str, who: str, manual: Manual | None, now: int) -> Unit[bool]:
    """See ``Store.set_manual``."""
    sealed = seals.manual(of, who, manual)
    statement = _CLEAR_MANUAL if manual is None else _SET_MANUAL
    rows = yield statement(organization=of, who=who, manual=sealed, to_lane=Lane.HAND, now=now)
    return bool(rows)


def end_hold(of: str, who: str, now: int) -> Unit[bool]:
    """See ``Store.end_hold``."""
    rows = yield _END_HOLD(organization=of, who=who, to_lane=Lane.HAND, now=now)
    return bool(rows)
