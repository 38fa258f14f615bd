"""Composition equals the minute-by-minute oracle; catching up equals having been awake."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kalends.model.presence import (
    Facts,
    Hold,
    Manual,
    Presence,
    Reckoning,
    Segment,
    Timeline,
    Until,
)
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability
from kalends.presence import advance, differs, evaluate, next_change

from .build import AVAILABLE, AWAY, BUSY, DND, MONDAY, booked, by_hand, m, off_work
from .oracle import Oracle

KINDS: list[tuple[str, Availability]] = [
    ("meeting", BUSY),
    ("lunch", AWAY),
    ("available", AVAILABLE),
    ("home", AVAILABLE),
    ("dnd", DND),
]


@st.composite
def timelines(draw: st.DrawFn) -> list[Segment]:
    """Return ordered segments on whole minutes within the first 200 minutes."""
    segments: list[Segment] = []
    at = draw(st.integers(0, 12))
    for _ in range(draw(st.integers(0, 7))):
        length = draw(st.integers(1, 20))
        if draw(st.integers(0, 5)) == 0:
            segments.append(off_work(at, at + length))
        else:
            activity, availability = draw(st.sampled_from(KINDS))
            last = segments[-1] if segments else None
            goes_on = last is not None and last.booking != "" and draw(st.booleans())
            segments.append(
                booked(
                    at,
                    at + length,
                    activity,
                    availability,
                    role=draw(st.sampled_from(["work", "work", "private"])),
                    booking=last.booking if goes_on and last is not None else None,
                    auto_return=draw(st.booleans()),
                    ends_booking=draw(st.booleans()),
                )
            )
        at += length + draw(st.sampled_from([0, 0, 3, 5, 10, 12]))
    return segments


@st.composite
def manuals(draw: st.DrawFn) -> Manual | None:
    if draw(st.booleans()):
        return None
    at = draw(st.integers(-3, 60))
    activity, availability = draw(st.sampled_from([*KINDS, ("gone", AWAY)]))
    kind = draw(st.sampled_from([Until.TIME, Until.NEXT_BOOKING, Until.CLEARED]))
    until = at + draw(st.integers(1, 60)) if kind is Until.TIME else None
    return by_hand(activity, availability, until=until, kind=kind, at=at)


def minute(moment: int | None) -> int | None:
    return None if moment is None or moment == FOREVER else (moment - MONDAY) // 60


class Walk:
    """The product, stepping through time as an engine would."""

    def __init__(self, timeline: Timeline, manual: Manual | None, gap: int) -> None:
        self.timeline = timeline
        self.later = manual
        self.manual: Manual | None = None
        self.hold: Hold | None = None
        self.before: Presence | None = None
        self.visited = 0
        self.reckoning = Reckoning(minimum_gap=gap * 60)
        self.due: int | None = None

    def go(self, now: int) -> Presence:
        if self.later is not None and self.later.set_at <= now:
            self.manual, self.later = self.later, None
        facts = Facts(self.timeline, self.manual, self.hold)
        done = advance(facts, self.reckoning, self.visited, now, self.before)
        self.before, self.manual, self.hold = done.presence, done.manual, done.hold
        self.visited, self.due = now, done.next_change_at
        return done.presence


@settings(max_examples=40, deadline=None)
@given(timelines(), manuals(), st.sampled_from([0, 1, 5, 10]))
def test_every_minute_equals_the_oracle(
    segments: list[Segment], manual: Manual | None, gap: int
) -> None:
    expected = Oracle(segments, manual, gap).walk(200)
    walk = Walk(Timeline(tuple(segments)), manual, gap)
    for number, seen in enumerate(expected):
        found = walk.go(m(number))
        assert (found.availability, found.activity, found.role) == seen.state, number
        assert found.origin is seen.origin, number
        assert minute(found.until) == seen.until, number
        assert minute(found.reachable_at) == seen.reachable, number
        assert minute(found.booking_until) == seen.booking_until, number
        assert (walk.manual is not None) == seen.manual, number
        held = None if walk.hold is None else (walk.hold.activity, minute(walk.hold.since))
        assert held == seen.hold, number
        if number and seen.since:
            assert minute(found.since) == seen.since, number


@given(timelines(), manuals(), st.lists(st.integers(1, 200), max_size=6))
def test_catching_up_equals_having_been_awake(
    segments: list[Segment], manual: Manual | None, naps: list[int]
) -> None:
    awake, asleep = (Walk(Timeline(tuple(segments)), manual, 10) for _ in range(2))
    awake.go(m(0)), asleep.go(m(0))
    # A manual presence is set by somebody: nobody sleeps through that.
    set_at = [] if manual is None or manual.set_at <= m(0) else [manual.set_at]
    for now in sorted({m(nap) for nap in naps} | {at for at in set_at if at <= m(200)}):
        while awake.due is not None and awake.due < now:
            awake.go(awake.due)
        assert awake.go(now) == asleep.go(now)
        assert (awake.manual, awake.hold, awake.due) == (asleep.manual, asleep.hold, asleep.due)


@given(timelines(), manuals(), st.integers(0, 200), st.integers(1, 30))
def test_nothing_changes_before_the_next_change(
    segments: list[Segment], manual: Manual | None, number: int, later: int
) -> None:
    walk = Walk(Timeline(tuple(segments)), manual, 10)
    walk.go(m(0))
    if manual is not None and manual.set_at <= m(number):
        walk.go(max(manual.set_at, m(0)))
    first = walk.go(m(number))
    facts = Facts(walk.timeline, walk.manual, walk.hold)
    due = next_change(facts, first, walk.reckoning, m(number))
    assert due == walk.due
    then = m(number + later)
    if due is None or then < due:
        assert evaluate(facts, walk.reckoning, then, first) == first
        assert not differs(first, evaluate(facts, walk.reckoning, then, first))
    else:
        assert due > m(number)


@given(timelines(), manuals(), st.integers(0, 200))
def test_until_and_next_lie_ahead_and_in_order(
    segments: list[Segment], manual: Manual | None, number: int
) -> None:
    now = m(number)
    found = evaluate(Facts(Timeline(tuple(segments)), manual), Reckoning(), now)
    assert found.until > now
    assert found.since <= now or found.origin.value == "manual"
    if found.next is not None:
        assert found.until <= found.next.start < found.next.end
    if found.reachable_at is not None:
        assert found.reachable_at >= found.until
        assert found.returns_at == found.reachable_at
    if found.availability is AVAILABLE:
        assert found.returns_at is None
