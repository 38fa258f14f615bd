"""Promise 1 at the size it is made for: 200 people, 30 days, seed after seed.

The simulation of ``tests/simulation/storm.py``: faults of calendar servers and sinks, kills,
virtual time; after each storm every sink must equal what the calendars say, in order, and in quiet
hours every transition must have been told at its second. One seed of 30 days takes a minute or two
of a core, so this can be cut in pieces and taken up again::

    python -m benchmarks.promise1 [SEEDS] [DAYS] [--jobs N] [--log FILE]

``SEEDS`` is how many (from the suite's first one), or which: ``1000-1199``, ``1003,1042``. A line
is printed as each ends; with ``--log`` it is written there too, and seeds that stand there as sound
for as many days are not run again. Ends with 1 where a seed failed, and names it.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import re
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.simulation.storm import Tally, simulated, storm

from benchmarks.figure import Figure
from kalends import observe
from kalends.endpoints.kind import kinds

PEOPLE, DAYS, SEEDS = 200, 30, 200
"""What is promised."""
FIRST = 1000
"""The test suite's first seed."""
_LINE: Final = re.compile(r"^seed (\d+), ([\d.]+) days: sound\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed."""

    seed: int
    days: float
    seconds: float
    """Processor time."""
    tally: Tally
    fault: str = ""
    """What was wrong; empty: sound."""

    def __str__(self) -> str:
        tally = self.tally
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.injected.items()))
        return (
            f"seed {self.seed}, {self.days:g} days: {'FAILED' if self.fault else 'sound'}, "
            f"{self.seconds:.0f} s; {tally.transitions} transitions told at their second, "
            f"{tally.logged} logged ones found, {tally.compared} states compared; {faults}"
        )


def tried(seed: int, days: float) -> Outcome:
    """Run one seed to its end."""
    observe.configure("critical")
    kinds()  # imports what no seed should pay for
    gc.collect()
    gc.freeze()
    tally, begun, fault = Tally(), time.process_time(), ""
    try:
        simulated(seed, storm(days, tally=tally), people=PEOPLE)
    except Exception:
        fault = traceback.format_exc()
    return Outcome(seed, days, time.process_time() - begun, tally, fault)


def outcomes(seeds: Sequence[int], days: float, jobs: int) -> Iterator[Outcome]:
    """Run seeds, several at once where asked; yields each as it ends."""
    if jobs == 1:
        yield from (tried(seed, days) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(tried, seed, days) for seed in seeds]):
            yield done.result()


def sound_before(log: Path | None, days: float) -> set[int]:
    """Return the seeds that stand in a log as sound for as many days."""
    if log is None or not log.exists():
        return set()
    found = _LINE.findall(log.read_text(encoding="utf-8"))
    return {int(seed) for seed, of in found if float(of) == days}


def figures(
    seeds: Sequence[int], days: float, jobs: int = 1, log: Path | None = None
) -> tuple[list[Figure], list[int]]:
    """Run what has not been run; return the figure, and the seeds that failed."""
    sound = sound_before(log, days) & set(seeds)
    failed: list[int] = []
    for one in outcomes([seed for seed in seeds if seed not in sound], days, jobs):
        _tell(one, log)
        if one.fault:
            failed.append(one.seed)
        else:
            sound.add(one.seed)
    name = f"{PEOPLE} people, {days:g} days, nothing lost or reordered"
    whole = not failed and len(sound) >= SEEDS and days >= DAYS
    return [Figure(f"{name}: sound seeds", len(sound), "seeds", SEEDS, whole)], failed


def _tell(one: Outcome, log: Path | None) -> None:
    text = f"{one}\n{one.fault}" if one.fault else f"{one}"
    print(text, flush=True)
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def chosen(text: str) -> list[int]:
    """Return the seeds that are meant: how many, a range, or a list of either."""
    if text.isdecimal() and int(text) < FIRST:
        return list(range(FIRST, FIRST + int(text)))
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; return 1 where a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promise1")
    parser.add_argument("seeds", nargs="?", default="1", type=chosen)
    parser.add_argument("days", nargs="?", default=2.0, type=float)
    parser.add_argument("--jobs", default=1, type=int)
    parser.add_argument("--log", type=Path)
    asked = parser.parse_args(arguments)
    found, failed = figures(asked.seeds, asked.days, asked.jobs, asked.log)
    for figure in found:
        print(figure)
    if failed:
        print(f"FAILED: {', '.join(map(str, failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
