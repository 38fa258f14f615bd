"""Promise 19: after thirty days an engine holds as much of the machine as after a week."""

from __future__ import annotations

import os
from multiprocessing import get_context

import pytest

from tests.simulation.drift import WAL_BOUND, Held, days, trends
from tests.simulation.scenario import Installation
from tests.simulation.storm import simulated

PEOPLE = int(os.environ.get("KALENDS_PEOPLE", "12"))
WARM = 5
"""Days until everything that is filled once is filled."""
ALLOWED = 0.05
NOISY = 0.25
"""Of resident memory: the allocator has its part in it."""


@pytest.mark.slow
def test_promise_19_nothing_grows_in_thirty_days() -> None:
    # In a process of its own, where no other test imports, caches or leaves anything behind.
    with get_context("spawn").Pool(1) as alone:
        found = alone.apply(lived, (PEOPLE, 30))
    grown = {
        one.name: f"{one.before:.0f} → {one.after:.0f}"
        for one in trends(found, WARM)
        if one.drift > (NOISY if one.name == "resident" else ALLOWED)
    }
    assert grown == {}
    assert max(one.wal for one in found) <= WAL_BOUND
    assert found[-1].blocks > 1_000  # it was measured
    assert found[-1].pages > 10


def lived(people: int, count: int) -> list[Held]:
    """Live for some days; return what was held at the end of each."""
    found: list[Held] = []

    async def story(home: Installation) -> None:
        found.extend([one async for one in days(home, count)])

    simulated(1, story, people=people, poll_seconds=1800)
    return found


def test_the_measure_sees_a_leak() -> None:
    steady = [Held(1000, 1, 20, 12, 100, 4096, 0) for _ in range(30)]
    leaking = [Held(1000 + 10 * day, 1, 20, 12, 100, 4096, 0) for day in range(30)]
    assert all(one.drift == 0 for one in trends(steady, WARM))
    [blocks] = [one for one in trends(leaking, WARM) if one.name == "blocks"]
    assert blocks.drift > ALLOWED
