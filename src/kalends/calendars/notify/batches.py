"""How many mailboxes a server is asked for by one request: fewer once it refuses, more later.

A limit is the server's own setting, and so is how it says that one is passed. So every refusal
halves, and after many answers the double is tried again: a limit costs one request in two hundred,
and what was refused for another reason does no harm for long.
"""

from __future__ import annotations

from typing import Final

ANSWERS: Final = 200
"""So many in a row, and the double is tried."""


class Batches:
    """The sizes servers took last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[str, int] = {}
        """URL → size, where it is not the most."""
        self._answers: dict[str, int] = {}

    def size(self, url: str) -> int:
        """Return for how many a server is asked at once."""
        return self._sizes.get(url, self._most)

    def refused(self, url: str, size: int) -> None:
        """Note that so many were too many."""
        self._sizes[url] = max(1, size // 2)
        self._answers.pop(url, None)

    def answered(self, url: str) -> None:
        """Note an answer."""
        if url not in self._sizes:
            return
        self._answers[url] = self._answers.get(url, 0) + 1
        if self._answers[url] >= ANSWERS:
            self._answers.pop(url)
            self._sizes[url] *= 2
            if self._sizes[url] >= self._most:
                del self._sizes[url]
