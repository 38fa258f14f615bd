"""One VEVENT as values: when it is and how it repeats (RFC 5545 sections 3.6.1 and 3.8).

An event that makes no sense raises ``Unreadable`` with a reason free of personal data; the caller
skips it, counts it, and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from kalends.wire.icalendar.lines import Component, Line
from kalends.wire.icalendar.rules import MAX_DATES
from kalends.wire.icalendar.values import DAY, Length, Moment, Unreadable, duration, moment, period
from kalends.wire.icalendar.zones import Zones, named


@dataclass(frozen=True, slots=True)
class Place:
    """Where times without a zone belong."""

    owner: tzinfo
    """The owner's zone: all-day bookings are his."""
    floating: tzinfo
    """Zone of floating times: the calendar's own where it tells one, else the owner's."""
    zones: Zones


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT."""

    uid: str
    component: Component
    start: Moment
    end: Moment | None
    """As DTEND tells it, or the end of an all-day event; None where DURATION does."""
    length: Length
    zone: tzinfo
    """In which wall times are expanded; the owner's for all-day events."""
    recurrence: Moment | None
    future: bool
    """RANGE=THISANDFUTURE."""
    rules: tuple[str, ...]
    exrules: tuple[str, ...]
    rdates: tuple[tuple[Moment, Length | None], ...]
    exdates: tuple[Moment, ...]
    rank: tuple[int, str]
    """SEQUENCE, then DTSTAMP: the highest of two with the same identity counts."""

    @property
    def repeats(self) -> bool:
        """Tell whether it names more than one occurrence."""
        return bool(self.rules or self.rdates)


def read(component: Component, place: Place) -> Event:
    """Read a VEVENT (or an AVAILABLE, which has the same times)."""
    line = component.first("DTSTART")
    if line is None:
        raise Unreadable("no DTSTART")
    start = read_moment(line, component, place)
    repeating = "RRULE" in component.lines or "RDATE" in component.lines
    feed_zone = named(component.calendar.timezone) if component.calendar.timezone else None
    if start.zone is UTC and feed_zone is not None and repeating:
        # Google's feeds: UTC times that repeat at a wall time of X-WR-TIMEZONE.
        start = Moment(start.within(feed_zone), feed_zone)
    start, end, length = _span(component, start, place)
    zone = start.zone or (place.owner if start.all_day else place.floating)
    recurrence = component.first("RECURRENCE-ID")
    return Event(
        uid=component.value("UID"),
        component=component,
        start=start,
        end=end,
        length=length,
        zone=zone,
        recurrence=None if recurrence is None else read_moment(recurrence, component, place),
        future=recurrence is not None
        and recurrence.parameters().get("RANGE", "").upper() == "THISANDFUTURE",
        rules=tuple(line.value for line in component.all("RRULE")[:10] if line.value.strip()),
        exrules=tuple(line.value for line in component.all("EXRULE")[:10] if line.value.strip()),
        rdates=tuple(_rdates(component, place)),
        exdates=tuple(_exdates(component, place)),
        rank=(_sequence(component), component.value("DTSTAMP")),
    )


def read_moment(line: Line, component: Component, place: Place) -> Moment:
    """Read a date or time with its zone."""
    wall, kind = moment(line.value)
    if kind == "date":
        return Moment(wall, None, all_day=True)
    if kind == "utc":
        return Moment(wall, UTC)
    if line.raw_parameters:
        tzid = line.parameters().get("TZID", "")
        if tzid:
            return Moment(wall, place.zones.find(tzid, component.calendar))
    return Moment(wall, None)


def _span(
    component: Component, start: Moment, place: Place
) -> tuple[Moment, Moment | None, Length]:
    """Return start, end and length; an Exchange all-day event becomes dates here."""
    line = component.first("DTEND")
    if line is None:
        value = component.value("DURATION")
        length = duration(value) if value else Length(1 if start.all_day else 0, 0)
        if start.all_day:
            length = Length(max(1, length.days + -(-length.seconds // 86400)), 0)
        return start, None, length
    end = read_moment(line, component, place)
    if not start.all_day and component.value("X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE":
        start, end = _exchange_days(start, end, place)
    if start.all_day:
        return _days(start, end, place)
    zone = start.zone or place.floating
    if end.zone is None:
        end = Moment(end.wall, zone)  # a date: that day's first moment; floating: as the start
    difference = end.within(zone) - start.wall
    if difference < timedelta(0):
        raise Unreadable("it ends before it starts")
    return start, end, Length(difference.days, difference.seconds)


def _days(start: Moment, end: Moment, place: Place) -> tuple[Moment, Moment, Length]:
    last = end.wall if end.all_day else end.within(place.owner)
    after = _midnight(last) + (DAY if last != _midnight(last) else timedelta(0))
    if after < start.wall:
        raise Unreadable("it ends before it starts")
    if after == start.wall:  # seen often: DTEND is the last day, not the day after
        after += DAY
    return start, Moment(after, None, all_day=True), Length((after - start.wall).days, 0)


def _exchange_days(start: Moment, end: Moment, place: Place) -> tuple[Moment, Moment]:
    """Turn local midnights of an Exchange 2003/2007 all-day event into dates."""
    zone = place.owner if start.zone in (None, UTC) else start.zone
    assert zone is not None
    first, after = start.within(zone), end.within(zone)
    if first != _midnight(first) or after != _midnight(after):
        return start, end
    return Moment(first, None, all_day=True), Moment(after, None, all_day=True)


def _midnight(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0, second=0)


def _rdates(component: Component, place: Place) -> list[tuple[Moment, Length | None]]:
    found: list[tuple[Moment, Length | None]] = []
    for line, value in _dates(component, "RDATE"):
        if "/" in value:
            start, length = period(value)
            if start.zone is None:
                start = read_moment(
                    Line(line.raw_parameters, value.split("/")[0]), component, place
                )
            found.append((start, length))
        else:
            found.append((read_moment(Line(line.raw_parameters, value), component, place), None))
    return found


def _exdates(component: Component, place: Place) -> list[Moment]:
    found: list[Moment] = []
    for line, value in _dates(component, "EXDATE"):
        try:
            found.append(read_moment(Line(line.raw_parameters, value), component, place))
        except ValueError:
            continue  # an exception that names no date excludes nothing
    return found


def _dates(component: Component, name: str) -> list[tuple[Line, str]]:
    found = [
        (line, value)
        for line in component.all(name)
        for value in line.value.split(",")
        if value.strip()
    ]
    if len(found) > MAX_DATES:
        raise Unreadable(f"more than {MAX_DATES} {name}")
    return found


def _sequence(component: Component) -> int:
    try:
        return int(component.value("SEQUENCE") or 0)
    except ValueError:
        return 0
