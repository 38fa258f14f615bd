"""The due index and the batch that empties it; manual presence and holds.

``commit`` takes its block of revisions first, then writes each row only if its input version is
the one seen. How many rows that were tells whether anybody was refused; only then it is asked
who. Revisions of the refused stay unused: gaps are harmless, order is what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BindParameter,
    Boolean,
    Select,
    and_,
    bindparam,
    case,
    column,
    func,
    null,
    select,
    tuple_,
    update,
)

from kalends.errors import StaleOwner
from kalends.model.presence import Manual, Presence, Timeline
from kalends.model.profile import unpack_profile
from kalends.store.contract import DuePerson, Evaluated, Lane, Lease
from kalends.store.sealing import Seals
from kalends.store.statements import AnyOf, Row, Statement, Unit, given, upsert
from kalends.store.tables import lease, organization, plan, shown, state, transition
from kalends.store.units.queue import queueing
from kalends.store.units.shown import HIS_ROW, Shown, replace, show

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

_next_boundary = select(func.min(_s.next_change_at)).where(_s.next_change_at.is_not(None))
_next_queued = select(func.min(_s.queued_at)).where(
    _s.lane == bindparam("lane"), _s.queued_at.is_not(None)
)
_NEXT: Final = {
    (True, False): Statement(_next_boundary),
    (True, True): Statement(_next_boundary.where(_mine_shards)),
    (False, False): Statement(_next_queued),
    (False, True): Statement(_next_queued.where(_mine_shards)),
}

_VERSIONS = Statement(select(_s.person, _s.input_version).where(_mine, AnyOf(_s.person, "people")))
_BEFORE = Statement(
    select(_s.person, shown.c.presence)
    .join(shown, HIS_ROW)
    .where(_mine, AnyOf(_s.person, "people"))
)
_TAKE_REVISIONS = Statement(
    upsert(
        organization, also={"revision": organization.c.revision + bindparam("revision")}
    ).returning(organization.c.revision)
)
_given = given(
    _s.person, _s.input_version, _s.manual, _s.hold, _s.next_change_at, _s.evaluated_at,
    _s.revision, column("as_stored", Boolean()),
)  # fmt: skip
_new = _given.c
_still_dirty = and_(_s.dirty, _new.as_stored)
"""A boundary met with the old timeline leaves a dirty person waiting for the new one."""
_COMMIT = Statement(
    update(state)
    .where(
        _s.organization == bindparam("of"),
        _s.person == _new.person,
        _s.input_version == _new.input_version,
    )
    .values(
        manual=_new.manual,
        hold=_new.hold,
        next_change_at=_new.next_change_at,
        evaluated_at=_new.evaluated_at,
        revision=func.coalesce(_new.revision, _s.revision),
        dirty=_still_dirty,
        queued_at=case((_still_dirty, _s.queued_at), else_=null()),
    ),
    given=_given,
)
_TIMELINE = Statement(
    update(plan)
    .where(
        plan.c.organization == bindparam("of_organization"),
        plan.c.person == bindparam("of_person"),
    )
    .values(timeline=bindparam("timeline"), first_end=bindparam("first_end"))
)
_LOG = Statement(upsert(transition))
_LEASE = Statement(
    select(lease.c.owner, lease.c.epoch)
    .where(lease.c.shard == bindparam("shard"))
    .with_for_update()
)
_SET_MANUAL = queueing(_s.person == bindparam("who"), manual=bindparam("manual"), hold=null())
_END_HOLD = queueing(_s.person == bindparam("who"), _s.hold.is_not(None), hold=null())


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


def seal_ahead(seals: Seals, done: Evaluated) -> Evaluated:
    """See ``Store.seal_ahead``."""
    sealed = seals.presence(done.organization, done.person, done.presence)
    return msgspec.structs.replace(done, sealed=sealed)


def facts(seals: Seals, organization: str, person: str) -> Unit[DuePerson | None]:
    """See ``Reader.facts``."""
    rows = yield _FACTS(organization=organization, person=person)
    return _person(seals, rows[0], 0) if rows else None


def _person(seals: Seals, row: Row, now: int) -> DuePerson:
    (of, who, version, lane, queued_at, next_change_at, dirty, timeline, manual, hold, presence,
     evaluated_at, revision, profile) = row  # fmt: skip
    at_boundary = next_change_at is not None and next_change_at <= now
    waits = queued_at is not None and not (at_boundary and next_change_at <= queued_at)
    return DuePerson(
        organization=of,
        person=who,
        input_version=version,
        lane=Lane(lane) if waits else Lane.DUE,
        due_at=(queued_at if waits else next_change_at) or 0,
        dirty=bool(dirty),
        timeline=seals.open_timeline(of, who, timeline),
        manual=seals.open_manual(of, who, manual),
        hold=seals.open_hold(of, who, hold),
        presence=None if presence is None else seals.open_presence(of, who, presence),
        evaluated_at=evaluated_at,
        revision=revision,
        profile=unpack_profile(profile),
    )


def next_at(shards: Sequence[int] | None) -> Unit[int | None]:
    """See ``Store.next_due_at``."""
    some: dict[str, Any] = {} if shards is None else {"shards": list(shards)}
    rows = yield _NEXT[True, shards is not None](**some)
    for lane in (Lane.HAND, Lane.CALENDAR, Lane.POLICY):
        rows = [*rows, *(yield _NEXT[False, shards is not None](lane=lane, **some))]
    return min((at for (at,) in rows if at is not None), default=None)


def check_lease(held: Lease) -> Unit[None]:
    """Raise ``StaleOwner`` where the lease is no longer ours."""
    rows = yield _LEASE(shard=held.shard)
    if not rows or tuple(rows[0]) != (held.owner, held.epoch):
        raise StaleOwner(f"shard {held.shard} is no longer {held.owner}'s (epoch {held.epoch})")


def commit(
    seals: Seals, of: str, batch: Sequence[Evaluated], now: int
) -> Unit[tuple[int | None, int | None, list[str]]]:
    """Store results of one organization; return its block's first revision and the highest one
    stored, if any, and the refused.

    A person may come several times: the steps of a catch-up, in order, each with its revision.
    """
    numbered, first = yield from _take_revisions(of, batch)
    logged = [done for done in batch if done.changed and done.log]
    before = yield from _presences(of, logged)
    last = list(_last_steps(numbered))
    yield from replace(of, [(it.person, it.seen_version) for it, number in last if number])
    [(stored,)] = yield _COMMIT.given([_state(seals, *it) for it in last], of=of)
    refused = [] if stored == len(last) else (yield from _refused(of, batch))
    if refused:
        late = set(refused)
        numbered = [it for it in numbered if it[0].person not in late]
        last = [it for it in last if it[0].person not in late]
    yield from show(of, [_shown(seals, *it) for it in last], first)
    yield from _store_timelines(seals, [done for done, _ in numbered if done.timeline is not None])
    taken = [(done, number) for done, number in numbered if number]
    if logged:
        yield _LOG.each(_transitions(seals, taken, before, now))
    return first, taken[-1][1] if taken else None, refused


def _store_timelines(seals: Seals, rebuilt: Sequence[Evaluated]) -> Unit[None]:
    rows = [_plan(seals, done, done.timeline) for done in rebuilt if done.timeline is not None]
    if rows:
        yield _TIMELINE.each(rows)


def _refused(of: str, batch: Sequence[Evaluated]) -> Unit[list[str]]:
    rows = yield _VERSIONS(organization=of, people=[done.person for done in batch])
    versions = {row[0]: row[1] for row in rows}
    return [done.person for done in batch if versions.get(done.person) != done.seen_version]


def _take_revisions(
    of: str, batch: Sequence[Evaluated]
) -> Unit[tuple[list[tuple[Evaluated, int | None]], int | None]]:
    """Number the changed, and tell the first number; the organization's row stays locked until
    the commit."""
    changed = sum(done.changed for done in batch)
    if not changed:
        return [(done, None) for done in batch], None
    [(highest,)] = yield _TAKE_REVISIONS(organization=of, revision=changed)
    first = highest - changed + 1
    numbers = count(first)
    return [(done, next(numbers) if done.changed else None) for done in batch], first


def _last_steps(
    numbered: Sequence[tuple[Evaluated, int | None]],
) -> Iterable[tuple[Evaluated, int | None]]:
    """Return what remains of each person's steps: the last one, under the last revision."""
    last: dict[str, tuple[Evaluated, int | None]] = {}
    for done, number in numbered:
        if number is None and done.person in last:
            number = last[done.person][1]
        last[done.person] = (done, number)
    return last.values()


