"""Sessions of the console end, and nothing of those that ended is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kalends.runtime import Runtime
from kalends.web.sessions import IDLE, LONGEST, TOUCH, Sessions


class Clock:
    at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def kept(path: Path) -> list[str]:
    """Return whose sessions stand in the file."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT principal FROM session ORDER BY principal")
        return [principal for (principal,) in rows]
    finally:
        connection.close()


async def opened(path: Path, clock: Clock) -> Sessions:
    sessions = Sessions(path, Runtime(now=clock, inline=True))
    await sessions.open()
    return sessions


async def test_a_session_that_is_not_used_ends_and_one_that_is_goes_on(tmp_path: Path) -> None:
    clock = Clock()
    sessions = await opened(tmp_path / "sessions.db", clock)
    used, idle = await sessions.begin("anna"), await sessions.begin("bo")
    for _ in range(int(IDLE / TOUCH) + 1):
        clock.at += TOUCH
        assert await sessions.find(used) is not None
    assert await sessions.find(idle) is None
    assert kept(tmp_path / "sessions.db") == ["anna"]
    await sessions.close()


async def test_however_much_it_is_used_a_session_ends_after_a_week(tmp_path: Path) -> None:
    clock = Clock()
    sessions = await opened(tmp_path / "sessions.db", clock)
    value, began = await sessions.begin("anna"), clock.at
    while clock.at < began + LONGEST - IDLE / 2:
        clock.at += IDLE / 2
        assert await sessions.find(value) is not None
    clock.at = began + LONGEST
    assert await sessions.find(value) is None
    await sessions.close()


async def test_a_disk_that_is_full_signs_nobody_out_and_keeps_nobody_out(tmp_path: Path) -> None:
    clock = Clock()
    sessions = await opened(tmp_path / "sessions.db", clock)
    before = await sessions.begin("anna")
    assert sessions._file is not None
    sessions._file.execute("PRAGMA query_only = ON")  # every write fails from now on
    clock.at += TOUCH
    assert await sessions.find(before) is not None
    assert await sessions.find(await sessions.begin("bo")) is not None
    clock.at += IDLE
    assert await sessions.find(before) is None
    await sessions.close()


async def test_sessions_nobody_came_back_to_leave_the_file_too(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "sessions.db"
    sessions = await opened(path, clock)
    for person in ("anna", "bo", "cleo"):
        await sessions.begin(person)
    await sessions.close()
    clock.at += IDLE + 1
    sessions = await opened(path, clock)
    await sessions.begin("dora")
    assert kept(path) == ["dora"]
    await sessions.close()
