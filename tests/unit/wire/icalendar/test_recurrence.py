"""Series: overrides, exceptions, ends, bombs. Expected dates are worked out by hand."""

import time

import pytest

from kalends.model.times import Interval
from tests.unit.wire.icalendar.samples import MARCH, event, only, read, starts, times, utc

NINE = ("DTSTART;TZID=Europe/Stockholm:20260302T090000", "DURATION:PT1H")  # 08:00 UTC, a Monday
HOUR = "DURATION:PT1H"


def rule(text: str, *lines: str) -> list[str]:
    return [found[:5] for found in starts(read(event(*NINE, f"RRULE:{text}", *lines)))]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("FREQ=DAILY;COUNT=3", "03-02 03-03 03-04"),
        ("FREQ=DAILY;INTERVAL=10", "03-02 03-12 03-22"),
        ("FREQ=WEEKLY;BYDAY=MO,FR;COUNT=4", "03-02 03-06 03-09 03-13"),
        ("FREQ=MONTHLY;BYDAY=1MO", "03-02"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "03-02 03-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "03-02 03-31"),
        ("FREQ=YEARLY;BYWEEKNO=11", "03-02 03-09"),
        ("FREQ=DAILY;COUNT=2;X-OWN=1", "03-02 03-03"),
        ("freq=daily;count=2", "03-02 03-03"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=2", "03-02 03-03"),
        ("RSCALE=GREGORIAN;FREQ=DAILY;COUNT=2;SKIP=OMIT", "03-02 03-03"),
    ],
)
def test_rules(text: str, days: str) -> None:
    assert rule(text) == days.split()


def test_the_week_start_decides_which_weeks_count() -> None:
    # RFC 5545 section 3.3.10's own example, moved to March 2026: Tuesdays and Sundays.
    lines = ("DTSTART;TZID=Europe/Stockholm:20260303T090000", HOUR)
    monday = read(event(*lines, "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO"))
    sunday = read(event(*lines, "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU"))
    assert [found[:5] for found in starts(monday)] == ["03-03", "03-08", "03-17", "03-22"]
    assert [found[:5] for found in starts(sunday)] == ["03-03", "03-15", "03-17", "03-29"]


def test_the_31st_skips_short_months_and_leap_days_skip_years() -> None:
    year = Interval(utc("2026-01-01T00:00"), utc("2027-01-01T00:00"))
    last = event("DTSTART:20260131T090000Z", HOUR, "RRULE:FREQ=MONTHLY")
    assert [found[:2] for found in starts(read(last, window=year))] == [
        "01",
        "03",
        "05",
        "07",
        "08",
        "10",
        "12",
    ]
    leap = event("DTSTART:20240229T090000Z", HOUR, "RRULE:FREQ=YEARLY")
    assert read(leap, window=year).bookings == ()
    four = Interval(utc("2028-01-01T00:00"), utc("2029-01-01T00:00"))
    assert starts(read(leap, window=four)) == ["02-29T09:00"]


def test_the_start_is_the_first_occurrence_and_counted_also_where_it_does_not_match() -> None:
    # Monday the 2nd does not match Fridays; COUNT=3 leaves two Fridays.
    assert rule("FREQ=WEEKLY;BYDAY=FR;COUNT=3") == ["03-02", "03-06", "03-13"]
    assert rule("FREQ=WEEKLY;BYDAY=FR;COUNT=1") == ["03-02"]


def test_excluded_occurrences_are_counted() -> None:
    exdate = "EXDATE;TZID=Europe/Stockholm:20260303T090000"
    assert rule("FREQ=DAILY;COUNT=3", exdate) == ["03-02", "03-04"]


@pytest.mark.parametrize(
    "until",
    [
        "20260304T080000Z",  # exactly the third occurrence: inclusive
        "20260304T090000",  # local although the start has a zone
        "20260304",  # a date: the whole day
        "20260304T235959Z",
    ],
)
def test_until_is_inclusive_in_every_form(until: str) -> None:
    assert rule(f"FREQ=DAILY;UNTIL={until}") == ["03-02", "03-03", "03-04"]


