"""The contract of ``CalendarSource`` as tests; each subclass brings a world of its own kind.

::

    class TestMyKind(CalendarSourceContract):
        @pytest.fixture
        def world(self) -> World:
            return MyWorld()
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol

import pytest

from kalends.calendars.contract import CalendarRef, CalendarSource, Reading, Step, Unchanged
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    NotFound,
    SignInNeeded,
    SourceTrouble,
    SuspiciouslyEmpty,
    Throttled,
    TooLarge,
    Unreachable,
)
from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.times import Interval, rfc3339


def utc(text: str) -> int:
    """Return UTC seconds of ``2026-03-02T13:00``."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


WINDOW: Final = Interval(utc("2026-03-01T00:00"), utc("2026-04-05T00:00"))
MEETING: Final = (
    "DTSTART;TZID=Europe/Stockholm:20260302T130000",
    "DTEND;TZID=Europe/Stockholm:20260302T140000",
    "SUMMARY:M: budget",
)
LUNCH: Final = ("DTSTART:20260303T110000Z", "DURATION:PT1H", "SUMMARY:Lunch")


class World(Protocol):
    """A calendar server with one calendar of Anna's, and ways to change and break it."""

    source: CalendarSource
    ref: CalendarRef
    cannot: frozenset[str]
    """Troubles this kind cannot have: html, empty-body, truncated, emptied, sign-in, denied,
    gone, throttled, down, forgotten, too-large. And what it does not know: floating (times without
    a zone), owner-address (it answers invitations itself)."""

    poll_requests: int
    """How many requests an unchanged calendar costs at most."""
    asides: int
    """Reads after the first that may tell what is no part of the calendar: work hours, replies."""

    def put(self, uid: str, *lines: str, override: tuple[str, ...] = ()) -> None:
        """Write an appointment; ``override`` describes one occurrence of it."""

    def delete(self, uid: str) -> None:
        """Remove an appointment."""

    def trouble(self, kind: str) -> None:
        """From now on the server fails in this way; an empty text: it works again."""

    def requests(self) -> int:
        """Return how many requests were made so far."""


