"""The heap of deadlines."""

from __future__ import annotations

import tracemalloc

from kalends.engine.agenda import Agenda, Ready


def test_calendars_come_up_in_the_order_of_their_deadlines() -> None:
    agenda = Agenda()
    agenda.enter(20, 1, "b", "default")
    agenda.enter(10, 1, "a", "default")
    assert agenda.next_at() == 10
    assert agenda.take(9.9, 10) == []
    assert agenda.take(30, 10) == [Ready(1, "a", "default", False), Ready(1, "b", "default", False)]
    assert agenda.next_at() is None


def test_a_struck_calendar_does_not_come_up_and_a_new_one_of_its_name_does() -> None:
    agenda = Agenda()
    agenda.enter(10, 1, "a", "default")
    agenda.strike(1, "a", "default")
    agenda.enter(20, 1, "a", "default")
    assert agenda.take(15, 10) == []
    assert len(agenda.take(25, 10)) == 1


def test_a_call_survives_striking_its_poll() -> None:
    agenda = Agenda()
    agenda.enter(10, 1, "a", "default", call=True)
    agenda.enter(10, 1, "a", "default")
    agenda.strike(1, "a", "default")
    assert agenda.take(10, 10) == [Ready(1, "a", "default", True)]


def test_a_retired_slot_leaves_nothing_behind() -> None:
    agenda = Agenda()
    agenda.enter(1, 1, "a", "default")
    agenda.enter(1, 1, "a", "default", call=True)
    agenda.enter(2, 2, "b", "default")
    agenda.retire([1])
    assert [ready.slot for ready in agenda.take(10, 10)] == [2]


def test_moving_brings_polls_forward_only() -> None:
    agenda = Agenda()
    agenda.enter(100, 1, "late", "default")
    agenda.enter(3, 1, "soon", "default")
    agenda.enter(100, 2, "other", "default")
    agenda.move(1, lambda: 10.0)
    assert [ready.person for ready in agenda.take(50, 10)] == ["soon", "late"]


def test_a_calendar_costs_far_less_than_four_kilobytes() -> None:
    count = 20_000
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    agenda = Agenda()
    for number in range(count):
        agenda.enter(number * 0.37, 1, f"person-{number:07d}", "default")
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / count < 400
