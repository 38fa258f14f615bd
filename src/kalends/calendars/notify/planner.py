"""The state machine: what happened goes in with its time, what to do comes out.

Every method but ``next_at``, ``take`` and ``counts`` takes ``now`` (monotonic seconds), and
leaves actions for ``take``. The driver calls ``tick`` when ``next_at`` has come; it may be late or
early. Nothing here raises for what a server does.
"""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from typing import Final

from kalends.calendars.notify.actions import Action, Close, Glance, Pull, Subscribe, Unsubscribe
from kalends.calendars.notify.board import Board, Purse
from kalends.calendars.notify.doubts import Doubts
from kalends.calendars.notify.glances import Glances
from kalends.calendars.notify.group import Detour, Group, Member, State
from kalends.calendars.notify.listening import Listening
from kalends.calendars.notify.pacing import many
from kalends.calendars.notify.pulling import Pulling
from kalends.calendars.notify.subscribing import Subscribing
from kalends.calendars.notify.values import Glanced, Key, Mode, Site
from kalends.calendars.notify.verdict import Verdict
from kalends.wire.ews.events import Notification
from kalends.wire.ews.subscribe import Subscription

PARALLEL: Final = 4
"""Requests in flight at once; streams are not counted."""


class Planner:
    """Decides how each mailbox's news is heard."""

    def __init__(
        self,
        chance: random.Random,
        *,
        pull_seconds: float = 30.0,
        parallel: int = PARALLEL,
        glance_beyond: int | None = None,
    ) -> None:
        """``glance_beyond``: busy times are glanced at where more mailboxes are taken up."""
        self._board = Board(chance)
        self._subscribing = Subscribing(self._board)
        self._doubts = Doubts(self._board)
        self._listening = Listening(self._board, self._doubts)
        self._pulling = Pulling(self._board, pull_seconds)
        beyond = many() if glance_beyond is None else glance_beyond
        self._glances = Glances(self._board, beyond)
        self._parallel = parallel
        self._asking = 0
        self._hungry: OrderedDict[int, Group] = OrderedDict()
        """Groups with something to ask, first come first served."""
        self._closed = False

    # --- mailboxes --------------------------------------------------------------------------
    def register(
        self, key: Key, address: str, site: Site, now: float, *, changed: bool = False
    ) -> None:
        """Take up a mailbox that was read with success; again where it may have moved.

        ``changed``: the read found a change, of which news should have come.
        """
        if self._closed:
            return
        self._board.now = now
        member = self._board.members.get(key)
        if member is not None:
            if (member.address, member.site) == (address, site):
                self._doubts.read(member, changed=changed)
                return
            self._board.leave(member, give_back=True)
        member = self._board.members[key] = Member(key, address, site)
        self._board.join(member)
        self._settle()

    def take_news(self, key: Key) -> int:
        """Return how many changes of a mailbox a server told of since this was asked last.

        Whoever asks takes them up; where that fails, the next read is to ask for the state.
        """
        member = self._board.members.get(key)
        if member is None:
            return 0
        news, member.news = member.news, 0
        return news

    def forget(self, key: Key, now: float) -> None:
        """Drop a mailbox and give its subscription back."""
        self._board.now = now
        member = self._board.members.pop(key, None)
        if member is not None:
            self._board.leave(member, give_back=True)
        self._settle()

    # --- what came of actions ---------------------------------------------------------------
    def subscribed(
        self,
        asked: Subscribe,
        made: Subscription,
        now: float,
        cookies: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Take the answer to ``Subscribe``; ``cookies`` are those this answer set."""
        self._answered(now)
        self._board.detour(asked.route.site).answered = now
        member = self._subscribing.subscribed(asked, made, cookies)
        if member is not None:
            self._pulling.enter(member)
            self._glances.begin()
        self._settle()

    def refused(self, asked: Subscribe, verdict: Verdict, now: float) -> None:
        """Take the refusal of ``Subscribe``."""
        self._answered(now)
        self._subscribing.refused(asked, verdict)
        self._settle()

    def news(
        self,
        line: int,
        now: float,
        notifications: tuple[Notification, ...] = (),
        *,
        dead: tuple[str, ...] = (),
        trouble: Verdict | None = None,
        closed: bool = False,
    ) -> None:
        """Take one envelope of a line."""
        self._board.now = now
        self._listening.news(line, notifications, dead, trouble, closed=closed)
        self._settle()

    def ended(self, line: int, verdict: Verdict | None, now: float) -> None:
        """Note that a line is no more, by an error or (None) without a word."""
        self._board.now = now
        self._listening.ended(line, verdict)
        self._settle()

    def pulled(self, asked: Pull, found: Notification, now: float) -> None:
        """Take the answer to ``Pull``."""
        self._answered(now)
        self._pulling.pulled(asked, found)
        self._settle()

    def pull_failed(self, asked: Pull, verdict: Verdict, now: float) -> None:
        """Take the refusal of ``Pull``."""
        self._answered(now)
        self._pulling.failed(asked, verdict)
        self._settle()

    def glanced(self, asked: Glance, found: Glanced, now: float) -> None:
        """Take the answer to ``Glance``."""
        self._board.now = now
        self._glances.glanced(asked, found)

    def glance_failed(self, asked: Glance, verdict: Verdict, now: float) -> None:
        """Take the refusal of ``Glance``."""
        self._board.now = now
        self._glances.failed(asked, verdict)

    def called(
        self,
        ticket: int,
        subscription: str | None,
        now: float,
        *,
        changes: int,
        lost: bool = False,
    ) -> bool:
        """Take a callback to the URL made of ``ticket``; False: answer that it is to stop."""
        self._board.now = now
        go_on = self._pulling.called(ticket, subscription, changes=changes, lost=lost)
        self._settle()
        return go_on

    # --- time -------------------------------------------------------------------------------
    def next_at(self) -> float | None:
        """Return when ``tick`` is to be called next."""
        return None if self._closed else self._board.deadlines.next_at()

    def tick(self, now: float) -> None:
        """Do what its time has come for."""
        self._board.now = now
        for what in self._board.deadlines.take(now):
            if isinstance(what, Group):
                self._board.touch(what)
            elif isinstance(what, Purse):
                self._board.widen(what)
            elif isinstance(what, Detour):
                self._doubts.over(what)
            elif isinstance(what, Glances):
                self._glances.glance()
            elif isinstance(what, Member) and self._board.members.get(what.key) is what:
                self._due(what)
        self._settle()

    def take(self) -> list[Action]:
        """Remove and return what is to be done, in this order."""
        actions, self._board.actions = self._board.actions, []
        return actions

    def close(self, now: float) -> None:
        """Drop everything and give subscriptions back, the scarce ones first."""
        self._board.now = now
        self._closed = True
        self._board.actions = [one for one in self._board.actions if isinstance(one, Unsubscribe)]
        self._board.actions += [Close(number) for number in self._board.lines]
        scarce_first = sorted(self._board.members.values(), key=lambda one: not one.site.ceiling)
        self._board.members.clear()
        for purse in (self._board.purse(member.site) for member in scarce_first):
            purse.queue.clear()
        for member in scarce_first:
            self._board.leave(member, give_back=True)

    def __len__(self) -> int:
        """Return how many mailboxes were taken up."""
        return len(self._board.members)

    def address(self, key: Key) -> str | None:
        """Return the address of a mailbox that was taken up."""
        member = self._board.members.get(key)
        return None if member is None else member.address

    def counts(self) -> dict[str, int]:
        """Return how many mailboxes are heard by which mode, wait, or are only polled."""
        found: Counter[str] = Counter(poll=len(self._board.members))
        for group in self._board.groups.values():
            found["poll"] -= len(group.members)
            found["waiting"] += len(group.members) - group.live
            found[group.hears] += group.live
        return {word: count for word, count in found.items() if count}

    @property
    def streams(self) -> int:
        """Return how many streams are open, or asked for."""
        return len(self._board.lines)

    @property
    def rebuilt(self) -> int:
        """Return how many subscriptions ended and were made anew."""
        return self._board.rebuilt

    def heard_by(self, key: Key) -> str:
        """Return ``streaming``, ``pull``, ``push``; ``waiting`` for one of them; or ``poll``."""
        member = self._board.members.get(key)
        if member is None or member.group is None:
            return "poll"
        if member.state is not State.LIVE:
            return "waiting"
        return member.group.hears

    # --- inside -----------------------------------------------------------------------------
    def _answered(self, now: float) -> None:
        self._board.now = now
        self._asking -= 1

    def _due(self, member: Member) -> None:
        if member.state is State.RESTING:
            self._board.join(member)
        elif member.state is State.LIVE:
            self._doubts.confirmed(member)

    def _settle(self) -> None:
        """Look at every group that was touched, and ask as much as may be asked."""
        if self._closed:
            self._board.touched.clear()
            return
        self._look()
        while self._asking < self._parallel and self._hungry:
            group = next(iter(self._hungry.values()))
            if not self._ask(group):
                del self._hungry[group.number]
        self._look()

    def _look(self) -> None:
        while self._board.touched:
            _, group = self._board.touched.popitem(last=False)
            if not group.members:
                self._listening.step(group)  # hangs up
                self._board.dissolve(group)
                continue
            self._pulling.look(group)
            self._listening.step(group)
            if self._subscribing.ready(group) or self._pulling.ready(group):
                self._hungry[group.number] = group
            self._note_deadline(group)

    def _ask(self, group: Group) -> bool:
        """Make one request for a group; False: it wants none now."""
        asked = False
        if self._subscribing.ready(group):
            asked = self._subscribing.ask(group)
        if not asked and group.mode is Mode.PULL and self._pulling.ready(group):
            asked = self._pulling.ask(group)
        self._asking += asked
        if not asked:
            self._board.touch(group)
        return asked

    def _note_deadline(self, group: Group) -> None:
        times = [self._listening.next_at(group)]
        if not self._pulling.ready(group):  # else it is the turn of who is hungry
            times.append(self._pulling.next_at(group))
        if group.waiting:
            times.append(self._subscribing.next_at(group))
        at = min((one for one in times if one is not None), default=None)
        if at is not None:
            self._board.deadlines.set(group, at)
