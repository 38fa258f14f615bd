"""A million people with twenty bookings each: how soon ``kalends serve`` works, and its memory.

The database is written beneath the store; then the real processes are started on it, by the
command an operator gives. *First due tick*: somebody whose boundary has passed is evaluated and
stored, as another process sees it in the database. Memory is the proportional set size of all
processes together, at that moment and once everything has settled (every calendar of the source
taken up, every person looked after).

Run with ``python -m benchmarks.million [PEOPLE] [DIRECTORY]``; a database that is already in the
directory is used again, for it takes minutes to write.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import apsw
import msgspec
import psutil

from benchmarks.crowd import ACME, BOOKINGS, HOUR, PAGE, REVISIONS, timeline
from benchmarks.figure import Figure
from kalends import observe
from kalends.bus.commands import Apply
from kalends.bus.memory import MemoryHub
from kalends.config import load
from kalends.endpoints.kind import Services
from kalends.engine.engine import Engine
from kalends.model.booking import Booking
from kalends.model.person import PersonRecord
from kalends.model.presence import Next, Presence
from kalends.model.profile import Profile, pack_profile
from kalends.model.vocabulary import Availability
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import CalendarKey, shard_of
from kalends.store.sealing import Seals, pack_content
from kalends.store.sqlite import connect, run_call
from kalends.store.statements import Statement, upsert
from kalends.store.tables import calendar, email, organization, person, plan, shown, state
from kalends.store.vault import Vault

DEADLINE = 300.0
SETTLED = 20.0
"""Seconds without growth after which memory counts as settled."""

CONFIGURATION = """
[server]
database = "sqlite:///{directory}/kalends.db"
http = "127.0.0.1:{port}"
log_level = "warning"

[[organizations]]
id = "acme"
name = "Acme AB"
timezone = "Europe/Stockholm"
language = "sv"

[[organizations.sources]]
id = "files"
kind = "ics"
uploads = true
"""


def _configure(directory: Path) -> Path:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = directory / "kalends.toml"
    path.write_text(CONFIGURATION.format(directory=directory, port=port), "utf-8")
    return path


def _bookings(first: int) -> tuple[Booking, ...]:
    return tuple(
        Booking(
            f"{index}@example.com", first + 2 * index * HOUR, first + (2 * index + 1) * HOUR,
            subject="Meeting",
        )
        for index in range(BOOKINGS)
    )  # fmt: skip


def _rows(
    seals: Seals, anybody: Profile, first: int, last: int, now: int
) -> Iterator[tuple[dict[str, Any], ...]]:
    """Everybody's next boundary lies ahead, spread over ten hours; p0000000's has passed."""
    for number in range(first, last):
        who = f"p{number:07}"
        one = {"organization": ACME, "person": who}
        begin = now + HOUR + number * 7_919 % 36_000 if number else now - 60
        presence = Presence(
            since=now - HOUR, until=begin,
            next=Next(begin, begin + HOUR, "meeting", Availability.BUSY),
        )  # fmt: skip
        address = f"{who}@acme.example"
        record = json.dumps({"id": who, "name": "Anna Berg", "emails": [address]})
        profile = msgspec.structs.replace(anybody, person=who, email=address)
        key = CalendarKey(ACME, who, "files", "default")
        packed = pack_content(_bookings(begin), None, None)
        yield (
            {**one, "managed_by": "api", "version": 1, "record": record.encode()},
            {**one, "email": address},
            {
                **one, "shard": shard_of(ACME, who), "lane": 0, "queued_at": None,
                "next_change_at": begin, "input_version": 1, "dirty": False,
                "revision": number * 7_919 % REVISIONS + 1, "evaluated_at": now - HOUR,
                "manual": None, "hold": None,
            },
            {
                **one, "revision": number * 7_919 % REVISIONS + 1,
                "presence": seals.presence(ACME, who, presence),
            },
            {
                **one, "first_end": begin + HOUR, "profile": pack_profile(profile),
                "timeline": seals.timeline(ACME, who, timeline(begin, "files")),
            },
            {
                **one, "source": "files", "name": "default", "url": None, "cursor": b"1",
                "window_start": now, "window_end": now + 35 * 86_400, "read_at": now,
                "reconciled_at": now, "stale_since": None, "health": "ok", "message": "",
                "remedy": "", "failures": 0, "skipped": 0, "bookings": BOOKINGS,
                "next_probe_at": None, "digest": seals.digest(key, packed),
                "first_end": begin + HOUR, "content": seals.content(key, packed),
            },
        )  # fmt: skip


def _fill(path: Path, vault: Vault, anybody: Profile, people: int) -> None:
    """Write people beneath the store: through it, a million would take half an hour."""
    seals, now = Seals(vault), int(time.time())
    inserts = [Statement(upsert(table)) for table in (person, email, state, shown, plan, calendar)]
    connection = connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for first in range(0, people, PAGE):
        columns = zip(*_rows(seals, anybody, first, min(people, first + PAGE), now), strict=True)
        with connection:
            for insert, rows in zip(inserts, columns, strict=True):
                run_call(connection, insert.each(rows))
    with connection:
        highest = [{"organization": ACME, "revision": REVISIONS}]
        run_call(connection, Statement(upsert(organization, "revision")).each(highest))
    connection.close()


async def _prepare(directory: Path, vault: Vault) -> Profile:
    """Store the organization as a first start would; return the profile it gives to people."""
    runtime, bus = Runtime(), MemoryHub().bus()
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, runtime)
    engine = Engine(store, bus, runtime, Services(runtime, cast("Any", None), bus))
    configured = load(_configure(directory)).organizations
    documents = [one.model_dump(mode="json") for one in configured]
    answer = await engine.handle(Apply(organization="*", actor="file", organizations=documents))
    assert answer.ok, answer.message
    tenant = engine.core.tenants.get(ACME)
    assert tenant is not None
    await engine.stop()
    await store.close()
    return tenant.profile(
        PersonRecord(id="anybody", name="Anna Berg", emails=[f"anybody@{ACME}.example"])
    )


def build(directory: Path, people: int) -> None:
    """Write the database and its key."""
    key = os.urandom(32)
    (directory / "kalends.key").write_text(f"1:{b64encode(key).decode()}\n", "ascii")
    (directory / "kalends.key").chmod(0o600)
    vault = Vault({1: key})
    anybody = asyncio.run(_prepare(directory, vault))
    _fill(directory / "kalends.db", vault, anybody, people)


class Serving:
    """The real processes."""

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-m", "kalends", "serve", "--config", str(_configure(directory))]
        self.begun = time.monotonic()
        with (directory / "kalends.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def busy(self) -> float:
        """Return the processor seconds of all processes together."""
        root = psutil.Process(self._process.pid)
        times = [it.cpu_times() for it in (root, *root.children(recursive=True))]
        return sum(it.user + it.system for it in times)

    def memory(self) -> float:
        """Return the memory of all processes together, in MiB; what they share counts once."""
        root = psutil.Process(self._process.pid)
        found = [root, *root.children(recursive=True)]
        return sum(it.memory_full_info().pss for it in found) / (1 << 20)

    def told(self) -> str:
        """Return each process with its memory."""
        root = psutil.Process(self._process.pid)
        found = [root, *root.children(recursive=True)]
        return ", ".join(
            f"{' '.join(it.cmdline()[-3:-2]) or it.name()} {it.memory_full_info().pss >> 20}"
            for it in found
        )

    def stop(self) -> None:
        """End them in order."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


