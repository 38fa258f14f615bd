"""The store on SQLite: what a batch costs beside bare SQLite, and opening with many people stored.

Run alone with ``python -m benchmarks.store [PEOPLE]``; a million takes some minutes to fill.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.figure import Figure
from kalends.model.booking import Booking
from kalends.model.presence import Next, Presence, Segment, Timeline, pack
from kalends.model.profile import Profile, pack_profile
from kalends.model.vocabulary import Availability
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import CalendarKey, DuePerson, Evaluated, Lane, Store, shard_of
from kalends.store.sealing import Seals, pack_content
from kalends.store.sqlite import connect, run_call
from kalends.store.statements import Statement, upsert
from kalends.store.tables import calendar, organization, person, plan, shown, state
from kalends.store.vault import Vault

NOW = 1_790_000_000
HOUR = 3600
BATCH = 5_000
BOOKINGS = 20
DEFAULT_PEOPLE = 50_000

MEETING = Presence(
    Availability.BUSY,
    "meeting",
    "work",
    since=NOW,
    until=NOW + HOUR,
    returns_at=NOW + HOUR,
    reachable_at=NOW + HOUR,
    next=Next(NOW + 2 * HOUR, NOW + 3 * HOUR, "meeting", Availability.BUSY),
    booking="dav/default/0",
    rule="show-as:busy",
)


def _bookings() -> tuple[Booking, ...]:
    return tuple(
        Booking(f"{index}@example.com", NOW + index * HOUR, NOW + index * HOUR + 1800, subject="M")
        for index in range(BOOKINGS)
    )


def _timeline() -> Timeline:
    return Timeline(
        tuple(
            Segment(
                NOW + 2 * index * HOUR,
                NOW + (2 * index + 1) * HOUR,
                Availability.BUSY,
                "meeting",
                "work",
                booking=f"dav/default/{index}@example.com",
                rule="show-as:busy",
            )
            for index in range(BOOKINGS)
        )
    )


def _rows(seals: Seals, first: int, last: int) -> Iterator[tuple[dict[str, Any], ...]]:
    packed, future = pack_content(_bookings(), None, None), _timeline()
    for number in range(first, last):
        who = f"p{number:07}"
        one = {"organization": "acme", "person": who}
        key = CalendarKey("acme", who, "dav", "default")
        record = json.dumps({"id": who, "name": "Anna Berg", "emails": [f"{who}@acme.example"]})
        profile = Profile(who, "Anna Berg", "sv", "Europe/Stockholm", "Sales", "1001")
        yield (
            {**one, "managed_by": "file", "version": 1, "record": record.encode()},
            {
                **one,
                "shard": shard_of("acme", who),
                "lane": 0,
                "queued_at": None,
                "next_change_at": NOW,
                "input_version": 1,
                "dirty": False,
                "revision": number + 1,
                "evaluated_at": NOW - HOUR,
                "manual": None,
                "hold": None,
            },
            {**one, "revision": number + 1, "presence": seals.presence("acme", who, MEETING)},
            {
                **one,
                "first_end": NOW + HOUR,
                "profile": pack_profile(profile),
                "timeline": seals.timeline("acme", who, future),
            },
            {
                **one,
                "source": "dav",
                "name": "default",
                "url": "/cal/",
                "cursor": b"1",
                "window_start": NOW,
                "window_end": NOW + 35 * 86_400,
                "read_at": NOW,
                "reconciled_at": NOW,
                "stale_since": None,
                "health": "ok",
                "message": "",
                "remedy": "",
                "failures": 0,
                "skipped": 0,
                "bookings": BOOKINGS,
                "next_probe_at": None,
                "digest": seals.digest(key, packed),
                "first_end": NOW + 1800,
                "content": seals.content(key, packed),
            },
        )


def _fill(path: Path, vault: Vault, people: int) -> None:
    """Write people beneath the store: through it, a million would take half an hour."""
    seals = Seals(vault)
    inserts = [Statement(upsert(table)) for table in (person, state, shown, plan, calendar)]
    connection = connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for first in range(0, people, 20_000):
        columns = zip(*_rows(seals, first, min(people, first + 20_000)), strict=True)
        with connection:
            for insert, rows in zip(inserts, columns, strict=True):
                run_call(connection, insert.each(rows))
    with connection:
        highest = [{"organization": "acme", "revision": people}]
        run_call(connection, Statement(upsert(organization, "revision")).each(highest))
    connection.close()


def _results(people: list[DuePerson], at: int) -> list[Evaluated]:
    return [
        Evaluated(it.organization, it.person, it.input_version, MEETING, at, NOW, True)
        for it in people
    ]


async def _burst(store: Store, batches: int) -> tuple[float, float]:
    """Return seconds spent loading and committing, best of the batches."""
    loads, commits = [], []
    for number in range(batches):
        begun = time.perf_counter()
        due = await store.load_due(lane=Lane.DUE, now=NOW, limit=BATCH)
        loaded = time.perf_counter()
        results = _results(due, NOW + HOUR + number)
        ready = time.perf_counter()
        await store.commit_batch(results, now=NOW)
        loads.append(loaded - begun)
        commits.append(time.perf_counter() - ready)
    return min(loads), min(commits)


def _bare(path: Path, vault: Vault) -> float:
    """The peer: the same rows of the same tables, sealed beforehand, by apsw alone."""
    connection, sealed = connect(path), vault.seal(pack(MEETING), "acme")
    best = float("inf")
    for turn in range(3):
        numbers = [(10**9 + turn * BATCH + number, f"p{number:07}") for number in range(BATCH)]
        values = [(NOW + 2 * HOUR, NOW, number, "acme", who) for number, who in numbers]
        begun = time.perf_counter()
        with connection:
            connection.executemany(
                "UPDATE state SET next_change_at = ?, evaluated_at = ?, revision = ?"
                " WHERE organization = ? AND person = ?",
                values,
            )
            connection.executemany(
                "INSERT INTO shown (organization, revision, person, presence) VALUES (?, ?, ?, ?)",
                [("acme", number, who, sealed) for number, who in numbers],
            )
        best = min(best, time.perf_counter() - begun)
    connection.close()
    return best


async def _measure(people: int) -> list[Figure]:
    assert people >= BATCH, f"a batch is {BATCH:,} people: no fewer can be measured"
    with tempfile.TemporaryDirectory(prefix="kalends-bench") as name:
        directory = Path(name)
        database = f"sqlite:///{directory}/kalends.db"
        vault = Vault({1: os.urandom(32)})
        await (await open_store(database, vault, Runtime())).close()
        _fill(directory / "kalends.db", vault, people)
        before = psutil.Process().memory_info().rss
        begun = time.perf_counter()
        store = await open_store(database, vault, Runtime())
        await store.load_due(lane=Lane.DUE, now=NOW, limit=1000)
        opened = time.perf_counter() - begun
        grown = (psutil.Process().memory_info().rss - before) / (1 << 20)
        load, commit = await _burst(store, min(6, people // BATCH))
        await store.close()
        return _told(people, opened, grown, load, commit, _bare(directory / "kalends.db", vault))


def _told(
    people: int, opened: float, grown: float, load: float, commit: float, bare: float
) -> list[Figure]:
    rate, ratio, stored = BATCH / commit, commit / bare, f"{people:,} people stored"
    milliseconds = load * 1000
    return [
        Figure("commit_batch", round(rate), "rows/s", 40_000, rate >= 40_000),
        Figure("commit_batch beside bare apsw", round(ratio, 1), "times", 5.0, ratio <= 5),
        Figure("load_due of 5,000", round(milliseconds), "ms", 100, milliseconds <= 100),
        Figure(f"open to first load_due, {stored}", round(opened, 2), "s", 2.0, opened <= 2),
        Figure(f"memory of it, {stored}", round(grown), "MiB", 128, grown <= 128),
    ]


def figures(people: int = DEFAULT_PEOPLE) -> list[Figure]:
    """Measure on this machine; one burst per 5,000 people, the best counts."""
    return asyncio.run(_measure(people))


if __name__ == "__main__":
    for figure in figures(int(sys.argv[1]) if sys.argv[1:] else DEFAULT_PEOPLE):
        print(figure)
