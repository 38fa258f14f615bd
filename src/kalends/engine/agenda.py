"""One heap of deadlines for all calendars of all sources.

Place in the flow: ``sync`` asks it what to read now and until when to rest. A calendar costs one
lean tuple here and nothing else while it is healthy and quiet: no task, no thread, no timer.

Vocabulary: a *slot* is the number of an opened source; closing a source retires its number, and
entries that still carry it are dropped when their time comes. A *poll* comes back for ever (the
driver enters it anew after each read), a *call* is entered once, for a hinted extra read.
"""

from __future__ import annotations

import heapq
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

Entry = tuple[int, int, str, str]
"""(milliseconds, slot or minus slot for a call, person, calendar name)."""


class Ready(NamedTuple):
    """A calendar whose time has come."""

    slot: int
    person: str
    name: str
    call: bool


class Agenda:
    """Deadlines on the monotonic clock; every polled calendar stands here at most once."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._struck: Counter[tuple[int, str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._heap)

    def enter(self, at: float, slot: int, person: str, name: str, *, call: bool = False) -> None:
        """Note a read at ``at`` (monotonic seconds)."""
        # Nearly all calendars are called the same: one string for a million of them.
        entry = (int(at * 1000), -slot if call else slot, person, sys.intern(name))
        heapq.heappush(self._heap, entry)

    def strike(self, slot: int, person: str, name: str) -> None:
        """Forget the poll of a calendar that is no more; found when its time comes."""
        self._struck[(slot, person, name)] += 1

    def next_at(self) -> float | None:
        """Return the earliest deadline, None where nothing is noted."""
        return self._heap[0][0] / 1000 if self._heap else None

    def take(self, now: float, limit: int) -> list[Ready]:
        """Remove and return up to ``limit`` calendars whose time has come, oldest first."""
        due = int(now * 1000) + 1  # deadlines were cut to whole milliseconds
        ready: list[Ready] = []
        while self._heap and self._heap[0][0] <= due and len(ready) < limit:
            _, slot, person, name = heapq.heappop(self._heap)
            if slot < 0:
                ready.append(Ready(-slot, person, name, True))
            elif not self._is_struck(slot, person, name):
                ready.append(Ready(slot, person, name, False))
        return ready

    def move(self, slot: int, when: Callable[[], float]) -> None:
        """Give every poll of a slot the new deadline ``when()`` if that is sooner."""
        moved: list[Entry] = []
        for entry in self._heap:
            if entry[1] == slot:
                moved.append((min(entry[0], int(when() * 1000)), *entry[1:]))
            else:
                moved.append(entry)
        heapq.heapify(moved)
        self._heap = moved

    def retire(self, slots: Iterable[int]) -> None:
        """Drop everything of closed sources at once."""
        gone = set(slots)
        self._heap = [entry for entry in self._heap if abs(entry[1]) not in gone]
        heapq.heapify(self._heap)
        for key in [key for key in self._struck if key[0] in gone]:
            del self._struck[key]

    def _is_struck(self, slot: int, person: str, name: str) -> bool:
        if not self._struck:
            return False
        key = (slot, person, name)
        if not self._struck[key]:
            return False
        self._struck[key] -= 1
        if not self._struck[key]:
            del self._struck[key]
        return True
