"""Lint: codes and words that collide or can never match. POLICY section 2.

Place in the flow: *settings + people → findings → ``kalends policy lint`` and the console*. Where
``checks`` refuses what cannot work, lint tells what works but hardly as meant. Findings name rules
and words of the configuration, never anything from a calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kalends.model.booking import Response, Sensitivity
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.model.rules import Match, RuleSpec
from kalends.policy.marks import any_mark
from kalends.policy.matching import TEXT_KEYS, code_forms, many
from kalends.policy.meaning import known_languages, pack_table
from kalends.policy.packs import DEFAULT_CODES, PACKS, listed, pack_language
from kalends.policy.shadowing import covers, decided, disagree, settles, words_of
from kalends.policy.subject import LONGEST_PHRASE, REPLY_PREFIXES, phrases


class Fault(StrEnum):
    """What is odd."""

    COLLIDES = "collides"
    """Two things want the same word; the first wins."""
    NEVER_MATCHES = "never-matches"
    """No booking can satisfy it."""
    NO_EFFECT = "no-effect"
    """It may match, but decides nothing that is not decided already."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an administrator should look at."""

    fault: Fault
    key: str
    """Dotted key: ``rules[2].match.code``."""
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what} {self.remedy}"


_Scope = tuple[str, tuple[RuleSpec, ...]]
"""Key of a list of rules, and the rules."""


def lint(settings: OrganizationSettings, people: Iterable[PersonRecord] = ()) -> list[Finding]:
    """Return the findings of an organization and its people, settings first."""
    own: _Scope = ("rules", settings.rules)
    found = [*_marks(settings), *_mode(settings), *_shared_words(settings)]
    found += _scope(settings, own, [own])
    for index, department in enumerate(settings.departments):
        scope: _Scope = (f"departments[{index}].rules", department.rules)
        found += _scope(settings, scope, [scope, own])
    for record in people:
        found += _person(settings, record, own)
    return list(dict.fromkeys(found))


def _person(settings: OrganizationSettings, record: PersonRecord, own: _Scope) -> Iterator[Finding]:
    prefix = f"people[{record.id}]."
    keywords = record.preferences.keywords
    if keywords and not settings.permissions.keywords:
        yield Finding(
            Fault.NO_EFFECT,
            f"{prefix}preferences.keywords",
            "The organization does not permit own keywords.",
            "Set permissions.keywords, or remove them.",
        )
        keywords = ()
    scopes: list[_Scope] = [
        (f"{prefix}rules", record.rules),
        (f"{prefix}preferences.keywords", keywords),
        own,
    ]
    for place in (0, 1):
        yield from _scope(settings, scopes[place], scopes)


def _scope(settings: OrganizationSettings, scope: _Scope, order: list[_Scope]) -> Iterator[Finding]:
    """Yield the findings of one list of rules, seen with all lists in the order they are asked."""
    key, rules = scope
    for index, rule in enumerate(rules):
        place = f"{key}[{index}]"
        yield from _alone(settings, place, rule)
        yield from _against(place, rule, _earlier(order, key, index))


def _earlier(order: list[_Scope], key: str, index: int) -> list[tuple[str, RuleSpec]]:
    """Return the rules asked before one, each with its key."""
    before: list[tuple[str, RuleSpec]] = []
    for name, rules in order:
        for place, rule in enumerate(rules):
            if name == key and place == index:
                return before
            before.append((f"{name}[{place}]", rule))
    return before


def _alone(settings: OrganizationSettings, key: str, rule: RuleSpec) -> Iterator[Finding]:
    """Yield what is odd about a rule whatever the others say."""
    yield from _impossible(settings, key, rule.match)
    yield from _codes(settings, key, rule)
    for name in ("subject", "word"):
        for text in many(getattr(rule.match, name)):
            if name == "subject" and len(text.split()) > LONGEST_PHRASE:
                yield Finding(
                    Fault.NEVER_MATCHES,
                    f"{key}.match.subject",
                    f"{text!r} is longer than the {LONGEST_PHRASE} words looked at in front.",
                    'It matches as the whole subject only; use "word" to find it anywhere.',
                )
    if not rule.then.model_fields_set:
        yield Finding(
            Fault.NO_EFFECT, f"{key}.then", "The rule decides nothing.", "Say what then holds."
        )


def _impossible(settings: OrganizationSettings, key: str, match: Match) -> Iterator[Finding]:
    text = [name for name in TEXT_KEYS if getattr(match, name) is not None]
    if text and match.organizer == "outside":
        yield Finding(
            Fault.NEVER_MATCHES,
            f"{key}.match.{text[0]}",
            "Codes, words and categories of invitations from outside never count.",
            "Leave out organizer, or match by show-as alone.",
        )
    if match.organizer == "inside" and not settings.domains:
        yield Finding(
            Fault.NEVER_MATCHES,
            f"{key}.match.organizer",
            "No domains are said to be inside, so only own bookings match.",
            'Set domains, or write organizer = "me".',
        )
    yield from _never_counts(settings, key, match)
    yield from _contradiction(key, match)


def _never_counts(settings: OrganizationSettings, key: str, match: Match) -> Iterator[Finding]:
    answers = set(many(match.response))
    dead = {Response.DECLINED}
    if settings.unanswered == "ignore":
        dead |= {Response.UNANSWERED, Response.TENTATIVE}
    if answers and answers <= dead:
        yield Finding(
            Fault.NEVER_MATCHES,
            f"{key}.match.response",
            "Bookings with these answers never count, so no rule sees them.",
            "Remove the rule.",
        )


