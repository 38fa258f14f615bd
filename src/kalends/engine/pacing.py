"""Small things of the event loop that several parts of the engine need."""

from __future__ import annotations

import asyncio


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
