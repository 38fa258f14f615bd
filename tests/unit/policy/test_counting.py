"""POLICY section 1: what counts."""

from __future__ import annotations

import pytest

from kalends.model.booking import Response, Sensitivity, ShowAs
from kalends.model.vocabulary import Availability
from tests.unit.policy.world import (
    COLLEAGUE,
    ME,
    NOW,
    OUTSIDER,
    all_day,
    booking,
    during,
    invitation,
    judged,
    person,
    timeline,
    told,
)


def test_declined_meeting_leaves_the_person_available() -> None:
    it = invitation("Möte", COLLEAGUE, Response.DECLINED)
    assert not judged(it).counts
    assert judged(it).because == ("declined",)
    assert timeline(it).segments == ()


def test_cancelled_meeting_leaves_the_person_available() -> None:
    assert judged(booking("Möte", cancelled=True)).because == ("cancelled",)


@pytest.mark.parametrize("response", [Response.UNANSWERED, Response.TENTATIVE])
@pytest.mark.parametrize(
    ("choice", "activity"),
    [("tentative", "tentative"), ("busy", "busy"), ("free", ""), ("ignore", "")],
)
def test_unanswered_and_tentative_invitations_count_as_configured(
    response: Response, choice: str, activity: str
) -> None:
    found = judged(invitation("Plan", COLLEAGUE, response), person(unanswered=choice))
    assert found.activity == activity
    assert found.counts is (activity != "")


def test_an_invitation_nobody_answered_does_not_take_up_time_that_shows_as_free() -> None:
    it = invitation("Fika?", COLLEAGUE, Response.UNANSWERED, show_as=ShowAs.FREE)
    assert not judged(it, person(unanswered="busy")).counts


BY_STATUS = {
    ShowAs.FREE: (Availability.AVAILABLE, ""),
    ShowAs.TENTATIVE: (Availability.AVAILABLE, "tentative"),
    ShowAs.BUSY: (Availability.BUSY, "busy"),
    ShowAs.OOF: (Availability.AWAY, "out-of-office"),
    ShowAs.ELSEWHERE: (Availability.AVAILABLE, "elsewhere"),
}


@pytest.mark.parametrize("show_as", list(ShowAs))
def test_show_as_by_status_is_the_default(show_as: ShowAs) -> None:
    found = judged(booking("Plan", show_as=show_as))
    assert (found.availability, found.activity) == BY_STATUS[show_as]


@pytest.mark.parametrize("show_as", list(ShowAs))
def test_show_as_all_busy_makes_every_booking_busy(show_as: ShowAs) -> None:
    found = judged(booking("Plan", show_as=show_as), person(show_as="all-busy"))
    assert found.counts
    assert found.availability is Availability.BUSY


def test_show_as_can_be_a_table_with_every_cell_set() -> None:
    table = {
        "free": "available",
        "tentative": "busy",
        "busy": "dnd",
        "oof": "offline",
        "elsewhere": "away",
    }
    one = person(show_as=table)
    assert {
        each.value: judged(booking("Plan", show_as=each), one).availability.value for each in ShowAs
    } == table


def test_a_person_may_override_show_as_where_permitted() -> None:
    own = {"preferences": {"show_as": "all-busy"}}
    it = booking("Plan", show_as=ShowAs.TENTATIVE)
    assert judged(it, person(own)).availability is Availability.BUSY
    refused = person(own, permissions={"show_as": False})
    assert judged(it, refused).availability is Availability.AVAILABLE


def test_mode_marked_counts_only_what_a_code_word_or_category_marks() -> None:
    one = person(
        mode="marked", rules=[{"match": {"category": "Röd"}, "then": {"activity": "meeting"}}]
    )
    assert judged("M: budget", one).counts
    assert judged("Lunch", one).counts
    assert judged(booking("Plan", categories=("röd",)), one).counts
    assert judged("Plan", one).because == ("unmarked",)


def test_a_rule_that_reads_no_text_does_not_mark() -> None:
    rules = [{"match": {"show_as": "oof"}, "then": {"activity": "travel"}}]
    it = booking("Plan", show_as=ShowAs.OOF)
    assert not judged(it, person(mode="marked", rules=rules)).counts
    assert judged(it, person(rules=rules)).activity == "travel"


@pytest.mark.parametrize(
    ("divert", "plain", "marked"),
    [("marked", False, True), ("all", True, True), ("none", False, False)],
)
def test_showing_is_not_diverting(divert: str, plain: bool, marked: bool) -> None:
    one = person(divert=divert)
    assert judged("Plan", one).divert is plain
    assert judged("M: plan", one).divert is marked


def test_a_rule_may_say_whether_its_bookings_divert() -> None:
    rules = [
        {"match": {"word": "jour"}, "then": {"divert": False}},
        {"match": {"show_as": "oof"}, "then": {"divert": True}},
    ]
    one = person(rules=rules)
    assert not judged("Jour helg", one).divert
    assert judged(booking("Plan", show_as=ShowAs.OOF), one).divert


