"""A store on SQLite in which there is nothing yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import Store
from kalends.store.vault import Vault


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Store]:
    url, vault = f"sqlite:///{tmp_path}/kalends.db", Vault({1: bytes(32)})
    opened = await open_store(url, vault, Runtime(inline=True))
    yield opened
    await opened.close()
