"""What text and rules mean to a group of people with equal settings. POLICY section 2.

Place in the flow: *settings + department + own rules + languages → meaning → judge*. Compiled
once and shared; a person adds only who he is (``person``).

Order of the rules: the person's record, the person's own keywords, the department's, the
organization's; then default codes and keyword packs, which decide only what is still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from kalends.model.booking import Gist, ShowAs
from kalends.model.rules import RuleSpec
from kalends.model.vocabulary import Availability
from kalends.policy.index import TextIndex
from kalends.policy.matching import Rule, code_forms, compile_rule, many
from kalends.policy.packs import ABSENCES, DEFAULT_CODES, PACKS, Pack, listed, pack_language
from kalends.policy.situation import Standing
from kalends.policy.subject import Subject, first_word, is_joined, openings, phrases

if TYPE_CHECKING:
    from kalends.policy.judge import Settled

NATURAL: Final[Mapping[ShowAs, Availability]] = {
    ShowAs.FREE: Availability.AVAILABLE,
    ShowAs.TENTATIVE: Availability.AVAILABLE,
    ShowAs.BUSY: Availability.BUSY,
    ShowAs.OOF: Availability.AWAY,
    ShowAs.ELSEWHERE: Availability.AVAILABLE,
}
"""The preset ``by-status``."""

ALL_BUSY: Final[Mapping[ShowAs, Availability]] = dict.fromkeys(ShowAs, Availability.BUSY)


def show_as_table(choice: str | Mapping[str, Availability]) -> Mapping[ShowAs, Availability]:
    """Return the table behind a preset or an own table; missing cells are as by status."""
    if isinstance(choice, str):
        return ALL_BUSY if choice == "all-busy" else NATURAL
    own = {ShowAs(cell): value for cell, value in choice.items() if cell in set(ShowAs)}
    return {**NATURAL, **own}


class PackWord(NamedTuple):
    """One phrase of a pack."""

    meant: tuple[str, str, bool]
    """Activity, ``pack:sv:meeting``, and that no code said so."""
    alone: bool
    absence: bool
    barred: frozenset[str]
    """Words that, right behind it, make it part of another name: joiners and followers."""
    barred_signs: frozenset[str]
    """With what those begin."""

    def holds(self, folded: str, end: int) -> bool:
        """Tell whether the phrase ending at ``end`` is meant, not part of another name."""
        rest = folded[end:].lstrip()
        if not rest:
            return True
        sign = rest[0]
        if is_joined(rest):
            return False
        if not sign.isalnum() or sign in self.barred_signs:
            following = first_word(rest)[0]
            if not following:
                return True
            if following in self.barred:
                return False
        # Alone: a sign or a number may follow, but no other word.
        return not (self.alone and sign.isalpha())


def _pack_words(pack: Pack) -> Iterable[tuple[str, PackWord]]:
    alone = frozenset(form for word in listed(pack.alone) for form in phrases(word))
    words_barred = (*_JOINS_EVERYWHERE, *listed(pack.joiners), *listed(pack.followers))
    barred = frozenset(form for word in words_barred for form in phrases(word))
    signs = frozenset(form[0] for form in barred)
    for activity, words in pack.words.items():
        rule = f"pack:{pack.language}:{activity}"
        absence = activity in ABSENCES
        for word in listed(words):
            for form in phrases(word):
                meant = (activity, rule, False)
                yield form, PackWord(meant, form in alone, absence, barred, signs)


_JOINS_EVERYWHERE: Final = ("and",)
"""People of every language write ``Lunch and learn``."""


@lru_cache(maxsize=256)
def pack_table(languages: tuple[str, ...]) -> Mapping[str, PackWord]:
    """Return phrase → meaning for languages in order; the first language wins a collision."""
    merged: dict[str, PackWord] = {}
    for language in languages:
        for form, word in _pack_words(PACKS[language]):
            known = merged.get(form)
            merged[form] = word if known is None else _shared(known, word)
    return merged


def _shared(first: PackWord, other: PackWord) -> PackWord:
    """Return a phrase that two languages have: it may be part of a name of either.

    What bars it in two letters does so in its own language only: Polish *i* is *and*, Swedish *i*
    is *in*.
    """
    barred = first.barred | {word for word in other.barred if len(word) > 2}
    return first._replace(
        alone=first.alone and other.alone,
        barred=barred,
        barred_signs=frozenset(word[0] for word in barred),
    )


@lru_cache(maxsize=256)
def _openings(languages: tuple[str, ...]) -> Mapping[str, int]:
    return openings(pack_table(languages))


def known_languages(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the packs of some language tags, each once, in order."""
    packs = (pack_language(tag) for tag in tags)
    return tuple(dict.fromkeys(language for language in packs if language in PACKS))


