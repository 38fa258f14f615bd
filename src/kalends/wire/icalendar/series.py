"""From the events of one UID to its occurrences in a window (RFC 5545 section 3.8.5).

The recurrence set itself is recurring-ical-events' work. It is given *naive wall times of the
master's zone* only: then RECURRENCE-ID, EXDATE and RDATE written in other zones or value types
compare as they should, and what DST does to an instance is settled in one place
(``values.instant``). Long-running series without COUNT are moved near the window first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from dateutil.rrule import rrulestr
from recurring_ical_events import Occurrence
from recurring_ical_events.adapters.component import ComponentAdapter
from recurring_ical_events.series import Series

from kalends.model.times import Interval
from kalends.wire.icalendar.event import Event
from kalends.wire.icalendar.rules import Rule
from kalends.wire.icalendar.values import DAY, Length, Moment, Unreadable, instant

MAX_OCCURRENCES: Final = 2_000
"""Of one series in one window: more is no calendar but a bomb."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One occurrence."""

    event: Event
    """What describes it: the master, or the override."""
    start: int
    end: int
    first_day: date | None
    after_day: date | None
    original: str
    """Identity within its series: where the rule put it. Empty for a single event."""


def instances(events: Sequence[Event], window: Interval, owner: tzinfo) -> Iterator[Instance]:
    """Yield what overlaps the window. Raises ``Unreadable`` where the series is refused."""
    chosen = _chosen(events)
    master = next((event for event in chosen if event.recurrence is None), None)
    if len(chosen) == 1 and master is not None and not master.repeats:
        return _overlapping([_whole(master, "", owner)], window)
    return _overlapping(_expanded(chosen, master or chosen[0], window, owner), window)


def _chosen(events: Sequence[Event]) -> list[Event]:
    """Keep one event per identity: the highest SEQUENCE, then DTSTAMP."""
    best: dict[object, Event] = {}
    for event in events:
        key = None if event.recurrence is None else (event.recurrence.wall, event.recurrence.zone)
        known = best.get(key)
        if known is None or event.rank >= known.rank:
            best[key] = event
    return list(best.values())


def _overlapping(found: Sequence[Instance], window: Interval) -> Iterator[Instance]:
    seen: set[str] = set()
    for instance in found:
        # Zero length is a reminder, not time spent: it overlaps nothing.
        inside = instance.start < window.end and max(window.start, instance.start) < instance.end
        if inside and instance.original not in seen:
            seen.add(instance.original)
            yield instance


def _expanded(
    events: Sequence[Event], master: Event, window: Interval, owner: tzinfo
) -> list[Instance]:
    zone = master.zone
    first = datetime.fromtimestamp(max(window.start, -(10**10)), zone).replace(tzinfo=None) - DAY
    last = datetime.fromtimestamp(window.end, zone).replace(tzinfo=None) + DAY
    adapters = [_Adapter(event, master, first, last) for event in events]
    found: list[Instance] = []
    for occurrence in _Series(adapters).between(first, last):
        if len(found) >= MAX_OCCURRENCES:
            raise Unreadable(f"more than {MAX_OCCURRENCES} occurrences")
        found.append(occurrence.instance(zone, owner))
    return found


def _whole(event: Event, original: str, owner: tzinfo) -> Instance:
    """Return an event at its own start, by its own end."""
    if event.start.all_day:
        return _days(event, event.start.wall, event.length, original, owner)
    if event.end is not None:
        end = instant(event.end.wall, event.end.zone or event.zone)
    else:
        end = event.length.after(event.start.wall, event.zone)
    return Instance(event, instant(event.start.wall, event.zone), end, None, None, original)


def _days(event: Event, first: datetime, length: Length, original: str, owner: tzinfo) -> Instance:
    after = first + timedelta(days=max(1, length.days))
    return Instance(
        event, instant(first, owner), instant(after, owner), first.date(), after.date(), original
    )


def _plain(found: Moment, master: Event) -> datetime:
    """Return a moment as a naive wall time of the master's zone."""
    if master.start.all_day:
        wall = found.wall if found.all_day else found.within(master.zone)
        return wall.replace(hour=0, minute=0, second=0)
    if found.all_day:  # a date names that day's instance
        return datetime.combine(found.wall.date(), master.start.wall.time())
    return found.within(master.zone)


