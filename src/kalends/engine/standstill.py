"""Reads of calendars stand still while the store is in trouble, and go on once it is not.

Place in the flow: ``refresh`` tells of a read that the store broke off; its calendar goes back to
its queue, and ``sync`` begins no reads until the store answers again. A store that can be read and
not written (a full disk) would let every source be asked in vain: each time in a row that reads
break off it is left alone for twice as long.
"""

from __future__ import annotations

from typing import Final

from kalends import observe
from kalends.errors import KalendsError
from kalends.runtime import Runtime
from kalends.store.contract import Store

log = observe.logger(__name__)

FIRST: Final = 1.0
LONGEST: Final = 60.0
"""Seconds reads stand still before the store is looked at, doubling."""


class Standstill:
    """Whether reads may begin."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime
        self._pause = 0.0
        self.until: float | None = None
        """When (monotonic) the store is looked at; None: reads begin."""

    def broke_off(self) -> None:
        """The store broke a read off; what else was under way breaks off with it."""
        if self.until is None:
            self._pause = min(LONGEST, max(FIRST, self._pause * 2))
            self.until = self._runtime.monotonic() + self._pause

    def went_well(self) -> None:
        """A read was stored."""
        self._pause = 0.0

    async def over(self) -> bool:
        """Tell whether reads may begin; looks at the store when it is time to."""
        now = self._runtime.monotonic()
        if self.until is None or now < self.until:
            return self.until is None
        try:
            await self._store.organizations()
        except KalendsError as error:
            log.warning("sync.store-away", exc_info=error)
            self.until = self._runtime.monotonic() + FIRST
            return False
        self.until = None
        return True
