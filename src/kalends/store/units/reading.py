"""Presences for readers and sinks, transitions, figures. Staleness is joined here, never stored
with a person."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BindParameter, Select, and_, bindparam, func, or_, select

from kalends.model.profile import unpack_profile
from kalends.store.contract import StoredPresence, Summary, Transition
from kalends.store.sealing import UNREADABLE, Seals
from kalends.store.statements import Row, Statement, Unit
from kalends.store.tables import calendar, organization, plan, shown, state, transition
from kalends.store.units.shown import HIS_ROW

_s, _t = state.c, transition.c
_mine = _s.organization == bindparam("organization")
_stale_since = (
    select(func.min(calendar.c.stale_since))
    .where(
        calendar.c.organization == _s.organization,
        calendar.c.person == _s.person,
        calendar.c.stale_since.is_not(None),
    )
    .scalar_subquery()
)


_columns = (
    _s.organization, _s.person, _s.revision, shown.c.presence, plan.c.profile, _stale_since,
    _s.evaluated_at, _s.next_change_at,
)  # fmt: skip


def _presences() -> Select[tuple[Any, ...]]:
    planned = and_(plan.c.organization == _s.organization, plan.c.person == _s.person)
    return select(*_columns).select_from(state).join(plan, planned).outerjoin(shown, HIS_ROW)


_count: BindParameter[int] = bindparam("count")
_PAGE = Statement(
    _presences().where(_mine, _s.person > bindparam("after")).order_by(_s.person).limit(_count)
)
_ONE = Statement(_presences().where(_mine, _s.person == bindparam("person")))
_h = shown.c
_SINCE = Statement(
    select(*_columns)
    .select_from(shown)
    .join(
        state,  # told apart from rows that were replaced and not yet swept
        and_(
            _s.organization == _h.organization,
            _s.person == _h.person,
            _s.revision == _h.revision,
        ),
    )
    .join(plan, and_(plan.c.organization == _h.organization, plan.c.person == _h.person))
    .where(_h.organization == bindparam("organization"), _h.revision > bindparam("revision"))
    .order_by(_h.revision)
    .limit(_count)
)
_TRANSITIONS = Statement(
    select(_t.organization, _t.person, _t.revision, _t.at, _t.before, _t.after, plan.c.profile)
    .join(plan, and_(plan.c.organization == _t.organization, plan.c.person == _t.person))
    .where(_t.organization == bindparam("organization"), _t.revision > bindparam("revision"))
    .order_by(_t.revision)
    .limit(_count)
)
_REVISION = Statement(
    select(organization.c.revision).where(organization.c.organization == bindparam("organization"))
)
_EVALUATED_UNTIL = Statement(select(func.max(_s.evaluated_at)))
_now: BindParameter[int] = bindparam("now")
_FIGURES: Final = {
    "people": Statement(select(func.count()).select_from(state)),
    "boundaries": Statement(
        select(func.count(), func.min(_s.next_change_at)).where(_s.next_change_at <= _now)
    ),
    "queued": Statement(
        select(func.count(), func.min(_s.queued_at)).where(
            _s.queued_at <= _now, or_(_s.next_change_at.is_(None), _s.next_change_at > _now)
        )
    ),
    "calendars": Statement(select(func.count()).select_from(calendar)),
    "stale": Statement(
        select(func.count()).select_from(calendar).where(calendar.c.stale_since.is_not(None))
    ),
    "revisions": Statement(select(organization.c.organization, organization.c.revision)),
}


def revision(of: str) -> Unit[int]:
    """See ``Reader.revision``."""
    rows = yield _REVISION(organization=of)
    return rows[0][0] if rows else 0


def presences(seals: Seals, of: str, after: str, limit: int) -> Unit[list[StoredPresence]]:
    """See ``Reader.presences``."""
    rows = yield _PAGE(organization=of, after=after, count=limit)
    return [_known(seals, row) for row in rows]


def presence(seals: Seals, of: str, person: str) -> Unit[StoredPresence | None]:
    """See ``Reader.presence``."""
    rows = yield _ONE(organization=of, person=person)
    return _presence(seals, rows[0]) if rows else None


def changed_since(seals: Seals, of: str, since: int, limit: int) -> Unit[list[StoredPresence]]:
    """See ``Reader.changed_since``."""
    found: list[StoredPresence] = []
    while len(found) < limit:  # nobody's page ends with somebody who cannot be read
        wanted = limit - len(found)
        rows = yield _SINCE(organization=of, revision=since, count=wanted)
        found += (one for row in rows if (one := _known(seals, row)).revision)
        if len(rows) < wanted:
            break
        since = rows[-1][2]
    return found


def _known(seals: Seals, row: Row) -> StoredPresence:
    """Return what a row says; of what cannot be opened nothing is known, as of somebody new."""
    try:
        return _presence(seals, row)
    except UNREADABLE:
        of, who, _number, _sealed, *rest = row
        return _presence(seals, (of, who, 0, None, *rest))


def _presence(seals: Seals, row: Row) -> StoredPresence:
    of, who, number, sealed, profile, stale_since, evaluated_at, next_change_at = row
    return StoredPresence(
        organization=of,
        person=who,
        revision=number,
        presence=seals.open_presence(of, who, sealed),
        profile=unpack_profile(profile),
        stale_since=stale_since,
        evaluated_at=evaluated_at,
        next_change_at=next_change_at,
    )


def transitions(seals: Seals, of: str, since: int, limit: int) -> Unit[list[Transition]]:
    """See ``Reader.transitions``."""
    rows = yield _TRANSITIONS(organization=of, revision=since, count=limit)
    return [_transition(seals, row) for row in rows]


def _transition(seals: Seals, row: Row) -> Transition:
    of, who, number, at, before, sealed, profile = row
    after = seals.open_transition(of, who, sealed)
    assert after is not None  # the column is NOT NULL
    return Transition(
        organization=of,
        person=who,
        revision=number,
        at=at,
        before=seals.open_transition(of, who, before),
        after=after,
        profile=unpack_profile(profile),
    )


def evaluated_until() -> Unit[int]:
    """See ``Reader.evaluated_until``."""
    [(latest,)] = yield _EVALUATED_UNTIL()
    return latest or 0


def summary(now: int) -> Unit[Summary]:
    """See ``Reader.summary``."""
    [(people,)] = yield _FIGURES["people"]()
    [(boundaries, first_boundary)] = yield _FIGURES["boundaries"](now=now)
    [(queued, first_queued)] = yield _FIGURES["queued"](now=now)
    [(calendars,)] = yield _FIGURES["calendars"]()
    [(stale,)] = yield _FIGURES["stale"]()
    revisions = yield _FIGURES["revisions"]()
    return Summary(
        people=people,
        due=boundaries + queued,
        oldest_due_at=min(
            (at for at in (first_boundary, first_queued) if at is not None), default=None
        ),
        calendars=calendars,
        stale=stale,
        revisions={row[0]: row[1] for row in revisions},
    )
