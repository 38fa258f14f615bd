"""From moment to moment: holds, ends of manual presence, when to come again. POLICY 3 and 4."""

from kalends.model.presence import (
    Facts,
    Hold,
    Manual,
    Presence,
    Reckoning,
    Segment,
    Timeline,
    Until,
)
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Level, Origin
from kalends.presence import Advance, advance, differs, evaluate, steps

from .build import AVAILABLE, AWAY, RECKONING, booked, by_hand, facts, m, off_work

STAYING = booked(0, 30, auto_return=False, note="canary", cap=Level.TIMES, sensitive=True)


def go(given: Facts, visited: int, now: int, before: Presence | None = None) -> Advance:
    return advance(given, RECKONING, m(visited), m(now), before)


def test_with_auto_return_the_person_is_what_calendar_and_hours_say_then() -> None:
    day = facts(booked(0, 30), off_work(30, 60))
    done = go(day, 10, 30)
    assert done.hold is None
    assert done.presence.activity == "off-work"


def test_the_natural_end_of_a_booking_without_auto_return_leaves_a_hold() -> None:
    done = go(facts(STAYING), 10, 30)
    assert done.hold is not None
    assert done.presence.origin is Origin.HOLD
    assert (done.presence.activity, done.presence.role) == ("meeting", "work")
    assert done.presence.returns_at == m(45)
    assert (done.hold.cap, done.hold.sensitive) == (Level.TIMES, True)


def test_a_hold_keeps_no_subject_no_note_and_no_identity_of_the_booking() -> None:
    done = go(facts(STAYING), 10, 30)
    told = repr(done.hold) + repr(done.presence)
    assert "canary" not in told
    assert STAYING.booking not in told
    assert STAYING.rule not in told


def test_the_told_return_moves_on_in_steps_while_a_hold_lasts() -> None:
    hold = go(facts(STAYING), 10, 30).hold
    told = []
    now = 30
    for later in (44, 45, 46, 60, 200):
        done = go(Facts(hold=hold), now, later)
        told.append((later, done.presence.returns_at))
        hold, now = done.hold, later
    assert told == [(44, m(45)), (45, m(60)), (46, m(60)), (60, m(75)), (200, m(210))]


def test_a_hold_asks_to_be_seen_again_at_its_told_return() -> None:
    done = go(facts(STAYING), 10, 30)
    assert done.next_change_at == m(45)


def test_the_told_return_of_a_hold_is_not_in_the_middle_of_the_next_meeting() -> None:
    day = facts(STAYING, booked(40, 90))
    done = go(day, 10, 30)
    assert (done.presence.until, done.presence.returns_at) == (m(40), m(90))


def test_deleting_a_running_booking_makes_no_hold() -> None:
    before = go(facts(STAYING), 0, 10).presence
    done = go(Facts(), 10, 30, before)
    assert done.hold is None
    assert done.presence.activity == "available"


def test_a_running_booking_moved_into_the_past_makes_no_hold() -> None:
    done = go(facts(booked(0, 8, auto_return=False)), 10, 30)
    assert done.hold is None


def test_a_booking_that_is_only_covered_at_that_moment_leaves_no_hold() -> None:
    covered = booked(0, 30, auto_return=False, ends_booking=False)
    assert go(facts(covered), 10, 30).hold is None


def test_a_free_booking_without_auto_return_leaves_no_hold() -> None:
    home = booked(0, 30, "home", AVAILABLE, auto_return=False)
    assert go(facts(home), 10, 30).hold is None


def test_the_next_counting_booking_ends_a_hold() -> None:
    day = facts(STAYING, booked(40, 50))
    assert go(day, 10, 40).hold is None
    assert go(day, 10, 50).presence.activity == "available"


def test_a_booking_that_begins_as_another_ends_leaves_no_room_for_a_hold() -> None:
    assert go(facts(STAYING, booked(30, 40)), 10, 30).hold is None


def test_manual_presence_ends_a_hold() -> None:
    hold = go(facts(STAYING), 10, 30).hold
    done = go(Facts(hold=hold, manual=by_hand("available", AVAILABLE, until=50, at=40)), 30, 40)
    assert done.hold is None
    assert go(Facts(hold=done.hold, manual=done.manual), 40, 50).presence.activity == "available"


def test_who_was_set_available_during_a_booking_is_not_held_at_its_end() -> None:
    manual = by_hand("available", AVAILABLE, until=30, kind=Until.BOOKING_END, at=10)
    done = go(Facts(Timeline((STAYING,)), manual), 10, 30)
    assert (done.manual, done.hold) == (None, None)
    assert done.presence.activity == "available"


def test_manual_presence_that_ended_before_does_not_hinder_a_hold() -> None:
    done = go(Facts(Timeline((STAYING,)), by_hand(until=20, at=10)), 10, 30)
    assert done.hold is not None


