"""The one entry of this room: calendar bytes → bookings of a window. Runs in a killable worker.

``expand`` takes a whole feed and insists on a calendar that came whole; ``expand_objects`` takes
objects of a collection, where a broken one must not hurt the others. Arguments and results are
picklable. Pure: no clock, no network; zones come from the pinned tz database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from hashlib import blake2b
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from kalends.errors import BadAnswer, TooLarge
from kalends.model.booking import Booking
from kalends.model.person import WorkHours
from kalends.model.times import FOREVER, Interval
from kalends.wire.icalendar import availability, effort, freebusy
from kalends.wire.icalendar.event import Event, Place, read
from kalends.wire.icalendar.lines import Component, Document
from kalends.wire.icalendar.lines import read as read_document
from kalends.wire.icalendar.meaning import Meaning, is_cancelled
from kalends.wire.icalendar.series import instances
from kalends.wire.icalendar.values import Unreadable, duration
from kalends.wire.icalendar.zones import Zones, named

MAX_BOOKINGS: Final = 20_000
"""Occurrences of one calendar in one window."""
_IGNORED_METHODS: Final = frozenset({"REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"})
"""Letters about appointments, not appointments (RFC 5546)."""


class Owner(NamedTuple):
    """Whose calendar it is."""

    timezone: str
    """IANA name."""
    emails: tuple[str, ...] = ()
    """Lower case."""
    floating: str = ""
    """Zone of floating times as the calendar tells it: an IANA name, or iCalendar text."""
    description: bool = False
    """Whether descriptions may be taken."""
    ours: bool = False
    """Whether the file was written by ``keep``, so that its gists are to be believed."""


class Broken(NamedTuple):
    """A booking that was skipped, and why; the reason carries no personal data."""

    uid: str
    reason: str


class Expanded(NamedTuple):
    """What a feed or an object holds for a window."""

    bookings: tuple[Booking, ...]
    broken: tuple[Broken, ...]
    work_hours: WorkHours | None = None
    refresh_after: float | None = None
    """Seconds the feed suggests between reads."""
    ends: tuple[int, ...] = ()
    """Per object: when its last occurrence is over, UTC seconds; ``FOREVER`` where unknown."""


def expand(body: bytes, owner: Owner, window: Interval) -> Expanded:
    """Read a feed. Raises ``BadAnswer`` where it is no calendar or was cut off."""
    document = read_document(body)
    if not document.calendars:
        raise BadAnswer("the answer holds no calendar (BEGIN:VCALENDAR is missing)")
    if not document.complete:
        raise BadAnswer("the calendar was cut off (END:VCALENDAR is missing)")
    expansion = _Expansion(owner, Interval(*window))
    expansion.take(document, "")
    return expansion.result(document)


def expand_objects(
    objects: Sequence[tuple[str, bytes]], owner: Owner, window: Interval
) -> Expanded:
    """Read objects of a collection, each under its item; what is broken is skipped."""
    expansion = _Expansion(owner, Interval(*window))
    ends = []
    for item, body in objects:
        document = read_document(body)
        if not document.complete:
            expansion.skip(item, "no whole calendar object")
            ends.append(FOREVER)
            continue
        expansion.take(document, item)
        ends.append(expansion.end(document))
    return expansion.result()._replace(ends=tuple(ends))


class _Expansion:
    """Collects bookings and what had to be skipped."""

    def __init__(self, owner: Owner, window: Interval) -> None:
        self._owner = owner
        self._window = window
        self._zone = ZoneInfo(owner.timezone)
        self._emails = frozenset(email.lower() for email in owner.emails)
        self._zones = Zones(self._zone)
        self._told: tzinfo | None = None
        self._bookings: dict[tuple[str, str], Booking] = {}
        self._broken: list[Broken] = []
        self._availabilities: list[Component] = []
        self._bombs = 0

    def result(self, document: Document | None = None) -> Expanded:
        """Return what was found; a document adds what it says about itself."""
        hours = availability.work_hours(
            self._availabilities, self._place(self._availabilities), self._window
        )
        refresh = None if document is None else _refresh(document)
        bookings = sorted(self._bookings.values(), key=lambda found: (found.start, found.uid))
        return Expanded(tuple(bookings), tuple(self._broken), hours, refresh)

    def skip(self, uid: str, reason: str) -> None:
        """Count a booking that cannot be understood."""
        self._broken.append(Broken(uid[:80], reason[:200]))

    def take(self, document: Document, item: str) -> None:
        """Take everything a document holds."""
        groups: dict[str, list[Component]] = {}
        for component in document.components:
            if component.name == "VTIMEZONE":
                component.calendar.zones.setdefault(component.value("TZID").strip('"'), component)
            elif component.name == "VEVENT":
                if component.calendar.method not in _IGNORED_METHODS:
                    groups.setdefault(_uid(component), []).append(component)
            elif component.name == "VFREEBUSY":
                self._free_busy(component, item)
            elif component.name == "VAVAILABILITY":
                self._availabilities.append(component)
        place = self._place(document.components)
        for uid, components in groups.items():
            self._series(uid, components, place, item)

    def end(self, document: Document) -> int:
        """Return when the last occurrence of an object is over; far ahead where unknown."""
        ends = [0]
        for component in document.components:
            if component.name == "VFREEBUSY" or component.name == "VAVAILABILITY":
                return FOREVER
            if component.name != "VEVENT":
                continue
            try:
                event = read(component, self._place(document.components))
            except (ValueError, OverflowError):
                continue
            if event.repeats:
                return FOREVER
            ends.append(event.length.after(event.start.wall, event.zone))
        return max(ends)

    def _place(self, components: Sequence[Component]) -> Place:
        told = self._floating()
        if told is None and components:
            told = named(components[0].calendar.timezone or "?")
        return Place(self._zone, told or self._zone, self._zones)

    def _floating(self) -> tzinfo | None:
        if not self._owner.floating:
            return None
        if self._told is None:
            self._told = _zone(self._owner.floating, self._zones) or self._zone
        return self._told

    def _free_busy(self, component: Component, item: str) -> None:
        try:
            for booking in freebusy.bookings(component, self._window, item):
                self._add(booking)
        except (ValueError, OverflowError) as error:
            self.skip("free-busy", _reason(error))

    def _series(self, uid: str, components: Sequence[Component], place: Place, item: str) -> None:
        events: list[Event] = []
        try:
            with effort.bounded(effort.PER_BOOKING / (1 + self._bombs)):
                for component in components:
                    try:
                        events.append(read(component, place))
                    except (ValueError, OverflowError) as error:
                        self.skip(uid, _reason(error))
                if events:
                    self._bookings_of(uid, events, item)
        except effort.TooMuch:
            self._bombs += 1  # the next one gets less: a feed of bombs must end as well
            self.skip(uid, "its recurrence takes too long to work out")
        except (ValueError, OverflowError, TypeError, KeyError, ZeroDivisionError) as error:
            self.skip(uid, _reason(error))

    def _bookings_of(self, uid: str, events: Sequence[Event], item: str) -> None:
        masters = [event for event in events if event.recurrence is None]
        cancelled = bool(masters) and is_cancelled(max(masters, key=_rank).component)
        recurring = len(events) > len(masters) or any(event.repeats for event in masters)
        meanings: dict[int, Meaning] = {}
        found: list[Booking] = []
        for instance in instances(events, self._window, self._zone):
            key = id(instance.event)
            if key not in meanings:
                meanings[key] = Meaning(
                    instance.event.component,
                    self._emails,
                    description=self._owner.description,
                    cancelled=cancelled,
                    ours=self._owner.ours,
                )
            name = f"{uid}/{instance.original}" if instance.original else uid
            found.append(meanings[key].booking(name, instance, recurring=recurring, item=item))
        for booking in found:  # only now: a series that is refused half-way leaves nothing
            self._add(booking)

    def _add(self, booking: Booking) -> None:
        if len(self._bookings) >= MAX_BOOKINGS:
            raise TooLarge(f"the calendar holds more than {MAX_BOOKINGS} bookings in the window")
        self._bookings[booking.uid, booking.item] = booking


def zone_name(told: str) -> str:
    """Return what to remember of a calendar-timezone property: a name, where it is a known one.

    The property is iCalendar text with a VTIMEZONE (RFC 4791 section 5.2.2), or a bare name
    (calendar-timezone-id, RFC 7809).
    """
    if "BEGIN:" not in told.upper():
        return told if named(told) is not None else ""
    for component in read_document(told.encode()).components:
        if component.name == "VTIMEZONE":
            for name in (component.value("TZID"), component.value("X-LIC-LOCATION")):
                if name and named(name) is not None:
                    return name
            return told
    return ""


def _zone(told: str, zones: Zones) -> tzinfo | None:
    if "BEGIN:" not in told.upper():
        return named(told)
    for component in read_document(told.encode()).components:
        if component.name == "VTIMEZONE":
            calendar = component.calendar
            calendar.zones[component.value("TZID")] = component
            return zones.find(component.value("TZID"), calendar)
    return None


def _rank(event: Event) -> tuple[int, str]:
    return event.rank


def _uid(component: Component) -> str:
    """Return the identity of a component's series; made from its times where it has none."""
    uid = component.value("UID")
    if uid and len(uid) <= 200:
        return uid
    parts = (uid, *(component.value(name) for name in ("DTSTART", "DTEND", "SUMMARY", "RRULE")))
    material = "\n".join(parts[:1] if uid else parts).encode("utf-8", "replace")
    return "x-" + blake2b(material, digest_size=12).hexdigest()


def _reason(error: Exception) -> str:
    """Return our own words only: a library's message may quote the calendar."""
    return str(error) if isinstance(error, Unreadable) else "it cannot be read"


def _refresh(document: Document) -> float | None:
    for calendar in document.calendars:
        if calendar.refresh:
            try:
                length = duration(calendar.refresh)
            except ValueError:
                continue
            return float(length.days * 86_400 + length.seconds) or None
    return None
