"""Recurrence patterns of EWS: read from XML, written to XML, and told as dates."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Final

from lab.exchange.refusal import Refusal
from lab.exchange.xml import Node, T, children, local, t, text_of
from lab.exchange.zones import DAYS

INDEXES: Final = ("First", "Second", "Third", "Fourth", "Last")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_GROUPS: Final = {"Day": range(7), "Weekday": range(5), "WeekendDay": range(5, 7)}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One pattern with its range."""

    kind: str
    """Daily, Weekly, AbsoluteMonthly, RelativeMonthly, AbsoluteYearly or RelativeYearly."""
    start: date
    interval: int = 1
    days: tuple[str, ...] = ()
    """Names of weekdays (or Day, Weekday, WeekendDay)."""
    index: str = "First"
    day: int = 1
    month: int = 1
    first_day: str = "Monday"
    until: date | None = None
    """The last date, included."""
    number: int | None = None
    """How many occurrences, deleted ones counted."""

    def dates(self, since: date | None = None) -> Iterator[tuple[int, date]]:
        """Yield (index from 1, date) of occurrences; without end where the range has none.

        ``since``: those of earlier dates may be left out.
        """
        early = max((since or self.start) - self.start, timedelta(0)).days
        for index, one in self._pattern(early):
            over = self.number is not None and index > self.number
            if over or (self.until is not None and one > self.until):
                return
            yield index, one

    def _pattern(self, early: int) -> Iterator[tuple[int, date]]:
        """Yield from ``early`` days after the start, or from sooner."""
        if self.kind == "Daily":
            first = early // self.interval
            ahead = range(first, 200_000)
            return ((n + 1, self.start + timedelta(self.interval * n)) for n in ahead)
        if self.kind == "Weekly":
            return self._weekly(early)
        return enumerate((one for one in self._monthly() if one >= self.start), 1)

    def _weekly(self, early: int) -> Iterator[tuple[int, date]]:
        wanted = {number for name in self.days for number in _numbers(name)}
        first = DAYS.index(self.first_day)
        begin = (self.start.weekday() - first) % 7
        places = [place for place in range(7) if (first + place) % 7 in wanted]
        week = self.start - timedelta(begin)
        # The first week shows only what lies at the start or later.
        skipped = early // 7 // self.interval
        index = skipped * len(places) - sum(1 for place in places if place < begin)
        for n in range(skipped * self.interval, 30_000, self.interval):
            for place in places:
                index += 1
                if index > 0:
                    yield index, week + timedelta(7 * n + place)

    def _monthly(self) -> Iterator[date]:
        yearly = self.kind.endswith("Yearly")
        step = 12 if yearly else self.interval
        begin = self.start.year * 12 + (self.month if yearly else self.start.month) - 1
        for months in count(begin, step):
            year, month = divmod(months, 12)
            if year > 2200:
                return
            yield self._day_in(year, month + 1)

    def _day_in(self, year: int, month: int) -> date:
        length = monthrange(year, month)[1]
        if self.kind.startswith("Absolute"):
            return date(year, month, min(self.day, length))
        wanted = {number for name in self.days for number in _numbers(name)}
        fitting = [
            one
            for one in (date(year, month, n) for n in range(1, length + 1))
            if one.weekday() in wanted
        ]
        place = INDEXES.index(self.index)
        return fitting[-1] if place == 4 else fitting[place]


def _numbers(name: str) -> range:
    return _GROUPS[name] if name in _GROUPS else range(DAYS.index(name), DAYS.index(name) + 1)


def read(node: Node) -> Recurrence:
    """Return the pattern of a ``t:Recurrence``; Refusal for one that says nothing."""
    parts = children(node)
    if len(parts) != 2:
        raise Refusal("ErrorInvalidRecurrence" if not parts else "ErrorInvalidRequest")
    pattern, limits = parts

    def value(name: str, other: str) -> str:
        return text_of(pattern.find(T + name)) or other

    kind = local(pattern).removesuffix("Recurrence")
    end = text_of(limits.find(T + "EndDate"))
    number = text_of(limits.find(T + "NumberOfOccurrences"))
    return Recurrence(
        kind,
        _date(text_of(limits.find(T + "StartDate"))),
        interval=int(value("Interval", "1")),
        days=tuple(value("DaysOfWeek", "").split()),
        index=value("DayOfWeekIndex", "First"),
        day=int(value("DayOfMonth", "1")),
        month=MONTHS.index(value("Month", "January")) + 1,
        first_day=value("FirstDayOfWeek", "Monday"),
        until=_date(end) if end else None,
        number=int(number) if number else None,
    )


def _date(text: str) -> date:
    return date.fromisoformat(text[:10])  # xs:date may carry a zone: 2026-01-05Z


def write(parent: Node, one: Recurrence) -> None:
    """Append a ``t:Recurrence`` in the order the schema wants."""
    node = t(parent, "Recurrence")
    pattern = t(node, one.kind + "Recurrence")
    if one.kind in ("Daily", "Weekly", "AbsoluteMonthly", "RelativeMonthly"):
        t(pattern, "Interval", str(one.interval))
    if one.days:
        t(pattern, "DaysOfWeek", " ".join(one.days))
    if one.kind == "Weekly":
        t(pattern, "FirstDayOfWeek", one.first_day)
    if one.kind.startswith("Relative"):
        t(pattern, "DayOfWeekIndex", one.index)
    if one.kind.startswith("Absolute"):
        t(pattern, "DayOfMonth", str(one.day))
    if one.kind.endswith("Yearly"):
        t(pattern, "Month", MONTHS[one.month - 1])
    if one.until:
        limits = t(node, "EndDateRecurrence")
        t(limits, "StartDate", one.start.isoformat())
        t(limits, "EndDate", one.until.isoformat())
    elif one.number:
        limits = t(node, "NumberedRecurrence")
        t(limits, "StartDate", one.start.isoformat())
        t(limits, "NumberOfOccurrences", str(one.number))
    else:
        t(t(node, "NoEndRecurrence"), "StartDate", one.start.isoformat())
