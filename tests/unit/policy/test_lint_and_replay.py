"""POLICY section 2: the linter; DESIGN section 6: replay."""

from __future__ import annotations

from typing import Any

import pytest

from kalends.model.booking import Booking
from kalends.policy.lint import Fault, lint
from kalends.policy.packs import PACKS
from kalends.policy.replay import Difference, replay
from tests.unit.policy.world import NOW, all_day, at, booking, facts, policy, record, settings


def findings(*people: dict[str, Any], **given: Any) -> list[tuple[Fault, str]]:
    return [
        (each.fault, each.key)
        for each in lint(settings(**given), [record(**each) for each in people])
    ]


def rule(match: dict[str, Any], **then: Any) -> dict[str, Any]:
    return {"match": match, "then": then or {"activity": "meeting"}}


def test_a_plain_organization_has_no_findings() -> None:
    assert findings({}) == []


@pytest.mark.parametrize("language", PACKS)
def test_no_single_language_collides_with_itself(language: str) -> None:
    assert findings(language=language) == []


class TestCollisions:
    def test_a_code_taken_by_an_earlier_rule(self) -> None:
        rules = [rule({"code": "P"}), rule({"code": ["q", "p"], "all_day": True}, activity="dnd")]
        assert findings(rules=rules) == [(Fault.COLLIDES, "rules[1]")]

    def test_a_word_two_rules_use_differently(self) -> None:
        rules = [
            rule({"word": "Büro", "all_day": True}),
            rule({"word": "BUERO", "recurring": True}, activity="dnd"),
        ]
        assert findings(rules=rules) == [(Fault.COLLIDES, "rules[1]")]

    def test_a_code_that_is_a_reply_prefix(self) -> None:
        assert findings(rules=[rule({"code": "VS"})]) == [(Fault.COLLIDES, "rules[0].match.code")]

    def test_a_default_code_with_another_meaning(self) -> None:
        found = findings(rules=[rule({"code": "h"}, activity="vacation")])
        assert found == [(Fault.COLLIDES, "rules[0].match.code")]
        assert findings(rules=[rule({"code": "h"}, activity="home")]) == []
        assert findings(packs=False, rules=[rule({"code": "h"}, activity="vacation")]) == []

    def test_marks_with_one_character(self) -> None:
        assert findings(marks={"hide": "-"}) == [(Fault.COLLIDES, "marks.hide")]

    def test_a_mark_that_begins_words(self) -> None:
        assert findings(marks={"hide": "x"}) == [(Fault.COLLIDES, "marks.hide")]

    def test_words_that_two_languages_use_differently(self) -> None:
        found = lint(settings(keyword_languages=("en", "pl")))
        assert all(each.fault is Fault.COLLIDES for each in found)
        found = lint(settings(keyword_languages=("sv", "nl")))
        assert {each.key for each in found} <= {"keyword_languages"}

    def test_a_persons_rule_is_seen_with_the_organizations(self) -> None:
        own = {"rules": [rule({"code": "x", "all_day": True}, activity="dnd")]}
        assert findings(own, rules=[rule({"code": "x", "recurring": True})]) == []
        keywords = {
            "rules": [rule({"code": "x", "all_day": True}, activity="dnd")],
            "preferences": {"keywords": [rule({"code": "x", "recurring": True})]},
        }
        assert findings(keywords) == [(Fault.COLLIDES, "people[anna].preferences.keywords[0]")]


NEVER: list[tuple[dict[str, Any], str]] = [
    ({"rules": [rule({"code": "x", "organizer": "outside"})]}, "rules[0].match.code"),
    ({"rules": [rule({"category": "x", "organizer": "outside"})]}, "rules[0].match.category"),
    ({"rules": [rule({"organizer": "inside"})], "domains": ()}, "rules[0].match.organizer"),
    ({"rules": [rule({"response": "declined"})]}, "rules[0].match.response"),
    ({"rules": [rule({"response": ["unanswered", "tentative"]})], "unanswered": "ignore"},
     "rules[0].match.response"),
    ({"rules": [rule({"private": True, "sensitivity": "normal"})]}, "rules[0].match.private"),
    ({"rules": [rule({"private": False, "sensitivity": "private"})]}, "rules[0].match.private"),
    ({"rules": [rule({"weekdays": []})]}, "rules[0].match.weekdays"),
    ({"rules": [rule({"show_as": []})]}, "rules[0].match.show_as"),
    ({"rules": [rule({"code": "-x"})]}, "rules[0].match.code"),
    ({"rules": [rule({"subject": "a b c d e f g h i"})]}, "rules[0].match.subject"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "key"), NEVER, ids=[key for _, key in NEVER])
def test_what_can_never_match_is_found(given: dict[str, Any], key: str) -> None:
    assert findings(**given) == [(Fault.NEVER_MATCHES, key)]


