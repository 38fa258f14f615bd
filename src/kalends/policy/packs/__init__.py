"""Keyword packs and names, one module per language. POLICY section 2.

``PACKS`` is all a reader needs; ``pack.py`` tells what a language brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kalends.policy.packs import da, de, en, es, fi, fr, it, nb, nl, pl, pt, sv
from kalends.policy.packs.pack import Pack, listed

PACKS: Final[Mapping[str, Pack]] = {
    module.PACK.language: module.PACK for module in (sv, en, de, nb, da, fi, nl, fr, es, it, pl, pt)
}
"""Language → pack."""

_ALIASES: Final = {"no": "nb", "nn": "nb"}

DEFAULT_CODES: Final[Mapping[str, str]] = {
    "m": "meeting",
    "l": "lunch",
    "h": "home",
    "gfd": "gone",
    "vab": "child-care",
}
"""Short codes every organization has until its rules say otherwise."""

ABSENCES: Final = frozenset(
    {"out-of-office", "vacation", "sick", "child-care", "parental-leave", "gone"}
)
"""Activities whose words need an own booking that is not shown as free: team calendars are full
of other people's holidays."""


def pack_language(tag: str) -> str:
    """Return the pack's key of a BCP 47 tag: ``sv-FI`` → sv, ``nn`` → nb."""
    base = tag.partition("-")[0].lower()
    return _ALIASES.get(base, base)


__all__ = ["ABSENCES", "DEFAULT_CODES", "PACKS", "Pack", "listed", "pack_language"]
