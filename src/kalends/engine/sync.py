"""The sync driver: reads every calendar of every source when its time has come.

Place in the flow: the first step of DESIGN section 2. A push, a stream, a delta, a poll only say
*that* something changed; the calendar's window is then read again and replaces what was stored.

How it works: one heap of deadlines (``agenda``), one small task per read in flight (``refresh``),
one task per source that has hints (``hearing``). A source (``slot``) reads as many calendars at
once as its gate allows. Deadlines are monotonic; what is persisted (``next_probe_at``) is wall
time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from kalends import observe
from kalends.calendars.contract import CalendarSource
from kalends.engine.agenda import Agenda, Ready
from kalends.engine.debounce import Debounce, Key
from kalends.engine.gate import Gate
from kalends.engine.hearing import Hearing
from kalends.engine.locating import Located
from kalends.engine.pacing import wait
from kalends.engine.refresh import Refresher
from kalends.engine.slot import Failing, Slot
from kalends.engine.standstill import Standstill
from kalends.engine.tenants import Tenants
from kalends.engine.trouble import HELD, Trouble
from kalends.errors import KalendsError
from kalends.runtime import Runtime
from kalends.store.contract import CalendarKey, CalendarRow, Store

log = observe.logger(__name__)

PAGE: Final = 2000
TAKE: Final = 500
"""Deadlines handled between two breaths of the loop."""
REST: Final = 3600.0
SWEEP: Final = 60.0
HEAR_AGAIN: Final = 60.0
"""Seconds over which, after a start, calendars are read that the source tells of: with that read
it takes up telling."""
LOAD_AGAIN: Final = 5.0
REWORDED: Final = 300.0
"""Seconds over which an organization's calendars are polled once its rules have changed."""


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
        self._agenda = Agenda()
        self._awake = asyncio.Event()
        self._number = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._swept = 0.0
        self.trouble = Trouble(store, runtime, health)
        self.slots: dict[int, Slot] = {}
        self._hearing = Hearing(store, runtime, self)
        standstill = Standstill(store, runtime)
        self._refresher = Refresher(
            store,
            runtime,
            tenants,
            self.trouble,
            standstill,
            changed=changed,
            health=health,
            took_up=self._took_up,
            answered=self._awake.set,
        )
        self.figures = self._refresher.figures
        self._standstill = standstill

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
        slot.closed = True
        self._agenda.retire([slot.number])
        self._hearing.stop(slot)
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
            self._drop_poll(slot, (key.person, key.name))
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
                self.hasten_slot(slot, spread)

    def hasten(self, spread: float = 30.0) -> None:
        """Poll everything soon: the machine slept, or the clock was set."""
        for slot in self.slots.values():
            self.hasten_slot(slot, min(spread, slot.poll_seconds))

    def hasten_slot(self, slot: Slot, spread: float) -> None:
        """Poll every calendar of one source within ``spread`` seconds."""
        now = self._runtime.monotonic()
        self._agenda.move(slot.number, lambda: now + spread * self._runtime.random.random())
        self._awake.set()

    def distrust(self) -> None:
        """Read every calendar whole once more: the clock went back."""
        for slot in self.slots.values():
            slot.reread = set()
            self.hasten_slot(slot, min(30.0, slot.poll_seconds))

    def reworded(self, organization: str) -> None:
        """Poll an organization's calendars soon: its rules changed.

        Whose private bookings were heard with others is then read whole (``reading.misheard``).
        """
        for slot in self.slots.values():
            if slot.organization == organization:
                self.hasten_slot(slot, min(REWORDED, slot.poll_seconds))

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
            self.hasten_slot(slot, 1.0)

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
                if await self._standstill.over():
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
            slot.waiting[key] = None
            return
        slot.sooner.discard(key)
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
        if self._standstill.until is not None:
            pause = min(pause, self._standstill.until - now)
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
        self._hearing.start(slot, self._tasks)

    async def _load(self, slot: Slot) -> None:
        """Enter a source's calendars in slices; those never read, or to be located, come first."""
        after: tuple[str, str, str] | None = None
        while slot.number in self.slots:
            try:
                rows = await self._store.calendars(
                    slot.organization, source=slot.source, after=after, limit=PAGE
                )
            except KalendsError as error:  # a store in trouble is asked again, never given up
                log.exception("sync.store", source=slot.source, exc_info=error)
                await self._runtime.sleep(self._runtime.jitter(LOAD_AGAIN))
                continue
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
        # Until it was read nothing is heard of it again, however rarely it is polled.
        spread = min(slot.pause, HEAR_AGAIN) if slot.reader.capabilities.hints else slot.pause
        return now + spread * self._runtime.random.random()

    # --- hints ------------------------------------------------------------
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
        """Read one calendar and enter its next poll."""
        again: float | None = slot.pause
        try:
            again = await self._refresher.refresh(slot, key, hinted=hinted)
        finally:
            self._finish(slot, key, again)

    def _finish(self, slot: Slot, key: Key, again: float | None) -> None:
        owed = slot.finished(key)
        if again == HELD:
            if owed:
                slot.waiting[key] = None
            else:
                slot.hinted.append(key)
        elif again is not None and slot.number in self.slots:
            at = self._runtime.monotonic() + again
            soon = again < slot.pause / 2
            if owed:
                self._agenda.enter(at, slot.number, *key)
                (slot.early.add if soon else slot.early.discard)(key)
            elif not soon:
                self._put_off(slot, key, at)
            elif key not in slot.sooner:
                # News that could not be read, or not all of it, must not wait for the poll.
                slot.sooner.add(key)
                self._agenda.enter(at, slot.number, *key, call=True)
        self._awake.set()

    def _put_off(self, slot: Slot, key: Key, at: float) -> None:
        """Have the early poll of a calendar come when it is due: a read for a hint was its read."""
        if key in slot.early:
            slot.early.discard(key)
            self._drop_poll(slot, key)
            self._agenda.enter(at, slot.number, *key)

    def _drop_poll(self, slot: Slot, key: Key) -> None:
        if not slot.drop_poll(key):
            self._agenda.strike(slot.number, *key)

    def _took_up(self, found: Located) -> None:
        for key in found.struck:
            self.strike(key)
        for key in found.entered:
            self.enter(key)
