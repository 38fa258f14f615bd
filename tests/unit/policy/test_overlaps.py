"""POLICY section 2: overlaps are settled in one documented order, for activity and role apart."""

from __future__ import annotations

from typing import Any

from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.presence import Segment
from kalends.model.times import Interval
from kalends.model.vocabulary import Availability, Level, Origin
from kalends.policy.timeline import build_timeline
from tests.unit.policy.world import (
    COLLEAGUE,
    NOW,
    OFFICE,
    all_day,
    at,
    booking,
    during,
    facts,
    invitation,
    person,
    timeline,
    told,
)

PRIORITY: dict[str, Any] = {"rules": [{"match": {"word": "viktig"}, "then": {"priority": 5}}]}


def winner(*bookings: Booking, moment: str = "2 9:30", **given: Any) -> str:
    segment = during(timeline(*bookings, of=person(**given)), moment)
    return segment.booking if segment else ""


def test_a_booking_without_company_is_one_segment() -> None:
    (segment,) = timeline(booking("M: budget", uid="1")).segments
    assert segment == Segment(
        at("2 9:00"),
        at("2 10:00"),
        Availability.BUSY,
        "meeting",
        "work",
        Origin.CALENDAR,
        "dav/default/1",
        "code:meeting",
        "budget",
        divert=True,
        ends_booking=True,
    )


def test_priority_comes_first() -> None:
    long = booking("Viktig plan", "2 8:00", "2 12:00", uid="long")
    short = booking("Plan", "2 9:00", "2 10:00", uid="short")
    assert winner(long, short) == "dav/default/short"
    assert winner(long, short, **PRIORITY) == "dav/default/long"


def test_a_low_priority_loses_to_everything_ordinary() -> None:
    rules = [{"match": {"word": "bakgrund"}, "then": {"priority": -5}}]
    late = booking("Bakgrund", "2 9:20", "2 9:40", uid="late")
    assert winner(booking("Plan", uid="plan"), late, rules=rules) == "dav/default/plan"


def test_priority_beats_timed_before_all_day() -> None:
    fair = all_day("Viktig mässa", "2", uid="fair")
    assert winner(fair, booking("Plan", uid="plan"), **PRIORITY) == "dav/default/fair"


def test_timed_comes_before_all_day() -> None:
    assert winner(all_day("Mässa", "2"), booking("Plan", uid="plan")) == "dav/default/plan"


def test_timed_comes_before_all_day_also_when_it_starts_earlier() -> None:
    night = booking("Resa", "1 20:00", "2 11:00", uid="night")
    assert winner(all_day("Semester", "2"), night) == "dav/default/night"


def test_later_start_wins() -> None:
    first = booking("A", "2 9:00", "2 11:00", uid="a")
    second = booking("B", "2 9:15", "2 12:00", uid="b")
    assert winner(first, second) == winner(second, first) == "dav/default/b"


def test_shorter_wins_where_both_start_together() -> None:
    long, short = booking("A", end="2 11:00", uid="a"), booking("B", end="2 10:00", uid="b")
    assert winner(long, short) == "dav/default/b"


def test_stable_identity_settles_the_rest() -> None:
    one, two = booking("A", uid="1"), booking("B", uid="2")
    assert winner(one, two) == winner(two, one) == "dav/default/1"


def test_the_covered_booking_comes_back_when_the_covering_one_ends() -> None:
    outer = booking("Outer", "2 9:00", "2 12:00", uid="outer")
    inner = booking("M: inner", "2 10:00", "2 11:00", uid="inner")
    found = timeline(outer, inner)
    assert told(found) == [
        ("2 9:00", "2 10:00", "busy"),
        ("2 10:00", "2 11:00", "meeting"),
        ("2 11:00", "2 12:00", "busy"),
    ]
    assert [each.ends_booking for each in found.segments] == [False, True, True]


def test_a_booking_covered_to_its_end_does_not_end_where_it_is_covered() -> None:
    found = timeline(booking("A", "2 9:00", "2 11:00"), booking("B", "2 10:00", "2 12:00"))
    assert [each.ends_booking for each in found.segments] == [False, True]


def test_back_to_back_bookings_share_no_moment() -> None:
    found = timeline(booking("M: a"), booking("Lunch", "2 10:00", "2 11:00"))
    assert told(found) == [("2 9:00", "2 10:00", "meeting"), ("2 10:00", "2 11:00", "lunch")]


def test_what_show_as_alone_calls_available_never_hides_what_says_otherwise() -> None:
    maybe = booking("Kanske", "2 9:30", "2 9:45", show_as=ShowAs.TENTATIVE)
    found = timeline(booking("M: budget"), maybe)
    assert [each.activity for each in found.segments] == ["meeting"]
    vacation = timeline(all_day("Semester", "2"), maybe)
    assert [each.activity for each in vacation.segments] == ["vacation"]


