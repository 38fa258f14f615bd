"""Asks mailboxes in turn where there are no streams, and looks after those that call us.

A group's members stand in a rotation, each with the time of its next turn. Pulling: the turn is a
``GetEvents``, whose watermark is kept only once its news is passed on. Push: the turn is a look
at how long the server has not called; an unknown caller is told to stop and nothing else.
"""

from __future__ import annotations

import hmac
from typing import Final

from kalends.calendars.notify.actions import Pull
from kalends.calendars.notify.board import Board
from kalends.calendars.notify.group import Group, Member, State
from kalends.calendars.notify.pacing import PUSH_SILENCE, STATUS_MINUTES, back_off
from kalends.calendars.notify.values import Mode
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.events import Notification

_BUSY_SECONDS: Final = 30.0


class Pulling:
    """The part of the planner that reads subscriptions one by one."""

    def __init__(self, board: Board, seconds: float) -> None:
        self._board = board
        self._seconds = seconds

    def enter(self, member: Member) -> None:
        """Give a mailbox just subscribed its turns."""
        group = member.group
        assert group is not None
        if group.mode is not Mode.STREAM:
            self._turn(group, member)

    def next_at(self, group: Group) -> float | None:
        """Return when somebody's turn comes."""
        self._skip(group)
        if not group.rotation:
            return None
        return max(group.rotation[0][0], group.quiet_until)

    def ready(self, group: Group) -> bool:
        """Tell whether it is somebody's turn."""
        at = self.next_at(group)
        return at is not None and at <= self._board.now

    def ask(self, group: Group) -> bool:
        """Ask for the news of whose turn it is; True where a request is made."""
        _, member, ticket = group.rotation.popleft()
        self._board.actions.append(
            Pull(
                ticket, member.key, member.address, member.subscription, member.watermark,
                group.number, group.route,
            )
        )  # fmt: skip
        return True

    def look(self, group: Group) -> None:
        """Make subscriptions anew whose server has fallen silent (push)."""
        while group.mode is Mode.PUSH and self.ready(group):
            _, member, _ = group.rotation.popleft()
            if self._board.now - member.heard >= PUSH_SILENCE:
                self._board.lost(member)
            else:
                self._turn(group, member)

    def pulled(self, asked: Pull, found: Notification) -> None:
        """Take the answer to a pull."""
        member = self._meant(asked)
        if member is None or member.group is None:
            return
        if found.changes:
            self._board.tell(member, changes=found.changes)
        member.watermark = found.watermark or member.watermark
        member.group.failures = 0
        self._turn(member.group, member, at_once=found.more)
        self._board.touch(member.group)

    def failed(self, asked: Pull, verdict: Verdict) -> None:
        """Take the refusal of a pull."""
        member = self._meant(asked)
        if member is None or member.group is None:
            return
        group = member.group
        self._board.touch(group)
        if verdict.what is What.GONE:
            self._board.lost(member)
        elif verdict.what in (What.BUSY, What.DOWN, What.SIGN_IN):
            self._quiet(group, verdict)
            group.rotation.appendleft((self._board.now, member, member.ticket))
        else:
            self._board.tell(member)
            self._board.rest(member, 60.0)

    def called(self, ticket: int, subscription: str | None, *, changes: int, lost: bool) -> bool:
        """Take a callback; False: the caller is to stop."""
        member = self._board.called.get(ticket)
        if member is None:
            return False
        if not _same(member.subscription, subscription):
            return False
        member.heard = self._board.now
        if lost and member.state is State.LIVE:
            self._board.lost(member)
            return False
        if changes:
            self._board.tell(member, changes=changes)
        return True

    def _meant(self, asked: Pull) -> Member | None:
        member = self._board.members.get(asked.key)
        if member is None or member.ticket != asked.ticket or member.state is not State.LIVE:
            return None
        return member

    def _turn(self, group: Group, member: Member, *, at_once: bool = False) -> None:
        pause = STATUS_MINUTES * 60.0 if group.mode is Mode.PUSH else self._seconds
        if at_once:
            group.rotation.appendleft((self._board.now, member, member.ticket))
        else:
            group.rotation.append((self._board.now + pause, member, member.ticket))

    def _quiet(self, group: Group, verdict: Verdict) -> None:
        group.failures += 1
        if verdict.wait is not None:
            pause = verdict.wait + self._board.chance.random()
        elif verdict.what is What.BUSY:
            pause = self._board.jitter(_BUSY_SECONDS)
        else:
            pause = self._board.jitter(back_off(group.failures))
        group.quiet_until = max(group.quiet_until, self._board.now + pause)

    def _skip(self, group: Group) -> None:
        """Drop turns of mailboxes that are subscribed no more, or anew."""
        while group.rotation:
            _, member, ticket = group.rotation[0]
            if member.group is group and member.ticket == ticket and member.state is State.LIVE:
                return
            group.rotation.popleft()


def _same(known: str, named: str | None) -> bool:
    """Tell whether a callback names the subscription its path was made for.

    It may come before the answer that told us the name, or (an error) name none.
    """
    if not known or named is None:
        return True
    return hmac.compare_digest(known.encode(), named.encode())
