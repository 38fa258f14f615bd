"""What is shown of people, each state under its revision: added, corrected, replaced, swept.

Place in the flow: ``due`` stores a batch's numbers in ``state`` and what they stand for here. A new
state is a new row at the end, so a crowded second writes few pages, one behind the other. The row
it replaces lies anywhere: an ordinary batch takes it away in the same transaction; a crowded one
only notes that there are some (``replaced``), and retention finds them from front to back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BindParameter,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from kalends.store.statements import Rows, Statement, Unit, given, upsert
from kalends.store.tables import replaced, shown, state

WINDOW: Final = 5_000
"""Rows looked through in one sweep: some milliseconds."""

_s, _h, _r = state.c, shown.c, replaced.c
HIS_ROW: Final = and_(_h.organization == _s.organization, _h.revision == _s.revision)
"""The row that is shown of a person."""
_of: BindParameter[str] = bindparam("of")
_base: BindParameter[int] = bindparam("base")


_fresh = given(_h.revision, _h.person, _h.presence)
ADD: Final = Statement(
    insert(shown).from_select(
        ["organization", "revision", "person", "presence"],
        select(_of, _base + _fresh.c.revision, _fresh.c.person, _fresh.c.presence),
    ),
    given=_fresh,
)
"""Revisions count from ``base``."""
_same = given(_h.person, _h.presence)
_CORRECT = Statement(
    update(shown)
    .where(
        _h.organization == _of,
        _h.revision
        == select(_s.revision)
        .where(_s.organization == _of, _s.person == _same.c.person)
        .scalar_subquery(),
    )
    .values(presence=_same.c.presence),
    given=_same,
)
_seen = given(_s.person, _s.input_version)
_REPLACE = Statement(
    delete(shown).where(
        _h.organization == _of,
        _h.revision.in_(
            select(_s.revision).where(
                _s.organization == _of,
                _s.person == _seen.c.person,
                _s.input_version == _seen.c.input_version,
            )
        ),
    ),
    given=_seen,
)
_FORGET = Statement(
    delete(shown).where(
        _h.organization == _of,
        _h.revision.in_(
            select(_s.revision).where(_s.organization == _of, _s.person == bindparam("who"))
        ),
    )
)

_after: BindParameter[int] = bindparam("after")
_below: BindParameter[int] = bindparam("below")
_count: BindParameter[int] = bindparam("count")
_NOTE = Statement(upsert(replaced, "below", "after"))
_NOTED = Statement(select(_r.organization, _r.below, _r.after).limit(1))
_window = (
    select(_h.revision)
    .where(_h.organization == _of, _h.revision > _after, _h.revision < _below)
    .order_by(_h.revision)
    .limit(_count)
    .subquery()
)
_WINDOW_END = Statement(select(func.count(), func.max(_window.c.revision)))
_SWEEP = Statement(
    delete(shown).where(
        _h.organization == _of,
        _h.revision > _after,
        _h.revision <= bindparam("last"),
        ~exists().where(
            _s.organization == _h.organization,
            _s.person == _h.person,
            _s.revision == _h.revision,
        ),
    )
)
_mark = and_(_r.organization == _of, _r.below == _below)
_MOVE = Statement(update(replaced).where(_mark).values(after=bindparam("last")))
_DONE = Statement(delete(replaced).where(_mark))


def replace(of: str, changed: Sequence[tuple[str, int]]) -> Unit[None]:
    """Take away what is shown of (person, input version); to be called before ``state`` changes."""
    yield _REPLACE.given(Rows(changed), of=of)


def note_replaced(of: str, first: int) -> Unit[None]:
    """Note that below a revision there are rows that were replaced."""
    yield _NOTE(organization=of, below=first, after=0)


def correct(of: str, same: Sequence[tuple[str, bytes]]) -> Unit[None]:
    """Store (person, presence) that stay under the revision they have."""
    if same:
        yield _CORRECT.given(Rows(same), of=of)


def forget(of: str, who: str) -> Unit[None]:
    """Take away what is shown of somebody who goes; call before the row in ``state`` goes."""
    yield _FORGET(of=of, who=who)


def sweep() -> Unit[int]:
    """See ``Store.forget_replaced``."""
    noted = yield _NOTED()
    if not noted:
        return 0
    of, below, after = noted[0]
    [(looked_at, last)] = yield _WINDOW_END(of=of, after=after, below=below, count=WINDOW)
    if looked_at:
        yield _SWEEP(of=of, after=after, last=last)
    if looked_at < WINDOW:
        yield _DONE(of=of, below=below)
    else:
        yield _MOVE(of=of, below=below, last=last)
    return int(looked_at) or 1
