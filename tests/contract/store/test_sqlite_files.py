"""What SQLite's files hold, and what happens when writing them fails (promises 3, 15, 16)."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy.schema import CreateIndex, CreateTable

from kalends.errors import StoreFailed, UserError
from kalends.model.presence import Manual, Until
from kalends.model.vocabulary import Availability
from kalends.runtime import Runtime
from kalends.store import open_reader, open_store, schema, sqlite
from kalends.store.contract import AuditEntry, Document, Lane, Store
from kalends.store.database import DatabaseStore
from kalends.store.opening import sqlite_store
from kalends.store.statements import SQLITE
from kalends.store.tables import metadata
from kalends.store.units import commit
from kalends.store.vault import Vault, key_number
from tests.contract.store.world import (
    HOUR,
    MEETING,
    NOW,
    booking,
    due,
    facts,
    give_calendar,
    hire,
    key,
    read,
    result,
    settle,
    timeline,
)
from tests.patience import PATIENCE

KEY = bytes(32)
VAULT = Vault({1: KEY})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kalends.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{path}", VAULT, Runtime())
    yield opened
    await opened.close()


def files(path: Path) -> bytes:
    """Everything the database keeps on disk."""
    found = sorted(path.parent.glob(path.name + "*"))
    assert len(found) == 3, found  # database, WAL, shared memory
    return b"".join(file.read_bytes() for file in found)


def sealed_values(path: Path) -> list[bytes]:
    """The sealed values that are stored now, as a thief would copy them."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    queries = (
        "SELECT content FROM calendar",
        "SELECT timeline FROM plan",
        "SELECT presence FROM shown",
        "SELECT manual FROM state",
    )
    found = [row[0] for query in queries for row in connection.execute(query)]
    connection.close()
    return [bytes(value) for value in found if isinstance(value, bytes)]


async def test_a_finished_booking_leaves_no_trace_in_any_file(store: Store, path: Path) -> None:
    await hire(store, "anna")
    await give_calendar(store, key("anna"))
    subject = "canary Zaubertrank"
    await store.replace_calendar(
        read(key("anna"), booking("canary-uid", NOW, NOW + HOUR, subject)), now=NOW
    )
    [anna] = await due(store, Lane.CALENDAR)
    noted = timeline((NOW, NOW + HOUR, "canary-activity"))
    note = Manual(Availability.DND, "dnd", "work", NOW + HOUR, Until.TIME, note="canary-note")
    await store.commit_batch(
        [result(anna, MEETING, timeline=noted, manual=note, log=True)], now=NOW
    )
    before = sealed_values(path)
    assert len(before) == 4
    assert b"canary" not in files(path)
    assert all(value[17:] in files(path) for value in before)  # the search itself finds things
    await store.touch("acme", None, lane=Lane.HAND, now=NOW + HOUR)
    await settle(store, NOW + HOUR)
    while any((await store.purge(now=NOW + 2 * HOUR + 1)).values()):
        pass
    await store.truncate()
    left = files(path)
    assert b"canary" not in left
    # Not even sealed: neither whole nor any part longer than chance explains.
    for value in before:
        parts = [value[at : at + 12] for at in range(17, len(value) - 12, 12)]
        assert [part for part in parts if part in left] == []


async def test_a_deleted_person_leaves_no_trace_in_any_file(store: Store, path: Path) -> None:
    await hire(store, "canary-person")
    await store.save_people([], [("acme", "canary-person")], now=NOW)
    await store.truncate()
    assert b"canary" not in files(path)


async def test_files_are_their_owners_alone(store: Store, path: Path) -> None:
    await hire(store, "anna")
    modes = {file.stat().st_mode & 0o777 for file in path.parent.glob(path.name + "*")}
    assert modes == {0o600}


