"""The morning burst: 100,000 of 1,000,000 people change in the same second (SQLite).

The real store and engine, one sink in the process that notes when it was handed each state; what
it is handed is stored by then. Run alone with
``python -m benchmarks.burst [PEOPLE] [DUE] [DIRECTORY]``; a million takes minutes to fill, and a
directory keeps the filled database for the next run.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks.crowd import BOUNDARY, HOUR, Crowd, NotingSink, clock, run, stored
from benchmarks.figure import Figure

AHEAD = 60.0
"""Seconds between start and boundary."""


def measure(people: int, due: int, directory: Path | None) -> NotingSink:
    """Return the sink, with how late (seconds after the boundary) it was handed each state."""
    apart = people // due

    def begin(number: int) -> int:
        return BOUNDARY if number % apart == 0 else BOUNDARY + HOUR + number % 36_000

    crowd = Crowd(people, begin)
    with stored(crowd, directory) as place:
        runtime = clock(AHEAD)
        sink = NotingSink(begin, runtime.now)
        sink.expected = due
        asyncio.run(run(place, crowd, [sink], runtime, AHEAD + 120))
    sink.late.sort()
    return sink


def figures(
    people: int = 1_000_000, due: int = 100_000, directory: Path | None = None
) -> list[Figure]:
    """Measure on this machine."""
    sink = measure(people, due, directory)
    late, busy = sink.late, sink.busy_to - sink.busy_from
    assert len(late) == due, f"only {len(late)} of {due} arrived"
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    name = f"{due:,} of {people:,} due in one second: boundary to sink"
    return [
        Figure(f"{name}, p50", round(p50, 2), "s", 2.0, p50 <= 2),
        Figure(f"{name}, p99", round(p99, 2), "s", 2.0, p99 <= 2),
        Figure(f"{name}, processor time of it", round(busy, 2), "s", 2.0, busy <= 2),
        Figure(f"{name}, earliest", round(late[0], 3), "s", 0.0, late[0] >= 0),
    ]


if __name__ == "__main__":
    crowd, kept = [int(word) for word in sys.argv[1:3]] or [1_000_000, 100_000], sys.argv[3:]
    for figure in figures(crowd[0], crowd[-1], Path(kept[0]) if kept else None):
        print(figure)
