"""Replay: who would show differently, and when, if the policy were changed.

Place in the flow: *old policy, new policy, stored bookings → differences → the administrator, who
decides*. Both policies lay out the same bookings; nothing is stored or sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from kalends.model.person import PersonRecord
from kalends.model.presence import Segment, Timeline
from kalends.model.vocabulary import Availability, Level
from kalends.policy.compile import Policy
from kalends.policy.timeline import CalendarFacts, build_timeline


class Shown(NamedTuple):
    """What somebody would show."""

    availability: Availability = Availability.AVAILABLE
    activity: str = "available"
    role: str = "work"
    note: str = ""
    divert: bool = False
    route: str = ""
    cap: Level | None = None
    auto_return: bool = True
    rule: str = ""
    """What decided it; two that differ in this alone do not differ."""

    @property
    def visible(self) -> tuple[object, ...]:
        """Return what people and sinks could notice."""
        return self[:-1]


class Difference(NamedTuple):
    """One stretch in which one person would show differently."""

    person: str
    start: int
    end: int
    before: Shown
    after: Shown


def replay(
    old: Policy,
    new: Policy,
    people: Iterable[tuple[PersonRecord, Sequence[CalendarFacts]]],
    start: int,
    end: int,
) -> Iterator[Difference]:
    """Yield the differences in ``[start, end)``, person by person, in order of time."""
    for record, calendars in people:
        before = build_timeline(old.for_person(record), calendars, start)
        after = build_timeline(new.for_person(record), calendars, start)
        yield from differences(record.id, before, after, start, end)


def differences(
    person: str, before: Timeline, after: Timeline, start: int, end: int
) -> Iterator[Difference]:
    """Yield where two timelines of one person differ; neighbouring equal stretches as one."""
    edges = {start, end}
    for timeline in (before, after):
        for segment in timeline.segments:
            edges.update(edge for edge in (segment.start, segment.end) if start < edge < end)
    ordered = sorted(edges)
    pending: Difference | None = None
    old, new = _Walk(before.segments), _Walk(after.segments)
    for at, until in pairwise(ordered):
        was, would = old.shown(at), new.shown(at)
        found = None
        if was.visible != would.visible:
            found = Difference(person, at, until, was, would)
        if pending and found and pending.end == at and pending[3:] == found[3:]:
            found = found._replace(start=pending.start)
        elif pending:
            yield pending
        pending = found
    if pending:
        yield pending


class _Walk:
    """Looks up moments of a timeline that only go forward."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._index = 0

    def shown(self, at: int) -> Shown:
        segments = self._segments
        while self._index < len(segments) and segments[self._index].end <= at:
            self._index += 1
        if self._index == len(segments) or segments[self._index].start > at:
            return Shown()
        found = segments[self._index]
        return Shown(
            found.availability,
            found.activity,
            found.role,
            found.note,
            found.divert,
            found.route,
            found.cap,
            found.auto_return,
            found.rule,
        )
