"""The sync driver: reads every calendar of every source when its time has come.

Place in the flow: the first step of DESIGN section 2. A push, a stream, a delta, a poll only say
*that* something changed; the calendar's window is then read again and replaces what was stored.

How it works: one heap of deadlines (``agenda``), one small task per read in flight, one task per
source that has hints. A source (``slot``) reads as many calendars at once as its gate allows.
Deadlines are monotonic; what is persisted (``next_probe_at``) is wall time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from zoneinfo import ZoneInfo

from kalends import observe
from kalends.calendars.contract import CalendarSource, Hint, Reading, Unchanged
from kalends.engine.agenda import Agenda, Ready
from kalends.engine.debounce import Debounce, Key
from kalends.engine.gate import Gate
from kalends.engine.locating import Located, leads, locate, locate_anew, was_located
from kalends.engine.pacing import wait
from kalends.engine.people import stored_record
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
from kalends.engine.slot import Failing, Slot
from kalends.engine.tenants import Tenants
from kalends.engine.trouble import HELD, Trouble
from kalends.errors import (
    CursorExpired,
    NotFound,
    RedirectRefused,
    SourceTrouble,
    Unreachable,
)
from kalends.model.person import PersonRecord
from kalends.policy.person import PersonPolicy
from kalends.runtime import Runtime
from kalends.store.contract import CalendarHealth, CalendarKey, CalendarRow, Store

log = observe.logger(__name__)

PAGE: Final = 2000
TAKE: Final = 500
"""Deadlines handled between two breaths of the loop."""
READ_SECONDS: Final = 300.0
"""No read of one calendar lasts longer, whatever its exchanges do."""
LOCATE_AGAIN: Final = 86_400
REST: Final = 3600.0
SWEEP: Final = 60.0
REWORDED: Final = 300.0
"""Seconds over which an organization's calendars are polled once its rules have changed."""


@dataclass(slots=True)
class SyncFigures:
    """What the driver tells metrics."""

    reads: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0
    codes: dict[str, int] = field(default_factory=dict)


