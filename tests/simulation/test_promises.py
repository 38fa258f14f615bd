"""RELIABILITY promise 1, and clocks that are set, on virtual time.

The engine and the SQLite store are the real ones; the world and its faults are scripted. The
oracle (``world``, ``calm``) is computed from the truth alone. A failing seed becomes a test of its
own; ``benchmarks.promise1`` runs the story at its full size.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.storm import simulated, storm


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_whatever_the_weather(seed: int) -> None:
    simulated(seed, storm(0.5), people=20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("KALENDS_SEEDS", "10"))))
def test_promise_1_nothing_lost_nothing_reordered(seed: int) -> None:
    days = float(os.environ.get("KALENDS_DAYS", "2"))
    simulated(1000 + seed, storm(days), people=200)


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_is_set_ends_in_the_truth(seed: int) -> None:
    simulated(50 + seed, storm(1.0, crashes=0.0, steps=True), people=10)
