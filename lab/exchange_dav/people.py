"""Public folders: contacts in folders in folders."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Person:
    """One contact."""

    name: str
    company: str = ""
    given: str = ""
    family: str = ""
    emails: tuple[str, ...] = ()
    phones: dict[str, str] = field(default_factory=dict)
    """Local name in ``urn:schemas:contacts:`` → number as typed."""


@dataclass(slots=True)
class PublicFolder:
    """One folder below ``/public/``."""

    name: str
    folder_class: str = "IPF.Contact"
    people: list[Person] = field(default_factory=list)
    folders: list[PublicFolder] = field(default_factory=list)
    hidden: bool = False
    readable: bool = True

    def add(self, name: str, *people: Person, folder_class: str = "IPF.Contact") -> PublicFolder:
        """Add a folder below this one."""
        made = PublicFolder(name, folder_class, list(people))
        self.folders.append(made)
        return made
