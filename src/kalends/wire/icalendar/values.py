"""Dates, moments, durations and periods (RFC 5545 section 3.3), read leniently.

Raises ``Unreadable`` (a ``ValueError``) for what cannot be a time; the caller skips the booking.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

DAY: Final = timedelta(days=1)
_MOMENT: Final = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d+)?([Zz]?))?"
)
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,7})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})S)?)?",
    re.IGNORECASE,
)


class Unreadable(ValueError):
    """Something in a calendar makes no sense; the text is ours and carries no personal data."""


class Moment(NamedTuple):
    """A date, or a wall time with the zone it is meant in."""

    wall: datetime
    """Naive; midnight for a date."""
    zone: tzinfo | None
    """None: a date, or a floating time."""
    all_day: bool = False

    def within(self, zone: tzinfo) -> datetime:
        """Return the wall time in a zone; dates and floating times stand as they are."""
        if self.zone is None or self.zone is zone:
            return self.wall
        return self.wall.replace(tzinfo=self.zone).astimezone(zone).replace(tzinfo=None)


class Length(NamedTuple):
    """How long an event is: whole days by the wall clock, the rest exactly.

    RFC 5545 section 3.3.6: a day is 23, 24 or 25 hours where clocks change, an hour never is.
    """

    days: int
    seconds: int

    def after(self, wall: datetime, zone: tzinfo) -> int:
        """Return the end, in UTC seconds, of what starts at a wall time in a zone."""
        return instant(wall + timedelta(days=self.days), zone) + self.seconds

    def wall(self) -> timedelta:
        """Return the length as the wall clock shows it where no clock changes."""
        return timedelta(days=self.days, seconds=self.seconds)


def instant(wall: datetime, zone: tzinfo) -> int:
    """Return UTC seconds of a wall time.

    In a gap the offset before the transition counts, in an overlap the first passing: both are
    what ``fold=0`` means (PEP 495; RFC 5545 section 3.3.5).
    """
    return int(wall.replace(tzinfo=zone).timestamp())


@lru_cache(maxsize=8192)
def moment(value: str) -> tuple[datetime, str]:
    """Read DATE or DATE-TIME: (naive datetime, ``"date"``, ``"utc"`` or ``"wall"``)."""
    found = _MOMENT.fullmatch(value.strip())
    if found is None:
        raise Unreadable("not a date or time")
    year, month, day, hour, minute, second, utc = found.groups()
    if hour is None:
        return datetime(int(year), int(month), int(day)), "date"  # noqa: DTZ001 - a wall time
    whole = datetime(  # noqa: DTZ001 - a wall time
        int(year), int(month), int(day), int(hour) % 24, int(minute), min(int(second or 0), 59)
    )
    if hour == "24":  # ISO 8601's end of day, seen in the wild
        whole += DAY
    return whole, "utc" if utc else "wall"


def duration(value: str) -> Length:
    """Read DURATION; a negative one raises ``Unreadable``."""
    found = _DURATION.fullmatch(value.strip())
    if found is None or (not any(found.groups()[1:]) and value.strip().upper() == "P"):
        raise Unreadable("not a duration")
    sign, weeks, days, hours, minutes, seconds = found.groups()
    length = Length(
        int(weeks or 0) * 7 + int(days or 0),
        int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0),
    )
    if sign == "-" and any(length):
        raise Unreadable("a negative duration")
    if length.days > 36_600 or length.seconds > 3_200_000_000:
        raise Unreadable("a duration of more than a hundred years")
    return length


def period(value: str) -> tuple[Moment, Length]:
    """Read PERIOD, ``start/end`` or ``start/duration``; the zone is left to the caller."""
    first, _, second = value.strip().partition("/")
    wall, kind = moment(first)
    start = Moment(wall, UTC if kind == "utc" else None)
    if second.strip().upper().lstrip("+-").startswith("P"):
        return start, duration(second)
    end, _kind = moment(second)
    if end < wall:
        raise Unreadable("a period that ends before it starts")
    difference = end - wall
    return start, Length(difference.days, difference.seconds)
