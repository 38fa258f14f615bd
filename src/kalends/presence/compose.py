"""The composition: what a person's presence is at one moment. POLICY sections 2 to 4.

The order, highest first:

1. manual presence, while it lasts;
2. the line, over the availabilities the organization names (an unknown line is ignored);
3. a hold, unless a booking takes the person;
4. the timeline's segment: a booking, an automatic reply, the work hours;
5. the default: available, at work.

Pure and cheap (≤ 10 µs): a morning burst evaluates 100,000 people in a second.
"""

from __future__ import annotations

from typing import Final

from kalends.model.presence import (
    Facts,
    Hold,
    LineState,
    Manual,
    Next,
    Presence,
    Reckoning,
    Segment,
    Timeline,
)
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Level, Origin
from kalends.presence.stretches import (
    Position,
    State,
    booking_end,
    manual_end,
    next_engaged,
    position,
    reachable_from,
    run_end,
    run_start,
    state_of,
)

IN_USE: Final = frozenset({"in-call", "on-hold"})
"""States of a phone that is in use; a ringing one is not."""

ON_THE_PHONE: Final = "on-the-phone"

_OVERLAYS: Final = frozenset({Origin.MANUAL, Origin.LINE, Origin.HOLD})
_OPEN_ENDED: Final = frozenset({Origin.DEFAULT, Origin.SCHEDULE})


def evaluate(
    facts: Facts, reckoning: Reckoning, now: int, before: Presence | None = None
) -> Presence:
    """Return the presence at ``now`` (UTC seconds).

    ``before`` is the presence that held until now: where the state is the same, its ``since``
    is carried on. Without it ``since`` is what the facts tell, 0 where they tell nothing.
    """
    timeline = facts.timeline
    manual = facts.manual
    if manual is not None:
        end = manual_end(manual, timeline.segments)
        if now < end:
            return _by_hand(facts, manual, end, reckoning, now, before)
    return _automatic(facts, reckoning, now, before)


