"""Work hours beside a CalDAV calendar (RFC 7953) are noticed soon, and cost next to nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lab.dav.faults import Faults

from kalends.calendars.caldav_hours import EVERY
from kalends.calendars.contract import Reading, Unchanged
from kalends.model.person import WorkHours
from tests.contract.calendars.suite import LUNCH, MEETING, Follower
from tests.contract.calendars.worlds import CaldavWorld
from tests.unit.wire.icalendar.samples import calendar

MINUTE = 60
INBOX = "/calendars/anna/inbox/"
ASKED = b"calendar-availability"


def weekly(first: str, last: str, days: str = "MO,TU,WE,TH,FR") -> str:
    """Return an availability of these hours every week."""
    slot = (
        f"BEGIN:AVAILABLE\r\nUID:a\r\nDTSTART;TZID=Europe/Stockholm:20260105T{first}00\r\n"
        f"DTEND;TZID=Europe/Stockholm:20260105T{last}00\r\n"
        f"RRULE:FREQ=WEEKLY;BYDAY={days}\r\nEND:AVAILABLE"
    )
    return calendar(f"BEGIN:VAVAILABILITY\r\nUID:v\r\n{slot}\r\nEND:VAVAILABILITY").decode()


class Anna(Follower):
    """Anna's calendar, polled once a minute."""

    world: CaldavWorld

    def says(self, text: str | None) -> None:
        """Let Anna set her availability, or take it away; nothing else changes."""
        if text is None:
            self.world.server.tree.availability.pop("anna", None)
        else:
            self.world.server.tree.availability["anna"] = text

    async def polls(self, minutes: float) -> list[Reading]:
        """Poll for a while; return what was new."""
        found = []
        for _ in range(int(minutes)):
            self.world.clock.at += MINUTE
            read = await self.read()
            if isinstance(read, Reading):
                found.append(read)
        return found

    @property
    def hours(self) -> WorkHours | None:
        assert self.reading is not None
        return self.reading.work_hours

    @property
    def asked(self) -> int:
        """How often an availability was asked for."""
        return sum(ASKED in ask.body for ask in self.world.server.asked)


@pytest.fixture(params=["sync", "ctag", "etags"])
def faults(request: pytest.FixtureRequest) -> Faults:
    return {
        "sync": Faults(),
        "ctag": Faults(no_sync=True),
        "etags": Faults(no_sync=True, no_ctag=True),
    }[request.param]


@pytest.fixture(params=["inbox", "home"])
def anna(request: pytest.FixtureRequest, faults: Faults) -> Anna:
    world = CaldavWorld(faults)
    if request.param == "inbox":
        world.server.tree.inboxes.add("anna")
    world.put("one", *MEETING)
    return Anna(world)


@pytest.fixture
def anna_only() -> Anna:
    world = CaldavWorld()
    world.server.tree.inboxes.add("anna")
    world.put("one", *MEETING)
    return Anna(world)


async def test_hours_set_where_there_were_none_are_seen_within_a_quarter_of_an_hour(
    anna: Anna,
) -> None:
    await anna.read()
    assert anna.hours is None
    anna.says(weekly("0800", "1630"))
    [read] = await anna.polls(15)
    assert read.work_hours is not None
    assert read.work_hours.fri == ("08:00-16:30",)
    assert [one.subject for one in read.bookings] == ["M: budget"]


async def test_changed_hours_are_seen_once_and_stay(anna: Anna) -> None:
    anna.says(weekly("0800", "1630"))
    await anna.read()
    anna.says(weekly("0900", "1200", "MO"))
    [read] = await anna.polls(15)
    assert read.work_hours == anna.hours
    assert anna.hours is not None
    assert (anna.hours.mon, anna.hours.tue) == (("09:00-12:00",), ())
    assert await anna.polls(15) == []


async def test_hours_taken_away_are_no_more(anna: Anna) -> None:
    anna.says(weekly("0800", "1630"))
    await anna.read()
    anna.says(None)
    [read] = await anna.polls(15)
    assert read.work_hours is None
    assert await anna.polls(15) == []


