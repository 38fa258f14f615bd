"""Copies of a database: looked over, put in place, and made fit to go on from.

Place in the flow: ``kalends backup`` and ``kalends restore``, beside the engine or without one. A
copy is of the past. What was told after it was made must not be told again, nor outdone: so a
restored database gives out revisions above all that were given before, forgets what was still to
be sent, tells everybody's present anew, and believes no calendar until it was read again (promise
16; ``units.restoring``). SQLite is copied by Kalends; PostgreSQL's own means copy it and put it
back, and what is put back is made fit all the same.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import apsw

from kalends.errors import UserError
from kalends.runtime import Runtime
from kalends.store import schema
from kalends.store.contract import Reader
from kalends.store.database import EVERY, DatabaseReader
from kalends.store.durable import settle_names
from kalends.store.opening import brought_up_to_date, postgresql_store
from kalends.store.replacing import SIDE_FILES, beside
from kalends.store.sqlite import connect, run_unit
from kalends.store.units import restoring
from kalends.store.vault import Vault

MARK: Final = "kalends.restored"


def examine(path: Path) -> int:
    """Return when a copy was made, UTC seconds; ``UserError`` where it cannot be gone on from."""
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    # SQLite puts them beside whatever it looks at: nobody is to wonder which of three is the copy.
    ours = [side for name in SIDE_FILES if not (side := beside(path, name)).exists()]
    try:
        return _looked_over(path)
    finally:
        for side in ours:
            side.unlink(missing_ok=True)


def _looked_over(path: Path) -> int:
    try:
        connection = connect(path, readonly=True)
        try:
            complaints = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            version = connection.execute(schema.CURRENT_SQL).fetchall()
            made = run_unit(connection, restoring.made_at())
        finally:
            connection.close()
    except apsw.Error as error:
        raise UserError(f"{path} is no database of Kalends: {error}.") from error
    if complaints != ["ok"]:
        raise UserError(f"{path} is damaged ({complaints[0]}). Take another copy.")
    schema.check_known(str(version[0][0]))
    return made


def prepare(path: Path, made: int, now: int) -> None:
    """Make a copy fit to go on from now, an older Kalends' too; all of it, or nothing."""
    connection = brought_up_to_date(path)
    try:
        with connection:
            run_unit(connection, restoring.go_on(made, now))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


async def prepare_postgresql(dsn: str, vault: Vault, runtime: Runtime) -> int:
    """Make a PostgreSQL database that was put back fit to go on from; return when it was copied.

    Brings its schema up to date first. Raises ``UserError`` where that cannot be, ``CannotOpen``
    where the key is not the copy's.
    """
    driver = await postgresql_store(dsn, vault, runtime)
    try:
        await opens(DatabaseReader(driver, vault, runtime))
        made = await driver.read(EVERY, restoring.made_at())
        await driver.write(EVERY, partial(restoring.go_on, made, int(runtime.now())))
        return made
    finally:
        await driver.close()


async def opens(store: Reader) -> None:
    """See that our key opens what is sealed in a copy; ``CannotOpen`` where it does not."""
    for organization in await store.organizations():
        for one in await store.presences(organization, "", 10):
            await store.facts(organization, one.person)


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
