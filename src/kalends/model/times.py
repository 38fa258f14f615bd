"""Moments and intervals: UTC seconds inside, aware datetimes at public boundaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

FOREVER: Final = 253_370_764_800
"""9999-01-01T00:00:00Z in UTC seconds: the end of what has no end."""


class Interval(NamedTuple):
    """Half-open ``[start, end)`` in UTC seconds; empty where ``end <= start``."""

    start: int
    end: int

    def overlaps(self, other: Interval) -> bool:
        """Tell whether both share a moment; touching ends share none."""
        return self.start < other.end and other.start < self.end


def utc(seconds: float) -> datetime:
    """Return the aware UTC datetime of ``seconds`` since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime) -> int:
    """Return UTC seconds of an aware datetime, fractions cut off.

    Raises ``ValueError`` on a naive datetime: a moment without a zone is not a moment.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a zone: {moment.isoformat()}")
    return int(moment.timestamp())


def rfc3339(at: int) -> str:
    """Return UTC seconds as ``2026-03-02T13:00:00Z`` (RFC 3339)."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo) -> int:
    """Return the first moment of a local calendar day, in UTC seconds.

    Where midnight does not exist (a DST gap at 00:00, as in Beirut), the day begins with its
    first existing moment; where it exists twice, with the earlier one.
    """
    # In a gap fold=0 names the offset before the transition, hence the transition itself.
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def days(first: date, after: date, zone: ZoneInfo) -> Interval:
    """Return the interval of the local days ``[first, after)`` in a zone."""
    last = after if after > first else first + timedelta(days=1)
    return Interval(day_start(first, zone), day_start(last, zone))
