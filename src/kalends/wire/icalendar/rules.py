"""Recurrence rules made safe and unambiguous before they are expanded (RFC 5545 section 3.3.10).

All series are expanded in naive wall-clock time of the master's zone, so UNTIL is rewritten to
that. What dateutil reads otherwise than the RFC is rewritten too, and what would run away is
refused (threat 6): a 200-byte rule can name a moment for every second until the year 9999.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from dateutil.rrule import rrulestr

from kalends.wire.icalendar.values import Moment, Unreadable, moment

MAX_DATES: Final = 3_000
"""EXDATE and RDATE values of one event."""
MAX_COUNT: Final = 20_000
_MAX_LIST: Final = 400
"""Values in one BY list (BYYEARDAY has at most 366)."""
_MAX_PER_DAY: Final = 200
"""BYHOUR × BYMINUTE × BYSECOND."""
_FREQUENCIES: Final = frozenset({"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_LISTS: Final = frozenset(
    {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}
    | {"BYHOUR", "BYMINUTE", "BYSECOND"}
)
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STEPS: Final = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}


class Rule:
    """One RRULE or EXRULE of an event that starts at a wall time."""

    def __init__(self, value: str, start: Moment, zone: tzinfo) -> None:
        self._parts = parts = _parse(value)
        self._start = start.wall
        frequency = parts.get("FREQ", "")
        if frequency not in _FREQUENCIES:
            every = frequency if frequency in ("SECONDLY", "MINUTELY") else "an unknown FREQ"
            raise Unreadable(f"a rule with {every} is refused")
        _bound(parts)
        if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.get("SKIP", "OMIT") != "OMIT":
            raise Unreadable("RSCALE and SKIP are not supported (RFC 7529)")
        parts.pop("RSCALE", None)
        parts.pop("SKIP", None)
        self._weeks_have_days()
        if "UNTIL" in parts:
            self._settle_until(start, zone)
        if "COUNT" in parts:
            self._settle_count()

    def __str__(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self._parts.items())

    @property
    def until(self) -> datetime | None:
        """Return the inclusive last wall time, where the rule names one."""
        found = self._parts.get("UNTIL")
        return moment(found)[0] if found else None

    @property
    def counted(self) -> bool:
        """Tell whether COUNT ends it."""
        return "COUNT" in self._parts

    def step(self) -> timedelta | None:
        """Return the period by which the start may move without changing the rule's dates.

        None where there is no such plain period (months, years, COUNT).
        """
        step = _STEPS.get(self._parts["FREQ"])
        if step is None or self.counted:
            return None
        return step * int(self._parts.get("INTERVAL", "1"))

    def weekdays(self) -> list[str]:
        """Return BYDAY as it stands."""
        return self._parts.get("BYDAY", "").split(",") if "BYDAY" in self._parts else []

    def _weeks_have_days(self) -> None:
        # RFC 5545: what a rule leaves open comes from DTSTART. dateutil takes all seven days.
        if "BYWEEKNO" in self._parts and not self._parts.keys() & {
            "BYDAY",
            "BYMONTHDAY",
            "BYYEARDAY",
        }:
            self._parts["BYDAY"] = _DAYS[self._start.weekday()]

    def _settle_until(self, start: Moment, zone: tzinfo) -> None:
        value = self._parts.pop("UNTIL")
        if not value:  # seen: ``UNTIL=`` with nothing behind it
            return
        wall, kind = moment(value)
        clock = wall.time()
        if start.all_day:
            # Exchange writes local midnight in UTC, others the date with a made-up clock time.
            if kind == "utc" and (clock.hour, clock.minute) not in ((0, 0), (23, 59)):
                wall = _shift(wall, zone)
            wall = wall.replace(hour=0, minute=0, second=0)
        elif kind == "date":  # inclusive: the whole day counts
            wall = wall.replace(hour=23, minute=59, second=59)
        elif kind == "utc":
            wall = _shift(wall, zone)
        self._parts["UNTIL"] = f"{wall:%Y%m%dT%H%M%S}"

    def _settle_count(self) -> None:
        count = int(self._parts["COUNT"])
        if count < 1:  # seen: COUNT=-1 for "without end"
            del self._parts["COUNT"]
        elif count > MAX_COUNT:
            raise Unreadable(f"COUNT is more than {MAX_COUNT}")
        elif next(iter(rrulestr(str(self), dtstart=self._start)), None) != self._start:
            # COUNT includes DTSTART also where DTSTART does not match; dateutil leaves it out.
            if count == 1:
                self._parts["UNTIL"] = f"{self._start:%Y%m%dT%H%M%S}"
                del self._parts["COUNT"]
            else:
                self._parts["COUNT"] = str(count - 1)


def _parse(value: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in value.upper().replace(" ", "").split(";"):
        name, equals, content = part.partition("=")
        if not equals or name.startswith("X-"):
            continue
        if name in _LISTS and len(content) > _MAX_LIST * 4:
            raise Unreadable(f"{name} is too long")
        parts[name] = content
    if parts.get("INTERVAL", "1").lstrip("+-0") in ("", "1"):
        parts.pop("INTERVAL", None)  # INTERVAL=0, seen in the wild, would never advance
    return parts


def _bound(parts: dict[str, str]) -> None:
    for name, value in parts.items():
        if name in _LISTS:
            if value.count(",") >= _MAX_LIST:
                raise Unreadable(f"{name} has too many values")
        elif name not in ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "RSCALE", "SKIP"):
            raise Unreadable("a rule with a part that RFC 5545 does not know")
    per_day = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        per_day *= parts.get(name, "").count(",") + 1
    if per_day > _MAX_PER_DAY:
        raise Unreadable("too many times a day")


def _shift(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
