"""After a restore: sinks wait until the calendars were read again (promise 16).

Place in the flow: between the pumps and their start, only where the database came from a copy.
What the copy knows is shown on the page, marked stale; a switchboard is told nothing of it until
every calendar was tried once, or four minutes have passed: then what cannot be read is told as
known, as in any outage.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from kalends import observe
from kalends.errors import SuspiciouslyEmpty
from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.store.copies import marked, unmark
from kalends.store.units.restoring import RESTORED

log = observe.logger(__name__)

MOST_SECONDS: Final = 240.0
"""With the start before it, within the five minutes a restore may take."""
LOOK_SECONDS: Final = 1.0
PAGE: Final = 2000
_UNSURE: Final = frozenset({RESTORED, SuspiciouslyEmpty.code})
"""Not tried yet, or found empty once where the copy knows bookings: the next read decides."""


class Restored:
    """Lets sinks go on once what a copy knew was looked at again."""

    def __init__(self, store: Reader, runtime: Runtime, directory: Path | None) -> None:
        self._store = store
        self._runtime = runtime
        self._directory = directory
        self.over = asyncio.Event()
        """Set where sinks may be told; at once where nothing was restored."""
        if directory is None or not marked(directory):
            self.over.set()

    async def run(self) -> None:
        """Wait for the calendars, then let the sinks go on."""
        if self.over.is_set():
            return
        log.warning("restore.reading")
        begun = self._runtime.monotonic()
        while self._runtime.monotonic() - begun < MOST_SECONDS and await self._waits():
            await self._runtime.sleep(LOOK_SECONDS)
        assert self._directory is not None
        self.over.set()
        unmark(self._directory)
        log.info("restore.over", seconds=round(self._runtime.monotonic() - begun, 1))

    async def _waits(self) -> bool:
        """Tell whether a calendar was not tried yet, or what was read is not evaluated yet."""
        for organization in await self._store.organizations():
            after: tuple[str, str, str] | None = None
            while rows := await self._store.calendars(organization, after=after, limit=PAGE):
                if any(row.health in _UNSURE for row in rows):
                    return True
                after = (rows[-1].key.person, rows[-1].key.source, rows[-1].key.name)
        return (await self._store.summary(int(self._runtime.now()))).due > 0
