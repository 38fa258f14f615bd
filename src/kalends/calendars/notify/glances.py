"""Finds one deaf subscription among very many who are heard, long before its poll would.

Polls of who is heard are bounded (``pacing``): beyond 3,000 mailboxes a poll may be hours away. So
where there are more, each group's busy times of today and tomorrow are glanced at in turn, a
hundred mailboxes by one request. Who looks otherwise than at the last glance, and of whom nobody
told since, is passed on as a hint: it is read, and what that read finds is for ``doubts`` to judge.

A *print* stands for the busy times of two whole days (UTC): time that passes changes none. At
midnight the days move on; the next glance then asks for the day before too, and compares that.

Automatic replies are looked at on the same round, fifty by one request, for else they would show
with the poll (``replies``). Whose looks otherwise than before is read, and that read asks for it.
What no sender is told comes by the settings, of a few of each group in turn (``settings``).
"""

from __future__ import annotations

from array import array
from collections import deque
from math import ceil

from kalends.calendars.notify.actions import AskReply, Glance, Tell
from kalends.calendars.notify.board import Board
from kalends.calendars.notify.doubts import GRACE
from kalends.calendars.notify.group import Group, Member, Seen, State
from kalends.calendars.notify.pacing import GLANCE_SECONDS, settings_rounds
from kalends.calendars.notify.patience import AWAY, REFUSED, Patience
from kalends.calendars.notify.values import Glanced, Mode
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.versions import Feature, offers


class Glances:
    """The part of the planner that glances at busy times; one request is on its way at a time."""

    def __init__(self, board: Board, beyond: int) -> None:
        self._board = board
        self._beyond = beyond
        self._turns: deque[Group] = deque()
        """Who is left of this round."""
        self._asked: tuple[Member, ...] = ()
        """Whom the request on its way asks for; empty: none is."""
        self._asked_at = 0.0
        self._next_at = 0.0
        self._busy = Patience(board)
        self._replies = Patience(board)
        self.due: float | None = None
        """When the next group is glanced at; None: too few are heard, or one is being asked for."""

    def begin(self) -> None:
        """Begin where that has become worth it: the sooner, the less happens before it is seen."""
        if self.due is None and not self._asked and self._worth():
            self._board.deadlines.set(self, self._board.now)

    def glance(self) -> None:
        """Ask for the next group; at an even pace, so that a round takes its time."""
        if not self._worth():
            return
        now, found = self._board.now, self._next()
        if found is None:
            self._board.deadlines.set(self, now + AWAY)
            return
        group, self._asked = found
        self._asked_at = now
        self._next_at = now + GLANCE_SECONDS * len(self._asked) / self._heard()
        self._board.actions.append(
            Glance(
                group.number,
                tuple(one.address for one in self._asked),
                group.seen.day if group.seen is not None else 0,
                self._asks_replies(group),
                self._asks_settings(group),
            )
        )

    def glanced(self, asked: Glance, found: Glanced) -> None:
        """Compare, and keep for the next glance."""
        group, members = self._board.groups.get(asked.group), self._asked
        self._again(self._next_at)
        if group is None:
            return
        self._busy.answered(group.site.url)
        before = group.seen
        if before is not None and asked.day:
            for member in self._unheard(group, before, members, found):
                # No news: it explains nothing of what the read will find.
                self._board.actions.append(Tell(member.key, sure=False))
        replies = self._compared(group, before, members, found) if asked.replies else array("I")
        for member in members:
            if member.address in found.unlike and _heard(group, member):
                self._ask_reply(member)
        prints = array("I", found.prints)
        group.seen = Seen(self._asked_at, found.day, members, prints, replies)

    def failed(self, asked: Glance, verdict: Verdict) -> None:
        """Go on with others, and leave a server alone that cannot or will not answer."""
        group, now = self._board.groups.get(asked.group), self._board.now
        if verdict.what in (What.BUSY, What.SIGN_IN):  # that is everybody's
            self._again(now + (verdict.wait or AWAY))
            return
        self._again(self._next_at)
        if group is None:
            return
        self._busy.failed(group.site.url, AWAY if verdict.what is What.DOWN else REFUSED)

    def _again(self, at: float) -> None:
        self._asked = ()
        self._board.deadlines.set(self, max(at, self._board.now))

    def _unheard(
        self, group: Group, before: Seen, members: tuple[Member, ...], found: Glanced
    ) -> list[Member]:
        """Return who looks otherwise though nobody told."""
        known = dict(zip(before.members, before.prints, strict=True))
        return [
            member
            for member, then in zip(members, found.then, strict=True)
            if then
            and known.get(member, 0) not in (0, then)
            and member.told < before.at - GRACE  # busy times may lag behind the news of them
            and _heard(group, member)
        ]

    def _asks_replies(self, group: Group) -> bool:
        site = group.site
        able = site.impersonated and offers(site.version, Feature.MAIL_TIPS)
        return able and self._replies.asks(site.url)

    def _asks_settings(self, group: Group) -> int:
        """Return of how many of those asked for the settings are asked besides."""
        if not group.site.impersonated:
            return 0
        return ceil(len(self._asked) / settings_rounds(self._heard()))

    def _compared(
        self, group: Group, before: Seen | None, members: tuple[Member, ...], found: Glanced
    ) -> array[int]:
        """Pass on whose automatic reply looks otherwise; return how all look as far as is told."""
        if any(found.replies):
            self._replies.answered(group.site.url)
        else:
            self._replies.failed(group.site.url)
        known: dict[Member, int] = {}
        if before is not None and before.replies:
            known = dict(zip(before.members, before.replies, strict=True))
        told = array("I")
        for member, look in zip(members, found.replies, strict=True):
            then = known.get(member, 0)
            told.append(look or then)
            if then and look not in (0, then) and _heard(group, member):
                self._ask_reply(member)
        return told

    def _ask_reply(self, member: Member) -> None:
        self._board.actions.append(AskReply(member.address))
        self._board.actions.append(Tell(member.key, sure=False))

    def _worth(self) -> bool:
        return len(self._board.members) > self._beyond

    def _heard(self) -> int:
        groups = self._board.groups.values()
        return sum(group.live for group in groups if group.mode is not Mode.PULL)

    def _next(self) -> tuple[Group, tuple[Member, ...]] | None:
        """Return whose turn it is; None: nobody's for now."""
        for begun in (True, False):
            if not begun:
                self._turns.extend(self._board.groups.values())
            while self._turns:
                group = self._turns.popleft()
                if not self._busy.asks(group.site.url):
                    continue
                members = tuple(one for one in group.members.values() if _heard(group, one))
                if members:
                    return group, members
        return None


def _heard(group: Group, member: Member) -> bool:
    """Tell whether news of a mailbox comes by trust in its subscription; who pulls asks."""
    return member.group is group and member.state is State.LIVE and group.mode is not Mode.PULL
