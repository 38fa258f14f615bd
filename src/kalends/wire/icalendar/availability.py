"""VAVAILABILITY → work hours (RFC 7953).

The weekly pattern is read from AVAILABLE slots that repeat every week or day; whatever else the
slots say about the days of the window (single slots, exceptions, every second week, an end) shows
as exceptions of those days. The window is read anew long before it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from kalends.model.person import WorkHours
from kalends.model.times import FOREVER, Interval
from kalends.wire.icalendar.event import Event, Place, read
from kalends.wire.icalendar.lines import Component
from kalends.wire.icalendar.rules import Rule
from kalends.wire.icalendar.series import instances
from kalends.wire.icalendar.values import Moment, instant

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES: Final = 24 * 60
Spans = list[tuple[int, int]]
"""Minutes of a local day, ordered, apart from each other."""


MAX_DAYS: Final = 62
"""Exceptions are looked for no further ahead."""


class _Availability(NamedTuple):
    """One VAVAILABILITY: its slots hold from start to end, over those of lower priority."""

    start: int
    end: int
    priority: int
    slots: list[list[Event]]

    def holds(self, at: int) -> bool:
        return self.start <= at < self.end


def work_hours(components: Sequence[Component], place: Place, window: Interval) -> WorkHours | None:
    """Return the pattern of the availability in force, in the owner's zone; None without one."""
    found: list[_Availability] = []
    for component in components:
        try:
            found.append(_read(component, place))
        except (ValueError, OverflowError):
            continue
    found.sort(key=lambda availability: (availability.priority, availability.start))
    now = [availability for availability in found if availability.holds(window.start)]
    # The lasting one makes the week; what holds for a while above it shows as exceptions.
    lasting = [availability for availability in now if availability.end > window.end]
    base = next(iter(lasting + now), None)
    if base is None:
        return None
    window = Interval(window.start, min(window.end, window.start + MAX_DAYS * 86_400))
    try:
        return _pattern(base, found, place, window)
    except (ValueError, OverflowError):
        return None


def _read(component: Component, place: Place) -> _Availability:
    start, end = 0, FOREVER
    if "DTSTART" in component.lines:
        event = read(component, place)
        start = instant(event.start.wall, event.zone)
        if "DTEND" in component.lines or "DURATION" in component.lines:
            end = event.length.after(event.start.wall, event.zone)
    return _Availability(start, end, _priority(component), _slots(component, place))


def _priority(component: Component) -> int:
    """Return 1 (highest) … 9; 0 and absent come last (RFC 7953 section 3.1)."""
    value = component.value("PRIORITY")
    return int(value) if value.isdecimal() and 1 <= int(value) <= 9 else 10


def _slots(component: Component, place: Place) -> list[list[Event]]:
    """Return the AVAILABLE parts, those of one UID together (a slot and its exceptions)."""
    groups: dict[str, list[Event]] = {}
    for number, part in enumerate(component.parts):
        if part.name == "AVAILABLE":
            groups.setdefault(part.value("UID") or str(number), []).append(read(part, place))
    return list(groups.values())


def _pattern(
    base: _Availability, found: Sequence[_Availability], place: Place, window: Interval
) -> WorkHours:
    week: list[Spans] = [[] for _ in range(7)]
    for events in base.slots:
        for event in events:
            for weekday in _weekdays(event, window):
                _put(week, weekday, event, place, window)
    week = [_merged(spans) for spans in week]
    shown = _by_day(found, place, window)
    exceptions = {
        str(day): _written(spans) for day, spans in shown.items() if spans != week[day.weekday()]
    }
    days = (_written(spans) for spans in week)
    return WorkHours(**dict(zip(_NAMES, days, strict=True)), exceptions=exceptions)


def _weekdays(event: Event, window: Interval) -> list[int]:
    """Return the weekdays on which a slot comes every week; none where it does not."""
    if event.recurrence is not None or len(event.rules) != 1:
        return []
    rule = Rule(event.rules[0], event.start, event.zone)
    step = rule.step()
    ends = rule.until is not None and rule.until.replace(tzinfo=UTC).timestamp() < window.end
    if ends or step is None:
        return []
    named = [_DAYS.index(name) for name in rule.weekdays() if name in _DAYS]
    if step == timedelta(days=1):
        return named or list(range(7))
    if step == timedelta(weeks=1):
        return named or [event.start.wall.weekday()]
    return []


def _put(week: list[Spans], weekday: int, event: Event, place: Place, window: Interval) -> None:
    """Put a slot into the week, moved from its own zone to the owner's as of the window."""
    day = datetime.fromtimestamp(window.start, event.zone).date()
    day += timedelta(days=(weekday - day.weekday()) % 7)
    wall = datetime.combine(day, event.start.wall.time())
    local = Moment(wall, event.zone).within(place.owner)
    length = event.length.days * _MINUTES + event.length.seconds // 60
    for on, first, after in _split(local, length):
        week[on.weekday()].append((first, after))


def _by_day(found: Sequence[_Availability], place: Place, window: Interval) -> dict[date, Spans]:
    """Return what the slots really say for each whole day of the window."""
    first = datetime.fromtimestamp(window.start, place.owner).date() + timedelta(days=1)
    last = datetime.fromtimestamp(window.end, place.owner).date()
    said = [_stretches(availability.slots, place, window) for availability in found]
    days: dict[date, Spans] = {}
    for number in range((last - first).days):
        day = first + timedelta(days=number)
        noon = instant(datetime.combine(day, time(12)), place.owner)
        holding = (number for number, one in enumerate(found) if one.holds(noon))
        top = next(holding, None)
        days[day] = [] if top is None else _merged(said[top].get(day, []))
    return days


def _stretches(slots: Sequence[list[Event]], place: Place, window: Interval) -> dict[date, Spans]:
    days: dict[date, Spans] = {}
    for events in slots:
        for found in instances(events, window, place.owner):
            local = datetime.fromtimestamp(found.start, place.owner).replace(tzinfo=None)
            for on, begin, after in _split(local, (found.end - found.start) // 60):
                days.setdefault(on, []).append((begin, after))
    return days


def _split(local: datetime, minutes: int) -> list[tuple[date, int, int]]:
    """Cut a stretch at midnights: (day, first minute, minute after)."""
    parts: list[tuple[date, int, int]] = []
    day, first = local.date(), local.hour * 60 + local.minute
    while minutes > 0 and len(parts) < 14:
        taken = min(minutes, _MINUTES - first)
        parts.append((day, first, first + taken))
        minutes, first, day = minutes - taken, 0, day + timedelta(days=1)
    return parts


def _merged(spans: Spans) -> Spans:
    merged: Spans = []
    for first, after in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(after, merged[-1][1]))
        else:
            merged.append((first, after))
    return merged


def _written(spans: Spans) -> tuple[str, ...]:
    return tuple(
        f"{first // 60:02}:{first % 60:02}-{after // 60:02}:{after % 60:02}"
        for first, after in spans
    )
