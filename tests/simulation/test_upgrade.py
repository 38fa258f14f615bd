"""Promise 17: a new version takes over a database in use, an old one refuses it, and the way back.

There is no released version yet, so the *old* database here is today's, written back into the first
schema table by table: it shows that data and traffic pass every change of the schema unharmed, that
a program that knows less keeps its hands off, and that a copy made before the change is gone on
from. Once there are releases, the released program itself has to write the old database.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from kalends.errors import UserError
from kalends.store import migrating, schema
from kalends.store.copies import examine, mark, prepare
from kalends.store.sqlite import connect
from kalends.store.statements import SQLITE
from tests.simulation.scenario import Installation
from tests.simulation.storm import heal, in_order, live, nothing_lost, simulated
from tests.simulation.virtual import BEGIN
from tests.simulation.world import DAY, fill

FIRST = "0001"


@contextmanager
def old_version() -> Iterator[None]:
    """Let the program know the first schema alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "VERSIONS", (FIRST,))
        patch.setattr(schema, "HEAD", FIRST)
        yield


def put_into_first_schema(path: Path) -> None:
    """Write a database anew as the first version had it; what it had no place for is left out."""
    made = path.with_name("first.db")
    connection = connect(made)
    for statement in migrating.statements(None, FIRST, schema.VERSION_TABLE, SQLITE):
        connection.execute(statement)
    connection.execute("ATTACH ? AS today", (str(path),))
    for (found,) in connection.execute(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ).fetchall():
        table = str(found)
        if table != schema.VERSION_TABLE:
            names = ", ".join(
                _columns(connection, "main", table) & _columns(connection, "today", table)
            )
            connection.execute(
                f"INSERT INTO main.{table} ({names}) SELECT {names} FROM today.{table}"
            )
    connection.execute(
        "UPDATE state SET presence = (SELECT presence FROM today.shown AS shown WHERE"
        " shown.organization = state.organization AND shown.revision = state.revision)"
    )
    connection.close()
    for side in path.parent.glob(f"{path.name}*"):
        side.unlink()
    made.rename(path)


def _columns(connection: apsw.Connection, schema: str, table: str) -> set[str]:
    found = connection.execute(f"PRAGMA {schema}.table_info({table})").fetchall()
    return {str(row[1]) for row in found}


def version(home: Installation) -> str:
    """Return the schema a database has."""
    path = home.directory / "kalends.db"
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return str(connection.execute(schema.CURRENT_SQL).fetchall()[0][0])
    finally:
        connection.close()


async def traffic(home: Installation, until: float) -> None:
    """Let people edit and things go wrong, kills included, up to a virtual moment."""
    watching = asyncio.create_task(home.supervise())
    try:
        await live(home, until, crashes=0.1, steps=False)
        await heal(home)
    finally:
        watching.cancel()


async def sound(home: Installation) -> None:
    """Promise 1 holds."""
    assert home.wrong() == []
    await nothing_lost(home)
    in_order(home)
    assert home.plain is not None
    assert await home.plain.integrity() == []


def test_promise_17_upgraded_in_the_middle_of_traffic_nothing_is_lost() -> None:
    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, 2)
        await home.start()
        await home.apply()
        await traffic(home, 0.25 * DAY)
        await sound(home)
        await home.die()
        put_into_first_schema(home.directory / "kalends.db")
        assert version(home) == FIRST
        await home.start()
        assert version(home) == schema.HEAD != FIRST
        await traffic(home, 0.5 * DAY)
        await sound(home)

    simulated(17, story, people=10)


def test_promise_17_an_older_version_refuses_and_the_copy_made_before_is_the_way_back(
    tmp_path: Path,
) -> None:
    async def story(home: Installation) -> None:
        copy = tmp_path / "before-the-upgrade.db"
        fill(home.world, home.chance, BEGIN, 2)
        await home.start()
        await home.apply()
        await traffic(home, 0.2 * DAY)
        assert home.plain is not None
        await home.plain.backup(copy)
        put_into_first_schema(copy)
        known = dict(home.world.by_hand)
        await traffic(home, 0.3 * DAY)
        await home.die()
        before = (home.directory / "kalends.db").read_bytes()
        with old_version(), pytest.raises(UserError, match="newer"):
            await home.start()
        assert (home.directory / "kalends.db").read_bytes() == before
        put_back(copy, home.directory)
        home.world.by_hand = known  # what was set by hand since is lost, as the guide says
        await home.start()
        await traffic(home, 0.5 * DAY)
        await sound(home)

    simulated(18, story, people=10)


def put_back(copy: Path, directory: Path) -> None:
    """Do what ``kalends restore`` does."""
    for side in directory.glob("kalends.db*"):
        side.unlink()
    shutil.copy(copy, directory / "kalends.db")
    prepare(directory / "kalends.db", examine(copy), int(BEGIN + DAY))
    mark(directory)
