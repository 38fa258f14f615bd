"""PostgreSQL: a pool, one transaction per unit of work. Place: a ``database.Driver``.

Each transaction takes a role that owns nothing and names its organization, both for itself alone
(``set_config(…, true)``: a session's setting would leak to the pool's next borrower); row-level
security then hides every other organization's rows (``row_security``). Text is sealed under the
day's key (``day_keys``), because dead rows, WAL and backups outlive a delete.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from kalends.errors import Conflict, StoreFailed
from kalends.store.day_keys import DayKeys
from kalends.store.statements import POSTGRESQL, Call, Row, Rows, Statement, Unit

T = TypeVar("T")

CONNECTIONS: Final = 8
TURN_SECONDS: Final = 30.0
"""How long a unit of work waits for one of them, where a server that hangs keeps all."""
_LOST_RACE: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""The transaction is undone; begun anew it does what it would have done later."""
_FAILED: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""All that asyncpg says of a server that refuses, ends, or dies in mid-answer (the last)."""
TRIES: Final = 5
"""Transactions tried for one unit of work before somebody hears of a lost race."""
_BEGIN: Final = """\
SELECT set_config('role', $1, true),
       set_config('kalends.organization', $2, true),
       (SELECT max(day) FROM day_key)"""


class _LostRace(Conflict):
    """A transaction met another one and was undone."""


async def run_call(connection: asyncpg.Connection, call: Call) -> Sequence[Row]:
    """Run one statement, once or once per row."""
    compiled = call.statement.compiled(POSTGRESQL)
    if call.given is not None:
        others = compiled.take({**compiled.constants, **call.rows[0]})
        columns = map(list, zip(*call.given.rows, strict=True))
        status = await connection.execute(compiled.text, *others, *columns)
        return [(int(status.rsplit(" ", 1)[-1]),)]
    rows = [compiled.take(row) for row in compiled.complete(call.rows)]
    if call.how == "rows":
        fetched: Sequence[Row] = await connection.fetch(compiled.text, *rows[0])
        return fetched
    await connection.executemany(compiled.text, rows)
    return []


async def run_unit(connection: asyncpg.Connection, unit: Unit[T]) -> T:
    """Drive a unit of work to its end within the open transaction."""
    rows: Sequence[Row] | None = None
    try:
        while True:
            call = unit.send(rows) if rows is not None else next(unit)
            rows = await run_call(connection, call)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        unit.close()


class PostgresqlDriver:
    """Runs units of work over a pool, as one of the two roles of ``row_security``."""

    def __init__(self, pool: asyncpg.Pool, role: str, days: DayKeys, *, writes: bool) -> None:
        self._pool = pool
        self._role = role
        self._days = days
        self._writes = writes

    async def read(self, scope: str, unit: Unit[T]) -> T:
        """See ``Driver.read``."""
        async with self._transaction(scope, readonly=True) as connection:
            return await run_unit(connection, unit)

    async def write(self, scope: str, unit: Callable[[], Unit[T]]) -> T:
        """See ``Driver.write``."""
        if not self._writes:
            raise TypeError("a reader does not write")
        await self._today()
        for tried in range(1, TRIES + 1):
            try:
                async with self._transaction(scope, readonly=False) as connection:
                    return await run_unit(connection, unit())
            except _LostRace:
                if tried == TRIES:
                    raise
                # Who waits a random while does not meet the same rival again at once.
                await asyncio.sleep(0.01 * random.random() * 2**tried)
        raise AssertionError("the last try returns or raises")

    def days_to_destroy(self) -> list[int]:
        """See ``Driver.days_to_destroy``."""
        return self._days.old()

    async def destroy_day(self, day: int) -> None:
        """See ``Driver.destroy_day``; what is still sealed under it stays closed for ever."""
        async with self._transaction("", readonly=False) as connection:
            await self._days.drop(connection, day)

    def form(self, statement: Statement, rows: Rows) -> None:
        """See ``Driver.form``: rows go as arrays, which cost little."""

    async def truncate(self) -> None:
        """See ``Store.truncate``: nothing to do, destroyed keys close what files still hold."""

    async def integrity(self) -> list[str]:
        """See ``Store.integrity``: PostgreSQL checks its pages itself (``data_checksums``)."""
        async with self._transaction("", readonly=True) as connection:
            [(checksums,)] = await connection.fetch("SHOW data_checksums")
        return [] if checksums in ("on", "off") else [f"data_checksums is {checksums}"]

    async def backup(self, target: Path) -> None:
        """Refuse: PostgreSQL has better means."""
        raise StoreFailed(
            f"{target}: Kalends copies no PostgreSQL. Use pg_basebackup or your provider's backups."
        )

    async def close(self) -> None:
        """See ``Reader.close``."""
        await self._pool.close()

    async def _today(self) -> None:
        if self._days.missing_today():
            async with self._transaction("", readonly=False) as connection:
                await self._days.make_today(connection)

    @asynccontextmanager
    async def _transaction(
        self, scope: str, *, readonly: bool
    ) -> AsyncIterator[asyncpg.Connection]:
        isolation = "repeatable_read" if readonly else "read_committed"
        try:
            async with (
                self._pool.acquire(timeout=TURN_SECONDS) as connection,
                connection.transaction(isolation=isolation, readonly=readonly),
            ):
                [begun] = await connection.fetch(_BEGIN, self._role, scope)
                if self._days.unknown(begun[2]):
                    await self._days.load(connection)
                yield connection
        except _LOST_RACE as error:
            raise _LostRace(f"somebody else wrote meanwhile: {type(error).__name__}") from error
        except asyncpg.UniqueViolationError as error:
            raise Conflict("somebody else wrote the same meanwhile") from error
        except _FAILED as error:
            raise StoreFailed(f"the database failed: {type(error).__name__}") from error
        except asyncio.IncompleteReadError as error:
            raise StoreFailed("the database hung up") from error


async def open_pool(dsn: str) -> Any:
    """Connect. Raises asyncpg's and the system's errors."""
    return await asyncpg.create_pool(
        dsn, min_size=1, max_size=CONNECTIONS, command_timeout=60, timeout=10
    )