class TestWithoutEffect:
    @pytest.mark.parametrize(
        ("wide", "narrow"),
        [
            ({}, {"code": "x"}),
            ({"code": ["x", "y"]}, {"code": "X:"}),
            ({"min_minutes": 30}, {"min_minutes": 60, "all_day": False}),
            ({"max_minutes": 60}, {"max_minutes": 30}),
            ({"organizer": "inside"}, {"organizer": "me"}),
            ({"show_as": ["oof", "busy"]}, {"show_as": "oof"}),
            ({"pattern": "a+"}, {"pattern": "a+", "recurring": True}),
            ({"word": "Größe"}, {"word": "GROESSE"}),
        ],
    )
    def test_a_rule_behind_one_that_matches_all_of_it(
        self, wide: dict[str, Any], narrow: dict[str, Any]
    ) -> None:
        found = findings(rules=[rule(wide), rule(narrow, activity="dnd")])
        assert found == [(Fault.NO_EFFECT, "rules[1]")]
        assert (Fault.NO_EFFECT, "rules[1]") not in findings(rules=[rule(narrow), rule(wide)])

    def test_a_rule_that_decides_more_is_not_without_effect(self) -> None:
        rules = [rule({}), rule({"word": "x"}, activity="dnd", role="private")]
        assert findings(rules=rules) == []

    def test_whatever_comes_behind_ignore(self) -> None:
        rules = [rule({"word": "x"}, ignore=True), rule({"word": "x"}, role="private")]
        assert findings(rules=rules) == [(Fault.NO_EFFECT, "rules[1]")]

    def test_a_rule_that_decides_nothing(self) -> None:
        assert findings(rules=[{"match": {"word": "x"}}]) == [(Fault.NO_EFFECT, "rules[0].then")]

    def test_only_marked_without_anything_that_marks(self) -> None:
        assert findings(mode="marked", packs=False) == [(Fault.NO_EFFECT, "mode")]

    def test_a_language_without_pack(self) -> None:
        assert findings(language="ja") == [(Fault.NO_EFFECT, "language")]

    def test_own_keywords_that_are_not_permitted(self) -> None:
        own = {"preferences": {"keywords": [rule({"code": "x"})]}}
        assert findings(own, permissions={"keywords": False}) == [
            (Fault.NO_EFFECT, "people[anna].preferences.keywords")
        ]

    def test_equal_times(self) -> None:
        found = findings(rules=[rule({"from_time": "09:00", "to_time": "09:00"})])
        assert found == [(Fault.NO_EFFECT, "rules[0].match.from_time")]


def test_departments_come_before_the_organization() -> None:
    departments = [{"id": "x", "rules": [rule({"word": "y"})]}]
    assert findings(departments=departments, rules=[rule({})]) == []


class TestReplay:
    def found(self, *bookings: Booking, **changed: Any) -> list[Difference]:
        people = [(record(), [facts(*bookings)])]
        return list(replay(policy(), policy(**changed), people, NOW, at("9")))

    def test_an_equal_policy_changes_nothing(self) -> None:
        assert self.found(booking("M: x"), all_day("Semester", "3")) == []

    def test_tells_who_would_show_differently_and_when(self) -> None:
        rules = [{"match": {"code": "m"}, "then": {"activity": "dnd"}}]
        (one,) = self.found(booking("M: x"), booking("Lunch", "2 12:00", "2 13:00"), rules=rules)
        assert (one.person, one.start, one.end) == ("anna", at("2 9:00"), at("2 10:00"))
        assert (one.before.activity, one.after.activity) == ("meeting", "dnd")
        assert (one.before.rule, one.after.rule) == ("code:meeting", "rule-1")

    def test_tells_what_would_no_longer_show(self) -> None:
        (one,) = self.found(booking("Plan"), mode="marked")
        assert (one.before.activity, one.after.activity) == ("busy", "available")

    def test_another_rule_with_the_same_outcome_is_no_difference(self) -> None:
        rules = [{"match": {"code": "m"}, "then": {"activity": "meeting"}}]
        assert self.found(booking("M: x"), rules=rules) == []

    def test_a_difference_in_diverting_alone_is_one(self) -> None:
        (one,) = self.found(booking("Plan"), divert="all")
        assert (one.before.divert, one.after.divert) == (False, True)

    def test_work_hours_that_come_new_show_in_one_stretch_each(self) -> None:
        found = self.found(work_hours={"mon": ["08:00-17:00"], "tue": ["08:00-17:00"]})
        assert [(each.start, each.end) for each in found] == [
            (at("2 17:00"), at("3 8:00")),
            (at("3 17:00"), at("9")),
        ]

    def test_what_lies_outside_the_asked_time_is_left_out(self) -> None:
        assert self.found(booking("Plan", "10 9:00", "10 10:00"), mode="marked") == []
