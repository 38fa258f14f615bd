"""Who owns the shards: taken at start, renewed while we live, fenced by the epoch.

The embedded engine owns all shards or none; every commit carries a lease, so that an engine that
was replaced while it slept cannot write over its successor (RELIABILITY promise 9).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kalends import observe
from kalends.errors import KalendsError, StaleOwner, UserError
from kalends.runtime import Runtime
from kalends.store.contract import SHARDS, Lease, Store

log = observe.logger(__name__)

LEASE_SECONDS: Final = 10


class Leases:
    """All shards of one engine."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        owner: str,
        held: Callable[[Lease], None],
        *,
        seconds: int = LEASE_SECONDS,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._owner = owner
        self._held = held
        self._seconds = seconds

    async def take(self, *, patience: float = LEASE_SECONDS + 2) -> None:
        """Take every shard, waiting for a dead owner's lease to run out.

        Raises ``UserError`` where another engine is alive on the same database.
        """
        deadline = self._runtime.monotonic() + patience
        while not await self._renew():
            if self._runtime.monotonic() >= deadline:
                raise UserError(
                    "Another Kalends engine works on this database. Stop it first, or give this "
                    "one a database of its own ([server] database)."
                )
            await self._runtime.sleep(1.0)

    async def run(self) -> None:
        """Renew for ever; raises ``StaleOwner`` when somebody else took over."""
        while True:
            await self._runtime.sleep(self._seconds * 0.3)
            try:
                if not await self._renew():
                    raise StaleOwner("another engine has taken over this database")
            except StaleOwner:
                raise
            except KalendsError as error:
                log.exception("lease.unrenewed", exc_info=error)

    async def _renew(self) -> bool:
        now = int(self._runtime.now())
        leases = await self._store.take_leases(
            self._owner, range(SHARDS), now=now, seconds=self._seconds
        )
        if len(leases) < SHARDS:
            return False
        self._held(leases[0])
        return True
