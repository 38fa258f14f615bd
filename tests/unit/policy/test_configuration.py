"""Configuration errors tell all problems at once, each with its key and a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from kalends.errors import ConfigurationError
from kalends.model.person import WorkHours
from kalends.policy.compile import Policy, compile_policy
from tests.unit.policy.world import judged, policy, record, settings


def keys(**given: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        compile_policy(settings(**given))
    assert all(each.what and str(each).startswith("organization acme: ")
               for each in raised.value.problems)  # fmt: skip
    return [each.key for each in raised.value.problems]


def rule(**parts: Any) -> dict[str, Any]:
    return {"match": parts.pop("match", {}), "then": parts}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"timezone": "Europe/Stokholm"}, "timezone"),
    ({"timezone": "../etc/passwd"}, "timezone"),
    ({"timezone": "Europe"}, "timezone"),
    ({"holidays": "XX"}, "holidays"),
    ({"holidays": "DE-ZZ"}, "holidays"),
    ({"keyword_languages": ("sv", "ja")}, "keyword_languages[1]"),
    ({"show_as": {"busy": "busy"}}, "show_as"),
    ({"rules": [rule(activity="meetng")]}, "rules[0].then.activity"),
    ({"rules": [rule(role="boss")]}, "rules[0].then.role"),
    ({"rules": [rule(match={"pattern": "(a"})]}, "rules[0].match.pattern"),
    ({"rules": [rule(match={"pattern": "(?=a)"})]}, "rules[0].match.pattern"),
    ({"rules": [rule(match={"code": ":"})]}, "rules[0].match.code"),
    ({"rules": [rule(match={"code": "a:b"})]}, "rules[0].match.code"),
    ({"rules": [rule(match={"word": "--"})]}, "rules[0].match.word"),
    ({"rules": [rule(match={"subject": ["ok", "!"]})]}, "rules[0].match.subject"),
    ({"rules": [rule(match={"min_minutes": 9, "max_minutes": 8})]}, "rules[0].match.min_minutes"),
    ({"rules": [rule(route="112")]}, "rules[0].then.route"),
    ({"rules": [{"id": "a"}, {"id": "a"}]}, "rules[1].id"),
    ({"departments": [{"id": "x", "rules": [rule(activity="no")]}]},
     "departments[0].rules[0].then.activity"),
    ({"departments": [{"id": "x", "work_hours": {"mon": ["8-9"]}}]},
     "departments[0].work_hours.mon"),
    ({"departments": [{"id": "x"}, {"id": "x"}]}, "departments[1].id"),
    ({"activities": [{"id": "x"}, {"id": "x"}]}, "activities[1].id"),
    ({"roles": [{"id": "x"}, {"id": "x"}]}, "roles[1].id"),
    ({"work_hours": {"mon": ["08:00-25:00"]}}, "work_hours.mon"),
    ({"work_hours": {"mon": ["17:00-08:00"]}}, "work_hours.mon"),
    ({"work_hours": {"mon": ["08:00-12:00", "11:00-13:00"]}}, "work_hours.mon"),
    ({"work_hours": {"weeks": 2, "week": 2}}, "work_hours.week"),
    ({"work_hours": {"also": [{"tue": ["x"]}]}}, "work_hours.also[0].tue"),
    ({"work_hours": {"exceptions": {"24 dec": []}}}, "work_hours.exceptions.24 dec"),
    ({"work_hours": {"exceptions": {"2026-12-24": ["x"]}}}, "work_hours.exceptions.2026-12-24"),
    ({"disclosure": {"open_activities": ["nap"]}}, "disclosure.open_activities[0]"),
    ({"numbering": {"extensions": ["9-1"]}}, "numbering.extensions[0]"),
    ({"numbering": {"did": {"+461-+463": "1-2"}}}, "numbering.did"),
    ({"numbering": {"did": {"x": "1-2"}}}, "numbering.did"),
    ({"numbering": {"outside_prefix": "x"}}, "numbering.outside_prefix"),
    ({"forward_numbers": ["112"]}, "forward_numbers[0]"),
    ({"forward_numbers": ["*", "reception"]}, "forward_numbers[1]"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "key"), WRONG, ids=[key for _, key in WRONG])
def test_a_mistake_is_told_with_its_key(given: dict[str, Any], key: str) -> None:
    assert keys(**given) == [key]


def test_everything_wrong_is_told_at_once() -> None:
    found = keys(
        timezone="Mars", holidays="XX", forward_numbers=["112"], rules=[rule(activity="no")]
    )
    assert found == ["timezone", "holidays", "forward_numbers[0]", "rules[0].then.activity"]


def test_where_and_prefix_name_file_and_table() -> None:
    with pytest.raises(ConfigurationError, match=r"k\.toml: organizations\[2\]\.timezone: 'Mars'"):
        compile_policy(settings(timezone="Mars"), where="k.toml", prefix="organizations[2].")


def test_the_smallest_organization_is_in_order() -> None:
    from kalends.model.organization import OrganizationSettings

    assert isinstance(compile_policy(OrganizationSettings(id="a", name="A")), Policy)


class TestRecords:
    @pytest.mark.parametrize(
        ("given", "key"),
        [
            ({"timezone": "Mars"}, "timezone"),
            ({"holidays": "XX"}, "holidays"),
            ({"work_hours": {"mon": ["x"]}}, "work_hours.mon"),
            ({"rules": [rule(activity="no")]}, "rules[0].then.activity"),
            ({"preferences": {"keywords": [rule(role="no")]}},
             "preferences.keywords[0].then.role"),
            ({"preferences": {"keywords": [rule(route="0701740605")]}},
             "preferences.keywords[0].then.route"),
            ({"preferences": {"forward": {"meeting": "112"}}}, "preferences.forward.meeting"),
            ({"preferences": {"forward": {"nap": "voicemail"}}}, "preferences.forward.nap"),
            ({"preferences": {"show_as": "never"}}, "preferences.show_as"),
            ({"preferences": {"show_as": {"free": "busy"}}}, "preferences.show_as"),
            ({"preferences": {"keyword_languages": ("ja",)}},
             "preferences.keyword_languages[0]"),
            ({"preferences": {"disclosure": {"boss": "times"}}}, "preferences.disclosure.boss"),
            ({"mobile": "ring mig"}, "mobile"),
            ({"extension": "2001"}, "extension"),
            ({"numbers": [{"number": "x"}]}, "numbers[0].number"),
            ({"delegates": ("anna",)}, "delegates"),
        ],
    )  # fmt: skip
    def test_a_mistake_is_told_with_its_key(self, given: dict[str, Any], key: str) -> None:
        rules = policy(numbering={"country": "SE", "extensions": ["1000-1999"]})
        found = rules.problems_of(record(**given))
        assert {each.key for each in found} == {key}

    def test_a_sound_record_has_none(self) -> None:
        assert policy().problems_of(record(extension="1001", mobile="+46701740605")) == []

    def test_one_persons_mistake_stops_nobody(self) -> None:
        one = policy().for_person(
            record(
                timezone="Mars",
                work_hours=WorkHours(mon=("x",)).model_dump(),
                holidays="XX",
                rules=[
                    {"match": {"code": "a"}, "then": {"activity": "no"}},
                    {"match": {"pattern": "(a"}, "then": {"activity": "dnd"}},
                    {"match": {"code": "b"}, "then": {"activity": "course"}},
                ],
            )
        )
        assert one.zone.key == "Europe/Stockholm"
        assert one.own_hours is None
        assert judged("B: x", one).rule == "person:rule-3"
        assert judged("A: x", one).activity == "busy"

    def test_unknown_presets_of_a_person_fall_back_to_the_organizations(self) -> None:
        one = policy(show_as="all-busy").for_person(record(preferences={"show_as": "never"}))
        assert judged("Plan", one).availability == "busy"


def test_reckoning_is_in_seconds() -> None:
    found = policy(
        minimum_gap_minutes=5, hold_step_minutes=20, return_time="booking-end", line_wins=["busy"]
    ).reckoning()
    assert (found.minimum_gap, found.hold_step, found.return_time, found.line_wins) == (
        300, 1200, "booking-end", ("busy",),
    )  # fmt: skip
