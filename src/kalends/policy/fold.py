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
    try:
        # Most text with accents: each letter by itself, at a fifth of the price.
        plain = text.encode("latin-1").translate(_LATIN_1)
    except UnicodeEncodeError:
        return _folded(text)
    return plain.decode("latin-1") if _MANY not in plain else _folded(text)


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = _MARKS.sub("", parts)
    return bare if bare.isascii() else bare.translate(_WHOLE_LETTERS)


_MANY: Final = b"\x80"
"""Stands for letters that are folded to several (ß, æ), or to one that is not Latin-1."""


def _latin_1() -> bytes:
    """Return the folded form of each Latin-1 character: none depends on its neighbours."""
    forms = [_folded(chr(code)) for code in range(256)]
    return b"".join(
        form.encode("latin-1") if len(form) == 1 and "\x80" != form < "\u0100" else _MANY
        for form in forms
    )


_LATIN_1: Final = _latin_1()


def spellings(word: str) -> frozenset[str]:
    """Return the folded forms under which a rule's word is found: ``Büro`` → buro, buero."""
    lower = unicodedata.normalize("NFC", word).lower()
    return frozenset({fold(word), fold(lower.translate(_WRITTEN_OUT))})
