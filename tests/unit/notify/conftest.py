"""Quiet logs: faults are what these tests are about."""

from tests.simulation.conftest import quiet

__all__ = ["quiet"]
