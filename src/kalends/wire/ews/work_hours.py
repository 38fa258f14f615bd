"""Work hours, as a mailbox's owner set them in Outlook → ``model.person.WorkHours``.

Two places tell them: the answer to GetUserAvailability (minutes of the day in the owner's zone),
and the ``WorkHours`` configuration of the calendar folder (XML of its own kind).
"""

from __future__ import annotations

from typing import Final, Literal

from lxml import etree

from kalends.model.person import WorkHours
from kalends.wire.ews.names import T

_Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: Final[dict[str, tuple[_Day, ...]]] = {
    "Monday": ("mon",),
    "Tuesday": ("tue",),
    "Wednesday": ("wed",),
    "Thursday": ("thu",),
    "Friday": ("fri",),
    "Saturday": ("sat",),
    "Sunday": ("sun",),
    "Weekday": ("mon", "tue", "wed", "thu", "fri"),
    "WeekendDay": ("sat", "sun"),
    "Day": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
}
_ORDER: Final[tuple[_Day, ...]] = _DAYS["Day"]
_ROOT: Final = "{WorkingHours.xsd}"


def read_work_hours(element: etree._Element | None) -> WorkHours | None:
    """Read ``t:WorkingHours``; None where it tells no usable period."""
    if element is None:
        return None
    spans: dict[_Day, list[tuple[int, int]]] = {}
    for period in element.iter(T + "WorkingPeriod"):
        start, end = _minutes(period, "StartTimeInMinutes"), _minutes(period, "EndTimeInMinutes")
        if start is not None and end is not None:
            _add(spans, (period.findtext(T + "DayOfWeek") or "").split(), start, end)
    return _hours(spans)


def read_configuration(root: etree._Element) -> WorkHours | None:
    """Read the ``WorkHours`` configuration; None where it is another."""
    told = root.find(_ROOT + "WorkHoursVersion1")
    if told is None:
        return None
    begin, finish = (_clock(told.findtext(_ROOT + name) or "") for name in ("Start", "End"))
    if begin is None or finish is None:
        return None
    spans: dict[_Day, list[tuple[int, int]]] = {}
    _add(spans, (told.findtext(_ROOT + "WorkDays") or "").split(), begin, finish)
    return _hours(spans)


def _add(spans: dict[_Day, list[tuple[int, int]]], words: list[str], start: int, end: int) -> None:
    for day in (day for word in words for day in _DAYS.get(word, ())):
        if start < end:
            spans.setdefault(day, []).append((start, end))
        elif end < start:  # over midnight
            following = _ORDER[(_ORDER.index(day) + 1) % 7]
            spans.setdefault(day, []).append((start, 1440))
            if end:
                spans.setdefault(following, []).append((0, end))


def _hours(spans: dict[_Day, list[tuple[int, int]]]) -> WorkHours | None:
    if not spans:
        return None
    told = {
        day: tuple(f"{_time(start)}-{_time(end)}" for start, end in sorted(found))
        for day, found in spans.items()
    }
    return WorkHours(**told)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(period: etree._Element, name: str) -> int | None:
    told = (period.findtext(T + name) or "").strip()
    known = told.isascii() and told.isdecimal() and len(told) <= 4
    return int(told) if known and int(told) <= 1440 else None


def _clock(told: str) -> int | None:
    """Return minutes of ``08:30:00``."""
    parts = told.strip().split(":")
    if len(parts) < 2 or not all(part.isascii() and part.isdecimal() for part in parts[:2]):
        return None
    minutes = int(parts[0][:4]) * 60 + int(parts[1][:4])
    return minutes if minutes <= 1440 else None
