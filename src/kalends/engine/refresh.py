"""Refreshing one calendar: find it, read it, store what it says, or account for why not.

Place in the flow: ``sync`` says which calendar and when; here its row and its owner are looked up,
it is located where nobody named its address (``locating``), asked by plan (``reading``), and what
it answered replaces what was stored. What fails goes to ``trouble``.

The contract with the driver is one call: ``Refresher.refresh`` never raises, and says in how many
seconds the calendar is to be polled again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from kalends import observe
from kalends.calendars.contract import Reading, Unchanged
from kalends.engine.debounce import Key
from kalends.engine.finding import Finder, Found
from kalends.engine.locating import ABSENT, Located, leads, locate, locate_anew, was_located
from kalends.engine.pacing import aside
from kalends.engine.reading import (
    Bookmark,
    ask,
    bookmark,
    content,
    misheard,
    plan,
    reference,
    to_store,
    unfinished,
)
from kalends.engine.slot import Slot
from kalends.engine.standstill import Standstill
from kalends.engine.tenants import Tenants
from kalends.engine.trouble import HELD, Trouble
from kalends.errors import (
    CursorExpired,
    KalendsError,
    NotFound,
    RedirectRefused,
    SourceFault,
    SourceTrouble,
    StoreFailed,
    Unreachable,
)
from kalends.model.booking import Booking
from kalends.runtime import Runtime
from kalends.store.contract import CalendarHealth, CalendarRow, Store

log = observe.logger(__name__)

READ_SECONDS: Final = 300.0
"""No read of one calendar lasts longer, whatever its exchanges do."""
MORE_SECONDS: Final = 0.5
"""Until the next read of a calendar to which there is more."""
LOCATE_AGAIN: Final = 86_400


@dataclass(slots=True)
class SyncFigures:
    """What reading calendars tells metrics."""

    reads: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0
    codes: dict[str, int] = field(default_factory=dict)


class Refresher:
    """Reads one calendar at a call; many calls run at once."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        tenants: Tenants,
        trouble: Trouble,
        standstill: Standstill,
        *,
        changed: Callable[[], None],
        health: Callable[[str], None],
        took_up: Callable[[Located], None],
        answered: Callable[[], None],
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._finder = Finder(store, tenants)
        self._trouble = trouble
        self._standstill = standstill
        self._changed = changed
        self._health = health
        self._took_up = took_up
        self._answered = answered
        self.figures = SyncFigures()

    async def refresh(self, slot: Slot, key: Key, *, hinted: bool) -> float | None:
        """Read a calendar; return seconds until its next poll (``trouble.HELD``: when its gate
        opens and the store is back), None where it is no more. Nothing it meets is raised."""
        try:
            again = await self._read_in_time(slot, key, hinted=hinted)
        except StoreFailed as error:
            log.exception("sync.store", source=slot.source, exc_info=error)
            self._standstill.broke_off()
            return HELD
        except Exception as error:  # a fault of a source stays with this calendar
            log.exception(
                "calendar.failed",
                organization=slot.organization,
                source=slot.source,
                exc_info=error,
            )
            later = self._runtime.jitter(max(60.0, slot.pause))
            return later if isinstance(error, KalendsError) else await self._stumbled(slot, key)
        self._standstill.went_well()
        return again

    async def _stumbled(self, slot: Slot, key: Key) -> float | None:
        """Account for a fault of ours as for any failed read: unknown is not fresh."""
        try:
            found = await self._finder.find((slot.organization, slot.source), key)
            return await self._failed(slot, key, SourceFault("Kalends failed to read this."), found)
        except Exception as error:  # his very record may be what cannot be read
            log.exception("sync.store", source=slot.source, exc_info=error)
            return self._runtime.jitter(max(60.0, slot.pause))

    async def _read_in_time(self, slot: Slot, key: Key, *, hinted: bool) -> float | None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._read_row(slot, key, hinted=hinted)
        except TimeoutError:
            found = await self._finder.find((slot.organization, slot.source), key)
            return await self._failed(slot, key, Unreachable("the read took too long"), found)

    async def _read_row(self, slot: Slot, key: Key, *, hinted: bool) -> float | None:
        """Read; return seconds until the next poll, None where the calendar is no more."""
        found = await self._finder.find((slot.organization, slot.source), key)
        if found is None:
            slot.forget(key)
            return None
        self.figures.reads += 1
        slot.reads += 1
        try:
            if found.row.url is None and slot.reader.capabilities.finds_by_email:
                return await self._locate(slot, found)
            if key in slot.moved and was_located(found.row, found.record):
                return await self._locate_anew(slot, found, None)
            return await self._refresh_or_locate(slot, found, hinted=hinted)
        except SourceTrouble as error:
            return await self._failed(slot, key, error, found)

    async def _refresh_or_locate(self, slot: Slot, found: Found, *, hinted: bool) -> float | None:
        """Read; where a calendar is not any more where it was found, look for it again."""
        try:
            return await self._refresh(slot, found, hinted=hinted)
        except (NotFound, RedirectRefused) as error:
            by_email = slot.reader.capabilities.finds_by_email
            if not (by_email and was_located(found.row, found.record)):
                raise
            return await self._locate_anew(slot, found, error)

    async def _refresh(self, slot: Slot, found: Found, *, hinted: bool) -> float | None:
        row, record, owner = found
        now = int(self._runtime.now())
        key = (row.key.person, row.key.name)
        distrusted = slot.reread is not None and key not in slot.reread
        planned = plan(
            row,
            now,
            owner.zone,
            may_reconcile=slot.full_reads == 0,
            anew=distrusted or misheard(row, owner.wording),
        )
        ref = reference(row, record, owner.zone.key)
        slot.full_reads += planned.full
        try:
            answer = await ask(slot.reader, self._store, ref, row, planned)
        except CursorExpired:
            answer = await ask(slot.reader, self._store, ref, row, replace(planned, cursor=None))
        finally:
            slot.full_reads -= planned.full
        if slot.closed:
            return None  # it was another server's, or read with another account
        if slot.reread is not None:
            slot.reread.add(key)
        self._succeeded(slot, row)
        slot.answered(key)
        self._answered()
        pause = self._runtime.jitter(max(slot.pause, answer.refresh_after or 0.0))
        if not isinstance(answer, Reading):
            await self._unchanged(slot, row, answer)
            return pause
        return await self._store_reading(
            slot, found, answer, hinted=hinted, full=planned.full, pause=pause
        )

    async def _store_reading(
        self, slot: Slot, found: Found, reading: Reading, *, hinted: bool, full: bool, pause: float
    ) -> float:
        """Store what was read, or look again where the calendar is still in motion."""
        row, _, owner = found
        now = int(self._runtime.now())
        many = len(reading.bookings)
        work = partial(to_store, row, reading, owner, now, full=full)
        read = await aside(self._runtime, many, work)
        key = (row.key.person, row.key.name)
        polled = row.read_at is not None and not hinted
        if polled and await self._differs(row, read.bookings, now, owner.zone):
            seen = await aside(self._runtime, many, content, read)
            clock = self._runtime.monotonic()
            later = slot.debounce.seen(key, seen, clock)
            if later is not None:
                return min(pause, later - clock)
        self.figures.skipped += read.skipped
        slot.left_out(key, read.skipped)
        if await self._store.replace_calendar(read, now=now):
            if hinted and row.read_at is not None:
                slot.debounce.stored(key, self._runtime.monotonic())
            self.figures.changed += 1
            self._changed()
        return min(pause, MORE_SECONDS) if reading.more else pause

    async def _differs(
        self, row: CalendarRow, bookings: tuple[Booking, ...], now: int, zone: ZoneInfo
    ) -> bool:
        stored = await self._store.bookings(row.key)
        return await aside(self._runtime, len(stored), _differ, stored, bookings, now, zone)

    async def _unchanged(self, slot: Slot, row: CalendarRow, answer: Unchanged) -> None:
        cursor = answer.cursor
        self.figures.unchanged += 1
        slot.debounce.same((row.key.person, row.key.name))
        known = bookmark(row)
        moved = cursor is not None and cursor != known.cursor
        noted = answer.note != row.message
        if moved or noted or row.health != "ok" or row.stale_since is not None:
            fresh = Bookmark(known.wording, cursor).pack() if moved else None
            told = CalendarHealth(row.key, "ok", answer.note, cursor=fresh, url=row.url)
            await self._store.mark_calendars([told], now=int(self._runtime.now()))
            self._tried(row, last=moved)
            if row.health != "ok":
                self._health(slot.organization)

    async def _locate(self, slot: Slot, found: Found) -> float | None:
        """Find the person's calendars here by e-mail and take them up."""
        row, record, owner = found
        now = int(self._runtime.now())
        ref = reference(row, record, owner.zone.key)
        located = await locate(slot.reader, self._store, ref, row, now=now)
        self._succeeded(slot, row)
        if located is None:
            again = LOCATE_AGAIN + int(3600 * self._runtime.random.random())
            absent = CalendarHealth(
                row.key, ABSENT, "This person has no calendar here.", next_probe_at=now + again
            )
            await self._store.mark_calendars([absent], now=now)
            self._tried(row)
            return float(again)
        self._took_up(located)
        return 0.0

    async def _locate_anew(
        self, slot: Slot, found: Found, trouble: SourceTrouble | None
    ) -> float | None:
        """Find a person's calendars again; the first one is looked for on behalf of all."""
        row, record, owner = found
        key, lead = (row.key.person, row.key.name), leads(row, record)
        if key != lead:
            slot.moved.discard(key)
            slot.moved.add(lead)
            slot.hinted.append(lead)
            if trouble is not None:
                raise trouble
            return slot.pause
        ref = reference(row, record, owner.zone.key)
        now = int(self._runtime.now())
        located = await locate_anew(slot.reader, self._store, ref, row, trouble, now=now)
        slot.moved.discard(key)
        self._took_up(located)
        return 0.0

    def _succeeded(self, slot: Slot, row: CalendarRow) -> None:
        slot.failing.pop((row.key.person, row.key.name), None)
        slot.last_success = self._runtime.now()
        slot.stale_marked = False
        if slot.gate.succeeded():
            log.info("source.back", organization=slot.organization, source=slot.source)
            self._health(slot.organization)

    async def _failed(
        self, slot: Slot, key: Key, error: SourceTrouble, found: Found | None = None
    ) -> float | None:
        if slot.closed:
            return None
        self.figures.failed += 1
        slot.failures[error.code] += 1
        self.figures.codes[error.code] = self.figures.codes.get(error.code, 0) + 1
        row, own = None, False
        if found is not None:
            row = found.row
            own = reference(row, found.record, "UTC").username is not None
        again = await self._trouble.note(slot, key, error, row, own_credential=own)
        if row is not None:
            self._tried(row)
        return again

    def _tried(self, row: CalendarRow, *, last: bool = False) -> None:
        """Serve somebody new at once who waited for this calendar alone (``last``: for what was
        left of it, after a reading to which there was more)."""
        if last or row.read_at is None or row.health == "new":
            self._changed()


def _differ(
    stored: tuple[Booking, ...], read: tuple[Booking, ...], now: int, zone: ZoneInfo
) -> bool:
    return frozenset(unfinished(stored, now, zone)) != frozenset(read)
