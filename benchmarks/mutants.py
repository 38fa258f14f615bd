"""Whether the storms of promise 1 see faults: the code it rests on, wrong in one place at a time.

Each fault of ``mutants.toml`` is put into a copy; small storms run on it until one fails, and where
none does the suite of the engine and of the store has its turn. Faults of rooms that no storm comes
to (a zone's clock, a credential's breaker) name the tests that are theirs. A fault that none of
them sees is one that nobody would notice::

    python -m benchmarks.mutants [NAME ...] [--seeds N] [--jobs N]

Without names all of them run. Ends with 1 where a fault was not seen, or its place is not found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parents[1]
STORMS: Final = """
import sys
from tests.simulation.storm import simulated, storm
from kalends import observe
observe.configure("critical")
for seed in range(int(sys.argv[1])):
    try:
        simulated(seed, storm(0.5), people=40)
    except Exception as error:
        sys.exit(f"seed {seed}: {error!r:.150}")
"""
SUITE: Final = (
    "tests/unit/engine", "tests/contract/store", "tests/simulation/test_faults.py",
    "tests/simulation/test_prompt.py", "tests/integration/engine",
)  # fmt: skip
SECONDS: Final = 900.0
"""After so long a storm hangs, which is seen too."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: in a file, some text instead of another that stands there once."""

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...] = ()
    """Where they are named they are asked instead of storms and ``SUITE``."""


def mutants() -> list[Mutant]:
    """Return all faults that stand in ``mutants.toml``."""
    listed = tomllib.loads((HERE / "benchmarks/mutants.toml").read_text(encoding="utf-8"))
    return [Mutant(**{**one, "tests": tuple(one.get("tests", ()))}) for one in listed["mutant"]]


def tried(mutant: Mutant, seeds: int) -> tuple[bool, str]:
    """Tell whether a fault is seen, and by what."""
    with tempfile.TemporaryDirectory(prefix="kalends-mutant-") as place:
        copy = Path(place)
        for part in ("src", "tests", "benchmarks", "lab"):
            shutil.copytree(HERE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "pyproject.toml", copy)
        file = copy / mutant.file
        text = file.read_text(encoding="utf-8")
        if text.count(mutant.right) != 1:
            return False, f"its place is there {text.count(mutant.right)} times"
        file.write_text(text.replace(mutant.right, mutant.wrong), encoding="utf-8")
        found = None if mutant.tests else _run(copy, "-c", STORMS, str(seeds))
        if found is not None:
            return True, f"by a storm, {found}"
        there = [one for one in mutant.tests or SUITE if (copy / one).exists()]
        found = _run(
            copy, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *there
        )
        return (True, f"by a test, {found}") if found is not None else (False, "by nothing")


def _run(place: Path, *arguments: str) -> str | None:
    """Run Python on a copy; return what it ended with where it failed."""
    paths = os.pathsep.join(str(place / part) for part in ("src", "lab", "."))
    try:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=place, env={**os.environ, "PYTHONPATH": paths},
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "which hung"
    if done.returncode == 0:
        return None
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    return next((one for one in lines if one.startswith(("seed", "FAILED", "ERROR"))), lines[-1])


def main(arguments: Sequence[str]) -> int:
    """Try the faults that are asked for; return 1 where one was not seen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", default=6, type=int)
    parser.add_argument("--jobs", default=1, type=int)
    asked = parser.parse_args(arguments)
    chosen = [one for one in mutants() if not asked.names or one.name in asked.names]
    unseen = 0
    with ThreadPoolExecutor(asked.jobs) as pool:
        tries = pool.map(lambda one: tried(one, asked.seeds), chosen)
        for mutant, (seen, how) in zip(chosen, tries, strict=True):
            print(f"{'seen' if seen else 'NOT SEEN'}: {mutant.name}, {how}", flush=True)
            unseen += not seen
    return 1 if unseen or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
