"""Which rules a text may concern: looked up by its code, categories and words.

Place in the flow: *subject, categories → index → rules asked → gist*. An organization may have
hundreds of rules, and most subjects concern none. So each rule is found by one of its conditions
on text, its *anchor*; only rules found by it are asked whether all of their conditions hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kalends.model.rules import Match
from kalends.policy.fold import fold
from kalends.policy.matching import Rule, code_forms, many
from kalends.policy.subject import Subject, openings, phrases

Places = tuple[int, ...]
"""Positions of rules, in order."""


class TextIndex:
    """The rules that look at text, by what they look for."""

    __slots__ = ("_always", "_anywhere", "_by_category", "_by_code", "_by_opening", "_rules")

    def __init__(self, rules: Iterable[tuple[Rule, Match]]) -> None:
        textual = [(rule, match) for rule, match in rules if rule.reads is not None]
        self._rules: Sequence[Rule] = [rule for rule, _ in textual]
        codes, categories, opening, anywhere, always = _anchored([match for _, match in textual])
        self._by_code, self._by_category, self._by_opening = codes, categories, opening
        self._anywhere = tuple(anywhere.items())
        """First words of what is looked for anywhere: there is mostly none of them."""
        self._always = always
        """Patterns, and what has no word to be looked up by."""

    def spoken(self, subject: Subject, categories: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys of the rules whose conditions on text all hold, in the rules' order."""
        found = self._by_code.get(subject.head, ()) + self._always
        if categories and self._by_category:
            for name in categories:
                found += self._by_category.get(fold(name.strip()), ())
        if self._by_opening:
            found += self._by_opening.get(subject.first_word, ())
        if self._anywhere:
            folded = subject.folded
            for first, places in self._anywhere:
                if first in folded:
                    found += places
        return self._held(found, subject, categories) if found else ()

    def _held(
        self, found: Places, subject: Subject, categories: tuple[str, ...]
    ) -> tuple[str, ...]:
        asked = (self._rules[place] for place in sorted(set(found)))
        return tuple([rule.key for rule in asked if rule.reads and rule.reads(subject, categories)])


_Table = dict[str, Places]


def _anchored(matches: Iterable[Match]) -> tuple[_Table, _Table, _Table, _Table, Places]:
    """Return which rules are found by code, category, first word, a word anywhere, and always."""
    tables: tuple[defaultdict[str, Places], ...] = tuple(defaultdict(tuple) for _ in range(4))
    always: Places = ()
    for place, match in enumerate(matches):
        number, forms = _anchor(match)
        if not forms:
            always += (place,)
        for form in forms:
            tables[number][form] += (place,)
    codes, categories, opening, anywhere = (dict(table) for table in tables)
    return codes, categories, opening, anywhere, always


def _anchor(match: Match) -> tuple[int, frozenset[str]]:
    """Return by which table and under which forms a rule is found; no forms: always asked."""
    if match.code is not None:
        return 0, frozenset(form for code in many(match.code) for form in code_forms(code))
    if match.category is not None:
        return 1, frozenset(fold(name.strip()) for name in many(match.category))
    if match.subject is not None:
        return 2, _first_words(many(match.subject))
    if match.word is not None:
        return 3, _first_words(many(match.word))
    return 0, frozenset()


def _first_words(texts: Sequence[str]) -> frozenset[str]:
    """Return with which words the phrases begin; none where one has no word at all (``---``)."""
    forms = [phrases(text) for text in texts]
    if not all(forms):
        return frozenset()
    return frozenset(openings(form for each in forms for form in each))
