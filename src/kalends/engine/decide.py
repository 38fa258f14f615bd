"""Decide what a due person's presence is now, and what happened on the way there. Pure.

Place in the flow: ``due`` loads who is due and calls ``decide``; the result is committed.

Order matters (DESIGN section 2, POLICY section 3): boundaries behind us are visited one by one
with the facts known *then*, so that a manual presence ends, a hold is left and, where an event
feed exists, every transition of the last hour is told. Only then the new facts count, from now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from kalends.model.presence import Facts, LineState, Presence, Reckoning, Timeline
from kalends.presence import Step, advance, differs, next_change, steps
from kalends.store.contract import DuePerson, Evaluated

LOGGED_SECONDS: Final = 3600
"""How far back transitions are told to event feeds."""
MOST_STEPS: Final = 200
"""Transitions told per person and catch-up; beyond it only the present."""


class Case(msgspec.Struct, frozen=True):
    """What is needed to decide about one person."""

    due: DuePerson
    reckoning: Reckoning
    now: int
    line: LineState | None = None
    logged: bool = False
    """Whether event feeds want every transition."""
    retell: bool = False
    """Whether the present is told although it is the same: who may see what has changed."""


def decide(case: Case, rebuild: Callable[[], Timeline] | None = None) -> list[Evaluated]:
    """Return the steps to commit, in order; the last one is the present.

    ``rebuild`` makes the timeline from bookings and policy as of now; None: it stands as stored.
    """
    due = case.due
    facts = Facts(due.timeline, due.manual, due.hold, case.line)
    course = steps(facts, case.reckoning, due.evaluated_at, case.now, due.presence)
    *passed, present = course
    told = _told(case, passed) if case.logged and due.presence is not None else []
    before = told[-1].presence if told else due.presence
    results = [_evaluated(case, step, None, changed=True) for step in told]
    if rebuild is None:
        results.append(_present(case, present, due.timeline, before))
    else:
        earlier = passed[-1].presence if passed else due.presence
        timeline = rebuild()
        renewed = _renewed(case, present, timeline, earlier)
        results.append(_present(case, renewed, timeline, before, new=True))
    return results


def _told(case: Case, passed: list[Step]) -> list[Step]:
    """Return the changes of the last hour that lie wholly behind us."""
    told: list[Step] = []
    before = case.due.presence
    for step in passed:
        if step.at >= case.now - LOGGED_SECONDS and differs(before, step.presence):
            told.append(step)
        before = step.presence
    return told[-MOST_STEPS:]


def _renewed(case: Case, present: Step, timeline: Timeline, earlier: Presence | None) -> Step:
    """Return the present under a new timeline; what the old one left behind stays."""
    facts = Facts(timeline, present.manual, present.hold, case.line)
    now = advance(facts, case.reckoning, case.now, case.now, earlier)
    return Step(case.now, now.presence, now.manual, now.hold)


def _present(
    case: Case, step: Step, timeline: Timeline, before: Presence | None, *, new: bool = False
) -> Evaluated:
    facts = Facts(timeline, step.manual, step.hold, case.line)
    return _evaluated(
        case,
        step,
        next_change(facts, step.presence, case.reckoning, case.now),
        changed=case.retell or differs(before, step.presence),
        timeline=timeline if new else None,
    )


def _evaluated(
    case: Case,
    step: Step,
    next_at: int | None,
    *,
    changed: bool,
    timeline: Timeline | None = None,
) -> Evaluated:
    return Evaluated(
        organization=case.due.organization,
        person=case.due.person,
        seen_version=case.due.input_version,
        presence=step.presence,
        next_change_at=next_at,
        evaluated_at=step.at,
        changed=changed,
        timeline=timeline,
        manual=step.manual,
        hold=step.hold,
        log=case.logged and changed,
    )