def test_a_rule_that_says_available_does_hide() -> None:
    rules = [{"match": {"word": "öppet"}, "then": {"availability": "available"}}]
    hour = booking("Öppet hus", "2 9:20", "2 9:40", uid="open")
    assert winner(booking("M: x"), hour, rules=rules) == "dav/default/open"


def test_tentative_shows_where_nothing_else_is() -> None:
    (segment,) = timeline(booking("Kanske", show_as=ShowAs.TENTATIVE)).segments
    assert (segment.activity, segment.availability) == ("tentative", Availability.AVAILABLE)


class TestRolesResolveOnTheirOwn:
    RULES = (
        {"match": {"word": "jour"}, "then": {"role": "duty"}},
        {"match": {"code": "p"}, "then": {"role": "private", "activity": "errand"}},
    )

    def given(self, **more: Any) -> dict[str, Any]:
        return {"rules": list(self.RULES), "roles": [{"id": "duty"}], **more}

    def told(self, *bookings: Booking, **more: Any) -> list[tuple[str, str, str]]:
        found = timeline(*bookings, of=person(**self.given(**more)))
        return [(f"{each.start - at('2')}", each.activity, each.role) for each in found.segments]

    def test_a_role_lies_over_the_activities_of_others(self) -> None:
        duty = booking("Jour", "2 8:00", "2 18:00", show_as=ShowAs.FREE)
        assert self.told(duty, booking("M: x", "2 9:00", "2 10:00")) == [
            ("28800", "available", "duty"),
            ("32400", "meeting", "duty"),
            ("36000", "available", "duty"),
        ]

    def test_a_stronger_booking_brings_its_own_role(self) -> None:
        duty = booking("Jour", "2 8:00", "2 18:00", show_as=ShowAs.FREE)
        found = self.told(duty, booking("P: x", "2 9:00", "2 10:00"))
        assert found[1] == ("32400", "errand", "private")

    def test_role_and_activity_change_at_their_own_edges(self) -> None:
        duty = booking("Jour", "2 9:30", "2 11:00", show_as=ShowAs.FREE)
        assert self.told(duty, booking("M: x", "2 9:00", "2 10:00")) == [
            ("32400", "meeting", "work"),
            ("34200", "meeting", "duty"),
            ("36000", "available", "duty"),
        ]

    def test_a_role_lies_over_the_schedule_too(self) -> None:
        duty = booking("Jour", "2 18:00", "2 20:00", show_as=ShowAs.FREE)
        found = timeline(duty, of=person(**self.given(work_hours=OFFICE.model_dump())))
        evening = during(found, "2 19:00")
        assert evening is not None
        assert (evening.availability, evening.role) == (Availability.OFFLINE, "duty")
        later = during(found, "2 21:00")
        assert later is not None
        assert later.role == "private"

    def test_what_decided_the_role_is_told(self) -> None:
        duty = booking("Jour", "2 9:00", "2 10:00", show_as=ShowAs.FREE)
        (segment,) = timeline(duty, booking("M: x"), of=person(**self.given())).segments
        assert (segment.rule, segment.role_rule) == ("code:meeting", "rule-1")

    def test_a_private_booking_does_not_leak_its_role_through_another_one(self) -> None:
        duty = booking("Jour", show_as=ShowAs.FREE, sensitivity=Sensitivity.PRIVATE)
        (segment,) = timeline(duty, booking("M: x"), of=person(**self.given())).segments
        assert segment.private

    def test_only_the_last_piece_of_a_booking_ends_it(self) -> None:
        duty = booking("Jour", "2 9:00", "2 9:30", show_as=ShowAs.FREE)
        found = timeline(duty, booking("M: x"), of=person(**self.given()))
        assert [each.ends_booking for each in found.segments] == [False, True]

    def test_a_role_alone_ends_with_its_booking(self) -> None:
        duty = booking("Jour", show_as=ShowAs.FREE)
        (segment,) = timeline(duty, of=person(**self.given())).segments
        assert (segment.activity, segment.rule, segment.ends_booking) == (
            "available", "rule-1", True,
        )  # fmt: skip


