"""Reading a subject: reply prefixes, marks, the code at its start, its words. POLICY section 2.

Place in the flow: *booking → subject → rules*. A subject is read once and lazily; everything
here is linear in its length, for somebody will invite with 100,000 characters.

Vocabulary: a *prefix* is what mail programs put before a reply (``SV:``, ``RE[2]:``); a *mark*
is a sign a person puts in front; the *head* is what stands before the first ``:`` or ``;``
(a *code*, where a rule knows it); the *tail* behind it becomes the note.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import islice
from typing import Final

from kalends.policy.fold import fold, spellings

REPLY_PREFIXES: Final = frozenset(
    {"re", "fw", "fwd"}  # English, and everywhere
    | {"sv", "vs", "vb", "vl", "ang"}  # Swedish, Danish, Norwegian, Finnish
    | {"aw", "wg", "antw", "doorst"}  # German, Dutch
    | {"tr", "ref", "rv", "rt", "res", "enc"}  # French, Spanish, Portuguese
    | {"r", "rif", "i", "odp", "pd"}  # Italian, Polish
)
"""What mail and calendar programs put before the subject of an answer, folded."""

_HEAD_ENDS: Final = re.compile("[:;：；]")
_LONGEST_HEAD: Final = 64
"""Characters of the longest code, so that a colon far behind costs nothing."""
_MOST_PREFIXES: Final = 50
"""Nobody answers so often; what repeats a prefix without end is not read to its end."""
_COUNTED: Final = re.compile(r"\s*(?:\[\d{1,4}\]|\(\d{1,4}\))$")
"""``RE[2]``, ``AW (3)``."""
_WORD: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_JOINED: Final = re.compile(r"\s*(?:&|\+|/|'n'?\s|\bn')")
"""Signs that make two words one name: ``Lunch & learn``."""


class Subject:
    """One subject as rules see it. Lazy by hand: it is made for every booking."""

    __slots__ = ("_folded", "_opening", "_words", "head", "tail", "text")

    def __init__(self, text: str, head: str | None = None, head_end: int = 0) -> None:
        if head is None:
            head, head_end = find_head(text, 0)
        self.text = text
        """The subject without prefixes and marks, as written."""
        self.head = head
        """What stands before the first ``:`` or ``;``, folded; empty where there is none."""
        self.tail = text[head_end:].strip() if head else ""
        """What stands behind it, as written: the note."""
        self._folded: str | None = None
        self._opening: tuple[tuple[str, int], ...] | None = None
        self._words: str | None = None

    @property
    def folded(self) -> str:
        """Return the whole text, folded."""
        if self._folded is None:
            self._folded = fold(self.text)
        return self._folded

    @property
    def first_word(self) -> str:
        """Return the first word, folded; empty where there is none."""
        found = _WORD.search(self.folded)
        return found[0] if found else ""

    @property
    def opening(self) -> tuple[tuple[str, int], ...]:
        """Return the first words (at most eight), joined by spaces, each with its end."""
        if self._opening is None:
            self._opening = tuple(self._openings())
        return self._opening

    def _openings(self) -> Iterator[tuple[str, int]]:
        so_far = ""
        for word in islice(_WORD.finditer(self.folded), LONGEST_PHRASE):
            so_far = f"{so_far} {word[0]}" if so_far else word[0]
            yield so_far, word.end()

    @property
    def words(self) -> str:
        """Return all words, each between single spaces, to look for phrases in."""
        if self._words is None:
            self._words = f" {' '.join(_WORD.findall(self.folded))} "
        return self._words

    def joined_after(self, end: int) -> bool:
        """Tell whether ``&``, ``+`` or ``/`` ties what ends at ``end`` to the next word."""
        return _JOINED.match(self.folded, end) is not None

    def word_after(self, end: int) -> str:
        """Return the word behind ``end``, folded; empty where there is none."""
        found = _WORD.search(self.folded, end)
        return found[0] if found else ""

    def begins_with(self, phrases: Container[str]) -> bool:
        """Tell whether it is, or begins with, one of the phrases as a word of its own."""
        return any(phrase in phrases and not self.joined_after(end) for phrase, end in self.opening)


LONGEST_PHRASE: Final = 8
"""Words of the longest phrase a rule or pack may look for at the start."""


def phrase(words: str) -> str:
    """Return a rule's phrase in the form ``Subject.words`` has, without outer spaces."""
    return " ".join(_WORD.findall(fold(words)))


def phrases(words: str) -> frozenset[str]:
    """Return every form under which a rule's or pack's phrase is found.

    A phrase of several words is also found hyphenated: ``home office``, ``home-office``.
    """
    forms = {" ".join(_WORD.findall(spelling)) for spelling in spellings(words)}
    return frozenset(forms | {form.replace(" ", "-") for form in forms}) - {""}


def find_head(text: str, at: int) -> tuple[str, int]:
    """Return what stands between ``at`` and the next ``:`` or ``;``, folded, and where that ends.

    Empty where there is no such sign, nothing before it, or too much.
    """
    found = _HEAD_ENDS.search(text, at, at + _LONGEST_HEAD + 16)
    if found is None:
        return "", at
    head = text[at : found.start()].strip()
    if not head or len(head) > _LONGEST_HEAD:
        return "", at
    return fold(head), found.end()


def without_prefixes(text: str, codes: Container[str]) -> Subject:
    """Return the subject behind its reply prefixes; a code of the organization is none."""
    text = text.strip()
    head, end = find_head(text, 0)
    if not head:
        return Subject(text, "")
    at = 0
    for _ in range(_MOST_PREFIXES):
        name = _COUNTED.sub("", head) if head[-1] in ")]" else head
        if name not in REPLY_PREFIXES or name in codes:
            break
        at = end
        head, end = find_head(text, at)
        if not head:
            break
    rest = text[at:].lstrip()
    return Subject(rest, head, end - (len(text) - len(rest)))
