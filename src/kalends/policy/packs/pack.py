"""What a language brings: names, spoken words, and the words people write in calendars.

Place in the flow: *packs → vocabulary (names) and rules (words)*. Each language is one module of
this package with a value ``PACK``; a new language is a new module and one line in ``__init__``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pack:
    """One language. Lists of words are texts, separated by commas, as one would jot them down."""

    language: str
    """ISO 639-1."""
    names: Mapping[str, str]
    """Activity → name on pages: ``Möte``."""
    spoken: Mapping[str, str]
    """Activity → words for announcements, such that they follow "is": ``i möte``."""
    role_names: Mapping[str, str]
    """Role → name on pages."""
    role_spoken: Mapping[str, str]
    """Role → words for announcements."""
    words: Mapping[str, str]
    """Activity → words and phrases that mean it as the whole subject or its first words."""
    alone: str = ""
    """Those among them that mean it only as the whole subject, or before a sign or a number:
    ``Leave`` is one, ``Leave early for the airport`` is none."""
    joiners: str = ""
    """"And": what follows makes another name of the word, ``Lunch and learn``."""
    followers: str = ""
    """Words that, right behind a pack word, make it the topic of something else: planning a
    holiday is not being on one."""


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a comma-separated list."""
    return tuple(word for part in text.split(",") if (word := part.strip()))
