"""What a pump remembers of its sink: rows per person, digests of what was sent, the cursor.

A row exists only for what must be remembered of the other side (an ETag, a refresh) or for a
failure and its retry; everybody else costs nothing in the database. Digests of rendered forms are
held in memory, bounded, so that nothing unchanged is sent again. Writes are gathered and made now
and then, cursor and rows in one transaction.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from kalends.model.times import FOREVER
from kalends.store.contract import SinkRow, Store

FLUSH_SECONDS: Final = 0.5
REMEMBERED: Final = 200_000
ROWS: Final = 5000
ALL: Final = 100_000


class Ledger:
    """One sink's memory."""

    def __init__(self, store: Store, organization: str, sink: str) -> None:
        self._store = store
        self._organization = organization
        self._sink = sink
        self._rows: dict[str, SinkRow] = {}
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._unsaved: dict[str, SinkRow] = {}
        self._unwanted: set[str] = set()
        self._flushed_at = 0.0
        self._bare = False
        """Nothing is stored of anybody: there is nothing to look up."""
        self.cursor: int | None = None
        """As stored; None: the sink is new."""
        self.next_due: int | None = None
        """When a row is due, as far as known."""

    async def begin(self) -> list[SinkRow]:
        """Read the cursor; return the rows of failing people."""
        self.cursor = await self._store.sink_cursor(self._organization, self._sink)
        self.next_due = await self._store.sink_next_due(self._organization, self._sink)
        self._bare = not await self._store.sink_holds(self._organization, self._sink)
        if self.next_due is None:
            return []
        rows = await self._store.sink_due(self._organization, self._sink, FOREVER, ALL)
        failing = [row for row in rows if row.failures]
        self._rows |= {row.person: row for row in failing}
        return failing

    async def load(self, people: Iterable[str]) -> None:
        """Read the rows of people who are about to be told something."""
        if self._bare:
            return
        unknown = [person for person in people if person not in self._rows]
        if unknown:
            found = await self._store.sink_rows(self._organization, self._sink, unknown)
            # What was decided meanwhile is newer than what was read.
            self._rows = {**found, **self._rows, **self._unsaved}
            for person in self._unwanted:
                self._rows.pop(person, None)

    async def due(self, now: int, limit: int) -> list[SinkRow]:
        """Return rows to retry or refresh, and look up when the next one is."""
        rows = await self._store.sink_due(self._organization, self._sink, now, limit)
        self._rows |= {row.person: row for row in rows}
        self.next_due = await self._store.sink_next_due(self._organization, self._sink)
        if self.next_due is not None and self.next_due <= now:
            self.next_due = now + 1  # those on their way are due until they arrive
        return rows

    def row(self, person: str) -> SinkRow | None:
        """Return what is remembered of a person."""
        return self._rows.get(person)

    def digest(self, person: str) -> bytes | None:
        """Return the digest of what the other side holds, where known."""
        found = self._digests.get(person)
        if found is None and person in self._rows:
            return self._rows[person].digest
        return found

    def told(self, person: str, digest: bytes | None) -> None:
        """Remember what the other side holds now; None: not known any more."""
        if digest is None:
            self._digests.pop(person, None)
            return
        self._digests[person] = digest
        self._digests.move_to_end(person)
        if len(self._digests) > REMEMBERED:
            self._digests.popitem(last=False)

    def save(self, row: SinkRow) -> None:
        """Remember a row, to be written with the next flush."""
        self._rows[row.person] = row
        self._unsaved[row.person] = row
        self._unwanted.discard(row.person)
        if row.due_at is not None and (self.next_due is None or row.due_at < self.next_due):
            self.next_due = row.due_at

    def settle(self, person: str) -> None:
        """Nothing need be remembered of this person: drop its row where there is one."""
        if self._rows.pop(person, None) is not None:
            self._unsaved.pop(person, None)
            self._unwanted.add(person)

    def forget(self, person: str) -> None:
        """Drop everything of this person."""
        self._rows.pop(person, None)
        self._digests.pop(person, None)
        self._unsaved.pop(person, None)
        self._unwanted.add(person)

    def dirty(self, cursor: int | None) -> bool:
        """Tell whether there is anything to write."""
        moved = cursor is not None and (self.cursor is None or cursor > self.cursor)
        return bool(self._unsaved or self._unwanted) or moved

    def rests(self, now: float) -> bool:
        """Tell whether the last write is too short a time ago for the next one."""
        return now - self._flushed_at < FLUSH_SECONDS

    async def flush(self, cursor: int | None, now: float, waits: Callable[[str], bool]) -> None:
        """Write what is unsaved; ``cursor`` None: not before everybody was told.

        ``waits`` tells whether a person's row may still be needed in memory.
        """
        if not self.dirty(cursor):
            return
        rows, self._unsaved = self._unsaved, {}
        self._bare = self._bare and not rows
        unwanted, self._unwanted = self._unwanted, set()
        await self._store.save_sink(
            self._organization,
            self._sink,
            cursor=cursor,
            rows=list(rows.values()),
            forget=sorted(unwanted),
        )
        self._flushed_at = now
        self.cursor = self.cursor if cursor is None else cursor
        if len(self._rows) > ROWS:
            self._rows = {person: row for person, row in self._rows.items() if waits(person)}
