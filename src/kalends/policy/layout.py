"""Claims on time settled: the sweep behind the timeline. POLICY section 2, overlaps.

Place in the flow: *judged claims → won stretches → segments*. Nothing here knows what a booking
means; ``timeline`` tells the precedence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

import msgspec
from msgspec.structs import replace

from kalends.model.presence import Segment
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Level, Origin
from kalends.policy.judgement import Judgement

Rank = tuple[bool, bool, int, int, int, int, str]
"""Precedence as a tuple: the smaller wins."""

ORDINARY_ROLE = "work"
"""In which capacity people do what no rule gave a role."""

TIMED, ALL_DAY, REPLY = 0, 1, 2
"""Kinds of claims, the stronger first."""


class Claim(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A judged booking that wants a stretch of time."""

    start: int
    end: int
    judgement: Judgement
    booking: str
    """``source/calendar/uid``; empty: not a booking (an automatic reply)."""
    kind: int = TIMED
    pale: bool = False
    """An all-day booking shown as free: it never hides anything else."""

    @property
    def yields(self) -> bool:
        """Tell whether the work hours go before it: nobody comes to work by such a booking."""
        meant = self.judgement
        return meant.faint or (
            self.kind == ALL_DAY and meant.availability is Availability.AVAILABLE
        )

    def rank(self) -> Rank:
        """Return the precedence (``timeline`` tells it in words)."""
        return (
            self.pale,
            self.judgement.faint,
            -self.judgement.priority,
            self.kind,
            -self.start,
            self.end - self.start,
            self.booking,
        )


