"""Asks several directories at once and makes one answer of theirs.

Place in the flow: *directories → one list → API, command line*. A directory that is slow or fails
is named in the answer; the others' contacts are told all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import msgspec

from kalends.directory.book import words
from kalends.directory.contract import MOST, Contact, Directory
from kalends.errors import KalendsError
from kalends.policy.fold import fold

SECONDS: Final = 4.0
"""No directory is waited for any longer: somebody sits at the switchboard."""


class Incomplete(msgspec.Struct, frozen=True):
    """A directory whose contacts are missing from an answer, and why."""

    directory: str
    message: str
    remedy: str = ""


class Found(msgspec.Struct, frozen=True):
    """What all directories told together."""

    contacts: tuple[Contact, ...] = ()
    incomplete: tuple[Incomplete, ...] = ()


async def search(
    directories: Mapping[str, Directory], text: str, limit: int = MOST, *, seconds: float = SECONDS
) -> Found:
    """Return contacts by text, the best first."""
    told = await _ask(directories, lambda one: one.search(text, limit), seconds)
    return Found(merged(told.contacts, text, limit), told.incomplete)


async def lookup(
    directories: Mapping[str, Directory], numbers: Iterable[str], *, seconds: float = SECONDS
) -> Found:
    """Return whose number this is; ``numbers``: all forms that mean the same telephone."""
    forms = tuple(numbers)

    async def ask(one: Directory) -> tuple[Contact, ...]:
        return tuple([contact for form in forms for contact in await one.lookup(form)])

    told = await _ask(directories, ask, seconds)
    return Found(merged(told.contacts, "", MOST), told.incomplete)


def merged(contacts: Iterable[Contact], text: str, limit: int) -> tuple[Contact, ...]:
    """Return contacts in order, each once: own people, names that match, then by name.

    The same name with a number or address in common is one contact: of the directory told first.
    """
    wanted = words(text)
    kept: list[Contact] = []
    seen: dict[tuple[str, str], int] = {}
    for one in sorted(contacts, key=lambda one: _order(one, wanted)):
        marks = [(fold(one.name), mark) for mark in _marks(one)]
        if any(mark in seen for mark in marks):
            continue
        seen.update((mark, len(kept)) for mark in marks)
        kept.append(one)
    return tuple(kept[:limit])


def _marks(contact: Contact) -> set[str]:
    """Return what tells two contacts of one name apart."""
    plain = {number.plain or number.number for number in contact.numbers}
    return plain | set(contact.emails) or {f"{contact.directory}/{contact.id}"}


def _order(contact: Contact, wanted: list[str]) -> tuple[bool, bool, str, str]:
    name = words(contact.name)
    named = all(any(one.startswith(word) for one in name) for word in wanted)
    return contact.person is None, not named, fold(contact.name), fold(contact.company)


async def _ask(
    directories: Mapping[str, Directory],
    question: Callable[[Directory], Awaitable[tuple[Contact, ...]]],
    seconds: float,
) -> Found:
    async def ask(id: str, one: Directory) -> tuple[Contact, ...] | Incomplete:
        try:
            async with asyncio.timeout(seconds):
                return await question(one)
        except TimeoutError:
            return Incomplete(id, "The directory does not answer in time.", "Try again shortly.")
        except KalendsError as error:
            return Incomplete(id, str(error), getattr(error, "remedy", ""))

    answers = await asyncio.gather(*(ask(id, one) for id, one in directories.items()))
    return Found(
        tuple(one for told in answers if isinstance(told, tuple) for one in told),
        tuple(told for told in answers if isinstance(told, Incomplete)),
    )
