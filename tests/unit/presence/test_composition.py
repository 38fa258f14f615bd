"""What a presence is at one moment: the order of POLICY section 2, times of section 3."""

import pytest

from kalends.model.presence import Facts, Hold, LineState, Reckoning, Segment, Timeline, Until
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Level, Origin
from kalends.presence import evaluate, steps

from .build import AVAILABLE, AWAY, BUSY, OFFLINE, RECKONING, booked, by_hand, facts, m, off_work

IN_CALL = LineState("in-call", m(5))
OVER_AVAILABLE = Reckoning(line_wins=(AVAILABLE,))


def test_without_any_fact_a_person_is_available_at_work() -> None:
    found = evaluate(Facts(), RECKONING, m(0))
    assert (found.availability, found.activity, found.role) == (AVAILABLE, "available", "work")
    assert found.origin is Origin.DEFAULT
    assert (found.since, found.until, found.returns_at, found.next) == (0, FOREVER, None, None)


def test_manual_presence_always_wins() -> None:
    everything = Facts(
        Timeline((booked(0, 60),)), by_hand("gone", AWAY), line=LineState("in-call", m(1))
    )
    wins_all = Reckoning(line_wins=tuple(Availability))
    found = evaluate(everything, wins_all, m(5))
    assert (found.activity, found.origin) == ("gone", Origin.MANUAL)


def test_a_phone_in_use_shows_over_the_availabilities_the_organization_names() -> None:
    found = evaluate(Facts(line=IN_CALL), OVER_AVAILABLE, m(6))
    assert (found.availability, found.activity, found.origin) == (BUSY, "on-the-phone", Origin.LINE)
    assert (found.since, found.until, found.returns_at) == (m(5), FOREVER, None)
    in_meeting = Facts(Timeline((booked(0, 60),)), line=IN_CALL)
    assert evaluate(in_meeting, OVER_AVAILABLE, m(6)).activity == "meeting"
    assert evaluate(Facts(line=IN_CALL), Reckoning(), m(6)).activity == "available"


@pytest.mark.parametrize("state", ["idle", "ringing", "", "whatever"])
def test_a_phone_that_is_not_in_use_changes_nothing(state: str) -> None:
    found = evaluate(Facts(line=LineState(state, m(5))), OVER_AVAILABLE, m(6))
    assert (found.activity, found.origin) == ("available", Origin.DEFAULT)


def test_an_unknown_line_is_ignored() -> None:
    assert evaluate(Facts(line=None), OVER_AVAILABLE, m(6)).origin is Origin.DEFAULT


def test_a_hold_shows_over_work_hours_but_not_over_a_booking() -> None:
    hold = Hold(BUSY, "meeting", "work", m(0), m(15))
    timeline = Timeline((off_work(0, 30), booked(30, 60, "lunch", AWAY)))
    assert evaluate(Facts(timeline, hold=hold), RECKONING, m(10)).origin is Origin.HOLD
    assert evaluate(Facts(timeline, hold=hold), RECKONING, m(30)).activity == "lunch"


def test_a_free_booking_does_not_end_a_hold() -> None:
    birthday = booked(0, 600, "elsewhere", AVAILABLE)
    hold = Hold(BUSY, "meeting", "work", m(0), m(15))
    found = evaluate(Facts(Timeline((birthday,)), hold=hold), RECKONING, m(10))
    assert (found.activity, found.origin) == ("meeting", Origin.HOLD)


def test_outside_work_hours_a_person_is_offline_in_the_private_role() -> None:
    found = evaluate(facts(off_work(0, 60)), RECKONING, m(5))
    assert (found.availability, found.role, found.origin) == (OFFLINE, "private", Origin.SCHEDULE)
    assert found.reachable_at == m(60)


def test_a_segment_is_in_force_from_its_start_up_to_its_end() -> None:
    timeline = facts(booked(10, 20))
    moments = [m(10) - 1, m(10), m(20) - 1, m(20)]
    assert [evaluate(timeline, RECKONING, at).activity for at in moments] == [
        "available",
        "meeting",
        "meeting",
        "available",
    ]


