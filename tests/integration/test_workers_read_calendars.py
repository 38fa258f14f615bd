"""Calendars read in worker processes: the same as in place, and bombs end at their bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from kalends.errors import BadAnswer, TooLarge
from kalends.model.times import Interval
from kalends.wire.icalendar.expand import Expanded, Owner, expand
from kalends.workers import WorkerPool
from tests.patience import PATIENCE

EXPAND = "kalends.wire.icalendar.expand:expand"
TRIMMED = "kalends.engine.trimming:trimmed"
NOW = 1_772_452_800  # 2 March 2026, 12:00 UTC
OWNER = Owner("Europe/Stockholm", ("anna@acme.example",))
WINDOW = Interval(1_772_438_400, 1_772_438_400 + 35 * 86_400)  # from 2026-03-02

CALENDAR = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
REFRESH-INTERVAL;VALUE=DURATION:PT15M
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Stockholm:20260302T090000
DTEND;TZID=Europe/Stockholm:20260302T100000
RRULE:FREQ=DAILY;BYDAY=MO,WE
SUMMARY:M\xc3\xb6te
ORGANIZER:mailto:anna@acme.example
CATEGORIES:Red,Blue
END:VEVENT
BEGIN:VEVENT
UID:holiday
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260310
DTEND;VALUE=DATE:20260312
SUMMARY:Semester
X-MICROSOFT-CDO-BUSYSTATUS:OOF
END:VEVENT
BEGIN:VEVENT
UID:broken
DTSTAMP:20260101T000000Z
DTSTART:whenever
END:VEVENT
BEGIN:VAVAILABILITY
UID:hours
DTSTAMP:20260101T000000Z
BUSYTYPE:BUSY-UNAVAILABLE
BEGIN:AVAILABLE
UID:hours-1
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Stockholm:20260105T080000
DTEND;TZID=Europe/Stockholm:20260105T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
END:AVAILABLE
END:VAVAILABILITY
END:VCALENDAR
""".replace(b"\n", b"\r\n")


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(1)
    await pool.start()
    yield pool
    await pool.close()


async def test_a_worker_reads_what_is_read_in_place(pool: WorkerPool) -> None:
    found: Expanded = await pool.run(EXPAND, CALENDAR, OWNER, WINDOW)
    assert found == expand(CALENDAR, OWNER, WINDOW)
    assert len(found.bookings) == 12  # 6 Mondays, 5 Wednesdays, one holiday
    assert found.work_hours is not None
    assert [broken.uid for broken in found.broken] == ["broken"]


async def test_an_error_of_the_reading_comes_back_as_itself(pool: WorkerPool) -> None:
    with pytest.raises(BadAnswer, match="holds no calendar"):
        await pool.run(EXPAND, b"<html>Sign in</html>", OWNER, WINDOW)


async def test_the_first_call_pays_for_no_import(pool: WorkerPool) -> None:
    assert await pool.run(EXPAND, CALENDAR, OWNER, WINDOW, seconds=0.1)


async def test_a_calendar_full_of_bombs_ends_at_the_bound_and_the_next_one_is_read(
    pool: WorkerPool,
) -> None:
    bomb = b"RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    events = b"".join(
        b"BEGIN:VEVENT\r\nUID:%d\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\n"
        b"%s\r\nEND:VEVENT\r\n" % (number, bomb)
        for number in range(2000)
    )
    feed = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + events + b"END:VCALENDAR\r\n"
    async with asyncio.timeout(PATIENCE):  # it would take hours
        with pytest.raises(TooLarge):
            await pool.run(EXPAND, feed, OWNER, WINDOW, seconds=1.0)
    assert (await pool.run(EXPAND, CALENDAR, OWNER, WINDOW)).bookings


BEGINS = b"BEGIN:VEVENT\r\n" * 200_000
ZONES = b"BEGIN:VEVENT\r\nDTSTART;X=" + b"TZID=a" * 20_000 + b":x\r\nEND:VEVENT\r\n"
QUOTES = b"BEGIN:VEVENT\r\nDTSTART" + b';X="a:2026b' * 20_000 + b"\r\nEND:VEVENT\r\n"


@pytest.mark.parametrize("events", [BEGINS, ZONES, QUOTES], ids=["begins", "zones", "quotes"])
async def test_a_file_made_to_be_slow_is_trimmed_like_any(pool: WorkerPool, events: bytes) -> None:
    """What goes over a byte more than a few times takes minutes; the bound is CPU time."""
    body = b"BEGIN:VCALENDAR\r\n" + events + b"END:VCALENDAR\r\n"
    assert (await pool.run(TRIMMED, body, NOW, seconds=5.0)).body == body
