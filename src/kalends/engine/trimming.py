"""Cutting what is over out of an iCalendar file, byte for byte, without reading it whole.

Place in the flow: *retention → uploads → here*. An event goes once nothing of it can lie ahead
(invariant 4). Where that cannot be told (a zone of the file's own, a date that is none, a rule that
skips) it is kept to be sure: the file is somebody's only copy here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from kalends.wire.icalendar.values import duration

DAY: Final = 86_400
UNKNOWN_ZONE: Final = 12 * 3600
"""How much later than UTC a local time of an unknown zone may be."""
BREATH: Final = 25
"""Events looked at between two breaths of the loop."""

_EVENT: Final = re.compile(rb"^BEGIN:VEVENT\r?\n.*?^END:VEVENT\r?\n?", re.DOTALL | re.MULTILINE)
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_TIME: Final = re.compile(
    rb"^(DTSTART|DTEND|RECURRENCE-ID)(?:;[^:\n]*?TZID=\"?([^;:\"\n]+)\"?)?[^:\n]*:"
    rb"(\d{8})(?:T(\d{6})(Z?))?",
    re.MULTILINE,
)
_LENGTH: Final = re.compile(rb"^DURATION[^:\n]*:(\S+)", re.MULTILINE)
_RULE: Final = re.compile(rb"^RRULE[^:\n]*:(\S+)", re.MULTILINE)
_DATE: Final = re.compile(rb"^DTSTART[^:\n]*:\d{8}\s*$", re.MULTILINE)
_UID: Final = re.compile(rb"^UID[^:\n]*:(.*)$", re.MULTILINE)
_ENDLESS: Final = re.compile(rb"^RDATE[;:]|^RECURRENCE-ID;[^:\n]*RANGE=", re.MULTILINE)
_UNTIL: Final = re.compile(rb"(\d{8})(?:T(\d{6})(Z?))?")
_PERIODS: Final = {b"DAILY": DAY, b"WEEKLY": 7 * DAY}
"""Seconds between two occurrences at most, of rules that skip nothing …"""
_PLAIN: Final = {
    b"DAILY": {b"FREQ", b"COUNT", b"INTERVAL", b"WKST"},
    b"WEEKLY": {b"FREQ", b"COUNT", b"INTERVAL", b"WKST", b"BYDAY"},
}
"""… which these are, where nothing else stands in them."""
_NEVER: Final = float("inf")


class Trimmed(NamedTuple):
    """A file without what is over."""

    body: bytes
    next: float
    """When there may be more to cut (UTC seconds); infinite where everything goes on for ever."""


class _Times(NamedTuple):
    """When an event is, told by its own lines; rather too late than too early."""

    uid: bytes
    length: float
    over: float
    """When its last occurrence has ended."""
    instead: float | None
    """When the occurrence begins whose place it takes."""


async def trimmed(body: bytes, now: int) -> Trimmed:
    """Return a file without the events of which nothing lies ahead; others work meanwhile."""
    events = list(_EVENT.finditer(body))
    times: list[_Times | None] = []
    for event in events:
        if len(times) % BREATH == 0:
            await asyncio.sleep(0)
        times.append(_times(_FOLD.sub(b"", event.group()).replace(b"\r\n", b"\n")))
    lengths: dict[bytes, float] = {}
    for one in times:
        if one is not None:
            lengths[one.uid] = max(one.length, lengths.get(one.uid, 0.0))
    kept, position, soonest = list[bytes](), 0, _NEVER
    for event, one in zip(events, times, strict=True):
        over = _NEVER if one is None else _over(one, lengths)
        if over <= now:
            kept.append(body[position : event.start()])
            position = event.end()
        else:
            soonest = min(soonest, over)
    return Trimmed(b"".join([*kept, body[position:]]), soonest)


def _over(one: _Times, lengths: Mapping[bytes, float]) -> float:
    """Return when an event is over, and the occurrence too that would show without it."""
    if one.instead is None:
        return one.over
    return max(one.over, one.instead + lengths[one.uid] + DAY)


def _times(event: bytes) -> _Times | None:
    """Read an event's times; None where it cannot be told when it is over."""
    if _ENDLESS.search(event):
        return None
    try:
        found = {match[1]: _latest(match) for match in _TIME.finditer(event)}
        begin = found[b"DTSTART"]
        end = max(begin + _day(event), found.get(b"DTEND", begin))
        for match in _LENGTH.finditer(event):
            end = max(end, begin + duration(match[1].decode()).wall().total_seconds())
        reach = [_reach(match[1], begin) + end - begin + DAY for match in _RULE.finditer(event)]
    except (KeyError, ValueError):  # no time at all, or one that is none
        return None
    uid = _UID.search(event)
    return _Times(
        b"" if uid is None else uid[1], end - begin, max([end, *reach]), found.get(b"RECURRENCE-ID")
    )


def _day(event: bytes) -> float:
    """Return what an event lasts at least: its day, where it begins with a date."""
    return float(DAY) if _DATE.search(event) else 0.0


def _latest(match: re.Match[bytes]) -> float:
    """Return the latest moment (UTC seconds) a written time may mean."""
    _, zone, day, time, utc = match.groups()
    moment = _read(day, time)
    if utc:
        return moment
    try:
        if zone and time is not None:
            local = datetime.fromtimestamp(moment, UTC).replace(tzinfo=ZoneInfo(zone.decode()))
            return local.timestamp()
    except (KeyError, ValueError):
        pass  # a zone of the file's own: be cautious
    return moment + UNKNOWN_ZONE


def _read(day: bytes, time: bytes | None) -> float:
    """Return a written time as if it were UTC."""
    written = (day + (time or b"000000")).decode()
    return datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def _reach(rule: bytes, begin: float) -> float:
    """Return when the last occurrence of a rule begins at the latest; infinite: not to be told."""
    parts = dict(part.split(b"=", 1) for part in rule.upper().split(b";") if b"=" in part)
    until = _UNTIL.match(parts.get(b"UNTIL", b""))
    if until is not None:
        day, time, utc = until.groups()
        return _read(day, time) + (0 if utc else UNKNOWN_ZONE) + (0 if time else DAY)
    frequency = parts.get(b"FREQ", b"")
    if b"COUNT" in parts and parts.keys() <= _PLAIN.get(frequency, set()):
        periods = int(parts[b"COUNT"]) * int(parts.get(b"INTERVAL", b"1"))
        return begin + periods * _PERIODS[frequency]
    return _NEVER