def test_a_segment_without_length_is_nowhere_in_force() -> None:
    empty = Segment(m(10), m(10), BUSY, "lunch", "work", booking="b")
    inside = facts(booked(0, 20), empty)
    assert evaluate(inside, RECKONING, m(10)).activity == "meeting"
    assert evaluate(inside, RECKONING, m(15)).activity == "meeting"
    assert evaluate(facts(empty), RECKONING, m(10)).activity == "available"
    assert evaluate(facts(empty), RECKONING, m(0)).until == FOREVER


def test_until_is_the_end_of_equal_back_to_back_bookings() -> None:
    day = facts(booked(0, 30), booked(30, 60), booked(60, 90, "lunch", AWAY))
    first, second = (evaluate(day, RECKONING, m(at)) for at in (10, 40))
    assert (first.since, first.until) == (second.since, second.until) == (m(0), m(60))


def test_a_gap_ends_the_state_however_short_it_is() -> None:
    found = evaluate(facts(booked(0, 30), booked(31, 60)), RECKONING, m(10))
    assert found.until == m(30)


def test_reachable_reaches_over_back_to_back_bookings_and_lunch() -> None:
    day = facts(booked(0, 60), booked(60, 120, "lunch", AWAY), booked(120, 180))
    found = evaluate(day, RECKONING, m(10))
    assert (found.until, found.reachable_at, found.returns_at) == (m(60), m(180), m(180))


def test_a_gap_shorter_than_the_minimum_is_not_reachable() -> None:
    nine, ten = (facts(booked(0, 60), booked(60 + gap, 120)) for gap in (9, 10))
    assert evaluate(nine, RECKONING, m(0)).reachable_at == m(120)
    assert evaluate(ten, RECKONING, m(0)).reachable_at == m(60)


def test_touching_bookings_leave_no_gap_even_where_no_minimum_is_set() -> None:
    day = facts(booked(0, 60), booked(60, 90, "lunch", AWAY))
    assert evaluate(day, Reckoning(minimum_gap=0), m(0)).reachable_at == m(90)


def test_reachable_reaches_over_the_night() -> None:
    day = facts(booked(0, 540), off_work(540, 1440), booked(1440, 1500))
    assert evaluate(day, RECKONING, m(300)).reachable_at == m(1500)


def test_an_available_booking_is_part_of_a_gap() -> None:
    day = facts(booked(0, 60), booked(60, 68, "home", AVAILABLE), booked(71, 100))
    assert evaluate(day, RECKONING, m(0)).reachable_at == m(60)


def test_behind_the_horizon_nobody_knows_who_is_reachable() -> None:
    long = Facts(Timeline((booked(0, 200, "vacation", AWAY),), horizon=m(100)))
    found = evaluate(long, RECKONING, m(0))
    assert found.reachable_at is None
    assert found.returns_at == m(200), "the booking's own end is still told"
    edge = Facts(Timeline((booked(0, 100),), horizon=m(100)))
    assert evaluate(edge, RECKONING, m(0)).reachable_at is None


def test_the_told_return_may_be_the_end_of_the_booking() -> None:
    day = facts(booked(0, 60), booked(60, 120, "lunch", AWAY))
    found = evaluate(day, Reckoning(return_time="booking-end"), m(0))
    assert (found.returns_at, found.reachable_at) == (m(60), m(120))


def test_who_is_available_has_no_return() -> None:
    found = evaluate(facts(booked(0, 60, "home", AVAILABLE)), RECKONING, m(0))
    assert (found.returns_at, found.reachable_at) == (None, None)


def test_manual_presence_without_end_has_no_return() -> None:
    found = evaluate(facts(booked(30, 60), manual=by_hand()), RECKONING, m(0))
    assert (found.until, found.returns_at, found.reachable_at) == (FOREVER, None, None)
    assert found.next is None, "what a manual presence covers does not follow"


def test_the_return_of_a_manual_presence_reaches_over_the_booking_it_ends_in() -> None:
    found = evaluate(facts(booked(30, 60), manual=by_hand(until=40)), RECKONING, m(0))
    assert (found.until, found.reachable_at) == (m(40), m(60))
    assert found.next is not None
    assert (found.next.start, found.next.end, found.next.activity) == (m(40), m(60), "meeting")


