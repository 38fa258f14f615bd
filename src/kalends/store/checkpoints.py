"""Moves what is in the WAL into the database file, beside the writer. Place: under ``sqlite``.

A checkpoint within a commit would hold up the next unit of work: on the hour, when a tenth of an
organization changes in one second, every commit would write its pages twice and wait for the
disk twice. A thread with a connection of its own does it instead, a few seconds after the WAL
has grown (SQLite calls such a checkpoint *passive*: it waits for nobody, nobody waits for it).

After a failed one nothing says what is on the disk; the writer is told, and gives up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import apsw

WAL_PAGES: Final = 4_000
"""Pages in the WAL from which on a checkpoint is worth it."""
DELAY: Final = 3.0
"""Seconds a checkpoint waits, so that a crowded second is over."""


class Checkpoints:
    """Makes checkpoints of one database until closed."""

    def __init__(
        self,
        writer: apsw.Connection,
        connect: Callable[[], apsw.Connection],
        failed: Callable[[apsw.Error], None],
        delay: float = DELAY,
    ) -> None:
        self._connect = connect
        self._failed = failed
        self._delay = delay
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kalends-checkpoint", daemon=True)
        writer.set_wal_hook(self._grown)  # takes the place of wal_autocheckpoint
        self._thread.start()

    def close(self) -> None:
        """End; call before the writer's connection is closed."""
        self._closing.set()
        self._wanted.set()
        self._thread.join()

    def _grown(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        if pages >= WAL_PAGES:
            self._wanted.set()
        return apsw.SQLITE_OK

    def _run(self) -> None:
        connection: apsw.Connection | None = None
        try:
            while self._wanted.wait() and not self._closing.wait(self._delay):
                self._wanted.clear()
                connection = connection or self._connect()
                self._checkpoint(connection)
        except apsw.Error as error:
            self._failed(error)
        finally:
            if connection is not None:
                connection.close()

    def _checkpoint(self, connection: apsw.Connection) -> None:
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except (apsw.BusyError, apsw.FullError):
            self._wanted.set()  # the writer makes one itself, or there is no room: later
