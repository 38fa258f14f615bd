"""Which calendar is read, and whose it is: looked up for all that are about to be read at once.

Place in the flow: a read begins here (``refresh``). While one look-up is on its way those that
come wait, and the next one answers them all: under load a look-up costs the store one query for
many calendars, at rest nobody waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from kalends.engine.debounce import Key
from kalends.engine.tenants import Tenants
from kalends.model.person import PersonRecord
from kalends.policy.person import PersonPolicy
from kalends.store.contract import CalendarRow, OwnedCalendar, Store

Source = tuple[str, str]
"""(organization, source)."""


class Found(NamedTuple):
    """A calendar, its owner's record, and what the rules say of him."""

    row: CalendarRow
    record: PersonRecord
    owner: PersonPolicy


class _Wanted:
    """Somebody who waits for a calendar."""

    __slots__ = ("answer", "answered", "key", "source")

    def __init__(self, source: Source, key: Key) -> None:
        self.source = source
        self.key = key
        self.answer: OwnedCalendar | None = None
        self.answered = False


class Finder:
    """Looks calendars up, many at once."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants
        self._waiting: dict[_Wanted, None] = {}
        self._turn = asyncio.Lock()

    async def find(self, source: Source, key: Key) -> Found | None:
        """Return a calendar of a source; None where it is no more, or its people are unknown."""
        wanted = _Wanted(source, key)
        self._waiting[wanted] = None
        try:
            async with self._turn:
                if not wanted.answered:
                    await self._answer(list(self._waiting))
        finally:
            self._waiting.pop(wanted, None)
        tenant = self._tenants.get(source[0])
        if wanted.answer is None or tenant is None:
            return None
        record = PersonRecord.model_validate_json(wanted.answer.record)
        return Found(wanted.answer.row, record, tenant.policy.for_person(record))

    async def _answer(self, waiting: Iterable[_Wanted]) -> None:
        """Answer all who wait; where this fails each of them asks for itself."""
        by_source: dict[Source, list[_Wanted]] = {}
        for one in waiting:
            by_source.setdefault(one.source, []).append(one)
        for source, many in by_source.items():
            people = list(dict.fromkeys(one.key[0] for one in many))
            found = {
                (owned.row.key.person, owned.row.key.name): owned
                for owned in await self._store.owned_calendars(*source, people)
            }
            for one in many:
                one.answer, one.answered = found.get(one.key), True
                self._waiting.pop(one, None)
