"""Where a moment lies in a timeline, and how far the same state reaches.

A timeline's segments are ordered and do not overlap; where there is none, the *default* holds:
available, at work. A *state* is availability, activity and role; touching segments of one state
are one *run*, whatever bookings they come from. Segments without length are nowhere in force.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import Final, NamedTuple

from kalends.model.presence import Manual, Segment, Timeline, Until
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability

State = tuple[Availability, str, str]
"""Availability, activity, role."""

DEFAULT: Final[State] = (Availability.AVAILABLE, "available", "work")
"""What a person is when nothing says otherwise."""

_start = attrgetter("start")


class Position(NamedTuple):
    """Where a moment lies."""

    current: Segment | None
    """The segment in force; None: the default."""
    after: int
    """Index of the first segment that begins later."""


def position(segments: tuple[Segment, ...], at: int) -> Position:
    """Return where ``at`` lies; a segment is in force from its start up to, not at, its end."""
    after = bisect_right(segments, at, key=_start)
    for index in range(after - 1, -1, -1):
        segment = segments[index]
        if segment.end > segment.start:
            return Position(segment if segment.end > at else None, after)
    return Position(None, after)


def state_of(segment: Segment | None) -> State:
    """Return a segment's state, or the default one."""
    if segment is None:
        return DEFAULT
    return (segment.availability, segment.activity, segment.role)


def run_end(segments: tuple[Segment, ...], current: Segment | None, after: int) -> int:
    """Return when the run that ``current`` belongs to ends; ``FOREVER``: no end is known."""
    state = state_of(current)
    default = state == DEFAULT
    end = current.end if current is not None else 0
    for index in range(after, len(segments)):
        segment = segments[index]
        if segment.end <= segment.start:
            continue
        if state_of(segment) != state or (segment.start > end and not default):
            return segment.start if default else end
        end = segment.end
    return FOREVER if default else end


def run_start(segments: tuple[Segment, ...], current: Segment | None, after: int) -> int:
    """Return when the run that ``current`` belongs to began; 0: not known."""
    state = state_of(current)
    default = state == DEFAULT
    start = current.start if current is not None else FOREVER
    for index in range(after - 1, -1, -1):
        segment = segments[index]
        if segment.end <= segment.start or segment is current:
            continue
        if state_of(segment) != state or (segment.end < start and not default):
            return segment.end if default else start
        start = segment.start
    return 0 if default else start


def booking_end(segments: tuple[Segment, ...], current: Segment | None, after: int) -> int | None:
    """Return when the booking that takes the person now ends, or None.

    A booking that another one covers for a while goes on behind it; the search stops at the
    first gap.
    """
    if current is None or not current.engages:
        return None
    end = reached = current.end
    for index in range(after, len(segments)):
        segment = segments[index]
        if segment.start > reached:
            break
        reached = max(reached, segment.end)
        if segment.booking == current.booking:
            end = segment.end
    return end


def next_engaged(segments: tuple[Segment, ...], after: int) -> int:
    """Return when the next booking takes the person, from index ``after`` on, or ``FOREVER``."""
    for index in range(after, len(segments)):
        if segments[index].engages:
            return segments[index].start
    return FOREVER


def reachable_from(timeline: Timeline, moment: int, minimum_gap: int) -> int | None:
    """Return the first moment at or behind ``moment`` at which the person is really reachable.

    Gaps shorter than ``minimum_gap`` seconds do not count, nor does anything at or behind the
    horizon, where nothing is known: then None.
    """
    segments = timeline.segments
    current, after = position(segments, moment)
    free = moment
    if current is not None and current.availability is not Availability.AVAILABLE:
        free = current.end
    for index in range(after, len(segments)):
        segment = segments[index]
        if segment.availability is Availability.AVAILABLE or segment.end <= segment.start:
            continue
        if segment.start > free and segment.start - free >= minimum_gap:
            break
        free = max(free, segment.end)
    return free if free < timeline.horizon else None


def manual_end(manual: Manual, segments: tuple[Segment, ...]) -> int:
    """Return when a manual presence ends; ``FOREVER``: not by itself.

    ``next-booking`` follows the calendar as it is now: it ends with the first booking that takes
    the person after it was set, which need not be the one found then. The rest of a booking that
    ran already, in another role, is not a next one.
    """
    if manual.kind is not Until.NEXT_BOOKING:
        return manual.until
    after = bisect_right(segments, manual.set_at, key=_start)
    before = segments[after - 1] if after else None
    for index in range(after, len(segments)):
        segment = segments[index]
        if segment.engages and not _continues(segment, before):
            return segment.start
        if segment.end > segment.start:
            before = segment
    return FOREVER


def _continues(segment: Segment, before: Segment | None) -> bool:
    return before is not None and before.booking == segment.booking and before.end == segment.start
