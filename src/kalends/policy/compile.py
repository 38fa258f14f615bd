"""Settings compiled: what every judgement of an organization shares.

Place in the flow: *settings → policy → person policies → timelines*. ``compile_policy`` tells
every problem at once and changes nothing; ``Policy.for_person`` never fails, for one person's
mistake must not stop the others: a broken rule of a record is left out (``problems_of`` tells it
to whoever writes the record).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

from kalends.errors import ConfigurationError, Problem
from kalends.model.organization import Department, OrganizationSettings
from kalends.model.person import PersonRecord, Preferences, WorkHours
from kalends.model.presence import Reckoning
from kalends.model.rules import RuleSpec
from kalends.model.vocabulary import ActivitySpec, Availability, Level
from kalends.policy.checks import check_record, check_settings
from kalends.policy.localtime import find_zone
from kalends.policy.marks import any_mark
from kalends.policy.meaning import Meaning, digest, known_languages
from kalends.policy.numbering import ForwardTargets, NumberPlan
from kalends.policy.person import PersonPolicy
from kalends.policy.vocabulary import Vocabulary, vocabulary
from kalends.policy.workhours import WeekPlan

V = TypeVar("V")

_SHARED: int = 4096
"""Kept shared parts of each kind; an organization with more different settings compiles again."""


def compile_policy(
    settings: OrganizationSettings, *, where: str | None = None, prefix: str = ""
) -> Policy:
    """Return the organization's policy; raises ``ConfigurationError`` with all problems.

    ``where`` and ``prefix`` say which file and table the settings came from.
    """
    problems = check_settings(settings, where or f"organization {settings.id}", prefix)
    if problems:
        raise ConfigurationError(problems)
    return Policy(settings)


class Policy:
    """One organization's rules, ready for use. Immutable but for its caches."""

    def __init__(self, settings: OrganizationSettings) -> None:
        self.settings = settings
        self.vocabulary: Vocabulary = vocabulary(settings)
        self.zone = ZoneInfo(settings.timezone)
        self.numbers = NumberPlan(settings.numbering)
        self.targets = ForwardTargets(self.numbers, settings.forward_numbers)
        self.domains = frozenset(domain.lower() for domain in settings.domains)
        self.signs = any_mark(settings.marks)
        self.sensitive = self.vocabulary.sensitive - set(settings.disclosure.open_activities)
        """Activities told as "absent" to everybody but the person."""
        self.wording = digest(
            settings.marks.model_dump_json(),
            sorted(settings.forward_numbers),
            settings.numbering.model_dump_json(),
            settings.unanswered,
            sorted(self.domains),
        )
        """Digest of what says, beside rules and packs, what a text means (``gist``)."""
        self._departments: Mapping[str, Department] = {
            department.id: department for department in settings.departments
        }
        self._meanings: dict[object, Meaning] = {}
        self._plans: dict[object, WeekPlan] = {}

    def reckoning(self) -> Reckoning:
        """Return what composition needs of the settings."""
        settings = self.settings
        return Reckoning(
            minimum_gap=settings.minimum_gap_minutes * 60,
            hold_step=settings.hold_step_minutes * 60,
            return_time=settings.return_time,
            line_wins=settings.line_wins,
        )

    def availability(self, activity: str) -> Availability:
        """Return the coarse state of an activity."""
        return self._activity(activity).availability

    def cap(self, activity: str) -> Level | None:
        """Return the highest level others are told of an activity; None: their own level."""
        return self._activity(activity).disclosure if activity else None

    def returns(self, activity: str) -> bool:
        """Tell whether people are back by themselves after an activity."""
        return self._activity(activity).auto_return if activity else True

    def _activity(self, activity: str) -> ActivitySpec:
        return self.vocabulary.activities[activity]

    def problems_of(
        self, record: PersonRecord, *, where: str | None = None, prefix: str = ""
    ) -> list[Problem]:
        """Return everything wrong with a record, for whoever writes it."""
        place = where or f"organization {self.settings.id}, person {record.id}"
        return check_record(self.settings, record, place, prefix)

    def for_person(self, record: PersonRecord) -> PersonPolicy:
        """Return the person's policy; what costs is shared among people with equal settings."""
        own, allowed = record.preferences, self.settings.permissions
        return PersonPolicy(
            policy=self,
            settings=self.settings,
            meaning=self._meaning(record),
            person=record.id,
            zone=self.zone_of(record),
            language=language_of(self.settings, record),
            emails=frozenset([email.lower() for email in record.emails]),
            domains=self.domains,
            targets=self.targets,
            signs=self.signs,
            own_hours=self._hours(record.work_hours, record),
            shared_hours=self._shared_hours(record),
            holidays=record.holidays or self.settings.holidays,
            opted_out=allowed.calendar and own.calendar is False,
            auto_return=own.auto_return if allowed.auto_return else None,
        )

    def zone_of(self, record: PersonRecord) -> ZoneInfo:
        """Return the person's zone; the organization's where his is unknown to us."""
        own = find_zone(record.timezone) if record.timezone else None
        return own or self.zone

    def plan(
        self, hours: WorkHours, holidays: str | None, *, configured: bool = False
    ) -> WeekPlan | None:
        """Return compiled work hours, shared by all who have the same; None: not readable.

        ``configured``: written for Kalends, not merely found in a calendar system.
        """
        key = (hours.model_dump_json(), holidays)
        return self._plan(key, hours, holidays, configured=configured)

    def _plan(
        self, key: tuple[object, ...], hours: WorkHours, holidays: str | None, *, configured: bool
    ) -> WeekPlan | None:
        wanted = self.settings.divert
        divert = wanted == "all" or (configured and wanted != "none")

        def make() -> WeekPlan:
            return WeekPlan(hours, holidays, divert=divert)

        try:
            return _shared(self._plans, (*key, divert), make)
        except ValueError:
            return None

    def _hours(self, hours: WorkHours | None, record: PersonRecord) -> WeekPlan | None:
        if hours is None:
            return None
        return self.plan(hours, record.holidays or self.settings.holidays, configured=True)

    def _shared_hours(self, record: PersonRecord) -> WeekPlan | None:
        department = self._departments.get(record.department or "")
        hours = department.work_hours if department is not None else None
        hours = hours or self.settings.work_hours
        if hours is None:
            return None
        holidays = record.holidays or self.settings.holidays
        # By identity, for it is asked for every person; the settings keep it alive.
        return self._plan((id(hours), holidays), hours, holidays, configured=True)

    def _meaning(self, record: PersonRecord) -> Meaning:
        own = permitted(self.settings, record)
        languages = self._languages(record, own)
        department = self._departments.get(record.department or "")
        key = (
            department.id if department is not None else None,
            languages,
            tuple(own.show_as.items()) if isinstance(own.show_as, dict) else own.show_as,
            tuple(rule.model_dump_json() for rule in (*record.rules, *own.keywords))
            if record.rules or own.keywords
            else (),
            len(record.rules),
        )

        def make() -> Meaning:
            return Meaning(
                self._rules(record, own, department),
                languages,
                packs=self.settings.packs,
                show_as=own.show_as or self.settings.show_as,
            )

        return _shared(self._meanings, key, make)

    def _languages(self, record: PersonRecord, own: Preferences) -> tuple[str, ...]:
        chosen = own.keyword_languages or self.settings.keyword_languages
        return keyword_languages_of(self.settings, record, chosen)

    def _rules(
        self, record: PersonRecord, own: Preferences, department: Department | None
    ) -> Iterator[tuple[str, RuleSpec]]:
        yield from self._sound("person", record, record.rules, "rules")
        yield from self._sound("own", record, own.keywords, "preferences.keywords")
        if department is not None:
            yield from _named("department:", department.rules)
        yield from _named("", self.settings.rules)

    def _sound(
        self, scope: str, record: PersonRecord, rules: tuple[RuleSpec, ...], key: str
    ) -> Iterator[tuple[str, RuleSpec]]:
        """Yield a record's rules that are in order."""
        if not rules:
            return
        broken = {problem.key for problem in self.problems_of(record)}
        for index, (identity, rule) in enumerate(_named(f"{scope}:", rules)):
            if not any(each.startswith(f"{key}[{index}].") for each in broken):
                yield identity, rule


