"""SQLite: one writer, group commit, readers beside it. Place: a ``database.Driver``.

Units of work wait in a queue; the writer thread takes all that wait, runs each in a savepoint of
one transaction, commits, and only then tells the callers: one fsync serves many
(``synchronous=FULL``: a commit is on disk when it returns). Readers are short snapshots on
connections of their own; only the writing process checkpoints (``checkpoints``).

After a failed write to disk nothing says what is on it: the connection is given up and every
later unit of work is refused until the store is opened again (PostgreSQL's lesson of 2018).
``secure_delete`` overwrites what is deleted; ``truncate`` empties the WAL of it.

With ``inline`` (simulation) there are no threads: everything runs in place.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

import apsw
import msgspec

from kalends.errors import StoreFailed
from kalends.store import spare
from kalends.store.checkpoints import Checkpoints
from kalends.store.durable import settle_names
from kalends.store.statements import SQLITE, Call, Row, Rows, Statement, Unit

T = TypeVar("T")

READERS: Final = 2
GROUP: Final = 256
"""Most units of work in one transaction."""
BUSY_MS: Final = 5_000
BACKUP_PAGES: Final = 1_000
"""Pages copied at once by a backup (a few milliseconds of the disk)."""
_FATAL: Final = (apsw.IOError, apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError)

_SETTINGS: Final = (
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-8192",  # a reader's pages are dropped with every commit of the writer
)
_WRITER_SETTINGS: Final = (
    "PRAGMA cache_size=-65536",  # the pages of a crowded second's batch: none is written twice
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)


def connect(path: Path, *, readonly: bool = False, vfs: str | None = None) -> apsw.Connection:
    """Open a connection with the settings every one of them has."""
    flags = (
        apsw.SQLITE_OPEN_READONLY
        if readonly
        else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    )
    if not readonly and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives WAL and SHM its mode
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=256)
    # Else SQLite plans a statement anew whenever a parameter that it once peeked at is bound:
    # a seventh of the engine's processor time, for the same plans.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for setting in _SETTINGS if readonly else _SETTINGS + _WRITER_SETTINGS:
        connection.execute(setting).fetchall()
    return connection


def run_call(connection: apsw.Connection, call: Call) -> Sequence[Row]:
    """Run one statement, once or once per row."""
    compiled = call.statement.compiled(SQLITE)
    if call.given is not None:
        before = connection.total_changes()
        others = compiled.take({**compiled.constants, **call.rows[0]})
        rows = call.given.form or _document(call.given.rows, compiled.binary)
        connection.execute(compiled.text, (*rows, *others)).fetchall()
        return [(connection.total_changes() - before,)]
    if call.how == "each":
        each = map(compiled.take, compiled.complete(call.rows))
        connection.executemany(compiled.text, each).fetchall()
        return []
    values = compiled.take({**compiled.constants, **call.rows[0]})
    if any(isinstance(value, list) for value in values):  # see statements.AnyOf
        values = tuple(json.dumps(it) if isinstance(it, list) else it for it in values)
    return connection.execute(compiled.text, values).fetchall()


def _document(rows: Sequence[Row], binary: Sequence[int]) -> tuple[str] | tuple[str, bytes]:
    """Return rows as one JSON document, and what they hold of bytes (see ``statements``)."""
    if not binary:
        return (msgspec.json.encode(rows).decode(),)
    taken, pieces, at = [], [], 1  # SQLite counts bytes from one
    last_first = tuple(reversed(binary))
    for row in rows:
        values = list(row)
        for place in last_first:
            value = values[place]
            if value is None:
                values[place : place + 1] = (None, None)
            else:
                values[place : place + 1] = (at, len(value))
                at += len(value)
                pieces.append(value)
        taken.append(values)
    return msgspec.json.encode(taken).decode(), b"".join(pieces)


def run_unit(connection: apsw.Connection, unit: Unit[T]) -> T:
    """Drive a unit of work to its end within the open transaction."""
    rows: Sequence[Row] | None = None
    try:
        while True:
            rows = run_call(connection, unit.send(rows) if rows is not None else next(unit))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        unit.close()


@dataclass(slots=True)
class _Job(Generic[T]):
    """A unit of work with the future its caller awaits."""

    work: Callable[[apsw.Connection], T]
    alone: bool
    """Not to be run within a transaction (checkpoint, backup)."""
    future: asyncio.Future[T] | None
    result: T | None = None
    error: BaseException | None = None


class SqliteReader:
    """Reads on a small pool of connections; refuses to write."""

    def __init__(self, path: Path, *, inline: bool, vfs: str | None = None) -> None:
        self._path = path
        self._inline = inline
        self._vfs = vfs
        self._connections: list[apsw.Connection] = []
        self._local = threading.local()
        self._pool = None if inline else ThreadPoolExecutor(READERS, "kalends-read")

    async def read(self, scope: str, unit: Unit[T]) -> T:
        """See ``Driver.read``. Statements carry their organization; ``scope`` needs no more."""
        del scope
        if self._pool is None:
            return self._read(unit)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, unit)

    def _read(self, unit: Unit[T]) -> T:
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            return run_unit(connection, unit)
        finally:
            connection.execute("ROLLBACK")

    def _connection(self) -> apsw.Connection:
        found: apsw.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = connect(self._path, readonly=True, vfs=self._vfs)
            self._connections.append(found)
        return found

    async def write(self, scope: str, unit: Callable[[], Unit[T]]) -> T:
        """Refuse: a reader does not write."""
        raise TypeError("a reader does not write")

    def form(self, statement: Statement, rows: Rows) -> None:
        """See ``Driver.form``."""
        rows.formed(_document(rows.rows, statement.compiled(SQLITE).binary))

    async def truncate(self) -> None:
        """Refuse: only the writer checkpoints."""
        raise TypeError("a reader does not write")

    async def integrity(self) -> list[str]:
        """See ``Store.integrity``."""
        if self._pool is None:
            return self._integrity()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._integrity)

    def _integrity(self) -> list[str]:
        rows = self._connection().execute("PRAGMA integrity_check").fetchall()
        return [str(text) for (text,) in rows if text != "ok"]

    async def backup(self, target: Path) -> None:
        """Refuse: the engine makes backups."""
        raise TypeError("a reader does not write")

    def days_to_destroy(self) -> list[int]:
        """See ``Driver.days_to_destroy``: what is deleted here is overwritten, one key will do."""
        return []

    async def destroy_day(self, day: int) -> None:
        """Refuse: there are no day keys here."""
        raise TypeError("SQLite needs no day keys")

    async def close(self) -> None:
        """Let go of the database."""
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown)
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()


class SqliteDriver(SqliteReader):
    """The writer, with readers of its own."""

    def __init__(
        self, connection: apsw.Connection, path: Path, *, inline: bool, vfs: str | None = None
    ) -> None:
        super().__init__(path, inline=inline, vfs=vfs)
        self._writer = connection
        self._failed: BaseException | None = None
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._checkpoints: Checkpoints | None = None
        self._spare = spare.Spare(connection)
        self._copying = asyncio.Lock()
        """Held by a backup, and by what would have to wait for one in the writer's thread."""
        if not inline:
            self._checkpoints = Checkpoints(connection, self._another, self._distrust)
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._serve, name="kalends-write", daemon=True)
            self._thread.start()

    async def write(self, scope: str, unit: Callable[[], Unit[T]]) -> T:
        """See ``Driver.write``."""
        del scope
        return await self._submit(lambda connection: run_unit(connection, unit()), alone=False)

    async def truncate(self) -> None:
        """See ``Store.truncate``. Waits for readers at most ``BUSY_MS``, for a backup to its end.

        A backup reads for seconds: a checkpoint that waited for it would hold up every writer.
        """
        async with self._copying:
            await self._submit(_checkpoint, alone=True)

    async def backup(self, target: Path) -> None:
        """See ``Store.backup``: of what is stored now, while others go on writing."""
        async with self._copying:
            if self._thread is None:
                self._copy(target)
            else:
                await asyncio.to_thread(self._copy, target)

    def _copy(self, target: Path) -> None:
        connection = connect(self._path, readonly=True, vfs=self._vfs)
        try:
            backup_to(target, connection)
        finally:
            connection.close()

    async def close(self) -> None:
        """Finish what waits, then let go of the database."""
        await super().close()
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        if self._checkpoints is not None:
            await asyncio.to_thread(self._checkpoints.close)
        self._writer.close()

    def _another(self) -> apsw.Connection:
        return connect(self._path, vfs=self._vfs)

    def _distrust(self, error: apsw.Error) -> None:
        """A checkpoint failed: what the disk holds is not known any more."""
        self._failed = error

    async def _submit(self, work: Callable[[apsw.Connection], T], *, alone: bool) -> T:
        if self._thread is None:
            job = _Job(work, alone, None)
            self._commit([job])
            if job.error is not None:
                raise job.error
            return job.result  # type: ignore[return-value]  # set where there is no error
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(work, alone, future))
        return await future

    def _serve(self) -> None:
        stop = False
        while not stop:
            jobs: list[_Job[Any]] = []
            job = self._next()
            while job is not None:
                jobs.append(job)
                if job.alone or len(jobs) == GROUP or self._queue.empty():
                    break
                job = self._queue.get()
            stop = job is None
            self._commit(jobs)
            self._tell(jobs)

    def _next(self) -> _Job[Any] | None:
        """Wait for a job; nobody waits for the memory that is given back before."""
        while True:
            if self._queue.empty():
                self._spare.give_back()
            with suppress(Empty):
                return self._queue.get(timeout=spare.EVERY)

    def _tell(self, jobs: list[_Job[Any]]) -> None:
        try:
            self._loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        """Run jobs; those in a transaction share one commit."""
        together = [job for job in jobs if not job.alone]
        if self._failed is None and together:
            self._transaction(together)
        for job in jobs:
            if self._failed is not None and job.error is None:
                job.error = _refusal(self._failed)
            elif job.alone:
                self._alone(job)

    def _transaction(self, jobs: Sequence[_Job[Any]]) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._savepoint(job)
            self._writer.execute("COMMIT")
        except apsw.Error as error:
            self._give_up(jobs, error)

    def _savepoint(self, job: _Job[Any]) -> None:
        self._writer.execute("SAVEPOINT unit")
        try:
            job.result = job.work(self._writer)
        except (apsw.FullError, *_FATAL):
            raise  # SQLite has rolled the whole transaction back, or must not be trusted
        except BaseException as error:
            job.error = error
            self._writer.execute("ROLLBACK TO unit")
        self._writer.execute("RELEASE unit")

    def _give_up(self, jobs: Sequence[_Job[Any]], error: apsw.Error) -> None:
        for job in jobs:
            job.error = job.error or _refusal(error)
        if isinstance(error, _FATAL):
            self._failed = error
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except apsw.Error as second:
            self._failed = second

    def _alone(self, job: _Job[Any]) -> None:
        try:
            job.result = job.work(self._writer)
        except _FATAL as error:
            self._failed = error
            job.error = _refusal(error)
        except BaseException as error:
            job.error = error


