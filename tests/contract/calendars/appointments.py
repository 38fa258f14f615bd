"""Appointments of the emulated Exchange, written in iCalendar's words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from lab.exchange.calendar import Appointment
from lab.exchange.recurrence import Recurrence
from lab.exchange.zones import DAYS

Told = dict[str, tuple[str, str]]
"""Name → (parameters, value)."""

HOME: Final = ZoneInfo("Europe/Stockholm")
_PARTSTATS: Final = {
    "ACCEPTED": "Accept",
    "DECLINED": "Decline",
    "TENTATIVE": "Tentative",
    "NEEDS-ACTION": "NoResponseReceived",
}


def properties(lines: tuple[str, ...]) -> Told:
    """Return what lines say."""
    found = {}
    for line in lines:
        head, _, value = line.partition(":")
        name, _, parameters = head.partition(";")
        found[name] = (parameters, value)
    return found


def broken(told: Told) -> bool:
    """Tell whether no Exchange could hold it."""
    return told["DTSTART"][1] == "never" or "SECONDLY" in told.get("RRULE", ("", ""))[1]


def series(told: Told, override: tuple[str, ...]) -> Appointment:
    """Return an appointment, with the occurrence that an override changes."""
    made = appointment(told)
    if override:
        changed = {**told, **properties(override)}
        original = moment(*changed["RECURRENCE-ID"])
        made.exceptions[original] = appointment({**changed, "RRULE": ("", "")})
    return made


def appointment(told: Told) -> Appointment:
    """Return one appointment."""
    start = moment(*told["DTSTART"])
    in_utc = told["DTSTART"][1].endswith("Z")
    all_day = "VALUE=DATE" in told["DTSTART"][0]
    end = start + timedelta(hours=1)
    if "DTEND" in told:
        end = moment(*told["DTEND"])
    elif all_day:
        end = _midnight(start.astimezone(HOME).date() + timedelta(days=1))
    partstat = told.get("ATTENDEE", ("", ""))[0].partition("PARTSTAT=")[2].partition(";")[0]
    organizer = told.get("ORGANIZER", ("", ""))[1].removeprefix("mailto:")
    return Appointment(
        0,
        start,
        end,
        subject=told.get("SUMMARY", ("", ""))[1],
        zone="UTC" if in_utc else "W. Europe Standard Time",
        all_day=all_day,
        busy="Free" if told.get("TRANSP", ("", ""))[1] == "TRANSPARENT" else "Busy",
        sensitivity=told.get("CLASS", ("", "Normal"))[1].capitalize(),
        categories=tuple(filter(None, told.get("CATEGORIES", ("", ""))[1].split(","))),
        cancelled=told.get("STATUS", ("", ""))[1] == "CANCELLED",
        meeting=bool(organizer),
        organizer=organizer,
        response=_PARTSTATS.get(partstat, "Organizer"),
        recurrence=_recurrence(
            told.get("RRULE", ("", ""))[1], start.astimezone(UTC if in_utc else HOME).date()
        ),
    )


def moment(parameters: str, value: str) -> datetime:
    """Return a time in UTC; one without a zone, and a day, are Stockholm's."""
    if "VALUE=DATE" in parameters:
        return _midnight(date.fromisoformat(value))
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=HOME)).astimezone(UTC)


def _recurrence(rule: str, first: date) -> Recurrence | None:
    told = dict(part.partition("=")[::2] for part in rule.split(";") if part)
    if told.get("FREQ") not in ("DAILY", "WEEKLY"):
        return None
    days = (DAYS[first.weekday()],) if told["FREQ"] == "WEEKLY" else ()
    number = int(told["COUNT"]) if "COUNT" in told else None
    return Recurrence(told["FREQ"].capitalize(), first, days=days, number=number)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=HOME).astimezone(UTC)
