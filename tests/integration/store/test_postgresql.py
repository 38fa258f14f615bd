"""PostgreSQL keeps the contract, as a user who is neither superuser nor sees another tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import bindparam, func, select

from kalends.errors import NotYet, StoreFailed, UserError
from kalends.runtime import Runtime
from kalends.store import open_keys, open_reader, open_store
from kalends.store.contract import Lane, Store
from kalends.store.copies import prepare_postgresql
from kalends.store.database import DatabaseStore
from kalends.store.row_security import ENGINE, READER
from kalends.store.statements import Statement, Unit
from kalends.store.tables import TENANT_TABLES, metadata, state
from kalends.store.units.queue import queueing
from kalends.store.units.restoring import A_SECOND
from kalends.store.vault import DAY, CannotOpen, Vault, key_number
from tests import postgres
from tests.contract.store.suite import StoreContract
from tests.contract.store.world import (
    NOW,
    booking,
    facts,
    give_calendar,
    hire,
    key,
    read,
    result,
    settle,
    timeline,
)

KEY = bytes(32)


@pytest.fixture(scope="module")
def superuser() -> Iterator[str]:
    with postgres.server("fsync=off", "deadlock_timeout=50ms") as dsn:
        yield dsn


@pytest.fixture
async def dsn(superuser: str) -> str:
    """An empty database, and an ordinary user who owns it."""
    plain = superuser.replace("kalends@/postgres", "plain@/test")
    connection = await asyncpg.connect(superuser)
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'test'"):
        await connection.close()
        connection = await asyncpg.connect(superuser.replace("/postgres", "/test"))
        names = ", ".join(metadata.tables)
        await connection.execute(f"TRUNCATE {names}")
    else:
        for role in (ENGINE, READER):
            await connection.execute(f"CREATE ROLE {role} NOLOGIN")
        await connection.execute(f"CREATE ROLE plain LOGIN IN ROLE {ENGINE}, {READER}")
        await connection.execute("CREATE DATABASE test OWNER plain")
        await (await open_store(plain, Vault({1: KEY}), Runtime())).close()
    await connection.close()
    return plain


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    opened = await open_store(dsn, Vault({1: KEY}), Runtime())
    yield opened
    await opened.close()


class TestPostgresql(StoreContract):
    pass


async def rows_seen(dsn: str, role: str, organization: str | None, table: str) -> int:
    """Count as a role over a connection that belongs to nobody in particular."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {role}")
            if organization is not None:
                await connection.execute(
                    "SELECT set_config('kalends.organization', $1, true)", organization
                )
            count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
            return count
    finally:
        await connection.close()


async def test_a_unit_that_loses_a_deadlock_is_begun_anew(store: Store) -> None:
    await hire(store, "anna", "bo")
    begun: list[str] = []
    touched = queueing(state.c.person == bindparam("who"))

    def both(first: str, second: str) -> Unit[None]:
        begun.append(first)
        for who in (first, second):
            yield touched(organization="acme", who=who, to_lane=Lane.HAND, now=NOW)
            yield Statement(select(func.pg_sleep(0.2)))()

    assert isinstance(store, DatabaseStore)
    before = (await facts(store, "anna")).input_version
    await asyncio.gather(
        store._driver.write("acme", partial(both, "anna", "bo")),
        store._driver.write("acme", partial(both, "bo", "anna")),
    )
    assert len(begun) > 2  # there was a deadlock
    assert (await facts(store, "anna")).input_version == before + 2  # and nothing was done twice


