"""What the parts of the planner share: mailboxes, groups, deadlines, and what is to be done.

``Board`` moves mailboxes between groups, rest and the queue for a place, and keeps every index and
count of it true; it decides nothing about the wire.
"""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from kalends.calendars.notify.actions import Action, Tell, Unsubscribe
from kalends.calendars.notify.deadlines import Deadlines
from kalends.calendars.notify.group import Detour, Group, Line, Member, State
from kalends.calendars.notify.values import Key, Mode, Site

GATHER_SECONDS: Final = 2.0
"""A new group waits so long for members, so that its anchor is the first of many."""
CEILING_SECONDS: Final = 1800.0
"""After a refusal the account's ceiling is tried again: lost subscriptions die within it."""
YOUNG_SECONDS: Final = 60.0
"""A subscription that is lost sooner is not made anew at once."""


@dataclass(slots=True, eq=False)
class Purse:
    """The budget of subscriptions one account has at one URL."""

    table: int
    """What servers of this version come with; 0: no limit is known."""
    ceiling: int
    """The same, or less where that was refused; below 0: not even one."""
    used: int = 0
    queue: OrderedDict[Key, Member] = field(default_factory=OrderedDict)
    """Mailboxes without a place, first come first served."""
    due: float | None = None
    """When a lowered ceiling is tried again."""

    @property
    def full(self) -> bool:
        """Tell whether no place is left."""
        return self.ceiling < 0 or 0 < self.ceiling <= self.used


