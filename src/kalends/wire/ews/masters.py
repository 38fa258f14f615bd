"""GetItem of series masters, for servers that do not expand series themselves.

A master becomes one iCalendar object of its rule alone (RFC 5545 section 3.3.10), so that it is
expanded by the same code, in the same killable workers, under the same bounds as anybody's rule.
Its facts (subject, show-as …) stand in a booking that serves as the pattern of every occurrence.
Occurrences that were moved or changed are left out of the rule and read as items of their own.

Where Exchange and iCalendar differ: a day of the month beyond a month's end is its last day
(BYSETPOS), and the last day of a series is a date in the zone the series was made in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from kalends.errors import BadBooking
from kalends.model.booking import Booking
from kalends.model.http import Request, Response
from kalends.model.times import utc
from kalends.wire.ews.calendar_item import Skipped, read_item
from kalends.wire.ews.errors import error_of
from kalends.wire.ews.get_item import OF_ONE_ITEM, asked
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import calendar_shape
from kalends.wire.ews.soap import Context, messages, operation, read
from kalends.wire.ews.times import moment, nearest_day
from kalends.wire.ews.versions import Feature, offers
from kalends.wire.icalendar.zones import named

_FIELDS: Final = (
    "calendar:Recurrence",
    "calendar:ModifiedOccurrences",
    "calendar:DeletedOccurrences",
)
_DAYS: Final = {
    "Monday": "MO",
    "Tuesday": "TU",
    "Wednesday": "WE",
    "Thursday": "TH",
    "Friday": "FR",
    "Saturday": "SA",
    "Sunday": "SU",
    "Day": "MO,TU,WE,TH,FR,SA,SU",
    "Weekday": "MO,TU,WE,TH,FR",
    "WeekendDay": "SA,SU",
}
_PLACES: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORIGINALS: Final = f"{T}ModifiedOccurrences/*/{T}OriginalStart"
_SHORTEST: Final = 28
MAX_CHANGED: Final = 3000


@dataclass(frozen=True, slots=True)
class Changed:
    """An occurrence that is no longer what the rule says."""

    id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Master:
    """One series."""

    id: str
    pattern: Booking
    """Its facts, at its first occurrence."""
    rule: bytes
    """An iCalendar object with times and rule, nothing else."""
    changed: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Masters:
    """What a batch of masters holds."""

    masters: tuple[Master, ...]
    skipped: tuple[Skipped, ...] = ()


def build_get_masters(context: Context, ids: tuple[str, ...]) -> Request:
    """Ask for 1 to 10 masters with their rules."""
    zone = () if offers(context.version, Feature.TIME_ZONE) else ("calendar:MeetingTimeZone",)
    get = operation("GetItem")
    calendar_shape(get, context, *_FIELDS, *zone)
    return asked(context, get, ids)


def parse_get_masters(response: Response, zone: ZoneInfo) -> Masters:
    """Read masters; what is gone since, or no series, is left out; ``zone`` is the owner's."""
    found: list[Master] = []
    skipped: list[Skipped] = []
    for message in messages(read(response), "GetItemResponse"):
        if not message.usable():
            if error_of(message.fault).reaction not in OF_ONE_ITEM:
                raise error_of(message.fault)
            continue
        for element in message.element.iterfind(f"{M}Items/{T}CalendarItem"):
            try:
                master = _master(element, zone)
            except BadBooking as error:
                skipped.append(Skipped(error.uid, error.reason))
                continue
            if master is not None:
                found.append(master)
    return Masters(tuple(found), tuple(skipped))


def _master(element: etree._Element, owner: ZoneInfo) -> Master | None:
    recurrence = element.find(T + "Recurrence")
    if recurrence is None or len(recurrence) < 2:
        return None
    item, pattern = read_item(element, owner)
    zone = _zone(element) or owner
    try:
        changed = tuple(_changed(element))
        gone = [moment(text) for text in _texts(element, f"{T}DeletedOccurrences/*/{T}Start")]
        gone += [moment(text) for text in _texts(element, _ORIGINALS)]
        lines = [*_times(pattern, zone), f"RRULE:{rule(recurrence, pattern, zone)}"]
        lines += _excluded(gone[: 2 * MAX_CHANGED], pattern, zone)
    except (ValueError, OverflowError, KeyError, IndexError) as error:
        raise BadBooking(pattern.uid, "its recurrence cannot be read") from error
    body = "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{_plain(pattern.uid)}", *lines,
         "END:VEVENT", "END:VCALENDAR", ""]
    )  # fmt: skip
    return Master(item, pattern, body.encode(), changed)


