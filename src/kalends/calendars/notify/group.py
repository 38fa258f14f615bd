"""A group of mailboxes, its members and its lines, as plain state."""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from kalends.calendars.notify.values import GROUP, Key, Mode, Route, Site


class State(IntEnum):
    """Where a mailbox stands."""

    WAITING = 1
    """In a group, to be subscribed."""
    ASKING = 2
    """The server is being asked."""
    LIVE = 3
    """Subscribed."""
    RESTING = 4
    """In no group: only polled, until its deadline."""
    CROWDED = 5
    """In no group: the account's budget is used up, until a place is free."""


@dataclass(slots=True, eq=False)
class Member:
    """One mailbox."""

    key: Key
    address: str
    site: Site
    state: State = State.WAITING
    group: Group | None = None
    ticket: int = 0
    """Of the latest try to subscribe; answers to older ones count no more."""
    subscription: str = ""
    watermark: str = ""
    heard: float = 0.0
    """When it was subscribed, or when a callback came last (push)."""
    failures: int = 0
    told: float = float("-inf")
    """When a hint was passed on last."""
    looked: bool = False
    """It was read since that hint."""
    news: int = 0
    """How many changes a server told of that no read has taken up."""
    deafness: int = 0
    """How often in a row its subscription turned out to be deaf (``doubts``)."""
    due: float | None = None
    """End of its rest; of a live one: when news is missed that a read has found."""


@dataclass(slots=True, eq=False)
class Line:
    """One stream, asked for or open."""

    number: int
    group: Group
    heard: float
    """When the server said anything last, or when the stream was asked for."""
    asked: float
    renew_at: float
    opened_at: float | None = None
    """When the server said OK first."""
    until: float | None = None
    """Set once a newer line has its place: when it is dropped at the latest."""


@dataclass(slots=True, eq=False)
class Detour:
    """How streams fare at one site."""

    site: Site
    pulls: bool = False
    """Its groups pull: the server has no streams, or (with a deadline) they are of no use now."""
    answered: float = float("-inf")
    """When its server last answered anything but a stream."""
    dumb: int = 0
    """Lines in a row that never said a word."""
    deaf: int = 0
    """Mailboxes found deaf since a line brought any news."""
    taken: int = 0
    """Detours in a row, no news of a stream in between."""
    due: float | None = None
    """When streams are tried again."""


class Seen(NamedTuple):
    """What a group looked like at its last glance: sixteen bytes a mailbox."""

    at: float
    day: int
    """Of the wall clock, as ``Glanced`` has it."""
    members: tuple[Member, ...]
    prints: array[int]
    """Of busy times."""
    replies: array[int]
    """Of automatic replies, as they were told last."""


@dataclass(slots=True, eq=False)
class Group:
    """Mailboxes whose subscriptions live on one server."""

    number: int
    site: Site
    mode: Mode
    gathers_until: float
    """Before that nobody is subscribed: the first address of many becomes the anchor."""
    founded: bool = False
    """The anchor is subscribed, its cookies are known: the others may follow."""
    anchor: str = ""
    cookies: tuple[tuple[str, str], ...] = ()
    members: dict[Key, Member] = field(default_factory=dict)
    waiting: deque[Member] = field(default_factory=deque)
    """May hold some that wait no more."""
    live: int = 0
    asking: int = 0
    """Requests to subscribe in flight."""
    line: Line | None = None
    leaving: list[Line] = field(default_factory=list)
    """Replaced, but read to their end."""
    changed_at: float | None = None
    """Since when the line reads other subscriptions than there are; None: it does not."""
    gap: bool = False
    """News may have been lost: everybody is looked at once the next line works."""
    quiet_until: float = 0.0
    failures: int = 0
    rotation: deque[tuple[float, Member, int]] = field(default_factory=deque)
    """(when, whom, ticket): who is asked next (pull), or looked after (push)."""
    seen: Seen | None = None
    """None: not glanced at yet."""
    due: float | None = None

    @property
    def route(self) -> Route:
        """Return how its server is reached."""
        return Route(self.site, self.anchor, self.cookies)

    @property
    def hears(self) -> str:
        """Return how who is subscribed here is heard: a mode, or ``waiting`` for its stream."""
        if self.mode is Mode.STREAM and (self.line is None or self.line.opened_at is None):
            return "waiting"
        return self.mode.value

    @property
    def room(self) -> bool:
        """Tell whether one more fits."""
        return len(self.members) < GROUP

    def next_waiting(self) -> Member | None:
        """Remove and return who is subscribed next: the first address founds the group."""
        if not self.founded:
            waiting = [one for one in self.waiting if self.awaits(one)]
            self.waiting = deque(waiting)
            first = min(waiting, key=lambda one: one.address, default=None)
            if first is not None:
                self.waiting.remove(first)
            return first
        while self.waiting:
            member = self.waiting.popleft()
            if self.awaits(member):
                return member
        return None

    def awaits(self, member: Member) -> bool:
        """Tell whether a member still waits here."""
        return member.group is self and member.state is State.WAITING

    def subscriptions(self) -> tuple[str, ...]:
        """Return what a line over this group reads."""
        return tuple(
            member.subscription for member in self.members.values() if member.state is State.LIVE
        )