async def test_what_a_crowd_replaced_leaves_no_trace_in_any_file(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "CROWDED", 0)
    await hire(store, "anna")
    await settle(store)
    before = sealed_values(path)
    anna = await facts(store, "anna")
    await store.commit_batch([result(anna)], now=NOW)
    await store.truncate()
    assert all(value in files(path) for value in before)
    while await store.forget_replaced():
        pass
    await store.truncate()
    left = [value for value in before if value in files(path)]
    assert len(left) == len(before) - 1, "all but what was shown of her"


async def test_a_row_moved_to_another_organization_does_not_open(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}", VAULT, Runtime())
    await hire(store, "anna")
    await hire(store, "anna", organization="other")
    await store.save_secret("acme", "dav", "password", "hemligt")
    await settle(store)
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE secret SET organization = 'other'")
    connection.execute(
        "UPDATE shown SET presence = (SELECT presence FROM shown WHERE organization = 'acme')"
        " WHERE organization = 'other'"
    )
    connection.close()
    moved = await open_store(f"sqlite:///{path}", VAULT, Runtime())
    try:
        with pytest.raises(Exception, match="damaged or was moved"):
            await moved.secret("other", "dav", "password")
        with pytest.raises(Exception, match="damaged or was moved"):
            await moved.presence("other", "anna")
        assert await moved.presence("acme", "anna") is not None
    finally:
        await moved.close()


async def test_a_rotated_key_takes_over_what_is_stored(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}", VAULT, Runtime())
    await hire(store, "anna")
    await give_calendar(store, key("anna"))
    one = booking("1", NOW, NOW + HOUR, "budget")
    await store.replace_calendar(read(key("anna"), one), now=NOW)
    await settle(store)
    await store.save_secret("acme", "dav", "password", "hemligt")
    await store.close()
    rotated = await open_store(f"sqlite:///{path}", Vault({1: KEY, 2: b"2" * 32}), Runtime())
    while any((await rotated.purge(now=NOW)).values()):
        pass
    await rotated.close()
    assert {key_number(value) for value in sealed_values(path)} == {2}
    without = await open_store(f"sqlite:///{path}", Vault({2: b"2" * 32}), Runtime())
    assert await without.bookings(key("anna")) == (one,)
    assert await without.secret("acme", "dav", "password") == "hemligt"
    await without.close()


async def test_a_reader_sees_what_was_acknowledged_and_cannot_write(
    store: Store, path: Path
) -> None:
    reader = await open_reader(f"sqlite:///{path}", VAULT, Runtime())
    try:
        await hire(store, "anna")
        assert [it.person for it in await reader.people("acme")] == ["anna"]
        with pytest.raises(TypeError):
            assert isinstance(reader, DatabaseStore) or await reader._driver.truncate()  # type: ignore[attr-defined]  # beneath the contract
    finally:
        await reader.close()


