"""What is shown of people, each state under its revision: added, corrected, replaced, swept.

Place in the flow: ``due`` stores a batch's numbers in ``state`` and what they stand for here. A new
state is a new row at the end, so a crowded second writes few pages, one behind the other. The row
it replaces lies anywhere: an ordinary batch takes it away in the same transaction; a crowded one
only notes that there are some (``replaced``), and retention finds them from front to back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

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

from kalends.store.statements import Statement, Unit, given, upsert
from kalends.store.tables import replaced, shown, state

CROWDED: Final = 2_000
"""People in one batch from which on what they replace is left for later."""
WINDOW: Final = 5_000
"""Rows looked through in one sweep: some milliseconds."""

_s, _h, _r = state.c, shown.c, replaced.c
HIS_ROW: Final = and_(_h.organization == _s.organization, _h.revision == _s.revision)
"""The row that is shown of a person."""
_of: BindParameter[str] = bindparam("of")


class Shown(NamedTuple):
    """What is to be shown of somebody from now on."""

    revision: int | None
    """None: what is shown already stays under its revision, and is corrected."""
    person: str
    presence: bytes
    """Sealed."""


_fresh = given(_h.revision, _h.person, _h.presence)
_ADD = Statement(
    insert(shown).from_select(
        ["organization", "revision", "person", "presence"],
        select(_of, _fresh.c.revision, _fresh.c.person, _fresh.c.presence),
    ),
    given=_fresh,
)
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
    """Take away what was shown of (person, input version), before their rows in ``state`` change.

    Of a crowd it is left where it is, to be swept.
    """
    if changed and len(changed) <= CROWDED:
        yield _REPLACE.given(changed, of=of)


def show(of: str, rows: Sequence[Shown], first: int | None) -> Unit[None]:
    """Store what is shown from now on, after the rows in ``state``; ``first`` revision of them."""
    added = [row for row in rows if row.revision is not None]
    if added:
        yield _ADD.given(added, of=of)
    if len(added) < len(rows):
        same = [(row.person, row.presence) for row in rows if row.revision is None]
        yield _CORRECT.given(same, of=of)
    if len(added) > CROWDED and first is not None:
        yield _NOTE(organization=of, below=first, after=0)


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
