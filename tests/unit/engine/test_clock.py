"""A clock that was set: nobody is left as the other time had it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from kalends.engine.clock import ClockWatch
from kalends.errors import StoreFailed
from kalends.runtime import Runtime


async def test_a_step_that_met_a_store_in_trouble_is_carried_out_once_it_is_well() -> None:
    wall = [10_000.0]
    troubles, stepped = 2, list[float]()
    done = asyncio.Event()

    async def evaluate_anew(seconds: float) -> None:
        nonlocal troubles
        if troubles:
            troubles -= 1
            raise StoreFailed("the disk is full")
        stepped.append(seconds)
        done.set()

    runtime = Runtime(now=lambda: wall[0], monotonic=lambda: 0.0)
    watch = ClockWatch(runtime, evaluate_anew, interval=0.0)
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0)
    wall[0] -= 3600
    await asyncio.wait_for(done.wait(), 30)
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert stepped == [-3600.0]
