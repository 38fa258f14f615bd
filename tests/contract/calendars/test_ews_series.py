"""A series expanded here is the series a server expands: the emulator does both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.recurrence import Recurrence
from lab.exchange.zones import zone

from kalends.model.booking import Booking, Sensitivity
from kalends.model.times import Interval
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import LUNCH, WINDOW, Follower, utc

FIRST = date(2025, 11, 3)
PATTERNS = {
    "daily": Recurrence("Daily", FIRST),
    "every third day": Recurrence("Daily", FIRST, interval=3),
    "daily, twice": Recurrence("Daily", date(2026, 3, 10), number=2),
    "numbered long ago": Recurrence("Daily", FIRST, number=10),
    "weekly": Recurrence("Weekly", FIRST, days=("Monday", "Thursday")),
    "every other week": Recurrence("Weekly", FIRST, interval=2, days=("Friday", "Monday")),
    "weeks that begin on Sunday": Recurrence(
        "Weekly", date(2025, 11, 2), interval=2, days=("Sunday", "Tuesday"), first_day="Sunday"
    ),
    "weekdays until a day": Recurrence(
        "Weekly",
        FIRST,
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        until=date(2026, 3, 18),
    ),
    "the 31st, or the last": Recurrence("AbsoluteMonthly", date(2025, 10, 31), day=31),
    "the 30th": Recurrence("AbsoluteMonthly", date(2025, 9, 30), day=30),
    "the 2nd": Recurrence("AbsoluteMonthly", date(2025, 11, 2), day=2),
    "first Tuesday": Recurrence("RelativeMonthly", FIRST, days=("Tuesday",), index="First"),
    "last weekday": Recurrence("RelativeMonthly", FIRST, days=("Weekday",), index="Last"),
    "second weekend day": Recurrence(
        "RelativeMonthly", FIRST, days=("WeekendDay",), index="Second"
    ),
    "the last day": Recurrence("RelativeMonthly", FIRST, days=("Day",), index="Last"),
    "every March": Recurrence("AbsoluteYearly", date(2024, 3, 12), day=12, month=3),
    "29 February, or 28": Recurrence("AbsoluteYearly", date(2024, 2, 29), day=29, month=2),
    "last Sunday of March": Recurrence(
        "RelativeYearly", date(2024, 3, 31), days=("Sunday",), index="Last", month=3
    ),
}


def series(
    pattern: Recurrence, *, all_day: bool = False, made_in: str = "W. Europe Standard Time"
) -> Appointment:
    """Return a series of an hour at nine, or of whole days."""
    place = zone(made_in)
    _, first = next(iter(pattern.dates()))
    start = datetime(first.year, first.month, first.day, 0 if all_day else 9, tzinfo=place)
    length = timedelta(days=1) if all_day else timedelta(hours=1)
    end = (start.replace(tzinfo=None) + length).replace(tzinfo=place)
    return Appointment(
        0,
        start.astimezone(UTC),
        end.astimezone(UTC),
        subject="Standup",
        uid="series",
        zone=made_in,
        meeting_zone=made_in,
        all_day=all_day,
        recurrence=replace(pattern, start=first),
    )


async def both(named: str, *items: Appointment) -> tuple[list[Booking], list[Booking]]:
    """Return what a server expands, and what we do of the same."""
    found = []
    for unexpanded in (False, True):
        world = EwsWorld(named)
        for item in items:
            world.anna.add(replace(item, number=0), world.organization.moment())
        world.server.faults.unexpanded = unexpanded
        follower = Follower(world)
        follower.window = Interval(WINDOW.start - 10 * 86_400, WINDOW.end)
        await follower.read()
        found.append(list(follower.bookings))
    return found[0], found[1]


def times(bookings: list[Booking]) -> list[tuple[int, int, str]]:
    return sorted((one.start, one.end, str(one.first_day)) for one in bookings)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize(
    "named",
    [
        "2007 SP1",
        pytest.param("2010", marks=pytest.mark.slow),
        pytest.param("2016", marks=pytest.mark.slow),
    ],
)
async def test_every_pattern_gives_the_same_occurrences(named: str, pattern: Recurrence) -> None:
    theirs, ours = await both(named, series(pattern))
    assert times(ours) == times(theirs)
    assert {one.subject for one in ours} <= {"Standup"}
    assert all(one.recurring for one in ours)


@pytest.mark.parametrize("name", ["daily", "weekdays until a day", "the 31st, or the last"])
async def test_whole_days_recur_as_days(name: str) -> None:
    theirs, ours = await both("2010", series(PATTERNS[name], all_day=True))
    assert theirs
    assert times(ours) == times(theirs)
    assert all(one.all_day for one in ours)


@pytest.mark.parametrize("made_in", ["Eastern Standard Time", "UTC"])
async def test_a_series_keeps_to_the_clock_it_was_made_by(made_in: str) -> None:
    # The clocks change at different dates on both sides of the Atlantic, within the window.
    theirs, ours = await both("2010", series(PATTERNS["daily"], made_in=made_in))
    assert len({one.start % 86_400 for one in theirs}) == (2 if made_in.startswith("E") else 1)
    assert times(ours) == times(theirs)


async def test_moved_and_deleted_occurrences_are_as_they_were_made() -> None:
    item = series(PATTERNS["daily"])
    starts = [start for _, start in islice(item.starts(), 140)]
    gone, moved, renamed = starts[-3], starts[-8], starts[-5]
    item.deleted = {gone}
    item.exceptions = {
        moved: replace(
            item, start=moved + timedelta(hours=3), end=moved + timedelta(hours=5),
            recurrence=None, exceptions={}, deleted=set(),
        ),
        renamed: replace(
            item, start=renamed, end=renamed + timedelta(hours=1), subject="Review",
            sensitivity="Private", recurrence=None, exceptions={}, deleted=set(),
        ),
    }  # fmt: skip
    theirs, ours = await both("2010", item)
    assert times(ours) == times(theirs)
    assert int(gone.timestamp()) not in {one.start for one in ours}
    (review,) = [one for one in ours if one.subject == "Review"]
    assert review.sensitivity is Sensitivity.PRIVATE
    assert {one.uid for one in ours} == {one.uid for one in theirs}


async def test_a_day_taken_out_of_a_series_made_in_a_zone_of_its_own_is_out() -> None:
    item = series(PATTERNS["daily"], all_day=True, made_in="Eastern Standard Time")
    starts = [start for _, start in islice(item.starts(), 140)]
    item.deleted = {starts[-3]}
    world = EwsWorld("2010")
    world.breaking.replaced = (b'Id="Eastern Standard Time"', b'Id="tzone://Microsoft/Custom"')
    world.anna.add(item, world.organization.moment())
    world.server.faults.unexpanded = True
    days = {one.first_day for one in await _read(Follower(world)) if one.all_day}
    assert days
    assert starts[-3].date() not in days
    assert starts[-4].date() in days


async def _read(follower: Follower) -> list[Booking]:
    follower.window = Interval(WINDOW.start - 10 * 86_400, WINDOW.end)
    await follower.read()
    return list(follower.bookings)


async def test_a_series_that_began_long_before_the_window_is_found() -> None:
    world = EwsWorld("2010")
    world.server.faults.unexpanded = True
    world.put("old", "DTSTART:20190107T110000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY")
    follower = Follower(world)
    await follower.read()
    assert len(follower.bookings) == 5
    world.put("new", *LUNCH)
    await follower.read()
    assert len(follower.bookings) == 6
    follower.window = Interval(utc("2026-03-20T00:00"), utc("2026-04-25T00:00"))
    await follower.read(full=True)
    assert len(follower.bookings) == 5


async def test_a_series_that_ended_makes_no_server_one_that_leaves_them_to_us() -> None:
    world = EwsWorld("2016")
    world.put("old", "DTSTART:20190107T110000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    follower = Follower(world)
    await follower.read()
    world.transport.sent.clear()
    world.put("one", *LUNCH)
    await follower.read()
    assert world.transport.operations() == ["SyncFolderItems", "FindItem"]


async def test_a_broken_series_is_counted_and_the_rest_lives() -> None:
    world = EwsWorld("2010")
    world.server.faults.unexpanded = True
    world.put("one", *LUNCH, "RRULE:FREQ=WEEKLY")
    world.put("two", *LUNCH, "RRULE:FREQ=WEEKLY")
    world.breaking.broken |= {"two"}
    follower = Follower(world)
    await follower.read()
    assert len(follower.bookings) == 5
    assert follower.reading is not None
    assert [one.uid for one in follower.reading.skipped] == ["two"]


async def test_a_rule_nobody_knows_is_counted() -> None:
    world = EwsWorld("2010")
    world.server.faults.unexpanded = True
    world.put("one", *LUNCH, "RRULE:FREQ=WEEKLY")
    world.breaking.replaced = (b"WeeklyRecurrence", b"FortnightlyRecurrence")
    follower = Follower(world)
    await follower.read()
    assert follower.reading is not None
    assert [one.reason for one in follower.reading.skipped] == ["its recurrence cannot be read"]
