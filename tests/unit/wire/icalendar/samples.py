"""Writes small calendars and reads them: what the tests of this room share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from kalends.model.booking import Booking
from kalends.model.times import Interval, rfc3339
from kalends.wire.icalendar.expand import Expanded, Owner, expand

STOCKHOLM: Final = Owner("Europe/Stockholm", ("anna@acme.example", "a.berg@acme.example"))


def utc(text: str) -> int:
    """Return UTC seconds of ``2026-03-02T13:00``."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


MARCH: Final = Interval(utc("2026-03-01T00:00"), utc("2026-04-01T00:00"))


def event(*lines: str, uid: str = "one", **more: str) -> str:
    """Return a VEVENT; keywords become properties (``summary="Lunch"``)."""
    extra = [f"{name.replace('_', '-').upper()}:{value}" for name, value in more.items()]
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, *extra, "END:VEVENT"])


def calendar(*components: str, **headers: str) -> bytes:
    """Return a VCALENDAR; keywords become its properties (``x_wr_timezone=``, ``method=``)."""
    extra = [f"{name.replace('_', '-').upper()}:{value}" for name, value in headers.items()]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//t//EN", *extra, *components]
    return ("\r\n".join([*lines, "END:VCALENDAR"]) + "\r\n").encode()


def read(
    *components: str, window: Interval = MARCH, owner: Owner = STOCKHOLM, **headers: str
) -> Expanded:
    """Write a calendar and read it."""
    return expand(calendar(*components, **headers), owner, window)


def only(*components: str, **options: object) -> Booking:
    """Read a calendar that holds exactly one booking in March 2026, and nothing broken."""
    found = read(*components, **options)  # type: ignore[arg-type]  # handed on
    assert not found.broken, found.broken
    (booking,) = found.bookings
    return booking


def starts(found: Expanded) -> list[str]:
    """Return when the bookings begin, in UTC: ``03-02T13:00``."""
    assert not found.broken, found.broken
    return [rfc3339(booking.start)[5:16] for booking in found.bookings]


def times(booking: Booking) -> str:
    """Return begin and end in UTC: ``03-02T13:00/14:30``."""
    first, last = rfc3339(booking.start), rfc3339(booking.end)
    return f"{first[5:16]}/{last[11:16] if first[:10] == last[:10] else last[5:16]}"
