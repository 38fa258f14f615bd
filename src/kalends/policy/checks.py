"""Everything that can be wrong with settings or a record, told at once with key and remedy.

Place in the flow: *settings → checks → compile*. What pydantic can see (types, unknown keys) is
told before; here stands what needs the domain: names that must exist, zones, patterns, numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Final

import re2

from kalends.errors import Problem
from kalends.model.booking import ShowAs
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord, WorkHours
from kalends.model.rules import RuleSpec
from kalends.model.vocabulary import Audience
from kalends.policy.localtime import find_zone
from kalends.policy.matching import code_forms, empty_phrase, many, pattern_options
from kalends.policy.numbering import ForwardTargets, NumberPlan, NumberRefused, did_problem
from kalends.policy.numbering import parse_range as parse_numbers
from kalends.policy.packs import PACKS, pack_language
from kalends.policy.vocabulary import Vocabulary, vocabulary
from kalends.policy.workhours import DAYS, parse_holidays, parse_span

Found = Iterator[tuple[str, str, str]]
"""Key, what is wrong, remedy."""

TARGET_WORDS: Final = frozenset(
    {
        "desk",
        "mobile",
        "softphone",
        "dect",
        "home",
        "assistant",
        "voicemail",
        "attendant",
        "ring",
        "announce",
        "busy",
    }
)
"""What a route or forward may name beside a number: a person's kinds of numbers, the desk."""


def check_settings(settings: OrganizationSettings, where: str, prefix: str = "") -> list[Problem]:
    """Return every problem of an organization's settings."""
    found: list[tuple[str, str, str]] = [
        *_zone("timezone", settings.timezone),
        *_holidays("holidays", settings.holidays),
        *_languages("keyword_languages", settings.keyword_languages),
        *_show_as("show_as", settings.show_as),
        *_work_hours("work_hours", settings.work_hours),
        *_twice("activities", (spec.id for spec in settings.activities)),
        *_twice("roles", (spec.id for spec in settings.roles)),
        *_twice("departments", (department.id for department in settings.departments)),
    ]
    words = vocabulary(settings)
    found += _open_activities(settings, words)
    numbers = list(_numbering(settings))
    found += numbers
    plan = None if numbers else NumberPlan(settings.numbering)
    if plan is not None:
        found += _forward_numbers(settings, plan)
    found += _rules("rules", settings.rules, words, plan)
    for index, department in enumerate(settings.departments):
        found += _rules(f"departments[{index}].rules", department.rules, words, plan)
        found += _work_hours(f"departments[{index}].work_hours", department.work_hours)
    return [Problem(where, prefix + key, what, remedy) for key, what, remedy in found]


def check_record(
    settings: OrganizationSettings, record: PersonRecord, where: str, prefix: str = ""
) -> list[Problem]:
    """Return every problem of a person's record; the settings themselves must be sound."""
    words, plan = vocabulary(settings), NumberPlan(settings.numbering)
    own = record.preferences
    found: list[tuple[str, str, str]] = [
        *_zone("timezone", record.timezone),
        *_holidays("holidays", record.holidays),
        *_work_hours("work_hours", record.work_hours),
        *_languages("preferences.keyword_languages", own.keyword_languages),
        *_show_as("preferences.show_as", own.show_as),
        *_rules("rules", record.rules, words, plan),
        *_rules("preferences.keywords", own.keywords, words, plan),
        *_own_routes(settings, record, plan),
        *_numbers(record, plan),
        *_preferences(record, words),
    ]
    if record.id in record.delegates:
        found.append(("delegates", "A person is no delegate of himself.", "Leave the id out."))
    return [Problem(where, prefix + key, what, remedy) for key, what, remedy in found]


def _zone(key: str, name: str | None) -> Found:
    if name is not None and find_zone(name) is None:
        yield key, f"{name!r} is no time zone.", 'Write an IANA name: "Europe/Stockholm".'


def _holidays(key: str, code: str | None) -> Found:
    if code is None:
        return
    try:
        parse_holidays(code)
    except ValueError as error:
        yield key, f"{error}.", 'Write a country or country and region: "SE", "DE-BY".'


