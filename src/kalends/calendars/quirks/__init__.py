"""Server oddities that are no part of a standard, one server per file.

``OWNERS``: read the owner of a shared calendar off things only this server writes.
``HOMES``: paths below which a person's calendars may lie where no search finds them.
Oddities every client must survive (507 pages, full URLs, falsy tokens) are no quirks: they are
handled where they occur, in ``wire.caldav`` and ``calendars.collection``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kalends.calendars.quirks import nextcloud, plain, sogo
from kalends.wire.caldav.answers import Resource

OWNERS: Final[tuple[Callable[[Resource], str], ...]] = (nextcloud.owner, sogo.owner, plain.owner)
"""Return the owner's account name of a calendar, or an empty text."""

HOMES: Final[tuple[Callable[[str], tuple[str, ...]], ...]] = (plain.homes,)
"""Return decoded paths to try, for an e-mail address."""
