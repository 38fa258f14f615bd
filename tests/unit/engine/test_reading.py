"""How a calendar is read next, and what of a reading reaches the store."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from kalends.calendars.contract import Reading
from kalends.engine.reading import DAY, Bookmark, Plan, bookmark, misheard, plan, to_store
from kalends.model.booking import Booking, Sensitivity, pack_bookings
from kalends.model.times import Interval
from kalends.policy.person import PersonPolicy
from kalends.store.contract import CalendarKey, CalendarRow
from tests.unit.policy.world import NOW, WINDOW_END, booking, person

ZONE = ZoneInfo("Europe/Stockholm")
KEY = CalendarKey("acme", "anna", "dav", "default")
HIDDEN = booking(
    "XyzzyCanary", uid="1", sensitivity=Sensitivity.PRIVATE, categories=("XyzzyCanary",)
)


def row(**given: Any) -> CalendarRow:
    values: dict[str, Any] = {
        "key": KEY, "url": "/", "cursor": None, "window_start": NOW, "window_end": WINDOW_END,
        "read_at": NOW, "reconciled_at": NOW, "stale_since": None, "health": "ok", "message": "",
        "remedy": "", "failures": 0, "skipped": 0, "bookings": 0, "next_probe_at": None,
    }  # fmt: skip
    return CalendarRow(**(values | given))


def stored(*bookings: Booking, of: PersonPolicy | None = None) -> CalendarRow:
    """The calendar after it was read."""
    reading = Reading(bookings, b"cursor", Interval(NOW, WINDOW_END))
    read = to_store(row(read_at=None), reading, of or person(), NOW, full=False)
    return row(cursor=read.cursor)


def planned(of: CalendarRow, *, anew: bool = False) -> Plan:
    return plan(of, NOW, ZONE, may_reconcile=False, anew=anew)


def test_private_text_is_not_even_taken_in() -> None:
    reading = Reading((HIDDEN, booking("Plan")), b"c", Interval(NOW, WINDOW_END))
    read = to_store(row(), reading, person(), NOW, full=False)
    assert b"XyzzyCanary" not in pack_bookings(read.bookings)
    assert [one.subject for one in read.bookings] == ["", "Plan"]


def test_a_source_gets_its_own_cursor_back() -> None:
    assert planned(stored(HIDDEN)).cursor == b"cursor"
    assert planned(stored(booking("Plan"))).cursor == b"cursor"


def test_other_rules_lead_to_a_whole_read_where_there_are_private_bookings() -> None:
    before, after = person(), person(packs=False)
    assert not misheard(stored(HIDDEN, of=before), before.wording)
    assert misheard(stored(HIDDEN, of=before), after.wording)
    assert not misheard(stored(booking("Plan"), of=before), after.wording)


def test_a_calendar_of_an_older_kalends_is_read_whole_once() -> None:
    """Its cursor is the source's own, and its private bookings still have their text."""
    for cursor in (b"1772409600", msgspec.msgpack.encode([1, 2, b"x", b"y", "", ""]), b"", None):
        assert misheard(row(cursor=cursor), person().wording)
    assert not misheard(row(cursor=None, read_at=None), person().wording)


def test_a_calendar_read_anew_trusts_nothing_stored() -> None:
    found = planned(stored(HIDDEN), anew=True)
    assert (found.cursor, found.full, found.window.start) == (None, True, NOW)
    assert found.window.end == NOW + 35 * DAY


def test_a_calendar_emptied_in_earnest_is_believed_also_when_read_anew() -> None:
    empty = msgspec.structs.replace(stored(HIDDEN), health="emptied", failures=1)
    assert planned(empty, anew=True).believe_empty


def test_a_bookmark_is_read_as_it_was_written() -> None:
    for one in (Bookmark(b""), Bookmark(b"", b"c"), Bookmark(b"w", None), Bookmark(b"w", b"c")):
        assert bookmark(row(cursor=one.pack())) == one
