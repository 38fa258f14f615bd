"""Promise 1 at the size it is made for: 200 people, 30 days, seed after seed.

The simulation of ``tests/simulation``: faults of calendar servers and sinks, crashes, virtual time;
after each storm every sink must equal what the calendars say, in order. One seed of 30 days takes
minutes, so how many are run is said on the command line and told in the figure:
``python -m benchmarks.promise1 [SEEDS] [DAYS]``.
"""

from __future__ import annotations

import sys
import time

from tests.simulation.test_promises import simulated, storm

from benchmarks.figure import Figure
from kalends import observe

PEOPLE, DAYS, SEEDS = 200, 30, 200
"""What is promised."""
FIRST = 1000
"""The test suite's first seed."""


def figures(seeds: int = 1, days: float = 2.0) -> list[Figure]:
    """Run the seeds; the first one that loses or reorders something ends with its assertion."""
    observe.configure("critical")
    begun = time.perf_counter()
    for seed in range(FIRST, FIRST + seeds):
        simulated(seed, storm(days), people=PEOPLE)
        print(f"seed {seed}: sound after {time.perf_counter() - begun:.0f} s", flush=True)
    name = f"{PEOPLE} people, {days:g} days, nothing lost or reordered"
    whole = seeds >= SEEDS and days >= DAYS
    return [Figure(f"{name}: sound seeds", seeds, "seeds", SEEDS, whole)]


if __name__ == "__main__":
    asked = sys.argv[1:]
    for figure in figures(int(asked[0]) if asked else 1, float(asked[1]) if asked[1:] else 2.0):
        print(figure)
