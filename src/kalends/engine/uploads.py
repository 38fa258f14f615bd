"""Uploaded calendars: kept sealed, because their window has to be read again, and trimmed.

A calendar that lives only on a desktop comes through the API (``PUT …/calendars/{name}.ics``).
Its file is kept as long as it has something ahead; appointments that are over are cut out of it
within minutes, as everywhere (invariant 4). A series stays while it may have occurrences ahead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kalends.errors import UserError
from kalends.store.contract import Store

MOST_BYTES: Final = 10 << 20
DAY: Final = 86_400
UNKNOWN_ZONE: Final = 12 * 3600
"""How much later than UTC a local time of an unknown zone may be."""

_EVENT: Final = re.compile(rb"^BEGIN:VEVENT\r?\n.*?^END:VEVENT\r?\n?", re.DOTALL | re.MULTILINE)
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_TIME: Final = re.compile(
    rb"^(DTSTART|DTEND)(?:;[^:\n]*?TZID=\"?([^;:\"\n]+)\"?)?[^:\n]*:(\d{8})(?:T(\d{6})(Z?))?",
    re.MULTILINE,
)
_KEEP: Final = re.compile(rb"^(RRULE|RDATE|DURATION|RECURRENCE-ID)[;:]", re.MULTILINE)

UploadSources = Callable[[], Iterable[tuple[str, str]]]
"""Returns (organization, source) of every open source that takes uploads."""


class Uploads:
    """The uploaded bodies of all organizations."""

    def __init__(self, store: Store, sources: UploadSources) -> None:
        self._store = store
        self._sources = sources

    async def put(
        self, organization: str, person: str, name: str, body: bytes, *, now: int
    ) -> None:
        """Keep a body; ``UserError`` where it is too large or no calendar at all."""
        if len(body) > MOST_BYTES:
            raise UserError(f"The calendar is larger than {MOST_BYTES >> 20} MB.")
        if b"BEGIN:VCALENDAR" not in body[:4096].upper():
            raise UserError("This is not an iCalendar file: it must begin with BEGIN:VCALENDAR.")
        await self._store.save_upload(organization, person, name, body, now=now)

    async def forget_finished(self, now: int) -> bool:
        """Cut what is over out of every uploaded calendar; tell whether anything was."""
        found = False
        for organization, source in self._sources():
            for row in await self._store.calendars(organization, source=source):
                who, name = row.key.person, row.key.name
                body = await self._store.upload(organization, who, name)
                rest = body if body is None else without_finished(body, now)
                if rest is not None and rest != body:
                    await self._store.save_upload(organization, who, name, rest, now=now)
                    found = True
        return found


def without_finished(body: bytes, now: int) -> bytes:
    """Return an iCalendar file without single events that ended before ``now``."""
    return _EVENT.sub(lambda found: b"" if _is_over(found.group(), now) else found.group(), body)


def _is_over(event: bytes, now: int) -> bool:
    unfolded = _FOLD.sub(b"", event).replace(b"\r\n", b"\n")
    if _KEEP.search(unfolded):
        return False
    ends = [_latest(match) for match in _TIME.finditer(unfolded)]
    return bool(ends) and max(ends) <= now


def _latest(match: re.Match[bytes]) -> float:
    """Return the latest moment (UTC seconds) a written time may mean."""
    name, zone, day, time, utc = match.groups()
    moment = datetime.strptime((day + (time or b"000000")).decode(), "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone follows
    if time is None and name == b"DTSTART":
        moment += timedelta(days=1)  # an all-day event without an end lasts its day
    if utc:
        return moment.replace(tzinfo=UTC).timestamp()
    try:
        if zone and time is not None:
            return moment.replace(tzinfo=ZoneInfo(zone.decode())).timestamp()
    except (KeyError, ValueError, UnicodeDecodeError):
        pass  # a zone of the file's own: be cautious
    return moment.replace(tzinfo=UTC).timestamp() + UNKNOWN_ZONE
