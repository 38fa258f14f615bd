"""Copies of an SQLite database: looked over, put in place, and made fit to go on from.

Place in the flow: ``kalends backup`` and ``kalends restore``, beside the engine or without one. A
copy is of the past. What was told after it was made must not be told again, nor outdone: so a
restored database gives out revisions above all that were given before, forgets what was still to
be sent, tells everybody's present anew, and believes no calendar until it was read again (promise
16).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from kalends.errors import UserError
from kalends.store import schema
from kalends.store.durable import settle_names
from kalends.store.sqlite import connect

JUMP: Final = 1_000_000_000
"""Revisions skipped by a restore: nobody gives out so many between two backups."""
RESTORED: Final = "restored"
"""Health of a calendar that was not tried since the restore."""
MARK: Final = "kalends.restored"
SIDE_FILES: Final = ("-wal", "-shm")

_FIT_TO_GO_ON: Final = (
    "UPDATE organization SET revision = revision + :jump",
    "UPDATE state SET revision = revision + :jump WHERE revision > 0",
    "DELETE FROM transition",
    "DELETE FROM sink",
    "UPDATE sink_row SET digest = NULL, failures = 0",
    "UPDATE calendar SET cursor = NULL, read_at = NULL, failures = 0, next_probe_at = NULL, "
    "health = :restored, message = '', remedy = '', stale_since = coalesce(stale_since, :made)",
    "UPDATE lease SET until = 0",
)
_MADE_AT: Final = (
    "SELECT max(coalesce((SELECT max(read_at) FROM calendar), 0), "
    "coalesce((SELECT max(evaluated_at) FROM state), 0))"
)


def examine(path: Path) -> int:
    """Return when a copy was made, UTC seconds; ``UserError`` where it cannot be gone on from."""
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        connection = connect(path, readonly=True)
        try:
            complaints = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            version = connection.execute(schema.CURRENT_SQL).fetchall()
            made = int(str(connection.execute(_MADE_AT).fetchall()[0][0]))
        finally:
            connection.close()
    except apsw.Error as error:
        raise UserError(f"{path} is no database of Kalends: {error}.") from error
    if complaints != ["ok"]:
        raise UserError(f"{path} is damaged ({complaints[0]}). Take another copy.")
    schema.check_known(str(version[0][0]))
    return made


def prepare(path: Path, made: int) -> None:
    """Make a copy fit to go on from; all of it, or nothing."""
    connection = connect(path)
    try:
        values = {"jump": JUMP, "restored": RESTORED, "made": made}
        with connection:
            for statement in _FIT_TO_GO_ON:
                connection.execute(statement, values)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


def mark(directory: Path) -> None:
    """Note beside the database that it was restored: the engine holds its sinks back at first."""
    (directory / MARK).touch(mode=0o600)
    settle_names(directory)


def marked(directory: Path) -> bool:
    """Tell whether the database was restored and not everything was read again since."""
    return (directory / MARK).exists()


def unmark(directory: Path) -> None:
    """Note that everything was read again."""
    (directory / MARK).unlink(missing_ok=True)
