"""MimeContent of a calendar item: iCalendar out of an appointment, and an appointment out of it.

Zones are written as Exchange writes them: named as Windows does, with the rules beside them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vRecur
from lab.exchange.calendar import Appointment, Attendee
from lab.exchange.mailbox import Mailbox
from lab.exchange.recurrence import INDEXES, Recurrence
from lab.exchange.refusal import Refusal
from lab.exchange.zones import DAYS, IANA, Turn, rules, zone

_CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CLASSES: Final = {
    "Normal": "PUBLIC", "Personal": "PRIVATE", "Private": "PRIVATE", "Confidential": "CONFIDENTIAL",
}  # fmt: skip
_SENSITIVITIES: Final = {"PUBLIC": "Normal", "PRIVATE": "Private", "CONFIDENTIAL": "Confidential"}
_BUSY: Final = {
    "FREE": "Free", "TENTATIVE": "Tentative", "BUSY": "Busy", "OOF": "OOF",
    "WORKINGELSEWHERE": "WorkingElsewhere",
}  # fmt: skip
_KINDS: Final = {
    "Daily": "DAILY", "Weekly": "WEEKLY",
    "AbsoluteMonthly": "MONTHLY", "RelativeMonthly": "MONTHLY",
    "AbsoluteYearly": "YEARLY", "RelativeYearly": "YEARLY",
}  # fmt: skip
_UTC_WITH_ZONE: Final = re.compile(r"(?m)^([\w-]+);TZID=([^:;\r\n]+)(:\d{8}T\d{6}Z)")
"""What DavMail writes for times in UTC: the zone is where to repeat, the time is as it says."""
Component = Any
"""A VEVENT as icalendar reads it: its properties are of thirty types by name."""
_GROUPS: Final = {"Day": _CODES, "Weekday": _CODES[:5], "WeekendDay": _CODES[5:]}


# --- out ------------------------------------------------------------------------------------
def write(box: Mailbox, item: Appointment) -> str:
    """Return the MimeContent of an appointment or a series: base64."""
    calendar = Calendar()
    calendar.add("method", "PUBLISH")
    calendar.add("prodid", "Microsoft Exchange Server 2010")
    calendar.add("version", "2.0")
    calendar.add_component(_timezone(item.zone))
    calendar.add_component(_event(box, item, None))
    for original, changed in sorted(item.exceptions.items()):
        calendar.add_component(_event(box, changed, original))
    return base64.b64encode(calendar.to_ical()).decode()


def _timezone(name: str) -> Timezone:
    found, made = rules(name), Timezone()
    made.add("tzid", name)
    for kind, turn, before, after in (
        (TimezoneStandard, found.to_standard, found.daylight, found.standard),
        (TimezoneDaylight, found.to_daylight, found.standard, found.daylight),
    ):
        if turn is None and kind is TimezoneDaylight:
            continue
        half = kind()
        half.add("dtstart", datetime(1601, 1, 1) + (turn.at if turn else timedelta(0)))  # noqa: DTZ001 # wall time
        half.add("tzoffsetfrom", before)
        half.add("tzoffsetto", after)
        if turn is not None:
            half.add("rrule", _yearly(turn))
        made.add_component(half)
    return made


def _yearly(turn: Turn) -> dict[str, Any]:
    day = f"{turn.occurrence}{_CODES[turn.weekday]}"
    return {"freq": "YEARLY", "interval": 1, "byday": day, "bymonth": turn.month}


def _event(box: Mailbox, item: Appointment, original: datetime | None) -> Event:
    made = Event()
    made.add("uid", box.uid(item))
    made.add("summary", item.subject)
    made.add("description", item.body)
    made.add("class", _CLASSES.get(item.sensitivity, "PUBLIC"))
    _time(made, "DTSTART", item, item.start)
    _time(made, "DTEND", item, item.end)
    if original is not None:
        _time(made, "RECURRENCE-ID", item, original)
    made.add("dtstamp", item.modified)
    made.add("transp", "TRANSPARENT" if item.busy == "Free" else "OPAQUE")
    made.add("status", "CANCELLED" if item.cancelled else "CONFIRMED")
    made.add("sequence", 0)
    made.add("location", item.location)
    if item.categories:
        made.add("categories", list(item.categories))
    if item.recurrence is not None:
        made["RRULE"] = vRecur.from_ical(_rule(item.recurrence, item))
        for gone in sorted(item.deleted):
            _time(made, "EXDATE", item, gone)
    for address, name in ((item.organizer, "organizer"),) if item.organizer else ():
        made.add(name, f"mailto:{address}")
    for one in (*item.required, *item.optional):
        made.add("attendee", f"mailto:{one.address}", parameters={"CN": one.name or one.address})
    made.add("x-microsoft-cdo-busystatus", item.busy.upper())
    made.add("x-microsoft-cdo-alldayevent", str(item.all_day).upper())
    if item.reminder:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", "REMINDER")
        alarm.add("trigger", timedelta(minutes=-item.reminder_minutes))
        made.add_component(alarm)
    return made


def _time(made: Event, name: str, item: Appointment, moment: datetime) -> None:
    local = moment.astimezone(zone(item.zone))
    if item.all_day:
        made.add(name, local.date())
    elif item.zone == "UTC":
        made.add(name, moment)
    else:
        made.add(name, local.replace(tzinfo=None), parameters={"TZID": item.zone})


def _rule(rule: Recurrence, item: Appointment) -> str:
    parts = [f"FREQ={_KINDS[rule.kind]}", f"INTERVAL={rule.interval}"]
    if rule.number:
        parts.append(f"COUNT={rule.number}")
    if rule.until:
        if item.all_day:
            parts.append(f"UNTIL={rule.until:%Y%m%d}")
        else:
            wall = item.start.astimezone(zone(item.zone)).time()
            last = datetime.combine(rule.until, wall, zone(item.zone)).astimezone(UTC)
            parts.append(f"UNTIL={last:%Y%m%dT%H%M%SZ}")
    if rule.days:
        codes = [code for name in rule.days for code in _codes(name)]
        place = "" if not rule.kind.startswith("Relative") else str(_place(rule.index))
        one = place if len(codes) == 1 else ""
        parts.append("BYDAY=" + ",".join(one + code for code in codes))
        if place and not one:
            parts.append(f"BYSETPOS={place}")
    if rule.kind == "Weekly":
        parts.append(f"WKST={_CODES[DAYS.index(rule.first_day)]}")
    if rule.kind.startswith("Absolute"):
        parts.append(f"BYMONTHDAY={rule.day}")
    if rule.kind.endswith("Yearly"):
        parts.append(f"BYMONTH={rule.month}")
    return ";".join(parts)


def _codes(name: str) -> tuple[str, ...]:
    return _GROUPS.get(name) or (_CODES[DAYS.index(name)],)


def _place(index: str) -> int:
    return -1 if index == "Last" else INDEXES.index(index) + 1


# --- in -------------------------------------------------------------------------------------
def read(content: str, box: Mailbox, item: Appointment) -> Appointment:
    """Return an appointment filled from MimeContent; Refusal for what is no event."""
    try:
        text = base64.b64decode(content).decode()
        calendar = Calendar.from_ical(_UTC_WITH_ZONE.sub(r"\1;X-ZONE=\2\3", text))
    except ValueError as problem:
        raise Refusal("ErrorMimeContentInvalid") from problem
    events: list[Component] = list(calendar.walk("VEVENT"))
    masters = [one for one in events if "RECURRENCE-ID" not in one]
    if len(masters) != 1:
        raise Refusal("ErrorMimeContentInvalid", "There has to be one event.")
    _filled(item, masters[0], box)
    if "RRULE" in masters[0]:
        item.recurrence = _recurrence(masters[0]["RRULE"], item)
        item.exceptions, item.deleted = {}, {_moment(one, item) for one in _exdates(masters[0])}
        for one in events:
            if "RECURRENCE-ID" in one:
                changed = replace(item, recurrence=None, exceptions={}, deleted=set())
                original = _moment(one["RECURRENCE-ID"].dt, item)
                item.exceptions[original] = _filled(changed, one, box)
    return item


def _exdates(event: Component) -> Iterator[date]:
    found = event.get("EXDATE", [])
    for one in found if isinstance(found, list) else [found]:
        yield from (each.dt for each in one.dts)


def _filled(item: Appointment, event: Component, box: Mailbox) -> Appointment:
    start = event["DTSTART"].dt
    item.all_day = not isinstance(start, datetime)
    told = event["DTSTART"].params
    item.zone = _zone_name(told.get("TZID") or told.get("X-ZONE", ""), start, box)
    item.start = _moment(start, item)
    if "DTEND" in event:
        item.end = _moment(event["DTEND"].dt, item)
    else:
        day = timedelta(days=1 if item.all_day else 0)
        item.end = item.start + (event["DURATION"].dt if "DURATION" in event else day)
    item.subject, item.location = str(event.get("SUMMARY", "")), str(event.get("LOCATION", ""))
    item.body, item.uid = str(event.get("DESCRIPTION", "")), str(event.get("UID", item.uid))
    item.sensitivity = _SENSITIVITIES.get(str(event.get("CLASS", "PUBLIC")).upper(), "Private")
    free = str(event.get("TRANSP", "OPAQUE")).upper() == "TRANSPARENT"
    said = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    item.busy = _BUSY.get(said, "Free" if free else "Busy")
    item.cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    found = event.get("CATEGORIES")
    item.categories = tuple(str(one) for one in found.cats) if found is not None else ()
    item.required = tuple(_attendees(event))
    item.meeting = bool(item.required)
    item.reminder = bool(event.walk("VALARM"))
    return item


def _attendees(event: Component) -> Iterator[Attendee]:
    found = event.get("ATTENDEE", [])
    for one in found if isinstance(found, list) else [found]:
        yield Attendee(str(one).removeprefix("mailto:"), str(one.params.get("CN", "")))


def _zone_name(told: str, start: date, box: Mailbox) -> str:
    if told in IANA:
        return told
    known = {tz: name for name, (tz, _) in IANA.items()}
    if told in known:
        return known[told]
    if isinstance(start, datetime) and start.tzinfo is not None and not told:
        return "UTC"
    return box.zone


def _moment(value: date, item: Appointment) -> datetime:
    place = zone(item.zone)
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=place).astimezone(UTC)
    if value.tzinfo is None:
        return value.replace(tzinfo=place).astimezone(UTC)
    return value.astimezone(UTC)


def _recurrence(told: Any, item: Appointment) -> Recurrence:
    def one(name: str) -> Any:
        found = told.get(name) or [None]
        return found[0] if isinstance(found, list) else found

    first = item.start.astimezone(zone(item.zone)).date()
    until = one("UNTIL")
    if isinstance(until, datetime):
        until = _moment(until, item).astimezone(zone(item.zone)).date()
    kind, days, index = _pattern(str(one("FREQ")), list(told.get("BYDAY") or []), one("BYSETPOS"))
    if kind == "Weekly" and not days:
        days = (DAYS[first.weekday()],)
    return Recurrence(
        kind,
        first,
        interval=int(one("INTERVAL") or 1),
        days=days,
        index=index,
        day=int(one("BYMONTHDAY") or first.day),
        month=int(one("BYMONTH") or first.month),
        first_day=DAYS[_CODES.index(str(one("WKST") or "MO"))],
        until=until,
        number=int(one("COUNT")) if one("COUNT") else None,
    )


def _pattern(frequency: str, by_day: list[Any], position: Any) -> tuple[str, tuple[str, ...], str]:
    """Return kind, days and index of a rule."""
    codes = [str(one) for one in by_day]
    days = tuple(DAYS[_CODES.index(one[-2:])] for one in codes)
    place = int(position) if position else int(codes[0][:-2] or 0) if codes else 0
    index = "Last" if place == -1 else INDEXES[max(place - 1, 0)]
    match frequency.upper():
        case "DAILY":
            return "Daily", (), "First"
        case "WEEKLY":
            return "Weekly", days, "First"
        case "MONTHLY" | "YEARLY" as repeated:
            name = "Monthly" if repeated == "MONTHLY" else "Yearly"
            if not days:
                return "Absolute" + name, (), "First"
            groups = {frozenset(codes): group for group, codes in _GROUPS.items()}
            group = groups.get(frozenset(one[-2:] for one in codes))
            return "Relative" + name, (group,) if group and len(codes) > 1 else days, index
    raise Refusal("ErrorMimeContentInvalid", f"The rule cannot be kept: {frequency}")
