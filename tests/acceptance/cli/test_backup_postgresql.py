"""A PostgreSQL is copied under load by its own means, put back elsewhere, and gone on from.

What ``docs/guide/operating.md`` tells an operator to do is done here: ``pg_dump`` while Kalends
works, a new server, ``pg_restore``, ``kalends restore``, ``kalends serve``.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import AuditEntry, Store
from kalends.store.vault import Vault
from tests import postgres
from tests.acceptance.backbone.installation import in_seconds, running, until
from tests.acceptance.cli.test_backup import kalends, told
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow
RPO = 60.0
RTO = 300.0


def pg(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL's, of the server's version."""
    folder = postgres.programs()
    assert folder is not None
    return subprocess.run(
        [folder / program, *words], capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


async def prepared(superuser: str) -> str:
    """Do what a superuser does before the first start; return what ``[server] database`` says."""
    connection = await asyncpg.connect(superuser)
    for statement in (
        "CREATE ROLE kalends_engine NOLOGIN",
        "CREATE ROLE kalends_reader NOLOGIN",
        "CREATE ROLE plain LOGIN IN ROLE kalends_engine, kalends_reader",
        "CREATE DATABASE acme OWNER plain",
    ):
        await connection.execute(statement)
    await connection.close()
    return superuser.replace("kalends@/postgres", "plain@/acme")


class Load:
    """Somebody else who writes, and notes what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []

    async def write(self, store: Store) -> None:
        number = 0
        while True:
            number += 1
            entry = AuditEntry("acme", int(time.time()), "somebody", "load", f"load-{number}")
            await store.append_audit([entry])
            self.acknowledged.append(entry.target)


@asynccontextmanager
async def load(dsn: str, key: Path) -> AsyncIterator[Load]:
    """Let somebody write all the while."""
    store = await open_store(dsn, Vault.load(key, create=False), Runtime())
    made = Load()
    task = asyncio.create_task(made.write(store))
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


async def written(dsn: str, key: Path) -> set[str]:
    """Return what of the load a database holds."""
    store = await open_store(dsn, Vault.load(key, create=False), Runtime())
    try:
        return {one.target for one in await store.audit("acme", limit=1_000_000)}
    finally:
        await store.close()


async def test_a_dump_made_under_load_is_gone_on_from_and_nothing_stale_is_told(
    tmp_path: Path,
) -> None:
    copy, key = tmp_path / "kalends.dump", tmp_path / "data" / "kalends.key"
    with postgres.server() as first, postgres.server() as second:
        dsn = await prepared(first)
        async with running(tmp_path, ("anna", "bo"), database=dsn) as site:
            site.book("anna", "Later", in_seconds(86_400), 3600)  # an empty calendar is doubted
            meeting = site.book("anna", "Möte", in_seconds(-60), 3600)
            await told(site, "anna", "busy")
            async with load(dsn, key) as somebody:
                await until(lambda: len(somebody.acknowledged) > 100, "there is load")
                before, begun = somebody.acknowledged.copy(), time.monotonic()
                whole = first.replace("/postgres", "/acme")
                made = await asyncio.to_thread(pg, "pg_dump", "-Fc", "-f", str(copy), whole)
                copying = time.monotonic() - begun
                assert made.returncode == 0, made.stderr
                assert len(somebody.acknowledged) > len(before)  # nobody waited for the copy
            site.calendars.delete("anna", meeting)
            site.book("bo", "Möte", in_seconds(-60), 3600)
            await told(site, "anna", "available")
            await told(site, "bo", "busy")
            assert site.stop() == 0
            highest, count = max(one.data["revision"] for one in site.told), len(site.told)

            begun = time.monotonic()
            elsewhere = await prepared(second)
            back = pg("pg_restore", "-d", second.replace("/postgres", "/acme"), str(copy))
            assert back.returncode == 0, back.stderr
            site.config.write_text(site.config.read_text("utf-8").replace(dsn, elsewhere), "utf-8")
            named = kalends(site, "restore", str(copy))
            assert (named.returncode, "pg_restore" in named.stderr) == (2, True), named.stderr
            fit = kalends(site, "restore")
            assert fit.returncode == 0, fit.stderr
            site.start()
            await until(
                lambda: {one.data["person"] for one in site.told[count:]} == {"anna", "bo"}, "told"
            )
            going_on = time.monotonic() - begun
            print(f"copied in {copying:.1f} s, restored and told in {going_on:.1f} s")
            news = [(one.data["person"], one.data["availability"]) for one in site.told[count:]]
            assert set(news) == {("anna", "available"), ("bo", "busy")}
            assert min(one.data["revision"] for one in site.told[count:]) > highest
            assert set(before) <= await written(elsewhere, key)
            assert copying < RPO
            assert going_on < RTO


async def test_who_is_bound_by_row_level_security_makes_no_copy_that_lacks_rows(
    tmp_path: Path,
) -> None:
    with postgres.server() as superuser:
        dsn = await prepared(superuser)
        store = await open_store(dsn, Vault({1: bytes(32)}), Runtime())
        await store.close()
        refused = pg("pg_dump", "-Fc", "-f", str(tmp_path / "kalends.dump"), dsn)
        assert refused.returncode != 0
        assert "row-level security" in refused.stderr