class Stretch(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A half-open stretch that one claim has won."""

    start: int
    end: int
    claim: Claim


def won(claims: Sequence[Claim]) -> list[Stretch]:
    """Return who wins when, of claims ordered by start; neighbours differ or do not touch.

    Most claims meet no other and are never ranked; the rest go through a heap, best on top, from
    which ended ones are dropped when they come up.
    """
    stretches: list[Stretch] = []
    waiting: list[tuple[Rank, int, int, Claim]] = []
    at = index = 0
    count = len(claims)
    while index < count or waiting:
        if not waiting:
            claim = claims[index]
            at = claim.start
            if index + 1 == count or claims[index + 1].start >= claim.end:
                stretches.append(Stretch(at, claim.end, claim))
                index += 1
                continue
        while index < count and claims[index].start <= at:
            claim = claims[index]
            heappush(waiting, (claim.rank(), claim.end, index, claim))
            index += 1
        while waiting and waiting[0][1] <= at:
            heappop(waiting)
        if not waiting:
            continue
        claim = waiting[0][3]
        until = claim.end
        if index < count and claims[index].start < until:
            until = claims[index].start
        _extend(stretches, at, until, claim)
        at = until
    return stretches


def _extend(stretches: list[Stretch], start: int, end: int, claim: Claim) -> None:
    if stretches:
        last = stretches[-1]
        if last.claim is claim and last.end == start:
            stretches[-1] = Stretch(last.start, end, claim)
            return
    stretches.append(Stretch(start, end, claim))


def within_work(stretches: Sequence[Stretch], off: Sequence[Segment]) -> list[Stretch]:
    """Return the stretches, those that yield (``Claim.yields``) without what is off work."""
    kept: list[Stretch] = []
    for stretch in stretches:
        if stretch.claim.yields:
            kept.extend(_without(stretch, off))
        else:
            kept.append(stretch)
    return kept


def _without(stretch: Stretch, off: Sequence[Segment]) -> Iterator[Stretch]:
    at, end = stretch.start, stretch.end
    for each in off:
        if each.start >= end:
            break
        if each.end <= at:
            continue
        if each.start > at:
            yield Stretch(at, each.start, stretch.claim)
        at = each.end
    if at < end:
        yield Stretch(at, end, stretch.claim)


def laid_out(stretches: Sequence[Stretch]) -> list[Segment]:
    """Return the segments of won stretches, roles still ordinary."""
    return [_segment(each.start, each.end, each.claim) for each in stretches]


def _segment(start: int, end: int, claim: Claim) -> Segment:
    meant = claim.judgement
    return Segment(
        start,
        end,
        meant.availability,
        meant.activity or "available",
        ORDINARY_ROLE,
        Origin.CALENDAR,
        claim.booking,
        meant.rule,
        meant.note,
        meant.note_level,
        meant.cap,
        meant.private,
        meant.sensitive,
        meant.divert,
        meant.route,
        meant.auto_return,
        end == claim.end and claim.booking != "",
    )


def filled(segments: list[Segment], off: Sequence[Segment]) -> list[Segment]:
    """Return the segments with the schedule's laid into the gaps between them."""
    if not off:
        return segments
    merged: list[Segment] = []
    index, count = 0, len(segments)
    taken_to, next_start = 0, segments[0].start if segments else FOREVER
    for stretch in off:
        at, end = stretch.start, stretch.end
        if taken_to > at:
            at = taken_to  # a booking that began before this stretch
        elif next_start >= end:
            merged.append(stretch)  # nobody else's: most nights
            continue
        while index < count and segments[index].start < end:
            segment = segments[index]
            if segment.start > at:
                merged.append(_off(stretch, at, segment.start))
            merged.append(segment)
            taken_to = segment.end
            at = max(at, taken_to)
            index += 1
        next_start = segments[index].start if index < count else FOREVER
        if at < end:
            merged.append(_off(stretch, at, end))
    merged.extend(segments[index:])
    return merged


def _off(stretch: Segment, start: int, end: int) -> Segment:
    """Return a part of a schedule's segment, which says no more than these fields."""
    return Segment(
        start,
        end,
        stretch.availability,
        stretch.activity,
        stretch.role,
        stretch.origin,
        "",
        stretch.rule,
        divert=stretch.divert,
    )


def _cut(segment: Segment, start: int, end: int) -> Segment:
    if start == segment.start and end == segment.end:
        return segment
    return replace(
        segment, start=start, end=end, ends_booking=segment.ends_booking and end == segment.end
    )


def acted(segments: Sequence[Segment], roles: Sequence[Stretch]) -> list[Segment]:
    """Return the segments in the roles won; where there is a role alone, the person is free."""
    merged: list[Segment] = []
    index, count = 0, len(roles)
    at = min(roles[0].start, segments[0].start) if segments else roles[0].start
    for segment in segments:
        at = _roles_alone(merged, roles, at, segment.start)
        at = segment.start
        while index < count and roles[index].end <= at:
            index += 1
        ahead = index
        while ahead < count and roles[ahead].start < segment.end:
            role = roles[ahead]
            if role.start > at:
                merged.append(_cut(segment, at, role.start))
                at = role.start
            until = min(role.end, segment.end)
            merged.append(_in_role(_cut(segment, at, until), role.claim))
            at = until
            ahead += 1
        if at < segment.end:
            merged.append(_cut(segment, at, segment.end))
        at = segment.end
    _roles_alone(merged, roles, at, roles[-1].end)
    return merged


def _roles_alone(merged: list[Segment], roles: Sequence[Stretch], start: int, end: int) -> int:
    """Append what roles say of a gap in which no activity is known."""
    for role in roles:
        first, last = max(role.start, start), min(role.end, end)
        if first < last:
            alone = replace(
                _segment(first, last, role.claim),
                activity="available",
                availability=Availability.AVAILABLE,
                rule=role.claim.judgement.role_rule,
                note="",
                ends_booking=last == role.claim.end,
            )
            merged.append(_in_role(alone, role.claim))
    return end


def _in_role(segment: Segment, claim: Claim) -> Segment:
    meant = claim.judgement
    hidden = meant.private and claim.booking != segment.booking
    return replace(
        segment,
        role=meant.role,
        role_rule=meant.role_rule if meant.role_rule != segment.rule else "",
        # A private booking tells others its times only, so not its role through another one.
        private=segment.private or hidden,
        cap=_lower(segment.cap, meant.cap) if claim.booking != segment.booking else segment.cap,
    )


def _lower(one: Level | None, other: Level | None) -> Level | None:
    if one is None or other is None:
        return one or other
    return one if one.rank <= other.rank else other
