"""A process that stores units of work and says which were acknowledged, until it is killed.

Run by ``test_kill``: ``python -m tests.integration.store.committer DATABASE FIRST``. Each line of
its output is an acknowledged unit: ``audit N`` or ``batch REVISION``.
"""

from __future__ import annotations

import asyncio
import os
import sys

from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import AuditEntry, Store
from kalends.store.vault import Vault
from tests.contract.store.world import NOW, facts, hire, result, timeline
from tests.integration.store.people import PEOPLE


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")  # one system call: whole or not at all


async def audit(store: Store, first: int) -> None:
    for number in range(first, first + 100_000):
        await store.append_audit([AuditEntry("acme", NOW, "a", "b", str(number))])
        say(f"audit {number}")


async def batches(store: Store) -> None:
    while True:
        people = [await facts(store, person) for person in PEOPLE]
        batch = [result(it, timeline=timeline((NOW, NOW + 60, "meeting"))) for it in people]
        done = await store.commit_batch(batch, now=NOW)
        say(f"batch {done.revisions['acme']}")


async def main(database: str, first: int) -> None:
    store = await open_store(database, Vault({1: bytes(32)}), Runtime())
    if first == 0:
        await hire(store, *PEOPLE)
    async with asyncio.TaskGroup() as group:
        for lane in range(4):
            group.create_task(audit(store, first + lane * 100_000))
        group.create_task(batches(store))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
