"""POLICY section 2: rules, what they match, what then holds."""

from __future__ import annotations

from typing import Any

import pytest

from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.vocabulary import Availability, Level
from kalends.policy.judgement import Judgement
from kalends.policy.person import PersonPolicy
from tests.unit.policy.world import (
    COLLEAGUE,
    ME,
    OUTSIDER,
    all_day,
    booking,
    invitation,
    judged,
    person,
    policy,
    record,
)


def ruled(match: dict[str, Any], **then: Any) -> PersonPolicy:
    return person(packs=False, rules=[{"match": match, "then": then or {"activity": "travel"}}])


def matches(match: dict[str, Any], it: str | Booking) -> bool:
    return judged(it, ruled(match)).because[:1] == ("rule-1",)


SERIES = booking("Plan", recurring=True)
PRIVATE = booking("Plan", sensitivity=Sensitivity.PRIVATE)
LONG = booking("Plan", "2 9:00", "2 11:00")

MATCHING: list[tuple[dict[str, Any], str | Booking, str | Booking]] = [
    ({"code": "m"}, "M: budget", "Memo: budget"),
    ({"code": "m"}, "m ; x", "m x"),
    ({"code": ["a", "b"]}, "B: x", "C: x"),
    ({"code": "m:"}, "M: budget", "M budget"),
    ({"code": "proj x"}, "Proj X: plan", "Proj: X"),
    ({"code": "büro"}, "BUERO: umzug", "Büros: umzug"),
    ({"subject": "plan"}, "Plan", "En plan"),
    ({"subject": "plan"}, "Plan för våren", "Planering"),
    ({"subject": "straße"}, "STRASSE", "Strassen"),
    ({"subject": "stå upp"}, "Stå upp nu", "Stå här upp"),
    ({"subject": "lunch"}, "Lunch med Eva", "Lunch & learn"),
    ({"word": "jour"}, "Min jour i kväll", "Journal"),
    ({"word": "hög risk"}, "Läge: hög risk!", "Hög och låg risk"),
    ({"word": "münchen"}, "Besuch Muenchen", "Besuch Münchenstein"),
    ({"pattern": "^proj-[0-9]+"}, "PROJ-12 start", "En proj-12"),
    ({"pattern": "ö$"}, "Båtö", "Båtön"),
    ({"category": "röd"}, booking("Plan", categories=("Blå", "RÖD")), "Röd plan"),
    ({"show_as": "oof"}, booking("Plan", show_as=ShowAs.OOF), "Plan"),
    ({"show_as": ["oof", "elsewhere"]}, booking("P", show_as=ShowAs.ELSEWHERE), "Plan"),
    ({"sensitivity": "personal"}, booking("P", sensitivity=Sensitivity.PERSONAL), "Plan"),
    ({"all_day": True}, all_day("Plan", "2"), "Plan"),
    ({"all_day": False}, "Plan", all_day("Plan", "2")),
    ({"private": True}, PRIVATE, "Plan"),
    ({"private": False}, "Plan", PRIVATE),
    ({"recurring": True}, SERIES, "Plan"),
    ({"min_minutes": 61}, LONG, "Plan"),
    ({"max_minutes": 60}, "Plan", LONG),
    ({"min_minutes": 60, "max_minutes": 60}, "Plan", LONG),
    ({"response": "accepted"}, invitation("P", COLLEAGUE, Response.ACCEPTED), "Plan"),
    ({"organizer": "me"}, "Plan", invitation("P", COLLEAGUE, Response.ACCEPTED)),
    ({"organizer": "me"}, invitation("P", ME, Response.ACCEPTED),
     invitation("P", OUTSIDER, Response.ACCEPTED)),
    ({"organizer": "inside"}, invitation("P", COLLEAGUE, Response.ACCEPTED),
     invitation("P", OUTSIDER, Response.ACCEPTED)),
    ({"organizer": "inside"}, "Plan", invitation("P", OUTSIDER, Response.ACCEPTED)),
    ({"organizer": "outside"}, invitation("P", OUTSIDER, Response.ACCEPTED), "Plan"),
    ({"weekdays": ["mon"]}, "Plan", booking("Plan", "3 9:00", "3 10:00")),
    ({"from_time": "09:00"}, "Plan", booking("Plan", "2 8:59", "2 10:00")),
    ({"to_time": "09:01"}, "Plan", booking("Plan", "2 9:01", "2 10:00")),
    ({"from_time": "22:00", "to_time": "06:00"}, booking("P", "2 23:00", "3 1:00"), "Plan"),
    ({"from_time": "22:00", "to_time": "06:00"}, booking("P", "2 5:59", "2 8:00"),
     booking("P", "2 6:00", "2 8:00")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("match", "yes", "no"),
    MATCHING,
    ids=[f"{'-'.join(match)}-{index}" for index, (match, _, _) in enumerate(MATCHING)],
)
def test_every_match_key(match: dict[str, Any], yes: str | Booking, no: str | Booking) -> None:
    assert matches(match, yes)
    assert not matches(match, no)


def test_every_match_key_has_an_example() -> None:
    from kalends.model.rules import Match

    assert {key for match, _, _ in MATCHING for key in match} == set(Match.model_fields)


def test_all_keys_given_must_hold() -> None:
    match = {"code": "m", "all_day": False, "max_minutes": 60, "organizer": "me"}
    assert matches(match, "M: budget")
    assert not matches(match, booking("M: budget", "2 9:00", "2 11:00"))


def test_an_empty_match_matches_every_booking() -> None:
    assert matches({}, "Plan")
    assert matches({}, invitation("P", OUTSIDER, Response.ACCEPTED))


@pytest.mark.parametrize(
    "prefix",
    ["SV: ", "RE: ", "Re:", "AW: ", "FW: ", "Fwd: ", "VS: ", "RE[2]: ", "Re (3): ", "SV: RE: ",
     "TR : ", "Antw: ", "ENC: "],
)  # fmt: skip
def test_reply_prefixes_are_stripped(prefix: str) -> None:
    assert judged(f"{prefix}M: budget").activity == "meeting"
    assert judged(f"{prefix}Lunch").activity == "lunch"


def test_a_code_of_the_organization_is_no_reply_prefix() -> None:
    one = person(rules=[{"match": {"code": "vs"}, "then": {"activity": "course"}}])
    assert judged("VS: svetskola", one).activity == "course"


def test_show_as_matches_as_it_counts_so_nobody_outside_chooses_it() -> None:
    match = {"show_as": "oof"}
    attack = invitation("P", OUTSIDER, Response.UNANSWERED, show_as=ShowAs.OOF)
    assert not matches(match, attack)


class TestOutcomes:
    def test_ignore_makes_a_booking_not_count(self) -> None:
        found = judged("Plan", ruled({"word": "plan"}, ignore=True))
        assert (found.counts, found.because) == (False, ("rule-1", "ignored"))

    def test_an_earlier_rule_may_protect_from_being_ignored(self) -> None:
        rules = [
            {"match": {"word": "viktig"}, "then": {"ignore": False}},
            {"match": {"word": "plan"}, "then": {"ignore": True}},
        ]
        assert judged("Viktig plan", person(rules=rules)).counts
        assert not judged("Plan", person(rules=rules)).counts

    def test_activity_brings_its_availability_unless_a_rule_names_one(self) -> None:
        assert judged("x", ruled({}, activity="travel")).availability is Availability.AWAY
        found = judged("x", ruled({}, activity="travel", availability="busy"))
        assert found.availability is Availability.BUSY

    def test_availability_alone_keeps_what_show_as_says_about_the_activity(self) -> None:
        found = judged(booking("x", show_as=ShowAs.OOF), ruled({}, availability="dnd"))
        assert (found.activity, found.availability) == ("out-of-office", Availability.DND)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("role", "private"), ("priority", 7), ("route", "voicemail"), ("auto_return", False),
         ("divert", True)],
    )  # fmt: skip
    def test_every_other_field_reaches_the_judgement(self, field: str, value: object) -> None:
        assert getattr(judged("x", ruled({}, **{field: value})), field) == value

    def test_disclosure_becomes_a_cap_and_beats_the_activitys(self) -> None:
        activities = [{"id": "meeting", "disclosure": "times"}]
        assert judged("M: x", person(activities=activities)).cap is Level.TIMES
        rules = [{"match": {"code": "m"}, "then": {"disclosure": "subject"}}]
        assert judged("M: x", person(activities=activities, rules=rules)).cap is Level.SUBJECT

    def test_the_text_after_a_code_becomes_the_note_for_those_who_may_see_the_subject(self) -> None:
        found = judged("RE: M:  Budget 2027 ")
        assert (found.note, found.note_level) == ("Budget 2027", Level.SUBJECT)

    def test_a_fixed_note_is_written_to_be_told(self) -> None:
        found = judged("M: hemligt", ruled({"code": "m"}, activity="meeting", note="Nås per sms"))
        assert (found.note, found.note_level) == ("Nås per sms", Level.ACTIVITY)

    def test_the_description_becomes_the_note_where_the_organization_turns_it_on(self) -> None:
        it = booking("Lunch", description="Åter kl 13\r\nRing inte")
        assert judged(it).note == ""
        assert judged(it, person(description_note=True)).note == "Åter kl 13 Ring inte"
        assert judged(booking("Plan", description="x"), person(description_note=True)).note == ""

    def test_a_note_is_one_line_of_at_most_255_characters(self) -> None:
        assert judged("M: a\x00b\nc").note == "a b c"
        assert len(judged("M: " + "x" * 300).note) == 255

    def test_words_and_categories_give_no_note(self) -> None:
        assert judged("Lunch: med Eva").note == ""


