"""Every key of ``Match`` compiled to a test. POLICY section 2.

Place in the flow: *RuleSpec → compiled rule → judge*. A rule is compiled once for everybody it
applies to; all keys given must hold. Texts are compared folded; a ``pattern`` is RE2, which is
linear in the subject whatever an administrator writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import time
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeVar

import re2

from kalends.model.rules import Match, Outcome, RuleSpec
from kalends.policy.fold import fold, spellings
from kalends.policy.situation import Situation, Standing, Test, is_outside
from kalends.policy.subject import Subject, openings, phrase, phrases
from kalends.policy.workhours import DAYS

T = TypeVar("T")

TEXT_KEYS: Final = ("code", "subject", "word", "pattern", "category")
"""Keys that read what somebody wrote: a booking they match is *marked*, and a foreign booking
never matches them."""

TIME_KEYS: Final = ("min_minutes", "max_minutes", "weekdays", "from_time", "to_time")


TextTest = Callable[[Subject, tuple[str, ...]], bool]
"""One condition on text, compiled: (subject behind prefixes and marks, categories)."""


class Rule(NamedTuple):
    """One compiled rule."""

    id: str
    key: str
    """Under which a gist remembers that the conditions on text hold: the id where the rule was
    given one, else a digest of these conditions, for positions change."""
    wording: str
    """The conditions on text, as written."""
    reads: TextTest | None
    """The conditions on text (``TEXT_KEYS``), all of them."""
    holds: Test
    """All other conditions."""
    then: Outcome
    timed: bool
    """Whether it looks at when or how long a booking is (``TIME_KEYS``)."""
    by_code: bool
    """Whether the text after the code becomes the note."""

    @property
    def textual(self) -> bool:
        """Tell whether it reads text."""
        return self.reads is not None


def many(value: T | list[T] | None) -> tuple[T, ...]:
    """Return a key's value as the alternatives it names."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


def code_forms(code: str) -> frozenset[str]:
    """Return the folded heads a code stands for; ``m:`` is taken as ``m``."""
    return frozenset(form for form in spellings(code.strip().rstrip(":;：；").strip()) if form)


def compile_rule(spec: RuleSpec, identity: str) -> Rule:
    """Return the rule ready for use; the caller has checked it (``checks``)."""
    match = spec.match
    told = match.model_dump_json(include=set(TEXT_KEYS), exclude_none=True)
    return Rule(
        identity,
        identity if spec.id is not None else _digest(told),
        told,
        _all_said(tuple(_text_tests(match))),
        _all_of(tuple(_tests(match))),
        spec.then,
        timed=any(getattr(match, key) is not None for key in TIME_KEYS),
        by_code=match.code is not None,
    )


def _digest(wording: str) -> str:
    return "~" + blake2b(wording.encode(), digest_size=8).hexdigest()


def _all_said(tests: tuple[TextTest, ...]) -> TextTest | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda subject, categories: all(test(subject, categories) for test in tests)


