"""What becomes of a failed read: freshness is marked, presence stays (invariant 1).

Place in the flow: ``refresh`` hands every ``SourceTrouble`` here. Trouble of the endpoint shuts its
gate; all its calendars are marked stale once it has failed long enough, without asking each of
them. Trouble of one calendar waits alone, and when it is tried again is persisted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from kalends import observe
from kalends.engine.debounce import Key
from kalends.engine.gate import calendar_delay, concerns_endpoint, stale_after
from kalends.engine.slot import Failing, Slot
from kalends.errors import AccessDenied, KalendsError, NotFound, SignInNeeded, SourceTrouble
from kalends.runtime import Runtime
from kalends.store.contract import CalendarHealth, CalendarRow, Store

log = observe.logger(__name__)

PAGE: Final = 1000
MARK_AGAIN: Final = 10.0
"""Seconds until calendars are marked again that the store would not have marked."""
HELD: Final = -1.0
"""The calendar goes back to its slot's queue: it waits for the gate, as one of many."""


class Trouble:
    """Keeps account of what fails."""

    def __init__(self, store: Store, runtime: Runtime, health: Callable[[str], None]) -> None:
        self._store = store
        self._runtime = runtime
        self._health = health

    async def note(
        self,
        slot: Slot,
        key: Key,
        error: SourceTrouble,
        row: CalendarRow | None,
        *,
        own_credential: bool,
    ) -> float:
        """Account for a failed read; return seconds until this calendar's next try."""
        log.info(
            "calendar.unread",
            organization=slot.organization,
            source=slot.source,
            person=key[0],
            code=error.code,
        )
        chance = self._runtime.random.random
        if concerns_endpoint(error, own_credential=own_credential):
            now = self._runtime.monotonic()
            slot.gate.failed(error, now, self._runtime.now(), chance)
            slot.trouble = Failing(self._runtime.now(), error.code, str(error), error.remedy)
            if slot.gate.opens_at > now:
                return HELD
        if row is None:
            return calendar_delay(error, 1, chance)
        return await self._note_calendar(slot, row, error)

    async def _note_calendar(self, slot: Slot, row: CalendarRow, error: SourceTrouble) -> float:
        now = self._runtime.now()  # not cut to the second: another's success may be of the same
        wall = int(now)
        key = (row.key.person, row.key.name)
        known = slot.failing.get(key)
        since = known.since if known else now
        slot.failing[key] = Failing(since, error.code, str(error), error.remedy)
        failures = row.failures + 1
        delay = calendar_delay(error, failures, self._runtime.random.random)
        stale = row.stale_since
        certain = isinstance(error, AccessDenied | NotFound | SignInNeeded)
        if stale is None and (certain or now - since >= stale_after(slot.poll_seconds)):
            stale = int(since)
        health = CalendarHealth(
            row.key,
            error.code,
            str(error),
            error.remedy,
            stale_since=stale,
            failures=failures,
            next_probe_at=wall + int(delay),
            url=row.url,
        )
        await self._store.mark_calendars([health], now=wall)
        if row.health != error.code or row.stale_since != stale:
            self._health(slot.organization)
        return delay

    def outage_marked_at(self, slot: Slot) -> float | None:
        """Return when (monotonic) a failing source's calendars are to be marked stale."""
        if slot.stale_marked or slot.gate.failing_since is None or slot.gate.opens_at == 0.0:
            return None
        return max(slot.gate.failing_since + stale_after(slot.poll_seconds), slot.mark_again)

    async def mark_outage(self, slot: Slot, now: float) -> None:
        """Mark all calendars of a source stale that has failed long enough."""
        at = self.outage_marked_at(slot)
        if at is None or at > now:
            return
        slot.stale_marked = True
        assert slot.gate.failing_since is not None
        since = int(self._runtime.now() - (now - slot.gate.failing_since))
        trouble = slot.trouble
        log.warning(
            "source.stale",
            organization=slot.organization,
            source=slot.source,
            code=trouble.code if trouble else "unreachable",
        )
        try:
            await self._mark_all(slot, since, trouble)
        except KalendsError as failed:  # a store in trouble is asked again, and ends nothing
            log.exception("source.unmarked", source=slot.source, exc_info=failed)
            slot.stale_marked, slot.mark_again = False, now + MARK_AGAIN
        self._health(slot.organization)

    async def _mark_all(self, slot: Slot, since: int, trouble: Failing | None) -> None:
        after: tuple[str, str, str] | None = None
        while True:
            rows = await self._store.calendars(
                slot.organization, source=slot.source, after=after, limit=PAGE
            )
            fresh = [row for row in rows if row.stale_since is None]
            await self._store.mark_calendars(
                [_stale(row, since, trouble) for row in fresh], now=int(self._runtime.now())
            )
            if len(rows) < PAGE or slot.gate.failing_since is None:
                return
            after = (rows[-1].key.person, rows[-1].key.source, rows[-1].key.name)
            await asyncio.sleep(0)


def _stale(row: CalendarRow, since: int, trouble: Failing | None) -> CalendarHealth:
    return CalendarHealth(
        row.key,
        trouble.code if trouble else "unreachable",
        trouble.message if trouble else "",
        trouble.remedy if trouble else "",
        stale_since=since,
        failures=row.failures,
        next_probe_at=row.next_probe_at,
    )
