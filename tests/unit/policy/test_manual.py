"""POLICY section 4: resolving what people say into manual presence."""

from __future__ import annotations

from typing import Any

import pytest

from kalends.errors import UserError
from kalends.model.presence import Manual, Timeline, Until
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Level
from kalends.policy.manual import manual
from kalends.policy.person import PersonPolicy
from tests.unit.policy.world import NOW, OFFICE, all_day, at, booking, person, timeline

DAY = (
    booking("M: a", "2 9:00", "2 10:00"),
    booking("Lunch", "2 12:00", "2 13:00"),
    booking("M: b", "3 9:00", "3 10:00"),
)


def said(
    activity: str = "dnd",
    until: str | None = None,
    *,
    of: PersonPolicy | None = None,
    day: Timeline | None = None,
    now: int = NOW,
    **more: Any,
) -> Manual:
    one = of or person(work_hours=OFFICE.model_dump())
    words = {"availability": None, "role": None, "note": None, **more}
    return manual(
        one, day or timeline(*DAY, of=one, now=now), activity=activity, until=until,
        set_by="anna", now=now, **words,
    )  # fmt: skip


def end(*words: Any, **more: Any) -> tuple[int, Until]:
    found = said(*words, **more)
    return found.until, found.kind


def test_a_manual_state_says_who_set_it_and_when() -> None:
    found = said("travel", "14:30", note="Tåg", role="private")
    assert (found.set_by, found.set_at, found.note, found.role) == ("anna", NOW, "Tåg", "private")
    assert (found.activity, found.availability) == ("travel", Availability.AWAY)
    assert found.divert


def test_an_availability_may_be_named() -> None:
    assert said("travel", availability="busy").availability is Availability.BUSY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T13:00:00Z", "2 14:00"),
        ("2026-03-02T14:00:00+01:00", "2 14:00"),
        ("2026-03-02T14:00", "2 14:00"),
        ("2026-03-02 14:00", "2 14:00"),
        ("14:00", "2 14:00"),
        ("1400", "2 14:00"),
        ("14.00", "2 14:00"),
        ("7:30", "3 7:30"),
        ("8:30", "3 8:30"),
        ("2026-03-09", "9 0:00"),
    ],
)
def test_until_a_time(text: str, expected: str) -> None:
    assert end("dnd", text) == (at(expected), Until.TIME)


def test_a_clock_time_is_the_persons() -> None:
    assert end("dnd", "18:00", of=person({"timezone": "Asia/Tokyo"})) == (
        at("2 10:00"), Until.TIME,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["2026-03-02T07:00:00Z", "2026-03-02", "2026-03-02T08:30:00+01:00", "2020-01-01"]
)
def test_a_past_time_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="past"):
        said("dnd", text)


