"""Opening a SQLite database: settings, schema, and errors an operator can act on."""

from __future__ import annotations

from pathlib import Path

import apsw

from kalends.errors import UserError
from kalends.runtime import Runtime
from kalends.store import schema
from kalends.store.sqlite import SqliteDriver, SqliteReader, connect
from kalends.store.statements import SQLITE


async def sqlite_store(path: Path, runtime: Runtime, vfs: str | None = None) -> SqliteDriver:
    """Open (or create) the file for the one writer, schema up to date."""
    connection = await runtime.offload(_open, path, vfs)
    return SqliteDriver(connection, path, inline=runtime.inline, vfs=vfs)


async def sqlite_reader(path: Path, runtime: Runtime) -> SqliteReader:
    """Open the file read-only; its schema must be this program's."""
    await runtime.offload(_check, path)
    return SqliteReader(path, inline=runtime.inline)


def _open(path: Path, vfs: str | None) -> apsw.Connection:
    try:
        connection = connect(path, vfs=vfs)
    except (apsw.Error, OSError) as error:
        raise UserError(f"The database {path} cannot be opened: {error}") from error
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.upgrade(_current(connection), SQLITE):
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(path: Path) -> None:
    if not path.exists():
        raise UserError(f"There is no database at {path} yet. Start `kalends serve` once.")
    try:
        connection = connect(path, readonly=True)
        current = _current(connection)
    except apsw.Error as error:
        raise UserError(f"The database {path} cannot be opened: {error}") from error
    connection.close()
    schema.check_current(current)


def _current(connection: apsw.Connection) -> str | None:
    try:
        rows = connection.execute(schema.CURRENT_SQL).fetchall()
    except apsw.SQLError:
        return None  # no such table: an empty database
    return str(rows[0][0]) if rows else None