class Board:
    """The planner's state."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.now = 0.0
        self.actions: list[Action] = []
        self.deadlines = Deadlines()
        self.members: dict[Key, Member] = {}
        self.groups: dict[int, Group] = {}
        self.lines: dict[int, Line] = {}
        self.subscribed: dict[str, Member] = {}
        """By subscription id."""
        self.called: dict[int, Member] = {}
        """By the ticket in their callback URL (push)."""
        self.touched: OrderedDict[int, Group] = OrderedDict()
        """Groups to look at before the planner returns."""
        self._with_room: dict[Site, dict[int, Group]] = {}
        self._purses: dict[tuple[str, bool], Purse] = {}
        self._detours: dict[Site, Detour] = {}
        self._numbers = 0
        self.rebuilt = 0
        """Subscriptions that ended without our asking, died with their server, or were deaf."""

    def number(self) -> int:
        """Return a number never used before."""
        self._numbers += 1
        return self._numbers

    def jitter(self, seconds: float) -> float:
        """Return ``seconds`` lengthened or shortened by up to a tenth."""
        return seconds * self.chance.uniform(0.9, 1.1)

    def touch(self, group: Group) -> None:
        """Have a group looked at."""
        self.touched[group.number] = group

    def tell(self, member: Member, *, changes: int = 0) -> None:
        """Pass a hint on; ``changes``: how many a server told of (0: there may be some)."""
        sure = changes > 0
        self.actions.append(Tell(member.key, sure))
        member.told, member.looked = self.now, False
        if member.state is State.LIVE:
            member.due = None  # what was missed has come
        if sure:
            member.news += changes
            member.deafness = 0

    def detour(self, site: Site) -> Detour:
        """Return how streams fare at a site."""
        found = self._detours.get(site)
        if found is None:
            found = self._detours[site] = Detour(site)
        return found

    # --- groups -----------------------------------------------------------------------------
    def join(self, member: Member) -> None:
        """Put a mailbox into a group of its site, or into the queue for a place."""
        purse = self.purse(member.site)
        if purse.full:
            member.state = State.CROWDED
            purse.queue[member.key] = member
            return
        purse.used += 1
        group = self._roomy(member.site)
        member.state, member.group = State.WAITING, group
        group.members[member.key] = member
        group.waiting.append(member)
        if not group.room:
            self._with_room[group.site].pop(group.number, None)
        self.touch(group)

    def leave(self, member: Member, *, give_back: bool = False) -> None:
        """Take a mailbox out of its group or queue; ``give_back``: unsubscribe it too."""
        self.purse(member.site).queue.pop(member.key, None)
        group = member.group
        if group is None:
            return
        if give_back:
            self._give_back(member, group)
        self.unsubscribed(member)
        del group.members[member.key]
        member.group = None
        self._with_room.setdefault(group.site, {})[group.number] = group
        self._freed(self.purse(member.site))
        self.touch(group)

    def rest(self, member: Member, seconds: float, *, give_back: bool = False) -> None:
        """Only poll a mailbox for a while; ``give_back``: unsubscribe it too."""
        self.leave(member, give_back=give_back)
        member.due = None
        member.state = State.RESTING
        self.deadlines.set(member, self.now + self.jitter(seconds))

    def dissolve(self, group: Group) -> None:
        """Forget a group nobody is in."""
        self.groups.pop(group.number, None)
        group.due = None
        self._with_room.get(group.site, {}).pop(group.number, None)
        if not self._with_room.get(group.site, True):
            del self._with_room[group.site]

    def _roomy(self, site: Site) -> Group:
        with_room = self._with_room.setdefault(site, {})
        if with_room:
            return next(iter(with_room.values()))
        pulls = site.mode is Mode.STREAM and self.detour(site).pulls
        mode = Mode.PULL if pulls else site.mode
        group = Group(self.number(), site, mode, self.now + GATHER_SECONDS)
        self.groups[group.number] = with_room[group.number] = group
        return group

    # --- subscriptions ----------------------------------------------------------------------
    def live(self, member: Member, subscription: str, watermark: str) -> None:
        """Note that a mailbox of a group is subscribed."""
        assert member.group is not None
        member.state, member.heard = State.LIVE, self.now
        member.subscription, member.watermark = subscription, watermark
        member.group.live += 1
        self.subscribed[subscription] = member
        if member.group.mode is Mode.PUSH:
            self.called[member.ticket] = member

    def unsubscribed(self, member: Member) -> None:
        """Note that a mailbox of a group has no subscription, and that tries count no more."""
        if member.state is State.LIVE and member.group is not None:
            member.group.live -= 1
            if self.subscribed.get(member.subscription) is member:
                del self.subscribed[member.subscription]
            member.due = None
        self.called.pop(member.ticket, None)
        member.subscription = member.watermark = ""
        member.ticket = 0

    def lost(self, member: Member) -> None:
        """Have a subscription made anew, without its watermark."""
        group = member.group
        assert group is not None
        self.rebuilt += 1
        if self.now - member.heard < YOUNG_SECONDS:  # it never lives long: no race for it
            member.failures += 1
            self.tell(member)
            self.rest(member, min(YOUNG_SECONDS * 2 ** (member.failures - 1), CEILING_SECONDS))
            return
        member.failures = 0
        self._again(member, group)

    def renew(self, member: Member) -> None:
        """Give a subscription back that is of no use, and have it made anew."""
        assert member.group is not None
        self.rebuilt += 1
        self._give_back(member, member.group)
        self._again(member, member.group)

    def _again(self, member: Member, group: Group) -> None:
        self.unsubscribed(member)
        member.state = State.WAITING
        group.waiting.append(member)
        self.touch(group)

    def refound(self, group: Group) -> None:
        """Start a group anew: another anchor, no cookies, every subscription again."""
        for member in group.members.values():
            if member.state is not State.WAITING:
                self.rebuilt += member.state is State.LIVE
                if group.site.ceiling:  # what is left behind would count for half an hour
                    self._give_back(member, group)
                self.unsubscribed(member)
                member.state = State.WAITING
        group.founded, group.anchor, group.cookies = False, "", ()
        group.gap = False  # everybody is looked at after subscribing
        group.waiting = deque(group.members.values())
        group.rotation.clear()
        self.touch(group)

    def too_old(self, group: Group) -> None:
        """Pull where streams are not offered."""
        self.detour(group.site).pulls = True
        group.mode = Mode.PULL
        self.refound(group)

    def _give_back(self, member: Member, group: Group) -> None:
        # A push subscription ends by the answer to its next callback.
        if member.state is State.LIVE and group.mode is not Mode.PUSH:
            self.actions.append(Unsubscribe(member.address, member.subscription, group.route))

    # --- the account's budget ---------------------------------------------------------------
    def purse(self, site: Site) -> Purse:
        """Return the budget a site draws on."""
        key = (site.url, site.impersonated)
        purse = self._purses.get(key)
        if purse is None:
            purse = self._purses[key] = Purse(site.ceiling, site.ceiling)
        return purse

    def overlap_ends(self, group: Group) -> float:
        """Return until when another group reads two lines at the expense of the same account.

        Of its streams one is kept for overlaps (``allowance``): two groups never overlap at once.
        """
        if not group.site.ceiling:
            return 0.0
        purse = self.purse(group.site)
        others = (one for one in self.lines.values() if one.group is not group)
        ends = (one.until for one in others if self.purse(one.group.site) is purse)
        return max((end for end in ends if end is not None), default=0.0)

    def exhausted(self, member: Member) -> None:
        """Note that no more subscriptions are allowed, and poll this mailbox."""
        purse = self.purse(member.site)
        if not member.site.ceiling:  # the mailbox pays for itself: its own budget is used up
            self.rest(member, CEILING_SECONDS)
            return
        sharers = [one for one in self.members.values() if self.purse(one.site) is purse]
        # Others may use the account too: what is refused counts, not what the table says.
        purse.ceiling = sum(1 for one in sharers if one.state is State.LIVE) or -1
        for one in [member, *(one for one in sharers if one.state is State.WAITING)]:
            self.leave(one)
            one.state = State.CROWDED
            purse.queue[one.key] = one
        self.deadlines.set(purse, self.now + self.jitter(CEILING_SECONDS))

    def widen(self, purse: Purse) -> None:
        """Try the ceiling of the table again."""
        purse.ceiling = purse.table
        self._admit(purse)

    def _freed(self, purse: Purse) -> None:
        purse.used -= 1
        self._admit(purse)

    def _admit(self, purse: Purse) -> None:
        while purse.queue and not purse.full:
            _, member = purse.queue.popitem(last=False)
            self.join(member)
