"""A private booking without its text means what it meant with it, and its text is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from subprocess import run
from sys import executable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalends.model.booking import (
    Booking,
    Gist,
    Response,
    Sensitivity,
    ShowAs,
    pack_bookings,
    unpack_bookings,
)
from kalends.policy.compile import compile_policy
from kalends.policy.gist import without_text
from kalends.policy.judge import judge
from kalends.policy.person import PersonPolicy
from kalends.policy.timeline import CalendarFacts, build_timeline
from tests.unit.policy import world
from tests.unit.policy.world import (
    COLLEAGUE,
    ME,
    NOW,
    OUTSIDER,
    at,
    booking,
    facts,
    person,
    policy,
    record,
    timeline,
)

PRIVATE = (Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL)
RULES: list[dict[str, Any]] = [
    {"id": "left", "match": {"word": "bort"}, "then": {"ignore": True}},
    {"id": "duty", "match": {"word": ["jour", "on call"]}, "then": {"role": "duty"}},
    {"match": {"code": "p", "private": True}, "then": {"priority": 3, "activity": "course"}},
    {"match": {"category": "Resa"}, "then": {"activity": "travel", "route": "voicemail"}},
    {"match": {"pattern": "secret \\d+", "weekdays": ["mon"]}, "then": {"availability": "dnd"}},
    {"match": {"subject": "plan", "organizer": "outside"}, "then": {"divert": False}},
    {"match": {"subject": "plan", "min_minutes": 60}, "then": {"note": "Planerar"}},
    {"match": {"private": True, "show_as": "tentative"}, "then": {"disclosure": "activity"}},
]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"rules": RULES, "roles": [{"id": "duty"}]},
    {"rules": RULES, "roles": [{"id": "duty"}], "mode": "marked", "unanswered": "busy"},
    {"rules": RULES[::-1], "roles": [{"id": "duty"}], "forward_numbers": ["*"], "divert": "all",
     "description_note": True, "numbering": {"country": "SE", "extensions": ["1000-1999"]}},
    {"keyword_languages": ["de", "pl"], "marks": {"leave_out": "x", "inform_only": "!!"}},
    {"packs": False, "rules": RULES, "roles": [{"id": "duty"}], "unanswered": "ignore"},
    {"work_hours": {"mon": ["08:00-17:00"], "tue": ["08:00-17:00"]}, "show_as": "all-busy"},
]  # fmt: skip
PEOPLE = [
    compile_policy(world.settings(**given)).for_person(world.record(**own))
    for given in SETTINGS
    for own in (
        {},
        {"preferences": {"keywords": [{"match": {"word": "rehab"}, "then": {"activity": "sick"}}]}},
    )
]
SUBJECTS = (
    "", "Plan", "plan: x", "M: rehab", "P: kurs", "SV: P: kurs", "Jour", "bort", "Lunch & learn",
    "Lunch", "Urlaub", "Semester", "wizyta", "- hos läkaren", "!P: x", "#Jour", ">1234 vakt",
    ">112 Jour", "secret 7", "x Plan", "!! M: x", "gfd:", "VAB", "#!M: hemligt", "Resa",
)  # fmt: skip


@st.composite
def bookings(draw: st.DrawFn) -> Booking:
    start = NOW + draw(st.integers(-8, 96)) * 900
    day = datetime.fromtimestamp(start, world.STOCKHOLM).date()
    whole = draw(st.booleans()) and draw(st.booleans())
    return Booking(
        draw(st.sampled_from("abcdefgh")),
        start,
        start + draw(st.integers(0, 12)) * 900,
        draw(st.sampled_from(list(ShowAs))),
        draw(st.sampled_from(SUBJECTS)),
        draw(st.sampled_from(list(Sensitivity))),
        draw(st.sampled_from([(), ("Resa",), ("Röd", "resa ")])),
        draw(st.sampled_from(list(Response))),
        draw(st.sampled_from(["", ME, COLLEAGUE, OUTSIDER])),
        draw(st.sampled_from([False, False, False, True])),
        draw(st.booleans()),
        whole,
        day if whole else None,
        day + timedelta(days=1) if whole else None,
        draw(st.sampled_from(["", "beskrivning"])),
    )


@st.composite
def calendars(draw: st.DrawFn) -> list[CalendarFacts]:
    found = draw(st.lists(st.lists(bookings(), max_size=5), min_size=1, max_size=3))
    return [
        CalendarFacts(f"dav/{place}", tuple(each), NOW + 40 * 86_400)
        for place, each in enumerate(found)
    ]


def stripped(of: PersonPolicy, given: list[CalendarFacts]) -> list[CalendarFacts]:
    """The calendars as they come back from a store."""
    found = []
    for each in given:
        kept = [without_text(of, one) for one in each.bookings]
        bookings = unpack_bookings(pack_bookings(kept))
        found.append(msgspec.structs.replace(each, bookings=bookings))
    return found


@settings(max_examples=150, deadline=None)
@given(calendars(), st.sampled_from(PEOPLE))
def test_the_timeline_is_the_same_without_the_text(
    given: list[CalendarFacts], of: PersonPolicy
) -> None:
    assert build_timeline(of, stripped(of, given), NOW) == build_timeline(of, given, NOW)


@settings(max_examples=150, deadline=None)
@given(bookings(), st.sampled_from(PEOPLE))
def test_every_judgement_and_its_explanation_are_the_same(one: Booking, of: PersonPolicy) -> None:
    assert judge(of, "dav/0", without_text(of, one)) == judge(of, "dav/0", one)


@settings(max_examples=100, deadline=None)
@given(bookings(), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
def test_what_was_taken_away_once_keeps_what_it_said_then(
    one: Booking, of: PersonPolicy, other: PersonPolicy
) -> None:
    once = without_text(of, one)
    assert without_text(of, once) == once
    assert without_text(other, once) == once


@settings(max_examples=100, deadline=None)
@given(bookings(), st.sampled_from(PEOPLE))
def test_only_a_private_booking_loses_its_text(one: Booking, of: PersonPolicy) -> None:
    kept = without_text(of, one)
    if one.sensitivity in PRIVATE:
        assert (kept.subject, kept.categories, kept.description, kept.organizer) == ("", (), "", "")
        assert kept.interval(of.zone) == one.interval(of.zone)
    else:
        assert kept == one


@pytest.mark.parametrize("sensitivity", PRIVATE)
def test_nothing_anybody_wrote_is_left(sensitivity: Sensitivity) -> None:
    of = person(rules=RULES, roles=[{"id": "duty"}], description_note=True)
    one = booking(
        "! M: XyzzyCanary jour", sensitivity=sensitivity, categories=("Resa", "XyzzyCanary"),
        description="XyzzyCanary", organizer="xyzzycanary@acme.example", uid="u1",
    )  # fmt: skip
    packed = pack_bookings([without_text(of, one)])
    assert b"xyzzycanary" not in packed.lower()
    assert b"duty" in packed


def test_the_text_after_a_private_code_is_told_to_nobody() -> None:
    one = booking("M: rehab", sensitivity=Sensitivity.PRIVATE)
    (segment,) = timeline(without_text(person(), one)).segments
    assert (segment.activity, segment.rule, segment.note) == ("meeting", "code:meeting", "")


def test_a_personal_booking_is_no_secret() -> None:
    one = booking("Löprunda", sensitivity=Sensitivity.PERSONAL)
    assert without_text(person(), one) is one


def test_a_private_booking_stored_by_an_older_kalends_is_read_as_ever() -> None:
    """Bookings grew a field: what was packed without it has its text and no gist."""
    one = booking("M: x", sensitivity=Sensitivity.PRIVATE)
    old = msgspec.msgpack.encode([msgspec.structs.astuple(one)[:-1]])
    assert unpack_bookings(old) == (one,)


# --- when the rules change -----------------------------------------------------------------


def rehab(**given: Any) -> dict[str, Any]:
    return {"id": "rehab", "match": {"word": "rehab"}, "then": {"activity": "sick"}, **given}


HIDDEN = booking("rehab hos Bo", sensitivity=Sensitivity.PRIVATE)


def test_an_outcome_changes_at_once() -> None:
    kept = without_text(person(rules=[rehab()]), HIDDEN)
    after = person(rules=[rehab(then={"activity": "course"})])
    assert judge(after, "", kept).activity == "course"


def test_a_condition_beside_the_text_changes_at_once() -> None:
    kept = without_text(person(rules=[rehab()]), HIDDEN)
    after = person(rules=[rehab(match={"word": "rehab", "show_as": "oof"})])
    assert judge(after, "", kept).activity == "busy"


def test_the_old_match_of_a_rule_stands_until_the_calendar_is_read() -> None:
    kept = without_text(person(rules=[rehab()]), HIDDEN)
    after = person(rules=[rehab(match={"word": ["rehab", "sjukgymnast"]})])
    assert judge(after, "", kept).rule == "rehab"


def test_a_rule_without_a_name_keeps_its_matches_when_another_comes_before_it() -> None:
    nameless = {"match": {"word": "rehab"}, "then": {"activity": "sick"}}
    kept = without_text(person(rules=[nameless]), HIDDEN)
    other = {"match": {"word": "golf"}, "then": {"activity": "vacation"}}
    assert judge(person(rules=[other, nameless]), "", kept).activity == "sick"


def test_a_removed_rule_says_nothing_any_more() -> None:
    kept = without_text(person(rules=[rehab()]), HIDDEN)
    assert judge(person(), "", kept).rule == "show-as:busy"


BASE: dict[str, Any] = {"rules": [rehab()]}


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ({}, {"rules": [rehab(match={"word": "kur"})]}),
        ({}, {"rules": [rehab(match={"word": "rehab", "category": "Röd"})]}),
        ({}, {"rules": [rehab(), rehab(id="more", match={"code": "k"})]}),
        ({}, {"rules": []}),
        ({}, {"packs": False}),
        ({}, {"keyword_languages": ["de"]}),
        ({}, {"marks": {"leave_out": "x"}}),
        ({}, {"forward_numbers": ["1234"]}),
        ({}, {"numbering": {"country": "SE"}}),
        ({}, {"unanswered": "busy"}),
        ({}, {"domains": ["acme.example", "acme.test"]}),
        ({"emails": [ME, "a@acme.example"]}, {}),
        ({"rules": [rehab(match={"word": "kur"})]}, {}),
        ({"preferences": {"keywords": [rehab(match={"word": "kur"})]}}, {}),
        ({"preferences": {"keyword_languages": ["de"]}}, {}),
    ],
)
def test_what_changes_the_meaning_of_a_text_changes_the_wording(
    own: dict[str, Any], given: dict[str, Any]
) -> None:
    assert person(own, **(BASE | given)).wording != person(**BASE).wording


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ({}, {"rules": [rehab(then={"activity": "course"})]}),
        ({}, {"rules": [rehab(match={"word": "rehab", "show_as": "oof"})]}),
        ({}, {"rules": [{"match": {"private": True}, "then": {"priority": 1}}, rehab()]}),
        ({}, {"show_as": "all-busy", "mode": "marked", "divert": "all"}),
        ({"name": "Anna B", "mobile": "0701234567"}, {}),
        ({}, {"work_hours": {"mon": ["08:00-17:00"]}}),
    ],
)
def test_what_does_not_leaves_it(own: dict[str, Any], given: dict[str, Any]) -> None:
    assert person(own, **(BASE | given)).wording == person(**BASE).wording


def test_the_wording_is_the_same_in_every_process() -> None:
    """It is stored: a restart must not read every calendar of a private booking again."""
    told = policy().for_person(record()).wording
    code = "from tests.unit.policy.world import person; print(person().wording.hex())"
    again = run([executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == told.hex()


# --- copies ---------------------------------------------------------------------------------


def two_calendars(one: Booking, other: Booking) -> list[CalendarFacts]:
    return [facts(one, name="dav/a"), facts(other, name="dav/b")]


def test_private_bookings_of_one_hour_are_not_taken_for_copies() -> None:
    of = person()
    mine = without_text(of, booking("Möbler", sensitivity=Sensitivity.PRIVATE, uid="1"))
    refused = without_text(
        of,
        booking("Kurs", sensitivity=Sensitivity.PRIVATE, uid="2", response=Response.DECLINED,
                organizer=COLLEAGUE),
    )  # fmt: skip
    (segment,) = build_timeline(of, two_calendars(mine, refused), NOW).segments
    assert (segment.start, segment.availability) == (at("2 9:00"), "busy")


def test_a_private_booking_in_two_calendars_counts_once_by_its_identity() -> None:
    of = person()
    mine = without_text(of, booking("Möbler", sensitivity=Sensitivity.PRIVATE, uid="1"))
    refused = msgspec.structs.replace(mine, response=Response.DECLINED)
    assert build_timeline(of, two_calendars(mine, refused), NOW).segments == ()


def test_of_two_copies_the_one_that_could_be_read_speaks() -> None:
    of = person()
    bare = booking("", sensitivity=Sensitivity.PRIVATE, uid="1")
    told = booking("M: x", sensitivity=Sensitivity.PRIVATE, uid="1")
    found = build_timeline(
        of, two_calendars(without_text(of, bare), without_text(of, told)), NOW
    ).segments
    assert [segment.activity for segment in found] == ["meeting"]


def test_a_gist_is_small() -> None:
    """Most private bookings say nothing to any rule: a few bytes each."""
    empty = without_text(person(), booking("Möbler", sensitivity=Sensitivity.PRIVATE)).gist
    assert isinstance(empty, Gist)
    assert len(msgspec.msgpack.encode(empty)) < 16
