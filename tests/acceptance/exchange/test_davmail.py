"""The emulator, judged by DavMail: a second client nobody here wrote, and CalDAV on top of it.

Java takes its time to start, so one DavMail serves all steps of a version.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lab.exchange.calendar import window
from lab.exchange.seed import Plan, book, seed
from lab.exchange.serve import serving
from lab.exchange.server import ExchangeServer

from tests.acceptance.exchange.davmail import DavMail, davmail

pytestmark = pytest.mark.slow
ANNA, PASSWORD = "anna@example.test", "pw & more"
HOME = f"/users/{ANNA}/calendar/"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
# DavMail takes times in UTC for local ones when it changes an item, so ours name their zone.
ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Tests//EN
{zone}
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260301T100000Z
DTSTART;TZID=W. Europe Standard Time:202603{day:02}T{hour:02}0000
DTEND;TZID=W. Europe Standard Time:202603{day:02}T{end:02}0000
SUMMARY:{subject}
LOCATION:{place}
TRANSP:OPAQUE{more}
END:VEVENT
END:VCALENDAR
"""
REPEATED = (
    "RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=TU",
    "EXDATE;TZID=W. Europe Standard Time:20260317T090000",
)


def event(uid: str, subject: str, day: int, hour: int, place: str = "", *more: str) -> str:
    lines = "".join(f"\n{one}" for one in more)
    return EVENT.format(
        zone=ZONE,
        uid=uid,
        subject=subject,
        day=day,
        hour=hour,
        end=hour + 1,
        place=place,
        more=lines,
    ).replace("\n", "\r\n")


def seen(server: ExchangeServer) -> list[tuple[str, str]]:
    """Return subject and start of what March and April of Anna's calendar show."""
    items = server.organization.mailboxes[ANNA].calendar()
    return [
        (one.item.subject, f"{one.item.start:%m-%dT%H:%M}") for one in window(items, MARCH, MAY)
    ]


@pytest.mark.parametrize("named", ["2010 SP2", "2016"])
async def test_a_caldav_client_lists_reads_books_and_cancels(named: str, tmp_path: Path) -> None:
    server = ExchangeServer(named=named)
    seed(server.organization, service=("svc", "secret"), people=[(ANNA, "Anna Berg")])
    server.organization.add_account(ANNA, PASSWORD, mailbox=ANNA)
    plan = Plan(
        ANNA, "Budget & <figures>", MARCH.replace(day=2, hour=8), MARCH.replace(day=2, hour=9)
    )
    book(server.organization, plan)
    async with serving(server), davmail(server.url, tmp_path, ANNA, PASSWORD) as client:
        await _lists_and_reads(client)
        await _books_and_cancels(client, server)
        await _books_a_series(client, server)
        await _changes(client, server)


async def _lists_and_reads(client: DavMail) -> None:
    status, text = await client.send(
        "PROPFIND",
        HOME,
        '<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getetag/></D:prop></D:propfind>',
        Depth="1",
    )
    assert (status, text.count("<D:response>"), "<C:calendar/>" in text) == (207, 2, True)
    [(address, data)] = (await client.events(HOME)).items()
    assert "SUMMARY:Budget & <figures>" in data
    assert "DTSTART;TZID=" in data
    assert ":20260302T090000" in data  # in Berlin
    assert (await client.send("GET", address))[0] == 200


async def _books_and_cancels(client: DavMail, server: ExchangeServer) -> None:
    status, _ = await client.send(
        "PUT", HOME + "single-1.ics", event("single-1", "Dentist\\, & more", 4, 10, "Main street")
    )
    assert status == 201
    assert ("Dentist, & more", "03-04T09:00") in seen(server)
    item = next(
        one for one in server.organization.mailboxes[ANNA].calendar() if one.uid == "single-1"
    )
    assert (item.location, item.busy) == ("Main street", "Busy")
    assert "UID:single-1" in "".join((await client.events(HOME)).values())
    status, _ = await client.send("DELETE", HOME + "single-1.ics")
    assert status == 200
    assert "Dentist, & more" not in [subject for subject, _ in seen(server)]
    assert (await client.send("GET", HOME + "single-1.ics"))[0] == 404


async def _books_a_series(client: DavMail, server: ExchangeServer) -> None:
    series = event("series-1", "Weekly", 3, 9, "", *REPEATED)
    assert (await client.send("PUT", HOME + "series-1.ics", series))[0] == 201
    starts = [start for subject, start in seen(server) if subject == "Weekly"]
    assert starts == [
        "03-03T08:00", "03-10T08:00", "03-24T08:00", "03-31T07:00", "04-07T07:00"
    ]  # fmt: skip
    data = next(one for one in (await client.events(HOME)).values() if "Weekly" in one)
    assert "RRULE:FREQ=WEEKLY" in data
    assert "COUNT=6" in data
    assert "EXDATE" in data


async def _changes(client: DavMail, server: ExchangeServer) -> None:
    first, later = (
        event("single-2", "Call", 5, hour, place) for hour, place in ((9, "A"), (14, "B"))
    )
    await client.send("PUT", HOME + "single-2.ics", first)
    status, _ = await client.send("PUT", HOME + "single-2.ics", later)
    assert status in (200, 201, 204)
    [item] = [
        one for one in server.organization.mailboxes[ANNA].calendar() if one.uid == "single-2"
    ]
    assert (item.location, item.start.hour, item.end.hour) == ("B", 13, 14)  # UTC