def rule(recurrence: etree._Element, pattern: Booking, zone: tzinfo) -> str:
    """Return a ``t:Recurrence`` as the value of an RRULE.

    Raises ``ValueError``, ``KeyError`` on what is no pattern of appointments.
    """
    kind, limits = recurrence[0], recurrence[1]
    name = etree.QName(kind).localname
    interval = int(_text(kind, "Interval") or "1")
    days = ",".join(_DAYS[day] for day in _text(kind, "DaysOfWeek").split())
    parts = {
        "DailyRecurrence": lambda: ["FREQ=DAILY"],
        "WeeklyRecurrence": lambda: ["FREQ=WEEKLY", f"BYDAY={days}", *_week(kind)],
        "AbsoluteMonthlyRecurrence": lambda: ["FREQ=MONTHLY", *_of_month(kind)],
        "RelativeMonthlyRecurrence": lambda: ["FREQ=MONTHLY", f"BYDAY={days}", _place(kind)],
        "AbsoluteYearlyRecurrence": lambda: ["FREQ=YEARLY", _month(kind), *_of_month(kind)],
        "RelativeYearlyRecurrence": lambda: [
            "FREQ=YEARLY", _month(kind), f"BYDAY={days}", _place(kind)
        ],
    }[name]()  # fmt: skip
    if interval > 1:
        parts.append(f"INTERVAL={interval}")
    return ";".join([*parts, *_limit(limits, pattern, zone)])


def _week(kind: etree._Element) -> list[str]:
    first = _text(kind, "FirstDayOfWeek")
    return [f"WKST={_DAYS[first]}"] if first else []


def _of_month(kind: etree._Element) -> list[str]:
    day = int(_text(kind, "DayOfMonth"))
    if day <= _SHORTEST:
        return [f"BYMONTHDAY={day}"]
    days = ",".join(str(one) for one in range(_SHORTEST, min(day, 31) + 1))
    return [f"BYMONTHDAY={days}", "BYSETPOS=-1"]


def _place(kind: etree._Element) -> str:
    return f"BYSETPOS={_PLACES[_text(kind, 'DayOfWeekIndex')]}"


def _month(kind: etree._Element) -> str:
    return f"BYMONTH={_MONTHS.index(_text(kind, 'Month')) + 1}"


def _limit(limits: etree._Element, pattern: Booking, zone: tzinfo) -> list[str]:
    number = _text(limits, "NumberOfOccurrences")
    if number:
        return [f"COUNT={int(number)}"]
    told = _text(limits, "EndDate")
    if not told:
        return []
    last = date.fromisoformat(told[:10])  # xs:date may carry a zone
    if pattern.all_day:
        return [f"UNTIL={last:%Y%m%d}"]
    end = datetime.combine(last, time(23, 59, 59), zone).astimezone(UTC)
    return [f"UNTIL={end:%Y%m%dT%H%M%SZ}"]


def _times(pattern: Booking, zone: tzinfo) -> Iterator[str]:
    if pattern.all_day and pattern.first_day is not None and pattern.after_day is not None:
        yield f"DTSTART;VALUE=DATE:{pattern.first_day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{pattern.after_day:%Y%m%d}"
        return
    yield f"DTSTART{_at(pattern.start, zone)}"
    yield f"DTEND{_at(pattern.end, zone)}"


def _excluded(gone: list[int], pattern: Booking, zone: tzinfo) -> Iterator[str]:
    for at in sorted(set(gone))[:MAX_CHANGED]:
        if pattern.all_day:
            # As the series' own days are found: a zone nobody knows is some hours from its owner's.
            yield f"EXDATE;VALUE=DATE:{nearest_day(at, zone):%Y%m%d}"
        else:
            yield f"EXDATE{_at(at, zone)}"


def _at(at: int, zone: tzinfo) -> str:
    local = utc(at).astimezone(zone)
    if isinstance(zone, ZoneInfo) and zone.key != "UTC":
        return f";TZID={zone.key}:{local:%Y%m%dT%H%M%S}"
    return f":{utc(at):%Y%m%dT%H%M%SZ}"


def _changed(element: etree._Element) -> Iterator[Changed]:
    for one in list(element.iterfind(f"{T}ModifiedOccurrences/*"))[:MAX_CHANGED]:
        item = one.find(T + "ItemId")
        if item is not None:
            yield Changed(
                str(item.get("Id", "")),
                moment(one.findtext(T + "Start") or ""),
                moment(one.findtext(T + "End") or ""),
            )


def _zone(element: etree._Element) -> tzinfo | None:
    """Return the zone a series was made in, by whichever element the version tells it."""
    told = element.findtext(T + "StartTimeZoneId") or ""
    for name, attribute in (("StartTimeZone", "Id"), ("MeetingTimeZone", "TimeZoneName")):
        found = element.find(T + name)
        told = told or (str(found.get(attribute, "")) if found is not None else "")
    return named(told) if told else None


def _texts(element: etree._Element, path: str) -> list[str]:
    return [(one.text or "") for one in element.iterfind(path)]


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(T + name) or "").strip()


def _plain(uid: str) -> str:
    """Return an identity that iCalendar can carry in one line."""
    return "".join(sign for sign in uid if sign.isprintable())[:190] or "series"
