"""What a source's slot reads first, and what it lets go of."""

from __future__ import annotations

from typing import Any, cast

from kalends.calendars.contract import CalendarSource
from kalends.engine.debounce import Debounce
from kalends.engine.gate import Gate
from kalends.engine.slot import STORING, Failing, Slot


class Subscribed:
    """A source that keeps something outside."""

    def __init__(self) -> None:
        self.forgotten: list[tuple[str, str]] = []

    def forget(self, person: str, name: str) -> None:
        self.forgotten.append((person, name))


def a_slot(reader: Any = None) -> Slot:
    reader = cast("CalendarSource", reader if reader is not None else object())
    return Slot(1, "acme", "exchange", reader, 300.0, Gate(10), Debounce(300.0))


def started(slot: Slot) -> list[str]:
    return [key[0] for key, _ in slot.startable(0.0)]


def test_what_surely_changed_is_read_before_what_may_have_and_both_before_polls() -> None:
    slot = a_slot()
    slot.waiting[("polled", "m")] = None
    slot.doubted[("doubted", "m")] = None
    slot.hinted.append(("hinted", "m"))
    assert started(slot) == ["hinted", "doubted", "polled"]


def test_news_of_a_doubted_calendar_is_one_read() -> None:
    slot = a_slot()
    slot.doubted[("p", "m")] = None
    slot.hinted.append(("p", "m"))
    assert started(slot) == ["p"]
    assert not slot.wants()


def test_a_doubted_calendar_that_is_being_read_is_read_once_more() -> None:
    slot = a_slot()
    slot.waiting[("p", "m")] = None
    assert started(slot) == ["p"]
    slot.doubted[("p", "m")] = None
    assert started(slot) == []
    assert slot.finished(("p", "m"))
    assert started(slot) == ["p"]


def test_while_answers_are_stored_others_are_asked() -> None:
    slot = a_slot()
    slot.waiting.update({(f"p{number}", "m"): None for number in range(30)})
    first = started(slot)
    assert len(first) == 10
    assert started(slot) == []
    slot.answered((first[0], "m"))
    slot.answered((first[0], "m"))
    assert started(slot) == ["p10"]
    assert slot.finished((first[0], "m"))
    assert started(slot) == []
    assert slot.finished((first[1], "m"))
    assert started(slot) == ["p11"]
    assert slot.gate.in_flight == 10


def test_no_more_is_asked_than_can_be_stored() -> None:
    slot = a_slot()
    slot.waiting.update({(f"p{number}", "m"): None for number in range(300)})
    asked = 0
    while more := started(slot):
        asked += len(more)
        for person in more:
            slot.answered((person, "m"))
    assert STORING <= asked < STORING + 10
    assert slot.gate.in_flight == 0


def test_what_is_struck_is_forgotten_by_its_source_too() -> None:
    source = Subscribed()
    slot = a_slot(source)
    slot.doubted[("p", "m")] = None
    slot.forget(("p", "m"))
    assert source.forgotten == [("p", "m")]
    assert not slot.wants()
    a_slot().forget(("p", "m"))  # a source that keeps nothing need not be told


def fails(slot: Slot, person: str, since: float) -> None:
    slot.failing[(person, "m")] = Failing(since, "bad-answer", "a sign-in page", "Sign in.")


def test_a_source_of_which_nothing_is_read_any_more_is_barren_though_one_failed_long_before() -> (
    None
):
    slot = a_slot()
    fails(slot, "gone", 10.0)
    slot.last_success = 5000.0
    assert slot.barren_since() is None  # the others are read
    fails(slot, "anna", 5010.0)
    fails(slot, "bo", 5020.0)
    assert slot.barren_since() == 5010.0


def test_a_read_that_ends_well_after_the_first_failure_puts_off_only_when_a_source_is_barren() -> (
    None
):
    slot = a_slot()
    fails(slot, "anna", 100.0)
    slot.last_success = 100.5  # it was under way already
    assert slot.barren_since() is None
    fails(slot, "bo", 115.0)
    assert slot.barren_since() == 115.0


def test_a_source_that_never_answered_is_barren_since_its_first_failure() -> None:
    slot = a_slot()
    fails(slot, "anna", 100.0)
    fails(slot, "bo", 101.0)
    assert slot.barren_since() == 100.0
