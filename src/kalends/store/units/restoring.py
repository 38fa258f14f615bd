"""Going on from a copy: a database that is of the past is made fit for the present.

What was told after the copy was made must not be told again, nor outdone: revisions go on above all
that were given before, what was still to be sent is forgotten, and no calendar is believed until it
was read again (promise 16; see ``copies``).

Nobody knows which revisions were given after the copy was made, nor how often the same copy was
gone on from before. So they go on at a number that grows with the clock, faster than revisions are
given out (ADR 0053): whoever holds one of another life holds one that lies far below, and is told
the present.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    bindparam,
    delete,
    func,
    null,
    select,
    update,
)

from kalends.store.statements import Statement, Unit
from kalends.store.tables import (
    calendar,
    lease,
    organization,
    replaced,
    shown,
    sink,
    sink_row,
    state,
    transition,
)

A_SECOND: Final = 1_000_000
"""Revisions a second is worth: nobody gives out so many, and a double, as in a browser, holds
them exactly until the year 2255."""
LEAST: Final = 1_000_000_000
"""Revisions skipped in any case, where the clock is behind what it once was."""
RESTORED: Final = "restored"
"""Health of a calendar that was not tried since the restore."""

_of: BindParameter[str] = bindparam("of")
_by: BindParameter[int] = bindparam("by")
_c = calendar.c
_GIVEN = Statement(select(organization.c.organization, organization.c.revision))
_FIRST_SHOWN = Statement(select(func.min(shown.c.revision)).where(shown.c.organization == _of))
_RENUMBER: Final = (
    Statement(
        update(state)
        .values(revision=state.c.revision + _by)
        .where(state.c.organization == _of, state.c.revision > 0)
    ),
    Statement(
        update(shown).values(revision=shown.c.revision + _by).where(shown.c.organization == _of)
    ),
    Statement(
        update(replaced)
        .values(below=replaced.c.below + _by, after=0)
        .where(replaced.c.organization == _of)
    ),
    Statement(
        update(organization)
        .values(revision=organization.c.revision + _by)
        .where(organization.c.organization == _of)
    ),
)
_FIT: Final = (
    Statement(delete(transition)),
    Statement(delete(sink)),
    Statement(update(sink_row).values(digest=null(), failures=0)),
    Statement(
        update(calendar).values(
            cursor=null(),
            read_at=null(),
            failures=0,
            next_probe_at=null(),
            health=RESTORED,
            message="",
            remedy="",
            stale_since=func.coalesce(_c.stale_since, bindparam("made", type_=_c.read_at.type)),
        )
    ),
    Statement(update(lease).values(until=0)),
)


def _latest(moment: ColumnElement[Any]) -> Statement:
    return Statement(select(func.coalesce(func.max(moment), 0)))


_READ = _latest(_c.read_at)
_EVALUATED = _latest(state.c.evaluated_at)


def made_at() -> Unit[int]:
    """Return when a copy was made, as what is in it tells; UTC seconds, 0 where nothing does."""
    [[read]] = yield _READ()
    [[evaluated]] = yield _EVALUATED()
    return max(int(read), int(evaluated))


def go_on(made: int, now: int) -> Unit[None]:
    """Make a copy that was made then fit to go on from now."""
    for of, highest in (yield _GIVEN()):
        [[first]] = yield _FIRST_SHOWN(of=of)
        # Further than they lie apart: no row meets another's number on its way.
        apart = highest - (highest if first is None else first) + 1
        by = max(now * A_SECOND - highest, LEAST, apart)
        for statement in _RENUMBER:
            yield statement(of=of, by=by)
    for statement in _FIT:
        yield statement(made=made)
