"""The memory of a batch goes back once the batch is over, and what is stored stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from kalends.store import spare
from kalends.store.spare import EVERY, WORTH, Spare
from kalends.store.sqlite import SqliteDriver, connect
from tests.patience import PATIENCE


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def held(connection: apsw.Connection) -> int:
    return connection.status(apsw.SQLITE_DBSTATUS_CACHE_USED)[0]


def fill(connection: apsw.Connection, size: int) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS filled (bytes)")
    with connection:
        for _ in range(size // 2000):
            connection.execute("INSERT INTO filled VALUES (randomblob(2000))")


def rows(connection: apsw.Connection) -> object:
    return connection.execute("SELECT count(*), sum(length(bytes)) FROM filled").fetchall()


def test_a_batchs_pages_are_kept_for_a_while_and_then_given_back(tmp_path: Path) -> None:
    clock = Clock()
    connection = connect(tmp_path / "kalends.db")
    looked_after = Spare(connection, clock=clock)
    fill(connection, 2 * WORTH)
    stored = rows(connection)
    clock.now += EVERY - 1
    assert not looked_after.give_back()
    assert held(connection) > WORTH
    clock.now += 1
    assert looked_after.give_back()
    assert held(connection) < WORTH / 8
    assert rows(connection) == stored
    connection.close()


def test_a_few_pages_are_not_worth_it(tmp_path: Path) -> None:
    clock = Clock()
    connection = connect(tmp_path / "kalends.db")
    looked_after = Spare(connection, clock=clock)
    fill(connection, WORTH // 4)
    before = held(connection)
    clock.now += EVERY
    assert not looked_after.give_back()
    assert held(connection) == before
    connection.close()


async def test_the_writer_gives_back_while_nobody_asks_for_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "EVERY", 0.01)
    path = tmp_path / "kalends.db"
    connection = connect(path)
    fill(connection, 2 * WORTH)
    assert held(connection) > WORTH
    driver = SqliteDriver(connection, path, inline=False)
    async with asyncio.timeout(PATIENCE):
        while held(connection) > WORTH:
            await asyncio.sleep(0.01)
    await driver.close()
