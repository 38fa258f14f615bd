"""The truth: units of work over SQLite (embedded) and PostgreSQL. Place: under the engine.

``contract`` says what a store does, in the engine's and the readers' words; ``units`` says how,
once; ``sqlite`` and ``postgresql`` run it; ``database`` joins them. One contract suite
(``tests/contract/store``) runs over both.
"""

from __future__ import annotations

from pathlib import Path

from kalends.errors import NotYet, UserError
from kalends.runtime import Runtime
from kalends.store.contract import Reader, Store
from kalends.store.database import DatabaseReader, DatabaseStore, Driver
from kalends.store.opening import (
    postgresql_reader,
    postgresql_store,
    postgresql_written,
    sqlite_reader,
    sqlite_store,
    sqlite_written,
)
from kalends.store.vault import Vault

__all__ = ["open_keys", "open_reader", "open_store"]


async def open_keys(database: str, path: Path, *, create: bool = False) -> Vault:
    """Return the keys of a database. ``create``: make them for one that nothing was written to.

    Raises ``NotYet`` where the database is not there, ``UserError`` where the keys of what was
    written are not: another key would open nothing of it, and hide that the right one is missing.
    """
    file = _file(database)
    written = await postgresql_written(database) if file is None else sqlite_written(file)
    if not (written or create):
        where = f" at {file}" if file is not None else ""
        raise NotYet(f"There is no database{where} yet. Start `kalends serve` once.")
    return Vault.load(path, create=not written)


async def open_store(database: str, vault: Vault, runtime: Runtime) -> Store:
    """Open the database for the engine, the only writer; brings the schema up to date.

    ``database`` is ``sqlite:///path`` or ``postgresql://…``. Raises ``UserError`` where it cannot
    be opened or was written by a newer Kalends.
    """
    file = _file(database)
    driver: Driver
    if file is not None:
        driver = await sqlite_store(file, runtime)
    else:
        driver = await postgresql_store(database, vault, runtime)
    return DatabaseStore(driver, vault, runtime)


async def open_reader(database: str, vault: Vault, runtime: Runtime) -> Reader:
    """Open the database read-only, beside the engine. Raises ``UserError`` as ``open_store``."""
    file = _file(database)
    driver: Driver
    if file is not None:
        driver = await sqlite_reader(file, runtime)
    else:
        driver = await postgresql_reader(database, vault, runtime)
    return DatabaseReader(driver, vault, runtime)


def _file(database: str) -> Path | None:
    """Return the file of ``sqlite:///path``, None for PostgreSQL; nothing else is a database."""
    if database.startswith("sqlite:///"):
        return Path(database.removeprefix("sqlite:///"))
    if database.startswith(("postgresql://", "postgres://")):
        return None
    raise UserError(
        f"[server] database = {database.split('@')[-1]!r} is neither sqlite:///… nor postgresql://…"
    )