def _transitions(
    seals: Seals,
    taken: Sequence[tuple[Evaluated, int]],
    stored: dict[str, bytes | None],
    now: int,
) -> list[dict[str, Any]]:
    """Return the rows to log; each step begins where the one before it ended."""
    rows: list[dict[str, Any]] = []
    passed: dict[str, Presence] = {}
    for done, number in taken:
        if done.log:
            before = passed.get(done.person)
            if before is None and (sealed := stored.get(done.person)) is not None:
                before = seals.open_presence(done.organization, done.person, sealed)
            rows.append(_transition(seals, done, number, before, now))
        passed[done.person] = done.presence
    return rows


def _presences(of: str, logged: Sequence[Evaluated]) -> Unit[dict[str, bytes | None]]:
    if not logged:
        return {}
    rows = yield _BEFORE(organization=of, people=[done.person for done in logged])
    return {row[0]: row[1] for row in rows}


def _state(seals: Seals, done: Evaluated, revision: int | None) -> Row:
    """Return a row of ``_given``."""
    of, who = done.organization, done.person
    return (
        who,
        done.seen_version,
        done.manual and seals.manual(of, who, done.manual),
        done.hold and seals.hold(of, who, done.hold),
        done.next_change_at,
        done.evaluated_at,
        revision,
        done.timeline is None,
    )


def _shown(seals: Seals, done: Evaluated, revision: int | None) -> Shown:
    sealed = done.sealed or seals.presence(done.organization, done.person, done.presence)
    assert sealed is not None  # there is a presence
    return Shown(revision, done.person, sealed)


def _plan(seals: Seals, done: Evaluated, timeline: Timeline) -> dict[str, Any]:
    return {
        "of_organization": done.organization,
        "of_person": done.person,
        "timeline": seals.timeline(done.organization, done.person, timeline),
        "first_end": timeline.segments[0].end if timeline.segments else None,
    }


def _transition(
    seals: Seals, done: Evaluated, revision: int, before: Presence | None, now: int
) -> dict[str, Any]:
    of, who = done.organization, done.person
    return {
        "organization": of,
        "revision": revision,
        "person": who,
        "at": min(now, done.evaluated_at),
        "before": seals.transition(of, who, before),
        "after": seals.transition(of, who, done.presence),
    }


def set_manual(seals: Seals, of: str, who: str, manual: Manual | None, now: int) -> Unit[bool]:
    """See ``Store.set_manual``."""
    sealed = seals.manual(of, who, manual)
    rows = yield _SET_MANUAL(organization=of, who=who, manual=sealed, to_lane=Lane.HAND, now=now)
    return bool(rows)


def end_hold(of: str, who: str, now: int) -> Unit[bool]:
    """See ``Store.end_hold``."""
    rows = yield _END_HOLD(organization=of, who=who, to_lane=Lane.HAND, now=now)
    return bool(rows)