async def test_hours_and_a_booking_that_change_together_are_both_seen(anna_only: Anna) -> None:
    await anna_only.read()
    anna_only.says(weekly("0800", "1630"))
    anna_only.world.clock.at += EVERY
    anna_only.world.put("two", *LUNCH)
    assert await anna_only.subjects() == ["Lunch", "M: budget"]
    assert anna_only.hours is not None


async def test_hours_worded_otherwise_change_nothing(anna_only: Anna) -> None:
    anna_only.says(weekly("0800", "1630"))
    await anna_only.read()
    anna_only.says(weekly("0800", "1630").replace("UID:v", "UID:w"))
    assert await anna_only.polls(30) == []
    assert anna_only.asked == 1 + 3


async def test_an_hour_of_polls_asks_six_times_for_all_calendars_of_an_owner(
    anna_only: Anna,
) -> None:
    side = anna_only.world.server.tree.add_calendar("/calendars/anna/side/", "anna", "svc")
    other = Anna(anna_only.world)
    other.ref = replace(anna_only.ref, name="side", url=side.path)
    await anna_only.read()
    await other.read()
    anna_only.world.server.asked.clear()
    for _ in range(60):
        await anna_only.polls(1)
        await other.read()
    assert anna_only.asked == 6
    anna_only.says(weekly("0800", "1630"))
    for _ in range(15):
        await anna_only.polls(1)
        await other.read()
    assert anna_only.hours == other.hours is not None


async def test_after_a_restart_it_is_asked_with_the_first_poll(anna_only: Anna) -> None:
    await anna_only.read()
    fresh = Anna(CaldavWorld())
    fresh.world.server.tree = anna_only.world.server.tree
    fresh.cursor, fresh.bookings = anna_only.cursor, anna_only.bookings
    fresh.says(weekly("0800", "1630"))
    await fresh.read()
    assert fresh.hours is not None


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_inbox_in_trouble_changes_nothing_and_is_not_asked_more_often(
    anna_only: Anna, status: int
) -> None:
    anna_only.says(weekly("0800", "1630"))
    await anna_only.read()
    anna_only.world.server.faults.status[INBOX] = status
    anna_only.world.server.asked.clear()
    assert await anna_only.polls(30) == []
    assert anna_only.asked == 3
    anna_only.world.put("two", *LUNCH)
    await anna_only.read()
    assert anna_only.hours is not None


async def test_a_whole_read_keeps_the_hours_of_a_server_in_trouble(anna_only: Anna) -> None:
    anna_only.says(weekly("0800", "1630"))
    await anna_only.read()
    anna_only.world.server.faults.status[INBOX] = 500
    await anna_only.read(full=True)
    assert anna_only.hours is not None
    anna_only.world.server.faults.status[INBOX] = 403  # not shared any more
    await anna_only.read(full=True)
    assert anna_only.hours is None
    assert isinstance(await anna_only.read(), Unchanged)


async def test_an_inbox_in_trouble_at_the_first_read_is_asked_again(anna_only: Anna) -> None:
    anna_only.says(weekly("0800", "1630"))
    anna_only.world.server.faults.status[INBOX] = 500
    assert await anna_only.subjects() == ["M: budget"]
    anna_only.world.server.faults.status.clear()
    assert len(await anna_only.polls(15)) == 1
    assert anna_only.hours is not None


@pytest.mark.parametrize(
    "text", ["no calendar", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"]
)
async def test_what_is_no_availability_neither_counts_nor_hurts(anna_only: Anna, text: str) -> None:
    await anna_only.read()
    anna_only.says(text)
    assert await anna_only.polls(30) == []
    assert (await anna_only.subjects(), anna_only.hours) == (["M: budget"], None)
    await anna_only.read(full=True)
    assert anna_only.hours is None


async def test_where_nobody_may_ask_nobody_does(anna_only: Anna) -> None:
    anna_only.world.server.faults.status[INBOX] = 403
    anna_only.world.server.faults.status["/principals/anna/"] = 403
    await anna_only.read()
    anna_only.world.server.asked.clear()
    assert await anna_only.polls(30) == []
    assert len(anna_only.world.server.asked) == 30
