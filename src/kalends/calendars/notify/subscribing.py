"""Asks for subscriptions, group by group, never more at once than the endpoint should bear.

A group is founded by its anchor: one mailbox is subscribed, its answer brings the cookie, and the
others follow with it. What was asked and overtaken by events is given back when it arrives.
"""

from __future__ import annotations

from typing import Final

from kalends.calendars.notify.actions import Subscribe, Unsubscribe
from kalends.calendars.notify.board import Board
from kalends.calendars.notify.group import Group, Member, State
from kalends.calendars.notify.pacing import back_off
from kalends.calendars.notify.values import Mode
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.subscribe import Subscription

DAY: Final = 86_400.0
_FIRST_REST: Final = 60.0
_LONGEST_REST: Final = 6 * 3600.0
_AGAIN: Final = 5.0
_BUSY_SECONDS: Final = 30.0


class Subscribing:
    """The part of the planner that subscribes."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def ready(self, group: Group) -> bool:
        """Tell whether somebody of a group may be asked for now."""
        now = self._board.now
        if now < group.quiet_until or not group.waiting:
            return False
        if group.founded:
            return True
        return not group.asking and (now >= group.gathers_until or not group.room)

    def next_at(self, group: Group) -> float | None:
        """Return when somebody may be asked for, if that is only a matter of time."""
        at = group.quiet_until if group.founded else max(group.quiet_until, group.gathers_until)
        return at if at > self._board.now else None

    def ask(self, group: Group) -> bool:
        """Ask for the next mailbox; False: nobody waits."""
        member = group.next_waiting()
        if member is None:
            return False
        if not group.founded:
            group.anchor = member.address
        member.state, member.ticket = State.ASKING, self._board.number()
        if group.mode is Mode.PUSH:  # a callback may come before the answer
            self._board.called[member.ticket] = member
        group.asking += 1
        self._board.actions.append(
            Subscribe(
                member.ticket, member.key, member.address, group.mode, group.number, group.route
            )
        )
        return True

    def subscribed(
        self, asked: Subscribe, made: Subscription, cookies: tuple[tuple[str, str], ...]
    ) -> Member | None:
        """Take up a new subscription: its mailbox is looked at, its line renewed.

        Returns the mailbox, None where the subscription is given back.
        """
        member = self._answered(asked)
        if member is None:
            if asked.mode is not Mode.PUSH:
                self._board.actions.append(Unsubscribe(asked.address, made.id, asked.route))
            return None
        group = member.group
        assert group is not None
        self._board.live(member, made.id, made.watermark)
        if not group.founded:
            group.founded, group.cookies, group.failures = True, cookies, 0
        if group.changed_at is None:
            group.changed_at = self._board.now
        self._board.tell(member)
        return member

    def refused(self, asked: Subscribe, verdict: Verdict) -> None:
        """React to a refusal."""
        member = self._answered(asked)
        if member is None:
            return
        group = member.group
        assert group is not None
        self._board.unsubscribed(member)
        member.state = State.WAITING
        if not group.founded:
            group.anchor = ""
        if verdict.what in (What.BUSY, What.DOWN, What.SIGN_IN):
            self._quiet(group, member, verdict)
        elif verdict.what is What.NOT_OFFERED and group.mode is Mode.STREAM:
            group.waiting.appendleft(member)
            self._board.too_old(group)
        elif verdict.what is What.FULL:
            self._board.exhausted(member)
        else:
            self._alone(member, verdict)

    def _answered(self, asked: Subscribe) -> Member | None:
        """Return the mailbox a try was for; None where it counts no more."""
        group = self._board.groups.get(asked.group)
        if group is not None:
            group.asking -= 1
            self._board.touch(group)
        member = self._board.members.get(asked.key)
        if member is None or member.ticket != asked.ticket or member.state is not State.ASKING:
            return None
        return member

    def _quiet(self, group: Group, member: Member, verdict: Verdict) -> None:
        """The way there or the whole budget is meant: the group waits, nobody is blamed."""
        group.waiting.appendleft(member)
        now = self._board.now
        if verdict.wait is not None:
            pause = verdict.wait + self._board.chance.random()
        elif verdict.what is What.BUSY:
            pause = self._board.jitter(_BUSY_SECONDS)
        else:
            group.failures += 1
            pause = self._board.jitter(back_off(group.failures))
        group.quiet_until = max(group.quiet_until, now + pause)

    def _alone(self, member: Member, verdict: Verdict) -> None:
        """Something is with this mailbox: it rests, its neighbours go on."""
        member.failures += 1
        if verdict.what in (What.POLL, What.NOT_OFFERED):
            self._board.rest(member, DAY)
        elif verdict.what is What.GONE and member.failures == 1:
            self._board.rest(member, _AGAIN)
        else:
            self._board.rest(member, min(_FIRST_REST * 4 ** (member.failures - 1), _LONGEST_REST))