async def test_a_node_without_the_key_makes_none_for_a_database_that_was_written(
    dsn: str, superuser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KALENDS_KEY", raising=False)
    connection = await asyncpg.connect(superuser)
    await connection.execute("CREATE DATABASE fresh OWNER plain")
    await connection.close()
    dsn = dsn.replace("/test", "/fresh")
    first, second = tmp_path / "first.key", tmp_path / "second.key"
    with pytest.raises(UserError, match="There is no database"):
        await open_keys(dsn, first)
    keys = await open_keys(dsn, first, create=True)
    await (await open_store(dsn, keys, Runtime())).close()
    with pytest.raises(UserError, match="Restore it from where the key is kept"):
        await open_keys(dsn, second, create=True)
    assert first.exists() and not second.exists()


async def test_a_statement_that_forgets_its_organization_sees_only_its_own(
    store: Store, dsn: str
) -> None:
    await hire(store, "anna", "bo")
    await hire(store, "eve", organization="other")
    for role in (ENGINE, READER):
        assert await rows_seen(dsn, role, "acme", "person") == 2
        assert await rows_seen(dsn, role, "other", "person") == 1
        assert await rows_seen(dsn, role, None, "person") == 0


async def test_a_reader_looks_across_organizations_only_at_names_and_figures(
    store: Store, dsn: str
) -> None:
    await hire(store, "anna")
    assert await rows_seen(dsn, ENGINE, "*", "plan") == 1
    assert await rows_seen(dsn, READER, "*", "plan") == 0
    assert await rows_seen(dsn, READER, "*", "person") == 0
    assert await rows_seen(dsn, READER, "*", "state") == 1


async def test_security_binds_every_tenants_table_and_the_owner_too(store: Store, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    forced = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    )
    await connection.close()
    assert {name for (name,) in forced} == {table.name for table in TENANT_TABLES}
    await hire(store, "anna")
    assert await rows_seen(dsn, "plain", None, "person") == 0


async def test_the_pool_never_lends_one_organization_to_the_next(store: Store, dsn: str) -> None:
    await hire(store, "anna")
    await hire(store, "eve", organization="other")
    for organization, person in (("acme", "anna"), ("other", "eve")) * 20:
        assert [it.person for it in await store.people(organization)] == [person]


async def test_a_reader_reads_and_cannot_write(store: Store, dsn: str) -> None:
    await hire(store, "anna")
    await settle(store)
    reader = await open_reader(dsn, Vault({1: KEY}), Runtime())
    try:
        assert [it.person for it in await reader.presences("acme")] == ["anna"]
        assert (await reader.summary(NOW)).people == 1
        assert await reader.organizations() == ["acme"]
    finally:
        await reader.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        connection = await asyncpg.connect(dsn)
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE {READER}")
                await connection.execute("DELETE FROM person")
        finally:
            await connection.close()


async def test_a_database_nobody_prepared_says_what_a_superuser_must_do(superuser: str) -> None:
    connection = await asyncpg.connect(superuser)
    await connection.execute("CREATE ROLE weak LOGIN")
    await connection.execute("CREATE DATABASE weak OWNER weak")
    await connection.execute(f"ALTER ROLE {ENGINE} RENAME TO elsewhere")
    try:
        with pytest.raises(UserError, match="CREATE ROLE"):
            await open_store(
                superuser.replace("kalends@/postgres", "weak@/weak"), Vault({1: KEY}), Runtime()
            )
    finally:
        await connection.execute(f"ALTER ROLE elsewhere RENAME TO {ENGINE}")
        await connection.close()


async def test_promise_15_no_text_lies_open_in_any_file_of_the_server(
    store: Store, superuser: str
) -> None:
    await hire(store, "anna")
    await give_calendar(store, key("anna"))
    subject = "canary Zaubertrank"
    await store.replace_calendar(read(key("anna"), booking("1", NOW, NOW + 3600, subject)), now=NOW)
    [anna] = await store.load_due(lane=Lane.CALENDAR, now=NOW, limit=10)
    noted = timeline((NOW, NOW + 3600, "canary-activity"))
    await store.commit_batch([result(anna, timeline=noted, log=True)], now=NOW)
    [kept] = await store.bookings(key("anna"))
    assert kept.subject == subject
    connection = await asyncpg.connect(superuser)
    await connection.execute("CHECKPOINT")  # what is in memory is in the files now
    await connection.close()
    data = Path(superuser.rpartition("host=")[2]) / "data"
    files = [it.read_bytes() for it in data.rglob("*") if it.is_file()]
    assert any(b"anna@acme.example" in it for it in files)  # the search itself finds things
    assert not any(b"canary" in it for it in files)


async def test_a_database_put_back_twice_gives_out_other_revisions_each_time(dsn: str) -> None:
    clock, vault = Calendar(), Vault({1: KEY})
    store = await open_store(dsn, vault, Runtime(now=clock.now))
    await hire(store, "anna", "bo")
    await settle(store)
    await store.close()
    lives = []
    for _ in range(2):
        await prepare_postgresql(dsn, vault, Runtime(now=clock.now))
        store = await open_store(dsn, vault, Runtime(now=clock.now))
        first = await store.revision("acme")
        told = await store.changed_since("acme", 0)
        assert [it.revision for it in told] == [first - 1, first]
        lives.append(first)
        await store.close()
        clock.day += 1
    assert lives == [(clock.day - 2) * 86_400 * A_SECOND, (clock.day - 1) * 86_400 * A_SECOND]


class Calendar:
    """A wall clock that a test moves by days."""

    def __init__(self) -> None:
        self.day = NOW // 86_400

    def now(self) -> float:
        return self.day * 86_400.0


async def contents(dsn: str) -> bytes:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {ENGINE}")
            await connection.execute("SET LOCAL kalends.organization = '*'")
            sealed: bytes = await connection.fetchval("SELECT content FROM calendar")
            return sealed
    finally:
        await connection.close()


async def test_text_is_sealed_under_the_days_key_and_lives_on_when_that_key_is_destroyed(
    dsn: str,
) -> None:
    clock, vault = Calendar(), Vault({1: KEY})
    store = await open_store(dsn, vault, Runtime(now=clock.now))
    try:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        ahead = booking("1", NOW, NOW + 30 * 86_400, "long journey")
        await store.replace_calendar(read(key("anna"), ahead), now=NOW)
        await settle(store)
        await store.save_secret("acme", "dav", "password", "hemligt")
        old = await contents(dsn)
        assert key_number(old) == DAY + clock.day
        clock.day += 3
        while any((await store.purge(now=NOW)).values()):
            pass
        assert vault.days() == [clock.day]
        with pytest.raises(CannotOpen):
            vault.open(old, "acme", "calendar", "anna", "dav", "default")
        assert key_number(await contents(dsn)) == DAY + clock.day
        assert await store.bookings(key("anna")) == (ahead,)
        assert (await facts(store, "anna")).presence is not None
        assert await store.secret("acme", "dav", "password") == "hemligt"
    finally:
        await store.close()
    again = await open_store(dsn, Vault({1: KEY}), Runtime(now=clock.now))
    assert await again.bookings(key("anna")) == (ahead,)
    await again.close()


BEFORE_LAST = """\
SET session_replication_role = replica;
ALTER TABLE state ADD COLUMN presence bytea;
UPDATE state SET presence = (SELECT presence FROM shown WHERE
 shown.organization = state.organization AND shown.revision = state.revision);
DROP TABLE shown, replaced;
ALTER TABLE sink DROP COLUMN leads_to;
CREATE INDEX transition_at ON transition (organization, at);
CREATE INDEX state_revision ON state (organization, revision);
UPDATE kalends_schema SET version_num = '0002'
"""
"""Takes a database back to before ``0003_shown`` and what came after; run by a superuser."""


async def test_an_upgrade_loses_nobodys_presence_though_security_hides_rows_from_the_owner(
    dsn: str, superuser: str
) -> None:
    """It waits for whoever reads, too: no time-out of the role's cuts a change of schema."""
    connection = await asyncpg.connect(superuser)
    await connection.execute("CREATE ROLE careful LOGIN")
    await connection.execute(f"GRANT {ENGINE}, {READER} TO careful")
    await connection.execute("ALTER ROLE careful SET lock_timeout = '50ms'")
    await connection.execute("CREATE DATABASE upgraded OWNER careful")
    await connection.close()
    assert dsn  # the roles are there
    dsn = superuser.replace("kalends@/postgres", "careful@/upgraded")
    before = await open_store(dsn, Vault({1: KEY}), Runtime())
    await hire(before, "anna", "bo")
    await hire(before, "eve", organization="other")
    await settle(before)
    told = {org: await before.presences(org) for org in ("acme", "other")}
    assert [len(one) for one in told.values()] == [2, 1]
    await before.close()
    connection = await asyncpg.connect(superuser.replace("/postgres", "/upgraded"))
    await connection.execute(BEFORE_LAST)

    async with connection.transaction():
        await connection.execute("LOCK TABLE state IN ACCESS SHARE MODE")
        opening = asyncio.create_task(open_store(dsn, Vault({1: KEY}), Runtime()))
        while not await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'careful'"
            " AND wait_event_type = 'Lock'"
        ):
            await connection.execute("SELECT pg_stat_clear_snapshot()")
        await connection.execute("SELECT pg_sleep(0.2)")
    await connection.close()
    after = await opening
    try:
        assert {org: await after.presences(org) for org in told} == told
        assert await rows_seen(dsn, READER, "acme", "shown") == 2
        assert await rows_seen(dsn, "careful", None, "shown") == 0  # closed again, to the owner too
        assert await rows_seen(dsn, "careful", None, "state") == 0
    finally:
        await after.close()


