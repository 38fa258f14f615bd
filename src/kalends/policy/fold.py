"""Folding: two spellings of one word become the same text. POLICY section 2.

Place in the flow: *subject → fold → codes, words, packs*. Case, umlauts and accents, ß/ss and
the Nordic and Polish letters that Unicode does not decompose are folded on both sides, the
subject's and the rule's; full-width signs and odd spaces become ordinary ones.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WHOLE_LETTERS: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)
"""Letters that are no letter with a mark to Unicode, but are to those who type without them."""

_MARKS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""The combining marks that a decomposed accent leaves behind."""

_WRITTEN_OUT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
"""How umlauts are written where a keyboard lacks them: ``Geschaeftsreise``."""


def fold(text: str) -> str:
    """Return ``text`` in the one form in which subjects and rules are compared."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = _MARKS.sub("", parts)
    return bare if bare.isascii() else bare.translate(_WHOLE_LETTERS)


def spellings(word: str) -> frozenset[str]:
    """Return the folded forms under which a rule's word is found: ``Büro`` → buro, buero."""
    lower = unicodedata.normalize("NFC", word).lower()
    return frozenset({fold(word), fold(lower.translate(_WRITTEN_OUT))})
