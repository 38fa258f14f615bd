"""Work hours: a weekly pattern, part-time weeks, exceptions, public holidays. POLICY section 3.

Place in the flow: *settings, record or calendar system → week plan → schedule segments*. Outside
work hours a person is ``offline``, role ``private``, unless something counts; who has no work
hours is never off work by schedule.

A *day's spans* are decided in this order: an exception for that day; a public holiday (none);
the first pattern, of the main one and its ``also``, whose ISO week it is. Local times follow
``localtime``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from kalends.model.person import WorkHours
from kalends.model.presence import Segment
from kalends.model.times import FOREVER, Interval, day_start
from kalends.model.vocabulary import Availability, Origin
from kalends.policy.localtime import local_day, moment

Span = tuple[int, int]
"""Minutes after local midnight, half-open; 1440 ends a day."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OUTLOOK_DAYS: Final = 35
"""Days ahead for which a schedule is laid out (the horizon of DESIGN section 1)."""
_SIGHT: Final = 21
"""Days around, to find since when and until when somebody is off: longer than a Christmas."""
_SPAN: Final = re.compile(r"^\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*$")


def parse_span(text: str) -> Span:
    """Read ``08:00-12:00``; raises ``ValueError`` saying what is wrong."""
    found = _SPAN.match(text)
    if found is None:
        raise ValueError(f'{text!r} is no span of time; write "08:00-12:00"')
    numbers = [int(part) for part in found.groups()]
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if numbers[1] > 59 or numbers[3] > 59 or end > 1440:
        raise ValueError(f"{text!r} names a time that no day has; a day ends with 24:00")
    if end <= start:
        raise ValueError(f"{text!r} ends before it starts; write a span past midnight as two")
    return start, end


class HolidayCode(NamedTuple):
    """Country and region of public holidays: ``DE-BY``."""

    country: str
    region: str | None


def parse_holidays(code: str) -> HolidayCode:
    """Read ``SE`` or ``DE-BY``; raises ``ValueError`` where the library knows no such place."""
    country, _, region = code.strip().upper().partition("-")
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        raise ValueError(f"{code!r} names no country whose public holidays are known")
    if region and region not in known[country]:
        raise ValueError(f"{code!r}: {country} has no region {region}")
    return HolidayCode(country, region or None)


@lru_cache(maxsize=1024)
def public_holidays(code: HolidayCode, year: int) -> frozenset[date]:
    """Return the public holidays of a year."""
    days = holidays.country_holidays(code.country, subdiv=code.region, years=[year])
    return frozenset(days.keys())


class _Pattern:
    """One weekly pattern, read."""

    def __init__(self, hours: WorkHours) -> None:
        self.weeks, self.week = hours.weeks, hours.week
        self.days: tuple[tuple[Span, ...], ...] = tuple(
            tuple(sorted(parse_span(span) for span in getattr(hours, day))) for day in DAYS
        )
        self.exceptions: Mapping[date, tuple[Span, ...]] = {
            date.fromisoformat(day): tuple(sorted(parse_span(span) for span in spans))
            for day, spans in hours.exceptions.items()
        }

    def holds(self, day: date) -> bool:
        """Tell whether the day's ISO week belongs to this pattern."""
        return day.isocalendar().week % self.weeks == self.week


def _flat(hours: WorkHours) -> Iterator[WorkHours]:
    yield hours
    for other in hours.also:
        yield from _flat(other)


class Schedule(NamedTuple):
    """A stretch of days laid out."""

    working: tuple[Interval, ...]
    """Ordered, merged where they touch."""
    off: tuple[Segment, ...]
    """Schedule segments between them; the first may start at 0 (not known), the last end at
    ``FOREVER`` (none in sight)."""
    day_ends: tuple[int, ...]
    """For each working interval, the end of the working day it belongs to."""

    def day_end(self, now: int) -> int:
        """Return the end of the next working day: of today, if it is not over; else later.

        ``FOREVER`` where no working day is in sight.
        """
        place = bisect_right(self.working, now, key=attrgetter("end"))
        return self.day_ends[place] if place < len(self.day_ends) else FOREVER


class WeekPlan:
    """Compiled work hours with their holidays; shared by all who have the same."""

    def __init__(self, hours: WorkHours, holiday_code: str | None, *, divert: bool = False) -> None:
        self.divert = divert
        """Whether call routes may follow being off work."""
        self.patterns = tuple(_Pattern(each) for each in _flat(hours))
        self.holidays = parse_holidays(holiday_code) if holiday_code else None
        self._laid_out: dict[tuple[str, date, date], Schedule] = {}

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return when work is on a local day."""
        for pattern in self.patterns:
            if day in pattern.exceptions:
                return pattern.exceptions[day]
        if self.holidays is not None and day in public_holidays(self.holidays, day.year):
            return ()
        for pattern in self.patterns:
            if pattern.holds(day):
                return pattern.days[day.weekday()]
        return ()

    def working(self, first: date, after: date, zone: ZoneInfo) -> tuple[Interval, ...]:
        """Return the working intervals of the local days ``[first, after)``."""
        merged: list[Interval] = []
        for ahead in range((after - first).days):
            day = first + timedelta(days=ahead)
            for start, end in self.spans(day):
                found = Interval(moment(day, start, zone), moment(day, end, zone))
                if found.end <= found.start:
                    continue  # a jump of the clock swallowed it
                if merged and found.start <= merged[-1].end:
                    merged[-1] = Interval(merged[-1].start, max(merged[-1].end, found.end))
                else:
                    merged.append(found)
        return tuple(merged)

    def schedule(self, today: date, last: date, zone: ZoneInfo) -> Schedule:
        """Return the schedule from ``today`` to ``last``, with what surrounds it; cached."""
        key = (zone.key, today, last)
        found = self._laid_out.get(key)
        if found is None:
            if len(self._laid_out) >= 256:  # a new day, or a tour of the world's zones
                self._laid_out.clear()
            found = self._laid_out[key] = self._lay_out(today, last, zone)
        return found

    def _lay_out(self, today: date, last: date, zone: ZoneInfo) -> Schedule:
        sight = timedelta(days=_SIGHT)
        working = self.working(today - sight, last + sight, zone)
        starts = [*(each.start for each in working), FOREVER]
        ends = [0, *(each.end for each in working)]
        begin, finish = day_start(today, zone), day_start(last + timedelta(days=1), zone)
        off = tuple(
            off_work(start, end, divert=self.divert)
            for start, end in zip(ends, starts, strict=True)
            if start < finish and end > begin and start < end
        )
        days = [local_day(each.start, zone) for each in working]
        ends_of = {day: each.end for day, each in zip(days, working, strict=True)}
        return Schedule(working, off, tuple(ends_of[day] for day in days))


def off_work(start: int, end: int, *, divert: bool) -> Segment:
    """Return the segment of somebody who is off work by schedule."""
    return Segment(
        start,
        end,
        Availability.OFFLINE,
        "off-work",
        "private",
        Origin.SCHEDULE,
        rule="work-hours",
        divert=divert,
    )
