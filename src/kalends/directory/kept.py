"""A book read whole from outside and kept fresh: the old one serves while a new one is read.

Place in the flow: *pages of contacts → book*. A failed renewal keeps the old book, says so in the
check, and is tried again after a pause that grows; nobody waits for it but who asks first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from kalends import observe
from kalends.calendars.contract import Step
from kalends.directory.book import Book
from kalends.directory.contract import MOST, Contact
from kalends.errors import SourceTrouble
from kalends.runtime import Runtime

log = observe.logger(__name__)

MOST_KEPT: Final = 100_000
"""Contacts of one directory; those beyond are counted and left out."""
_FIRST_PAUSE: Final = 30.0
_LONGEST_PAUSE: Final = 3600.0

Load = Callable[[], Awaitable[tuple[Contact, ...]]]


class KeptBook:
    """One directory's contacts; renewed when asked for and older than ``seconds``."""

    def __init__(self, load: Load, runtime: Runtime, *, seconds: float) -> None:
        self._load = load
        self._runtime = runtime
        self._seconds = seconds
        self._book: Book | None = None
        self._renewal: asyncio.Task[Book] | None = None
        self._due_at = 0.0
        self._pause = _FIRST_PAUSE
        self.trouble: SourceTrouble | None = None
        """Why the last renewal failed; None: it did not."""
        self.left_out = 0

    async def book(self) -> Book:
        """Return the book; reads it where there is none. Raises ``SourceTrouble`` then."""
        if self._book is None:
            if self.trouble is not None and self._runtime.monotonic() < self._due_at:
                raise self.trouble  # asked a moment ago: the server is left in peace
            return await asyncio.shield(self._renewing())
        if self._runtime.monotonic() >= self._due_at:
            self._renewing()
        return self._book

    async def renewed(self) -> Book:
        """Read it anew, for a check. Raises ``SourceTrouble``."""
        return await asyncio.shield(self._renewing())

    async def close(self) -> None:
        """End a renewal on its way."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _renewing(self) -> asyncio.Task[Book]:
        """Return the renewal on its way, or a new one: however many ask, one reads."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(_seen)
        return self._renewal

    async def _renew(self) -> Book:
        try:
            contacts = await self._load()
        except SourceTrouble as error:
            self.trouble = error
            self._due_at = self._runtime.monotonic() + self._runtime.jitter(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            log.info("directory.failed", code=error.code, exc_info=error)
            raise
        self.left_out = max(0, len(contacts) - MOST_KEPT)
        book = await self._runtime.offload(Book, contacts[:MOST_KEPT])
        self._book, self.trouble, self._pause = book, None, _FIRST_PAUSE
        self._due_at = self._runtime.monotonic() + self._runtime.jitter(self._seconds)
        return book


class KeptDirectory:
    """A directory that is one kept book."""

    def __init__(self, name: str, kept: KeptBook) -> None:
        self._name = name
        self._kept = kept

    async def search(self, text: str, limit: int = MOST) -> tuple[Contact, ...]:
        """See ``Directory``."""
        return (await self._kept.book()).search(text, limit)

    async def lookup(self, number: str) -> tuple[Contact, ...]:
        """See ``Directory``."""
        return (await self._kept.book()).lookup(number)

    async def check(self) -> AsyncIterator[Step]:
        """Read it anew and tell how many contacts and numbers there are."""
        try:
            book = await self._kept.renewed()
        except SourceTrouble as error:
            yield Step("contacts", self._name, ok=False, detail=str(error), remedy=error.remedy)
            return
        told = [number for contact in book for number in contact.numbers]
        dead = sum(number.plain is None for number in told)
        detail = f"{len(book)} contacts, {len(told)} numbers"
        remedy = ""
        if dead:
            detail += f", {dead} of them in no form that can be looked up"
            remedy = "Set numbering.country of the organization, or correct the numbers."
        if self._kept.left_out:
            detail += f"; {self._kept.left_out} contacts are too many and left out"
            remedy = f"A directory holds at most {MOST_KEPT:,} contacts: name fewer folders."
        yield Step("contacts", self._name, ok=not self._kept.left_out, detail=detail, remedy=remedy)

    async def close(self) -> None:
        """See ``Directory``."""
        await self._kept.close()


def _seen(task: asyncio.Task[Book]) -> None:
    """Look at a renewal's error, so that one nobody waited for is not told as forgotten."""
    if not task.cancelled():
        task.exception()