def _named(scope: str, rules: tuple[RuleSpec, ...]) -> Iterator[tuple[str, RuleSpec]]:
    for position, rule in enumerate(rules, start=1):
        yield scope + (rule.id or f"rule-{position}"), rule


def _shared(kept: dict[object, V], key: object, make: Callable[[], V]) -> V:
    found = kept.get(key)
    if found is None:
        if len(kept) >= _SHARED:
            kept.clear()
        found = kept[key] = make()
    return found


def language_of(settings: OrganizationSettings, record: PersonRecord) -> str:
    """Return the person's language: chosen, recorded, or the organization's."""
    return record.preferences.language or record.language or settings.language


def keyword_languages_of(
    settings: OrganizationSettings, record: PersonRecord, chosen: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return whose packs' words count; without a choice the person's and the organization's."""
    if chosen is None:
        chosen = (language_of(settings, record), settings.language)
    return known_languages(chosen)


def permitted(settings: OrganizationSettings, record: PersonRecord) -> Preferences:
    """Return the person's preferences as far as the organization permits them."""
    own, allowed = record.preferences, settings.permissions
    withdrawn: dict[str, object] = {}
    if not allowed.calendar:
        withdrawn["calendar"] = None
    if not allowed.show_as or (
        own.show_as not in ("by-status", "all-busy") and not isinstance(own.show_as, dict)
    ):
        withdrawn["show_as"] = None
    if not allowed.keywords:
        withdrawn["keywords"], withdrawn["keyword_languages"] = (), None
    if not allowed.auto_return:
        withdrawn["auto_return"] = None
    if not allowed.forward:
        withdrawn["forward"] = {}
    if not allowed.disclosure:
        withdrawn["disclosure"] = {}
    if all(getattr(own, name) == value for name, value in withdrawn.items()):
        return own  # nearly everybody: a copy costs as much as all the rest
    return own.model_copy(update=withdrawn)
