"""The composition again, slowly: minute by minute, sharing nothing with the product.

Every fact lies on a whole minute. For each minute the oracle looks at every segment anew; what
it knows of the past is what it saw minute by minute itself.
"""

from dataclasses import dataclass

from kalends.model.presence import Manual, Segment, Until
from kalends.model.vocabulary import Availability, Origin

from .build import m

DEFAULT = (Availability.AVAILABLE, "available", "work")
LIMIT = 400
"""Minutes behind which the generated facts hold nothing."""


@dataclass
class Seen:
    """What the oracle says of one minute."""

    state: tuple[Availability, str, str]
    origin: Origin
    since: int
    until: int | None
    reachable: int | None
    booking_until: int | None
    manual: bool
    hold: tuple[str, int] | None
    """Activity and end of the booking it stayed from."""


@dataclass
class Oracle:
    segments: list[Segment]
    manual: Manual | None
    minimum_gap: int
    """Minutes."""

    def segment(self, minute: int) -> Segment | None:
        found = [s for s in self.segments if s.start <= m(minute) < s.end]
        return found[0] if found else None

    def state(self, minute: int) -> tuple[Availability, str, str]:
        s = self.segment(minute)
        return DEFAULT if s is None else (s.availability, s.activity, s.role)

    def taken(self, minute: int) -> bool:
        s = self.segment(minute)
        return s is not None and s.booking != "" and s.availability != Availability.AVAILABLE

    def manual_ends(self) -> int | None:
        assert self.manual is not None
        if self.manual.kind is not Until.NEXT_BOOKING:
            return next((k for k in range(LIMIT * 2) if m(k) >= self.manual.until), None)
        for minute in range(1, LIMIT):
            if m(minute) > self.manual.set_at and self.taken(minute):
                now, just = self.segment(minute), self.segment(minute - 1)
                assert now is not None
                if m(minute) == now.start and (just is None or just.booking != now.booking):
                    return minute
        return None

    def overruled(self, minute: int) -> bool:
        if self.manual is None or m(minute) < self.manual.set_at:
            return False
        end = self.manual_ends()
        return end is None or minute < end

    def until(self, minute: int) -> int | None:
        for later in range(minute + 1, LIMIT + 1):
            if self.state(later) != self.state(minute):
                return later
            a, b = self.segment(later - 1), self.segment(later)
            if (a is None) != (b is None) and self.state(minute) != DEFAULT:
                return later
        return None

    def reachable(self, minute: int) -> int:
        later = minute
        while True:
            free = 0
            while later + free < LIMIT * 2 and self.state(later + free)[0] == "available":
                free += 1
                if free > self.minimum_gap + LIMIT:
                    return later
            if free and free >= self.minimum_gap:
                return later
            later += free or 1

    def lit(self, minute: int) -> int | None:
        if not self.taken(minute):
            return None
        here = self.segment(minute)
        end, later = None, minute
        while self.segment(later) is not None:
            s = self.segment(later)
            assert s is not None
            assert here is not None
            if s.booking == here.booking:
                end = later + 1
            later += 1
        return end

    def walk(self, minutes: int) -> list[Seen]:
        """Return what holds in each minute from 0 on."""
        hold: tuple[Segment, int] | None = None
        seen: list[Seen] = []
        for minute in range(minutes):
            ended = self.segment(minute - 1) if minute > 1 else None
            if self.overruled(minute) or self.taken(minute):
                hold = None
            elif (
                ended is not None
                and ended.end == m(minute)
                and ended.ends_booking
                and not ended.auto_return
                and self.taken(minute - 1)
                and not self.overruled(minute - 1)
            ):
                hold = (ended, minute)
            seen.append(self.moment(minute, hold, seen[-1] if seen else None))
        return seen

    def moment(self, minute: int, hold: tuple[Segment, int] | None, last: Seen | None) -> Seen:
        reachable: int | None
        until: int | None
        if self.overruled(minute):
            assert self.manual is not None
            state = (self.manual.availability, self.manual.activity, self.manual.role)
            origin, until = Origin.MANUAL, self.manual_ends()
            reachable = None if until is None else self.reachable(until)
        elif hold is not None:
            state = (hold[0].availability, hold[0].activity, hold[0].role)
            origin, reachable = Origin.HOLD, None
            until = next((k for k in range(minute + 1, LIMIT) if self.taken(k)), None)
        else:
            s = self.segment(minute)
            state = self.state(minute)
            origin = Origin.DEFAULT if s is None else s.origin
            until = self.until(minute)
            reachable = None if until is None else self.reachable(until)
        if state[0] == "available":
            reachable = None
        same = last is not None and last.state == state
        since = last.since if same and last is not None else minute
        return Seen(
            state,
            origin,
            since,
            until,
            reachable,
            None if origin is Origin.HOLD else self.lit(minute),
            self.overruled(minute),
            None if hold is None else (hold[0].activity, hold[1]),
        )