def test_until_one_second_early_leaves_the_last_out() -> None:
    assert rule("FREQ=DAILY;UNTIL=20260304T075959Z") == ["03-02", "03-03"]


@pytest.mark.parametrize("until", ["20260304", "20260303T230000Z", "20260304T000000Z"])
def test_until_of_an_all_day_series(until: str) -> None:
    found = read(event("DTSTART;VALUE=DATE:20260302", f"RRULE:FREQ=DAILY;UNTIL={until}"))
    assert [str(booking.first_day) for booking in found.bookings] == [
        "2026-03-02", "2026-03-03", "2026-03-04"
    ]  # fmt: skip


def test_until_before_the_start_is_a_series_cut_to_nothing() -> None:
    assert rule("FREQ=DAILY;UNTIL=20260101T000000Z") == []


def test_until_without_a_value_has_no_end() -> None:
    assert len(rule("FREQ=DAILY;UNTIL=")) == 30


def test_a_negative_count_has_no_end() -> None:
    assert len(rule("FREQ=DAILY;COUNT=-1")) == 30


@pytest.mark.parametrize(
    "exdate",
    [
        "EXDATE;TZID=Europe/Stockholm:20260303T090000,20260304T090000",
        "EXDATE:20260303T080000Z,20260304T080000Z",
        "EXDATE;TZID=America/New_York:20260303T030000,20260304T030000",
        "EXDATE;VALUE=DATE:20260303,20260304",
        "EXDATE:20260303T090000\r\nEXDATE:20260304T090000",
        "EXDATE:20260303T080000Z\r\nEXDATE:20260304T080000Z\r\nEXDATE:20260317T113000Z",
        "EXDATE:20260303T080000Z\r\nEXDATE:20260304T080000Z\r\nEXDATE:nonsense",
    ],
)
def test_exceptions_are_understood_in_every_form(exdate: str) -> None:
    assert rule("FREQ=DAILY;COUNT=4", exdate) == ["03-02", "03-05"]


def test_an_exception_hits_one_hour_not_its_neighbour_two_hours_on() -> None:
    # 10:00 in Stockholm is 09:00 UTC: the one at 09:00 local must stay.
    found = rule_times("FREQ=DAILY;BYHOUR=9,10,11;COUNT=3", "EXDATE:20260302T090000Z")
    assert found == ["03-02T08:00", "03-02T10:00"]


def rule_times(text: str, *lines: str) -> list[str]:
    return starts(read(event(*NINE, f"RRULE:{text}", *lines)))


def test_a_time_as_exception_of_an_all_day_series_names_its_day() -> None:
    lines = ("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=3")
    exdates = "EXDATE:20260302T230000Z"  # midnight of the 3rd in Stockholm
    found = read(event(*lines, exdates))
    assert [booking.first_day.day for booking in found.bookings if booking.first_day] == [2, 4]


def test_old_exception_rules_are_still_obeyed() -> None:
    assert rule("FREQ=DAILY;COUNT=5", "EXRULE:FREQ=DAILY;INTERVAL=2") == ["03-03", "03-05"]


def test_extra_dates_are_added_once_and_bring_their_own_length() -> None:
    found = read(
        event(
            *NINE,
            "RRULE:FREQ=DAILY;COUNT=2",
            "RDATE;TZID=Europe/Stockholm:20260303T090000,20260310T100000",
            "RDATE;VALUE=PERIOD:20260311T120000Z/PT3H,20260312T120000Z/20260312T123000Z",
        )
    )
    assert [times(booking) for booking in found.bookings] == [
        "03-02T08:00/09:00",
        "03-03T08:00/09:00",
        "03-10T09:00/10:00",
        "03-11T12:00/15:00",
        "03-12T12:00/12:30",
    ]


def test_several_rules_are_united() -> None:
    assert rule("FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2") == ["03-02", "03-03", "03-09"]


# --- overrides ------------------------------------------------------------------------------------
SERIES = event(*NINE, "RRULE:FREQ=DAILY;COUNT=3", summary="Stand-up")


