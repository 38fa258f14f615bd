"""Packed values come back as they were."""

from datetime import date
from zoneinfo import ZoneInfo

from kalends.model.booking import Booking, ShowAs, pack_bookings, unpack_bookings
from kalends.model.presence import (
    Next,
    Presence,
    Segment,
    Timeline,
    pack,
    unpack_presence,
    unpack_timeline,
)
from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Level


def test_bookings_survive_packing() -> None:
    bookings = (
        Booking("u1", 10, 20, ShowAs.OOF, "M: budget", categories=("red",)),
        Booking("u2", 0, 0, all_day=True, first_day=date(2026, 3, 2), after_day=date(2026, 3, 3)),
    )
    assert unpack_bookings(pack_bookings(bookings)) == bookings


def test_an_all_day_booking_covers_local_days() -> None:
    booking = Booking(
        "u", 0, 0, all_day=True, first_day=date(2026, 3, 2), after_day=date(2026, 3, 3)
    )
    stockholm = booking.interval(ZoneInfo("Europe/Stockholm"))
    assert stockholm.end - stockholm.start == 86400
    assert stockholm.start - booking.interval(ZoneInfo("UTC")).start == -3600


def test_presence_and_timeline_survive_packing() -> None:
    presence = Presence(
        until=FOREVER, cap=Level.TIMES, next=Next(1, 2, "meeting", Availability.BUSY)
    )
    timeline = Timeline((Segment(1, 2, Availability.AWAY, "lunch", "work", cap=Level.NOTHING),))
    assert unpack_presence(pack(presence)) == presence
    assert unpack_timeline(pack(timeline)) == timeline