def told_return(hold: Hold, step: int, now: int) -> int:
    """Return what callers are told while a hold lasts: the first step behind ``now``."""
    if now < hold.returns_at:
        return hold.returns_at
    return hold.returns_at + step * ((now - hold.returns_at) // step + 1)


def _by_hand(
    facts: Facts,
    manual: Manual,
    end: int,
    reckoning: Reckoning,
    now: int,
    before: Presence | None,
) -> Presence:
    timeline = facts.timeline
    segments = timeline.segments
    current, after = position(segments, now)
    state = (manual.availability, manual.activity, manual.role)
    free = manual.availability is Availability.AVAILABLE
    reachable = None if free else _reachable(timeline, end, reckoning)
    return Presence(
        availability=manual.availability,
        activity=manual.activity,
        role=manual.role,
        origin=Origin.MANUAL,
        since=_since(before, state, Origin.MANUAL, manual.set_at, now),
        until=end,
        returns_at=None if free else _told(reachable, end, reckoning),
        reachable_at=reachable,
        note=manual.note,
        # A note set by hand was written to be told to whoever is told the activity.
        note_level=Level.ACTIVITY,
        cap=manual.cap,
        sensitive=manual.sensitive,
        divert=manual.divert,
        next=_next(segments, end),
        booking_until=_lit(segments, current, after),
        rule="manual",
        set_by=manual.set_by,
        set_at=manual.set_at,
        line=facts.line,
    )


def _automatic(facts: Facts, reckoning: Reckoning, now: int, before: Presence | None) -> Presence:
    here = position(facts.timeline.segments, now)
    current = here.current
    hold = facts.hold
    if hold is not None and current is not None and current.engages:
        hold = None
    over = hold if hold is not None else current
    covered = Availability.AVAILABLE if over is None else over.availability
    line = facts.line
    if line is not None and covered in reckoning.line_wins and line.state in IN_USE:
        return _by_line(facts, line, here, hold, now, before)
    if hold is not None:
        return _by_hold(facts, hold, here, reckoning, now, before)
    return _by_timeline(facts, here, reckoning, now, before)


def _by_line(
    facts: Facts,
    line: LineState,
    here: Position,
    hold: Hold | None,
    now: int,
    before: Presence | None,
) -> Presence:
    segments = facts.timeline.segments
    current, after = here
    role = hold.role if hold is not None else state_of(current)[2]
    state = (Availability.BUSY, ON_THE_PHONE, role)
    behind = run_end(segments, current, after) if hold is None else next_engaged(segments, after)
    return Presence(
        availability=Availability.BUSY,
        activity=ON_THE_PHONE,
        role=role,
        origin=Origin.LINE,
        since=_since(before, state, Origin.LINE, line.since, now),
        next=_next(segments, behind),
        booking_until=_lit(segments, current, after),
        rule="line",
        line=line,
    )


def _by_hold(
    facts: Facts,
    hold: Hold,
    here: Position,
    reckoning: Reckoning,
    now: int,
    before: Presence | None,
) -> Presence:
    timeline = facts.timeline
    state = (hold.availability, hold.activity, hold.role)
    until = next_engaged(timeline.segments, here.after)
    told = told_return(hold, reckoning.hold_step, now)
    if reckoning.return_time == "reachable":
        told = _reachable(timeline, told, reckoning) or told
    return Presence(
        availability=hold.availability,
        activity=hold.activity,
        role=hold.role,
        origin=Origin.HOLD,
        since=_since(before, state, Origin.HOLD, hold.since, now),
        until=until,
        returns_at=told,
        cap=hold.cap,
        private=hold.private,
        sensitive=hold.sensitive,
        next=_next(timeline.segments, until),
        rule="hold",
        line=facts.line,
    )


def _by_timeline(
    facts: Facts, here: Position, reckoning: Reckoning, now: int, before: Presence | None
) -> Presence:
    timeline = facts.timeline
    segments = timeline.segments
    current, after = here
    until = run_end(segments, current, after)
    began = run_start(segments, current, after)
    if current is None:
        state = state_of(None)
        return Presence(
            since=_since(before, state, Origin.DEFAULT, began, now),
            until=until,
            next=_next(segments, until),
            rule="default",
            line=facts.line,
        )
    state = (current.availability, current.activity, current.role)
    free = current.availability is Availability.AVAILABLE
    reachable = None if free else _reachable(timeline, until, reckoning)
    return Presence(
        availability=current.availability,
        activity=current.activity,
        role=current.role,
        origin=current.origin,
        since=_since(before, state, current.origin, began, now),
        until=until,
        returns_at=None if free else _told(reachable, until, reckoning),
        reachable_at=reachable,
        note=current.note,
        note_level=current.note_level,
        cap=current.cap,
        private=current.private,
        sensitive=current.sensitive,
        divert=current.divert,
        route=current.route,
        next=_next(segments, until),
        booking=current.booking,
        booking_until=_lit(segments, current, after),
        rule=current.rule,
        line=facts.line,
    )


def _since(before: Presence | None, state: State, origin: Origin, natural: int, now: int) -> int:
    """Return since when the state holds, ``natural`` being what the facts tell.

    What was uncovered just now (a manual presence ended, a running booking was deleted) holds
    since now, whatever lay beneath; a booking that is noticed late holds since its start.
    """
    if before is None:
        return natural
    if (
        before.since
        and before.activity == state[1]
        and before.availability is state[0]
        and before.role == state[2]
    ):
        return before.since
    if origin in _OPEN_ENDED or (origin is Origin.CALENDAR and before.origin in _OVERLAYS):
        return now
    return natural


def _reachable(timeline: Timeline, end: int, reckoning: Reckoning) -> int | None:
    if end >= FOREVER:
        return None
    return reachable_from(timeline, end, reckoning.minimum_gap)


def _told(reachable: int | None, until: int, reckoning: Reckoning) -> int | None:
    """Return what callers are told as the return; the end, where reachability is not known."""
    if reachable is not None and reckoning.return_time == "reachable":
        return reachable
    return until if until < FOREVER else None


def _lit(segments: tuple[Segment, ...], current: Segment | None, after: int) -> int | None:
    """Return the end of the booking that runs now, unless nobody may be told of it."""
    if current is None or current.cap is Level.NOTHING:
        return None
    return booking_end(segments, current, after)


def _next(segments: tuple[Segment, ...], until: int) -> Next | None:
    """Return the run that follows when the present state ends at ``until``."""
    if until >= FOREVER:
        return None
    current, after = position(segments, until)
    while current is None:
        if after >= len(segments):
            return None
        if segments[after].end > segments[after].start:
            current = segments[after]
        after += 1
    return Next(
        start=max(current.start, until),
        end=run_end(segments, current, after),
        activity=current.activity,
        availability=current.availability,
        private=current.private,
        sensitive=current.sensitive,
        cap=current.cap,
    )
