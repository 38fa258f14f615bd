"""Contacts of an outside system, as a codec tells them, become contacts of a directory."""

from __future__ import annotations

from typing import Protocol

from kalends.directory.contract import Contact
from kalends.directory.numbers import Numbers


class Told(Protocol):
    """What the codecs' contacts have in common."""

    @property
    def given(self) -> str:
        """Given name."""

    @property
    def family(self) -> str:
        """Family name."""

    @property
    def company(self) -> str:
        """Company."""

    @property
    def department(self) -> str:
        """Department."""

    @property
    def title(self) -> str:
        """Job title."""

    @property
    def emails(self) -> tuple[str, ...]:
        """Addresses, lower case."""

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """(kind, as typed)."""


def taken_up(
    one: Told, id: str, name: str, *, directory: str, numbers: Numbers, folder: str = ""
) -> Contact:
    """Return a contact as directories tell it, each number once and in its one form."""
    return Contact(
        id,
        name,
        directory,
        given=one.given,
        family=one.family,
        company=one.company,
        department=one.department,
        title=one.title,
        emails=one.emails,
        numbers=tuple(
            numbers.numbered(kind, number) for kind, number in dict.fromkeys(one.numbers)
        ),
        folder=folder,
    )