@pytest.mark.parametrize(
    "original",
    [
        "RECURRENCE-ID;TZID=Europe/Stockholm:20260303T090000",
        "RECURRENCE-ID:20260303T080000Z",
        "RECURRENCE-ID:20260303T090000",
        "RECURRENCE-ID;VALUE=DATE:20260303",
        "RECURRENCE-ID;TZID=Asia/Tokyo:20260303T170000",
    ],
)
def test_an_override_replaces_its_occurrence_in_whatever_form_it_names_it(original: str) -> None:
    moved = event(original, "DTSTART:20260303T140000Z", "DTEND:20260303T143000Z", summary="Moved")
    found = read(SERIES, moved)
    assert [times(booking) for booking in found.bookings] == [
        "03-02T08:00/09:00", "03-03T14:00/14:30", "03-04T08:00/09:00"
    ]  # fmt: skip
    assert [booking.subject for booking in found.bookings] == ["Stand-up", "Moved", "Stand-up"]
    assert found.bookings[1].uid == "one/20260303T080000Z"


def test_an_occurrence_keeps_its_identity_when_it_is_moved() -> None:
    before = {booking.uid for booking in read(SERIES).bookings}
    moved = event("RECURRENCE-ID:20260303T080000Z", "DTSTART:20260320T140000Z", HOUR)
    assert {booking.uid for booking in read(SERIES, moved).bookings} == before


def test_a_cancelled_override_cancels_its_occurrence_only() -> None:
    gone = event(
        "RECURRENCE-ID:20260303T080000Z", "DTSTART:20260303T080000Z", HOUR, status="CANCELLED"
    )
    assert [booking.cancelled for booking in read(SERIES, gone).bookings] == [False, True, False]


def test_a_cancelled_series_cancels_its_overrides() -> None:
    master = event(*NINE, "RRULE:FREQ=DAILY;COUNT=2", "STATUS:CANCELLED")
    moved = event("RECURRENCE-ID:20260303T080000Z", "DTSTART:20260303T100000Z", HOUR)
    assert all(booking.cancelled for booking in read(master, moved).bookings)


def test_an_occurrence_moved_into_the_window_from_outside_is_seen() -> None:
    old = event("DTSTART:20260101T080000Z", HOUR, "RRULE:FREQ=DAILY;COUNT=5")
    moved = event("RECURRENCE-ID:20260102T080000Z", "DTSTART:20260310T120000Z", HOUR)
    assert starts(read(old, moved)) == ["03-10T12:00"]


def test_an_occurrence_moved_out_of_the_window_is_gone() -> None:
    moved = event("RECURRENCE-ID:20260303T080000Z", "DTSTART:20260503T080000Z", HOUR)
    assert [found[:5] for found in starts(read(SERIES, moved))] == ["03-02", "03-04"]


def test_who_is_invited_to_single_occurrences_sees_those() -> None:
    one = event("RECURRENCE-ID:20260303T080000Z", "DTSTART:20260303T090000Z", HOUR)
    two = event("RECURRENCE-ID:20260310T080000Z", "DTSTART:20260310T080000Z", HOUR)
    found = read(one, two)
    assert starts(found) == ["03-03T09:00", "03-10T08:00"]
    assert all(booking.recurring for booking in found.bookings)


def test_this_and_future_moves_what_follows() -> None:
    later = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T080000Z",
        "DTSTART:20260303T100000Z",
        "DURATION:PT2H",
        summary="Later",
    )
    found = read(event(*NINE, "RRULE:FREQ=DAILY;COUNT=4"), later)
    assert [times(booking) for booking in found.bookings] == [
        "03-02T08:00/09:00", "03-03T10:00/12:00", "03-04T10:00/12:00", "03-05T10:00/12:00"
    ]  # fmt: skip
    assert len({booking.uid for booking in found.bookings}) == 4


def test_of_two_versions_the_higher_sequence_then_the_later_stamp_counts() -> None:
    old = event(*NINE, summary="Old", sequence="1", dtstamp="20260301T000000Z")
    new = event(*NINE, summary="New", sequence="2", dtstamp="20260101T000000Z")
    newer = event(*NINE, summary="Newer", sequence="2", dtstamp="20260201T000000Z")
    assert only(newer, old, new).subject == "Newer"


