"""Automatic replies of a group as prints: what ``glances`` compares beside busy times.

A mailbox's own settings are asked for one by one, which with very many of them comes round after
an hour or more (``settings``). What a sender is told beside a recipient comes fifty at a time:
whether there is a reply just now, and from when to when. It is asked as the first of the fifty, who
may send as himself; the texts are not kept, nor anything made of them.

How many a server answers at once is its own affair (``batches``), and so is in which way it says
no: whatever it says, fewer are asked for, or as somebody else.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from zlib import crc32

from kalends.calendars.ews.busy import may_work_alone
from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.batches import Batches
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import SourceTrouble
from kalends.model.http import Request
from kalends.wire.ews.errors import Answered, NotOffered, Reaction
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_mail_tips import (
    MAX_RECIPIENTS,
    Tip,
    build_get_mail_tips,
    parse_get_mail_tips,
)
from kalends.wire.ews.soap import Context

LEAST: Final = 6
"""Fewer are not asked for at once: 50,000 would cost more than eleven requests a second."""
MOST_REFUSALS: Final = 8
"""Of one group, before the rest waits for the next glance; halving fifty to six takes three."""
_OF_SENDER: Final = frozenset(
    {
        Reaction.OUT_OF_SCOPE,
        Reaction.DENIED,
        Reaction.PERSON_MISCONFIGURED,
        Reaction.REDISCOVER,
        Reaction.BACK_OFF,
    }
)
"""What may be the matter with the first of the fifty alone."""
_UNTOLD: Final = 0


class Replies:
    """Asks servers how mailboxes reply now."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        self._batches = Batches(MAX_RECIPIENTS)

    async def told(self, asked: Glance) -> dict[Mailbox, Tip]:
        """Return the automatic replies of a group, of whom they are told.

        Raises the ``SourceTrouble`` tree for what concerns everybody (``busy.may_work_alone``).
        """
        mailboxes = map(Mailbox, asked.addresses)
        left = list(filter(self._endpoint.remembers, mailboxes))  # who is gone stays forgotten
        found: dict[Mailbox, Tip] = {}
        refusals = 0
        while left and refusals < MOST_REFUSALS:
            url = self._endpoint.url_of(left[0])
            some = tuple(left[: self._batches.size(url)])
            try:
                told = await self._ask(some)
            except NotOffered:
                break
            except SourceTrouble as error:
                if not (may_work_alone(error) or _too_many(error)):
                    raise
                refusals += 1
                del left[: self._given_up(url, some, error, first=refusals == 1)]
                continue
            if not any(told) and len(some) > LEAST:  # each of them is refused
                refusals += 1
                self._halve(url, some)
                continue
            self._batches.answered(url)
            found.update((one, tip) for one, tip in zip(some, told, strict=True) if tip)
            del left[: len(some)]
        return found

    def _given_up(
        self, url: str, some: tuple[Mailbox, ...], error: SourceTrouble, *, first: bool
    ) -> int:
        """Note a refusal; return how many of those asked for are given up."""
        if first and isinstance(error, Answered) and error.reaction in _OF_SENDER:
            return 1  # as the next one it may be answered
        if len(some) <= LEAST:
            return len(some)
        self._halve(url, some)
        return 0

    def _halve(self, url: str, some: tuple[Mailbox, ...]) -> None:
        self._batches.refused(url, max(len(some), 2 * LEAST))

    async def _ask(self, mailboxes: tuple[Mailbox, ...]) -> tuple[Tip | None, ...]:
        known = self._endpoint.known
        addresses = tuple(known(one).primary or one.address for one in mailboxes)
        operation = Operation(partial(_build, addresses), parse_get_mail_tips, (len(addresses),))
        return await self._endpoint.call(mailboxes[0], operation)


def _too_many(error: SourceTrouble) -> bool:
    return isinstance(error, Answered) and error.reaction is Reaction.NARROW


def print_of(tip: Tip | None) -> int:
    """Return what stands for a reply; 0: not told."""
    return _UNTOLD if tip is None else crc32(repr(tuple(tip)).encode()) or 1


def _build(addresses: tuple[str, ...], context: Context, folder: Folder) -> Request:
    del folder
    return build_get_mail_tips(context, context.impersonate, addresses)
