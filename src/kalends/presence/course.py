"""The course of a presence: which moments are visited, and what happens at each of them.

Whatever outlives a forgotten booking is a stored fact: reaching "until the next booking" deletes
the manual presence, the natural end of a booking without auto-return leaves a hold. ``advance``
visits every boundary since the last visit in order, so that a catch-up after hours of sleep
comes to the same as having been awake. POLICY sections 3 and 4; DESIGN section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kalends.model.presence import Facts, Hold, Manual, Presence, Reckoning, Segment, Timeline
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Origin
from kalends.presence.compose import evaluate, told_return
from kalends.presence.stretches import manual_end, position


class Step(NamedTuple):
    """What holds from one visited moment on."""

    at: int
    presence: Presence
    manual: Manual | None
    hold: Hold | None


class Advance(NamedTuple):
    """The present, and the stored facts that led to it."""

    presence: Presence
    manual: Manual | None
    """None: cleared, or it has ended."""
    hold: Hold | None
    next_change_at: int | None
    """When to come again; None: nothing changes by itself."""


def advance(
    facts: Facts, reckoning: Reckoning, visited: int, now: int, before: Presence | None
) -> Advance:
    """Visit every boundary in ``(visited, now]`` in order and return what holds at ``now``.

    ``before`` is the presence as of ``visited``. ``visited`` 0 means never: a person seen for
    the first time has no past to catch up with. Where the clock was set back nothing is visited.
    """
    *_, step = steps(facts, reckoning, visited, now, before)
    after = Facts(facts.timeline, step.manual, step.hold, facts.line)
    return Advance(
        step.presence,
        step.manual,
        step.hold,
        next_change(after, step.presence, reckoning, now),
    )


def steps(
    facts: Facts, reckoning: Reckoning, visited: int, now: int, before: Presence | None
) -> Iterator[Step]:
    """Return one step per boundary in ``(visited, now]`` and one for ``now``, in order.

    For whoever must tell each transition of a catch-up; ``advance`` is the last of them.
    """
    timeline, manual, hold, line = facts.timeline, facts.manual, facts.hold, facts.line
    end = FOREVER if manual is None else manual_end(manual, timeline.segments)
    presence = before
    for at in _boundaries(timeline, end, visited, now):
        last = at == now
        set_at = 0 if manual is None else manual.set_at
        # What was set, or said by the phone, after a boundary had no part in it.
        in_force = manual if manual is not None and at < end and (last or set_at <= at) else None
        by_hand = in_force is not None or (manual is not None and set_at < at <= end)
        hold = _held(timeline, hold, visited, at, by_hand)
        heard = line if line is not None and (last or line.since <= at) else None
        presence = evaluate(Facts(timeline, in_force, hold, heard), reckoning, at, presence)
        yield Step(at, presence, manual if at < end else None, _moved(hold, reckoning, at))


def next_change(facts: Facts, presence: Presence, reckoning: Reckoning, now: int) -> int | None:
    """Return the next moment at which the presence may differ, or None.

    ``presence`` is the one at ``now``, from the same facts.
    """
    segments = facts.timeline.segments
    current, after = position(segments, now)
    soonest = FOREVER
    if current is not None:
        soonest = current.end
    elif after < len(segments):
        soonest = segments[after].start
    if facts.manual is not None and presence.origin is Origin.MANUAL:
        soonest = min(soonest, manual_end(facts.manual, segments))
    elif facts.hold is not None and presence.origin is Origin.HOLD:
        soonest = min(soonest, told_return(facts.hold, reckoning.hold_step, now))
    return soonest if soonest < FOREVER else None


def differs(a: Presence | None, b: Presence) -> bool:
    """Tell whether ``b`` differs from ``a`` in what any view can show.

    Which booking or rule stands behind a state is no part of a view.
    """
    if a is None:
        return True
    if a == b:
        return False
    return msgspec.structs.replace(a, booking=b.booking, rule=b.rule) != b


def _boundaries(timeline: Timeline, end: int, visited: int, now: int) -> list[int]:
    if not 0 < visited < now:
        return [now]
    found = {now}
    if visited < end < now:
        found.add(end)
    segments = timeline.segments
    current, after = position(segments, visited)
    if current is not None and current.end < now:
        found.add(current.end)
    for index in range(after, len(segments)):
        segment = segments[index]
        if segment.start >= now:
            break
        found.add(segment.start)
        if segment.end < now:
            found.add(segment.end)
    return sorted(found)


def _held(
    timeline: Timeline, hold: Hold | None, visited: int, at: int, by_hand: bool
) -> Hold | None:
    """Return the hold that remains, begins, or is none at ``at``."""
    current = position(timeline.segments, at).current
    if by_hand or (current is not None and current.engages):
        return None
    if at <= visited or visited <= 0:
        return hold
    ended = position(timeline.segments, at - 1).current
    if ended is None or ended.end != at or not _stays(ended):
        return hold
    return _hold_after(ended)


def _stays(ended: Segment) -> bool:
    return ended.engages and ended.ends_booking and not ended.auto_return


def _hold_after(ended: Segment) -> Hold:
    """Return what stays of a booking: neither its subject, its note nor its identity."""
    return Hold(
        availability=ended.availability,
        activity=ended.activity,
        role=ended.role,
        since=ended.end,
        returns_at=ended.end,
        cap=ended.cap,
        sensitive=ended.sensitive,
        private=ended.private,
    )


def _moved(hold: Hold | None, reckoning: Reckoning, at: int) -> Hold | None:
    if hold is None or at < hold.returns_at:
        return hold
    return msgspec.structs.replace(hold, returns_at=told_return(hold, reckoning.hold_step, at))
