"""Telephone numbers in the one form in which they are compared, remembered: reading one costs.

A directory writes ``08-123 456 78``, a PBX tells ``+46812345678``, a colleague dials ``5678``:
``[organizations.numbering]`` says that they are one telephone.
"""

from __future__ import annotations

from typing import Final

from kalends.directory.contract import ContactNumber
from kalends.model.organization import Numbering
from kalends.policy.numbering import NumberPlan, NumberRefused

_MOST: Final = 200_000


class Numbers:
    """Reads numbers by an organization's plan; what was read once is known."""

    def __init__(self, numbering: Numbering) -> None:
        self._plan = NumberPlan(numbering)
        self._known: dict[str, str | None] = {}

    def plain(self, number: str) -> str | None:
        """Return E.164 or an extension's digits; None where the text is neither here."""
        if number in self._known:
            return self._known[number]
        try:
            plain: str | None = self._plan.canonical(number)
        except NumberRefused:
            plain = None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[number] = plain
        return plain

    def numbered(self, kind: str, number: str) -> ContactNumber:
        """Return a contact's number with its one form."""
        return ContactNumber(number, kind, self.plain(number))

    def alike(self, number: str) -> tuple[str, ...]:
        """Return the forms that mean this telephone: itself, and its extension or DID number.

        Raises ``NumberRefused`` (a ``UserError``) where the text is no number here.
        """
        plain = self._plan.canonical(number)
        other = self._plan.extension_of(plain) or self._plan.did_of(plain)
        return (plain,) if other is None else (plain, other)