def test_events_without_a_uid_are_told_apart() -> None:
    plain = "BEGIN:VEVENT\r\nDTSTART:202603{}T080000Z\r\nDURATION:PT1H\r\nEND:VEVENT"
    found = read(plain.format("02"), plain.format("03"))
    assert len({booking.uid for booking in found.bookings}) == 2
    assert found == read(plain.format("02"), plain.format("03"))


# --- length and clocks ----------------------------------------------------------------------------
def test_night_shifts_last_their_hours_when_clocks_change() -> None:
    # 22:00–06:00 in Stockholm; the night to 29 March has an hour less on the wall clock.
    lines = (
        "DTSTART;TZID=Europe/Stockholm:20260327T220000",
        "DTEND;TZID=Europe/Stockholm:20260328T060000",
        "RRULE:FREQ=DAILY;COUNT=2",
    )
    assert [times(booking) for booking in read(event(*lines)).bookings] == [
        "03-27T21:00/03-28T05:00", "03-28T21:00/03-29T05:00"
    ]  # fmt: skip


def test_an_occurrence_that_began_before_the_window_is_seen() -> None:
    lines = ("DTSTART:20260101T000000Z", "DURATION:P10D", "RRULE:FREQ=MONTHLY")
    window = Interval(utc("2026-03-09T00:00"), utc("2026-03-20T00:00"))
    assert starts(read(event(*lines), window=window)) == ["03-01T00:00"]


# --- old, long and hostile ------------------------------------------------------------------------
def test_a_daily_series_from_1970_costs_no_more_than_a_new_one() -> None:
    lines = ("DTSTART;TZID=Europe/Stockholm:19700101T090000", HOUR, "RRULE:FREQ=DAILY;INTERVAL=2")
    spent = []
    for _ in range(3):  # the quickest counts, as below
        begun = time.process_time()
        found = read(event(*lines))
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.1
    # 1 January 1970 to 1 March 2026 are 20513 days, an odd number: even days of March.
    assert [day[3:5] for day in starts(found)][:3] == ["02", "04", "06"]


@pytest.mark.parametrize(
    "bomb",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;COUNT=10",
        "FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50;BYSECOND=0,1,2,3,4,5,6,7,8,9",
        "FREQ=DAILY;COUNT=100000000",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE="
        + ",".join(map(str, range(60))) + ";BYSECOND=" + ",".join(map(str, range(60))),
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 5000),
        "FREQ=FORTNIGHTLY",
        "COUNT=3",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=DAILY;COUNT=many",
        "RSCALE=CHINESE;FREQ=YEARLY",
    ],
)  # fmt: skip
def test_a_bomb_costs_its_own_booking_and_little_time(bomb: str) -> None:
    spent = []
    for _ in range(3):  # the quickest counts: what else runs on the machine is not the reader's
        begun = time.process_time()
        found = read(event(*NINE, f"RRULE:{bomb}", uid="bomb"), event(*NINE, uid="good"))
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.6
    assert [broken.uid for broken in found.broken] == ["bomb"]
    assert [booking.uid for booking in found.bookings] == ["good"]


def test_a_flood_of_dates_is_refused() -> None:
    dates = ",".join(
        f"2026{1 + n // 60 % 12:02}{1 + n % 28:02}T{n % 24:02}{n % 60:02}00" for n in range(4000)
    )
    found = read(event(*NINE, f"RDATE:{dates}"))
    assert [broken.reason for broken in found.broken] == ["more than 3000 RDATE"]


def test_many_bombs_end_too() -> None:
    bombs = [
        event(*NINE, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", uid=str(n)) for n in range(30)
    ]
    begun = time.process_time()
    found = read(*bombs)
    assert len(found.broken) == 30
    assert time.process_time() - begun < 2.5


def test_everything_in_a_window_before_the_series_begins_is_nothing() -> None:
    window = Interval(utc("2020-01-01T00:00"), utc("2020-02-01T00:00"))
    assert read(event(*NINE, "RRULE:FREQ=DAILY"), window=window).bookings == ()
    assert MARCH.start < MARCH.end
