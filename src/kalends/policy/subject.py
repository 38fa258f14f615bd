"""Reading a subject: reply prefixes, marks, the code at its start, its words. POLICY section 2.

Place in the flow: *booking → subject → rules*. A subject is read once and lazily; everything
here is linear in its length, for somebody will invite with 100,000 characters.

Vocabulary: a *prefix* is what mail programs put before a reply (``SV:``, ``RE[2]:``); a *mark*
is a sign a person puts in front; the *head* is what stands before the first ``:`` or ``;``
(a *code*, where a rule knows it); the *tail* behind it becomes the note.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from itertools import islice
from typing import Final

import msgspec

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
_JOINED: Final = re.compile(r"&|\+|/|'n'?\s|n'")
"""Signs that make two words one name: ``Lunch & learn``."""
_JOINING: Final = ("&", "+", "/", "'", "n")
"""With what those begin."""


class Subject(msgspec.Struct, eq=False, gc=False):
    """One subject as rules see it: made for every booking, so made at once (``subject_of``)."""

    text: str
    """The subject without prefixes and marks, as written."""
    folded: str
    """The whole text, folded."""
    head: str
    """What stands before the first ``:`` or ``;``, folded; empty where there is none."""
    head_end: int
    first_word: str
    """Folded; empty where there is no word."""
    first_end: int
    _words: str | None = None

    @property
    def tail(self) -> str:
        """Return what stands behind the head, as written: the note."""
        return self.text[self.head_end :].strip() if self.head else ""

    def opens_with(self, phrases: Mapping[str, int]) -> list[tuple[str, int]]:
        """Return the first words, joined by spaces, each with its end, the longest first.

        ``phrases`` tells for each word that a phrase begins with how many words the longest such
        phrase has: the first word decides how far one has to look, and mostly that it is over.
        """
        longest = phrases.get(self.first_word)
        if longest is None:
            return []
        if longest == 1:
            return [(self.first_word, self.first_end)]
        found: list[tuple[str, int]] = []
        so_far = ""
        for word in islice(_WORD.finditer(self.folded), longest):
            so_far = f"{so_far} {word[0]}" if so_far else word[0]
            found.append((so_far, word.end()))
        return found[::-1]

    @property
    def words(self) -> str:
        """Return all words, each between single spaces, to look for phrases in."""
        if self._words is None:
            self._words = f" {' '.join(_WORD.findall(self.folded))} "
        return self._words

    def joined_after(self, end: int) -> bool:
        """Tell whether ``&``, ``+`` or ``/`` ties what ends at ``end`` to the next word."""
        return is_joined(self.folded[end:].lstrip())

    def begins_with(self, phrases: Container[str], opening: Mapping[str, int]) -> bool:
        """Tell whether it is, or begins with, one of the phrases as a word of its own.

        ``opening``: ``openings`` of the phrases.
        """
        return any(
            phrase in phrases and not self.joined_after(end)
            for phrase, end in self.opens_with(opening)
        )


def subject_of(text: str) -> Subject:
    """Return a subject that has no prefixes or marks any more."""
    head, end = find_head(text, 0)
    return _subject(text, head, end)


def _subject(text: str, head: str, head_end: int) -> Subject:
    folded = fold(text)
    first, end = first_word(folded)
    return Subject(text, folded, head, head_end, first, end)


def first_word(text: str) -> tuple[str, int]:
    """Return the first word of a folded text and its end; an empty one where there is none."""
    end = text.find(" ")
    word = text[:end] if end >= 0 else text
    if word.isalnum():  # as ``_WORD`` would find it, at half the price
        return word, len(word)
    found = _WORD.search(text)
    return (found[0], found.end()) if found else ("", 0)


def is_joined(rest: str) -> bool:
    """Tell whether ``&``, ``+`` or ``/`` begins what stands behind a word."""
    return rest[:1] in _JOINING and _JOINED.match(rest) is not None


def openings(phrases: Iterable[str]) -> Mapping[str, int]:
    """Return for each word that a phrase begins with how many words the longest one has."""
    longest: dict[str, int] = {}
    for each in phrases:
        words = each.split(" ")
        longest[words[0]] = max(longest.get(words[0], 0), min(len(words), LONGEST_PHRASE))
    return longest


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
    return ("", at) if found is None else _head(text, at, found)


def _head(text: str, at: int, found: re.Match[str]) -> tuple[str, int]:
    head = text[at : found.start()].strip()
    if not head or len(head) > _LONGEST_HEAD:
        return "", at
    return fold(head), found.end()


def without_prefixes(text: str, codes: Container[str]) -> Subject:
    """Return the subject behind its reply prefixes; a code of the organization is none."""
    text = text.strip()
    # Most subjects have no such sign anywhere; to look for each is cheaper than one pattern.
    if ":" not in text and ";" not in text and "：" not in text and "；" not in text:
        return _subject(text, "", 0)
    found = _HEAD_ENDS.search(text, 0, _LONGEST_HEAD + 16)
    if found is None:
        return _subject(text, "", 0)
    head, end = _head(text, 0, found)
    at = 0
    for _ in range(_MOST_PREFIXES):
        name = _COUNTED.sub("", head) if head and head[-1] in ")]" else head
        if name not in REPLY_PREFIXES or name in codes:
            break
        at = end
        head, end = find_head(text, at)
    if not at:
        return _subject(text, head, end)
    rest = text[at:].lstrip()
    return _subject(rest, head, end - (len(text) - len(rest)))
