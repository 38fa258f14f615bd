"""Known boundaries on an ordinary day, and a sink that hangs (RELIABILITY promise 4; SQLite).

*Ordinary*: 100 of many people change in every second. *Hung*: the same with twenty sinks, of
which one never answers; beside a run in which all answer, turn and turn about, so that whatever
else the machine does touches both alike. Run with
``python -m benchmarks.punctual [PEOPLE] [SECONDS] [ROUNDS]``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.crowd import BOUNDARY, HOUR, Crowd, NotingSink, clock, run, stored
from benchmarks.figure import Figure

AHEAD = 8.0
"""Seconds between start and the first boundary."""
RATE = 100
SINKS = 20


def _crowd(people: int, seconds: int, sinks: int) -> Crowd:
    apart = people // (RATE * seconds)
    assert apart, f"{RATE * seconds:,} change, one after the other: there must be as many people"

    def begin(number: int) -> int:
        turn, rest = divmod(number, apart)
        if rest or turn >= RATE * seconds:
            return BOUNDARY + HOUR + number % 36_000
        return BOUNDARY + turn % seconds  # neighbours change at different times

    return Crowd(people, begin, sinks)


def lateness(place: Path, crowd: Crowd, expected: int, hung: int | None = None) -> list[float]:
    """Return how late each state came at each sink that answers, sorted."""
    runtime = clock(AHEAD)
    sinks = [NotingSink(crowd.begin, runtime.now) for _ in range(crowd.sinks)]
    for number, sink in enumerate(sinks):
        sink.expected, sink.hangs = expected, number == hung
    asyncio.run(run(place, crowd, sinks, runtime, AHEAD + expected / RATE + 20))
    answering = [sink for sink in sinks if not sink.hangs]
    told = [len(sink.late) for sink in answering]
    assert min(told) == expected, f"only {min(told)} of {expected} arrived at a sink"
    return sorted(it for sink in answering for it in sink.late)


def _p99(late: list[float]) -> float:
    return late[len(late) * 99 // 100]


def _ordinary(people: int, seconds: int) -> list[Figure]:
    crowd = _crowd(people, seconds, 1)
    with stored(crowd, None) as place:
        late = lateness(place, crowd, RATE * seconds)
    name = f"{RATE} of {people:,} people change each second for {seconds} s: boundary to sink"
    p99, worst = _p99(late), late[-1]
    return [
        Figure(f"{name}, p99", round(p99, 3), "s", 0.2, p99 <= 0.2),
        Figure(f"{name}, latest", round(worst, 3), "s", 1.0, worst <= 1.0),
        Figure(f"{name}, earliest", round(late[0], 3), "s", 0.0, late[0] >= 0),
    ]


def _hung(people: int, seconds: int, rounds: int) -> list[Figure]:
    crowd = _crowd(people, seconds, SINKS)
    all_answer: list[float] = []
    one_hangs: list[float] = []
    with tempfile.TemporaryDirectory(prefix="kalends-bench") as name:
        for turn in range(2 * rounds):
            hung = turn % SINKS if turn % 2 else None
            with stored(crowd, Path(name)) as place:
                late = _p99(lateness(place, crowd, RATE * seconds, hung))
            (one_hangs if turn % 2 else all_answer).append(late)
    before, after = median(all_answer), median(one_hangs)
    grown = 100 * (after / before - 1)
    name = f"{SINKS} sinks, {RATE} changes/s: boundary to sink, p99"
    return [
        Figure(f"{name}, all answer", round(before, 3), "s", 0.2, before <= 0.2),
        Figure(f"{name}, one hangs, the others", round(after, 3), "s", 0.2, after <= 0.2),
        Figure(f"{name}, grown by", round(grown, 1), "%", 10.0, grown <= 10),
    ]


def figures(people: int = 100_000, seconds: int = 30, rounds: int = 3) -> list[Figure]:
    """Measure on this machine."""
    return _ordinary(people, seconds) + _hung(people // 10, seconds // 2, rounds)


if __name__ == "__main__":
    for figure in figures(*(int(word) for word in sys.argv[1:])):
        print(figure)
