"""Small things of the event loop that several parts of the engine need."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

from kalends.runtime import Runtime

T = TypeVar("T")

MANY: Final = 1000
"""Bookings that are a matter of more than some milliseconds."""


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most ``seconds``, without making a task."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    # Below a millisecond clocks are not told apart: rather late by one than spinning.
    handle = asyncio.get_running_loop().call_later(max(seconds, 0.001), event.set)
    try:
        await event.wait()
    finally:
        handle.cancel()


async def aside(runtime: Runtime, size: int, function: Callable[..., T], *arguments: Any) -> T:
    """Do what takes some microseconds for each of ``size`` things, in a thread where they are many:
    nobody else waits for one person's ten thousand bookings."""
    return await runtime.offload(function, *arguments) if size >= MANY else function(*arguments)


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do some things side by side; once all have ended, raise what the first failure raised."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if outcome is not None:
            raise outcome


def spare_collector() -> None:
    """Spare the collector what a long task has made since and keeps until its end.

    A hundred thousand records make its full collections half a second long. They are freed where
    the task lets go of them, as what is no cycle always is.
    """
    gc.collect(1)  # what was left behind meanwhile: the young are few
    gc.freeze()


def calm_collector() -> None:
    """Spare the garbage collector what lives as long as the process; called once all is open.

    A full collection walks everything and stops the loop: 30 ms for what was imported alone,
    several times in a crowded second. What a person leaves behind is no cycle and needs none.
    """
    gc.collect()
    gc.freeze()
