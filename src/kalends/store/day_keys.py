"""Day keys: what is sealed today is closed for ever when today's key is destroyed.

Place: in the PostgreSQL driver. A key per day (UTC) lies in table ``day_key``, sealed under the
master key, and opens in every process that holds the master key. Purge moves what must live
longer to the present key (``units/resealing``), then destroys keys older than ``KEPT_DAYS``.

What remains possible: whoever holds the master key *and* WAL or backups from before the deletion
can still open them. Rotating the master key, and destroying the old one, ends that too.
"""

from __future__ import annotations

import secrets
from typing import Final

import asyncpg

from kalends.runtime import Runtime
from kalends.store.vault import Vault

KEPT_DAYS: Final = 1
"""Days whose keys live besides today's: transitions live an hour, over midnight too."""
DAY_SECONDS: Final = 86_400


class DayKeys:
    """Keeps the vault's day keys and the table's the same."""

    def __init__(self, vault: Vault, runtime: Runtime) -> None:
        self._vault = vault
        self._runtime = runtime

    def today(self) -> int:
        """Return the number of the present day."""
        return int(self._runtime.now()) // DAY_SECONDS

    def missing_today(self) -> bool:
        """Tell whether today has no key here yet."""
        return self.today() not in self._vault.days()

    def unknown(self, newest: int | None) -> bool:
        """Tell whether the table's newest day is not held here."""
        return newest is not None and newest not in self._vault.days()

    def old(self) -> list[int]:
        """Return the days whose keys are to be destroyed."""
        return [day for day in self._vault.days() if day < self.today() - KEPT_DAYS]

    async def load(self, connection: asyncpg.Connection) -> None:
        """Hold what the table holds."""
        for day, sealed in await connection.fetch("SELECT day, value FROM day_key"):
            self._vault.add_day(day, self._vault.open(sealed, "", "day-key", str(day)))

    async def make_today(self, connection: asyncpg.Connection) -> None:
        """Make today's key, unless another node was first."""
        day = self.today()
        sealed = self._vault.seal(secrets.token_bytes(32), "", "day-key", str(day), lasting=True)
        await connection.execute(
            "INSERT INTO day_key (day, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", day, sealed
        )
        await self.load(connection)

    async def drop(self, connection: asyncpg.Connection, day: int) -> None:
        """Destroy a day's key."""
        await connection.execute("DELETE FROM day_key WHERE day = $1", day)
        self._vault.drop_day(day)