def test_a_hold_that_was_ended_by_hand_does_not_come_back() -> None:
    before = go(facts(STAYING), 10, 30).presence
    done = go(facts(STAYING), 30, 30, before)
    assert done.hold is None


def test_a_person_seen_for_the_first_time_has_no_past() -> None:
    done = advance(facts(STAYING), RECKONING, 0, m(31), None)
    assert (done.hold, done.presence.activity) == (None, "available")


def test_a_clock_set_back_visits_nothing() -> None:
    assert go(facts(STAYING), 40, 35).hold is None


def test_a_manual_presence_with_a_time_ends_at_that_time() -> None:
    given = facts(manual=by_hand(until=20))
    assert go(given, 10, 19).manual is not None
    assert go(given, 10, 19).next_change_at == m(20)
    done = go(given, 10, 20)
    assert (done.manual, done.presence.activity) == (None, "available")


def test_the_next_counting_booking_deletes_manual_presence_until_then() -> None:
    day = facts(booked(30, 40), manual=by_hand(kind=Until.NEXT_BOOKING, at=0))
    done = go(day, 10, 30)
    assert (done.manual, done.presence.activity) == (None, "meeting")
    assert go(day, 10, 45).presence.activity == "available", "it does not come back"


def test_neither_a_free_booking_nor_the_end_of_work_is_the_next_booking() -> None:
    manual = by_hand("gone", AWAY, kind=Until.NEXT_BOOKING, at=0)
    day = facts(booked(20, 30, "home", AVAILABLE), off_work(30, 60), manual=manual)
    assert go(day, 10, 50).presence.activity == "gone"


def test_manual_presence_until_cleared_does_not_end() -> None:
    done = go(facts(booked(20, 30), manual=by_hand(kind=Until.CLEARED)), 10, 5000)
    assert done.manual is not None
    assert (done.presence.activity, done.next_change_at) == ("busy", None)


def test_a_calendar_never_overwrites_manual_presence() -> None:
    done = go(facts(booked(0, 90), manual=by_hand("gone", AWAY, until=60)), 10, 59)
    assert (done.presence.activity, done.presence.origin) == ("gone", Origin.MANUAL)


def test_every_boundary_of_a_long_sleep_is_visited_in_order() -> None:
    day = facts(booked(10, 20), STAYING_LATE, booked(60, 70), manual=by_hand(until=15, at=0))
    visited = list(steps(day, RECKONING, m(5), m(65), None))
    assert [step.at for step in visited] == [m(k) for k in (10, 15, 20, 30, 40, 60, 65)]
    assert [step.presence.origin.value for step in visited] == [
        "manual",
        "calendar",
        "default",
        "calendar",
        "hold",
        "calendar",
        "calendar",
    ]


STAYING_LATE = booked(30, 40, auto_return=False)


def test_what_was_set_after_a_boundary_had_no_part_in_it() -> None:
    day = Facts(Timeline((booked(10, 20),)), by_hand("gone", AWAY, at=25))
    first, *_, last = steps(day, RECKONING, m(5), m(30), None)
    assert (first.presence.activity, last.presence.activity) == ("meeting", "gone")


def test_a_month_of_held_sleep_is_cheap() -> None:
    hold = Hold(AWAY, "gone", "work", m(0), m(15))
    visited = list(steps(Facts(hold=hold), RECKONING, m(1), m(60 * 24 * 30), None))
    assert len(visited) == 1
    assert visited[0].presence.returns_at == m(60 * 24 * 30 + 15)


def test_a_change_of_booking_without_a_change_of_state_is_no_difference() -> None:
    one, other = (booked(0, 30, booking=name) for name in ("dav/a/1", "dav/a/2"))
    a, b = (evaluate(facts(segment), RECKONING, m(1)) for segment in (one, other))
    assert a != b
    assert not differs(a, b)
    assert differs(None, a)


def test_whatever_a_view_can_show_makes_a_difference() -> None:
    def seen(segment: Segment, manual: Manual | None = None) -> Presence:
        return evaluate(facts(segment, manual=manual), RECKONING, m(1))

    a = seen(booked(0, 30))
    changed = [
        seen(booked(0, 31)),
        seen(booked(0, 30, note="x")),
        seen(booked(0, 30, private=True)),
        seen(booked(0, 30, cap=Level.TIMES)),
        seen(booked(0, 30, divert=True)),
        seen(booked(0, 30, "lunch")),
        seen(booked(0, 30), by_hand()),
    ]
    assert all(differs(a, b) for b in changed)


def test_a_hold_at_the_end_of_time_has_no_end() -> None:
    done = go(facts(STAYING), 10, 30)
    assert done.presence.until == FOREVER


def test_a_longer_step_is_told_where_it_is_configured() -> None:
    done = advance(facts(STAYING), Reckoning(hold_step=1800), m(10), m(30), None)
    assert done.presence.returns_at == m(60)
