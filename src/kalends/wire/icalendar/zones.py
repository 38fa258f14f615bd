"""Which zone a TZID means. RFC 5545 sections 3.2.19 and 3.6.5; real feeds go far beyond them.

Order: a name the tz database knows (also behind a prefix, as Mozilla and libical write it) wins
over the object's own, often stale, VTIMEZONE; then Windows' names; then the VTIMEZONE; then the
city in a display name such as ``(UTC+01:00) Amsterdam, Berlin``; then X-LIC-LOCATION. What nobody
knows is the owner's own zone: nearer the truth than dropping the booking.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from io import StringIO
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dateutil.tz import tzical
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from kalends.wire.icalendar.lines import Calendar, Component
from kalends.wire.icalendar.values import moment

_UTC_NAMES: Final = frozenset(
    {"utc", "gmt", "z", "zulu", "etc/utc", "etc/gmt", "tzone://microsoft/utc"}
)
_OFFSET: Final = re.compile(r"[+-]\d{4}(\d\d)?")
_ERA_RULE: Final = re.compile(
    r"FREQ=YEARLY(;(BYMONTH|BYDAY|BYMONTHDAY|UNTIL|INTERVAL|WKST)=[\w,+-]{1,40})*"
)
_EPOCH: Final = 1972
"""Zones are asked about the present; a leap year, so that 29 February stays one."""


class Zones:
    """Resolves the TZIDs of one document, each once."""

    def __init__(self, owner: tzinfo) -> None:
        self._owner = owner
        self._found: dict[tuple[int, str], tzinfo] = {}

    def find(self, tzid: str, calendar: Calendar) -> tzinfo:
        """Return the zone a TZID means within a calendar; the owner's where nobody knows."""
        key = (id(calendar), tzid)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._resolve(tzid, calendar)
        return found

    def _resolve(self, tzid: str, calendar: Calendar) -> tzinfo:
        definition = calendar.zones.get(tzid)
        return (
            named(tzid)
            or (definition and _defined(definition))
            or _city(tzid)
            or (definition and named(definition.value("X-LIC-LOCATION")))
            or self._owner
        )


@lru_cache(maxsize=1024)  # whoever writes a calendar names its zones
def named(tzid: str) -> tzinfo | None:
    """Return the zone of a tz database or Windows name, also with a vendor's prefix."""
    name = tzid.strip().strip("\"'").strip()
    if name.lower() in _UTC_NAMES:
        return UTC
    if name in WINDOWS_TO_OLSON:
        return ZoneInfo(WINDOWS_TO_OLSON[name])
    known = _known()
    parts = name.strip("/").split("/")
    for first in range(len(parts)):
        found = known.get("/".join(parts[first:]).lower())
        if found is not None:
            return ZoneInfo(found)
    return None


@cache
def _known() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def _cities() -> dict[str, str]:
    """Return tz database names by their city; a city that several share is left out."""
    cities: dict[str, str] = {}
    for name in sorted(available_timezones()):
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/")):
            city = name.rsplit("/", 1)[1].replace("_", " ").lower()
            cities[city] = "" if city in cities else name
    return {city: name for city, name in cities.items() if name}


@lru_cache(maxsize=1024)
def _city(tzid: str) -> tzinfo | None:
    """Return the zone of the first known city in ``(UTC+01:00) Amsterdam, Berlin, Bern``."""
    _, bracket, places = tzid.partition(")")
    if not bracket:
        return None
    for place in places.split(","):
        name = _cities().get(place.strip().strip("\"'").lower())
        if name:
            return ZoneInfo(name)
    return None


def _defined(definition: Component) -> tzinfo | None:
    """Make a zone of a VTIMEZONE; None where it is not usable.

    Only what a zone needs is handed on, and only yearly rules: a VTIMEZONE is as able to carry a
    recurrence bomb as an event is.
    """
    lines = ["BEGIN:VTIMEZONE", "TZID:x"]
    try:
        for part in definition.parts:
            if part.name in ("STANDARD", "DAYLIGHT"):
                lines += _era(part)
        lines.append("END:VTIMEZONE")
        found: tzinfo | None = tzical(StringIO("\r\n".join(lines))).get()
        datetime(2026, 1, 1, tzinfo=found).utcoffset()  # one that cannot tell is of no use
    except (ValueError, OverflowError, TypeError):
        return None
    return found


def _era(part: Component) -> list[str]:
    """Return STANDARD or DAYLIGHT with what counts of it; ``ValueError`` where it is broken."""
    start, _kind = moment(part.value("DTSTART"))
    rule = part.value("RRULE").upper()
    offsets = [part.value(name) for name in ("TZOFFSETFROM", "TZOFFSETTO")]
    if not all(_OFFSET.fullmatch(offset) for offset in offsets):
        raise ValueError("not an offset")
    if rule:
        if not _ERA_RULE.fullmatch(rule):
            raise ValueError("not a yearly rule")
        if start.year < _EPOCH:  # Outlook begins in 1601, others in year 1: centuries of walking
            start = start.replace(year=_EPOCH)
    return [
        f"BEGIN:{part.name}",
        f"DTSTART:{start:%Y%m%dT%H%M%S}",
        *([f"RRULE:{rule}"] if rule else []),
        *(f"RDATE:{_plain(line.value)}" for line in part.all("RDATE")[:500]),
        f"TZOFFSETFROM:{offsets[0]}",
        f"TZOFFSETTO:{offsets[1]}",
        f"END:{part.name}",
    ]


def _plain(value: str) -> str:
    return ",".join(f"{moment(part)[0]:%Y%m%dT%H%M%S}" for part in value.split(",")[:500])
