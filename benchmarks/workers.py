"""Worker processes: what one call costs beside its work, and what a killed worker costs.

Run alone with ``python -m benchmarks.workers``.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks.figure import Figure
from kalends import observe
from kalends.errors import TooLarge
from kalends.workers import WorkerPool

CALENDAR = b"x" * 100_000
"""A calendar of a few hundred bookings."""


async def _median(times: int, action: Callable[[], Awaitable[object]]) -> float:
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        await action()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


async def _measure() -> list[Figure]:
    pool = WorkerPool(2)
    await pool.start()

    async def killed() -> None:
        with contextlib.suppress(TooLarge):
            await pool.run("os:_exit", 1)

    try:
        call = await _median(1000, lambda: pool.run("operator:length_hint", CALENDAR)) * 1e3
        kill = await _median(30, killed) * 1e3
    finally:
        await pool.close()
    return [
        Figure("a worker's call with 100 kB, beside its work", round(call, 3), "ms", 1.0, call < 1),
        Figure("a worker killed and forked anew", round(kill, 1), "ms", 50.0, kill < 50),
    ]


def figures() -> list[Figure]:
    """Measure on this machine."""
    observe.configure("error")
    return asyncio.run(_measure())


if __name__ == "__main__":
    for figure in figures():
        print(figure)