def _await_tick(directory: Path, serving: Serving, now: int) -> float:
    """Wait until p0000000 was evaluated; return the seconds since the start."""
    reader = apsw.Connection(str(directory / "kalends.db"), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("PRAGMA busy_timeout=5000").fetchall()
    asked = "SELECT evaluated_at FROM state WHERE organization = ? AND person = ?"
    try:
        while (elapsed := time.monotonic() - serving.begun) < DEADLINE:
            [row] = reader.execute(asked, (ACME, "p0000000")).fetchall()
            if int(str(row[0])) >= now:
                return elapsed
            time.sleep(0.02)
    finally:
        reader.close()
    raise AssertionError(f"no due tick within {DEADLINE} s")


def _await_rest(serving: Serving) -> float:
    """Wait until memory grows no more; return the most there was."""
    most, since = serving.memory(), time.monotonic()
    begun = since
    while time.monotonic() - since < SETTLED and time.monotonic() - begun < DEADLINE:
        time.sleep(1.0)
        if (found := serving.memory()) > most * 1.01:
            most, since = found, time.monotonic()
    return most


def _due_again(directory: Path, now: int) -> None:
    """Make p0000000's boundary one that has passed, also in a database that was used before."""
    connection = connect(directory / "kalends.db")
    with connection:
        connection.execute(
            "UPDATE state SET next_change_at = ?, evaluated_at = ?"
            " WHERE organization = ? AND person = ?",
            (now - 60, now - HOUR, ACME, "p0000000"),
        )
    connection.close()


def measure(directory: Path, people: int) -> tuple[float, float, float, float]:
    """Return seconds to the first due tick, processor seconds of it, MiB then, MiB settled."""
    observe.configure("error")
    if not (directory / "kalends.db").exists():
        build(directory, people)
    now = int(time.time())
    _due_again(directory, now)
    serving = Serving(directory)
    try:
        seconds = _await_tick(directory, serving, now)
        busy, first = serving.busy(), serving.memory()
        settled = _await_rest(serving)
        print(serving.told())
        return seconds, busy, first, settled
    finally:
        serving.stop()


def figures(people: int = 1_000_000, directory: Path | None = None) -> list[Figure]:
    """Measure on this machine."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="kalends-bench") as name:
            return figures(people, Path(name))
    directory.mkdir(parents=True, exist_ok=True)
    seconds, busy, first, settled = measure(directory, people)
    name = f"{people:,} people with {BOOKINGS} bookings each"
    return [
        Figure(f"{name}: start to first due tick", round(seconds, 1), "s", 10.0, seconds <= 10),
        Figure(f"{name}: processor time of it", round(busy, 1), "s", 10.0, busy <= 10),
        Figure(f"{name}: all processes then", round(first), "MiB", 1024, first <= 1024),
        Figure(f"{name}: all processes settled", round(settled), "MiB", 1024, settled <= 1024),
    ]


if __name__ == "__main__":
    asked = sys.argv[1:]
    for figure in figures(
        int(asked[0]) if asked else 1_000_000, Path(asked[1]).resolve() if asked[1:] else None
    ):
        print(figure)
