"""The faults that the storms and the suite are to see still have their places in the code."""

from __future__ import annotations

import pytest
from benchmarks.mutants import HERE, Mutant, mutants


@pytest.mark.parametrize("mutant", mutants(), ids=lambda one: one.name)
def test_the_place_of_a_fault_is_there_once(mutant: Mutant) -> None:
    assert (HERE / mutant.file).read_text(encoding="utf-8").count(mutant.right) == 1
    assert mutant.wrong != mutant.right
