"""Backup under load, and going on from it, with 100,000 people of twenty bookings each on SQLite.

Writers commit all the while: how long the copy takes, what it keeps them waiting, whether all they
were told before it began is in it. Then the copy is looked over, put in another place, made fit to
go on from, and the real processes are started on it, up to the first person evaluated. What is lost
by a disaster is what was set since the last copy began: as often as one is made (promise 16).
Run with ``python -m benchmarks.backup [PEOPLE]``.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.crowd import ACME
from benchmarks.figure import Figure
from benchmarks.million import DEADLINE, Serving, _await_tick, _due_again, build
from kalends import observe
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import AuditEntry, Store
from kalends.store.copies import examine, mark, prepare
from kalends.store.vault import Vault

PEOPLE = 100_000
LANES = 8
"""Who writes at once."""
CALM = 5.0
"""Seconds of writing without a backup, for comparison."""
RPO, RTO = 300.0, 300.0
"""Promised, seconds."""


class Load:
    """Writers that note what was acknowledged, and how long each commit took."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.acknowledged: list[str] = []
        self.waits: list[float] = []

    async def write(self, lane: int) -> None:
        """Write until cancelled."""
        number = 0
        while True:
            number += 1
            name = f"{lane}-{number}"
            begun = time.perf_counter()
            entry = AuditEntry(ACME, int(time.time()), "somebody", "set", name)
            await self._store.append_audit([entry])
            self.waits.append(time.perf_counter() - begun)
            self.acknowledged.append(name)
            await asyncio.sleep(0.002)


async def copied(directory: Path, target: Path) -> dict[str, float]:
    """Make a backup under load; return what was measured."""
    vault = Vault.load(directory / "kalends.key")
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, Runtime())
    load = Load(store)
    writers = [asyncio.create_task(load.write(lane)) for lane in range(LANES)]
    try:
        await asyncio.sleep(CALM)
        calm, before = max(load.waits), load.acknowledged.copy()
        load.waits.clear()
        begun = time.perf_counter()
        await store.backup(target)
        seconds = time.perf_counter() - begun
        meanwhile, slowest = len(load.waits), max(load.waits)
    finally:
        for writer in writers:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        await store.close()
    copy = await open_store(f"sqlite:///{target}", vault, Runtime())
    found = {entry.target for entry in await copy.audit(ACME, limit=10_000_000)}
    await copy.close()
    lost = sum(name not in found for name in before)
    return {
        "seconds": seconds, "slowest": slowest, "calm": calm, "meanwhile": meanwhile, "lost": lost,
    }  # fmt: skip


def restored(directory: Path, copy: Path, home: Path) -> float:
    """Go on from a copy as ``kalends restore`` and ``serve`` do; return the seconds."""
    begun = time.perf_counter()
    made = examine(copy)
    home.mkdir()
    shutil.copy(directory / "kalends.key", home / "kalends.key")
    shutil.copyfile(copy, home / "kalends.db")
    (home / "kalends.db").chmod(0o600)
    prepare(home / "kalends.db", made, int(time.time()))
    mark(home)
    seconds = time.perf_counter() - begun
    now = int(time.time())
    _due_again(home, now)
    serving = Serving(home)
    try:
        return seconds + _await_tick(home, serving, now)
    finally:
        serving.stop()


def figures(people: int = PEOPLE) -> list[Figure]:
    """Measure on this machine."""
    observe.configure("error")
    with tempfile.TemporaryDirectory(prefix="kalends-bench") as name:
        directory = Path(name) / "live"
        directory.mkdir()
        build(directory, people)
        copy = Path(name) / "copy.db"
        found = asyncio.run(copied(directory, copy))
        size = copy.stat().st_size / 1e6
        back = restored(directory, copy, Path(name) / "back")
    told = f"{people:,} people, {size:.0f} MB"
    assert back < DEADLINE
    seconds, slowest = found["seconds"], found["slowest"]
    return [
        Figure(f"{told}: a backup under load", round(seconds, 1), "s", RPO, seconds <= RPO),
        Figure(
            f"… of what was acknowledged before it began ({found['meanwhile']:.0f} commits "
            "meanwhile) is missing", found["lost"], "commits", 0, found["lost"] == 0,
        ),
        Figure(
            f"… slowest commit meanwhile ({found['calm']:.2f} s without a backup)",
            round(slowest, 2), "s", 1.0, slowest <= 1.0,
        ),
        Figure("… restored, started, first person evaluated", round(back, 1), "s", RTO,
               back <= RTO),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in figures(int(sys.argv[1]) if sys.argv[1:] else PEOPLE):
        print(figure)
