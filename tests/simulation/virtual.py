"""Virtual time: an event loop whose clock jumps to the next deadline, and a runtime on it."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from kalends.runtime import Runtime

T = TypeVar("T")

BEGIN = 1_772_409_600
"""Monday, 2 March 2026, 00:00 UTC."""


MOST_SPINS = 200_000
"""Turns of the loop without time passing that mean: it spins."""


class Stuck(AssertionError):
    """Nothing will ever happen again: a deadlock of the code under test."""


class _Jump(selectors.SelectSelector):
    """Waits for nothing: moves the loop's clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.spins = 0
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Let ``timeout`` seconds pass at once."""
        if timeout is None:
            raise Stuck("every task waits for something that cannot happen")
        self.turns += 1
        self.spins = 0 if timeout > 0 else self.spins + 1
        if self.spins > MOST_SPINS:
            raise Stuck("the loop turns and turns, and time stands still")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without real time and without real input or output."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._jump.now

    @property
    def turns(self) -> int:
        """How often the loop has turned so far: what it costs that nothing happens."""
        return self._jump.turns


class Clock:
    """The wall clock of the simulated machine; it can be set."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.offset = float(BEGIN)

    def now(self) -> float:
        """Return wall time, UTC seconds."""
        return self._loop.time() + self.offset

    def set_by(self, seconds: float) -> None:
        """Set the clock forward or back."""
        self.offset += seconds


def runtime(loop: VirtualLoop, clock: Clock, seed: int) -> Runtime:
    """Return a runtime on virtual time, everything inline."""
    return Runtime(now=clock.now, monotonic=loop.time, random=random.Random(seed), inline=True)


def run(work: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run work to its end on a virtual loop, and close the loop."""
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
