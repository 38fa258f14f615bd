"""One measured figure, as every benchmark returns it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside what is promised."""

    name: str
    value: float
    unit: str
    limit: float
    """What is promised, in the same unit."""
    met: bool

    def __str__(self) -> str:
        verdict = "met" if self.met else "NOT MET"
        return f"{self.name}: {self.value} {self.unit} (limit {self.limit} {self.unit}, {verdict})"
