"""Cutting what is over out of an uploaded calendar."""

from __future__ import annotations

import pytest

from kalends.engine.trimming import trimmed

NOW = 1_772_452_800  # 2 March 2026, 12:00 UTC
DAY = 86_400
WEEK = 7 * DAY
NEVER = float("inf")


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


def left(now: int, *events: str) -> list[int]:
    """Return which events are left, by their place."""
    body = (trimmed(calendar(*events), now)).body
    return [n for n, event in enumerate(events) if event.encode() in body]


def test_a_finished_event_is_cut_out_and_the_rest_stands_byte_for_byte() -> None:
    over = "UID:1\r\nSUMMARY:canary\r\nDTSTART:20260302T100000Z\r\nDTEND:20260302T110000Z"
    ahead = "UID:2\r\nDTSTART:20260302T113000Z\r\nDTEND:20260302T130000Z"
    found = trimmed(calendar(over, ahead), NOW)
    assert found.body == calendar(ahead)
    assert found.next == NOW + 3600  # nothing need be looked at before


def test_local_times_count_in_their_zone() -> None:
    event = (
        "UID:1\r\nDTSTART;TZID=America/New_York:20260302T060000\r\n"
        "DTEND;TZID=America/New_York:20260302T0{}0000"
    )
    assert left(NOW, event.format(8)) == [0]
    assert left(NOW, event.format(7)) == []


def test_an_event_in_a_zone_of_the_files_own_is_kept_to_be_sure() -> None:
    event = "UID:1\r\nDTSTART;TZID=Mine:20260302T060000\r\nDTEND;TZID=Mine:20260302T070000"
    assert left(NOW, event) == [0]
    assert left(NOW + 12 * 3600, event) == []


@pytest.mark.parametrize(
    "zone", ['"(UTC+01:00) Mine"', "tzone://Microsoft/Custom", '"Mine', "Europe"]
)
def test_whatever_a_zone_is_called_its_event_is_over_one_day(zone: str) -> None:
    event = f"UID:1\r\nDTSTART;TZID={zone}:20260302T060000\r\nDTEND;TZID={zone}:20260302T070000"
    assert left(NOW, event) == [0]
    assert left(NOW + 12 * 3600, event) == []


def test_a_date_within_a_parameter_is_none_of_the_events() -> None:
    event = 'UID:1\r\nDTSTART;X-WAS="a:20200101";TZID=UTC:20260302T113000'
    assert left(NOW - 3600, event) == [0]
    assert left(NOW, event) == []


def test_an_all_day_event_lasts_its_day_everywhere() -> None:
    event = "UID:1\r\nDTSTART;VALUE=DATE:20260301"
    assert left(NOW - 3600, event) == [0]
    assert left(NOW + 3600, event) == []


def test_folded_lines_are_read_whole() -> None:
    event = "UID:1\r\nDTSTART:20260302T100000Z\r\nDTEND:2026030\r\n 2T110000Z"
    assert left(NOW, event) == []


def test_an_event_that_tells_its_length_is_over_behind_it() -> None:
    event = "UID:1\r\nDTSTART:20260302T100000Z\r\nDURATION:PT{}H"
    assert left(NOW, event.format(3)) == [0]
    assert left(NOW, event.format(2)) == []


SERIES = "UID:1\r\nDTSTART:20250302T100000Z\r\nDTEND:20250302T110000Z\r\nRRULE:"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;UNTIL=20260302T100000Z",
        "FREQ=WEEKLY;UNTIL=20260302",
        "FREQ=WEEKLY;COUNT=53",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=30;BYDAY=SU,MO",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3",
        "FREQ=DAILY;BYDAY=SU;COUNT=5",
        "COUNT=1",
        "FREQ=WEEKLY;COUNT=x",
        f"FREQ=DAILY;COUNT={'9' * 400}",
    ],
)
def test_a_series_stays_while_it_may_have_occurrences_ahead(rule: str) -> None:
    assert left(NOW, SERIES + rule) == [0]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;UNTIL=20260220T100000Z",
        "FREQ=YEARLY;BYMONTH=3;UNTIL=20260227",
        "FREQ=WEEKLY;COUNT=50",
        "FREQ=DAILY;COUNT=300",
        "freq=weekly;interval=2;count=20;byday=su",
    ],
)
def test_a_series_that_has_ended_is_cut_out_like_anything(rule: str) -> None:
    assert left(NOW, SERIES + rule) == []


def test_extra_dates_keep_a_series() -> None:
    ended = SERIES + "FREQ=WEEKLY;UNTIL=20260220T100000Z\r\nRDATE:20260401T100000Z"
    assert left(NOW, ended) == [0]


def test_a_moved_occurrence_stays_until_the_one_it_stands_for_is_over_too() -> None:
    weekly = SERIES + "FREQ=WEEKLY"
    earlier = (
        "UID:1\r\nSUMMARY:canary\r\nRECURRENCE-ID:20260308T100000Z\r\n"
        "DTSTART:20260302T080000Z\r\nDTEND:20260302T090000Z"
    )
    assert left(NOW, weekly, earlier) == [0, 1]
    assert left(NOW + WEEK + DAY, weekly, earlier) == [0]


def test_a_change_of_all_that_follows_stays_with_its_series() -> None:
    changed = (
        "UID:1\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20250401T100000Z\r\n"
        "DTSTART:20250401T120000Z\r\nDTEND:20250401T130000Z"
    )
    assert left(NOW, SERIES + "FREQ=WEEKLY", changed) == [0, 1]


@pytest.mark.parametrize("date", ["20260230T100000Z", "20261399", "00000000T000000Z"])
def test_a_date_that_is_none_is_kept_and_hurts_nobody(date: str) -> None:
    over = "UID:2\r\nDTSTART:20260302T100000Z\r\nDTEND:20260302T110000Z"
    found = trimmed(calendar(f"UID:1\r\nDTSTART:{date}", over), NOW)
    assert found.body == calendar(f"UID:1\r\nDTSTART:{date}")
    assert found.next == NEVER


def test_an_event_that_does_not_end_is_none() -> None:
    body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101\r\nEND:VCALENDAR\r\n"
    assert trimmed(body, NOW).body == body
