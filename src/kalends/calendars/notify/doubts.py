"""Finds out that a server says OK and delivers nothing, and goes another way round.

Two ways of being deaf, neither of which any error tells:

- A *deaf subscription*: a read finds a change of which nobody told, and a minute later still nobody
  has. It is given back and made anew; where that does not help the mailbox is only polled, for
  longer and longer.
- A *dumb line*: a stream that never says a word, not even OK, while the same server answers
  everything else. A proxy in front of it gathers answers before it passes them on.

Where streams are dumb, or deaf for several mailboxes with no news of anybody in between, their
site takes a *detour*: its groups pull, for half an hour at first, up to a day where that was no
accident.
"""

from __future__ import annotations

from typing import Final

from kalends.calendars.notify.actions import Detour as Told
from kalends.calendars.notify.board import Board
from kalends.calendars.notify.group import Detour, Line, Member, State
from kalends.calendars.notify.values import Mode

GRACE: Final = 60.0
"""News may be on its way for so long after a read has found what it is about."""
RECENT: Final = 300.0
"""A read that comes so soon after a hint explains itself by it, however often it is repeated."""
DUMB_SECONDS: Final = 30.0
"""A line that ends before that without a word may have been refused on its way."""
_DUMB: Final = 2
_DEAF: Final = 3
_FIRST: Final = 1800.0
_LONGEST: Final = 86_400.0
_LONGEST_REST: Final = 6 * 3600.0


class Doubts:
    """The part of the planner that does not take silence for peace."""

    def __init__(self, board: Board) -> None:
        self._board = board

    # --- subscriptions ------------------------------------------------------------------------
    def read(self, member: Member, *, changed: bool) -> None:
        """Note a read with success; ``changed``: it found what was not known before."""
        now = self._board.now
        self._board.detour(member.site).answered = now
        explained = not member.looked or now - member.told <= RECENT
        member.looked = True
        if changed and not explained and self._heard(member) and member.due is None:
            self._board.deadlines.set(member, now + GRACE)

    def confirmed(self, member: Member) -> None:
        """The grace of a live subscription has ended and nobody told of what a read found."""
        group = member.group
        assert group is not None
        member.deafness += 1
        detour = self._board.detour(member.site)
        if member.deafness == 1 and group.mode is Mode.STREAM:
            detour.deaf += 1
        if detour.deaf >= _DEAF:
            self._take(detour, "deaf")
        elif member.deafness == 1:
            self._board.renew(member)
        else:
            rest = min(_FIRST * 2 ** (member.deafness - 2), _LONGEST_REST)
            self._board.rest(member, rest, give_back=True)

    def _heard(self, member: Member) -> bool:
        """Tell whether news of a mailbox should have come; pulling asks and needs no trust."""
        group = member.group
        if group is None or member.state is not State.LIVE or group.mode is Mode.PULL:
            return False
        return group.mode is Mode.PUSH or (
            group.line is not None and group.line.opened_at is not None
        )

    # --- lines ----------------------------------------------------------------------------------
    def spoke(self, line: Line) -> None:
        """Note that a line said its first word."""
        self._board.detour(line.group.site).dumb = 0

    def delivered(self, line: Line) -> None:
        """Note that a line brought news."""
        detour = self._board.detour(line.group.site)
        detour.deaf = detour.taken = 0

    def dumb(self, line: Line) -> bool:
        """Note that a line ended; tell whether its site takes a detour now."""
        now, detour = self._board.now, self._board.detour(line.group.site)
        if line.opened_at is not None or now - line.asked < DUMB_SECONDS:
            return False
        if detour.answered < line.asked - GRACE:
            return False  # the server may be down altogether
        detour.dumb += 1
        if detour.dumb < _DUMB:
            return False
        self._take(detour, "dumb")
        return True

    # --- the way round --------------------------------------------------------------------------
    def _take(self, detour: Detour, reason: str) -> None:
        wait = min(_FIRST * 2**detour.taken, _LONGEST)
        detour.taken += 1
        detour.dumb = detour.deaf = 0
        detour.pulls = True
        self._board.deadlines.set(detour, self._board.now + self._board.jitter(wait))
        self._board.actions.append(Told(reason, wait))
        self._regroup(detour, Mode.PULL)

    def over(self, detour: Detour) -> None:
        """Try streams again."""
        detour.pulls = False
        self._regroup(detour, Mode.STREAM)

    def _regroup(self, detour: Detour, mode: Mode) -> None:
        for group in self._board.groups.values():
            if group.site == detour.site and group.mode is not mode:
                group.mode = mode
                self._board.refound(group)
