"""Cutting what is over out of an uploaded calendar."""

from __future__ import annotations

from kalends.engine.uploads import without_finished

NOW = 1_772_452_800  # 2 March 2026, 12:00 UTC


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


def test_a_finished_event_is_cut_out_and_the_rest_stands_byte_for_byte() -> None:
    over = "UID:1\r\nSUMMARY:canary\r\nDTSTART:20260302T100000Z\r\nDTEND:20260302T110000Z"
    ahead = "UID:2\r\nDTSTART:20260302T113000Z\r\nDTEND:20260302T130000Z"
    assert without_finished(calendar(over, ahead), NOW) == calendar(ahead)


def test_a_series_stays_whatever_its_first_occurrence() -> None:
    series = "UID:1\r\nDTSTART:20250302T100000Z\r\nDTEND:20250302T110000Z\r\nRRULE:FREQ=WEEKLY"
    assert without_finished(calendar(series), NOW) == calendar(series)


def test_local_times_count_in_their_zone() -> None:
    event = (
        "UID:1\r\nDTSTART;TZID=America/New_York:20260302T060000\r\n"
        "DTEND;TZID=America/New_York:20260302T0{}0000"
    )
    assert without_finished(calendar(event.format(8)), NOW) == calendar(event.format(8))
    assert without_finished(calendar(event.format(7)), NOW) == calendar()


def test_an_event_in_a_zone_of_the_files_own_is_kept_to_be_sure() -> None:
    event = "UID:1\r\nDTSTART;TZID=Mine:20260302T060000\r\nDTEND;TZID=Mine:20260302T070000"
    assert without_finished(calendar(event), NOW) == calendar(event)
    assert without_finished(calendar(event), NOW + 12 * 3600) == calendar()


def test_an_all_day_event_lasts_its_day_everywhere() -> None:
    event = "UID:1\r\nDTSTART;VALUE=DATE:20260301"
    assert without_finished(calendar(event), NOW - 3600) == calendar(event)
    assert without_finished(calendar(event), NOW + 3600) == calendar()


def test_folded_lines_are_read_whole() -> None:
    event = "UID:1\r\nDTSTART:20260302T100000Z\r\nDTEND:2026030\r\n 2T110000Z"
    assert without_finished(calendar(event), NOW) == calendar()
