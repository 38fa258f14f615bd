"""Somebody with thousands of bookings: nobody waits for his timeline but himself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import pytest

from kalends.engine.due import DueLoop
from kalends.engine.pacing import MANY
from kalends.runtime import Runtime
from kalends.store.contract import Store
from tests.contract.store.world import (
    DND,
    NOW,
    booking,
    facts,
    give_calendar,
    key,
    read,
)
from tests.unit.engine.dues import due_loop, employ

T = TypeVar("T")
SECONDS = 30.0
"""A deadline no sound loop comes near."""


class Held(Runtime):
    """Work beside the loop waits until it is let go."""

    def __init__(self) -> None:
        super().__init__(now=lambda: float(NOW))
        self.asked, self.let_go, self.times = asyncio.Event(), asyncio.Event(), 0

    async def offload(self, function: Callable[..., T], *arguments: Any) -> T:
        self.times += 1
        self.asked.set()
        await self.let_go.wait()
        return function(*arguments)


@pytest.fixture
async def store(empty: Store) -> Store:
    return await employ(empty, "anna", "bo")


async def annas_calendar(store: Store, bookings: int) -> None:
    await give_calendar(store, key("anna"))
    many = [booking(f"{it}", NOW + it * 60, NOW + it * 60 + 60) for it in range(bookings)]
    await store.replace_calendar(read(key("anna"), *many), now=NOW)


@asynccontextmanager
async def working(store: Store, runtime: Runtime) -> AsyncIterator[DueLoop]:
    loop = due_loop(store, runtime)
    running = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await true():
            await asyncio.sleep(0)


async def test_others_are_served_while_a_large_timeline_is_built(store: Store) -> None:
    await annas_calendar(store, MANY)
    held = Held()
    async with working(store, held) as loop:
        await asyncio.wait_for(held.asked.wait(), SECONDS)
        await store.set_manual("acme", "bo", DND, now=NOW)
        loop.wake()

        async def bo_is_served() -> bool:
            found = (await facts(store, "bo")).presence
            return found is not None and found.activity == DND.activity

        await until(bo_is_served)
        assert (await facts(store, "anna")).dirty
        assert not loop.caught_up.is_set()
        held.let_go.set()

        async def anna_is_served() -> bool:
            return len((await facts(store, "anna")).timeline.segments) == MANY

        await until(anna_is_served)
        await until(_later(loop.caught_up.is_set))
    assert held.times == 1


async def test_what_was_built_from_an_input_that_changed_is_built_anew(store: Store) -> None:
    await annas_calendar(store, MANY)
    held = Held()
    async with working(store, held) as loop:
        await asyncio.wait_for(held.asked.wait(), SECONDS)
        await annas_calendar(store, MANY + 1)
        held.let_go.set()

        async def anna_is_served() -> bool:
            return len((await facts(store, "anna")).timeline.segments) == MANY + 1

        await until(anna_is_served)
        await until(_later(loop.caught_up.is_set))
        assert loop.figures.refused == 0
    assert held.times == 2


async def test_a_boundary_met_meanwhile_is_not_undone(store: Store) -> None:
    """What is decided goes by the facts of the moment, not of when the building began."""
    async with working(store, Runtime(now=lambda: float(NOW), inline=True)) as loop:
        await annas_calendar(store, 3)
        loop.wake()

        async def served() -> bool:
            return len((await facts(store, "anna")).timeline.segments) == 3

        await until(served)
    await annas_calendar(store, MANY)
    held = Held()
    async with working(store, held) as loop:
        await asyncio.wait_for(held.asked.wait(), SECONDS)
        await store.set_manual("acme", "anna", DND, now=NOW)
        held.let_go.set()

        async def both() -> bool:
            anna = await facts(store, "anna")
            return anna.manual is not None and not anna.dirty and anna.evaluated_at == NOW

        await until(both)
        anna = await facts(store, "anna")
        assert anna.presence is not None
        assert anna.presence.activity == DND.activity
        assert len(anna.timeline.segments) == MANY


async def test_whose_large_timeline_cannot_be_built_is_set_aside(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("cannot be built")

    monkeypatch.setattr("kalends.engine.due.build_timeline", fails)
    await annas_calendar(store, MANY)
    held = Held()
    held.let_go.set()
    async with working(store, held) as loop:
        await until(_later(lambda: held.times and loop.figures.set_aside >= 2))  # Bo as well
        await until(_later(loop.caught_up.is_set))
    assert held.times == 1
    assert min((await store.next_due()).values()) == NOW + 60


def _later(true: Callable[[], Any]) -> Callable[[], Any]:
    async def so() -> Any:
        return true()

    return so
