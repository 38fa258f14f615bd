"""When an event is: zones, days, floating times, lengths, clocks that change."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from kalends.model.times import Interval
from tests.unit.wire.icalendar.samples import STOCKHOLM, event, only, read, starts, times, utc

CUSTOM = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:{year}1025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:-0300
TZOFFSETTO:-0400
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:{year}0308T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0400
TZOFFSETTO:-0300
END:DAYLIGHT
END:VTIMEZONE"""


def at(tzid: str) -> tuple[str, str]:
    return f"DTSTART;TZID={tzid}:20260316T100000", f"DTEND;TZID={tzid}:20260316T110000"


@pytest.mark.parametrize(
    ("tzid", "expected"),
    [
        ("Europe/Berlin", "03-16T09:00/10:00"),
        ("europe/berlin", "03-16T09:00/10:00"),
        ("W. Europe Standard Time", "03-16T09:00/10:00"),
        ('"W. Europe Standard Time"', "03-16T09:00/10:00"),
        ("Eastern Standard Time", "03-16T14:00/15:00"),
        ("/mozilla.org/20050126_1/Europe/London", "03-16T10:00/11:00"),
        ("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Ushuaia", "03-16T13:00/14:00"),
        ('"(UTC+01:00) Amsterdam, Berlin, Bern, Rome"', "03-16T09:00/10:00"),
        ('"(UTC-05:00) Bogota, Lima, Quito"', "03-16T15:00/16:00"),
        ("tzone://Microsoft/Utc", "03-16T10:00/11:00"),
        ("Etc/GMT-3", "03-16T07:00/08:00"),
        ("Nowhere/At All", "03-16T09:00/10:00"),  # the owner's zone is nearest the truth
    ],
)
def test_a_tzid_is_understood(tzid: str, expected: str) -> None:
    assert times(only(event(*at(tzid)))) == expected


@pytest.mark.parametrize("year", ["2007", "1970", "1601", "0001"])
def test_a_zone_of_ones_own_is_made_of_its_vtimezone(year: str) -> None:
    zone = CUSTOM.format(name="Customized Time Zone", year=year)
    found = only(zone, event(*at("Customized Time Zone")))
    assert times(found) == "03-16T13:00/14:00"  # daylight saving began on 8 March: UTC-3


def test_a_vtimezone_may_stand_behind_the_events() -> None:
    zone = CUSTOM.format(name="Custom", year="1970")
    assert times(only(event(*at("Custom")), zone)) == "03-16T13:00/14:00"


def test_a_known_name_wins_over_a_stale_vtimezone() -> None:
    zone = CUSTOM.format(name="Europe/Stockholm", year="1970")
    assert times(only(zone, event(*at("Europe/Stockholm")))) == "03-16T09:00/10:00"


def test_a_zone_with_seconds_in_its_offset() -> None:
    zone = "\r\n".join(
        ["BEGIN:VTIMEZONE", "TZID:Old Amsterdam", "BEGIN:STANDARD", "DTSTART:18920501T000000",
         "TZOFFSETFROM:+001932", "TZOFFSETTO:+011932", "END:STANDARD", "END:VTIMEZONE"]
    )  # fmt: skip
    assert only(zone, event(*at("Old Amsterdam"))).start == utc("2026-03-16T08:40:28")


def test_a_bomb_in_a_vtimezone_is_no_zone() -> None:
    zone = CUSTOM.format(name="Bomb", year="1970").replace("FREQ=YEARLY", "FREQ=SECONDLY")
    assert times(only(zone, event(*at("Bomb")))) == "03-16T09:00/10:00"


def test_one_calendars_zone_is_not_anothers() -> None:
    only(CUSTOM.format(name="Private", year="1970"), event(*at("Private")))
    assert times(only(event(*at("Private")))) == "03-16T09:00/10:00"


# --- days -----------------------------------------------------------------------------------------
def test_an_all_day_event_is_a_day_of_the_owners_zone() -> None:
    booking = only(event("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260304"))
    assert (booking.first_day, booking.after_day) == (date(2026, 3, 2), date(2026, 3, 4))
    assert times(booking) == "03-01T23:00/03-03T23:00"
    assert booking.all_day
    assert booking.interval(ZoneInfo("America/New_York")).start == utc("2026-03-02T05:00")


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART;VALUE=DATE:20260302",),
        ("DTSTART:20260302",),
        ("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260302"),
        ("DTSTART;VALUE=DATE:20260302", "DURATION:P1D"),
        ("DTSTART;VALUE=DATE:20260302", "DURATION:PT24H"),
        ("DTSTART;VALUE=DATE:20260302", "DTEND:20260302T180000"),
        (
            "DTSTART;TZID=Europe/Stockholm:20260302T000000",
            "DTEND;TZID=Europe/Stockholm:20260303T000000",
            "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        ),
        ("DTSTART:20260301T230000Z", "DTEND:20260302T230000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"),
    ],
)
def test_one_day_is_written_in_many_ways(lines: tuple[str, ...]) -> None:
    booking = only(event(*lines))
    assert (booking.first_day, booking.after_day) == (date(2026, 3, 2), date(2026, 3, 3))


def test_a_flag_without_midnights_makes_no_day() -> None:
    lines = ("DTSTART:20260302T120000Z", "DTEND:20260302T130000Z")
    assert not only(event(*lines, "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE")).all_day


