"""SQLite keeps the contract, with its threads and inline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import Store
from kalends.store.vault import Vault
from tests.contract.store.suite import StoreContract


class TestSqlite(StoreContract):
    inline = False

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        vault = Vault({1: bytes(32)})
        opened = await open_store(
            f"sqlite:///{tmp_path}/kalends.db", vault, Runtime(inline=self.inline)
        )
        yield opened
        await opened.close()


class TestSqliteInline(TestSqlite):
    inline = True
