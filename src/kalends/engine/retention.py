"""Forgets: finished bookings, segments, notes, old transitions and audit, leavers.

Place in the flow: runs only once the due loop has caught up, so that boundaries are visited
before what they followed from is gone (DESIGN section 2). What was purged leaves the files too
(invariant 4, promise 15).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from kalends import observe
from kalends.engine.due import DueLoop
from kalends.engine.people import readable_record
from kalends.engine.uploads import Uploads
from kalends.runtime import Runtime
from kalends.store.contract import PersonDocument, Store

log = observe.logger(__name__)

RETENTION_SECONDS: Final = 60.0
SLICE: Final = 500
LEAVER_SECONDS: Final = 30 * 86_400
LEAVERS_EVERY: Final = 6 * 3600.0
PAGE: Final = 500


class Retention:
    """Forgets every minute what need not be known any more."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        due: DueLoop,
        uploads: Uploads,
        locks: Mapping[str, asyncio.Lock],
        *,
        interval: float = RETENTION_SECONDS,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._due = due
        self._uploads = uploads
        self._locks = locks
        """Per organization: who comes back just now must not be forgotten as one who left."""
        self._interval = interval
        self._leavers_at = 0.0
        self.purged: dict[str, int] = {}

    async def run(self) -> None:
        """Forget for ever, until cancelled."""
        while True:
            await self._runtime.sleep(self._runtime.jitter(self._interval))
            await self._due.caught_up.wait()
            try:
                await self.turn()
            except Exception as error:  # what cannot be forgotten must not end the engine
                log.exception("retention.failed", exc_info=error)

    async def turn(self) -> None:
        """Forget in slices until nothing is left to forget."""
        anything = False
        while True:
            counts = await self._store.purge(now=int(self._runtime.now()), limit=SLICE)
            if not any(counts.values()):
                break
            anything = True
            for kind, count in counts.items():
                self.purged[kind] = self.purged.get(kind, 0) + count
            if max(counts.values()) < SLICE and not counts.get("resealed"):
                break  # every kind came to its end within this slice
            await asyncio.sleep(0)
        while await self._store.forget_replaced():
            anything = True
            await asyncio.sleep(0)
        anything = await self._forget_leavers() or anything
        anything = await self._uploads.forget_finished(int(self._runtime.now())) or anything
        if anything:
            await self._store.truncate()

    async def _forget_leavers(self) -> bool:
        clock = self._runtime.monotonic()
        if self._leavers_at and clock - self._leavers_at < LEAVERS_EVERY:
            return False
        self._leavers_at = clock
        found = False
        for organization in await self._store.organizations():
            found = await self._leavers_of(organization) or found
        return found

    async def _leavers_of(self, organization: str) -> bool:
        now = int(self._runtime.now())
        after, found = "", False
        while True:
            async with self._locks[organization]:
                page = await self._store.people(organization, after, PAGE)
                gone = [(organization, one.person) for one in page if is_over(one, now)]
                if gone:
                    await self._store.save_people([], gone, now=now)
            if gone:
                log.info("people.forgotten", organization=organization, count=len(gone))
                found = True
            if len(page) < PAGE:
                return found
            after = page[-1].person
            await asyncio.sleep(0)


def is_over(document: PersonDocument, now: int) -> bool:
    """Tell whether somebody left long enough ago to be deleted."""
    if not document.profile.left:
        return False
    record = readable_record(document)
    return (
        record is not None and record.left_at is not None and now - record.left_at >= LEAVER_SECONDS
    )
