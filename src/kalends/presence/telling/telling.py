"""What a language brings to explanations: the same keys as English, which a test sees to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Telling:
    """One language."""

    language: str
    """BCP 47 tag."""
    kinds: Mapping[str, str]
    """``explanation.Cause.kind`` → what it is called."""
    outcomes: Mapping[str, str]
    """``explanation.Cause.outcome`` → why it won or lost."""
    rules: Mapping[str, str]
    """What decided a booking, or why it does not count; ``{language}`` and ``{rule}`` are named."""
    words: Mapping[str, str]
    """The words between."""
