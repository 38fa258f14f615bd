"""What somebody probably meant: the nearest known names beside "there is no such …"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kalends.store.contract import Reader

MOST: Final = 3
_PAGES: Final = 20
_PAGE: Final = 1000
_LIKE: Final = 0.6


def hint(wanted: str, known: Iterable[tuple[str, str]]) -> str:
    """Return ``Did you mean anna (Anna Berg)?`` for (id, name) pairs; empty: nothing is near."""
    word = wanted.casefold()
    rated = sorted(((_likeness(word, id, name), id, name) for id, name in known), reverse=True)
    near = [
        f"{id} ({name})" if name and name != id else id
        for rate, id, name in rated[:MOST]
        if rate >= _LIKE
    ]
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _likeness(word: str, id: str, name: str) -> float:
    words = [id.casefold(), name.casefold(), *name.casefold().split()]
    return max(
        1.0 if len(word) >= 3 and one.startswith(word) else SequenceMatcher(None, word, one).ratio()
        for one in words
    )


async def near_people(reader: Reader, organization: str, wanted: str) -> str:
    """Return the hint for a person's id; looks at the first 20,000 people."""
    known: list[tuple[str, str]] = []
    after = ""
    for _ in range(_PAGES):
        page = await reader.people(organization, after, _PAGE)
        known += [(one.person, one.profile.name) for one in page]
        if len(page) < _PAGE:
            break
        after = page[-1].person
    return hint(wanted, known)