def _all_of(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda at: first(at) and second(at)
    return lambda at: all(test(at) for test in tests)


def _tests(match: Match) -> Iterator[Test]:
    """Yield a test per key given, the cheap ones first."""
    yield from _native_tests(match)
    if match.organizer is not None:
        yield _ORGANIZER[match.organizer]
    if match.min_minutes is not None or match.max_minutes is not None:
        yield _duration(match.min_minutes, match.max_minutes)
    if match.weekdays is not None:
        yield _weekdays(match.weekdays)
    if match.from_time is not None or match.to_time is not None:
        yield _times(match.from_time, match.to_time)


def _native_tests(match: Match) -> Iterator[Test]:
    if match.all_day is not None:
        wanted_all_day = match.all_day
        yield lambda at: at.booking.all_day is wanted_all_day
    if match.recurring is not None:
        wanted_recurring = match.recurring
        yield lambda at: at.booking.recurring is wanted_recurring
    if match.private is not None:
        wanted_private = match.private
        yield lambda at: at.private is wanted_private
    if match.show_as is not None:
        yield _one_of(many(match.show_as), lambda at: at.show_as)
    if match.sensitivity is not None:
        yield _one_of(many(match.sensitivity), lambda at: at.booking.sensitivity)
    if match.response is not None:
        yield _one_of(many(match.response), lambda at: at.booking.response)


def _one_of(wanted: tuple[object, ...], fact: Callable[[Situation], object]) -> Test:
    known = frozenset(wanted)
    return lambda at: fact(at) in known


def _outside(at: Situation) -> bool:
    return is_outside(at.person, at.booking, at.standing)


_ORGANIZER: Final[dict[str, Test]] = {
    "me": lambda at: at.standing is Standing.OWN,
    "inside": lambda at: not _outside(at),
    "outside": _outside,
}


def _duration(least: int | None, most: int | None) -> Test:
    shortest = 0 if least is None else least * 60
    longest = float("inf") if most is None else most * 60
    return lambda at: shortest <= at.interval.end - at.interval.start <= longest


def _weekdays(names: Iterable[str]) -> Test:
    wanted = frozenset(DAYS.index(name) for name in names)
    return lambda at: at.clock[0] in wanted


def _minutes(at: time | None, otherwise: int) -> int:
    return otherwise if at is None else at.hour * 60 + at.minute


def _times(from_time: time | None, to_time: time | None) -> Test:
    first, after = _minutes(from_time, 0), _minutes(to_time, 1440)
    if first < after:
        return lambda at: first <= at.clock[1] < after
    return lambda at: not after <= at.clock[1] < first  # over midnight


def _text_tests(match: Match) -> Iterator[TextTest]:
    if match.category is not None:
        yield _category(many(match.category))
    if match.code is not None:
        yield _code(many(match.code))
    if match.subject is not None:
        yield _opening(many(match.subject))
    if match.word is not None:
        yield _anywhere(many(match.word))
    if match.pattern is not None:
        yield _pattern(match.pattern)


def _category(names: Iterable[str]) -> TextTest:
    wanted = frozenset(fold(name.strip()) for name in names)

    def holds(_: Subject, categories: tuple[str, ...]) -> bool:
        return bool(categories) and any(fold(name.strip()) in wanted for name in categories)

    return holds


def _code(codes: Iterable[str]) -> TextTest:
    wanted = frozenset(form for code in codes for form in code_forms(code))
    return lambda subject, _: subject.head in wanted


def _opening(texts: Iterable[str]) -> TextTest:
    texts = tuple(texts)
    wanted = frozenset(form for text in texts for form in phrases(text))
    opening = openings(wanted)
    whole = frozenset(form for text in texts for form in spellings(text.strip()))
    return lambda subject, _: subject.begins_with(wanted, opening) or subject.folded in whole


def _anywhere(texts: Iterable[str]) -> TextTest:
    forms = sorted({form for text in texts for form in phrases(text)})
    wanted = tuple((form.partition(" ")[0], f" {form} ") for form in forms)

    def holds(subject: Subject, _: tuple[str, ...]) -> bool:
        folded = subject.folded
        # A loop, for a generator costs twice as much and this is asked for every booking. Words
        # are told apart only where the first one is there at all.
        for first, form in wanted:  # noqa: SIM110  (see above)
            if first in folded and form in subject.words:
                return True
        return False

    return holds


def pattern_options() -> Any:
    """Return how administrators' patterns are read: any case, no chatter on bad ones."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return options


def _pattern(pattern: str) -> TextTest:
    found = re2.compile(pattern, pattern_options())

    def holds(subject: Subject, _: tuple[str, ...]) -> bool:
        return found.search(subject.text) is not None

    return holds


def empty_phrase(text: str) -> bool:
    """Tell whether nothing is left of a word once folded: ``---`` can never match."""
    return not phrase(text)


__all__ = ["Rule", "Subject", "code_forms", "compile_rule", "empty_phrase", "many"]