async def test_a_backup_in_use_is_whole_and_sealed(store: Store, tmp_path: Path) -> None:
    await hire(store, "anna")
    await store.save_secret("acme", "dav", "password", "canary")
    target = tmp_path / "backup.db"
    await store.backup(target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"canary" not in target.read_bytes()
    copy = await open_store(f"sqlite:///{target}", VAULT, Runtime())
    assert [it.person for it in await copy.people("acme")] == ["anna"]
    assert await copy.secret("acme", "dav", "password") == "canary"
    assert await copy.integrity() == []
    await copy.close()


async def test_a_backup_keeps_nobody_waiting_and_holds_what_was_acknowledged_before(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BACKUP_PAGES", 1)  # a step a page: many commits come between
    acknowledged: list[str] = []

    async def write() -> None:
        while True:
            name = str(len(acknowledged))
            await store.append_audit([AuditEntry("acme", NOW, "a", "b", name)])
            acknowledged.append(name)

    await store.append_audit([AuditEntry("acme", NOW, "a" * 8_000_000, "b", "large")])
    writer = asyncio.create_task(write())
    while len(acknowledged) < 20:
        await asyncio.sleep(0)
    before = acknowledged.copy()
    await asyncio.wait_for(store.backup(tmp_path / "backup.db"), PATIENCE)
    during = len(acknowledged) - len(before)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    copy = await open_store(f"sqlite:///{tmp_path / 'backup.db'}", VAULT, Runtime())
    found = {it.target for it in await copy.audit("acme", limit=1_000_000)}
    assert await copy.integrity() == []
    await copy.close()
    assert set(before) <= found
    assert during > 1  # one may have been on its way


async def test_a_backup_that_fails_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "no" / "such" / "directory.db"
    with pytest.raises(StoreFailed):
        await store.backup(target)
    assert not target.exists()
    await hire(store, "anna")  # and the store goes on


# --- names that survive a power cut (promise 3) ---


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was put on disk, file or directory, in order."""
    found: list[str] = []
    real = os.fsync

    def fsync(opened: int) -> None:
        found.append(Path(f"/proc/self/fd/{opened}").resolve().name)
        real(opened)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


async def test_a_finished_backup_keeps_its_name_when_the_power_goes(
    store: Store, tmp_path: Path, settled: list[str]
) -> None:
    await store.backup(tmp_path / "backup.db")
    assert settled[-1:] == [tmp_path.name]


def test_a_new_key_is_on_disk_before_anything_is_sealed_with_it(
    tmp_path: Path, settled: list[str]
) -> None:
    Vault.load(tmp_path / "kalends.key")
    assert settled == ["kalends.key", tmp_path.name]
    Vault.rotate(tmp_path / "kalends.key")
    assert settled[2:] == ["kalends.key.new", tmp_path.name, tmp_path.name]


# --- the schema ---


async def test_a_database_of_a_newer_kalends_is_refused(path: Path) -> None:
    await (await open_store(f"sqlite:///{path}", VAULT, Runtime())).close()
    connection = apsw.Connection(str(path))
    connection.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    for opening in (open_store, open_reader):
        with pytest.raises(UserError, match="newer"):
            await opening(f"sqlite:///{path}", VAULT, Runtime())


async def test_a_reader_needs_a_database_that_the_engine_prepared(path: Path) -> None:
    with pytest.raises(UserError, match="kalends serve"):
        await open_reader(f"sqlite:///{path}", VAULT, Runtime())
    apsw.Connection(str(path)).execute("CREATE TABLE strange (a)")
    with pytest.raises(UserError, match="kalends serve"):
        await open_reader(f"sqlite:///{path}", VAULT, Runtime())


async def test_a_damaged_database_is_told_with_what_to_do(path: Path) -> None:
    await (await open_store(f"sqlite:///{path}", VAULT, Runtime())).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    with pytest.raises(UserError, match="kalends restore"):
        await open_store(f"sqlite:///{path}", VAULT, Runtime())


async def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(UserError, match="cannot be opened"):
        await open_store(f"sqlite:///{path}", VAULT, Runtime())


def shape(connection: apsw.Connection) -> dict[str, list[Any]]:
    """What SQLite understood: columns, keys, and the text of indexes and table options."""
    found: dict[str, list[Any]] = {}
    for name, kind, sql in connection.execute("SELECT name, type, sql FROM sqlite_master"):
        if kind == "table" and name != schema.VERSION_TABLE:
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            found[str(name)] = [columns, "WITHOUT ROWID" in str(sql)]
        elif kind == "index" and sql is not None:
            found[str(name)] = [" ".join(str(sql).split())]
    return found


async def test_all_migrations_together_lead_to_the_tables(store: Store, path: Path) -> None:
    wanted = apsw.Connection(":memory:")
    for table in metadata.sorted_tables:
        wanted.execute(str(CreateTable(table).compile(dialect=SQLITE)))
        for index in table.indexes:
            wanted.execute(str(CreateIndex(index).compile(dialect=SQLITE)))
    migrated = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert shape(migrated) == shape(wanted)
    migrated.close()
    wanted.close()


# --- failing disks (promise 3) ---


class Disk(apsw.VFS):
    """The machine's disk, with faults a test switches on."""

    def __init__(self) -> None:
        super().__init__("faulty", base="")
        self.full = False
        self.sync_fails = False
        self.write_fails = False
        self.syncs = 0

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 (SQLite's name)
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: Any) -> None:
        super().__init__("", name, flags)
        self.disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (SQLite's name)
        if self.disk.full:
            super().xWrite(data[: len(data) // 2], offset)  # torn
            raise apsw.FullError(errno.ENOSPC)
        if self.disk.write_fails:
            raise apsw.IOError(errno.EIO)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 (SQLite's name)
        self.disk.syncs += 1
        if self.disk.sync_fails:
            raise apsw.IOError(errno.EIO)
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.unregister()


@pytest.fixture
async def fragile(path: Path, disk: Disk) -> AsyncIterator[Store]:
    driver = await sqlite_store(path, Runtime(), vfs="faulty")
    opened = DatabaseStore(driver, VAULT, Runtime())
    yield opened
    disk.full = disk.sync_fails = disk.write_fails = False
    await opened.close()


async def stored_on(path: Path) -> list[str]:
    """What is found after the machine comes back."""
    again = await open_store(f"sqlite:///{path}", VAULT, Runtime())
    try:
        assert await again.integrity() == []
        return [it.person for it in await again.people("acme")]
    finally:
        await again.close()


async def test_a_commit_is_synced_before_it_is_acknowledged(fragile: Store, disk: Disk) -> None:
    before = disk.syncs
    await hire(fragile, "anna")
    assert disk.syncs > before


async def test_after_a_failed_sync_nothing_more_is_acknowledged(
    fragile: Store, disk: Disk, path: Path
) -> None:
    await hire(fragile, "anna")
    disk.sync_fails = True
    with pytest.raises(StoreFailed):
        await hire(fragile, "bo")
    disk.sync_fails = False
    with pytest.raises(StoreFailed):  # never retried and acknowledged
        await hire(fragile, "cia")
    await fragile.close()
    assert "anna" in await stored_on(path)
    assert "cia" not in await stored_on(path)


async def test_a_write_error_is_never_acknowledged(fragile: Store, disk: Disk, path: Path) -> None:
    await hire(fragile, "anna")
    disk.write_fails = True
    with pytest.raises(StoreFailed):
        await hire(fragile, "bo")
    disk.write_fails = False
    await fragile.close()
    assert await stored_on(path) == ["anna"]


async def test_a_full_disk_refuses_and_recovers_when_there_is_room(
    fragile: Store, disk: Disk, path: Path
) -> None:
    await hire(fragile, "anna")
    disk.full = True
    for _ in range(3):
        with pytest.raises(StoreFailed):
            await hire(fragile, "bo")
    assert [it.person for it in await fragile.people("acme")] == ["anna"]  # reading goes on
    disk.full = False
    await hire(fragile, "cia")
    await fragile.close()
    assert await stored_on(path) == ["anna", "cia"]


# --- group commit ---


async def test_many_writers_share_commits_and_each_hears_his_own(
    fragile: Store, disk: Disk
) -> None:
    before = disk.syncs
    entries = [AuditEntry("acme", NOW, "a", "b", str(number)) for number in range(200)]
    await asyncio.gather(*(fragile.append_audit([entry]) for entry in entries))
    assert len(await fragile.audit("acme")) == 200
    assert disk.syncs - before < 100


async def test_one_failing_unit_leaves_the_others_of_its_group(fragile: Store) -> None:
    good = [Document("acme", "sink", f"s{number}", b"", "api") for number in range(20)]
    bad = [Document("acme", "source", "dav", b"", "api", 7) for _ in range(20)]
    mixed = [it for pair in zip(good, bad, strict=True) for it in pair]
    told = await asyncio.gather(
        *(fragile.save_documents([it]) for it in mixed), return_exceptions=True
    )
    assert [it is None for it in told] == [True, False] * 20
    assert len(await fragile.documents("acme")) == 20
