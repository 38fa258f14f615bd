"""Timelines are ordered, half-open, without overlap, and equal to the minute-by-minute oracle."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalends.model.booking import Booking, Response, ShowAs
from kalends.model.person import WorkHours
from kalends.model.presence import Timeline
from kalends.policy.compile import compile_policy
from kalends.policy.judge import judge
from kalends.policy.person import PersonPolicy
from kalends.policy.timeline import CalendarFacts, build_timeline
from tests.unit.policy import world
from tests.unit.policy.oracle import MINUTE, NOTHING, OFF, Seen, WorkDays, seen

ZONES = (
    "Europe/Stockholm",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Africa/Cairo",
    "America/Havana",
)
"""Half-hour jumps, negative summer time, jumps at midnight, odd offsets."""

RULES = [
    {"match": {"code": "p"}, "then": {"priority": 3, "activity": "course"}},
    {"match": {"word": "jour"}, "then": {"role": "duty"}},
    {"match": {"word": "låg"}, "then": {"priority": -2}},
    {"match": {"word": "bort"}, "then": {"ignore": True}},
]
SUBJECTS = ("", "Plan", "M: x", "P: x", "Jour", "P: jour", "låg", "bort", "Lunch", "Semester")
HOURS = WorkHours(
    mon=("08:00-12:00", "13:00-17:00"),
    tue=("00:30-02:30", "22:00-24:00"),
    wed=("00:00-06:00",),
    sun=("02:15-03:45",),
    exceptions={"2026-03-31": ("10:00-11:00",), "2026-03-30": ()},
)


NIGHTS = WorkHours(
    **dict.fromkeys(
        ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        ("00:00-00:20", "00:40-01:15", "01:45-02:15", "02:40-03:10", "08:00-17:00", "23:30-24:00"),
    )
)
"""Spans that begin, end and lie wholly within the hours that clocks skip or repeat."""


def policy_in(zone: str, hours: WorkHours | None) -> PersonPolicy:
    organization = world.settings(
        timezone=zone, rules=RULES, roles=[{"id": "duty"}],
        work_hours=hours.model_dump() if hours else None,
    )  # fmt: skip
    return compile_policy(organization).for_person(world.record())


PATTERNS = {"none": None, "odd": HOURS, "nights": NIGHTS}
PEOPLE = {
    (zone, name): policy_in(zone, hours) for zone in ZONES for name, hours in PATTERNS.items()
}
World = tuple[PersonPolicy, WorkHours | None, tuple[Booking, ...], int]
"""A person, his work hours, his bookings, and the moment."""


@st.composite
def bookings(draw: st.DrawFn, first: date, zone: ZoneInfo) -> Booking:
    """A booking of the few days from ``first`` on; times fall on quarters."""
    uid = draw(st.sampled_from("abcdefgh")) + str(draw(st.integers(0, 99)))
    subject, show_as = draw(st.sampled_from(SUBJECTS)), draw(st.sampled_from(list(ShowAs)))
    response = draw(st.sampled_from([Response.OWN, Response.OWN, Response.UNANSWERED]))
    day = first + timedelta(days=draw(st.integers(0, 2)))
    if draw(st.booleans()):
        after = day + timedelta(days=draw(st.integers(1, 2)))
        return Booking(uid, 0, 0, show_as, subject, response=response, all_day=True,
                       first_day=day, after_day=after)  # fmt: skip
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
    start = midnight + draw(st.integers(0, 24 * 4)) * 900
    end = start + draw(st.integers(0, 30)) * 900
    return Booking(uid, start, end, show_as, subject, response=response)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    edge = draw(st.sampled_from(EDGES[zone.key]) if EDGES[zone.key] else st.just(date(2026, 3, 29)))
    first = edge - timedelta(days=1)
    found = draw(st.lists(bookings(first, zone), max_size=6, unique_by=lambda each: each.uid))
    begin = int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp())
    now = begin + draw(st.integers(0, 96)) * 900
    pattern = draw(st.sampled_from(sorted(PATTERNS)))
    return PEOPLE[zone.key, pattern], PATTERNS[pattern], tuple(found), now


def dst_days(zone: ZoneInfo, years: range) -> list[date]:
    """Local days on which the zone's offset changes."""
    found = []
    day = datetime(years.start, 1, 1, 12, tzinfo=zone)
    while day.year in years:
        if day.utcoffset() != (day + timedelta(days=1)).utcoffset():
            found.append((day + timedelta(days=1)).date())
        day += timedelta(days=1)
    return found


