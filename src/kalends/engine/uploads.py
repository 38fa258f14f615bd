"""Uploaded calendars: kept sealed, because their window has to be read again, and trimmed.

A calendar that lives only on a desktop comes through the API (``PUT …/calendars/{name}.ics``).
What is read of its file is kept as long as it has something ahead; appointments that are over are
cut out of it within minutes, as everywhere (invariant 4). A series stays while it may have
occurrences ahead. Private appointments are kept without their text (``wire.icalendar.keep``): what
it said to the rules of that day stands until the calendar is uploaded again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kalends.engine.people import stored_record
from kalends.engine.tenants import Tenants
from kalends.errors import BadAnswer, TooLarge, UserError
from kalends.model.booking import Gist
from kalends.policy.gist import without_text
from kalends.policy.person import PersonPolicy
from kalends.runtime import Runtime
from kalends.store.contract import CalendarKey, Store
from kalends.wire.icalendar.keep import Kept, is_kept

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

_KEPT: Final = "kalends.wire.icalendar.keep:kept"
_SECONDS, _SECONDS_PER_MEGABYTE = 2.0, 2.0
_MEMORY, _MEMORY_PER_BYTE = 256 << 20, 30

UploadSources = Callable[[], Iterable[tuple[str, str]]]
"""Returns (organization, source) of every open source that takes uploads."""


class Uploads:
    """The uploaded bodies of all organizations."""

    def __init__(
        self, store: Store, runtime: Runtime, tenants: Tenants, sources: UploadSources
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._tenants = tenants
        self._sources = sources

    async def put(
        self, organization: str, person: str, name: str, body: bytes, *, now: int
    ) -> None:
        """Keep a body; ``UserError`` where it is too large or no whole calendar."""
        if len(body) > MOST_BYTES:
            raise UserError(f"The calendar is larger than {MOST_BYTES >> 20} MB.")
        if b"BEGIN:VCALENDAR" not in body[:4096].upper():
            raise UserError("This is not an iCalendar file: it must begin with BEGIN:VCALENDAR.")
        owner = await self._owner(organization, person)
        if owner is None:
            raise UserError(f"There is no person {person}.")
        try:
            rest = await self._textless(owner, body)
        except (BadAnswer, TooLarge) as error:
            raise UserError(f"This calendar cannot be taken: {error}.") from error
        await self._store.save_upload(organization, person, name, rest, now=now)

    async def forget_finished(self, now: int) -> bool:
        """Cut what is over out of every uploaded calendar; tell whether anything was."""
        found = False
        for organization, source in self._sources():
            for row in await self._store.calendars(organization, source=source):
                found = await self._trim(row.key, now) or found
        return found

    async def _trim(self, key: CalendarKey, now: int) -> bool:
        stored = await self._store.upload(key.organization, key.person, key.name)
        owner = await self._owner(key.organization, key.person)
        if stored is None or owner is None:
            return False
        rest = without_finished(await self._as_kept(owner, stored), now)
        if rest == stored:
            return False
        await self._store.save_upload(key.organization, key.person, key.name, rest, now=now)
        return True

    async def _owner(self, organization: str, person: str) -> PersonPolicy | None:
        tenant = self._tenants.get(organization)
        record = await stored_record(self._store, organization, person)
        return None if tenant is None or record is None else tenant.policy.for_person(record)

    async def _as_kept(self, owner: PersonPolicy, stored: bytes) -> bytes:
        """Return a stored body as it is kept today; an older Kalends kept it as it came."""
        if is_kept(stored):
            return stored
        try:
            return await self._textless(owner, stored)
        except (BadAnswer, TooLarge):
            return b""  # it cannot be read, so nothing of it is needed

    async def _textless(self, owner: PersonPolicy, body: bytes) -> bytes:
        kept: Kept = await self._runtime.workers.run(
            _KEPT,
            body,
            tuple(owner.emails),
            seconds=_SECONDS + _SECONDS_PER_MEGABYTE * len(body) / 1e6,
            bytes_limit=_MEMORY + _MEMORY_PER_BYTE * len(body),
        )
        heard = (without_text(owner, one).gist for one in kept.hidden)
        return kept.filled(gist or Gist() for gist in heard)


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