def _languages(key: str, tags: Iterable[str] | None) -> Found:
    for index, tag in enumerate(tags or ()):
        if pack_language(tag) not in PACKS:
            known = ", ".join(PACKS)
            yield f"{key}[{index}]", f"There is no keyword pack {tag!r}.", f"Choose from {known}."


def _show_as(key: str, choice: str | Mapping[str, object] | None) -> Found:
    if isinstance(choice, str) and choice not in ("by-status", "all-busy"):
        yield key, f"{choice!r} is no preset.", 'Write "by-status", "all-busy" or a table.'
    if choice is None or isinstance(choice, str):
        return
    cells = [str(cell) for cell in ShowAs]
    for cell in sorted(set(choice) - set(cells)):
        yield f"{key}.{cell}", "There is no such cell.", f"Cells are {', '.join(cells)}."
    missing = [cell for cell in cells if cell not in choice]
    if missing:
        yield key, f"The table lacks {', '.join(missing)}.", "Set every cell."


def _work_hours(key: str, hours: WorkHours | None) -> Found:
    if hours is None:
        return
    for day in DAYS:
        yield from _spans(f"{key}.{day}", getattr(hours, day))
    for day, spans in hours.exceptions.items():
        try:
            date.fromisoformat(day)
        except ValueError:
            yield f"{key}.exceptions.{day}", "This is no day.", 'Write "2026-12-24".'
        yield from _spans(f"{key}.exceptions.{day}", spans)
    if hours.week >= hours.weeks:
        yield f"{key}.week", "No week has this remainder.", f"Write 0 to {hours.weeks - 1}."
    for index, other in enumerate(hours.also):
        yield from _work_hours(f"{key}.also[{index}]", other)


def _spans(key: str, texts: tuple[str, ...]) -> Found:
    spans = []
    for text in texts:
        try:
            spans.append(parse_span(text))
        except ValueError as error:
            yield key, f"{error}.", ""
    spans.sort()
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            yield key, "Two spans overlap.", "Write them as one."


def _twice(key: str, identities: Iterable[str]) -> Found:
    seen: set[str] = set()
    for index, identity in enumerate(identities):
        if identity in seen:
            yield f"{key}[{index}].id", f"{identity!r} is defined twice.", "Keep one of them."
        seen.add(identity)


def _open_activities(settings: OrganizationSettings, words: Vocabulary) -> Found:
    for index, activity in enumerate(settings.disclosure.open_activities):
        yield from _known(
            f"disclosure.open_activities[{index}]", "activity", activity, words.activities
        )


def _known(key: str, kind: str, name: str | None, known: Iterable[str]) -> Found:
    if name is not None and name not in known:
        plural = "activities" if kind == "activity" else f"{kind}s"
        yield (
            key,
            f"There is no {kind} {name!r}.",
            f"Define it under organizations.{plural}, or use one of {', '.join(known)}.",
        )


def _numbering(settings: OrganizationSettings) -> Found:
    numbering = settings.numbering
    for index, text in enumerate(numbering.extensions):
        try:
            parse_numbers(text)
        except ValueError as error:
            yield f"numbering.extensions[{index}]", f"{error}.", 'Write "1000-1999".'
    wrong = did_problem(numbering.did)
    if wrong is not None:
        yield "numbering.did", wrong, 'Write {"+468123000-+468123999" = "1000-1999"}.'
    if numbering.outside_prefix and not numbering.outside_prefix.isdigit():
        yield "numbering.outside_prefix", "A prefix is made of digits.", 'Write "0" or "9".'


def _forward_numbers(settings: OrganizationSettings, plan: NumberPlan) -> Found:
    for index, number in enumerate(settings.forward_numbers):
        if number != "*":
            yield from _target(f"forward_numbers[{index}]", number, plan)


def _target(key: str, number: str, plan: NumberPlan) -> Found:
    try:
        plan.target(number)
    except NumberRefused as error:
        yield key, f"{error}.", ""


