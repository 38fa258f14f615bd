"""Going on from a copy: a database that is of the past is made fit for the present.

What was told after the copy was made must not be told again, nor outdone: revisions go on above all
that were given before, what was still to be sent is forgotten, and no calendar is believed until it
was read again (promise 16; see ``copies``).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, func, literal, null, select, update

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

JUMP: Final = 1_000_000_000
"""Revisions skipped by a restore: nobody gives out so many between two backups."""
RESTORED: Final = "restored"
"""Health of a calendar that was not tried since the restore."""

_c = calendar.c
_FIT: Final = (
    Statement(update(organization).values(revision=organization.c.revision + literal(JUMP))),
    Statement(
        update(state).values(revision=state.c.revision + literal(JUMP)).where(state.c.revision > 0)
    ),
    Statement(update(shown).values(revision=shown.c.revision + literal(JUMP))),
    Statement(update(replaced).values(below=replaced.c.below + literal(JUMP), after=0)),
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


def go_on(made: int) -> Unit[None]:
    """Make a copy that was made then fit to go on from."""
    for statement in _FIT:
        yield statement(made=made)
