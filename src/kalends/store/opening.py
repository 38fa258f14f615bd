"""Opening a database: settings, schema, roles, and errors an operator can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw
import asyncpg

from kalends.errors import NotYet, UserError
from kalends.runtime import Runtime
from kalends.store import row_security, schema
from kalends.store.day_keys import DayKeys
from kalends.store.postgresql import PostgresqlDriver, open_pool
from kalends.store.sqlite import SqliteDriver, SqliteReader, connect
from kalends.store.statements import POSTGRESQL, SQLITE
from kalends.store.vault import Vault

_ONE_AT_A_TIME: Final = 0x6B616C656E6473  # "kalends": nodes that start together migrate in turn
_MIGRATION_SECONDS: Final = 3_600.0
"""What one statement of a change of schema may take; others have the pool's minute."""
_PATIENT: Final = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
"""A change of schema is made whole or not at all: no time-out of the role's may cut it."""
_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)
"""A server that is down, starts, stops, or lends all its connections to others: it passes."""


async def sqlite_store(path: Path, runtime: Runtime, vfs: str | None = None) -> SqliteDriver:
    """Open (or create) the file for the one writer, schema up to date."""
    connection = await runtime.offload(brought_up_to_date, path, vfs)
    return SqliteDriver(connection, path, inline=runtime.inline, vfs=vfs)


async def sqlite_reader(path: Path, runtime: Runtime) -> SqliteReader:
    """Open the file read-only; its schema must be this program's."""
    await runtime.offload(_check, path)
    return SqliteReader(path, inline=runtime.inline)


async def postgresql_store(dsn: str, vault: Vault, runtime: Runtime) -> PostgresqlDriver:
    """Connect as the engine, schema and security up to date."""
    pool = await _connect(dsn)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
            await _migrate(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        await pool.close()
        raise UserError(f"Not allowed: {error}. {row_security.HOW_TO}") from error
    except BaseException:
        await pool.close()
        raise
    days = DayKeys(vault, runtime)
    return PostgresqlDriver(pool, row_security.ENGINE, days, writes=True)


async def postgresql_reader(dsn: str, vault: Vault, runtime: Runtime) -> PostgresqlDriver:
    """Connect as a reader; the schema must be this program's."""
    pool = await _connect(dsn)
    try:
        async with pool.acquire() as connection:
            schema.check_current(await _version(connection))
    except BaseException:
        await pool.close()
        raise
    days = DayKeys(vault, runtime)
    return PostgresqlDriver(pool, row_security.READER, days, writes=False)


def sqlite_written(path: Path) -> bool:
    """Tell whether something was ever written to a file."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


async def postgresql_written(dsn: str) -> bool:
    """Tell whether a database was ever ours."""
    pool = await _connect(dsn)
    try:
        async with pool.acquire() as connection:
            return await _version(connection) is not None
    finally:
        await pool.close()


def brought_up_to_date(path: Path, vfs: str | None = None) -> apsw.Connection:
    """Open a file to write, its schema this program's; ``UserError`` where that cannot be."""
    try:
        connection = connect(path, vfs=vfs)
    except (apsw.Error, OSError) as error:
        raise _unusable(path, error) from error
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.upgrade(_current(connection), SQLITE):
            connection.execute(statement)
        connection.execute("COMMIT")
    except apsw.CorruptError as error:
        connection.close()
        raise _unusable(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(path: Path, error: apsw.Error | OSError) -> UserError:
    told = f"The database {path} cannot be opened: {error}"
    if isinstance(error, apsw.CorruptError):
        told += ". It is damaged: go on from a copy (`kalends restore`)"
    return UserError(f"{told}.")


def _check(path: Path) -> None:
    if not path.exists():
        raise NotYet(f"There is no database at {path} yet. Start `kalends serve` once.")
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


async def _connect(dsn: str) -> asyncpg.Pool:
    try:
        return await open_pool(dsn)
    except _AWAY as error:
        raise NotYet(
            f"PostgreSQL cannot be reached ({type(error).__name__}). Check that it runs and lends "
            "connections, and host and port in [server] database."
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise UserError(
            f"PostgreSQL lets nobody in ({type(error).__name__}). Check user, password and "
            "database name in [server] database, and pg_hba.conf there."
        ) from error


async def _version(connection: asyncpg.Connection) -> str | None:
    if await connection.fetchval("SELECT to_regclass($1)", schema.VERSION_TABLE) is None:
        return None
    return str(await connection.fetchval(schema.CURRENT_SQL))


async def _migrate(connection: asyncpg.Connection) -> None:
    for (role,) in await connection.fetch(row_security.MISSING_ROLES):
        for statement in row_security.create_role(role):
            await connection.execute(statement)
    wanted = schema.upgrade(await _version(connection), POSTGRESQL)
    if not wanted:
        return
    await connection.execute(_PATIENT)
    open_to_owner = [text for (text,) in await connection.fetch(row_security.OPEN_TO_OWNER)]
    for statement in (*open_to_owner, *wanted, *row_security.protect()):
        await connection.execute(statement, timeout=_MIGRATION_SECONDS)