def _rules(
    key: str, rules: tuple[RuleSpec, ...], words: Vocabulary, plan: NumberPlan | None
) -> Found:
    yield from _twice(key, (rule.id for rule in rules if rule.id is not None))
    for index, rule in enumerate(rules):
        yield from _rule(f"{key}[{index}]", rule, words, plan)


def _rule(key: str, rule: RuleSpec, words: Vocabulary, plan: NumberPlan | None) -> Found:
    yield from _known(f"{key}.then.activity", "activity", rule.then.activity, words.activities)
    yield from _known(f"{key}.then.role", "role", rule.then.role, words.roles)
    if rule.then.route is not None and plan is not None and rule.then.route not in TARGET_WORDS:
        yield from _target(f"{key}.then.route", rule.then.route, plan)
    match = rule.match
    for code in many(match.code):
        if not code_forms(code) or any(sign in code.rstrip(":; ") for sign in ":;"):
            yield (
                f"{key}.match.code",
                f"{code!r} can be no code.",
                'Write what stands before the colon: "m".',
            )
    for name in ("subject", "word"):
        for text in many(getattr(match, name)):
            if empty_phrase(text):
                yield f"{key}.match.{name}", f"{text!r} holds no word.", "Write a word or phrase."
    yield from _pattern(f"{key}.match.pattern", match.pattern)
    if None not in (match.min_minutes, match.max_minutes) and (
        (match.min_minutes or 0) > (match.max_minutes or 0)
    ):
        yield f"{key}.match.min_minutes", "It is more than max_minutes.", "Swap the two."


def _pattern(key: str, pattern: str | None) -> Found:
    if pattern is None:
        return
    try:
        re2.compile(pattern, pattern_options())
    except re2.error as error:
        text = error.args[0]
        reason = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        yield (
            key,
            f"This is no RE2 pattern: {reason}.",
            "RE2 has no look-around and no back-references; see its syntax page.",
        )


def _own_routes(settings: OrganizationSettings, record: PersonRecord, plan: NumberPlan) -> Found:
    """People may forward to kinds of numbers and to listed numbers, not anywhere."""
    targets = ForwardTargets(plan, settings.forward_numbers)
    routes = [
        (f"preferences.keywords[{index}].then.route", rule.then.route)
        for index, rule in enumerate(record.preferences.keywords)
    ]
    routes += [
        (f"preferences.forward.{activity}", target)
        for activity, target in record.preferences.forward.items()
    ]
    for key, target in routes:
        if target and not own_target(target, targets):
            yield key, f"Calls may not be sent to {target!r}.", "Use a number that is listed."


def own_target(target: str, targets: ForwardTargets) -> bool:
    """Tell whether a person may send calls there: a kind of number, or a listed number."""
    return target in TARGET_WORDS or targets.allowed(target) is not None


def _numbers(record: PersonRecord, plan: NumberPlan) -> Found:
    written: list[tuple[str, str | None]] = [
        ("mobile", record.mobile),
        ("voicemail", record.voicemail),
        *((f"numbers[{index}].number", each.number) for index, each in enumerate(record.numbers)),
    ]
    check: Callable[[str], str] = plan.canonical
    for key, number in written:
        if number:
            try:
                check(number)
            except NumberRefused as error:
                yield key, f"{error}.", ""
    extension = record.extension
    if extension and plan.extensions and not plan.is_extension(extension):
        yield (
            "extension",
            f"{extension!r} is in no range of numbering.extensions.",
            "Add the range, or correct the extension.",
        )


def _preferences(record: PersonRecord, words: Vocabulary) -> Found:
    for activity in record.preferences.forward:
        yield from _known(f"preferences.forward.{activity}", "activity", activity, words.activities)
    audiences = [str(each) for each in Audience if each is not Audience.SELF]
    for audience in record.preferences.disclosure:
        if audience not in audiences:
            yield (
                f"preferences.disclosure.{audience}",
                "There is no such audience.",
                f"Audiences are {', '.join(audiences)}.",
            )
