"""Automatic replies of a group as prints: what ``glances`` compares beside busy times.

A mailbox's own settings are asked for one by one (``ews.asides``), which with very many of them
comes round after hours. What a sender is told beside a recipient comes fifty at a time: whether
there is a reply just now, and from when to when. It is asked as the first of the fifty, who may
send as himself; the texts are not kept, nor anything made of them.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from zlib import crc32

from kalends.calendars.ews.busy import may_work_alone
from kalends.calendars.notify.actions import Glance
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import SourceTrouble
from kalends.model.http import Request, Response
from kalends.wire.ews.errors import NotOffered
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_mail_tips import (
    MAX_RECIPIENTS,
    Tip,
    build_get_mail_tips,
    parse_get_mail_tips,
)
from kalends.wire.ews.soap import Context

_UNTOLD: Final = 0


async def replies(endpoint: ExchangeEndpoint, asked: Glance) -> tuple[int, ...]:
    """Return a print of everybody's automatic reply, in the order asked; 0: not told.

    Raises the ``SourceTrouble`` tree for what concerns everybody (``busy.may_work_alone``).
    """
    mailboxes = tuple(map(Mailbox, asked.addresses))
    left = tuple(filter(endpoint.remembers, mailboxes))  # who is no more stays forgotten
    found: dict[Mailbox, int] = {}
    for first in range(0, len(left), MAX_RECIPIENTS):
        some = left[first : first + MAX_RECIPIENTS]
        found.update(zip(some, await _ask(endpoint, some), strict=True))
    return tuple(found.get(one, _UNTOLD) for one in mailboxes)


async def _ask(endpoint: ExchangeEndpoint, mailboxes: tuple[Mailbox, ...]) -> tuple[int, ...]:
    addresses = tuple(endpoint.known(one).primary or one.address for one in mailboxes)
    operation = Operation(partial(_build, addresses), read_replies, (len(addresses),))
    try:
        told = await endpoint.call(mailboxes[0], operation)
    except SourceTrouble as error:
        if not (may_work_alone(error) or isinstance(error, NotOffered)):
            raise
        return (_UNTOLD,) * len(mailboxes)
    now = int(endpoint.runtime.now())
    for one, look in zip(mailboxes, told, strict=True):
        if look and endpoint.remembers(one):
            endpoint.known(one).reply_seen = now
    return told


def read_replies(response: Response, asked: int) -> tuple[int, ...]:
    """Return a print of every automatic reply; 0: not told."""
    return tuple(map(_print, parse_get_mail_tips(response, asked)))


def _print(tip: Tip | None) -> int:
    return _UNTOLD if tip is None else crc32(repr(tuple(tip)).encode()) or 1


def _build(addresses: tuple[str, ...], context: Context, folder: Folder) -> Request:
    del folder
    return build_get_mail_tips(context, context.impersonate, addresses)
