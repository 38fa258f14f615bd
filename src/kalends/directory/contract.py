"""What a directory does: contacts found by text and by number.

Place in the flow: *outside system → endpoint → directory → search (merge) → API, command line,
console; later the caller's name on a call*.

Vocabulary: a *contact* is somebody outside or inside with a name and numbers; a *book* is a set of
contacts kept in memory with an index; *lookup* compares numbers in their one form (E.164, or an
extension's digits), as ``policy.numbering`` reads them.

Invariants a directory keeps (``tests/contract/directory`` shows them for each kind):

- ``search`` and ``lookup`` answer what is known or raise the ``SourceTrouble`` tree; nobody found
  is an empty answer, never an error.
- No subject, note or body of anything is read: names, companies, addresses, numbers only.
- Nothing read is written to the store; it is gone with the process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

import msgspec

from kalends.calendars.contract import Step

MOST: Final = 50
"""So many contacts are told at once; whoever wants another types one letter more."""


class ContactNumber(msgspec.Struct, frozen=True):
    """One telephone number of a contact."""

    number: str
    """As it stands in the directory."""
    kind: str
    """As ``model.person.Number.kind``."""
    plain: str | None = None
    """E.164 or an extension's digits; None where it is neither here."""


class Contact(msgspec.Struct, frozen=True):
    """Somebody with a name and ways to reach them."""

    id: str
    """Stable within its directory; may be empty."""
    name: str
    directory: str
    """Id of the directory that told it; ``people``: the organization's own people."""
    given: str = ""
    family: str = ""
    company: str = ""
    department: str = ""
    title: str = ""
    emails: tuple[str, ...] = ()
    """Lower case."""
    numbers: tuple[ContactNumber, ...] = ()
    folder: str = ""
    """Where in the directory it lies, as people name it: ``Customers/North``."""
    person: str | None = None
    """Id of the organization's person, where it is one."""


class Directory(Protocol):
    """One directory of one organization."""

    async def search(self, text: str, limit: int = MOST) -> tuple[Contact, ...]:
        """Return contacts in which every word of ``text`` begins a word, the best first."""

    async def lookup(self, number: str) -> tuple[Contact, ...]:
        """Return whose number this is; ``number`` in its one form."""

    def check(self) -> AsyncIterator[Step]:
        """Try it step by step; never raises for what it finds."""

    async def close(self) -> None:
        """Let go of everything but the shared endpoint."""