class TestOrder:
    def test_the_first_rule_that_names_a_field_decides_it(self) -> None:
        rules = [
            {"id": "one", "match": {"word": "plan"}, "then": {"activity": "course"}},
            {"id": "two", "then": {"activity": "travel", "availability": "dnd", "role": "private"}},
        ]
        found = judged("Plan", person(rules=rules))
        assert (found.activity, found.availability, found.role) == (
            "course", Availability.DND, "private",
        )  # fmt: skip
        assert (found.rule, found.role_rule, found.because) == ("one", "two", ("one", "two"))

    def test_activity_and_role_resolve_independently(self) -> None:
        rules = [
            {"match": {"word": "styrelse"}, "then": {"role": "board"}},
            {"match": {"code": "m"}, "then": {"activity": "meeting"}},
        ]
        one = person(rules=rules, roles=[{"id": "board"}])
        found = judged("M: styrelse", one)
        assert (found.activity, found.role) == ("meeting", "board")

    def test_person_comes_before_own_keywords_before_department_before_organization(self) -> None:
        def rule(activity: str) -> list[dict[str, Any]]:
            return [{"match": {"code": "x"}, "then": {"activity": activity}}]

        organization = policy(
            rules=rule("travel"), departments=[{"id": "sales", "rules": rule("course")}]
        )

        def activity(**own: Any) -> tuple[str, str]:
            found = judged("X: y", organization.for_person(record(**own)))
            return found.activity, found.rule

        own = {"preferences": {"keywords": rule("errand")}}
        assert activity() == ("travel", "rule-1")
        assert activity(department="sales") == ("course", "department:rule-1")
        assert activity(department="sales", **own) == ("errand", "own:rule-1")
        assert activity(department="sales", **own, rules=rule("dnd")) == ("dnd", "person:rule-1")

    def test_packs_decide_only_what_rules_left_open(self) -> None:
        rules = [{"match": {"word": "lunch"}, "then": {"activity": "meeting"}}]
        found = judged("Lunch", person(rules=rules))
        assert (found.activity, found.because) == ("meeting", ("rule-1", "pack:sv:lunch"))

    def test_own_keywords_count_only_where_permitted(self) -> None:
        own = {"preferences": {"keywords": [{"match": {"code": "x"}, "then": {"activity": "dnd"}}]}}
        assert judged("X: y", person(own)).activity == "dnd"
        assert judged("X: y", person(own, permissions={"keywords": False})).activity == "busy"


