"""Promise 2: whatever moment the engine is killed at, what it acknowledged is there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.vault import Vault
from tests.integration.store.people import PEOPLE

KILLS = 8


def run_and_kill(database: str, first: int, words: int, seconds: float) -> list[str]:
    """Let the committer say some words, kill -9 it a moment later; return all it said."""
    command = [sys.executable, "-m", "tests.integration.store.committer", database, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(words)]
        time.sleep(seconds)  # the moment of death is what this test chooses
        process.kill()
        said += process.stdout.readlines()
    return [word.strip() for word in said if word.endswith("\n")]


@pytest.mark.parametrize("seed", [1])
async def test_whatever_was_acknowledged_survives_kill_9(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    database = f"sqlite:///{tmp_path}/kalends.db"
    audits: set[str] = set()
    highest = 0
    for kill in range(KILLS):
        words = chance.randint(1, 80)
        said = run_and_kill(database, kill * 1_000_000, words, chance.uniform(0, 0.1))
        audits |= {word.split()[1] for word in said if word.startswith("audit")}
        highest = max([highest, *(int(w.split()[1]) for w in said if w.startswith("batch"))])
        store = await open_store(database, Vault({1: bytes(32)}), Runtime())
        try:
            assert await store.integrity() == []
            found = {it.target for it in await store.audit("acme", limit=10_000_000)}
            assert audits <= found
            assert await store.revision("acme") >= highest
            # A batch is whole: either all of its people moved on or none.
            revisions = sorted(it.revision for it in await store.presences("acme"))
            assert revisions[-1] - revisions[0] in (0, len(PEOPLE) - 1)
        finally:
            await store.close()
    assert len(audits) > 100  # of more than 200 words
    assert highest > 0
