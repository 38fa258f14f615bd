"""What waits for one sink: per person in order, coalesced where the sink is a lamp. Pure.

Place in the flow: ``pump`` fills it from revisions, takes what may be sent now, and reports what
became of it. A person is never sent twice at the same time; a failing person waits alone until
its retry, everybody else goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from kalends.engine.ahead import Form
from kalends.model.presence import Presence
from kalends.model.profile import Profile

MOST_PER_PERSON: Final = 500
"""Transitions kept in memory for a person that cannot be delivered; then only the present."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """One state to tell."""

    person: str
    revision: int
    presence: Presence
    profile: Profile
    stale_since: int | None
    at: int
    """When the state began to hold."""
    form: Form | None = None
    """Rendered ahead; None: to be rendered."""


class Lane:
    """What waits for one person. Nearly always one state: a list, which is a tenth of a deque."""

    __slots__ = ("blocked", "items", "sending")

    def __init__(self, *items: Item, blocked: bool = False) -> None:
        self.items = [*items]
        self.sending = False
        self.blocked = blocked
        """Waits for a retry."""


class Queue:
    """All that waits for one sink."""

    def __init__(self, *, coalesce: bool) -> None:
        self._coalesce = coalesce
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[str] = deque()
        self.waiting = 0
        """Items neither sent nor blocked."""
        self.blocked = 0
        """People who wait for a retry."""
        self.dropped = 0
        """Transitions that were replaced by the present."""

    def __len__(self) -> int:
        return len(self._lanes)

    def put(self, item: Item) -> None:
        """Add a state; a lamp's newer state replaces the waiting one."""
        lane = self._lanes.get(item.person)
        if lane is None:
            self._lanes[item.person] = Lane(item)
            self._ready.append(item.person)
            self.waiting += 1
            return
        waiting = len(lane.items) > (1 if lane.sending else 0)
        if self._coalesce and waiting:
            lane.items[-1] = item  # the newer state takes the place of the one that waits
            return
        lane.items.append(item)
        if lane.blocked:
            self._bound(lane)
            return
        self.waiting += 1
        if not lane.sending and len(lane.items) == 1:
            self._ready.append(item.person)

    def take(self, limit: int) -> list[Item]:
        """Return up to ``limit`` states of different people to send now."""
        taken: list[Item] = []
        while self._ready and len(taken) < limit:
            lane = self._lanes.get(self._ready.popleft())
            if lane is None or lane.sending or lane.blocked or not lane.items:
                continue
            lane.sending = True
            taken.append(lane.items[0])
        return taken

    def done(self, item: Item) -> None:
        """The state arrived, or needs no sending: the person's next one may go."""
        lane = self._lanes[item.person]
        lane.sending = False
        lane.items.pop(0)
        self.waiting -= 1
        if lane.items:
            self._ready.append(item.person)
        else:
            del self._lanes[item.person]

    def block(self, item: Item) -> None:
        """The state did not arrive: the person waits for ``unblock``, others go on."""
        lane = self._lanes[item.person]
        lane.sending, lane.blocked = False, True
        self.blocked += 1
        self.waiting -= len(lane.items)
        if self._coalesce:
            lane.items.clear()  # the present is read anew for the retry

    def hold(self, person: str) -> None:
        """Let what waits for a person wait for ``unblock``; whoever is in line otherwise stays."""
        lane = self._lanes.get(person)
        if lane is not None and not (lane.sending or lane.blocked):
            lane.blocked = True
            self.blocked += 1
            self.waiting -= len(lane.items)

    def expire(self, person: str, before: int) -> None:
        """Drop what a person who waits for a retry need not be told of: what began ``before``."""
        lane = self._lanes.get(person)
        if lane is not None and lane.blocked:
            kept = [item for item in lane.items if item.at >= before]
            self.dropped += len(lane.items) - len(kept)
            lane.items[:] = kept

    def unblock(self, person: str, present: Item | None) -> bool:
        """Let a person's retry go: with the present state, or what waits in order."""
        lane = self._lanes.get(person)
        if lane is None:
            lane = self._lanes[person] = Lane(blocked=True)
            self.blocked += 1
        if lane.sending or not lane.blocked:
            return False
        lane.blocked = False
        self.blocked -= 1
        if present is not None:
            self.dropped += 0 if self._coalesce else len(lane.items)
            lane.items.clear()
            lane.items.append(present)
        if not lane.items:
            del self._lanes[person]
            return False
        self.waiting += len(lane.items)
        self._ready.append(person)
        return True

    def back(self, item: Item) -> None:
        """The sink as a whole is not reachable: the state stays first in line."""
        self._lanes[item.person].sending = False
        self._ready.appendleft(item.person)

    def moves(self, person: str) -> bool:
        """Tell whether something of a person's is in line or on its way."""
        lane = self._lanes.get(person)
        return lane is not None and not lane.blocked

    def oldest_blocked(self, person: str) -> Item | None:
        """Return the first state that waits for a blocked person."""
        lane = self._lanes.get(person)
        return lane.items[0] if lane is not None and lane.items else None

    def lowest(self) -> int | None:
        """Return the lowest revision not yet sent, but for blocked people (they have rows)."""
        revisions = (
            lane.items[0].revision
            for lane in self._lanes.values()
            if lane.items and not lane.blocked
        )
        return min(revisions, default=None)

    def drop(self, people: Iterable[str]) -> None:
        """Forget people that are no more."""
        for person in people:
            lane = self._lanes.get(person)
            if lane is not None and not lane.sending:
                self.waiting -= 0 if lane.blocked else len(lane.items)
                self.blocked -= lane.blocked
                del self._lanes[person]

    def __contains__(self, person: object) -> bool:
        return person in self._lanes

    def _bound(self, lane: Lane) -> None:
        if len(lane.items) > MOST_PER_PERSON:
            lane.items.pop(0)
            self.dropped += 1
