"""Gives back the memory that a batch of changes left behind. Place: under ``sqlite``'s writer.

A transaction wants all its pages in memory: one that spills writes them twice. Once it is
committed they are of little use, since the system has the file's pages too. What the allocator
keeps between what is still in use goes back with them, of the whole process.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Final

import apsw

EVERY: Final = 60.0
"""Seconds between two times: pages used again meanwhile are not read from the file again."""
WORTH: Final = 8 << 20
"""Bytes of pages below which nothing is given back."""


class Spare:
    """Looks after one connection; called by the thread that works on it."""

    def __init__(
        self,
        connection: apsw.Connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._next = clock() + EVERY

    def give_back(self) -> bool:
        """Give back what is worth it, if it is time; tell whether anything was.

        Not within a transaction, whose pages are held.
        """
        if self._clock() < self._next:
            return False
        self._next = self._clock() + EVERY
        if self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_USED)[0] < WORTH:
            return False
        self._connection.release_memory()
        _TRIM(0)
        return True


def _trim() -> Callable[[int], int]:
    """Return glibc's ``malloc_trim``; other allocators give back by themselves, or never."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda _: 0
    return found


_TRIM: Final = _trim()