class _Adapter(ComponentAdapter):  # type: ignore[misc]  # the library is untyped
    """Shows an event to recurring-ical-events, in the master's wall time."""

    def __init__(self, event: Event, master: Event, first: datetime, last: datetime) -> None:
        super().__init__(None)
        self.event = event
        zone = master.zone
        own = event is master
        wall = event.start.wall if own else _plain_start(event, master)
        self._length = event.length.wall()
        if event.end is not None and not event.start.all_day and not own:
            self._length = max(timedelta(0), event.end.within(zone) - wall)
        rules = [Rule(value, event.start, zone) for value in event.rules] if own else []
        if rules:
            wall = _near(wall, rules, first - self._length - DAY)
        self._start = wall
        self._rules = [str(rule) for rule in rules]
        self._exdates = self._excluded(master, wall, first, last) if own else []
        self._rdates = [_rdate(found, length, master) for found, length in event.rdates if own]
        self._original = None if event.recurrence is None else _plain(event.recurrence, master)

    def _excluded(
        self, master: Event, start: datetime, first: datetime, last: datetime
    ) -> list[date]:
        dates: list[date] = [
            found.wall.date() if found.all_day and not master.start.all_day
            else _plain(found, master)
            for found in master.exdates
        ]  # fmt: skip
        for value in master.exrules:
            rule = Rule(value, master.start, master.zone)
            begin = _near(start, [rule], first - self._length - DAY)
            dates += rrulestr(str(rule), dtstart=begin).between(
                first - self._length - DAY, last, inc=True
            )
        return dates

    @staticmethod
    def component_name() -> str:
        return "VEVENT"

    raw_start = property(lambda self: self._start)
    raw_end = property(lambda self: self._start + self._length)
    start = raw_start
    end = raw_end
    span = property(lambda self: (self.start, self.end))
    uid = property(lambda self: self.event.uid)
    sequence = 0
    rrules = property(lambda self: self._rules)
    rdates = property(lambda self: self._rdates)
    exdates = property(lambda self: self._exdates)
    duration = property(lambda self: self._length)
    this_and_future = property(lambda self: self.event.future and self._original is not None)
    recurrence_ids = property(lambda self: () if self._original is None else (self._original,))

    @property
    def extend_query_span_by(self) -> tuple[timedelta, timedelta]:
        """How far from the window an original may lie whose occurrence is inside it."""
        moved = self.move_recurrences_by
        return self._length + max(moved, timedelta(0)), max(-moved, timedelta(0))

    @property
    def move_recurrences_by(self) -> timedelta:
        """By how much THISANDFUTURE moves the occurrences that follow."""
        if not self.this_and_future or self._original is None:
            return timedelta(0)
        moved: timedelta = self._start - self._original
        return moved

    def has_recurrence_rules(self) -> bool:
        return False

    @property
    def original(self) -> datetime | None:
        """Where the rule would have put this override."""
        return self._original


class _Found(Occurrence):  # type: ignore[misc]  # the library is untyped
    """One result of the library, kept as what we need of it."""

    def __init__(
        self,
        adapter: _Adapter,
        start: datetime | None = None,
        end: datetime | None = None,
        sequence: int = 0,
    ) -> None:
        super().__init__(adapter, start, end, sequence)
        self._shown = adapter
        self._by_rule = start is not None

    def instance(self, zone: tzinfo, owner: tzinfo) -> Instance:
        """Return it with true instants; days and hours as ``Length`` says."""
        event, wall = self._shown.event, self.start
        if not self._by_rule:  # an override stands where it says itself
            return _whole(event, _identity(self._shown.original or wall, event, zone), owner)
        original = _identity(wall - self._shown.move_recurrences_by, event, zone)
        length = event.length
        if self.end - wall != self._shown.duration:  # RDATE with a period of its own
            length = Length((self.end - wall).days, (self.end - wall).seconds)
        elif wall == event.start.wall and event.recurrence is None:
            return _whole(event, original, owner)
        if event.start.all_day:
            return _days(event, wall, length, original, owner)
        return Instance(event, instant(wall, zone), length.after(wall, zone), None, None, original)


class _Series(Series):  # type: ignore[misc]  # the library is untyped
    """The library's series, with our occurrences."""

    def occurrence(self, adapter: Any, start: Any = None, end: Any = None) -> _Found:
        return _Found(adapter, start, end)


def _identity(original: datetime, event: Event, zone: tzinfo) -> str:
    if event.start.all_day:
        return f"{original:%Y%m%d}"
    return f"{datetime.fromtimestamp(instant(original, zone), UTC):%Y%m%dT%H%M%SZ}"


def _plain_start(event: Event, master: Event) -> datetime:
    if event.start.all_day:
        return event.start.wall
    return event.start.within(master.zone)


def _rdate(
    found: Moment, length: Length | None, master: Event
) -> datetime | tuple[datetime, timedelta]:
    wall = _plain(found, master)
    return wall if length is None else (wall, length.wall())


def _near(start: datetime, rules: Sequence[Rule], target: datetime) -> datetime:
    """Return a start close below ``target`` from which the rules name the same dates.

    Only where every rule has a plain period; all BY parts look at the date itself, so that
    moving by whole periods changes nothing but the walk from the beginning of the series.
    """
    steps = [rule.step() for rule in rules]
    if len(steps) != 1 or steps[0] is None or start >= target:
        return start
    return start + ((target - start) // steps[0]) * steps[0]