def test_an_all_day_free_booking_never_hides_a_timed_one() -> None:
    rules = [{"match": {"word": "mässa"}, "then": {"activity": "travel", "priority": 50}}]
    fair = all_day("Mässa", "2", show_as=ShowAs.FREE)
    found = timeline(fair, booking("M: budget"), of=person(rules=rules))
    assert told(found) == [
        ("2 0:00", "2 9:00", "travel"),
        ("2 9:00", "2 10:00", "meeting"),
        ("2 10:00", "3 0:00", "travel"),
    ]


def test_an_all_day_out_of_office_does_not_hide_that_the_person_is_in_a_meeting() -> None:
    found = timeline(all_day("Konferens i Rom", "2"), booking("Möte"))
    meeting = during(found, "2 9:30")
    assert meeting is not None
    assert meeting.activity == "meeting"


def test_an_invitation_to_something_else_never_makes_a_busy_person_available() -> None:
    attack = invitation("Ha!", OUTSIDER, Response.UNANSWERED, start="2 9:10", end="2 9:40")
    found = timeline(booking("Möte"), attack)
    assert told(found) == [("2 9:00", "2 10:00", "meeting")]


def test_a_private_booking_counts_and_its_text_is_not_kept() -> None:
    it = booking("M: rehab", sensitivity=Sensitivity.PRIVATE, description="hemligt")
    one = person(description_note=True)
    (segment,) = timeline(it, of=one).segments
    assert (segment.activity, segment.private, segment.note) == ("meeting", True, "")
    assert "rehab" not in repr(segment).replace(segment.booking, "")


@pytest.mark.parametrize("sensitivity", [Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL])
def test_private_and_confidential_disclose_times_only(sensitivity: Sensitivity) -> None:
    assert judged(booking("Plan", sensitivity=sensitivity)).private


class TestForeignInvitationsDoNotCommand:
    @pytest.mark.parametrize("subject", ["GFD: ha", "Lunch", "Möte", "- dold", ">112 ha", "VAB"])
    @pytest.mark.parametrize(
        "response", [Response.ACCEPTED, Response.TENTATIVE, Response.UNANSWERED]
    )
    def test_an_outside_invitation_counts_by_its_show_as_alone(
        self, subject: str, response: Response
    ) -> None:
        found = judged(invitation(subject, OUTSIDER, response))
        assert found.counts
        assert found.activity == ("busy" if response is Response.ACCEPTED else "tentative")
        assert (found.note, found.route, found.divert) == ("", "", False)

    def test_codes_and_words_count_in_accepted_invitations_from_inside(self) -> None:
        assert judged(invitation("M: budget", COLLEAGUE, Response.ACCEPTED)).activity == "meeting"
        assert judged(invitation("Lunch", COLLEAGUE, Response.ACCEPTED)).activity == "lunch"

    def test_they_do_not_count_before_the_invitation_is_accepted(self) -> None:
        found = judged(invitation("M: budget", COLLEAGUE, Response.UNANSWERED))
        assert found.activity == "tentative"

    @pytest.mark.parametrize("subject", ["- dold", "# dold", "! dold", ">1234 dold"])
    def test_marks_count_only_in_own_bookings(self, subject: str) -> None:
        found = judged(
            invitation(subject, COLLEAGUE, Response.ACCEPTED), person(forward_numbers=("1234",))
        )
        assert found.counts
        assert (found.route, found.cap, found.divert) == ("", None, False)

    def test_an_organizer_outside_makes_a_booking_foreign_whatever_the_answer_says(self) -> None:
        assert judged(invitation("GFD: ha", OUTSIDER, Response.OWN)).activity == "busy"

    def test_an_organizer_nobody_named_is_foreign_in_an_invitation(self) -> None:
        assert judged(invitation("GFD:", "", Response.ACCEPTED)).activity == "busy"

    def test_ones_own_invitation_is_ones_own(self) -> None:
        assert judged(invitation("GFD:", ME, Response.ACCEPTED)).activity == "gone"

    def test_text_rules_of_the_organization_do_not_read_foreign_bookings(self) -> None:
        text = [
            {"match": {"code": "x"}},
            {"match": {"subject": "x"}},
            {"match": {"word": "x"}},
            {"match": {"pattern": "x"}},
            {"match": {"category": "x"}},
        ]
        one = person(rules=[{**each, "then": {"ignore": True}} for each in text])
        it = invitation("x: x", OUTSIDER, Response.ACCEPTED, categories=("x",))
        assert judged(it, one).counts

    def test_rules_may_still_sort_them_by_what_is_not_text(self) -> None:
        one = person(rules=[{"match": {"organizer": "outside"}, "then": {"ignore": True}}])
        found = judged(invitation("Webinar", OUTSIDER, Response.ACCEPTED), one)
        assert found.because == ("rule-1", "ignored")


def test_a_person_may_opt_out_where_permitted() -> None:
    own = {"preferences": {"calendar": False}}
    assert judged("Möte", person(own)).because == ("opted-out",)
    assert timeline(booking("Möte"), of=person(own)).segments == ()
    assert judged("Möte", person(own, permissions={"calendar": False})).counts


def test_what_has_ended_takes_no_part() -> None:
    found = timeline(booking("Möte", "2 7:00", "2 8:00"), booking("Lunch", "2 12:00", "2 13:00"))
    assert [each.activity for each in found.segments] == ["lunch"]
    assert all(each.end > NOW for each in found.segments)
