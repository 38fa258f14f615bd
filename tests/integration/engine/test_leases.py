"""Leases over a real store: one engine at a time, and a dead one keeps nobody waiting for long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kalends.engine.leases import LEASE_SECONDS, Leases
from kalends.errors import StaleOwner, StoreFailed, UserError
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import Lease, Store
from kalends.store.vault import Vault


@dataclass(slots=True)
class Passing(Runtime):
    """A runtime whose sleep is over at once, and whose clocks say it was not."""

    at: list[float] = field(default_factory=lambda: [1_772_000_000.0])

    async def sleep(self, seconds: float) -> None:
        """Let the clocks go on."""
        self.at[0] += max(0.001, seconds)


def passing() -> Passing:
    at = [1_772_000_000.0]
    return Passing(now=lambda: at[0], monotonic=lambda: at[0], inline=True, at=at)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    vault = Vault({1: b"k" * 32})
    store = await open_store(f"sqlite:///{tmp_path}/k.db", vault, Runtime(inline=True))
    yield store
    await store.close()


async def test_a_free_database_is_taken_at_once_and_every_commit_can_carry_the_lease(
    store: Store,
) -> None:
    held: list[Lease] = []
    runtime = passing()
    await Leases(store, runtime, "first", held.append).take()
    assert runtime.at[0] == 1_772_000_000.0
    assert held[0].epoch >= 1


async def test_a_second_engine_waits_and_is_then_told_whose_database_it_is(store: Store) -> None:
    runtime = passing()
    first = Leases(store, runtime, "first", lambda _lease: None, seconds=3600)
    await first.take()
    with pytest.raises(UserError, match="Another Kalends engine works on this database"):
        await Leases(store, runtime, "second", lambda _lease: None).take()
    assert runtime.at[0] - 1_772_000_000.0 <= LEASE_SECONDS + 4


async def test_a_dead_engines_lease_runs_out_and_its_epoch_is_fenced(store: Store) -> None:
    runtime = passing()
    old: list[Lease] = []
    new: list[Lease] = []
    await Leases(store, runtime, "dead", old.append).take()
    await Leases(store, runtime, "heir", new.append).take()
    assert runtime.at[0] - 1_772_000_000.0 <= LEASE_SECONDS + 2
    assert new[0].epoch > old[0].epoch
    with pytest.raises(StaleOwner):
        await store.commit_batch([], now=int(runtime.now()), lease=old[0])


async def test_the_same_owner_goes_on_after_a_restart_without_waiting(store: Store) -> None:
    runtime = passing()
    await Leases(store, runtime, "host:/var", lambda _lease: None).take()
    await Leases(store, runtime, "host:/var", lambda _lease: None).take()
    assert runtime.at[0] == 1_772_000_000.0


async def test_who_was_replaced_while_asleep_stops(store: Store) -> None:
    runtime = passing()
    sleeper = Leases(store, runtime, "sleeper", lambda _lease: None)
    await sleeper.take()
    runtime.at[0] += 60  # the machine slept
    await Leases(store, runtime, "heir", lambda _lease: None, seconds=3600).take()
    with pytest.raises(StaleOwner, match="taken over"):
        await sleeper.run()


async def test_a_store_in_trouble_is_asked_again(store: Store) -> None:
    runtime = passing()
    asked = 0

    class Shaky:
        """A store that fails twice, then somebody else has taken over."""

        async def take_leases(self, *arguments: object, **named: object) -> list[Lease]:
            nonlocal asked
            asked += 1
            if asked <= 2:
                raise StoreFailed("the disk is slow")
            return []

    leases = Leases(store, runtime, "one", lambda _lease: None)
    await leases.take()
    leases._store = Shaky()  # type: ignore[assignment]  # the part of a store it needs
    with pytest.raises(StaleOwner):
        await leases.run()
    assert asked == 3
