"""Rows → bookings: what each property means, and what its absence must not mean."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from kalends.model.booking import Response, Sensitivity, ShowAs
from kalends.model.times import Interval, rfc3339
from kalends.wire.exchange_dav import search
from kalends.wire.exchange_dav.appointment import read_rows
from kalends.wire.exchange_dav.multistatus import rows
from kalends.wire.exchange_dav.search import RAW
from tests.unit.wire.exchange_dav.samples import (
    ALWAYS,
    BASE,
    STOCKHOLM,
    TIMES,
    answer,
    item,
    only,
    read,
)

GLOBAL_ID = "040000008200E00074C5B7101A82E008{}0000000000000000000000001000000047D0B31E4825"


def days(start: str, end: str) -> tuple[str, str]:
    return (
        f'<d:dtstart b:dt="dateTime.tz">{start}</d:dtstart>',
        f'<d:dtend b:dt="dateTime.tz">{end}</d:dtend><d:alldayevent>1</d:alldayevent>',
    )


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("<d:busystatus>FREE</d:busystatus>", ShowAs.FREE),
        ("<d:busystatus>Free</d:busystatus>", ShowAs.FREE),
        ("<d:busystatus>TENTATIVE</d:busystatus>", ShowAs.TENTATIVE),
        ("<d:busystatus>BUSY</d:busystatus>", ShowAs.BUSY),
        ("<d:busystatus>OOF</d:busystatus>", ShowAs.OOF),
        ("<d:busystatus>OUTOFOFFICE</d:busystatus>", ShowAs.OOF),
        ("<d:busystatus>WHATEVER</d:busystatus>", ShowAs.BUSY),
        ("", ShowAs.BUSY),
        ("<d:transparent>TRANSPARENT</d:transparent>", ShowAs.FREE),
        ("<d:transparent>OPAQUE</d:transparent>", ShowAs.BUSY),
        ("<d:busystatus/><d:transparent>TRANSPARENT</d:transparent>", ShowAs.FREE),
        ("<d:meetingstatus>TENTATIVE</d:meetingstatus>", ShowAs.BUSY),
    ],
)
def test_busystatus_alone_says_how_an_appointment_shows(told: str, shown: ShowAs) -> None:
    assert only(told).show_as is shown


@pytest.mark.parametrize(
    ("told", "sensitivity"),
    [
        ("", Sensitivity.NORMAL),
        ("<f:sensitivity>0</f:sensitivity>", Sensitivity.NORMAL),
        ("<f:sensitivity>1</f:sensitivity>", Sensitivity.PERSONAL),
        ("<f:sensitivity>2</f:sensitivity>", Sensitivity.PRIVATE),
        ("<f:sensitivity>3</f:sensitivity>", Sensitivity.CONFIDENTIAL),
        ("<f:sensitivity>9</f:sensitivity>", Sensitivity.PRIVATE),
        ("<f:sensitivity>x</f:sensitivity>", Sensitivity.PRIVATE),
        ("<private8506>1</private8506>", Sensitivity.PRIVATE),
        ('<g:0x8506 b:dt="boolean">1</g:0x8506>', Sensitivity.PRIVATE),
        ("<private8506>0</private8506>", Sensitivity.NORMAL),
    ],
)
def test_what_is_private_stays_private(told: str, sensitivity: Sensitivity) -> None:
    assert only(told).sensitivity is sensitivity


@pytest.mark.parametrize(
    ("told", "response"),
    [
        ("<response8218>0</response8218>", Response.OWN),
        ("<response8218>1</response8218>", Response.OWN),
        ("<response8218>2</response8218>", Response.TENTATIVE),
        ("<response8218>3</response8218>", Response.ACCEPTED),
        ("<response8218>4</response8218>", Response.DECLINED),
        ("<response8218>5</response8218>", Response.UNANSWERED),
        ('<h:0x8218 b:dt="int">4</h:0x8218>', Response.DECLINED),
        ("<m:apptstateflags>3</m:apptstateflags>", Response.UNANSWERED),
        ("<m:apptstateflags>1</m:apptstateflags>", Response.OWN),
        ("", Response.OWN),
    ],
)
def test_the_owners_answer_to_an_invitation(told: str, response: Response) -> None:
    assert only(told).response is response
    assert len(RAW) == 2


@pytest.mark.parametrize(
    ("told", "cancelled"),
    [
        ("<d:meetingstatus>CANCELLED</d:meetingstatus>", True),
        ("<m:apptstateflags>7</m:apptstateflags>", True),
        ("<m:apptstateflags>3</m:apptstateflags>", False),
        ("<d:meetingstatus>TENTATIVE</d:meetingstatus>", False),
    ],
)
def test_a_cancelled_meeting_is_told_as_such(told: str, cancelled: bool) -> None:
    assert only(told).cancelled is cancelled


def test_the_organizer_is_an_address_without_his_name() -> None:
    told = '<d:organizer>"Berg, Bo" &lt;Bo@Acme.example&gt;</d:organizer>'
    assert only(told).organizer == "bo@acme.example"
    assert only("<d:organizer>Bo Berg</d:organizer>").organizer == ""


@pytest.mark.parametrize(
    ("zone", "start", "end", "first", "after"),
    [
        ("Europe/Stockholm", "2026-03-01T23:00:00.000Z", "2026-03-02T23:00:00.000Z", "02", "03"),
        ("Europe/London", "2026-03-01T23:00:00.000Z", "2026-03-02T23:00:00.000Z", "02", "03"),
        ("Europe/Helsinki", "2026-03-01T23:00:00.000Z", "2026-03-02T23:00:00.000Z", "02", "03"),
        ("Europe/Stockholm", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z", "29", "30"),
        ("America/New_York", "2026-03-02T05:00:00.000Z", "2026-03-05T05:00:00.000Z", "02", "05"),
        ("Europe/Stockholm", "2026-03-01T23:00:00.000Z", "2026-03-01T23:00:00.000Z", "02", "03"),
    ],
)
def test_whole_days_are_the_owners(zone: str, start: str, end: str, first: str, after: str) -> None:
    found = read(item(*days(start, end)), zone=ZoneInfo(zone))
    (booking,) = found.bookings
    assert booking.all_day
    assert (str(booking.first_day)[8:], str(booking.after_day)[8:]) == (first, after)


def test_a_day_at_the_windows_edge_is_judged_in_the_owners_zone() -> None:
    """By its moments it would have ended at 23:00; its owner's day lasts till his midnight."""
    day = item(*days("2026-03-01T23:00:00.000Z", "2026-03-02T23:00:00.000Z"))
    late = Interval(1_772_494_200, 1_772_580_600)  # from 23:30 UTC on 2 March
    assert read(day, zone=ZoneInfo("Europe/London"), window=late).bookings
    assert not read(day, zone=ZoneInfo("Europe/Stockholm"), window=late).bookings


