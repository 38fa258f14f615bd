"""Promise 3: the power goes at any moment, and what was acknowledged is there (``power``)."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kalends.errors import KalendsError
from kalends.runtime import Runtime
from kalends.store import checkpoints, open_store, sqlite
from kalends.store.contract import AuditEntry, Store
from kalends.store.database import DatabaseStore
from kalends.store.opening import sqlite_store
from kalends.store.sqlite import SqliteDriver
from kalends.store.vault import Vault
from tests.contract.store.world import (
    HOUR,
    NOW,
    booking,
    facts,
    give_calendar,
    hire,
    key,
    read,
    result,
    timeline,
)
from tests.simulation.power import Disk, Image, put_back
from tests.simulation.scenario import Installation
from tests.simulation.storm import simulated, storm
from tests.simulation.world import MINUTE

PEOPLE = [f"p{number:02}" for number in range(12)]
ROUNDS = 40
CUTS = 60
"""Images of each run, at most."""
SHARE = 0.004
"""Share of the moments at which the power goes in the middle of an engine's work."""
SEEDS = int(os.environ.get("KALENDS_SEEDS", "4"))
VAULT = Vault({1: bytes(32)})
INLINE = Runtime(inline=True)


@dataclass(slots=True)
class Told:
    """What the store acknowledged."""

    audits: list[str] = field(default_factory=list)
    revision: int = 0
    cursor: int = 0

    def now(self) -> Told:
        """Return what was acknowledged up to this moment."""
        return Told(self.audits.copy(), self.revision, self.cursor)


@dataclass(slots=True)
class Cuts:
    """Takes images of the disk, each with what had been acknowledged by then."""

    disk: Disk
    chance: random.Random
    share: float
    told: Told = field(default_factory=Told)
    taken: list[tuple[Told, Image]] = field(default_factory=list)

    def __call__(self) -> None:
        """The power might go now."""
        if len(self.taken) < CUTS and self.chance.random() < self.share:
            told = self.told.now()  # first: what is acknowledged meanwhile need not be found
            self.taken.append((told, self.disk.image(self.chance)))


async def work(store: Store, told: Told) -> None:
    """Store units of work of every kind, one after the other."""
    await hire(store, *PEOPLE)
    await give_calendar(store, key(PEOPLE[0]))
    for number in range(1, ROUNDS):
        await store.append_audit([AuditEntry("acme", NOW, "a", "b", str(number))])
        told.audits.append(str(number))
        one = booking(f"u{number}", NOW, NOW + HOUR, "a subject " * (number * 17 % 200))
        fresh = read(key(PEOPLE[0]), one, cursor=str(number).encode())
        await store.replace_calendar(fresh, now=NOW)
        told.cursor = number
        await everybody_moves(store, told, number)
        if number % 13 == 0:
            await store.purge(now=NOW)
            await store.truncate()


async def everybody_moves(store: Store, told: Told, number: int) -> None:
    """Commit all of them as one batch."""
    line = timeline((NOW, NOW + 60 + number, "meeting " * (number % 40)))
    batch = [result(await facts(store, who), timeline=line) for who in PEOPLE]
    told.revision = (await store.commit_batch(batch, now=NOW)).revisions["acme"]


