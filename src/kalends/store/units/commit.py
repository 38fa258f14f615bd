"""The batch that empties the due index: results stored, numbered, and what they replace.

``commit`` takes its block of revisions first, then writes each row only if its input version is
the one seen. How many rows that were tells whether anybody was refused; only then it is asked
who. Revisions of the refused stay unused: gaps are harmless, order is what counts.

Rows count their revisions from zero, and the statements add the block's first: so all of a crowded
second but its number is made before it comes (``Store.seal_ahead``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    Boolean,
    and_,
    bindparam,
    case,
    column,
    func,
    null,
    select,
    update,
)

from kalends.errors import StaleOwner
from kalends.model.presence import Presence, Timeline
from kalends.store.contract import Evaluated, Lease
from kalends.store.sealing import Seals
from kalends.store.statements import AnyOf, Row, Rows, Statement, Unit, given, upsert
from kalends.store.tables import lease, organization, plan, shown, state, transition
from kalends.store.units.shown import ADD, HIS_ROW, correct, note_replaced, replace

CROWDED: Final = 2_000
"""More who change in one batch leave what was shown of them before for later."""

_s = state.c
_mine = _s.organization == bindparam("organization")
_base: BindParameter[int] = bindparam("base")

_VERSIONS = Statement(select(_s.person, _s.input_version).where(_mine, AnyOf(_s.person, "people")))
_BEFORE = Statement(
    select(_s.person, shown.c.presence)
    .join(shown, HIS_ROW)  # looked up by revision
    .where(_mine, AnyOf(_s.person, "whose"))
)
_TAKE_REVISIONS = Statement(
    upsert(
        organization, also={"revision": organization.c.revision + bindparam("revision")}
    ).returning(organization.c.revision)
)
_given = given(
    _s.person, _s.input_version, _s.next_change_at, _s.evaluated_at, _s.revision,
    column("as_stored", Boolean()), _s.manual, _s.hold,
)  # fmt: skip
_new = _given.c
_still_dirty = and_(_s.dirty, _new.as_stored)
"""A boundary met with the old timeline leaves a dirty person waiting for the new one."""
COMMIT: Final = Statement(
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
        revision=func.coalesce(_base + _new.revision, _s.revision),
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

Numbered = tuple[Evaluated, int | None]
"""A result and its place in the block of revisions; None: it takes none."""


class Made(NamedTuple):
    """A batch of one organization as rows; everything but its first revision."""

    of: str
    steps: Sequence[Numbered]
    """In order; a person may come several times."""
    changed: int
    """How many revisions it takes."""
    states: Rows
    added: Rows
    """What is shown from now on."""
    same: Sequence[tuple[str, bytes]]
    """(person, presence) that stay under their revision, corrected."""


def make(seals: Seals, of: str, batch: Sequence[Evaluated]) -> Made:
    """Return a batch as rows, sealed. Needs no database."""
    numbers = count()
    steps: list[Numbered] = [(it, next(numbers) if it.changed else None) for it in batch]
    return _made(seals, of, steps, next(numbers))


def _made(seals: Seals, of: str, steps: Sequence[Numbered], changed: int) -> Made:
    last = _last_steps(steps)
    states: list[Row] = []
    added: list[tuple[int, str, bytes]] = []
    same: list[tuple[str, bytes]] = []
    for done, number in last:
        states.append(_state(seals, done, number))
        sealed = seals.presence(of, done.person, done.presence)
        assert sealed is not None  # there is a presence
        if number is None:
            same.append((done.person, sealed))
        else:
            added.append((number, done.person, sealed))
    return Made(of, steps, changed, Rows(states), Rows(added), same)


def check_lease(held: Lease) -> Unit[None]:
    """Raise ``StaleOwner`` where the lease is no longer ours."""
    rows = yield _LEASE(shard=held.shard)
    if not rows or tuple(rows[0]) != (held.owner, held.epoch):
        raise StaleOwner(f"shard {held.shard} is no longer {held.owner}'s (epoch {held.epoch})")


def commit(seals: Seals, made: Made, now: int) -> Unit[tuple[int | None, int | None, list[str]]]:
    """Store results of one organization; return its block's first revision and the highest one
    stored, if any, and the refused."""
    of, first = made.of, (yield from _take_revisions(made))
    crowded = made.changed > CROWDED
    logged = [done for done, _ in made.steps if done.changed and done.log]
    before = yield from _presences(of, logged)
    if made.changed and not crowded:
        seen = [(it.person, it.seen_version) for it, number in made.steps if number is not None]
        yield from replace(of, seen)
    [(stored,)] = yield COMMIT.given(made.states, of=of, base=first)
    refused: list[str] = []
    if stored != made.states.count:
        refused = yield from _refused(made)
        late = set(refused)
        made = _made(seals, of, [it for it in made.steps if it[0].person not in late], made.changed)
    if made.added.count:
        yield ADD.given(made.added, of=of, base=first)
    yield from correct(of, made.same)
    if crowded:
        yield from note_replaced(of, first)
    yield from _store_timelines(seals, [it for it, _ in made.steps if it.timeline is not None])
    if logged:
        yield _LOG.each(_transitions(seals, made.steps, first, before, now))
    highest = next((first + n for _, n in reversed(made.steps) if n is not None), None)
    return first if made.changed else None, highest, refused


def _take_revisions(made: Made) -> Unit[int]:
    """Return the first revision of the block; the organization's row stays locked until the
    commit."""
    if not made.changed:
        return 0
    [(highest,)] = yield _TAKE_REVISIONS(organization=made.of, revision=made.changed)
    return int(highest) - made.changed + 1


def _refused(made: Made) -> Unit[list[str]]:
    people = [done.person for done, _ in made.steps]
    rows = yield _VERSIONS(organization=made.of, people=people)
    versions = {row[0]: row[1] for row in rows}
    return [it.person for it, _ in made.steps if versions.get(it.person) != it.seen_version]


def _last_steps(steps: Sequence[Numbered]) -> Iterable[Numbered]:
    """Return what remains of each person's steps: the last one, under the last revision."""
    last: dict[str, Numbered] = {}
    for done, number in steps:
        before = last.get(done.person)
        if number is None and before is not None:
            number = before[1]
        last[done.person] = (done, number)
    return last.values()