def test_a_day_that_overlaps_the_window_by_an_hour_is_returned_whole() -> None:
    window = Interval(utc("2026-03-02T22:30"), utc("2026-03-02T22:45"))
    assert times(only(event("DTSTART;VALUE=DATE:20260302"), window=window)) == (
        "03-01T23:00/03-02T23:00"
    )


# --- floating and lengths -------------------------------------------------------------------------
def test_a_floating_time_is_the_owners() -> None:
    assert times(only(event("DTSTART:20260302T100000", "DURATION:PT1H"))) == "03-02T09:00/10:00"


def test_a_floating_time_is_the_calendars_where_it_tells_one() -> None:
    lines = ("DTSTART:20260302T100000", "DURATION:PT1H")
    assert times(only(event(*lines), x_wr_timezone="America/New_York")) == "03-02T15:00/16:00"
    owner = STOCKHOLM._replace(floating="Asia/Tokyo")
    assert times(only(event(*lines), owner=owner)) == "03-02T01:00/02:00"


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("PT90M", "03-02T12:00/13:30"),
        ("P1DT", "03-02T12:00/03-03T12:00"),
        ("P1W", "03-02T12:00/03-09T12:00"),
        ("PT24H", "03-02T12:00/03-03T12:00"),
        ("+PT15M", "03-02T12:00/12:15"),
    ],
)
def test_durations(length: str, expected: str) -> None:
    assert times(only(event("DTSTART:20260302T120000Z", f"DURATION:{length}"))) == expected


def test_what_has_no_length_takes_no_time() -> None:
    assert read(event("DTSTART:20260302T120000Z")).bookings == ()


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20260302T120000Z", "DTEND:20260302T110000Z"),
        ("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260227"),
        ("DTSTART:20260302T120000Z", "DURATION:-PT15M"),
        ("DTSTART:20260302T120000Z", "DURATION:one hour"),
        ("DTSTART:20261302T120000Z", "DURATION:PT1H"),
        ("DTSTART:tomorrow", "DURATION:PT1H"),
        ("DTEND:20260302T110000Z",),
        ("DTSTART:20260302T120000Z", "DURATION:P999999999999999W"),
    ],
)
def test_a_broken_event_is_skipped_and_counted_and_the_rest_lives(lines: tuple[str, ...]) -> None:
    found = read(event(*lines, uid="bad"), event("DTSTART:20260305T120000Z", "DURATION:PT1H"))
    assert [broken.uid for broken in found.broken] == ["bad"]
    assert [times(booking) for booking in found.bookings] == ["03-05T12:00/13:00"]


def test_a_reason_never_quotes_the_calendar() -> None:
    found = read(
        event("DTSTART:secret words", "DURATION:PT1H"), event("DTSTART:2026secret99", uid="b")
    )
    assert len(found.broken) == 2
    assert not any("secret" in broken.reason for broken in found.broken)


def test_the_sixtieth_second_is_the_fifty_ninth() -> None:
    assert only(event("DTSTART:20260302T120060Z", "DURATION:PT1H")).start == utc(
        "2026-03-02T12:00:59"
    )


# --- clocks that change: Stockholm goes from 02:00 to 03:00 on 29 March 2026 ----------------------
def test_a_time_in_the_gap_uses_the_offset_before() -> None:
    lines = ("DTSTART;TZID=Europe/Stockholm:20260329T023000", "DURATION:PT1H")
    assert times(only(event(*lines))) == "03-29T01:30/02:30"


def test_a_time_that_comes_twice_is_the_first() -> None:
    lines = ("DTSTART;TZID=Europe/Stockholm:20261025T023000", "DURATION:PT30M")
    window = Interval(utc("2026-10-24T00:00"), utc("2026-10-26T00:00"))
    assert times(only(event(*lines), window=window)) == "10-25T00:30/01:00"


def test_days_follow_the_wall_clock_and_hours_do_not() -> None:
    start = "DTSTART;TZID=Europe/Stockholm:20260328T120000"
    assert times(only(event(start, "DURATION:P1D"))) == "03-28T11:00/03-29T10:00"
    assert times(only(event(start, "DURATION:PT24H"))) == "03-28T11:00/03-29T11:00"
    end = "DTEND;TZID=Europe/Stockholm:20260329T120000"
    assert times(only(event(start, end))) == "03-28T11:00/03-29T10:00"


def test_a_weekly_meeting_stays_at_its_wall_time_when_clocks_change() -> None:
    lines = ("DTSTART;TZID=Europe/Stockholm:20260112T090000", "DURATION:PT1H")
    found = read(event(*lines, "RRULE:FREQ=WEEKLY"))
    assert starts(found) == [
        "03-02T08:00", "03-09T08:00", "03-16T08:00", "03-23T08:00", "03-30T07:00"
    ]  # fmt: skip


def test_googles_utc_series_repeats_at_the_feeds_wall_time() -> None:
    lines = ("DTSTART:20260112T080000Z", "DTEND:20260112T090000Z", "RRULE:FREQ=WEEKLY")
    found = read(event(*lines), x_wr_timezone="Europe/Stockholm")
    assert starts(found)[-2:] == ["03-23T08:00", "03-30T07:00"]
    assert starts(read(event(*lines)))[-1] == "03-30T08:00"


def test_an_end_in_another_zone_is_a_flight() -> None:
    lines = (
        "DTSTART;TZID=Europe/Stockholm:20260302T100000",
        "DTEND;TZID=America/New_York:20260302T120000",
    )
    assert times(only(event(*lines))) == "03-02T09:00/17:00"
