"""How late the due loop knows itself to be: what readiness and the alarm are made of."""

from __future__ import annotations

import math

import pytest

from kalends.engine.due import SET_ASIDE, DueLoop
from kalends.runtime import Runtime
from kalends.store.contract import Lane, Store
from kalends.store.tables import calendar, state
from tests.contract.store.damage import damage
from tests.contract.store.world import (
    DND,
    HOUR,
    NOW,
    booking,
    facts,
    give_calendar,
    key,
    person,
    read,
)
from tests.unit.engine.dues import due_loop, employ

LATE = 60


@pytest.fixture
async def store(empty: Store) -> Store:
    return await employ(empty, "anna")


@pytest.fixture
def due(store: Store) -> DueLoop:
    """A loop that looks at the clock a minute after Anna was hired."""
    return due_loop(store, Runtime(now=lambda: float(NOW + LATE)))


async def test_until_it_has_looked_it_does_not_know(due: DueLoop) -> None:
    assert due.behind == math.inf
    while await due.turn():
        pass
    assert due.behind == 0


async def test_it_is_as_late_as_the_first_who_is_urgent(due: DueLoop, store: Store) -> None:
    while await due.turn():
        pass
    await store.touch("acme", ["anna"], lane=Lane.HAND, now=NOW)
    assert await due.turn()
    assert due.behind == LATE
    assert not await due.turn()
    assert due.behind == 0


async def test_at_work_on_time_it_is_not_late(due: DueLoop, store: Store) -> None:
    while await due.turn():
        pass
    await store.touch("acme", ["anna"], lane=Lane.CALENDAR, now=NOW + LATE)
    assert await due.turn()
    assert not due.caught_up.is_set()
    assert due.behind == 0


async def test_settings_that_changed_for_many_make_nobody_late(due: DueLoop) -> None:
    assert await due.turn()  # Anna waits in lane POLICY, since a minute
    assert due.behind == 0


async def test_whose_row_cannot_be_opened_keeps_nobody_else_from_being_served(
    due: DueLoop, store: Store
) -> None:
    await store.save_people([person(id, name=id.title()) for id in ("bo", "cia")], now=NOW)
    while await due.turn():
        pass
    for who in ("anna", "bo", "cia"):
        await store.set_manual("acme", who, DND, now=NOW)
    await damage(store, state, "manual", "bo")
    assert await due.turn()
    assert due.figures.set_aside == 1
    for who in ("anna", "cia"):
        found = await store.presence("acme", who)
        assert found is not None
        assert found.presence.activity == DND.activity
    assert not await due.turn()
    assert min((await store.next_due()).values()) == NOW + LATE + SET_ASIDE


async def test_whose_calendar_cannot_be_opened_keeps_nobody_else_from_being_served(
    due: DueLoop, store: Store
) -> None:
    await store.save_people([person("bo", name="Bo")], now=NOW)
    while await due.turn():
        pass
    for who in ("anna", "bo"):
        await give_calendar(store, key(who))
        await store.replace_calendar(read(key(who), booking("1", NOW, NOW + HOUR)), now=NOW)
    await damage(store, calendar, "content", "bo")
    before = await facts(store, "bo")
    while await due.turn():
        pass
    assert due.figures.set_aside == 1
    assert len((await facts(store, "anna")).timeline.segments) == 1
    assert (await facts(store, "bo")).presence == before.presence
