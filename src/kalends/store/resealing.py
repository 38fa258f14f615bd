"""Moves sealed values off keys that are to go, then lets the keys go. Place: a part of purge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from kalends.store.units.resealing import COLUMNS, reseal
from kalends.store.vault import Vault

if TYPE_CHECKING:
    from kalends.store.database import Driver

SLICE: Final = 1000


class Resealing:
    """Where in the tables it stands; starts over in a new process."""

    def __init__(self, driver: Driver, vault: Vault, scope: str) -> None:
        self._driver = driver
        self._vault = vault
        self._scope = scope
        self._column = 0
        self._after: tuple[str | int, ...] | None = None
        self._master_done = len(vault.masters()) == 1

    async def work(self) -> int:
        """Seal one slice anew; return how many values, 0 when nothing is left to do."""
        days = self._driver.days_to_destroy()
        if not days and self._master_done:
            return 0
        below = self._vault.current if not days else self._vault.number_of(max(days) + 1)
        while self._column < len(COLUMNS):
            if count := await self._slice(below):
                return count
        for day in days:
            await self._driver.destroy_day(day)
        self._column, self._master_done = 0, True
        return 0

    async def _slice(self, below: int) -> int:
        sealed = COLUMNS[self._column]
        limit = self._vault.master if sealed.lasting else below
        unit = partial(reseal, self._vault, sealed, limit, self._after, SLICE)
        count, self._after = await self._driver.write(self._scope, unit)
        if self._after is None:
            self._column += 1
        return count
