"""A slow second opinion on timelines, written from POLICY alone: one minute after the other.

It shares nothing with the product's layout or work-hour code. It is told, per booking, what the
booking means (the judgement), and finds for each minute who wins and what shows:

- the local clock is asked for every minute; work hours hold at a minute if the clock has reached
  the span's start and not yet its end, on the day it shows;
- every booking that covers the minute is compared with every other, by POLICY's list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kalends.model.booking import Booking, ShowAs
from kalends.model.person import WorkHours
from kalends.policy.judgement import Judgement

MINUTE = 60


@dataclass(frozen=True)
class Seen:
    """What shows in one minute."""

    availability: str
    activity: str
    role: str
    booking: str


NOTHING = Seen("available", "available", "work", "")
OFF = Seen("offline", "off-work", "private", "")


def wall(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=100_000)
def reached(day: date, minutes: int, zone: ZoneInfo) -> int:
    """The first moment at which the zone's clock has reached a time, found by looking at it."""
    target = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    at = int(target.replace(tzinfo=UTC).timestamp()) - 30 * 3600
    while wall(at, zone) < target:
        at += 900  # all jumps of all zones fall on quarters …
    at -= 900
    while wall(at, zone) < target:
        at += 60  # … and all spans on minutes
    return at


def clock_minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def day_spans(hours: WorkHours, day: date, free: Callable[[date], bool]) -> tuple[str, ...]:
    patterns = [hours, *hours.also]
    for pattern in patterns:
        if day.isoformat() in pattern.exceptions:
            return pattern.exceptions[day.isoformat()]
    if free(day):
        return ()
    for pattern in patterns:
        if day.isocalendar()[1] % pattern.weeks == pattern.week:
            found: tuple[str, ...] = getattr(pattern, day.strftime("%a").lower())
            return found
    return ()


class WorkDays:
    """Whether somebody works at a minute, by watching the clock."""

    def __init__(self, hours: WorkHours, zone: ZoneInfo, free: Callable[[date], bool]) -> None:
        self.hours, self.zone, self.free = hours, zone, free
        self._days: dict[date, list[tuple[int, int]]] = {}

    def works(self, at: int) -> bool:
        today = wall(at, self.zone).date()
        # Where clocks go back over midnight, yesterday's date may show again.
        days = (today - timedelta(days=1), today, today + timedelta(days=1))
        return any(start <= at < end for day in days for start, end in self._spans(day))

    def _spans(self, day: date) -> list[tuple[int, int]]:
        if day not in self._days:
            self._days[day] = [
                (
                    reached(day, clock_minutes(span.split("-")[0]), self.zone),
                    reached(day, clock_minutes(span.split("-")[1]), self.zone),
                )
                for span in day_spans(self.hours, day, self.free)
            ]
        return self._days[day]


def covers(booking: Booking, at: int, zone: ZoneInfo) -> bool:
    if booking.all_day and booking.first_day and booking.after_day:
        # Whole local days: from when the clock reaches the first until it reaches the last.
        return reached(booking.first_day, 0, zone) <= at < reached(booking.after_day, 0, zone)
    return booking.start <= at < booking.end


def beats(
    one: tuple[Booking, Judgement, str], other: tuple[Booking, Judgement, str], zone: ZoneInfo
) -> bool:
    """POLICY section 2, overlaps, read from the top."""
    (booking, meant, name), (against, its, its_name) = one, other
    pale = booking.all_day and booking.show_as is ShowAs.FREE
    its_pale = against.all_day and against.show_as is ShowAs.FREE
    if pale != its_pale:
        return its_pale
    if meant.faint != its.faint:
        return its.faint
    if meant.priority != its.priority:
        return meant.priority > its.priority
    if booking.all_day != against.all_day:
        return against.all_day
    (start, end), (its_start, its_end) = _span(booking, zone), _span(against, zone)
    if start != its_start:
        return start > its_start
    if end - start != its_end - its_start:
        return end - start < its_end - its_start
    return name < its_name


def _span(booking: Booking, zone: ZoneInfo) -> tuple[int, int]:
    if booking.all_day and booking.first_day and booking.after_day:
        return reached(booking.first_day, 0, zone), reached(booking.after_day, 0, zone)
    return booking.start, booking.end


def best(
    running: Sequence[tuple[Booking, Judgement, str]], zone: ZoneInfo
) -> tuple[Booking, Judgement, str] | None:
    winner = None
    for each in running:
        if winner is None or beats(each, winner, zone):
            winner = each
    return winner


def opens_nothing(one: tuple[Booking, Judgement, str]) -> bool:
    """Whether it makes nobody available outside work hours."""
    booking, meant, _ = one
    return meant.faint or (booking.all_day and meant.availability.value == "available")


def seen(
    at: int,
    judged: Sequence[tuple[Booking, Judgement, str]],
    zone: ZoneInfo,
    work: WorkDays | None,
) -> Seen:
    """What shows in the minute that begins at ``at``."""
    running = [each for each in judged if each[1].counts and covers(each[0], at, zone)]
    doing = best([each for each in running if each[1].activity], zone)
    acting = best([each for each in running if each[1].role], zone)
    shown = NOTHING if work is None or work.works(at) else OFF
    if doing is not None and not (shown == OFF and opens_nothing(doing)):
        meant = doing[1]
        shown = Seen(meant.availability.value, meant.activity, "work", doing[2])
    if acting is not None:
        booking = shown.booking or ("" if shown == OFF else acting[2])
        shown = Seen(shown.availability, shown.activity, acting[1].role, booking)
    return shown
