"""What is remembered of a source's trouble is words, and ends with the source."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any, cast

from kalends.calendars.contract import Capabilities
from kalends.engine.debounce import Debounce
from kalends.engine.gate import Gate
from kalends.engine.slot import Slot
from kalends.engine.trouble import Trouble
from kalends.errors import BadAnswer, Unreachable
from kalends.runtime import Runtime
from kalends.store.contract import CalendarKey, CalendarRow, Store


def a_slot() -> Slot:
    reader: Any = SimpleNamespace(capabilities=Capabilities())
    return Slot(1, "acme", "dav", reader, 60.0, Gate(4), Debounce(60.0))


class Read:
    """What a read holds in its hands."""


def failed(seen: list[weakref.ref[Read]]) -> Unreachable:
    """Return the error of a read that had read a good deal already."""
    read = Read()
    seen.append(weakref.ref(read))
    try:
        raise Unreachable("the line went dead")
    except Unreachable as error:
        return error


async def test_nothing_of_a_failed_read_stays_in_memory() -> None:
    slot = a_slot()
    trouble = Trouble(cast("Store", None), Runtime(inline=True), lambda _organization: None)
    seen: list[weakref.ref[Read]] = []
    await trouble.note(slot, ("anna", "default"), failed(seen), None, own_credential=False)
    assert slot.trouble is not None
    assert (slot.trouble.code, slot.trouble.message) == ("unreachable", "the line went dead")
    assert "firewall" in slot.trouble.remedy
    assert seen[0]() is None


class Marked:
    """A store that takes every mark."""

    async def mark_calendars(self, marks: object, *, now: int) -> None:
        del marks, now


async def test_a_failure_in_the_second_of_the_last_success_came_after_it() -> None:
    slot = a_slot()
    slot.last_success = 5000.25
    runtime = Runtime(now=lambda: 5000.75, inline=True)
    trouble = Trouble(cast("Store", Marked()), runtime, lambda _organization: None)
    row = CalendarRow(
        CalendarKey("acme", "anna", "dav", "default"), url=None, cursor=None,
        window_start=0, window_end=0, read_at=None, reconciled_at=None, stale_since=None,
        health="ok", message="", remedy="", failures=0, skipped=0, bookings=0, next_probe_at=None,
    )  # fmt: skip
    error = BadAnswer("a sign-in page")
    await trouble.note(slot, ("anna", "default"), error, row, own_credential=False)
    assert slot.barren_since() == 5000.75
