"""A restore is killed between any two of its steps: a whole database is in place all the same."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import apsw
import pytest

from kalends.errors import UserError
from kalends.store import replacing
from kalends.store.replacing import beside, replace

OLD, NEW = "written last, and only in the log", "restored"
STAMP = "20261121T120000Z"
KILLED = 137
LOOKS = ("beside", "_settle_file")
"""Functions of the module that change nothing."""


def database(path: Path, word: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("CREATE TABLE note (word TEXT)")
    connection.execute("INSERT INTO note VALUES (?)", (word,))
    connection.close()


def unfolded(folder: Path) -> Path:
    """Return a database as a killed engine leaves it: its last commit is in the log only."""
    live, lost = folder / "live.db", folder / "k.db"
    database(live, "written before")
    writer = apsw.Connection(str(live))
    writer.execute("PRAGMA journal_mode=WAL").fetchall()
    writer.execute("PRAGMA wal_autocheckpoint=0").fetchall()
    writer.execute("UPDATE note SET word = ?", (OLD,))
    for side in ("", "-wal", "-shm"):
        beside(lost, side).write_bytes(beside(live, side).read_bytes())
    writer.close()
    live.unlink()
    return lost


def word(path: Path) -> str:
    connection = apsw.Connection(str(path))
    try:
        [[whole]] = connection.execute("PRAGMA integrity_check").fetchall()
        assert whole == "ok"
        [[found]] = connection.execute("SELECT word FROM note").fetchall()
        return str(found)
    finally:
        connection.close()


def staged(path: Path) -> Path:
    found = beside(path, ".restoring")
    found.unlink(missing_ok=True)
    database(found, NEW)
    return found


def restored(path: Path) -> None:
    replace(path, staged(path), STAMP, beside(path, ".mark").touch)


def killed_at(step: int, work: Callable[[], None]) -> int:
    """Do the work in a process of its own that dies before the ``step``-th line of the module."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = step

    def traced(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != replacing.__file__ or frame.f_code.co_name in LOOKS:
            return None
        if event == "line":
            left -= 1
            if not left:
                os._exit(KILLED)
        return traced

    sys.settrace(traced)
    try:
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)


def test_killed_between_any_two_steps_a_whole_database_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a killed process loses no written page
    found: list[str] = []
    lost = unfolded(tmp_path)
    for step in range(1, 200):
        folder = tmp_path / str(step)
        folder.mkdir()
        path = folder / lost.name
        for side in ("", "-wal", "-shm"):
            shutil.copyfile(beside(lost, side), beside(path, side))
        ended = killed_at(step, lambda path=path: restored(path))  # type: ignore[misc]  # mypy infers no lambda's default
        if ended == 0:
            break
        assert ended == KILLED
        found.append(word(path))
        assert beside(path, ".mark").exists() or found[-1] == OLD
        restored(path)  # whoever was killed is run again
        assert word(path) == NEW
        kept = [one for one in folder.glob("k.db.replaced-*") if one.suffix[-4:] != "-wal"]
        assert sorted(map(word, kept)) == sorted({OLD, found[-1]}), step
    else:
        raise AssertionError("the work has no end")
    assert set(found) == {OLD, NEW}
    assert found == sorted(found, reverse=True)  # "written …" first: it changes once, at once


def test_what_the_old_one_had_in_its_log_is_kept_and_not_taken_for_the_new_one(
    tmp_path: Path,
) -> None:
    path = unfolded(tmp_path)
    restored(path)
    assert word(path) == NEW
    assert word(tmp_path / f"k.db.replaced-{STAMP}") == OLD


def test_a_log_without_its_database_is_kept_and_not_taken_for_the_new_one(tmp_path: Path) -> None:
    path = unfolded(tmp_path)
    path.unlink()
    restored(path)
    assert word(path) == NEW
    assert (tmp_path / f"k.db.replaced-{STAMP}-wal").stat().st_size


def test_a_database_too_damaged_to_be_opened_is_replaced_and_kept(tmp_path: Path) -> None:
    path = unfolded(tmp_path)
    path.write_bytes(b"no database at all" * 1000)
    log = beside(path, "-wal").read_bytes()
    restored(path)
    assert word(path) == NEW
    kept = tmp_path / f"k.db.replaced-{STAMP}"
    assert kept.read_bytes().startswith(b"no database")
    assert beside(kept, "-wal").read_bytes() == log


def test_two_restores_within_a_second_keep_both(tmp_path: Path) -> None:
    path = unfolded(tmp_path)
    restored(path)
    restored(path)
    assert sorted(map(word, tmp_path.glob("k.db.replaced-*"))) == [NEW, OLD]


def test_who_still_reads_the_database_is_not_robbed_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalends.store.sqlite._SETTINGS", ("PRAGMA busy_timeout=10",))
    path = unfolded(tmp_path)
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM note").fetchall()
    with pytest.raises(UserError, match="still reads"):
        restored(path)
    reader.close()
    assert word(path) == OLD


def test_where_no_links_are_known_the_old_one_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    path = unfolded(tmp_path)
    restored(path)
    kept = tmp_path / f"k.db.replaced-{STAMP}"
    assert (word(path), word(kept), kept.stat().st_mode & 0o777) == (NEW, OLD, 0o600)