class TestAutomaticReplies:
    REPLY = Interval(at("2 9:00"), at("4 9:00"))

    def found(self, *bookings: Booking, **given: Any) -> list[tuple[str, str, str]]:
        calendar = facts(*bookings, automatic_reply=self.REPLY)
        return told(build_timeline(person(**given), [calendar], NOW))

    def test_are_away_while_they_last(self) -> None:
        calendar = facts(automatic_reply=self.REPLY)
        (segment,) = build_timeline(person(), [calendar], NOW).segments
        assert (segment.availability, segment.activity, segment.rule) == (
            Availability.AWAY, "out-of-office", "automatic-reply",
        )  # fmt: skip
        assert (segment.booking, segment.ends_booking, segment.divert) == ("", False, False)

    def test_lie_below_timed_bookings(self) -> None:
        assert self.found(booking("M: x", "3 9:00", "3 10:00"))[1] == (
            "3 9:00", "3 10:00", "meeting",
        )  # fmt: skip

    def test_lie_below_all_day_bookings_that_say_more(self) -> None:
        assert ("3 0:00", "4 0:00", "vacation") in self.found(all_day("Semester", "3"))

    def test_are_not_hidden_by_what_shows_as_available(self) -> None:
        maybe = booking("Kanske", "3 9:00", "3 10:00", show_as=ShowAs.TENTATIVE)
        assert self.found(maybe) == [("2 9:00", "4 9:00", "out-of-office")]

    def test_can_be_switched_off(self) -> None:
        assert self.found(automatic_replies=False) == []

    def test_do_not_count_for_who_opted_out(self) -> None:
        one = person({"preferences": {"calendar": False}})
        assert build_timeline(one, [facts(automatic_reply=self.REPLY)], NOW).segments == ()


class TestSeveralCalendars:
    def found(self, first: Booking, second: Booking, **given: Any) -> list[Segment]:
        calendars = [facts(first, name="dav/default"), facts(second, name="ics/phone")]
        return list(build_timeline(person(**given), calendars, NOW).segments)

    def test_the_same_meeting_counts_once(self) -> None:
        one, other = booking("M: x", uid="1"), booking("M: x", uid="2", show_as=ShowAs.FREE)
        (segment,) = self.found(one, other)
        assert segment.booking == "dav/default/1"

    def test_the_same_identity_is_the_same_meeting_whatever_its_text(self) -> None:
        one = booking("M: x", uid="1")
        (segment,) = self.found(booking("", uid="1", busy_only=True), one)
        assert (segment.booking, segment.note) == ("ics/phone/1", "x")

    def test_a_refusal_in_one_calendar_holds_for_its_copy_in_the_other(self) -> None:
        declined = invitation("Plan", COLLEAGUE, Response.DECLINED, uid="1")
        copy = invitation("Plan", COLLEAGUE, Response.UNANSWERED, uid="2")
        assert self.found(declined, copy) == []
        assert self.found(copy, declined) == []

    def test_an_acceptance_speaks_for_the_unanswered_copy(self) -> None:
        accepted = invitation("Plan", COLLEAGUE, Response.ACCEPTED, uid="1")
        copy = invitation("SV: Plan", COLLEAGUE, Response.UNANSWERED, uid="2")
        (segment,) = self.found(copy, accepted)
        assert (segment.booking, segment.activity) == ("ics/phone/1", "busy")

    def test_a_copy_left_out_by_its_owner_leaves_the_meeting_out(self) -> None:
        one = booking("Plan", uid="1")
        left_out = booking("- Plan", uid="1")
        assert self.found(left_out, one) == []

    def test_a_cancelled_copy_says_nothing_about_the_other(self) -> None:
        (segment,) = self.found(booking("M: x", uid="1", cancelled=True), booking("M: x", uid="1"))
        assert segment.booking == "ics/phone/1"

    def test_where_two_calendars_disagree_about_an_hour_unknown_is_not_free(self) -> None:
        free = booking("Ledigt", "2 9:00", "2 10:00", uid="f", show_as=ShowAs.FREE)
        (segment,) = self.found(free, booking("M: x", uid="1"))
        assert segment.activity == "meeting"

    def test_a_copy_shown_as_free_does_not_silence_the_busy_one(self) -> None:
        (segment,) = self.found(
            booking("Plan", uid="1", show_as=ShowAs.FREE), booking("Plan", uid="2")
        )
        assert segment.booking == "ics/phone/2"

    def test_bookings_of_one_calendar_are_no_copies_of_each_other(self) -> None:
        one, two = booking("- Plan", uid="1"), booking("- Plan", uid="2")
        found = build_timeline(
            person(), [facts(one, two, booking("Plan", uid="3")), facts(name="ics/x")], NOW
        )
        assert [each.booking for each in found.segments] == ["dav/default/3"]

    def test_the_horizon_is_the_nearest_of_all_calendars(self) -> None:
        calendars = [facts(window_end=at("20")), facts(window_end=at("10"), name="ics/x")]
        assert build_timeline(person(), calendars, NOW).horizon == at("10")


def test_private_caps_and_notes_travel_with_the_segment() -> None:
    rules = [{"match": {"code": "m"}, "then": {"disclosure": "times", "note": "Sms"}}]
    (segment,) = timeline(booking("M: x"), of=person(rules=rules)).segments
    assert (segment.cap, segment.note, segment.note_level) == (Level.TIMES, "Sms", Level.ACTIVITY)
