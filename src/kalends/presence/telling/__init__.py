"""Words of explanations, one module per language; ``TELLINGS`` is all a reader needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kalends.presence.telling import da, de, en, es, fi, fr, it, nb, nl, pl, pt, sv
from kalends.presence.telling.telling import Telling

TELLINGS: Final[Mapping[str, Telling]] = {
    module.TELLING.language: module.TELLING
    for module in (sv, en, de, nb, da, fi, nl, fr, es, it, pl, pt)
}
"""Language → words."""

_SAME: Final = {"no": "nb", "nn": "nb"}


def telling(language: str) -> Telling:
    """Return a language by its tag; English where it is not known."""
    first = language.partition("-")[0]
    return TELLINGS.get(_SAME.get(first, first)) or TELLINGS["en"]


__all__ = ["TELLINGS", "Telling", "telling"]