def test_an_exception_keeps_its_series_identity() -> None:
    """Its own uid carries a date, its recurrenceid the start the series meant."""
    usual = item(
        f"<d:uid>{GLOBAL_ID.format('00000000')}</d:uid><d:instancetype>2</d:instancetype>", TIMES
    )
    moved = item(
        f"<d:uid>{GLOBAL_ID.format('07EA0302')}</d:uid><d:instancetype>3</d:instancetype>",
        "<d:recurrenceid>2026-03-02T12:00:00.000Z</d:recurrenceid>",
        TIMES.replace("T12", "T15").replace("T13", "T16"),
    )
    assert read(usual).bookings[0].uid == read(moved).bookings[0].uid
    assert read(moved).bookings[0].recurring


def test_masters_are_no_bookings() -> None:
    assert read(item(TIMES, "<d:instancetype>1</d:instancetype>")).bookings == ()


def test_what_another_client_made_without_a_kind_is_a_single_appointment() -> None:
    booking = only()
    assert not booking.recurring
    assert booking.uid.startswith("href:")


def test_the_same_uid_twice_is_two_bookings() -> None:
    told = "<d:uid>u1</d:uid>"
    found = read(item(TIMES, told), item(TIMES, told, name="{OTHER}"), item(TIMES, told))
    assert len({one.uid for one in found.bookings}) == 2


def test_broken_ones_are_counted_and_the_rest_lives() -> None:
    found = read(
        item("<d:uid>u1</d:uid><d:dtstart>never</d:dtstart>", "<e:subject>Hemligt</e:subject>"),
        item("<d:uid>u2</d:uid>", name="{2}"),
        item(
            "<d:uid>u3</d:uid><d:dtstart>2026-03-02T12:00:00Z</d:dtstart>"
            "<d:dtend>2026-03-01T12:00:00Z</d:dtend>",
            name="{3}",
        ),
        item(TIMES, name="{4}"),
    )
    assert [one.reason for one in found.broken] == [
        "its dtstart is no time", "it has no dtstart", "it ends before it begins"
    ]  # fmt: skip
    assert "Hemligt" not in repr(found.broken)
    assert rfc3339(found.bookings[0].start) == "2026-03-02T12:00:00Z"


def test_long_texts_are_cut() -> None:
    assert len(only(f"<e:subject>{'x' * 5000}</e:subject>").subject) == 255


def test_a_description_is_read_only_where_it_was_asked_for() -> None:
    told = rows(answer(item(TIMES, f"<e:textdescription>{'x' * 900}</e:textdescription>")))
    assert read_rows(told, ALWAYS, STOCKHOLM).bookings[0].description == ""
    (booking,) = read_rows(told, ALWAYS, STOCKHOLM, description=True).bookings
    assert booking.description == "x" * 255
    asked = [
        search.build_calendar(BASE, ALWAYS, description=wanted).body for wanted in (False, True)
    ]
    assert [b"textdescription" in body for body in asked] == [False, True]
