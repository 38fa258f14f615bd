"""Promise 17: a new version takes over a database in use, an old one refuses it, and the way back.

Kalends has one released schema and one change of it, so the *old* version here is today's code with
the first schema alone: it shows that data and traffic pass the change unharmed, and that an older
program keeps its hands off. Once a release changes what a column means, the released program itself
has to be run here in its stead.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import apsw
import pytest
from alembic.script import ScriptDirectory

from kalends.errors import UserError
from kalends.store import migrations, schema
from kalends.store.copies import examine, mark, prepare
from tests.simulation.scenario import Installation
from tests.simulation.test_promises import heal, in_order, live, nothing_lost, simulated
from tests.simulation.virtual import BEGIN
from tests.simulation.world import DAY, fill


@pytest.fixture
def first(tmp_path: Path) -> ScriptDirectory:
    """The migrations as the first version had them."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    text = files(migrations).joinpath("versions", "0001_first.py").read_text("utf-8")
    (versions / "0001_first.py").write_text(text, "utf-8")
    return ScriptDirectory(str(versions.parent))


@contextmanager
def old_version(first: ScriptDirectory) -> Iterator[None]:
    """Let the program know the first schema alone."""
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(schema, "HEAD"):
            patch.setattr(schema, "VERSIONS", ("0001",))
            patch.setattr(schema, "HEAD", "0001")
        else:
            patch.setattr(schema, "_scripts", lambda: first)
        yield


def newest() -> str:
    """Return the schema of this version."""
    scripts = files(migrations).joinpath("versions").iterdir()
    return max(it.name for it in scripts if it.name[:1].isdigit())[:4]


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


def test_promise_17_upgraded_in_the_middle_of_traffic_nothing_is_lost(
    first: ScriptDirectory,
) -> None:
    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, 2)
        with old_version(first):
            await home.start()
            await home.apply()
            await traffic(home, 0.25 * DAY)
            await sound(home)
            await home.die()
        assert version(home) == "0001"
        await home.start()
        assert version(home) == newest() != "0001"
        await traffic(home, 0.5 * DAY)
        await sound(home)

    simulated(17, story, people=10)


def test_promise_17_an_older_version_refuses_and_the_copy_made_before_is_the_way_back(
    first: ScriptDirectory, tmp_path: Path
) -> None:
    async def story(home: Installation) -> None:
        copy = tmp_path / "before-the-upgrade.db"
        fill(home.world, home.chance, BEGIN, 2)
        with old_version(first):
            await home.start()
            await home.apply()
            await traffic(home, 0.2 * DAY)
            assert home.plain is not None
            await home.plain.backup(copy)
            known = dict(home.world.by_hand)
            await home.die()
        await home.start()
        await traffic(home, 0.3 * DAY)
        await home.die()
        with old_version(first):
            before = (home.directory / "kalends.db").read_bytes()
            with pytest.raises(UserError, match="newer"):
                await home.start()
            assert (home.directory / "kalends.db").read_bytes() == before
            put_back(copy, home.directory)
            home.world.by_hand = known  # what was set by hand since is lost, as the guide says
            await home.start()
            assert version(home) == "0001"
            await traffic(home, 0.5 * DAY)
            await sound(home)

    simulated(18, story, people=10)


def put_back(copy: Path, directory: Path) -> None:
    """Do what ``kalends restore`` does."""
    for side in directory.glob("kalends.db*"):
        side.unlink()
    shutil.copy(copy, directory / "kalends.db")
    prepare(directory / "kalends.db", examine(copy))
    mark(directory)