def _presences(of: str, logged: Sequence[Evaluated]) -> Unit[dict[str, bytes | None]]:
    if not logged:
        return {}
    rows = yield _BEFORE(organization=of, whose=[done.person for done in logged])
    return {row[0]: row[1] for row in rows}


def _state(seals: Seals, done: Evaluated, revision: int | None) -> Row:
    """Return a row of ``_given``."""
    of, who = done.organization, done.person
    return (
        who,
        done.seen_version,
        done.next_change_at,
        done.evaluated_at,
        revision,
        done.timeline is None,
        done.manual and seals.manual(of, who, done.manual),
        done.hold and seals.hold(of, who, done.hold),
    )


def _store_timelines(seals: Seals, rebuilt: Sequence[Evaluated]) -> Unit[None]:
    rows = [_plan(seals, done, done.timeline) for done in rebuilt if done.timeline is not None]
    if rows:
        yield _TIMELINE.each(rows)


def _plan(seals: Seals, done: Evaluated, timeline: Timeline) -> dict[str, Any]:
    return {
        "of_organization": done.organization,
        "of_person": done.person,
        "timeline": seals.timeline(done.organization, done.person, timeline),
        "first_end": timeline.segments[0].end if timeline.segments else None,
    }


def _transitions(
    seals: Seals,
    steps: Sequence[Numbered],
    first: int,
    stored: dict[str, bytes | None],
    now: int,
) -> list[dict[str, Any]]:
    """Return the rows to log; each step begins where the one before it ended."""
    rows: list[dict[str, Any]] = []
    passed: dict[str, Presence] = {}
    for done, number in steps:
        if number is None:
            continue
        if done.log:
            before = passed.get(done.person)
            if before is None and (sealed := stored.get(done.person)) is not None:
                before = seals.open_presence(done.organization, done.person, sealed)
            rows.append(_transition(seals, done, first + number, before, now))
        passed[done.person] = done.presence
    return rows


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
