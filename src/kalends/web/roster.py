"""Who is there: everybody page by page, and whose record changed, came or went.

A record takes no revision of its own; its version counts changes (``PersonDocument``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final, NamedTuple

from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.frames import Change

PAGE: Final = 1000
_NEVER: Final = -1
"""Version of somebody whose record was not looked at yet."""
_LEAST: Final = 2.0
"""Seconds between two looks at everybody …"""
_SHARE: Final = 5
"""… and at least this many times what a look takes."""


async def pages(reader: Reader, organization: str, after: str = "") -> AsyncIterator[list[Change]]:
    """Yield everybody's entry with the presence, by id; the last page is not full."""
    while True:
        documents = await reader.people(organization, after, PAGE)
        stored = await reader.presences(organization, after, len(documents) or 1)
        states = {one.person: one for one in stored}
        yield [
            Change(states[document.person], document)
            for document in documents
            if document.person in states  # somebody removed between both reads is not there
        ]
        if len(documents) < PAGE:
            return
        after = documents[-1].person


class Turned(NamedTuple):
    """What a look at everybody found."""

    changed: list[Change]
    gone: list[str]


class Roster:
    """Remembers everybody's version, and finds out who came, changed or went."""

    def __init__(self, reader: Reader, organization: str, runtime: Runtime) -> None:
        self._reader = reader
        self._organization = organization
        self._runtime = runtime
        self._known: dict[str, int] = {}
        self._suspected = False
        self._next = 0.0

    def suspect(self) -> None:
        """Somebody's record may have changed."""
        self._suspected = True

    def saw(self, people: Iterable[str]) -> None:
        """Somebody was told of these: the next look tells who is new, and who went meanwhile."""
        for person in people:
            self._known.setdefault(person, _NEVER)

    async def begin(self) -> None:
        """Remember everybody."""
        await self._look()

    async def turned(self) -> Turned:
        """Return whose record changed since the last look, if it is time for one."""
        began = self._runtime.monotonic()
        if not self._suspected or began < self._next:
            return Turned([], [])
        self._suspected = False
        found = await self._look()
        spent = self._runtime.monotonic() - began
        self._next = began + max(_LEAST, _SHARE * spent)
        return found

    async def _look(self) -> Turned:
        before, now = self._known, dict[str, int]()
        changed: list[Change] = []
        async for page in pages(self._reader, self._organization):
            for change in page:
                assert change.document is not None
                version = now[change.stored.person] = change.document.version
                if before.get(change.stored.person) != version:
                    changed.append(change)
        self._known = now
        return Turned(changed, sorted(before.keys() - now.keys()))
