"""A book: contacts in memory with an index over the words and numbers they are found by.

Place in the flow: directories that are read whole (public folders) keep one; the organization's
own people are one for the moment of a question. Immutable: a renewed book replaces the old one.

How it works: every word of a contact stands in one sorted list beside the contact's place, so that
a beginning is found by bisection. Numbers are found by their one form, or by four or more of their
last digits typed into the search field.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from kalends.directory.contract import MOST, Contact
from kalends.policy.fold import fold

_WORDS: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ()./-]*")
_LEAST_DIGITS: Final = 4
"""Fewer digits are no telephone number somebody looks for, but a word like any other."""
_AFTER: Final = "\U0010ffff"


def words(text: str) -> list[str]:
    """Return the words of a text in the form they are compared in."""
    return _WORDS.findall(fold(text))


def digits(text: str) -> str:
    """Return the digits of what looks like a telephone number; else nothing."""
    if _NUMBER.fullmatch(text.strip()) is None:
        return ""
    found = re.sub(r"\D", "", text.replace("(0)", ""))
    return found if len(found) >= _LEAST_DIGITS else ""


class Book:
    """Contacts, searchable. Memory: about 1.5 kB per contact."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._contacts = tuple(contacts)
        found = {
            (word, place) for place, one in enumerate(self._contacts) for word in _words_of(one)
        }
        self._entries = sorted(found)
        self._numbers: defaultdict[str, list[int]] = defaultdict(list)
        tails: list[tuple[str, int]] = []
        for place, one in enumerate(self._contacts):
            for plain in dict.fromkeys(number.plain for number in one.numbers if number.plain):
                self._numbers[plain].append(place)
                # Backwards: the last digits are what people read from a display.
                tails.append((plain.lstrip("+")[::-1], place))
        self._tails = sorted(tails)

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._contacts)

    def search(self, text: str, limit: int = MOST) -> tuple[Contact, ...]:
        """Return contacts by words, or by a number's last digits; names first, then by name."""
        if tail := digits(text):
            found = self._ending(tail)
        else:
            wanted = words(text)
            if not wanted:
                return ()
            found = set.intersection(*(self._beginning(word) for word in wanted))
        first = words(text)
        ranked = sorted(found, key=lambda place: _rank(self._contacts[place], first))
        return tuple(self._contacts[place] for place in ranked[:limit])

    def lookup(self, number: str) -> tuple[Contact, ...]:
        """Return whose number this is, in the order of the book."""
        return tuple(self._contacts[place] for place in self._numbers.get(number, ()))

    def _beginning(self, word: str) -> set[int]:
        first = bisect_left(self._entries, (word,))
        last = bisect_left(self._entries, (word + _AFTER,))
        return {place for _, place in self._entries[first:last]}

    def _ending(self, tail: str) -> set[int]:
        # 070-123 45 67 and +46 70 123 45 67 end alike: the zeros that only lead out do not count.
        turned = tail.lstrip("0")[::-1]
        if len(turned) < _LEAST_DIGITS:
            turned = tail[::-1]
        first = bisect_left(self._tails, (turned,))
        last = bisect_left(self._tails, (turned + _AFTER,))
        return {place for _, place in self._tails[first:last]}


def _words_of(contact: Contact) -> set[str]:
    names = (contact.name, contact.given, contact.family)
    about = (contact.company, contact.department, contact.title, *contact.emails)
    return {word for text in (*names, *about) for word in words(text)}


def _rank(contact: Contact, wanted: list[str]) -> tuple[bool, str, str]:
    """Order: those whose name holds every word asked for, then by name and company."""
    name = words(contact.name)
    named = all(any(one.startswith(word) for one in name) for word in wanted)
    return not named, fold(contact.name), fold(contact.company)