class Follower:
    """Keeps what was read, as the engine does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ref = world.ref
        self.bookings: tuple[Booking, ...] = ()
        self.cursor: bytes | None = None
        self.window = WINDOW
        self.reading: Reading | None = None

    async def previous(self) -> tuple[Booking, ...]:
        return self.bookings

    async def read(self, *, full: bool = False) -> Reading | Unchanged:
        found = await self.world.source.read(
            self.ref, self.window, self.cursor, self.previous, full=full
        )
        self.cursor = found.cursor
        if isinstance(found, Reading):
            self.bookings = found.bookings
            self.reading = found
        return found

    async def settled(self) -> None:
        """Read whole, and then what a kind asks for by later reads only (``World.asides``)."""
        for _ in range(1 + self.world.asides):
            await self.read()

    async def subjects(self) -> list[str]:
        await self.read()
        return sorted(booking.subject for booking in self.bookings)

    async def only(self) -> Booking:
        await self.read()
        (booking,) = self.bookings
        return booking


class CalendarSourceContract:
    """Every source passes these."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    @pytest.fixture
    def follower(self, world: World) -> Follower:
        return Follower(world)

    # --- what is read -----------------------------------------------------------------------------
    async def test_a_calendar_without_appointments_is_empty(self, follower: Follower) -> None:
        assert isinstance(await follower.read(), Reading)
        assert follower.bookings == ()

    async def test_an_appointment_is_read_with_its_facts(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *MEETING, "CATEGORIES:Kund", "CLASS:PRIVATE", "TRANSP:TRANSPARENT")
        booking = await follower.only()
        assert (rfc3339(booking.start), rfc3339(booking.end)) == (
            "2026-03-02T12:00:00Z",
            "2026-03-02T13:00:00Z",
        )
        assert booking.subject == "M: budget"
        assert booking.categories == ("Kund",)
        assert booking.sensitivity is Sensitivity.PRIVATE
        assert booking.show_as is ShowAs.FREE
        assert booking.response is Response.OWN
        assert not booking.busy_only

    async def test_an_all_day_appointment_stays_dates(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", "DTSTART;VALUE=DATE:20260302", "SUMMARY:Semester")
        booking = await follower.only()
        assert booking.all_day
        assert (str(booking.first_day), str(booking.after_day)) == ("2026-03-02", "2026-03-03")

    async def test_a_series_is_expanded_within_the_window(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *LUNCH, "RRULE:FREQ=WEEKLY")
        await follower.read()
        assert [rfc3339(one.start)[5:10] for one in follower.bookings] == [
            "03-03", "03-10", "03-17", "03-24", "03-31"
        ]  # fmt: skip
        assert all(one.recurring for one in follower.bookings)
        assert len({one.uid for one in follower.bookings}) == 5

    @pytest.mark.parametrize(
        ("start", "end", "seen"),
        [
            ("20260228T230000Z", "20260301T010000Z", True),
            ("20260404T230000Z", "20260405T010000Z", True),
            ("20260101T000000Z", "20270101T000000Z", True),
            ("20260228T220000Z", "20260301T000000Z", False),
            ("20260405T000000Z", "20260405T010000Z", False),
            ("20250303T110000Z", "20250303T120000Z", False),
        ],
    )
    async def test_what_overlaps_the_window_is_returned_whole(
        self, world: World, follower: Follower, start: str, end: str, seen: bool
    ) -> None:
        world.put("one", f"DTSTART:{start}", f"DTEND:{end}")
        await follower.read()
        expected = [(start, end)] if seen else []
        assert [
            tuple(rfc3339(at).replace("-", "").replace(":", "") for at in (one.start, one.end))
            for one in follower.bookings
        ] == expected

    async def test_declined_and_cancelled_appointments_are_told_as_such(
        self, world: World, follower: Follower
    ) -> None:
        invited = (
            "ORGANIZER:mailto:bo@acme.example",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@acme.example",
        )
        world.put("one", *MEETING, *invited)
        world.put("two", *LUNCH, "STATUS:CANCELLED")
        await follower.read()
        first, second = follower.bookings
        assert (first.response, first.organizer) == (Response.DECLINED, "bo@acme.example")
        assert second.cancelled

    async def test_a_broken_appointment_is_counted_and_the_rest_lives(
        self, world: World, follower: Follower
    ) -> None:
        world.put("bad", "DTSTART:never", "SUMMARY:Hemligt")
        world.put("bomb", *LUNCH, "RRULE:FREQ=SECONDLY")
        world.put("one", *MEETING)
        assert await follower.subjects() == ["M: budget"]
        assert follower.reading is not None
        assert len(follower.reading.skipped) == 2
        assert "Hemligt" not in repr(follower.reading.skipped)

    async def test_reading_twice_gives_the_same_in_the_same_order(
        self, world: World, follower: Follower
    ) -> None:
        for number in range(7):
            world.put(f"u{number}", f"DTSTART:2026030{9 - number}T110000Z", "DURATION:PT1H")
        await follower.read()
        again = Follower(world)
        await again.read()
        assert follower.bookings == again.bookings
        assert list(follower.bookings) == sorted(follower.bookings, key=lambda one: one.start)

    # --- changes ----------------------------------------------------------------------------------
    async def test_nothing_new_is_told_as_unchanged(self, world: World, follower: Follower) -> None:
        world.put("one", *MEETING)
        await follower.settled()
        for _ in range(3):
            assert isinstance(await follower.read(), Unchanged)

    async def test_an_empty_calendar_can_be_unchanged_too(self, follower: Follower) -> None:
        await follower.settled()
        assert isinstance(await follower.read(), Unchanged)

    async def test_an_unchanged_calendar_costs_few_requests(
        self, world: World, follower: Follower
    ) -> None:
        for number in range(20):
            world.put(f"u{number}", *LUNCH)
        await follower.settled()
        before = world.requests()
        await follower.read()
        assert world.requests() - before <= world.poll_requests

    async def test_a_new_appointment_is_seen_and_the_others_stay(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *MEETING)
        assert await follower.subjects() == ["M: budget"]
        world.put("two", *LUNCH)
        assert await follower.subjects() == ["Lunch", "M: budget"]

    async def test_a_moved_appointment_keeps_its_identity(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *LUNCH)
        world.put("two", *MEETING)
        await follower.read()
        uids = {one.uid for one in follower.bookings}
        world.put("one", "DTSTART:20260304T110000Z", "DURATION:PT1H", "SUMMARY:Lunch")
        await follower.read()
        assert {one.uid for one in follower.bookings} == uids
        assert sorted(rfc3339(one.start)[8:10] for one in follower.bookings) == ["02", "04"]

    async def test_a_deleted_appointment_is_gone(self, world: World, follower: Follower) -> None:
        world.put("one", *MEETING)
        world.put("two", *LUNCH)
        await follower.read()
        world.delete("one")
        assert await follower.subjects() == ["Lunch"]

    async def test_deleted_and_written_again_is_there(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *MEETING)
        world.put("two", *LUNCH)
        await follower.read()
        world.delete("one")
        world.put("one", *MEETING[:2], "SUMMARY:Again")
        assert await follower.subjects() == ["Again", "Lunch"]

    async def test_one_occurrence_of_a_series_moves_alone(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3")
        await follower.read()
        uids = {one.uid for one in follower.bookings}
        moved = ("RECURRENCE-ID:20260304T110000Z", "DTSTART:20260304T150000Z", "DURATION:PT1H")
        world.put("one", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3", override=moved)
        await follower.read()
        assert [rfc3339(one.start)[11:13] for one in follower.bookings] == ["11", "15", "11"]
        assert {one.uid for one in follower.bookings} == uids

    async def test_a_series_that_becomes_single_leaves_no_occurrence_behind(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3")
        await follower.read()
        world.put("one", *LUNCH)
        await follower.read()
        assert len(follower.bookings) == 1

    async def test_an_appointment_that_breaks_disappears_and_is_counted(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *MEETING)
        world.put("two", *LUNCH)
        await follower.read()
        world.put("one", "DTSTART:never")
        assert await follower.subjects() == ["Lunch"]
        assert follower.reading is not None
        assert len(follower.reading.skipped) == 1

    async def test_many_changes_at_once_are_all_seen(
        self, world: World, follower: Follower
    ) -> None:
        for number in range(60):
            world.put(f"u{number}", *LUNCH[:2], f"SUMMARY:{number}")
        await follower.read()
        assert len(follower.bookings) == 60
        for number in range(0, 60, 2):
            world.delete(f"u{number}")
        for number in range(60, 90):
            world.put(f"u{number}", *LUNCH[:2], f"SUMMARY:{number}")
        assert await follower.subjects() == sorted(
            str(number) for number in (*range(1, 60, 2), *range(60, 90))
        )

    # --- windows, cursors, owners -----------------------------------------------------------------
    async def test_a_later_window_is_read_anew(self, world: World, follower: Follower) -> None:
        world.put("one", *MEETING)
        world.put("two", "DTSTART:20260420T110000Z", "DURATION:PT1H", "SUMMARY:Later")
        assert await follower.subjects() == ["M: budget"]
        follower.window = Interval(utc("2026-03-20T00:00"), utc("2026-04-25T00:00"))
        assert await follower.subjects() == ["Later"]
        follower.window = WINDOW
        assert await follower.subjects() == ["M: budget"]

    async def test_a_narrower_window_is_unchanged(self, world: World, follower: Follower) -> None:
        world.put("one", *MEETING)
        await follower.settled()
        follower.window = Interval(WINDOW.start + 3600, WINDOW.end - 3600)
        assert isinstance(await follower.read(), Unchanged)

    async def test_a_change_is_read_for_the_whole_stored_window(
        self, world: World, follower: Follower
    ) -> None:
        world.put("one", *MEETING)
        await follower.read()
        world.put("two", *LUNCH)
        found = await follower.read()
        assert isinstance(found, Reading)
        assert found.window.start <= WINDOW.start
        assert found.window.end >= WINDOW.end

    @pytest.mark.parametrize("cursor", [b"", b"\x00garbage", b"\x93\x01\x02\x03", b"null"])
    async def test_a_cursor_nobody_knows_means_a_whole_read(
        self, world: World, follower: Follower, cursor: bytes
    ) -> None:
        world.put("one", *MEETING)
        follower.cursor = cursor
        assert await follower.subjects() == ["M: budget"]

    async def test_another_zone_of_the_owner_is_a_reason_to_read(
        self, world: World, follower: Follower
    ) -> None:
        self._needs(world, "floating")
        world.put("one", "DTSTART:20260302T100000", "DURATION:PT1H")
        assert rfc3339((await follower.only()).start) == "2026-03-02T09:00:00Z"
        follower.ref = replace(follower.ref, timezone="America/New_York")
        assert rfc3339((await follower.only()).start) == "2026-03-02T15:00:00Z"

    async def test_another_address_of_the_owner_is_a_reason_to_read(
        self, world: World, follower: Follower
    ) -> None:
        self._needs(world, "owner-address")
        invited = (
            "ORGANIZER:mailto:bo@acme.example",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:berg@acme.example",
        )
        world.put("one", *MEETING, *invited)
        assert (await follower.only()).response is Response.ACCEPTED
        follower.ref = replace(follower.ref, emails=("berg@acme.example",))
        assert (await follower.only()).response is Response.DECLINED

    async def test_a_full_read_finds_the_same(self, world: World, follower: Follower) -> None:
        world.put("one", *MEETING)
        world.put("two", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3")
        await follower.settled()
        before = follower.bookings
        assert isinstance(await follower.read(full=True), Reading)
        assert follower.bookings == before
        assert isinstance(await follower.read(), Unchanged)

    async def test_a_full_read_finds_what_was_never_reported(
        self, world: World, follower: Follower
    ) -> None:
        self._needs(world, "forgotten")
        world.put("one", *MEETING)
        world.put("two", *LUNCH)
        await follower.read()
        world.trouble("forgotten")
        world.delete("one")
        await follower.read()
        await follower.read(full=True)
        assert [one.subject for one in follower.bookings] == ["Lunch"]

    # --- trouble ----------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("trouble", "error"),
        [
            ("html", BadAnswer),
            ("empty-body", BadAnswer),
            ("truncated", BadAnswer),
            ("sign-in", SignInNeeded),
            ("denied", AccessDenied),
            ("gone", NotFound),
            ("throttled", Throttled),
            ("down", Unreachable),
            ("too-large", TooLarge),
        ],
    )
    @pytest.mark.parametrize("full", [False, True])
    async def test_trouble_is_raised_never_read_as_empty(
        self,
        world: World,
        follower: Follower,
        trouble: str,
        error: type[SourceTrouble],
        full: bool,
    ) -> None:
        self._needs(world, trouble)
        for number in range(20):
            world.put(f"u{number}", *MEETING)
        await follower.read()
        before = follower.bookings
        world.put("two", *LUNCH)
        world.trouble(trouble)
        with pytest.raises(error) as raised:
            await follower.read(full=full)
        assert "budget" not in str(raised.value)
        assert follower.bookings == before
        world.trouble("")
        assert len(await follower.subjects()) == 21

    async def test_who_asks_for_silence_says_until_when(
        self, world: World, follower: Follower
    ) -> None:
        self._needs(world, "throttled")
        world.trouble("throttled")
        with pytest.raises(Throttled) as raised:
            await follower.read()
        assert raised.value.at is not None

    @pytest.mark.parametrize("full", [False, True])
    async def test_a_suddenly_empty_calendar_is_believed_when_seen_again(
        self, world: World, follower: Follower, full: bool
    ) -> None:
        self._needs(world, "emptied")
        world.put("one", *MEETING)
        await follower.read()
        world.trouble("emptied")
        if not full:  # a server that reports nothing new is not asked for everything
            follower.window = Interval(WINDOW.start, WINDOW.end + 86_400)
        with pytest.raises(SuspiciouslyEmpty):
            await follower.read(full=full)
        follower.cursor, follower.bookings = None, ()  # as the engine asks the second time
        assert isinstance(await follower.read(full=True), Reading)
        assert follower.bookings == ()

    # --- the rest of the contract -----------------------------------------------------------------
    async def test_a_check_of_what_works_is_all_well(self, world: World) -> None:
        world.put("one", *MEETING)
        steps = await self._check(world)
        assert all(step.ok for step in steps), steps
        assert steps[-1].what == "calendar"
        assert steps[-1].subject == "anna/default"

    @pytest.mark.parametrize(
        ("trouble", "step"),
        [
            ("sign-in", "sign-in"),
            ("denied", "calendar"),
            ("gone", "calendar"),
            ("html", "calendar"),
        ],
    )
    async def test_a_check_names_what_fails_and_what_to_do(
        self, world: World, trouble: str, step: str
    ) -> None:
        self._needs(world, trouble)
        world.trouble(trouble)
        failed = [one for one in await self._check(world) if not one.ok]
        assert failed
        assert failed[-1].what in (step, "sign-in")
        assert failed[-1].remedy

    async def test_hints_end_where_there_are_none(self, world: World) -> None:
        if world.source.capabilities.hints:
            pytest.skip("this kind gives hints")
        assert [hint async for hint in world.source.hints()] == []

    async def test_a_calendar_is_found_by_email(self, world: World, follower: Follower) -> None:
        if not world.source.capabilities.finds_by_email:
            pytest.skip("this kind does not find calendars by e-mail")
        world.put("one", *MEETING)
        (url,) = await world.source.locate(replace(world.ref, url=None))
        follower.ref = replace(world.ref, url=url)
        assert await follower.subjects() == ["M: budget"]

    async def test_who_has_no_calendar_here_is_not_found(self, world: World) -> None:
        nobody = replace(world.ref, url=None, person="zoe", emails=("zoe@acme.example",))
        assert await world.source.locate(nobody) == ()

    async def test_a_check_tells_who_is_looked_for_here_in_vain_from_other_trouble(
        self, world: World
    ) -> None:
        if not world.source.capabilities.finds_by_email:
            pytest.skip("this kind does not find calendars by e-mail")
        nobody = replace(world.ref, url=None, person="zoe", emails=("zoe@acme.example",))
        last = [step async for step in world.source.check((nobody,))][-1]
        assert (last.subject, last.ok, last.absent) == ("zoe/default", False, True)
        second = replace(world.ref, url=None, emails=("zoe@acme.example", *world.ref.emails))
        assert [step async for step in world.source.check((second,))][-1].ok

    async def test_closing_twice_is_harmless(self, world: World) -> None:
        await world.source.close()
        await world.source.close()

    @staticmethod
    async def _check(world: World) -> list[Step]:
        return [step async for step in world.source.check((world.ref,))]

    @staticmethod
    def _needs(world: World, trouble: str) -> None:
        if trouble in world.cannot:
            pytest.skip(f"this kind cannot be {trouble}")
