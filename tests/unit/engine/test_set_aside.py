"""Somebody set aside is rebuilt later, whatever the store does meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from kalends.engine.due import SET_ASIDE, DueLoop
from kalends.engine.tenants import Tenants
from kalends.errors import StoreFailed
from kalends.model.presence import Timeline
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store.contract import Committed, DuePerson, Lane, Store

NOW = 1_772_000_000


class Books:
    """A store with one person who is due, and whose first touch fails."""

    def __init__(self, due: DuePerson) -> None:
        self.due = [due]
        self.touched: list[str] = []
        self.fails = 1

    async def next_due(self, _shards: object) -> dict[Lane, int]:
        return {one.lane: NOW for one in self.due}

    async def load_due(self, *, lane: Lane, **_asked: object) -> list[DuePerson]:
        found = [one for one in self.due if one.lane is lane]
        self.due = [one for one in self.due if one not in found]
        return found

    async def load_inputs(self, _people: object) -> list[object]:
        return []

    async def commit_batch(self, _batch: object, **_how: object) -> Committed:
        return Committed({}, ())

    async def touch(self, _organization: str, people: Sequence[str], **_how: object) -> None:
        if self.fails:
            self.fails -= 1
            raise StoreFailed("the disk is full")
        self.touched += people


async def told(*_what: Any) -> None:
    """Nobody is told."""


async def test_whoever_was_set_aside_is_rebuilt_though_the_store_failed_when_it_was_time() -> None:
    at = [NOW]
    books = Books(
        DuePerson("acme", "anna", 1, Lane.CALENDAR, NOW, True, Timeline(()), None, None, None, NOW,
                  1, Profile("anna", "Anna", "sv", "Europe/Stockholm"))
    )  # fmt: skip
    runtime = Runtime(now=lambda: at[0], inline=True)
    loop = DueLoop(cast("Store", books), runtime, Tenants(), told, lambda *_: {})
    assert await loop.turn()  # nobody knows the organization: set aside
    assert loop.figures.set_aside == 1
    at[0] += SET_ASIDE
    with pytest.raises(StoreFailed):
        await loop.turn()
    await loop.turn()
    assert books.touched == ["anna"]
    await loop.turn()
    assert books.touched == ["anna"]
