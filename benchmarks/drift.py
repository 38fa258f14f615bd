"""Promise 19: an engine's days, one like the other, and what it holds at the end of each.

The simulation of ``tests/simulation`` on virtual time (``drift`` there says what is measured), with
more people and days than the test suite can take: ``python -m benchmarks.drift [PEOPLE] [DAYS]``.
Sockets, the web process and the workers are not in it.
"""

from __future__ import annotations

import sys

from tests.simulation.drift import Held, days, trends
from tests.simulation.scenario import Installation
from tests.simulation.storm import simulated

from benchmarks.figure import Figure
from kalends import observe

PEOPLE, DAYS = 100, 30
WARM = 5
"""Days until everything that is filled once is filled."""
LIMIT = 5.0
"""Percent of growth that is promised."""


def figures(people: int = PEOPLE, count: int = DAYS) -> list[Figure]:
    """Live the days; each figure's growth from the first week after the warm-up to the last."""
    observe.configure("critical")
    found: list[Held] = []

    async def story(home: Installation) -> None:
        async for held in days(home, count):
            found.append(held)
            print(f"day {len(found)}: {held}", flush=True)

    simulated(1, story, people=people, poll_seconds=1800)
    told = f"{people} people, {count} days"
    return [
        Figure(
            f"{told}: {one.name} ({one.before:.0f} → {one.after:.0f})", round(100 * one.drift, 2),
            "%", LIMIT, 100 * one.drift <= LIMIT,
        )
        for one in trends(found, WARM)
    ]  # fmt: skip


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]]
    for figure in figures(*asked):
        print(figure)