class SyncDriver:
    """Keeps every calendar fresh."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        tenants: Tenants,
        changed: Callable[[], None],
        health: Callable[[str], None],
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._tenants = tenants
        self._changed = changed
        self._health = health
        self._agenda = Agenda()
        self._awake = asyncio.Event()
        self._number = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._hearing: dict[int, asyncio.Task[None]] = {}
        self._swept = 0.0
        self.trouble = Trouble(store, runtime, health)
        self.slots: dict[int, Slot] = {}
        self.figures = SyncFigures()

    # --- sources come and go ------------------------------------------------------------
    def open(
        self,
        organization: str,
        source: str,
        reader: CalendarSource,
        *,
        poll_seconds: float,
        connections: int,
        relocate: bool = False,
    ) -> Slot:
        """Take up a source; its calendars are entered in slices while others are served.

        ``relocate``: it was another one until now; what was located there is located here.
        """
        self._number += 1
        slot = Slot(
            self._number,
            organization,
            source,
            reader,
            poll_seconds,
            Gate(connections),
            Debounce(poll_seconds),
            relocate=relocate,
        )
        self.slots[slot.number] = slot
        if self._tasks is not None:
            self._start(slot)
        return slot

    def close(self, organization: str, source: str) -> Slot | None:
        """Let go of a source; reads in flight end by themselves and count no more."""
        slot = self.slot(organization, source)
        if slot is None:
            return None
        del self.slots[slot.number]
        self._agenda.retire([slot.number])
        hearing = self._hearing.pop(slot.number, None)
        if hearing is not None:
            hearing.cancel()
        return slot

    def slot(self, organization: str, source: str) -> Slot | None:
        """Return the open slot of a source."""
        for slot in self.slots.values():
            if slot.organization == organization and slot.source == source:
                return slot
        return None

    # --- calendars come and go, and are asked for ---------------------------------------------
    def enter(self, key: CalendarKey) -> None:
        """Take up a new calendar: it is read as soon as the source allows."""
        slot = self.slot(key.organization, key.source)
        if slot is not None:
            self._agenda.enter(self._runtime.monotonic(), slot.number, key.person, key.name)
            self._awake.set()

    def strike(self, key: CalendarKey) -> None:
        """Forget a calendar that is no more."""
        slot = self.slot(key.organization, key.source)
        if slot is not None:
            self._agenda.strike(slot.number, key.person, key.name)
            slot.forget((key.person, key.name))

    def read_now(self, key: CalendarKey) -> None:
        """Read a calendar as soon as the source allows, without waiting for quiet."""
        slot = self.slot(key.organization, key.source)
        if slot is not None:
            slot.hinted.append((key.person, key.name))
            self._awake.set()

    def read_all(self, organization: str, source: str | None, spread: float = 1.0) -> None:
        """Poll every calendar of a source (None: of all) within ``spread`` seconds."""
        for slot in self.slots.values():
            if slot.organization == organization and source in (None, slot.source):
                self._hasten(slot, spread)

    def hasten(self, spread: float = 30.0) -> None:
        """Poll everything soon: the machine slept, or the clock was set."""
        for slot in self.slots.values():
            self._hasten(slot, min(spread, slot.poll_seconds))

    def distrust(self) -> None:
        """Read every calendar whole once more: the clock went back."""
        for slot in self.slots.values():
            slot.reread = set()
            self._hasten(slot, min(30.0, slot.poll_seconds))

    def reworded(self, organization: str) -> None:
        """Poll an organization's calendars soon: its rules changed.

        Whose private bookings were heard with others is then read whole (``reading.misheard``).
        """
        for slot in self.slots.values():
            if slot.organization == organization:
                self._hasten(slot, min(REWORDED, slot.poll_seconds))

    def misheard(self, key: CalendarKey) -> None:
        """Read a calendar soon, for its owner's rules changed; many at once are spread."""
        slot = self.slot(key.organization, key.source)
        if slot is not None:
            later = min(REWORDED, slot.poll_seconds) * self._runtime.random.random()
            at = self._runtime.monotonic() + later
            self._agenda.enter(at, slot.number, key.person, key.name, call=True)
            self._awake.set()

    def reset(self, organization: str, source: str) -> None:
        """Try a source again at once: a new secret or an operator's click."""
        slot = self.slot(organization, source)
        if slot is not None:
            slot.gate.reset()
            slot.failing.clear()
            self._hasten(slot, 1.0)

    # --- the loop ------------------------------------------------------------
    async def run(self) -> None:
        """Read for ever, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for slot in self.slots.values():
                self._start(slot)
            while True:
                self._awake.clear()
                now = self._runtime.monotonic()
                self._collect(now)
                self._start_reads(tasks, now)
                await self._tend(now)
                await wait(self._awake, self._pause(self._runtime.monotonic()))

    def _collect(self, now: float) -> None:
        for ready in self._agenda.take(now, TAKE):
            slot = self.slots.get(ready.slot)
            if slot is not None:
                self._queue(slot, ready, now)

    def _queue(self, slot: Slot, ready: Ready, now: float) -> None:
        key = (ready.person, ready.name)
        if not ready.call:
            slot.waiting.append(key)
            return
        later = slot.debounce.ripe_at(key, now)
        if later is None:
            slot.hinted.append(key)
        else:
            self._agenda.enter(later, slot.number, *key, call=True)

    def _start_reads(self, tasks: asyncio.TaskGroup, now: float) -> None:
        for slot in self.slots.values():
            for key, hinted in slot.startable(now):
                tasks.create_task(self._read(slot, key, hinted))

    async def _tend(self, now: float) -> None:
        for slot in list(self.slots.values()):
            await self.trouble.mark_outage(slot, now)
        if now - self._swept >= SWEEP:
            self._swept = now
            for slot in self.slots.values():
                slot.debounce.sweep(now)

    def _pause(self, now: float) -> float:
        pause = REST
        upcoming = self._agenda.next_at()
        if upcoming is not None:
            pause = min(pause, upcoming - now)
        for slot in self.slots.values():
            if slot.wants() and slot.gate.opens_at > now:
                pause = min(pause, slot.gate.opens_at - now)
            overdue = self.trouble.outage_marked_at(slot)
            if overdue is not None:
                pause = min(pause, overdue - now)
        return max(0.0, pause)

    def _start(self, slot: Slot) -> None:
        assert self._tasks is not None
        self._tasks.create_task(self._load(slot))
        if slot.reader.capabilities.hints:
            self._hearing[slot.number] = self._tasks.create_task(self._hear(slot))

    def _hasten(self, slot: Slot, spread: float) -> None:
        now = self._runtime.monotonic()
        self._agenda.move(slot.number, lambda: now + spread * self._runtime.random.random())
        self._awake.set()

    async def _load(self, slot: Slot) -> None:
        """Enter a source's calendars in slices; those never read, or to be located, come first."""
        after: tuple[str, str, str] | None = None
        while slot.number in self.slots:
            rows = await self._store.calendars(
                slot.organization, source=slot.source, after=after, limit=PAGE
            )
            now, wall = self._runtime.monotonic(), self._runtime.now()
            for row in rows:
                self._remember(slot, row)
                if slot.relocate and row.url is not None:
                    slot.moved.add((row.key.person, row.key.name))
                self._agenda.enter(
                    self._first_read(slot, row, now, wall),
                    slot.number,
                    row.key.person,
                    row.key.name,
                )
            self._awake.set()
            if len(rows) < PAGE:
                return
            after = (rows[-1].key.person, rows[-1].key.source, rows[-1].key.name)
            await asyncio.sleep(0)

    def _remember(self, slot: Slot, row: CalendarRow) -> None:
        """Take up what the store knows of a calendar's health: a restart hides no trouble."""
        key = (row.key.person, row.key.name)
        slot.left_out(key, row.skipped)
        if row.failures:
            since = float(row.stale_since or self._runtime.now())
            slot.failing.setdefault(key, Failing(since, row.health, row.message, row.remedy))

    def _first_read(self, slot: Slot, row: CalendarRow, now: float, wall: float) -> float:
        if row.next_probe_at is not None and row.next_probe_at > wall:
            return now + (row.next_probe_at - wall)
        if row.read_at is None or slot.relocate:
            return now
        return now + slot.pause * self._runtime.random.random()

    # --- hints ------------------------------------------------------------
    async def _hear(self, slot: Slot) -> None:
        """Follow a source's hints; a broken stream is taken up again, polling goes on anyway."""
        while slot.number in self.slots:
            try:
                async for hint in slot.reader.hints():
                    await self._heard(slot, hint)
            except Exception as error:  # a source's fault stays with it: the others are read on
                log.info(
                    "hints.lost",
                    organization=slot.organization,
                    source=slot.source,
                    exc_info=error,
                )
            await self._runtime.sleep(self._runtime.jitter(10.0))

    async def _heard(self, slot: Slot, hint: Hint) -> None:
        if hint.person is None:
            self._hasten(slot, min(5.0, slot.poll_seconds))
        elif hint.name is None:
            rows = await self._store.calendars(
                slot.organization, source=slot.source, person=hint.person
            )
            for row in rows:
                self.hint(slot, (hint.person, row.key.name), sure=hint.sure)
        else:
            self.hint(slot, (hint.person, hint.name), sure=hint.sure)

    def hint(self, slot: Slot, key: Key, *, sure: bool = True) -> None:
        """Note that a calendar changed: the first news is read at once, more waits for quiet.

        Not ``sure``: it may have; it is read when nothing surely changed waits.
        """
        if not sure:
            slot.doubted[key] = None
            self._awake.set()
            return
        now = self._runtime.monotonic()
        at = slot.debounce.heard(key, now)
        if at is None:
            return
        if at <= now:
            slot.hinted.append(key)
        else:
            self._agenda.enter(at, slot.number, *key, call=True)
        self._awake.set()

    # --- one read ------------------------------------------------------------
    async def _read(self, slot: Slot, key: Key, hinted: bool) -> None:
        """Read one calendar and enter its next poll; nothing it meets may end the driver."""
        again: float | None = slot.pause
        try:
            async with asyncio.timeout(READ_SECONDS):
                again = await self._read_row(slot, key, hinted)
        except TimeoutError:
            again = await self._failed(slot, key, Unreachable("the read took too long"))
        except Exception as error:  # a fault of a source or the store stays with this calendar
            log.exception(
                "calendar.failed",
                organization=slot.organization,
                source=slot.source,
                exc_info=error,
            )
            again = self._runtime.jitter(max(60.0, slot.pause))
        finally:
            self._finish(slot, key, again)

    def _finish(self, slot: Slot, key: Key, again: float | None) -> None:
        owed = slot.finished(key)
        if again == HELD:
            (slot.waiting if owed else slot.hinted).append(key)
        elif owed and again is not None and slot.number in self.slots:
            self._agenda.enter(self._runtime.monotonic() + again, slot.number, *key)
        self._awake.set()

    async def _read_row(self, slot: Slot, key: Key, hinted: bool) -> float | None:
        """Read; return seconds until the next poll, None where the calendar is no more."""
        found = await self._find(slot, key)
        if found is None:
            slot.forget(key)
            return None
        row, record, owner = found
        self.figures.reads += 1
        slot.reads += 1
        try:
            if row.url is None and slot.reader.capabilities.finds_by_email:
                return await self._locate(slot, row, record, owner)
            if key in slot.moved and was_located(row, record):
                return await self._locate_anew(slot, row, record, owner, None)
            return await self._refresh_or_locate(slot, row, record, owner, hinted=hinted)
        except SourceTrouble as error:
            return await self._failed(slot, key, error, row, record)

    async def _refresh_or_locate(
        self,
        slot: Slot,
        row: CalendarRow,
        record: PersonRecord,
        owner: PersonPolicy,
        *,
        hinted: bool,
    ) -> float | None:
        """Read; where a calendar is not any more where it was found, look for it again."""
        try:
            return await self._refresh(slot, row, record, owner, hinted=hinted)
        except (NotFound, RedirectRefused) as error:
            if not (slot.reader.capabilities.finds_by_email and was_located(row, record)):
                raise
            return await self._locate_anew(slot, row, record, owner, error)

    async def _find(
        self, slot: Slot, key: Key
    ) -> tuple[CalendarRow, PersonRecord, PersonPolicy] | None:
        tenant = self._tenants.get(slot.organization)
        rows = await self._store.calendars(slot.organization, source=slot.source, person=key[0])
        row = next((row for row in rows if row.key.name == key[1]), None)
        if row is None:
            return None
        record = await stored_record(self._store, slot.organization, key[0])
        if tenant is None or record is None:
            return None
        return row, record, tenant.policy.for_person(record)

    async def _refresh(
        self,
        slot: Slot,
        row: CalendarRow,
        record: PersonRecord,
        owner: PersonPolicy,
        *,
        hinted: bool,
    ) -> float | None:
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
        if slot.reread is not None:
            slot.reread.add(key)
        self._succeeded(slot, row)
        pause = self._runtime.jitter(max(slot.pause, answer.refresh_after or 0.0))
        if not isinstance(answer, Reading):
            await self._unchanged(slot, row, answer)
            return pause
        return await self._store_reading(
            slot, row, answer, owner, hinted=hinted, full=planned.full, pause=pause
        )

    async def _store_reading(
        self,
        slot: Slot,
        row: CalendarRow,
        reading: Reading,
        owner: PersonPolicy,
        *,
        hinted: bool,
        full: bool,
        pause: float,
    ) -> float:
        """Store what was read, or look again where the calendar is still in motion."""
        now = int(self._runtime.now())
        read = to_store(row, reading, owner, now, full=full)
        if row.read_at is not None and await self._differs(row, read.bookings, now, owner.zone):
            key = (row.key.person, row.key.name)
            clock = self._runtime.monotonic()
            later = slot.debounce.seen(key, content(read), clock, hinted=hinted)
            if later is not None:
                return min(pause, later - clock)
        self.figures.skipped += read.skipped
        slot.left_out((row.key.person, row.key.name), read.skipped)
        if await self._store.replace_calendar(read, now=now):
            self.figures.changed += 1
            self._changed()
        return pause

    async def _differs(
        self, row: CalendarRow, bookings: tuple[object, ...], now: int, zone: ZoneInfo
    ) -> bool:
        stored = unfinished(await self._store.bookings(row.key), now, zone)
        return frozenset(stored) != frozenset(bookings)

    async def _unchanged(self, slot: Slot, row: CalendarRow, answer: Unchanged) -> None:
        cursor = answer.cursor
        self.figures.unchanged += 1
        slot.debounce.same((row.key.person, row.key.name))
        known = bookmark(row)
        moved = cursor is not None and cursor != known.cursor
        noted = answer.note != row.message
        if moved or noted or row.health != "ok" or row.stale_since is not None:
            fresh = Bookmark(known.wording, cursor).pack() if moved else None
            told = CalendarHealth(row.key, "ok", answer.note, cursor=fresh)
            await self._store.mark_calendars([told])
            if row.health != "ok":
                self._health(slot.organization)

    async def _locate(
        self, slot: Slot, row: CalendarRow, record: PersonRecord, owner: PersonPolicy
    ) -> float | None:
        """Find the person's calendars here by e-mail and take them up."""
        now = int(self._runtime.now())
        ref = reference(row, record, owner.zone.key)
        found = await locate(slot.reader, self._store, ref, row, now=now)
        self._succeeded(slot, row)
        if found is None:
            again = LOCATE_AGAIN + int(3600 * self._runtime.random.random())
            absent = CalendarHealth(
                row.key, "absent", "This person has no calendar here.", next_probe_at=now + again
            )
            await self._store.mark_calendars([absent])
            return float(again)
        self._took_up(found)
        return 0.0

    async def _locate_anew(
        self,
        slot: Slot,
        row: CalendarRow,
        record: PersonRecord,
        owner: PersonPolicy,
        trouble: SourceTrouble | None,
    ) -> float | None:
        """Find a person's calendars again; the first one is looked for on behalf of all."""
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
        found = await locate_anew(slot.reader, self._store, ref, row, trouble, now=now)
        slot.moved.discard(key)
        self._took_up(found)
        return 0.0

    def _took_up(self, found: Located) -> None:
        for key in found.struck:
            self.strike(key)
        for key in found.entered:
            self.enter(key)

    def _succeeded(self, slot: Slot, row: CalendarRow) -> None:
        slot.failing.pop((row.key.person, row.key.name), None)
        slot.last_success = self._runtime.now()
        slot.stale_marked = False
        if slot.gate.succeeded():
            log.info("source.back", organization=slot.organization, source=slot.source)
            self._health(slot.organization)

    async def _failed(
        self,
        slot: Slot,
        key: Key,
        error: SourceTrouble,
        row: CalendarRow | None = None,
        record: PersonRecord | None = None,
    ) -> float:
        self.figures.failed += 1
        slot.failures[error.code] += 1
        self.figures.codes[error.code] = self.figures.codes.get(error.code, 0) + 1
        own = False
        if row is not None and record is not None:
            own = reference(row, record, "UTC").username is not None
        return await self.trouble.note(slot, key, error, row, own_credential=own)