def digest(*facts: object) -> bytes:
    """Return a digest that is the same in every process: of texts, numbers, lists of them."""
    return blake2b(repr((WAY_OF_READING, facts)).encode(), digest_size=12).digest()


WAY_OF_READING: Final = 2
"""Counted up where folding, prefixes, marks or the way words match change: private bookings are
then read anew."""


def _pack_wording(language: str) -> object:
    pack = PACKS[language]
    return language, sorted(pack.words.items()), pack.alone, pack.joiners, pack.followers


_GISTS: Final = 1024
"""Kept gists of one meaning; a few dozen occur."""


class Meaning:
    """Rules, codes and words of everybody with equal settings."""

    __slots__ = (
        "_gists",
        "asks_organizer",
        "codes",
        "default_codes",
        "kept",
        "openings",
        "packs",
        "rules",
        "show_as",
        "texts",
        "timeless",
        "wording",
    )

    def __init__(
        self,
        rules: Iterable[tuple[str, RuleSpec]],
        languages: tuple[str, ...],
        *,
        packs: bool,
        show_as: str | Mapping[str, Availability],
    ) -> None:
        specs = tuple(rules)
        self.rules: tuple[Rule, ...] = tuple(
            compile_rule(spec, identity) for identity, spec in specs
        )
        self.texts = TextIndex(zip(self.rules, (spec.match for _, spec in specs), strict=True))
        self.default_codes: Mapping[str, str] = DEFAULT_CODES if packs else {}
        self.packs: Mapping[str, PackWord] = pack_table(languages) if packs else {}
        self.openings = _openings(languages) if packs else {}
        """With what pack phrases begin: most subjects are done with after one look."""
        self.timeless = not any(rule.timed for rule in self.rules)
        """No rule looks at when or how long a booking is."""
        self.asks_organizer = any(spec.match.organizer is not None for _, spec in specs)
        own = {
            form for _, spec in specs for code in many(spec.match.code) for form in code_forms(code)
        }
        self.codes = frozenset(own | set(self.default_codes))
        """Every code in force: none of them is taken for a reply prefix."""
        self.show_as = show_as_table(show_as)
        self.kept: dict[tuple[object, ...], Settled] = {}
        """Judgements without any text of a booking (``judge``)."""
        self._gists: dict[tuple[tuple[str, ...], tuple[str, str, bool] | None], Gist] = {}
        self.wording = digest(
            sorted((rule.key, rule.wording) for rule in self.rules if rule.textual),
            sorted(self.default_codes),
            [_pack_wording(language) for language in languages] if packs else None,
        )
        """Digest of everything here that says what a text means (``gist``)."""

    def gist(self, rules: tuple[str, ...], built_in: tuple[str, str, bool] | None) -> Gist:
        """Return a gist without marks, one for all who say the same: it is a key, too."""
        found = self._gists.get((rules, built_in))
        if found is None:
            if len(self._gists) >= _GISTS:
                self._gists.clear()
            found = self._gists[rules, built_in] = Gist(rules, built_in)
        return found

    def built_in(
        self, subject: Subject, own: Standing, show_as: ShowAs
    ) -> tuple[str, str, bool] | None:
        """Return activity, rule id and whether a code said so, from default codes and packs."""
        if subject.head and subject.head in self.default_codes:
            activity = self.default_codes[subject.head]
            if activity in ABSENCES and own is not _OWN:
                return None
            return activity, f"code:{activity}", True
        word = self._word(subject)
        if word is None or (word.absence and not _may_be_absent(own, show_as)):
            return None
        return word.meant

    def _word(self, subject: Subject) -> PackWord | None:
        """Return the longest pack phrase the subject is or begins with."""
        first = subject.first_word
        longest = self.openings.get(first)
        if longest is None:
            return None  # most subjects
        if longest == 1:  # most others
            word = self.packs[first]
            return word if word.holds(subject.folded, subject.first_end) else None
        for phrase, end in subject.opens_with(self.openings):
            found = self.packs.get(phrase)
            if found is not None:
                return found if found.holds(subject.folded, end) else None
        return None


def _may_be_absent(own: Standing, show_as: ShowAs) -> bool:
    """Tell whether absence words count: in an own booking not shown as free."""
    return own is _OWN and show_as is not _FREE


_OWN: Final = Standing.OWN
_FREE: Final = ShowAs.FREE
