"""Automatic replies by their owners' settings, in turn: what no sender is told comes by them.

A glance (``replies``) sees neither a reply that is scheduled for later, nor one to strangers alone,
nor one without a text. ``GetUserOofSettings`` tells of them, of one mailbox a request. So with each
glance at a group some of it are asked for, whose settings were asked longest ago: how many, the
planner says (``pacing.settings_rounds``), and thereby after how long everybody's turn has come.

Besides, whoever's reply is known to begin before the next turn could come is asked for once more,
and who should reply by now and is seen not to was called off in between. An answer costs no read,
unless it is otherwise than known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kalends.calendars.ews.asides import reply_of
from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.pacing import GLANCE_SECONDS
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Known, Mailbox
from kalends.errors import SignInNeeded, SourceTrouble, Throttled, Unreachable
from kalends.wire.ews.errors import Answered
from kalends.wire.ews.get_mail_tips import Tip

SHORTLY: Final = 2 * int(GLANCE_SECONDS)
"""A reply that begins so soon is asked for once more."""
PATIENCE: Final = 3
"""So many in a row that are refused: the others wait for the next glance."""


class Settings:
    """Asks for settings in turn."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint

    async def unlike(self, asked: Glance, tips: Mapping[Mailbox, Tip]) -> frozenset[str]:
        """Return whose reply is to be asked for by a read: it is otherwise than known.

        Raises the ``SourceTrouble`` tree for what concerns everybody.
        """
        now = int(self._endpoint.runtime.now())
        mailboxes = self._read_as_owner(asked)
        found = {one for one in mailboxes if _called_off(self._known(one), tips.get(one), now)}
        refused = told = 0
        for one in self._turn(mailboxes, asked.settings, now):
            try:
                found |= {one} if await self._differs(one, now) else set()
                told += 1
                refused = 0
            except SourceTrouble as error:
                if _everybodys(error):
                    raise
                refused += 1
            if refused >= PATIENCE:
                break
        if told:
            self._looked_after(mailboxes, now)
        return frozenset(one.address for one in found)

    def _known(self, mailbox: Mailbox) -> Known:
        return self._endpoint.known(mailbox)

    def _read_as_owner(self, asked: Glance) -> tuple[Mailbox, ...]:
        mailboxes = map(Mailbox, asked.addresses)
        left = filter(self._endpoint.remembers, mailboxes)  # who is no more stays forgotten
        return tuple(one for one in left if self._known(one).access is Access.IMPERSONATION)

    def _turn(self, mailboxes: tuple[Mailbox, ...], most: int, now: int) -> tuple[Mailbox, ...]:
        """Return whose turn it is, and who is asked for besides."""
        longest_ago = sorted(mailboxes, key=lambda one: self._known(one).replied_at)
        besides = [one for one in longest_ago[most:] if _begins(self._known(one), now)]
        return (*longest_ago[:most], *besides) if most else ()

    async def _differs(self, mailbox: Mailbox, now: int) -> bool:
        """Ask for the settings of one; tell whether they are otherwise than known."""
        known = self._known(mailbox)
        before, known.replied_at = known.replied_at, now  # whatever comes of it: others are next
        if await reply_of(self._endpoint, mailbox) == known.reply:
            return False
        known.replied_at = before  # the read is to ask, and to store it
        return True

    def _looked_after(self, mailboxes: tuple[Mailbox, ...], now: int) -> None:
        """Note that polls need not ask, of those whose first turn is yet to come neither."""
        self._endpoint.replies_in_turn = self._endpoint.replies_in_turn or now
        for one in mailboxes:
            if self._endpoint.remembers(one):
                self._known(one).reply_seen = now


def _begins(known: Known, now: int) -> bool:
    """Tell whether a reply is about to begin and was not asked for since that was near."""
    start = 0 if known.reply is None else known.reply[0]
    return now < start <= now + SHORTLY and known.replied_at < start - SHORTLY


def _called_off(known: Known, tip: Tip | None, now: int) -> bool:
    """Tell whether a reply that should have begun since it was asked for is not to be seen.

    Asked for since and still unseen, it is one of which colleagues are told nothing.
    """
    if known.reply is None or tip is None or tip.on:
        return False
    start, end = known.reply
    return start <= now < end and known.replied_at < start


def _everybodys(error: SourceTrouble) -> bool:
    if isinstance(error, SignInNeeded | Throttled):
        return True
    return isinstance(error, Unreachable) and not (isinstance(error, Answered) and error.alone)