NUMBERING = {"country": "SE", "extensions": ["1000-1999"]}


class TestMarks:
    def told(self, subject: str, **given: Any) -> Judgement:
        listed = ("1234", "08-123 456 78")
        return judged(subject, person(forward_numbers=listed, numbering=NUMBERING, **given))

    def test_leave_out(self) -> None:
        assert self.told("- tandläkare").because == ("left-out",)
        assert self.told("SV: - tandläkare").because == ("left-out",)

    def test_inform_only_shows_and_does_not_divert(self) -> None:
        found = self.told("! M: budget", divert="all")
        assert (found.activity, found.divert, found.note) == ("meeting", False, "budget")

    def test_inform_only_beats_a_rule_that_diverts(self) -> None:
        rules = [{"match": {"code": "m"}, "then": {"divert": True}}]
        assert not self.told("! M: budget", rules=rules).divert

    def test_hide_keeps_the_subject_to_its_owner(self) -> None:
        found = self.told("# M: lön")
        assert (found.activity, found.cap, found.note) == ("meeting", Level.ACTIVITY, "")

    def test_forward_leads_to_a_listed_number(self) -> None:
        found = self.told(">1234 beredskap")
        assert (found.route, found.divert, found.marked) == ("1234", True, True)

    @pytest.mark.parametrize(
        "text", [">08-123 456 78 jour", ">0812345678 jour", "> +46 8 123 456 78 jour",
                 ">+46 (0)8 12345678 jour"]
    )  # fmt: skip
    def test_a_forward_number_is_found_however_it_is_written(self, text: str) -> None:
        assert self.told(text).route == "+46812345678"

    @pytest.mark.parametrize("number", ["1235", "112", "0900 123 45 67", "+1 900 555 0100", "x"])
    def test_a_number_that_is_not_listed_is_not_obeyed(self, number: str) -> None:
        found = self.told(f">{number} M: hej")
        assert found.route == ""
        assert "forward-refused" in found.because
        assert found.counts

    def test_a_star_opens_every_ordinary_number_and_no_other(self) -> None:
        one = person(forward_numbers=("*",), numbering=NUMBERING)
        assert judged(">070-174 06 05 x", one).route == "+46701740605"
        for number in ("112", "0900 123 45 67", "00112", "911"):
            assert judged(f">{number} x", one).route == ""

    def test_marks_stand_together_in_any_order_and_are_taken_off(self) -> None:
        found = self.told("#!>1234 M: x")
        assert (found.route, found.divert, found.cap) == ("1234", False, Level.ACTIVITY)
        assert found.activity == "meeting"

    def test_characters_are_configurable_and_may_be_switched_off(self) -> None:
        marks = {"leave_out": "%%", "inform_only": "", "hide": "", "forward": ""}
        assert self.told("%% x", marks=marks).because == ("left-out",)
        assert self.told("! Lunch", marks=marks).divert
        assert self.told("- x", marks=marks).counts
        assert self.told("% x", marks=marks).counts

    def test_a_mark_alone_marks_what_it_commands(self) -> None:
        assert self.told("! plan", mode="marked").counts
        assert not self.told("# plan", mode="marked").counts


