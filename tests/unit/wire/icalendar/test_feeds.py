"""Bytes as real servers and programs send them."""

import pickle

import pytest

from kalends.errors import BadAnswer, KalendsError
from kalends.model.booking import ShowAs
from kalends.model.times import Interval
from kalends.wire.icalendar.expand import Owner, expand, expand_objects
from tests.fixtures_dir import FIXTURES
from tests.unit.wire.icalendar.samples import (
    MARCH,
    STOCKHOLM,
    calendar,
    event,
    only,
    read,
    times,
    utc,
)

AT = ("DTSTART:20260302T120000Z", "DTEND:20260302T130000Z")
PLAIN = calendar(event(*AT, summary="Möte på fjärde våningen"))


def subject(body: bytes) -> str:
    (booking,) = expand(body, STOCKHOLM, MARCH).bookings
    return booking.subject


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN.replace(b"\r\n", b"\r"),
        PLAIN.replace(b"\r\n", b"\r\r\n"),
        PLAIN.replace(b"\r\n", b"\r\n\r\n"),
        PLAIN.decode().encode("cp1252"),
        PLAIN.decode().encode("utf-16"),
        PLAIN.replace(b"SUMMARY", b"summary").replace(b"BEGIN:VEVENT", b"begin:vevent"),
        PLAIN.replace("Möte".encode(), b"M\xc3\r\n \xb6te"),  # folded inside a character
        PLAIN.replace(b"SUMMARY:M", b"SUMM\r\n\tARY:M"),
        PLAIN.replace(b"SUMMARY:", b'SUMMARY;X-A="a:b;c";LANGUAGE=sv:'),
        PLAIN.replace(b"SUMMARY:", b"X-SUMMARY:nonsense\r\nSUMMARY:"),
        PLAIN.replace(b"END:VEVENT\r\n", b""),
        b"\r\n\r\n" + PLAIN + b"\r\n\x00",
    ],
)
def test_odd_bytes_are_read(body: bytes) -> None:
    assert subject(body) == "Möte på fjärde våningen"


def test_two_calendars_in_one_file_are_both_read() -> None:
    other = calendar(event("DTSTART:20260304T120000Z", "DURATION:PT1H", uid="two"))
    assert len(expand(PLAIN + other, STOCKHOLM, MARCH).bookings) == 2


@pytest.mark.parametrize("body", [b"", b"<html><body>Sign in</body></html>", b"\x00" * 100, b"{}"])
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="no calendar"):
        expand(body, STOCKHOLM, MARCH)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_calendar_that_was_cut_off_is_refused(share: float) -> None:
    whole = calendar(*(event(*AT, uid=str(number)) for number in range(20)))
    with pytest.raises(BadAnswer, match="cut off"):
        expand(whole[: int(len(whole) * share)], STOCKHOLM, MARCH)


def test_an_object_that_is_broken_does_not_hurt_the_others() -> None:
    found = expand_objects([("a", PLAIN), ("b", b"garbage"), ("c", PLAIN[:80])], STOCKHOLM, MARCH)
    assert [booking.item for booking in found.bookings] == ["a"]
    assert [broken.uid for broken in found.broken] == ["b", "c"]


def test_objects_tell_when_they_are_over() -> None:
    series = calendar(event(*AT, "RRULE:FREQ=DAILY"))
    found = expand_objects([("a", PLAIN), ("b", series), ("c", b"")], STOCKHOLM, MARCH)
    assert found.ends[0] == utc("2026-03-02T13:00")
    assert found.ends[1] > utc("9000-01-01T00:00")


def test_todos_and_journals_are_no_bookings() -> None:
    todo = event(*AT).replace("VEVENT", "VTODO")
    assert read(todo, todo.replace("VTODO", "VJOURNAL")).bookings == ()


def test_a_feed_says_how_often_to_ask() -> None:
    assert read(event(*AT), refresh_interval="PT2H").refresh_after == 7200
    assert (
        expand(
            PLAIN.replace(b"VERSION", b"X-PUBLISHED-TTL:PT30M\r\nVERSION"), STOCKHOLM, MARCH
        ).refresh_after
        == 1800
    )
    assert read(event(*AT)).refresh_after is None


def test_free_busy_tells_intervals_and_nothing_else() -> None:
    component = "\r\n".join(
        [
            "BEGIN:VFREEBUSY",
            "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260302T080000Z/PT1H",
            "FREEBUSY:20260303T080000Z/20260303T093000Z,20260304T080000Z/PT30M",
            "FREEBUSY;FBTYPE=FREE:20260305T080000Z/PT1H",
            "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260306T080000Z/PT8H",
            "FREEBUSY;FBTYPE=X-ODD:20260307T080000Z/PT8H",
            "FREEBUSY:20250303T080000Z/20250303T093000Z",
            "END:VFREEBUSY",
        ]
    )
    found = read(component)
    assert [(times(one), one.show_as) for one in found.bookings] == [
        ("03-02T08:00/09:00", ShowAs.TENTATIVE),
        ("03-03T08:00/09:30", ShowAs.BUSY),
        ("03-04T08:00/08:30", ShowAs.BUSY),
        ("03-06T08:00/16:00", ShowAs.OOF),
        ("03-07T08:00/16:00", ShowAs.BUSY),
    ]
    assert all(one.busy_only for one in found.bookings)


def test_everything_travels_between_processes() -> None:
    found = read(event(*AT), event("DTSTART:x", uid="bad"))
    assert pickle.loads(pickle.dumps(found)) == found


def test_bookings_are_ordered_and_the_same_every_time() -> None:
    components = [event(*AT, uid=str(number)) for number in range(20)]
    found = read(*components)
    assert found == read(*reversed(components))


def test_an_unknown_word_in_place_of_a_calendar_zone_is_ignored() -> None:
    assert times(only(event("DTSTART:20260302T100000", "DURATION:PT1H"), x_wr_timezone="?")) == (
        "03-02T09:00/10:00"
    )


@pytest.mark.skipif(FIXTURES is None, reason="the public calendar files are not on this machine")
def test_every_public_calendar_file_is_read_without_a_crash() -> None:
    assert FIXTURES is not None
    files = sorted(FIXTURES.glob("ics-*/**/*.ics"))
    assert len(files) > 200
    bookings = refused = 0
    for file in files:
        body = file.read_bytes()
        if b"BEGIN:VCALENDAR" not in body.upper():  # bare components: put into a calendar
            body = b"BEGIN:VCALENDAR\r\n" + body + b"\r\nEND:VCALENDAR\r\n"
        try:
            found = expand(body, Owner("Europe/Stockholm"), Interval(0, utc("2030-01-01T00:00")))
        except KalendsError:
            refused += 1
        else:
            bookings += len(found.bookings)
            assert all(one.start < one.end for one in found.bookings), file.name
    assert bookings > 1000
    assert refused < len(files) // 20