EDGES = {name: dst_days(ZoneInfo(name), range(2024, 2031)) for name in ZONES}


def shown(timeline: Timeline, at: int) -> Seen:
    for each in timeline.segments:
        if each.start <= at < each.end:
            return Seen(each.availability.value, each.activity, each.role, each.booking)
    return NOTHING


def assert_in_order(timeline: Timeline, now: int) -> None:
    assert all(each.start < each.end for each in timeline.segments)
    assert all(each.end > now for each in timeline.segments)
    assert all(one.end <= two.start for one, two in pairwise(timeline.segments))


def assert_equal_to_oracle(given_world: World, minutes: int, step: int = 1) -> None:
    one, hours, found, now = given_world
    timeline = build_timeline(one, [CalendarFacts("dav/x", found, now + 40 * 86400)], now)
    assert_in_order(timeline, now)
    live = [each for each in found if each.interval(one.zone).end > now]
    judged = [(each, judge(one, "dav/x", each), f"dav/x/{each.uid}") for each in live]
    work = WorkDays(hours, one.zone, lambda day: False) if hours else None
    for at in range(now, now + minutes * MINUTE, step * MINUTE):
        assert shown(timeline, at) == seen(at, judged, one.zone, work), at


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_timeline_equals_the_oracle_around_clock_changes(
    given_world: World,
) -> None:
    assert_equal_to_oracle(given_world, 3 * 1440, step=15)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_timeline_equals_the_oracle_in_every_minute(
    given_world: World,
) -> None:
    assert_equal_to_oracle(given_world, 4 * 1440)


@settings(max_examples=40, deadline=None)
@given(worlds(), st.randoms())
def test_a_timeline_does_not_depend_on_the_order_of_bookings(
    given_world: World, random: Random
) -> None:
    one, _, found, now = given_world
    mixed = list(found)
    random.shuffle(mixed)
    window = now + 40 * 86400
    assert build_timeline(one, [CalendarFacts("dav/x", found, window)], now) == build_timeline(
        one, [CalendarFacts("dav/x", tuple(mixed), window)], now
    )


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_the_same_calendar_twice_counts_once(
    given_world: World,
) -> None:
    one, _, found, now = given_world
    window = now + 40 * 86400
    single = build_timeline(one, [CalendarFacts("dav/x", found, window)], now)
    double = build_timeline(
        one, [CalendarFacts("dav/x", found, window), CalendarFacts("ics/y", found, window)], now
    )
    assert single == double


def edge_problems(zone: ZoneInfo, day: date, step: int) -> list[tuple[str, int]]:
    """Minutes around one clock change in which an all-day booking or work hours are wrong."""
    one = policy_in(zone.key, NIGHTS)
    work = WorkDays(NIGHTS, zone, lambda _: False)
    eve = day - timedelta(days=1)
    now = int(datetime(eve.year, eve.month, eve.day, 12, tzinfo=zone).timestamp())
    off = Booking("v", 0, 0, ShowAs.OOF, "x", all_day=True, first_day=day,
                  after_day=day + timedelta(days=1))  # fmt: skip
    window = now + 40 * 86400
    empty = build_timeline(one, [CalendarFacts("dav/x", (), window)], now)
    away = build_timeline(one, [CalendarFacts("dav/x", (off,), window)], now)
    judged = [(off, judge(one, "dav/x", off), "dav/x/v")]
    wrong = []
    for at in range(now, now + 48 * 3600, step * MINUTE):
        if shown(empty, at) != (NOTHING if work.works(at) else OFF):
            wrong.append(("work hours", at))
        if shown(away, at) != seen(at, judged, zone, work):
            wrong.append(("all day", at))
    return wrong


@pytest.mark.parametrize("zone", ZONES)
def test_the_clock_changes_of_a_year_are_reckoned_right(zone: str) -> None:
    days = [day for day in EDGES[zone] if day.year == 2026]
    assert {day: edge_problems(ZoneInfo(zone), day, step=10) for day in days} == {
        day: [] for day in days
    }


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_every_clock_change_from_2024_to_2030_is_reckoned_right(zone: str) -> None:
    """RELIABILITY promise 12, in the pure room: every minute of two days around each."""
    assert {day: edge_problems(ZoneInfo(zone), day, step=1) for day in EDGES[zone]} == {
        day: [] for day in EDGES[zone]
    }


def test_the_zones_do_change_their_clocks() -> None:
    assert sum(len(days) for days in EDGES.values()) > 120
    assert EDGES["Asia/Kathmandu"] == []