def _contradiction(key: str, match: Match) -> Iterator[Finding]:
    secret = {Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL}
    levels = set(many(match.sensitivity))
    if (
        match.private is not None
        and levels
        and not (levels & secret if match.private else levels - secret)
    ):
        yield Finding(
            Fault.NEVER_MATCHES,
            f"{key}.match.private",
            "private and sensitivity exclude each other.",
            "Keep one of them.",
        )
    if match.weekdays == []:
        yield Finding(
            Fault.NEVER_MATCHES, f"{key}.match.weekdays", "The list is empty.", "Name a day."
        )
    if match.from_time is not None and match.from_time == match.to_time:
        yield Finding(
            Fault.NO_EFFECT,
            f"{key}.match.from_time",
            "It equals to_time, which means all day.",
            "Leave both out, or correct one.",
        )
    for name in ("code", "subject", "word", "category", "show_as", "sensitivity", "response"):
        if getattr(match, name) == []:
            yield Finding(
                Fault.NEVER_MATCHES, f"{key}.match.{name}", "The list is empty.", "Name one."
            )


def _codes(settings: OrganizationSettings, key: str, rule: RuleSpec) -> Iterator[Finding]:
    place = f"{key}.match.code"
    signs = any_mark(settings.marks)
    for code in many(rule.match.code):
        forms = code_forms(code)
        if forms & REPLY_PREFIXES:
            yield Finding(
                Fault.COLLIDES,
                place,
                f"{code!r} is also what mail programs put before an answer.",
                "Answers to anything will match; choose another code.",
            )
        usual = next((DEFAULT_CODES[form] for form in forms if form in DEFAULT_CODES), None)
        if settings.packs and usual and rule.then.activity not in (None, usual):
            yield Finding(
                Fault.COLLIDES,
                place,
                f"{code!r} is a default code for {usual}; the rule wins.",
                "That is fine if everybody knows it.",
            )
        mark = next((sign for sign in signs if code.startswith(sign)), None)
        if mark is not None:
            yield Finding(
                Fault.NEVER_MATCHES,
                place,
                f"In own bookings {mark!r} in front is a mark and is taken off before.",
                "Choose another code, or another mark.",
            )


def _against(key: str, rule: RuleSpec, earlier: list[tuple[str, RuleSpec]]) -> Iterator[Finding]:
    """Yield where an earlier rule takes a rule's words, or all it could decide."""
    wanted = set(decided(rule.then))
    for other_key, other in earlier:
        if wanted and covers(other.match, rule.match) and settles(other.then, wanted):
            yield Finding(
                Fault.NO_EFFECT,
                key,
                f"{other_key} matches all of it and decides the same fields before.",
                "Move this rule in front of it, or remove it.",
            )
            return
    for other_key, other in earlier:
        both = words_of(rule.match) & words_of(other.match)
        if both and disagree(other.then, rule.then):
            names = ", ".join(sorted(word for _, word in both))
            yield Finding(
                Fault.COLLIDES,
                key,
                f"{names} is taken by {other_key} too, which comes first.",
                "Give one of them another word.",
            )


def _marks(settings: OrganizationSettings) -> Iterator[Finding]:
    marks: Mapping[str, str] = settings.marks.model_dump()
    used: dict[str, str] = {}
    for name, sign in marks.items():
        if not sign:
            continue
        if sign in used:
            yield Finding(
                Fault.COLLIDES,
                f"marks.{name}",
                f"{sign!r} is already the mark for {used[sign]}, which wins.",
                "Choose another character.",
            )
        used.setdefault(sign, name)
        if sign[-1].isalnum() or sign.isspace():
            yield Finding(
                Fault.COLLIDES,
                f"marks.{name}",
                f"{sign!r} begins ordinary subjects.",
                "Choose a character that no word begins with.",
            )


def _mode(settings: OrganizationSettings) -> Iterator[Finding]:
    rules = [*settings.rules, *(rule for each in settings.departments for rule in each.rules)]
    textual = any(getattr(rule.match, name) is not None for rule in rules for name in TEXT_KEYS)
    if settings.mode == "marked" and not settings.packs and not textual:
        yield Finding(
            Fault.NO_EFFECT,
            "mode",
            "Only marked bookings show, but no code, word or category marks any.",
            'Switch packs on, write a rule, or set mode = "all".',
        )


def _shared_words(settings: OrganizationSettings) -> Iterator[Finding]:
    """Yield words that two of the organization's languages use for different things."""
    if not settings.packs:
        return
    languages = known_languages(settings.keyword_languages or (settings.language,))
    if pack_language(settings.language) not in PACKS and settings.keyword_languages is None:
        yield Finding(
            Fault.NO_EFFECT,
            "language",
            f"There is no keyword pack for {settings.language!r}.",
            "Name languages under keyword_languages.",
        )
    table = pack_table(languages)
    for language in languages[1:]:
        for activity, words in PACKS[language].words.items():
            for word in listed(words):
                for form in sorted(phrases(word)):
                    meant, rule, _ = table[form].meant
                    if meant != activity:
                        yield Finding(
                            Fault.COLLIDES,
                            "keyword_languages",
                            f"{form!r} means {meant} ({rule}) before it means "
                            f"{activity} in {language}.",
                            "Reorder the languages, or write a rule for the word.",
                        )
