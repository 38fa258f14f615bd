"""Local times of a zone as moments, also where clocks jump. POLICY section 3.

Definition, for every zone and day: a local time means *the first moment at which the local clock
has reached it*. So a time that exists twice means the earlier one, and a time that a jump skips
means the moment of the jump.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def find_zone(name: str) -> ZoneInfo | None:
    """Return a zone by its IANA name; None where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a directory; a path out of the tree
        return None


def moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return UTC seconds at which the clock of ``zone`` reaches ``minutes`` after midnight.

    ``minutes`` may be 1440 and more: the following days.
    """
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001  (a wall clock)
    aware = wall.replace(tzinfo=zone)
    at = int(aware.timestamp())
    if _wall(at, zone) == wall:
        return at
    return _jump(int(aware.replace(fold=1).timestamp()), at, wall, zone)


@lru_cache(maxsize=1024)  # asked for many people at one moment
def local_day(at: int, zone: ZoneInfo) -> date:
    """Return the local calendar day of a moment."""
    return _wall(at, zone).date()


def _wall(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)


def _jump(before: int, after: int, wall: datetime, zone: ZoneInfo) -> int:
    """Return the moment in ``(before, after]`` at which the clock jumps over ``wall``."""
    while after - before > 1:
        middle = (before + after) // 2
        if _wall(middle, zone) < wall:
            before = middle
        else:
            after = middle
    return after


def wall_clock(at: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return local weekday (Monday 0) and minute of the day of a moment."""
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return local.weekday(), local.hour * 60 + local.minute
