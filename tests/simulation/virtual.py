"""Virtual time: an event loop whose clock jumps to the next deadline, and a runtime on it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar, TypeVarTuple

from kalends.runtime import Runtime

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN = 1_772_409_600
"""Monday, 2 March 2026, 00:00 UTC."""


MOST_SPINS = 200_000
"""Turns of the loop without time passing that mean: it spins."""


class Stuck(AssertionError):
    """Nothing will ever happen again: a deadlock of the code under test."""


class _Deaf(selectors.SelectSelector):
    """Nothing comes from outside."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return at once, with nothing."""
        del timeout
        return []


class _Call(asyncio.TimerHandle):
    """What is to be called, at once or at a virtual moment."""

    __slots__ = ()

    def __init__(self, at: float, callback: Any, given: Any, context: Context | None) -> None:
        self._when = at
        self._callback, self._args = callback, given
        self._context = context or copy_context()
        self._cancelled = self._scheduled = False
        self._source_traceback = None

    def cancel(self) -> None:
        """Do not call it, and let go of what it would have been called with."""
        self._cancelled = True
        self._callback, self._args = None, ()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without real time and without real input or output.

    Its turns are its own: those of ``asyncio`` look at sockets, clocks and a debugger, and cost a
    sixth of a simulation. What is due at the same moment is called in the order it was asked for.
    """

    _stopping: bool

    def __init__(self) -> None:
        self.now = 0.0
        self.turns = 0
        """How often the loop has turned so far: what it costs that nothing happens."""
        self._spins = 0
        self._soon: deque[Any] = deque()
        self._timers: list[tuple[float, int, Any]] = []
        self._numbers = itertools.count()
        super().__init__(_Deaf())
        self._ready = self._soon  # what ``asyncio`` adds to by itself, as from other threads

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self.now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> _Call:
        """See ``asyncio``."""
        call = _Call(self.now, callback, args, context)
        self._soon.append(call)
        return call

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> _Call:
        """See ``asyncio``."""
        call = _Call(when, callback, args, context)
        heapq.heappush(self._timers, (when, next(self._numbers), call))
        return call

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> _Call:
        """See ``asyncio``."""
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _run_once(self) -> None:
        self.turns += 1
        soon, timers = self._soon, self._timers
        while timers and timers[0][2]._cancelled:  # as ``asyncio`` reads its handles
            heapq.heappop(timers)
        if soon:
            self._spins += 1  # here, for five turns in six pass no time
        else:
            self._pass_time()
        if self._spins > MOST_SPINS:
            raise Stuck("the loop turns and turns, and time stands still")
        while timers and timers[0][0] <= self.now:
            soon.append(heapq.heappop(timers)[2])
        for _ in range(len(soon)):
            call = soon.popleft()
            if call._cancelled:
                continue
            try:
                call._context.run(call._callback, *call._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                told = f"{call._callback} raised {error!r}"
                self.call_exception_handler({"message": told, "exception": error})

    def _pass_time(self) -> None:
        """Let time pass up to the next deadline: nothing is to be done before."""
        if self._stopping:
            passed = 0.0
        elif not self._timers:
            raise Stuck("every task waits for something that cannot happen")
        else:
            passed = max(0.0, self._timers[0][0] - self.now)
            self.now = max(self.now, self._timers[0][0])
        self._spins = 0 if passed else self._spins + 1


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
