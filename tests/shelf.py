"""A directory over a book, for tests: it may be slow or refuse, and it may be a kind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from kalends.calendars.contract import Capabilities, Step
from kalends.directory.book import Book
from kalends.directory.contract import MOST, Contact
from kalends.endpoints.kind import Kind, Place, Services, SharedDirectoryOptions, kinds, own_key
from kalends.errors import AccessDenied
from kalends.model.vocabulary import Document


class Shelf:
    """A directory over a book."""

    def __init__(self, *contacts: Contact, fails: bool = False, hangs: bool = False) -> None:
        self.book = Book(contacts)
        self.fails = fails
        self.hangs = hangs

    async def _mood(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise AccessDenied("the folder may not be read")

    async def search(self, text: str, limit: int = MOST) -> tuple[Contact, ...]:
        await self._mood()
        return self.book.search(text, limit)

    async def lookup(self, number: str) -> tuple[Contact, ...]:
        await self._mood()
        return self.book.lookup(number)

    async def check(self) -> AsyncIterator[Step]:
        yield Step("contacts", "shelf", ok=not self.fails, detail=f"{len(self.book)} contacts")

    async def close(self) -> None:
        return


class Office:
    """The endpoint of kind ``scripted-office``: notes what it was opened with."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, str | None]] = []
        self.closed = 0
        self.shelf = Shelf()

    def endpoint(self, services: Services, place: Place, options: Any) -> Office:
        del services
        self.opened.append((options.url, place.secret("password")))
        return self

    async def close(self) -> None:
        self.closed += 1


class Quiet:
    """A source in which nobody has a calendar."""

    capabilities = Capabilities()

    async def close(self) -> None:
        return


class Options(Document):
    """Keys of the scripted kind."""

    url: str = "one"
    poll_seconds: float = 60.0


@contextlib.contextmanager
def scripted_office() -> Iterator[Office]:
    """Make a kind known that has calendars and contacts: ``scripted-office``."""
    office = Office()
    kinds()["scripted-office"] = Kind(
        "scripted-office", "For tests.", Options, office.endpoint, own_key,
        source=lambda endpoint, place, options: Quiet(),
        directory=lambda endpoint, place, options: office.shelf,
        directory_options=SharedDirectoryOptions, secrets=("password",),
    )  # fmt: skip
    try:
        yield office
    finally:
        del kinds()["scripted-office"]