def test_the_lit_calendar_shows_also_where_something_else_wins() -> None:
    day = facts(booked(0, 60), manual=by_hand("available", AVAILABLE, until=90))
    assert evaluate(day, RECKONING, m(10)).booking_until == m(60)
    assert evaluate(day, RECKONING, m(60)).booking_until is None


def test_the_lit_calendar_tells_the_end_of_a_booking_that_is_covered_for_a_while() -> None:
    outer = {"booking": "dav/default/outer", "activity": "workshop"}
    day = facts(booked(0, 20, **outer), booked(20, 30), booked(30, 60, **outer))  # type: ignore[arg-type]
    assert evaluate(day, RECKONING, m(10)).booking_until == m(60)
    assert evaluate(day, RECKONING, m(25)).booking_until == m(30)


def test_neither_work_hours_free_bookings_nor_undisclosed_ones_light_the_calendar() -> None:
    for segment in (off_work(0, 60), booked(0, 60, "home", AVAILABLE)):
        assert evaluate(facts(segment), RECKONING, m(10)).booking_until is None
    hidden = facts(booked(0, 60, cap=Level.NOTHING))
    assert evaluate(hidden, RECKONING, m(10)).booking_until is None


def test_next_is_the_stretch_that_follows_the_present_state() -> None:
    day = facts(booked(0, 30), booked(30, 60), booked(120, 150), booked(150, 180))
    follows = evaluate(day, RECKONING, m(10)).next
    assert follows is not None
    assert (follows.start, follows.end) == (m(120), m(180))


def test_next_carries_what_disclosure_needs() -> None:
    day = facts(booked(10, 30, private=True, sensitive=True, cap=Level.TIMES))
    follows = evaluate(day, RECKONING, m(0)).next
    assert follows is not None
    assert (follows.private, follows.sensitive, follows.cap) == (True, True, Level.TIMES)


def test_since_is_carried_where_the_state_is_the_same() -> None:
    before = evaluate(facts(booked(0, 30)), RECKONING, m(10))
    after = evaluate(facts(booked(30, 60)), RECKONING, m(30), before)
    assert after.since == m(0)


def test_a_booking_noticed_late_holds_since_its_start() -> None:
    before = evaluate(Facts(), RECKONING, m(0))
    assert evaluate(facts(booked(5, 30)), RECKONING, m(10), before).since == m(5)


def test_what_a_deleted_booking_uncovers_holds_since_now() -> None:
    before = evaluate(facts(booked(0, 30)), RECKONING, m(5))
    assert evaluate(Facts(), RECKONING, m(10), before).since == m(10)


def test_a_meeting_that_manual_presence_covered_shows_since_it_was_uncovered() -> None:
    day = facts(booked(0, 60), manual=by_hand("lunch", AWAY, until=20))
    *_, last = steps(day, RECKONING, m(5), m(30), evaluate(day, RECKONING, m(5)))
    assert (last.presence.activity, last.presence.since) == ("meeting", m(20))


def test_manual_presence_keeps_who_set_it_and_when() -> None:
    found = evaluate(facts(manual=by_hand(at=3, note="Back soon")), RECKONING, m(5))
    assert (found.set_by, found.set_at, found.since) == ("anna", m(3), m(3))
    assert (found.note, found.note_level) == ("Back soon", Level.ACTIVITY)


def test_manual_presence_until_the_next_booking_follows_the_calendar_as_it_is_now() -> None:
    manual = by_hand(kind=Until.NEXT_BOOKING, at=0)
    assert evaluate(facts(booked(30, 60), manual=manual), RECKONING, m(1)).until == m(30)
    assert evaluate(facts(booked(20, 60), manual=manual), RECKONING, m(1)).until == m(20)
    assert evaluate(facts(manual=manual), RECKONING, m(1)).until == FOREVER


def test_a_running_booking_in_another_role_is_not_the_next_one() -> None:
    rest = {"booking": "dav/default/long"}
    day = facts(
        booked(0, 30, **rest),  # type: ignore[arg-type]
        booked(30, 60, role="private", **rest),  # type: ignore[arg-type]
        booked(90, 100),
        manual=by_hand(kind=Until.NEXT_BOOKING, at=10),
    )
    assert evaluate(day, RECKONING, m(40)).until == m(90)