async def side_by_side(store: Store, told: Told) -> None:
    """Several at once, that share commits while a checkpoint runs beside them."""

    async def lane(first: int) -> None:
        for number in range(first, first + ROUNDS):
            await store.append_audit([AuditEntry("acme", NOW, "a" * 400, "b", str(number))])
            told.audits.append(str(number))

    await hire(store, *PEOPLE)
    async with asyncio.TaskGroup() as tasks:
        for number in range(4):
            tasks.create_task(lane(number * 1000))
        for number in range(ROUNDS // 4):
            await everybody_moves(store, told, number)


async def amiss(told: Told, directory: Path) -> list[str]:
    """Return what is not as it was acknowledged."""
    try:
        store = await open_store(f"sqlite:///{directory}/kalends.db", VAULT, INLINE)
    except KalendsError as error:
        return [f"does not open: {error}"]
    try:
        return await lost(told, store)
    except Exception as error:
        return [f"cannot be read: {error!r}"]
    finally:
        await store.close()


async def lost(told: Told, store: Store) -> list[str]:
    """Return what was acknowledged and is not there, and what is only half there."""
    found = [f"damaged: {one}" for one in await store.integrity()]
    audits = {it.target for it in await store.audit("acme", limit=10_000)}
    found += [f"lost: audit {one}" for one in told.audits if one not in audits]
    if await store.revision("acme") < told.revision:
        found.append(f"lost: revision {told.revision}")
    for row in await store.calendars("acme"):
        if int(row.cursor or b"0") < told.cursor:
            found.append(f"lost: calendar {told.cursor}")
        assert len(await store.bookings(row.key)) == (row.cursor is not None)
    revisions = sorted(it.revision for it in await store.presences("acme"))
    if revisions and revisions[-1] - revisions[0] not in (0, len(PEOPLE) - 1):
        found.append(f"half a batch: {revisions}")
    return found


async def after_power_cuts(
    seed: int, tmp_path: Path, disk: Disk, *, runtime: Runtime = INLINE, share: float = 0.03
) -> tuple[int, list[str]]:
    """Work, cut the power now and then; return how often, and what was not as acknowledged."""
    chance = random.Random(seed)
    (tmp_path / "live").mkdir()
    cuts = disk.moment = Cuts(disk, chance, share)
    driver = await sqlite_store(tmp_path / "live" / "kalends.db", runtime, vfs=disk.called)
    eager(driver)
    store = DatabaseStore(driver, VAULT, runtime)
    await (work if runtime.inline else side_by_side)(store, cuts.told)
    await store.close()
    found: list[str] = []
    for number, (told, image) in enumerate(cuts.taken):
        back = tmp_path / f"back{number}"
        back.mkdir()
        put_back(image, back, chance)
        found += [f"cut {number}: {one}" for one in await amiss(told, back)]
    return len(cuts.taken), found


def eager(driver: SqliteDriver) -> None:
    """Let a checkpoint begin at once, not when a crowded second is over."""
    if driver._checkpoints is not None:
        driver._checkpoints._delay = 0.0


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk, and checkpoints every few pages: they are what a cut could hurt."""
    settings(monkeypatch, lambda it: "wal_autocheckpoint=40" if "autocheckpoint" in it else it)
    monkeypatch.setattr(checkpoints, "WAL_PAGES", 40)
    made = Disk()
    yield made
    made.unregister()


def settings(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """Change what the writer asks of SQLite."""
    bare = [it.removeprefix("PRAGMA ") for it in sqlite._WRITER_SETTINGS]
    monkeypatch.setattr(sqlite, "_WRITER_SETTINGS", tuple(f"PRAGMA {change(it)}" for it in bare))


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whatever_was_acknowledged_survives_a_power_cut(
    seed: int, tmp_path: Path, disk: Disk
) -> None:
    cuts, found = await after_power_cuts(seed, tmp_path, disk)
    assert found == []
    assert cuts > CUTS / 2


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_power_cut_beside_checkpoints_and_shared_commits_loses_nothing(
    seed: int, tmp_path: Path, disk: Disk
) -> None:
    cuts, found = await after_power_cuts(seed, tmp_path, disk, runtime=Runtime(), share=0.04)
    assert found == []
    assert cuts > CUTS / 4


@pytest.mark.parametrize("weak", ["synchronous=NORMAL", "synchronous=OFF"])
async def test_with_weaker_syncs_the_same_cuts_do_lose_something(
    weak: str, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(monkeypatch, lambda it: weak if it.startswith("synchronous") else it)
    _, found = await after_power_cuts(0, tmp_path, disk)
    assert [one for one in found if "lost: " in one] != []


async def test_a_disk_that_lies_about_syncing_is_found_out(tmp_path: Path, disk: Disk) -> None:
    disk.lies = True
    _, found = await after_power_cuts(0, tmp_path, disk)
    assert [one for one in found if "lost: " in one] != []


@pytest.mark.parametrize("seed", range(4))
def test_after_power_cuts_in_mid_commit_every_sink_is_told_the_truth(seed: int) -> None:
    cuts = 0

    async def story(home: Installation) -> None:
        chance = random.Random(seed)
        home.disk = Disk()

        def moment() -> None:
            nonlocal cuts
            on = home.store is not None and not home.store.dead.is_set()
            if on and home.loop.time() > MINUTE and chance.random() < SHARE:
                cuts += 1
                home.cut_power()

        home.disk.moment = moment
        await storm(0.5, crashes=0.0)(home)

    simulated(70 + seed, story, people=10)
    assert cuts > 10
