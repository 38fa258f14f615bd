"""Answers in the very shape a real Exchange 2003 gave, with people and subjects of our own."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from kalends.model.booking import Booking
from kalends.model.http import Response
from kalends.model.times import Interval
from kalends.wire.exchange_dav.appointment import Found, read_rows
from kalends.wire.exchange_dav.multistatus import rows

BASE = "https://mail.acme.example/exchange/anna@acme.example/Kalender/"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
ALWAYS = Interval(0, 4_000_000_000)
HEAD = (
    '<?xml version="1.0"?><a:multistatus xmlns:b="urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/"'
    ' xmlns:e="urn:schemas:httpmail:" xmlns:c="xml:"'
    ' xmlns:f="http://schemas.microsoft.com/exchange/"'
    ' xmlns:m="http://schemas.microsoft.com/mapi/"'
    ' xmlns:h="http://schemas.microsoft.com/mapi/id/{00062002-0000-0000-C000-000000000046}/"'
    ' xmlns:g="http://schemas.microsoft.com/mapi/id/{00062008-0000-0000-C000-000000000046}/"'
    ' xmlns:d="urn:schemas:calendar:" xmlns:a="DAV:">'
)
TIMES = (
    '<d:dtstart b:dt="dateTime.tz">2026-03-02T12:00:00.000Z</d:dtstart>'
    '<d:dtend b:dt="dateTime.tz">2026-03-02T13:00:00.000Z</d:dtend>'
)


def item(*properties: str, name: str = "{47D0B31E}", missing: str = "") -> str:
    """Return one response of an answer."""
    absent = ""
    if missing:
        absent = (
            "<a:propstat><a:status>HTTP/1.1 404 Resource Not Found</a:status>"
            f"<a:prop>{missing}</a:prop></a:propstat>"
        )
    return (
        f"<a:response><a:href>http://ex01/exchange/anna/Kalender/{name}.EML</a:href><a:propstat>"
        f"<a:status>HTTP/1.1 200 OK</a:status><a:prop>{''.join(properties)}</a:prop></a:propstat>"
        f"{absent}</a:response>"
    )


def answer(*items: str, status: int = 207) -> Response:
    """Return a whole answer."""
    return Response(status, {}, (HEAD + "".join(items) + "</a:multistatus>").encode(), BASE)


def read(*items: str, zone: ZoneInfo = STOCKHOLM, window: Interval = ALWAYS) -> Found:
    """Read an answer's bookings."""
    return read_rows(rows(answer(*items)), window, zone)


def only(*properties: str, zone: ZoneInfo = STOCKHOLM) -> Booking:
    """Read the one booking with these properties beside its times."""
    found = read(item(TIMES, *properties), zone=zone)
    assert not found.broken
    (booking,) = found.bookings
    return booking
