"""A quiet hour: nobody edits anything, so every transition is known beforehand, to the second.

Place: the second half of the oracle (``world``), for event feeds. That a sink shows the right state
in the end says nothing of the states in between; here the feed must have heard each of them, once
in order, with the second at which it began, whatever was killed or failed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kalends.sinks.contract import Publication
from tests.simulation.world import World

LATE = 1
"""Seconds a known boundary may be late; it is never early."""


class Change(NamedTuple):
    """From a second on somebody's availability is another."""

    at: int
    word: str


@dataclass(slots=True)
class Record:
    """What a feed was told: each revision at its first hearing."""

    heard: dict[str, list[Change]] = field(default_factory=dict)
    """Per person, in the order of hearing, since ``begin``."""
    disorder: list[str] = field(default_factory=list)
    """Where a revision was heard for the first time behind a higher one."""
    early: list[str] = field(default_factory=list)
    """Where a state was told before it began."""
    _known: dict[str, set[int]] = field(default_factory=dict)
    _highest: dict[str, int] = field(default_factory=dict)

    def hears(self, publication: Publication, word: str, now: float) -> None:
        """Note what was told."""
        person, revision = publication.person, publication.revision
        known = self._known.setdefault(person, set())
        if revision in known:
            return
        known.add(revision)
        highest = self._highest.get(person, 0)
        if revision < highest:
            self.disorder.append(f"{person}: {revision} behind {highest}")
        if publication.at > now:
            self.early.append(f"{person}: {publication.at - now} s early")
        self._highest[person] = max(highest, revision)
        self.heard.setdefault(person, []).append(Change(publication.at, word))

    def begin(self) -> None:
        """Forget what was heard; what is heard again still counts as known."""
        self.heard = {}

    def changes(self, person: str, before: str) -> list[Change]:
        """Return how availability went on from ``before``, as the feed heard it."""
        found: list[Change] = []
        for change in self.heard.get(person, ()):
            if change.word != before:
                found.append(change)
                before = change.word
        return found


def changes(world: World, person: str, after: int, until: int) -> list[Change]:
    """Return how availability truly changes in ``(after, until]``, where nobody edits."""
    found: list[Change] = []
    word = world.oracle(person, after)
    for at in _boundaries(world, person, after, until):
        then = world.oracle(person, at)
        if then != word:
            found.append(Change(at, then))
            word = then
    return found


def _boundaries(world: World, person: str, after: int, until: int) -> list[int]:
    ends = world.calendars[person].boundaries(after, until)
    hand = world.by_hand.get(person)
    if hand is not None and after < hand.until <= until:
        ends.add(hand.until)
    return sorted(ends)


def differences(world: World, record: Record, after: int, until: int) -> tuple[int, list[str]]:
    """Compare a quiet time with the truth; return how many transitions there were, and faults."""
    count, wrong = 0, []
    for person in world.people:
        true = changes(world, person, after, until)
        told = record.changes(person, world.oracle(person, after))
        count += len(true)
        if not _same(true, told):
            wrong.append(f"{person} heard {told}, truly {true}")
    return count, wrong


def _same(true: list[Change], told: list[Change]) -> bool:
    return len(true) == len(told) and all(
        one.word == other.word and one.at <= other.at <= one.at + LATE
        for one, other in zip(true, told, strict=True)
    )
