"""Whose calendars became stale or fresh: such a change takes no revision (DESIGN section 2)."""

from __future__ import annotations

from typing import Final

from kalends.store.contract import Reader, StoredPresence

EVERY: Final = 2.0
"""Seconds between looks while the bus keeps saying that health changed."""
_PAGE: Final = 10_000


class Staleness:
    """Remembers who is stale, and finds out who turned."""

    def __init__(self, reader: Reader, organization: str) -> None:
        self._reader = reader
        self._organization = organization
        self._known: dict[str, int] = {}
        self._suspected = False
        self._next = 0.0

    async def begin(self) -> None:
        """Remember who is stale now."""
        self._known = await self._read()

    def suspect(self) -> None:
        """Something about health changed."""
        self._suspected = True

    async def turned(self, now: float) -> list[StoredPresence]:
        """Return the states of people whose staleness changed since the last look."""
        if not self._suspected or now < self._next:
            return []
        self._suspected = False
        self._next = now + EVERY
        fresh = await self._read()
        people = {
            person
            for person in fresh.keys() | self._known.keys()
            if fresh.get(person) != self._known.get(person)
        }
        self._known = fresh
        found = [await self._reader.presence(self._organization, one) for one in sorted(people)]
        return [stored for stored in found if stored is not None]

    async def _read(self) -> dict[str, int]:
        stale: dict[str, int] = {}
        after: tuple[str, str, str] | None = None
        while rows := await self._reader.calendars(self._organization, after=after, limit=_PAGE):
            for row in rows:
                if row.stale_since is not None:
                    person = row.key.person
                    stale[person] = min(row.stale_since, stale.get(person, row.stale_since))
            last = rows[-1].key
            after = (last.person, last.source, last.name)
            if len(rows) < _PAGE:
                break
        return stale
