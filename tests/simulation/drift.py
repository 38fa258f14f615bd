"""Day after day the same: an organization in a steady state, and what an engine holds meanwhile.

Place: under promise 19, in the suite and in ``benchmarks.drift``. Each day everybody has as many
bookings as on any other; some are moved, some states are set by hand, servers and sinks fail for a
while. So whatever grows from day to day grows in Kalends (the simulated world forgets with it).
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields
from functools import _lru_cache_wrapper
from pathlib import Path

import apsw

from tests.simulation.scenario import Installation
from tests.simulation.scripted import Faults
from tests.simulation.storm import by_hand
from tests.simulation.virtual import BEGIN
from tests.simulation.world import DAY, HOUR, MINUTE, a_booking

WAL_BOUND = (4_000 + 1_000) * (4096 + 24)
"""Bytes the WAL may take: pages from which on it is written back, and those of a last commit."""
AHEAD = 36
"""Days for which calendars are filled: a day more than is read."""
A_DAY = 3
"""Bookings of a person that begin on one day."""
BAD = Faults(fail=0.15, lose=0.2, double=0.2, slowest=5.0)
PAGE = os.sysconf("SC_PAGESIZE")


@dataclass(frozen=True, slots=True)
class Held:
    """What is held at one moment, once all garbage is collected."""

    blocks: int
    """Python's memory blocks, exactly, beyond those of a process that has not begun."""
    resident: int
    """Memory of the process, bytes."""
    descriptors: int
    tasks: int
    pages: int
    """Of the database: used, but for the audit log (kept 90 days: it grows as long)."""
    file: int
    """Bytes of the database file, free pages included, less the audit log."""
    wal: int
    """Bytes of the WAL: up to its bound, whatever the day."""


def held(home: Installation, before: int) -> Held:
    """Measure what the engine holds now; the world included, which holds the same each day."""
    empty_caches()
    gc.collect()
    path = home.directory / "kalends.db"
    used, audit, free, size = _pages(path)
    return Held(
        sys.getallocatedblocks() - before,
        int(Path("/proc/self/statm").read_text().split()[1]) * PAGE,
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        len(asyncio.all_tasks()),
        used - audit - free,
        (used - audit) * size,
        path.with_name("kalends.db-wal").stat().st_size,
    )


def empty_caches() -> None:
    """Empty the caches of functions: each fills slowly up to its bound (``test_caches``)."""
    for one in gc.get_objects():
        if isinstance(one, _lru_cache_wrapper) and one.cache_parameters()["maxsize"] is not None:
            one.cache_clear()


def _pages(path: Path) -> tuple[int, int, int, int]:
    """Return pages in the file, of the audit log, free; and bytes of a page."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        asked = ("page_count", "freelist_count", "page_size")
        count, free, size = (int(str(connection.pragma(name))) for name in asked)
        [(audit,)] = connection.execute(
            "SELECT count(*) FROM dbstat WHERE name IN ('audit', 'audit_at', 'audit_organization')"
        )
        return count, int(str(audit)), free, size
    finally:
        connection.close()


def furnish(home: Installation, day: int) -> None:
    """Give everybody the bookings of a day, counted from the beginning."""
    for person in home.world.people:
        for number in range(A_DAY):
            booking = a_booking(home.chance, f"{person}-{day}-{number}", BEGIN + day * DAY)
            home.world.calendars[person].put(booking)


def tidy(home: Installation) -> None:
    """Let the world forget what is over, and the boards what they were told."""
    now = home.now()
    for calendar in home.world.calendars.values():
        calendar.tidy(now)
    home.world.forget_ended_by_hand(now)
    for board in home.boards.values():
        board.received.clear()
        board.heard.clear()


def moved(home: Installation) -> str:
    """Let somebody move a booking within its day; return who."""
    person = home.chance.choice(home.world.people)
    calendar = home.world.calendars[person]
    soon = home.now() + 2 * HOUR
    ahead = [uid for uid, one in calendar.bookings.items() if one.start > soon]
    uid = home.chance.choice(ahead)
    start = calendar.bookings[uid].start
    fresh = a_booking(home.chance, uid, start - start % DAY)
    if fresh.start > soon:
        calendar.put(fresh)
    return person


async def a_day(home: Installation, day: int) -> None:
    """Live through one day; at its end the weather is fine and nothing is on its way."""
    end = (day + 1) * DAY - HOUR
    while home.loop.time() < end:
        await asyncio.sleep(home.chance.uniform(MINUTE, 20 * MINUTE))
        what = home.chance.random()
        if what < 0.6:
            home.server.edited(moved(home))
        elif what < 0.8:
            await by_hand(home)
        else:
            home.weather(BAD if what < 0.9 else Faults())
    home.weather(Faults())
    home.server.announce()
    furnish(home, day + AHEAD)
    await asyncio.sleep((day + 1) * DAY - home.loop.time())
    tidy(home)


async def days(home: Installation, count: int) -> AsyncIterator[Held]:
    """Live for some days; yields what is held at the end of each."""
    empty_caches()
    gc.collect()
    before = sys.getallocatedblocks()
    for day in range(AHEAD):
        furnish(home, day)
    await home.start()
    await home.apply()
    for day in range(count):
        await a_day(home, day)
        assert home.wrong() == []
        yield held(home, before)


@dataclass(frozen=True, slots=True)
class Trend:
    """What one figure did after the warm-up."""

    name: str
    before: float
    after: float

    @property
    def drift(self) -> float:
        """Growth as a share of what it was; negative where it shrank."""
        return (self.after - self.before) / max(1.0, self.before)


def trends(found: list[Held], warm: int) -> Iterator[Trend]:
    """Compare the median of the week after the warm-up with that of the last week."""
    for one in fields(Held):
        if one.name == "wal":
            continue  # emptied now and then: bounded, not flat
        values = [getattr(it, one.name) for it in found[warm:]]
        yield Trend(one.name, _median(values[:7]), _median(values[-7:]))


def _median(values: list[int]) -> float:
    return float(sorted(values)[len(values) // 2])
