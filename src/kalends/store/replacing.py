"""Putting another database in the place of one, whatever moment the machine stops at.

Place in the flow: the last step of ``kalends restore``; nobody else has the database open, which
its caller's locks see to. A database of SQLite is a file and, beside it, a log (``-wal``) that
belongs to it: an older file without its log has lost what was written last, and a newer one beside
an older log is taken for what it is not (sqlite.org/howtocorrupt.html, section 1.4). So the log is
first written into the file; then one file is replaced by another, at once (``rename(2)``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from kalends.errors import UserError
from kalends.store.durable import settle_names
from kalends.store.sqlite import connect

SIDE_FILES: Final = ("-wal", "-shm")


def beside(database: Path, side: str) -> Path:
    """Return a file that SQLite keeps beside a database."""
    return database.with_name(database.name + side)


def replace(database: Path, staged: Path, stamp: str, first: Callable[[], None]) -> None:
    """Put ``staged`` in the place of ``database``, which is kept as ``….replaced-<stamp>``.

    ``staged`` has nothing beside it. At every moment there is a whole database in place, the old
    one or the new one; only where the old one is too damaged to be opened, its log goes before it
    does. ``first`` is done just before the new one can be seen. Raises ``UserError`` where
    somebody still reads the old one.
    """
    _forget_links(database)
    kept = _keep(database, stamp)
    _fold(database)
    _drop_empty(beside(kept, "-wal"))
    _settle_file(staged)
    first()
    for side in SIDE_FILES:  # of no use any more: empty, or kept
        beside(database, side).unlink(missing_ok=True)
    settle_names(database.parent)  # the old log is gone for good before the new file is there
    staged.replace(database)
    settle_names(database.parent)


def _forget_links(database: Path) -> None:
    """Drop the second names a restore gave the database that is still in place: it was killed."""
    if database.exists():
        for other in database.parent.glob(f"{database.name}.replaced-*"):
            if other.samefile(database):
                beside(other, "-wal").unlink(missing_ok=True)
                other.unlink()


def _keep(database: Path, stamp: str) -> Path:
    """Give what is in place a second name, and return it; the first one is not touched."""
    name = f"{database.name}.replaced-{stamp}"
    number = 1
    while any(database.parent.glob(f"{name}*")):
        number += 1
        name = f"{database.name}.replaced-{stamp}-{number}"
    for side in ("", "-wal"):
        old = beside(database, side)
        if old.exists():
            _link(old, database.with_name(name + side))
    settle_names(database.parent)
    return database.with_name(name)


def _fold(database: Path) -> None:
    """Write a database's log into its file, where it can be opened at all.

    Kept before: a log that fits its file badly goes when SQLite closes it.
    """
    if not database.exists():
        return
    with suppress(apsw.Error):  # damaged: that is why it is replaced, and it is kept as it is
        connection = connect(database)
        try:
            [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()
        if busy:
            raise UserError(
                f"Another process still reads {database}. Stop it (`kalends serve`, a copy being "
                "made, a program of yours), then try again."
            )


def _drop_empty(log: Path) -> None:
    """Drop a kept log that was written into its file since."""
    if log.exists() and not log.stat().st_size:
        log.unlink()


def _link(old: Path, new: Path) -> None:
    """Link a file to a second name; copy it where the file system knows no links."""
    try:
        os.link(old, new)
    except OSError:
        new.touch(0o600)
        shutil.copyfile(old, new)
        _settle_file(new)


def _settle_file(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
