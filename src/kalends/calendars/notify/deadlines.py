"""One heap of deadlines for groups and resting mailboxes; an entry that was moved is dropped late.

A deadline may be met early: whoever is woken looks at the time and sets the next one.
"""

from __future__ import annotations

import heapq
from typing import Protocol


class Waiting(Protocol):
    """Something that has at most one deadline."""

    due: float | None


class Deadlines:
    """Deadlines on the monotonic clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Waiting]] = []
        self._number = 0

    def set(self, what: Waiting, at: float) -> None:
        """Wake ``what`` at ``at``, or before where it had an earlier deadline."""
        if what.due is not None and what.due <= at:
            return
        what.due = at
        self._number += 1
        heapq.heappush(self._heap, (at, self._number, what))

    def next_at(self) -> float | None:
        """Return the earliest deadline."""
        while self._heap and self._heap[0][2].due != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> list[Waiting]:
        """Remove and return what is due, earliest first."""
        found: list[Waiting] = []
        while (at := self.next_at()) is not None and at <= now:
            what = heapq.heappop(self._heap)[2]
            what.due = None
            found.append(what)
        return found