def test_an_organization_defines_and_extends_activities_and_roles() -> None:
    one = person(
        activities=[
            {"id": "on-call", "availability": "dnd", "names": {"sv": "Jour"}, "auto_return": False},
            {"id": "lunch", "availability": "busy"},
        ],
        rules=[{"match": {"code": "j"}, "then": {"activity": "on-call"}}],
    )
    found = judged("J: natt", one)
    assert (found.availability, found.auto_return) == (Availability.DND, False)
    words = one.policy.vocabulary
    assert (words.name("on-call", "sv"), words.name("on-call", "fi")) == ("Jour", "Jour")
    assert judged("Lunch", one).availability is Availability.BUSY
    assert words.name("lunch", "pl") == "Lunch"
    assert words.activities["lunch"].spoken["sv"] == "på lunch"


@pytest.mark.parametrize(
    ("organization", "preference", "rule", "expected"),
    [
        (True, None, None, True),
        (False, None, None, False),
        (True, False, None, False),
        (False, True, None, True),
        (True, True, False, False),
        (False, False, True, True),
    ],
)
def test_auto_return_is_the_rules_then_the_persons_then_the_organizations(
    organization: bool, preference: bool | None, rule: bool | None, expected: bool
) -> None:
    one = person(
        {"preferences": {"auto_return": preference}},
        auto_return=organization,
        rules=[{"match": {"code": "m"}, "then": {"auto_return": rule}}],
    )
    assert judged("M: x", one).auto_return is expected


@pytest.mark.parametrize("activity", ["sick", "child-care", "parental-leave", "errand"])
def test_sensitive_activities_are_told_as_absent_until_opened(activity: str) -> None:
    rules = [{"match": {"code": "z"}, "then": {"activity": activity}}]
    assert judged("Z: x", person(rules=rules)).sensitive
    opened = person(rules=rules, disclosure={"open_activities": [activity]})
    assert not judged("Z: x", opened).sensitive


def test_an_occurrence_is_judged_by_its_own_time_where_a_rule_looks_at_it() -> None:
    from tests.unit.policy.world import timeline

    rules = [{"match": {"weekdays": ["tue"]}, "then": {"activity": "course"}}]
    week = [
        booking("Plan", f"{day} 9:00", f"{day} 10:00", recurring=True, uid=f"s/{day}")
        for day in (2, 3)
    ]
    found = timeline(*week, of=person(rules=rules))
    assert [each.activity for each in found.segments] == ["busy", "course"]


def test_dates_are_of_the_persons_zone() -> None:
    one = person({"timezone": "Asia/Tokyo"}, rules=[
        {"match": {"from_time": "17:00", "to_time": "17:01"}, "then": {"activity": "course"}}
    ])  # fmt: skip
    assert judged("Plan", one).activity == "course"  # 9:00 in Stockholm
    assert one.zone.key == "Asia/Tokyo"
