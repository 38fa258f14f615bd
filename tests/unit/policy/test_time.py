"""POLICY section 3, what belongs to timelines: work hours, holidays, horizon, end of the day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kalends.model.booking import Booking, Response, ShowAs
from kalends.model.person import WorkHours
from kalends.model.presence import Timeline
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Origin
from kalends.policy.timeline import build_timeline
from kalends.policy.workhours import WeekPlan, parse_holidays, public_holidays
from tests.unit.policy.world import (
    NOW,
    OFFICE,
    OUTSIDER,
    STOCKHOLM,
    WINDOW_END,
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

HOURS = OFFICE.model_dump()


def worker(own: dict[str, Any] | None = None, **given: Any) -> Timeline:
    return timeline(of=person(own, **{"work_hours": HOURS, **given}))


def off(found: Timeline, moment: str) -> bool:
    segment = during(found, moment)
    return segment is not None and segment.activity == "off-work"


def test_without_work_hours_nobody_is_off_work_by_schedule() -> None:
    assert timeline(now=at("2 3:00")).segments == ()


def test_outside_work_hours_a_person_is_offline_in_private() -> None:
    night = during(worker(), "2 20:00")
    assert night is not None
    assert (night.availability, night.role, night.origin, night.rule) == (
        Availability.OFFLINE, "private", Origin.SCHEDULE, "work-hours",
    )  # fmt: skip
    assert (night.start, night.end) == (at("2 17:00"), at("3 8:00"))


def test_off_work_reaches_back_and_forth_over_a_weekend() -> None:
    saturday = during(timeline(of=person(work_hours=HOURS), now=at("7 10:00")), "7 12:00")
    assert saturday is not None
    assert (saturday.start, saturday.end) == (at("6 17:00"), at("9 8:00"))


def test_unless_something_counts() -> None:
    evening = booking("M: styrelse", "2 18:00", "2 20:00")
    found = timeline(evening, of=person(work_hours=HOURS))
    assert told(found)[1:4] == [
        ("2 17:00", "2 18:00", "off-work"),
        ("2 18:00", "2 20:00", "meeting"),
        ("2 20:00", "3 8:00", "off-work"),
    ]
    meeting = during(found, "2 19:00")
    assert meeting is not None
    assert meeting.role == "work"


def test_a_free_booking_does_not_count_outside_work_hours() -> None:
    found = timeline(booking("Gympa", "2 18:00", "2 19:00", show_as=ShowAs.FREE),
                     of=person(work_hours=HOURS))  # fmt: skip
    assert off(found, "2 18:30")


@pytest.mark.parametrize("response", [Response.UNANSWERED, Response.TENTATIVE])
def test_an_invitation_nobody_accepted_makes_nobody_available_at_night(response: Response) -> None:
    webinar = invitation("Webinar", OUTSIDER, response, start="2 11:00", end="2 22:00")
    found = told(timeline(webinar, of=person(work_hours=HOURS)))
    assert found[:4] == [
        ("2 11:00", "2 12:00", "tentative"),
        ("2 12:00", "2 13:00", "off-work"),
        ("2 13:00", "2 17:00", "tentative"),
        ("2 17:00", "3 8:00", "off-work"),
    ]


@pytest.mark.parametrize(
    "elsewhere",
    [all_day("Kontoret i Malmö", "2", "4", show_as=ShowAs.ELSEWHERE),
     all_day("Jobbar hemma", "2", "4", show_as=ShowAs.BUSY),
     all_day("Jobbar hemma", "2", "4", show_as=ShowAs.FREE)],
    ids=lambda each: f"{each.subject} {each.show_as}",
)  # fmt: skip
def test_whole_days_at_another_place_are_worked_in_work_hours_only(elsewhere: Booking) -> None:
    found = timeline(elsewhere, of=person(work_hours=HOURS))
    assert off(found, "2 20:00")
    assert off(found, "3 3:00")
    monday, tuesday = during(found, "2 9:00"), during(found, "3 9:00")
    assert monday is not None
    assert monday.booking
    assert tuesday is not None
    assert tuesday.booking == monday.booking
    assert not timeline(elsewhere).segments[0].start > at("2")  # who has no work hours: all day


def test_a_timed_booking_whose_rule_says_available_opens_the_evening() -> None:
    rules = [{"match": {"code": "jour"}, "then": {"activity": "home"}}]
    duty = booking("Jour: beredskap", "2 18:00", "2 22:00")
    found = timeline(duty, of=person(work_hours=HOURS, rules=rules))
    assert not off(found, "2 19:00")


def test_whole_days_away_go_before_the_work_hours() -> None:
    found = timeline(all_day("Semester", "2", "4"), of=person(work_hours=HOURS))
    assert told(found)[0] == ("2 0:00", "4 0:00", "vacation")


def test_a_booking_that_reaches_into_the_night_cuts_it() -> None:
    found = timeline(booking("M: sent", "2 16:00", "2 19:00"), of=person(work_hours=HOURS))
    assert ("2 19:00", "3 8:00", "off-work") in told(found)


def test_part_time_weeks_alternate_by_iso_week() -> None:
    even = {"mon": ["08:00-17:00"], "weeks": 2, "week": 0}
    odd = {"tue": ["08:00-17:00"], "weeks": 2, "week": 1}
    found = worker(work_hours={**even, "also": [odd]})
    # 2 March 2026 is in week 10, 9 March in week 11.
    assert not off(found, "2 10:00")
    assert off(found, "3 10:00")
    assert off(found, "9 10:00")
    assert not off(found, "10 10:00")


def test_exceptions_beat_pattern_and_holidays() -> None:
    hours = {**HOURS, "exceptions": {"2026-04-03": ["10:00-11:00"], "2026-03-04": []}}
    found = worker(work_hours=hours, holidays="SE")
    assert off(found, "4 10:00")
    assert not off(found, "2026-04-03 10:30")  # Good Friday
    assert off(found, "2026-04-03 11:30")


def test_public_holidays_are_free_by_country_and_region() -> None:
    assert off(worker(holidays="SE"), "2026-04-03 10:00")
    assert not off(worker(), "2026-04-03 10:00")
    assert off(worker({"holidays": "NO"}), "2026-04-02 10:00")  # Maundy Thursday, in Norway
    assert not off(worker(holidays="SE"), "2026-04-02 10:00")
    epiphany = date(2026, 1, 6)
    assert epiphany in public_holidays(parse_holidays("DE-BY"), 2026)
    assert epiphany not in public_holidays(parse_holidays("DE-BE"), 2026)


def test_an_ordinary_sunday_is_no_public_holiday() -> None:
    assert date(2026, 3, 8) not in public_holidays(parse_holidays("SE"), 2026)


class TestWhoseWorkHours:
    EARLY = WorkHours(mon=("06:00-10:00",))
    DEPARTMENTS = ({"id": "sales", "work_hours": {"mon": ["11:00-15:00"]}},)

    def found(self, own: dict[str, Any] | None = None, **given: Any) -> Timeline:
        one = person(own, work_hours=HOURS, departments=list(self.DEPARTMENTS))
        return build_timeline(one, [facts(**given)], at("2 5:00"))

    def test_the_departments_come_before_the_organizations(self) -> None:
        found = self.found({"department": "sales"})
        assert off(found, "2 10:30")
        assert not off(self.found(), "2 10:30")

    def test_the_calendar_systems_come_before_the_departments(self) -> None:
        found = self.found({"department": "sales"}, work_hours=self.EARLY)
        assert not off(found, "2 6:30")
        assert off(found, "2 11:30")

    def test_the_persons_come_first(self) -> None:
        own = {"work_hours": {"mon": ["20:00-24:00"]}}
        found = self.found(own, work_hours=self.EARLY)
        assert off(found, "2 6:30")
        assert not off(found, "2 20:30")

    def test_broken_ones_from_a_calendar_system_are_as_if_absent(self) -> None:
        broken = WorkHours(mon=("whenever",))
        assert self.found(work_hours=broken).segments == ()

    def test_the_calendar_systems_do_not_count_for_who_opted_out(self) -> None:
        found = self.found({"preferences": {"calendar": False}}, work_hours=self.EARLY)
        assert off(found, "2 6:30")
        assert not off(found, "2 11:30")


def test_work_hours_are_local_times_of_the_person() -> None:
    found = worker({"timezone": "America/New_York"})
    # 09:00 in Stockholm is 03:00 in New York; 15:00 is 09:00.
    assert off(found, "2 9:00")
    assert not off(found, "2 15:00")


def test_a_night_shift_over_midnight_is_one_working_day() -> None:
    plan = WeekPlan(WorkHours(mon=("22:00-24:00",), tue=("00:00-06:00",)), None)
    schedule = plan.schedule(date(2026, 3, 2), date(2026, 3, 5), STOCKHOLM)
    assert (at("2 22:00"), at("3 6:00")) in schedule.working
    assert schedule.day_end(at("2 23:00")) == at("3 6:00")
    assert schedule.day_end(at("3 2:00")) == at("3 6:00")


class TestEndOfTheDay:
    def test_is_the_end_of_the_last_span_of_today(self) -> None:
        assert worker().day_end == at("2 17:00")

    def test_is_the_next_working_days_once_today_is_over(self) -> None:
        friday_evening = timeline(of=person(work_hours=HOURS), now=at("6 17:00"))
        assert friday_evening.day_end == at("9 17:00")

    def test_is_midnight_for_who_has_no_work_hours(self) -> None:
        assert timeline().day_end == at("3")

    def test_is_never_for_who_never_works(self) -> None:
        assert worker(work_hours={}).day_end == FOREVER


def test_who_never_works_is_off_since_ever_and_for_ever() -> None:
    (segment,) = worker(work_hours={}).segments
    assert (segment.start, segment.end) == (0, FOREVER)


class TestHorizon:
    def test_is_the_calendars_where_there_is_no_schedule(self) -> None:
        assert timeline().horizon == WINDOW_END
        assert build_timeline(person(), [], NOW).horizon == FOREVER

    def test_is_no_further_than_the_schedule_is_laid_out(self) -> None:
        one = person(work_hours=HOURS)
        assert build_timeline(one, [], NOW).horizon == at("2026-04-07")
        assert build_timeline(one, [facts(window_end=at("10"))], NOW).horizon == at("10")

    def test_a_booking_that_overlaps_it_counts_whole(self) -> None:
        found = timeline(all_day("Semester", "2026-04-03", "2026-04-20"))
        assert found.segments[-1].end == at("2026-04-20")


def test_an_all_day_booking_covers_the_persons_days_not_the_sources() -> None:
    one = person({"timezone": "Asia/Tokyo"})
    (segment,) = timeline(all_day("Semester", "3"), of=one).segments
    assert (segment.start, segment.end) == (at("2 16:00"), at("3 16:00"))


def test_an_all_day_booking_on_the_day_clocks_go_forward_has_23_hours() -> None:
    (segment,) = timeline(all_day("Semester", "29")).segments
    assert segment.end - segment.start == 23 * 3600


def test_people_with_equal_hours_share_one_schedule() -> None:
    rules = person(work_hours=HOURS).policy
    one, two = (rules.for_person(_record(each)) for each in ("a", "b"))
    assert one.shared_hours is two.shared_hours
    assert one.meaning is two.meaning


def _record(identity: str) -> Any:
    from tests.unit.policy.world import record

    return record(id=identity, emails=())


@pytest.mark.parametrize(
    ("divert", "configured", "found"),
    [("marked", True, False), ("all", True, True), ("none", False, False)],
)
def test_only_configured_work_hours_reach_call_routes(
    divert: str, configured: bool, found: bool
) -> None:
    night = during(worker(divert=divert), "2 20:00")
    assert night is not None
    assert night.divert is configured
    calendar = facts(work_hours=OFFICE)
    told_by_calendar = during(build_timeline(person(divert=divert), [calendar], NOW), "2 20:00")
    assert told_by_calendar is not None
    assert told_by_calendar.divert is found
