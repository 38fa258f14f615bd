"""Who shares a snapshot: it costs seconds where there are many people, and a restart brings all."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from kalends.model.organization import OrganizationSettings
from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.frames import Band
from kalends.web.snapshot import SHARED, Snapshots
from kalends.web.tenants import Tenant

TENANT = Tenant(OrganizationSettings(id="acme", name="Acme"), 1)
DESK, STAFF = Band("attendant", "", None), Band("member", "", None)


class Books:
    """Reads nobody, as slowly as is wished, and counts how often."""

    def __init__(self) -> None:
        self.readable, self.begun = asyncio.Event(), 0
        self.readable.set()

    async def revision(self, organization: str) -> int:
        return 7

    async def people(self, *_: Any) -> list[Any]:
        self.begun += 1
        await self.readable.wait()
        return []

    async def presences(self, *_: Any) -> list[Any]:
        return []


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


@pytest.fixture
def snapshots(books: Books, clock: list[float]) -> Snapshots:
    return Snapshots(cast("Reader", books), Runtime(monotonic=lambda: clock[0], inline=True))


async def begin(snapshots: Snapshots, books: Books) -> asyncio.Task[Any]:
    """Let somebody come, whose snapshot is then being taken."""
    books.readable.clear()
    coming = asyncio.create_task(snapshots.of(DESK, TENANT))
    before = books.begun
    while books.begun == before:
        await asyncio.sleep(0)
    return coming


async def test_whoever_comes_while_one_is_taken_shares_it_however_long_it_takes(
    snapshots: Snapshots, books: Books, clock: list[float]
) -> None:
    first = await begin(snapshots, books)
    clock[0] += 10 * SHARED
    second = asyncio.create_task(snapshots.of(DESK, TENANT))
    await asyncio.sleep(0)
    books.readable.set()
    assert await first is await second
    assert books.begun == 1


async def test_one_that_is_ready_is_shared_for_a_moment(
    snapshots: Snapshots, clock: list[float]
) -> None:
    first = await snapshots.of(DESK, TENANT)
    clock[0] += SHARED / 2
    assert await snapshots.of(DESK, TENANT) is first
    clock[0] += SHARED
    assert await snapshots.of(DESK, TENANT) is not first


async def test_one_that_nobody_shares_any_more_is_let_go(
    snapshots: Snapshots, books: Books, clock: list[float]
) -> None:
    first = await snapshots.of(DESK, TENANT)
    clock[0] += 2 * SHARED
    snapshots.tidy()
    clock[0] -= 2 * SHARED  # it would be shared, were it still there
    assert await snapshots.of(DESK, TENANT) is not first
    assert books.begun == 2


async def test_no_newcomer_shares_one_begun_before_something_no_revision_tells_of(
    snapshots: Snapshots, books: Books
) -> None:
    first = await begin(snapshots, books)
    snapshots.forget()
    books.readable.set()
    assert await snapshots.of(DESK, TENANT) is not await first


async def test_every_band_has_its_own(snapshots: Snapshots) -> None:
    assert await snapshots.of(DESK, TENANT) is not await snapshots.of(STAFF, TENANT)


async def test_who_leaves_takes_it_from_nobody(snapshots: Snapshots, books: Books) -> None:
    first = await begin(snapshots, books)
    second = asyncio.create_task(snapshots.of(DESK, TENANT))
    await asyncio.sleep(0)
    first.cancel()
    books.readable.set()
    assert (await second).revision == 7
    assert books.begun == 1
