"""Appointments, series with their exceptions and deletions, and what a window shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from lab.exchange.recurrence import Recurrence
from lab.exchange.zones import zone


@dataclass(slots=True)
class Attendee:
    """Somebody invited."""

    address: str
    name: str = ""
    response: str = "Unknown"


@dataclass(slots=True)
class Appointment:
    """One item of a calendar; with ``recurrence`` a master, whose times are its first's."""

    number: int
    start: datetime
    end: datetime
    subject: str = ""
    uid: str = ""
    zone: str = "UTC"
    meeting_zone: str = ""
    """MeetingTimeZone of 2007, where it was told."""
    all_day: bool = False
    busy: str = "Busy"
    sensitivity: str = "Normal"
    importance: str = "Normal"
    location: str = ""
    body: str = ""
    body_type: str = "Text"
    categories: tuple[str, ...] = ()
    item_class: str = "IPM.Appointment"
    cancelled: bool = False
    meeting: bool = False
    response: str = "Organizer"
    """MyResponseType."""
    organizer: str = ""
    """Address; empty: the mailbox itself."""
    required: tuple[Attendee, ...] = ()
    optional: tuple[Attendee, ...] = ()
    reminder: bool = True
    reminder_minutes: int = 15
    properties: dict[str, str] = field(default_factory=dict)
    """Extended properties by the key of ``properties.path_key``."""
    recurrence: Recurrence | None = None
    exceptions: dict[datetime, Appointment] = field(default_factory=dict)
    """Original start (UTC) → what stands there instead."""
    deleted: set[datetime] = field(default_factory=set)
    """Original starts (UTC) taken out of the series."""
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    modified: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    change: int = 1
    folder: str = "calendar"
    born: int = 0
    """Number of the event by which it came into its folder."""
    told: int = 0
    """Number of the latest event about it."""

    def starts(self, since: datetime | None = None) -> Iterator[tuple[int, datetime]]:
        """Yield (index from 1, original start) of a master, deleted ones included.

        ``since``: those that start earlier may be left out.
        """
        assert self.recurrence is not None
        place = zone(self.zone)
        wall = self.start.astimezone(place).time()
        first = since.astimezone(place).date() if since else None
        for index, day in self.recurrence.dates(first):
            yield index, datetime.combine(day, wall, place).astimezone(UTC)

    def span(self, start: datetime) -> tuple[datetime, datetime]:
        """Return start and end of the occurrence at an original start, as the series has it."""
        if not self.all_day:
            return start, start + (self.end - self.start)
        place = zone(self.zone)
        days = (self.end.astimezone(place).date() - self.start.astimezone(place).date()).days
        local = start.astimezone(place)
        last = datetime.combine(local.date() + timedelta(days), local.time(), place)
        return start, last.astimezone(UTC)


class Entry(NamedTuple):
    """What a view shows: a single, a master, or one occurrence of a master."""

    item: Appointment
    """What to read start, subject and the rest from."""
    kind: str
    """Single, RecurringMaster, Occurrence or Exception (CalendarItemType)."""
    master: Appointment | None = None
    original: datetime | None = None
    instance: int = 0
    """InstanceIndex, from 1; deleted occurrences count."""

    @property
    def stored(self) -> Appointment:
        """Return the item that is stored: the master for an occurrence."""
        return self.master or self.item


def alone(item: Appointment) -> Entry:
    """Return a stored item as itself."""
    return Entry(item, "RecurringMaster" if item.recurrence else "Single")


def occurrence(master: Appointment, index: int, original: datetime) -> Entry | None:
    """Return one occurrence; None where it was deleted."""
    if original in master.deleted:
        return None
    changed = master.exceptions.get(original)
    if changed is not None:
        return Entry(changed, "Exception", master, original, index)
    start, end = master.span(original)
    item = replace(master, start=start, end=end, recurrence=None, exceptions={}, deleted=set())
    return Entry(item, "Occurrence", master, original, index)


def occurrences(master: Appointment) -> Iterator[Entry]:
    """Yield what is left of a series, by original start."""
    for index, start in master.starts():
        found = occurrence(master, index, start)
        if found is not None:
            yield found


def _within(master: Appointment, start: datetime, end: datetime) -> Iterator[Entry]:
    # An exception may have been moved here from any day; the rest is looked for near here only.
    early, late = min(master.exceptions, default=end), max(master.exceptions, default=start)
    length = master.end - master.start + timedelta(days=1)
    for index, original in master.starts(min(start - length, early)):
        if original >= end and original > late:
            return
        outside = original >= end or original < start - length
        if original not in master.exceptions and (outside or original in master.deleted):
            continue
        found = occurrence(master, index, original)
        if found is not None:
            yield found


def window(
    items: list[Appointment], start: datetime, end: datetime, *, expand: bool = True
) -> list[Entry]:
    """Return what overlaps [start, end), by start; boundary items as Exchange returns them.

    Exchange leaves out what ends *before* the start, so an item ending exactly there shows.
    """
    found: list[Entry] = []
    for item in items:
        if item.recurrence is not None and expand:
            entries = _within(item, start, end)
            found += [one for one in entries if one.item.start < end and one.item.end >= start]
        elif item.start < end and item.end >= start:
            found.append(alone(item))
    return sorted(found, key=lambda one: (one.item.start, one.item.number, one.instance))
