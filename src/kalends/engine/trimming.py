"""Cutting what is over out of an iCalendar file, byte for byte, without reading it whole.

Place in the flow: *retention → uploads → here, in a killable worker*. An event goes once nothing of
it can lie ahead (invariant 4). Where that cannot be told (a zone of the file's own, a date that is
none, a rule that skips) it is kept to be sure: the file is somebody's only copy here.

The file is a stranger's: every pattern passes over each byte a bounded number of times (possessive
quantifiers and separate searches for begin and end, so that nothing is tried again).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from kalends.wire.icalendar.values import duration
from kalends.wire.icalendar.zones import named

DAY: Final = 86_400
UNKNOWN_ZONE: Final = 12 * 3600
"""How much later than UTC a local time of an unknown zone may be."""

_BEGIN: Final = re.compile(rb"^BEGIN:VEVENT\r?\n", re.MULTILINE)
_END: Final = re.compile(rb"^END:VEVENT\r?\n?", re.MULTILINE)
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_TIME: Final = re.compile(
    rb"^(DTSTART|DTEND|RECURRENCE-ID)"
    rb"((?:;(?:[^\":\n]++|\"[^\"\n]*+\"|\"|:(?!\d{8}))*+)?)"  # a colon may stand in a parameter
    rb":(\d{8})(?:T(\d{6})(Z?))?",
    re.MULTILINE,
)
_ZONE: Final = re.compile(rb";TZID=(?:\"([^\"]*)\"|([^;:\"]*))", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"^DURATION[^:\n]*:(\S+)", re.MULTILINE)
_RULE: Final = re.compile(rb"^RRULE[^:\n]*:(\S+)", re.MULTILINE)
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


def trimmed(body: bytes, now: int) -> Trimmed:
    """Return a file without the events of which nothing lies ahead."""
    events = [(start, end, _times(body[start:end])) for start, end in _events(body)]
    lengths: dict[bytes, float] = {}
    for *_, one in events:
        if one is not None:
            lengths[one.uid] = max(one.length, lengths.get(one.uid, 0.0))
    kept, position, soonest = list[bytes](), 0, _NEVER
    for start, end, one in events:
        over = _NEVER if one is None else _over(one, lengths)
        if over <= now:
            kept.append(body[position:start])
            position = end
        else:
            soonest = min(soonest, over)
    return Trimmed(b"".join([*kept, body[position:]]), soonest)


def _events(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each event begins and ends; one without an end is none."""
    position = 0
    while begin := _BEGIN.search(body, position):
        end = _END.search(body, begin.end())
        if end is None:
            return
        position = end.end()
        yield begin.start(), position


def _over(one: _Times, lengths: Mapping[bytes, float]) -> float:
    """Return when an event is over, and the occurrence too that would show without it."""
    if one.instead is None:
        return one.over
    return max(one.over, one.instead + lengths[one.uid] + DAY)


def _times(written: bytes) -> _Times | None:
    """Read an event's times; None where it cannot be told when it is over."""
    event = _FOLD.sub(b"", written).replace(b"\r\n", b"\n")
    if _ENDLESS.search(event):
        return None
    try:
        found = {match[1]: match for match in _TIME.finditer(event)}
        begin = _latest(found[b"DTSTART"])
        end = begin if found[b"DTSTART"][4] else begin + DAY  # a date lasts its day
        if b"DTEND" in found:
            end = max(end, _latest(found[b"DTEND"]))
        for match in _LENGTH.finditer(event):
            end = max(end, begin + duration(match[1].decode()).wall().total_seconds())
        reach = [_reach(match[1], begin) + end - begin + DAY for match in _RULE.finditer(event)]
        instead = found.get(b"RECURRENCE-ID")
        uid = _UID.search(event)
        return _Times(
            b"" if uid is None else uid[1],
            end - begin,
            max([end, *reach]),
            None if instead is None else _latest(instead),
        )
    except (KeyError, ValueError, OverflowError):  # no time at all, or one that is none
        return None


def _latest(match: re.Match[bytes]) -> float:
    """Return the latest moment (UTC seconds) a written time may mean."""
    _, parameters, day, time, utc = match.groups()
    moment = _read(day, time)
    if utc:
        return moment
    told = _ZONE.search(parameters)
    if told is not None and time is not None:
        zone = named((told[1] or told[2] or b"").decode())
        if zone is not None:
            return datetime.fromtimestamp(moment, UTC).replace(tzinfo=zone).timestamp()
    return moment + UNKNOWN_ZONE  # of the file's own: be cautious


def _read(day: bytes, time: bytes | None) -> float:
    """Return a written time as if it were UTC."""
    clock = time or b"000000"
    return datetime(
        int(day[:4]), int(day[4:6]), int(day[6:]),
        int(clock[:2]), int(clock[2:4]), int(clock[4:]), tzinfo=UTC,
    ).timestamp()  # fmt: skip


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