def _resolve(jobs: Sequence[_Job[Any]]) -> None:
    for job in jobs:
        if job.future is None or job.future.done():
            continue  # its caller was cancelled; the work is done all the same
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _refusal(error: BaseException) -> StoreFailed:
    refused = StoreFailed(f"the database cannot be written: {error}")
    refused.__cause__ = error
    return refused


def _checkpoint(connection: apsw.Connection) -> None:
    [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if busy:
        raise StoreFailed("a reader kept the WAL from being truncated: try again")


def backup_to(target: Path, connection: apsw.Connection) -> None:
    """Write a copy of one moment; others may go on writing. Raises ``StoreFailed``.

    The open transaction is what holds the moment: without one SQLite would begin the copy anew
    after every commit of somebody else's, and never come to its end.
    """
    beside = target.with_name(target.name + ".partial")
    beside.unlink(missing_ok=True)
    try:
        os.close(os.open(beside, os.O_CREAT | os.O_RDWR, 0o600))
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        copy = apsw.Connection(str(beside))
        try:
            with copy.backup("main", connection, "main") as backup:
                while not backup.done:
                    backup.step(BACKUP_PAGES)
        finally:
            copy.close()
        beside.replace(target)
        settle_names(target.parent)
    except (apsw.Error, OSError) as error:
        beside.unlink(missing_ok=True)
        raise StoreFailed(f"the backup {target} could not be written: {error}") from error
