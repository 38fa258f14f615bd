"""Keeps one line open per group, replaces it before its end, and knows when news may be lost.

A line *ends in order* when the server says Closed or names what is wrong: nothing is lost, since
subscriptions keep what happens meanwhile. It *breaks* when it falls silent or is cut off: what was
on its way is lost, the group has a gap, and everybody is looked at when the next line works.
"""

from __future__ import annotations

from typing import Final

from kalends.calendars.notify.actions import Close, Open
from kalends.calendars.notify.board import Board
from kalends.calendars.notify.doubts import Doubts
from kalends.calendars.notify.group import Group, Line, Member, State
from kalends.calendars.notify.pacing import (
    JOIN,
    LINE_MINUTES,
    MARGIN,
    OVERLAP,
    SETTLE,
    SILENCE,
    STEADY,
    back_off,
)
from kalends.calendars.notify.values import Mode
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.events import Notification

_TAKEN_SECONDS: Final = 300.0
_TAKEN_LONGEST: Final = 1800.0
_BUSY_SECONDS: Final = 30.0
_PATIENCE: Final = 3
"""After so many failures in a row the group is founded anew: its server may be gone for good."""
_ANCHOR_REST: Final = 60.0


class Listening:
    """The part of the planner that reads streams."""

    def __init__(self, board: Board, doubts: Doubts) -> None:
        self._board = board
        self._doubts = doubts

    def step(self, group: Group) -> None:
        """Open, replace and drop lines as the time demands."""
        self._drop_dead(group)
        if group.mode is not Mode.STREAM or not group.live:
            self._hang_up(group)
        elif any(at <= self._board.now for at in self._opens_at(group)):
            self._open(group)

    def next_at(self, group: Group) -> float | None:
        """Return when ``step`` is to be called next."""
        lines = [*group.leaving, *([group.line] if group.line else [])]
        times = [line.heard + SILENCE for line in lines]
        times += [line.until for line in group.leaving if line.until is not None]
        if group.mode is Mode.STREAM and group.live:
            times += self._opens_at(group)
        return min(times, default=None)

    def news(
        self,
        number: int,
        notifications: tuple[Notification, ...],
        dead: tuple[str, ...],
        trouble: Verdict | None,
        *,
        closed: bool,
    ) -> None:
        """Take one envelope of a line."""
        line = self._board.lines.get(number)
        if line is None:
            return
        line.heard = self._board.now
        if line.opened_at is not None and line.heard - line.opened_at >= STEADY:
            line.group.failures = 0
        for notification in notifications:
            member = self._board.subscribed.get(notification.subscription)
            if member is not None and notification.changes:
                self._board.tell(member, changes=notification.changes)
                self._doubts.delivered(line)
        if dead or trouble is not None:
            self._troubled(line, dead, trouble)
        elif closed:
            self._ended_in_order(line)
        elif line.opened_at is None:
            self._works(line)

    def ended(self, number: int, verdict: Verdict | None) -> None:
        """Note that a line is no more, by an error or (None) without a word."""
        line = self._forget(number)
        if line is None:
            return
        group = line.group
        if group.line is not line:
            if not _overtaken(verdict):
                # A leaving line that breaks takes with it what was on its way.
                self._look_at_all(group)
            return
        group.line = None
        self._broken(line, verdict or Verdict(What.DOWN))

    # --- opening ----------------------------------------------------------------------------
    def _opens_at(self, group: Group) -> list[float]:
        """Return when the next line is opened, as far as that is a matter of time."""
        line = group.line
        settled = not group.asking and not any(map(group.awaits, group.waiting))
        if line is None:
            if settled or group.changed_at is None:
                return [max(self._board.now, group.quiet_until)]
            return [max(group.changed_at + SETTLE, group.quiet_until)]
        if line.opened_at is None:
            return []
        at = line.renew_at
        if group.changed_at is not None:
            joins = group.changed_at + (JOIN if settled else SETTLE)
            at = min(at, max(joins, line.opened_at + SETTLE))
        return [max(at, group.quiet_until, self._board.overlap_ends(group))]

    def _open(self, group: Group) -> None:
        now = self._board.now
        if group.line is not None:
            group.line.until = now + OVERLAP
            group.leaving.append(group.line)
        renew = LINE_MINUTES * 60 - MARGIN - self._board.chance.uniform(0, MARGIN)
        line = Line(self._board.number(), group, now, now, now + renew)
        group.line = self._board.lines[line.number] = line
        group.changed_at = None
        self._board.actions.append(
            Open(line.number, group.route, group.subscriptions(), LINE_MINUTES)
        )

    def _works(self, line: Line) -> None:
        line.opened_at = self._board.now
        self._doubts.spoke(line)
        group = line.group
        if group.line is not line:
            return
        if group.gap:
            group.gap = False
            self._look_at_all(group)
        self._board.touch(group)

    def _look_at_all(self, group: Group) -> None:
        for member in group.members.values():
            if member.state is State.LIVE:
                self._board.tell(member)

    # --- endings ----------------------------------------------------------------------------
    def _drop_dead(self, group: Group) -> None:
        now = self._board.now
        for line in list(group.leaving):
            over = line.until is not None and now >= line.until
            # Signs of life come more often than an overlap lasts.
            silent = now >= line.heard + (OVERLAP if over else SILENCE)
            if silent or over:
                self._close(line)
                if silent:
                    self._look_at_all(group)
        current = group.line
        if current is not None and now >= current.heard + SILENCE:
            self._close(current)
            self._broken(current, Verdict(What.DOWN))

    def _hang_up(self, group: Group) -> None:
        for line in [*group.leaving, *([group.line] if group.line else [])]:
            self._close(line)

    def _ended_in_order(self, line: Line) -> None:
        self._forget(line.number)
        group = line.group
        if group.line is line:
            group.line = None
            self._board.touch(group)

    def _troubled(self, line: Line, dead: tuple[str, ...], trouble: Verdict | None) -> None:
        """The server named what is wrong with a line: it reads nothing any more."""
        group, current = line.group, line.group.line is line
        self._close(line)
        found = [self._board.subscribed.get(subscription) for subscription in dead]
        gone = [one for one in found if one is not None and one.group is group]
        for member in gone:
            self._board.lost(member)
        if not current:
            return
        what = trouble.what if trouble is not None else What.GONE
        if dead and what in (What.GONE, What.MAILBOX) and (gone or line.opened_at is not None):
            self._without(group, gone, opened=line.opened_at is not None)
        elif what is What.GONE:
            self._all_gone(group)
        else:
            assert trouble is not None
            self._react(group, trouble)

    def _without(self, group: Group, gone: list[Member], *, opened: bool) -> None:
        """Read on at once without the bad ones: beside them nothing came for the good."""
        # Ids that are no member's any more were unsubscribed by ourselves.
        if not group.live:
            self._board.refound(group)
            return
        group.failures += not opened
        if group.failures < _PATIENCE:
            self._open(group)
        else:
            group.quiet_until = self._board.now + back_off(group.failures)
        if gone:
            group.changed_at = self._board.now
        self._board.touch(group)

    def _all_gone(self, group: Group) -> None:
        for member in list(group.members.values()):
            if member.state is State.LIVE:
                self._board.lost(member)
        self._board.refound(group)

    def _broken(self, line: Line, verdict: Verdict) -> None:
        """A line is gone that nobody's subscription was the reason for."""
        if verdict.what is What.DOWN and self._doubts.dumb(line):
            return  # its group pulls now
        self._react(line.group, verdict)

    def _react(self, group: Group, verdict: Verdict) -> None:
        """The current line is gone for a reason that is nobody's subscription."""
        now = self._board.now
        group.gap = True
        group.failures += 1
        self._board.touch(group)
        if verdict.what is What.NOT_OFFERED:
            self._board.too_old(group)
            return
        if verdict.what is What.GONE:
            self._all_gone(group)
            return
        if verdict.wait is not None:
            pause = verdict.wait + self._board.chance.random()
        elif verdict.what is What.TAKEN:
            pause = min(_TAKEN_SECONDS * 2 ** (group.failures - 1), _TAKEN_LONGEST)
            self._look_at_all(group)  # meanwhile they are polled as if nobody listened
        elif verdict.what in (What.BUSY, What.FULL):
            pause = self._board.jitter(_BUSY_SECONDS * 2 ** min(group.failures - 1, 5))
        else:
            pause = self._board.jitter(self._impatient(group, verdict))
        group.quiet_until = max(group.quiet_until, now + pause)

    def _impatient(self, group: Group, verdict: Verdict) -> float:
        """Found a group anew whose server does not come back, or whose anchor is the trouble."""
        if verdict.what is What.MAILBOX and group.failures > 1:
            anchor = next((o for o in group.members.values() if o.address == group.anchor), None)
            if anchor is not None:
                self._board.tell(anchor)
                self._board.rest(anchor, _ANCHOR_REST)
            self._board.refound(group)
        elif group.failures % _PATIENCE == 0:
            self._board.refound(group)
        return back_off(group.failures)

    def _close(self, line: Line) -> None:
        if self._forget(line.number) is not None:
            self._board.actions.append(Close(line.number))
        if line.group.line is line:
            line.group.line = None

    def _forget(self, number: int) -> Line | None:
        line = self._board.lines.pop(number, None)
        if line is not None and line in line.group.leaving:
            line.group.leaving.remove(line)
            self._board.touch(line.group)
        return line


def _overtaken(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.what is What.TAKEN
