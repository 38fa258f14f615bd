"""Calendar bytes to bookings: a thousand calendars, and plain recurring-ical-events beside us.

The peer parses with icalendar and expands the same feed for the same window; both must find the
same occurrences. Run alone with ``python -m benchmarks.icalendar``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import recurring_ical_events

import icalendar
from benchmarks.figure import Figure
from kalends.model.times import Interval
from kalends.wire.icalendar.expand import Owner, expand, expand_objects

START: Final = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW: Final = Interval(int(START.timestamp()), int(START.timestamp()) + 35 * 86_400)
OWNER: Final = Owner("Europe/Stockholm", ("anna@acme.example",))
_EVENT: Final = """BEGIN:VEVENT\r
UID:{number}@bench.example\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/Stockholm:202603{day:02}T{hour:02}0000\r
DTEND;TZID=Europe/Stockholm:202603{day:02}T{hour:02}4500\r
SUMMARY:Planning of week {number}\\, room {day}\r
DESCRIPTION:Agenda follows. Please bring the figures of last month\\, and your\r
  ideas for the next one.\r
ORGANIZER;CN=Bo:mailto:bo@acme.example\r
ATTENDEE;CN=Anna;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:anna@acme.example\r
ATTENDEE;CN=Carl;PARTSTAT=NEEDS-ACTION;ROLE=OPT-PARTICIPANT:mailto:carl@acme.example\r
{rule}BEGIN:VALARM\r
ACTION:DISPLAY\r
TRIGGER:-PT15M\r
END:VALARM\r
END:VEVENT\r
"""


def event(number: int) -> str:
    """Return one appointment; every fifth repeats weekly."""
    rule = "RRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\n" if number % 5 == 0 else ""
    return _EVENT.format(number=number, day=2 + number % 28, hour=7 + number % 10, rule=rule)


def calendar(*events: str) -> bytes:
    """Return a calendar."""
    lines = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n", *events)
    return "".join((*lines, "END:VCALENDAR\r\n")).encode()


def _seconds(action: Callable[[], int], times: int = 3) -> tuple[float, int]:
    best, found = float("inf"), 0
    for _ in range(times):
        begun = time.process_time()
        found = action()
        best = min(best, time.process_time() - begun)
    return best, found


def figures() -> list[Figure]:
    """Measure on this machine."""
    feed = calendar(*(event(number) for number in range(1000)))
    ours, found = _seconds(lambda: len(expand(feed, OWNER, WINDOW).bookings))
    last = datetime.fromtimestamp(WINDOW.end, UTC)

    def peer() -> int:
        parsed = icalendar.Calendar.from_ical(feed)
        return len(recurring_ical_events.of(parsed).between(START, last))

    theirs, also = _seconds(peer)
    assert found == also, (found, also)
    objects = [(str(number), calendar(event(number))) for number in range(30)]
    one, _ = _seconds(lambda: len(expand_objects(objects, OWNER, WINDOW).bookings), 20)
    history = calendar(
        *(
            event(number).replace(":202603", ":202003", 2).replace("RRULE", "X")
            for number in range(5000)
        )
    )
    old, _ = _seconds(lambda: len(expand(history, OWNER, WINDOW).bookings))
    ratio, rate, years = theirs / ours, found / ours, old
    return [
        Figure("bookings of a feed, per second", round(rate), "1/s", 10_000, rate >= 10_000),
        Figure("… beside icalendar + recurring-ical-events", round(ratio, 1), "x", 3, ratio >= 3),
        Figure("1,000 calendars × 30 objects read", round(one * 1000, 2), "s", 5, one * 1000 <= 5),
        Figure("a feed with 5,000 past appointments", round(years, 3), "s", 0.5, years <= 0.5),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(figure)
