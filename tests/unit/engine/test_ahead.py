"""Crowded seconds made ready: in chunks, sealed as they are stored, dropped when told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kalends.engine import ahead as module
from kalends.engine.ahead import Ahead
from kalends.runtime import Runtime
from kalends.store.contract import DuePerson, SealedBatch, Store
from tests.contract.store.world import MEETING, NOW, hire, result, settle

AT = NOW + 30
PEOPLE = [f"p{number}" for number in range(7)]


@pytest.fixture
async def store(empty: Store) -> Store:
    await hire(empty, *PEOPLE)
    await settle(empty, next_change_at=AT)
    return empty


def an_ahead(store: Store, monkeypatch: pytest.MonkeyPatch, *, now: int = NOW) -> Ahead:
    """One that takes seven people for a crowd, in pages of two and chunks of four."""
    monkeypatch.setattr(module, "CROWD", 7)
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "CHUNK", 4)
    runtime = Runtime(now=lambda: now, inline=True)
    return Ahead(
        store, runtime, lambda one, at: result(one, MEETING, evaluated_at=at), lambda *_: {}
    )


async def test_a_crowded_second_is_taken_in_chunks_that_are_sealed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = an_ahead(store, monkeypatch)
    while await ahead.work():
        pass
    assert ahead.held == 7
    assert ahead.take(AT - 1) is None
    told = []
    while chunk := ahead.take(AT):
        assert isinstance(chunk.batch, SealedBatch)
        done = await store.commit_batch(chunk.batch, now=AT)
        assert done.refused == ()
        told.append([one.evaluated.person for one in chunk.ready])
    assert told == [PEOPLE[:4], PEOPLE[4:]]
    stored = await store.changed_since("acme", 7)
    assert [(one.person, one.presence) for one in stored] == [(id, MEETING) for id in PEOPLE]


async def test_what_is_forgotten_while_it_is_sealed_is_never_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = an_ahead(store, monkeypatch)
    seal = store.seal_ahead

    def sealed_too_late(batch: object) -> SealedBatch:
        ahead.forget()
        return seal(batch)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(store, "seal_ahead", sealed_too_late)
    await ahead.work()
    await ahead.work()
    assert ahead.held == 0
    assert ahead.take(AT) is None


async def test_what_is_forgotten_while_it_is_loaded_is_made_ready_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    ahead = an_ahead(store, monkeypatch)
    load = store.load_ahead
    forget: list[Callable[[], None]] = [ahead.forget]

    async def loaded(**asked: Any) -> list[DuePerson]:
        page = await load(**asked)
        if forget:
            forget.pop(0)()  # the clock was set, or a policy changed
        return page

    monkeypatch.setattr(store, "load_ahead", loaded)
    while await ahead.work():
        pass
    assert ahead.held == 7
    told = []
    while chunk := ahead.take(AT):
        told += [one.evaluated.person for one in chunk.ready]
    assert sorted(told) == PEOPLE


async def test_what_comes_before_it_is_sealed_is_taken_as_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOO_LATE", 60)
    ahead = an_ahead(store, monkeypatch)
    while await ahead.work():
        pass
    chunk = ahead.take(AT)
    assert chunk is not None
    assert [one.evaluated.person for one in chunk.ready] == PEOPLE
    done = await store.commit_batch(chunk.batch, now=AT)
    assert done.revisions == {"acme": 14}