@pytest.mark.parametrize("text", ["soon", "25:00", "12:60", "2026-13-01", "99999", "T", "-"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="no time"):
        said("dnd", text)


def test_a_time_beyond_all_calendars_is_refused() -> None:
    with pytest.raises(UserError):
        said("dnd", "9999-12-31")


class TestBookingEnd:
    def test_is_the_end_of_the_booking_that_runs(self) -> None:
        assert end("dnd", "booking-end", now=at("2 9:30")) == (at("2 10:00"), Until.BOOKING_END)

    def test_looks_through_what_covers_it(self) -> None:
        one = person()
        outer, inner = booking("A", "2 8:00", "2 12:00"), booking("B", "2 9:00", "2 10:00")
        day = timeline(outer, inner, of=one)
        assert end("dnd", "booking-end", of=one, day=day) == (at("2 12:00"), Until.BOOKING_END)

    def test_is_refused_where_no_booking_runs(self) -> None:
        with pytest.raises(UserError, match="No booking runs"):
            said("dnd", "booking-end")


class TestNextBooking:
    def test_is_its_start(self) -> None:
        assert end("dnd", "next-booking") == (at("2 9:00"), Until.NEXT_BOOKING)

    def test_is_not_the_one_that_runs(self) -> None:
        assert end("dnd", "next-booking", now=at("2 9:30")) == (at("2 12:00"), Until.NEXT_BOOKING)

    def test_has_no_end_where_none_is_known(self) -> None:
        empty = Timeline()
        assert end("dnd", "next-booking", day=empty) == (FOREVER, Until.NEXT_BOOKING)

    def test_passes_over_the_schedule(self) -> None:
        found = end("dnd", "next-booking", now=at("2 18:00"))
        assert found == (at("3 9:00"), Until.NEXT_BOOKING)


class TestWorkdayEnd:
    def test_is_the_end_of_today(self) -> None:
        assert end("dnd", "workday-end") == (at("2 17:00"), Until.WORKDAY_END)

    def test_is_the_next_working_days_in_the_evening(self) -> None:
        assert end("dnd", "workday-end", now=at("6 18:00")) == (at("9 17:00"), Until.WORKDAY_END)

    def test_does_not_trust_a_timeline_of_yesterday(self) -> None:
        one = person(work_hours=OFFICE.model_dump())
        old = timeline(*DAY, of=one, now=at("2 8:00"))
        found = end("dnd", "workday-end", of=one, day=old, now=at("3 8:30"))
        assert found == (at("3 17:00"), Until.WORKDAY_END)

    def test_is_midnight_for_who_has_no_work_hours(self) -> None:
        assert end("dnd", "workday-end", of=person()) == (at("3"), Until.WORKDAY_END)


def test_cleared_has_no_end() -> None:
    assert end("vacation", "cleared") == (FOREVER, Until.CLEARED)


class TestAbsentUntil:
    def test_is_the_activitys_default_duration(self) -> None:
        one = person(activities=[{"id": "focus", "default_minutes": 90}])
        assert end("focus", of=one) == (NOW + 90 * 60, Until.TIME)
        assert end("lunch") == (NOW + 3600, Until.TIME)

    def test_else_the_end_of_the_working_day(self) -> None:
        assert end("meeting") == (at("2 17:00"), Until.WORKDAY_END)

    def test_for_available_the_end_of_the_booking(self) -> None:
        assert end("available", now=at("2 9:30")) == (at("2 10:00"), Until.BOOKING_END)

    def test_for_available_without_a_booking_what_comes_first(self) -> None:
        assert end("available") == (at("2 9:00"), Until.NEXT_BOOKING)
        assert end("available", day=Timeline(day_end=at("2 17:00"))) == (
            at("2 17:00"), Until.WORKDAY_END,
        )  # fmt: skip
        # In the evening it does not last through tomorrow's meeting.
        assert end("available", now=at("2 20:00")) == (at("3 9:00"), Until.NEXT_BOOKING)

    @pytest.mark.parametrize("until", ["", "  "])
    def test_an_empty_word_is_an_absent_one(self, until: str) -> None:
        assert end("meeting", until) == end("meeting")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"activity": "meetng"}, "Did you mean meeting"),
        ({"role": "boss"}, "no role 'boss'"),
        ({"availability": "gone"}, "no availability 'gone'"),
    ],
)
def test_unknown_words_are_refused_and_the_known_ones_named(
    words: dict[str, str], text: str
) -> None:
    with pytest.raises(UserError, match=text):
        said(**words)  # type: ignore[arg-type]  # the words differ by case


def test_words_are_taken_in_any_case() -> None:
    assert said(" Meeting ", "Workday-End").activity == "meeting"


def test_a_note_is_one_line() -> None:
    assert said("dnd", note="a\r\nb\x00c").note == "a b c"


def test_caps_and_sensitivity_follow_the_activity() -> None:
    assert said("sick").sensitive
    assert not said("sick", of=person(disclosure={"open_activities": ["sick"]})).sensitive
    one = person(activities=[{"id": "dnd", "disclosure": "times"}])
    assert said("dnd", of=one).cap is Level.TIMES


def test_off_work_is_private() -> None:
    assert said("off-work").role == "private"
    assert said("dnd").role == "work"


def test_an_all_day_booking_runs_too() -> None:
    one = person()
    day = timeline(all_day("Semester", "2", "4"), of=one)
    assert end("available", of=one, day=day) == (at("4"), Until.BOOKING_END)
