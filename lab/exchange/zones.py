"""Time zones as Windows names them, with the definitions EWS sends for them.

A zone's rules are worked out from the tz database for the year 2026, and told as one pair of
recurring transitions, which is how Exchange describes most zones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from lab.exchange.refusal import Refusal
from lab.exchange.xml import Node, t

IANA: Final = {
    "UTC": ("Etc/UTC", "(UTC) Coordinated Universal Time"),
    "GMT Standard Time": ("Europe/London", "(UTC+00:00) Dublin, Edinburgh, Lisbon, London"),
    "W. Europe Standard Time": (
        "Europe/Berlin",
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
    ),
    "Romance Standard Time": ("Europe/Paris", "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris"),
    "Central Europe Standard Time": (
        "Europe/Budapest",
        "(UTC+01:00) Belgrade, Bratislava, Budapest, Ljubljana, Prague",
    ),
    "Central European Standard Time": (
        "Europe/Warsaw",
        "(UTC+01:00) Sarajevo, Skopje, Warsaw, Zagreb",
    ),
    "FLE Standard Time": (
        "Europe/Kiev",
        "(UTC+02:00) Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius",
    ),
    "Eastern Standard Time": ("America/New_York", "(UTC-05:00) Eastern Time (US & Canada)"),
    "Central Standard Time": ("America/Chicago", "(UTC-06:00) Central Time (US & Canada)"),
    "Pacific Standard Time": ("America/Los_Angeles", "(UTC-08:00) Pacific Time (US & Canada)"),
    "India Standard Time": ("Asia/Calcutta", "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi"),
    "Tokyo Standard Time": ("Asia/Tokyo", "(UTC+09:00) Osaka, Sapporo, Tokyo"),
    "AUS Eastern Standard Time": (
        "Australia/Sydney",
        "(UTC+10:00) Canberra, Melbourne, Sydney",
    ),
}
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_YEAR: Final = 2026


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of the clock: the n-th weekday of a month, at a local time of day."""

    month: int
    occurrence: int
    """1–4, or -1 for the last."""
    weekday: int
    at: timedelta
    """Since local midnight, before the change."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A zone in one year."""

    standard: timedelta
    """East of Greenwich."""
    daylight: timedelta
    to_daylight: Turn | None
    to_standard: Turn | None


def zone(name: str) -> tzinfo:
    """Return a Windows zone's rules; Refusal for one not known here."""
    if name not in IANA:
        raise Refusal("ErrorTimeZone", f"The time zone is not known: {name}")
    return ZoneInfo(IANA[name][0])


@cache
def rules(name: str) -> Rules:
    """Return a zone's offsets and changes."""
    place = zone(name)
    moment = datetime(_YEAR, 1, 1, tzinfo=UTC)
    turns: list[tuple[timedelta, Turn]] = []
    while moment.year == _YEAR:
        after = moment + timedelta(hours=1)
        before, now = (one.astimezone(place).utcoffset() for one in (moment, after))
        assert before is not None and now is not None
        if before != now:
            turns.append((now - before, _turn((after + before).replace(tzinfo=None))))
        moment = after
    offsets = [datetime(_YEAR, month, 1, tzinfo=place).utcoffset() for month in (1, 7)]
    known = sorted(one for one in offsets if one is not None)
    forward = next((turn for change, turn in turns if change > timedelta(0)), None)
    back = next((turn for change, turn in turns if change < timedelta(0)), None)
    return Rules(known[0], known[-1], forward, back)


def _turn(local: datetime) -> Turn:
    last = (local + timedelta(days=7)).month != local.month
    at = timedelta(hours=local.hour, minutes=local.minute)
    return Turn(local.month, -1 if last else (local.day - 1) // 7 + 1, local.weekday(), at)


def duration(value: timedelta) -> str:
    """Return an xs:duration of hours, minutes and seconds."""
    seconds = int(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    parts = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n]
    return f"{sign}PT{''.join(parts) or '0S'}"


def definition(parent: Node, element: str, name: str, *, full: bool) -> None:
    """Append a TimeZoneDefinitionType; the empty lists of a short one are Exchange's own."""
    node = t(parent, element, Name=IANA[name][1], Id=name)
    if not full:
        t(node, "Periods")
        t(node, "TransitionsGroups")
        return
    found = rules(name)
    standard, daylight = "trule:Microsoft/Registry/" + name + "/2007-Standard", ""
    periods = t(node, "Periods")
    t(periods, "Period", Bias=duration(-found.standard), Name="Standard", Id=standard)
    if found.to_daylight:
        daylight = standard.replace("-Standard", "-Daylight")
        t(periods, "Period", Bias=duration(-found.daylight), Name="Daylight", Id=daylight)
    group = t(t(node, "TransitionsGroups"), "TransitionsGroup", Id="0")
    if found.to_daylight and found.to_standard:
        _recurring(group, found.to_daylight, daylight)
        _recurring(group, found.to_standard, standard)
    else:
        t(t(group, "Transition"), "To", standard, Kind="Period")
    t(t(t(node, "Transitions"), "Transition"), "To", "0", Kind="Group")


def _recurring(group: Node, turn: Turn, period: str) -> None:
    node = t(group, "RecurringDayTransition")
    t(node, "To", period, Kind="Period")
    t(node, "TimeOffset", duration(turn.at))
    t(node, "Month", str(turn.month))
    t(node, "DayOfWeek", DAYS[turn.weekday])
    t(node, "Occurrence", str(turn.occurrence))


def serialized(parent: Node, name: str) -> None:
    """Append the old-style TimeZone block of the availability service."""
    found = rules(name)
    node = t(parent, "TimeZone")
    t(node, "Bias", _minutes(-found.standard))
    _half(node, "StandardTime", timedelta(0), found.to_standard)
    _half(node, "DaylightTime", found.standard - found.daylight, found.to_daylight)


def _half(node: Node, element: str, bias: timedelta, turn: Turn | None) -> None:
    half = t(node, element)
    t(half, "Bias", _minutes(bias))
    at = turn.at if turn else timedelta(0)
    hours, minutes = divmod(int(at.total_seconds()) // 60, 60)
    t(half, "Time", f"{hours:02}:{minutes:02}:00")
    t(half, "DayOrder", str((5 if turn.occurrence == -1 else turn.occurrence) if turn else 0))
    t(half, "Month", str(turn.month if turn else 0))
    t(half, "DayOfWeek", DAYS[turn.weekday] if turn else "Sunday")


def _minutes(value: timedelta) -> str:
    return str(int(value.total_seconds()) // 60)
