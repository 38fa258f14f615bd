"""Notices that the wall clock was set, or that the machine slept.

The wall clock and the monotonic clock go at the same pace; where they part by more than a
moment, somebody set the clock, or the machine was suspended (the monotonic clock stands still
then). Forward: boundaries that were passed are visited in order by the due loop as always, and
calendars are polled soon. Backward: everybody is evaluated anew, because what holds is what the
clock says now. Where the store is in trouble just then, the step is carried out once it is not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from kalends import observe
from kalends.errors import KalendsError
from kalends.runtime import Runtime

log = observe.logger(__name__)

TOLERANCE: Final = 2.0
"""Seconds the clocks may part between two looks: slewing by NTP stays below."""


class ClockWatch:
    """Compares both clocks now and then."""

    def __init__(
        self,
        runtime: Runtime,
        stepped: Callable[[float], Awaitable[None]],
        *,
        interval: float = 1.0,
    ) -> None:
        self._runtime = runtime
        self._stepped = stepped
        self._interval = interval
        self.steps = 0

    async def run(self) -> None:
        """Look for ever; tells ``stepped(seconds)``, negative where the clock went back."""
        offset = self._offset()
        while True:
            await self._runtime.sleep(self._interval)
            now = self._offset()
            if abs(now - offset) > TOLERANCE:
                self.steps += 1
                log.warning("clock.stepped", seconds=round(now - offset, 1))
                try:
                    await self._stepped(now - offset)
                except KalendsError as error:
                    log.exception("clock.store", exc_info=error)
                    continue  # the step is met again: nobody is left as the other time had it
            offset = now

    def _offset(self) -> float:
        return self._runtime.now() - self._runtime.monotonic()