async def test_a_server_that_is_away_is_waited_for_and_one_that_refuses_is_told() -> None:
    with postgres.machine("fsync=off", "max_connections=5") as server:
        with pytest.raises(NotYet, match="Check that it runs"):
            await open_reader(server.dsn, Vault({1: KEY}), Runtime())
        server.start()
        for wrong in (server.dsn.replace("kalends@", "nobody@"), server.dsn.replace("gres?", "?")):
            with pytest.raises(UserError, match="Check user, password") as refused:
                await open_reader(wrong, Vault({1: KEY}), Runtime())
            assert not isinstance(refused.value, NotYet)
        lent = [await asyncpg.connect(server.dsn) for _ in range(5)]
        with pytest.raises(NotYet, match="TooManyConnections"):
            await open_reader(server.dsn, Vault({1: KEY}), Runtime())
        for one in lent:
            await one.close()


async def test_every_way_a_server_ends_a_connection_is_a_store_that_failed_and_comes_back(
    dsn: str, superuser: str
) -> None:
    store = await open_store(dsn, Vault({1: KEY}), Runtime())
    operator = await asyncpg.connect(superuser)
    ended = "SELECT {}(pid) FROM pg_stat_activity WHERE usename = 'plain'"
    try:
        await hire(store, "anna")
        assert isinstance(store, DatabaseStore)
        for how in ("pg_terminate_backend", "pg_cancel_backend"):
            waiting = asyncio.create_task(store._driver.read("acme", _asleep()))
            while not await operator.fetchval(  # parsed is not yet asleep: no use to cancel it
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                " AND usename = 'plain'"
            ):
                await asyncio.sleep(0)
            await operator.execute(ended.format(how))
            with pytest.raises(StoreFailed):
                await waiting
            assert [it.person for it in await store.people("acme")] == ["anna"]
    finally:
        await operator.close()
        await store.close()


def _asleep() -> Unit[None]:
    yield Statement(select(func.pg_sleep(60)))()


async def test_two_nodes_share_the_days_key(dsn: str) -> None:
    clock = Calendar()
    one = await open_store(dsn, Vault({1: KEY}), Runtime(now=clock.now))
    two = await open_store(dsn, Vault({1: KEY}), Runtime(now=clock.now))
    try:
        for _ in range(2):
            await hire(one, "anna")
            await settle(two)
            assert (await facts(one, "anna")).presence is not None
            await one.touch("acme", None, lane=Lane.HAND, now=NOW)
            clock.day += 1
    finally:
        await one.close()
        await two.close()
