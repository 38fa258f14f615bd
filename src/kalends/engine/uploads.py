"""Uploaded calendars: kept sealed, because their window has to be read again, and trimmed.

A calendar that lives only on a desktop comes through the API (``PUT …/calendars/{name}.ics``).
What is read of its file is kept as long as it has something ahead; appointments that are over are
cut out of it within minutes, as everywhere (invariant 4). A series stays while it may have
occurrences ahead. Private appointments are kept without their text (``wire.icalendar.keep``): what
it said to the rules of that day stands until the calendar is uploaded again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from kalends import observe
from kalends.engine.people import stored_record
from kalends.engine.tenants import Tenants
from kalends.errors import BadAnswer, TooLarge, UserError
from kalends.model.booking import Gist
from kalends.policy.gist import without_text
from kalends.policy.person import PersonPolicy
from kalends.runtime import Runtime
from kalends.store.contract import CalendarKey, Store
from kalends.wire.icalendar.keep import Kept, heard, is_kept

if TYPE_CHECKING:
    from kalends.engine.trimming import Trimmed

MOST_BYTES: Final = 20 << 20
PAGE: Final = 1000
_KEPT: Final = "kalends.wire.icalendar.keep:kept"
_TRIMMED: Final = "kalends.engine.trimming:trimmed"
_SECONDS, _SECONDS_PER_MEGABYTE = 2.0, 2.0
_MEMORY, _MEMORY_PER_BYTE = 256 << 20, 30
_DAY: Final = 86_400

log = observe.logger(__name__)

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
        self._writing = asyncio.Lock()
        """What is being trimmed is not replaced meanwhile, nor brought back once deleted."""
        self._rests: dict[tuple[str, str, str], float] = {}
        """Until when nothing of an upload ends (UTC seconds): till then it is left alone."""

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
        async with self._writing:
            if not await self._store.save_upload(organization, person, name, rest, now=now):
                raise UserError(f"There is no person {person}.")
            self._rests.pop((organization, person, name), None)

    async def delete(self, organization: str, person: str, name: str) -> bool:
        """Forget an upload. False: there was none."""
        async with self._writing:
            return await self._store.delete_upload(organization, person, name)

    async def forget_finished(self, now: int) -> bool:
        """Cut what is over out of every uploaded calendar; tell whether anything was."""
        found = False
        seen: set[tuple[str, str, str]] = set()
        for organization, source in list(self._sources()):
            async for key in self._keys(organization, source):
                place = (organization, key.person, key.name)
                seen.add(place)
                if self._rests.get(place, 0.0) <= now:
                    async with self._writing:
                        found = await self._trim(*place, now) or found
        self._rests = {place: until for place, until in self._rests.items() if place in seen}
        return found

    async def _keys(self, organization: str, source: str) -> AsyncIterator[CalendarKey]:
        after: tuple[str, str, str] | None = None
        while rows := await self._store.calendars(
            organization, source=source, after=after, limit=PAGE
        ):
            for row in rows:
                yield row.key
            after = (rows[-1].key.person, rows[-1].key.source, rows[-1].key.name)

    async def _trim(self, organization: str, person: str, name: str, now: int) -> bool:
        stored = await self._store.upload(organization, person, name)
        owner = await self._owner(organization, person)
        if stored is None or owner is None:
            return False
        place = (organization, person, name)
        body = await self._as_kept(owner, stored)
        try:
            rest: Trimmed = await self._work(_TRIMMED, body, now, size=len(body))
        except (TooLarge, RuntimeError) as error:  # one odd file: the others are forgotten as ever
            log.warning("upload.untrimmed", organization=organization, error=type(error).__name__)
            self._rests[place] = now + _DAY
            return False
        self._rests[place] = rest.next
        if rest.body == stored or await self._store.upload(organization, person, name) is None:
            return False
        return await self._store.save_upload(organization, person, name, rest.body, now=now)

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
        kept: Kept = await self._work(_KEPT, body, tuple(owner.emails), size=len(body))
        lines = list[bytes]()
        for handful in kept.hidden():
            lines += [heard(one, without_text(owner, one).gist or Gist()) for one in handful]
            await asyncio.sleep(0)
        return kept.filled(lines)

    async def _work(self, function: str, *arguments: Any, size: int) -> Any:
        """Let a worker go through a file of this size."""
        return await self._runtime.workers.run(
            function,
            *arguments,
            seconds=_SECONDS + _SECONDS_PER_MEGABYTE * size / 1e6,
            bytes_limit=_MEMORY + _MEMORY_PER_BYTE * size,
        )
