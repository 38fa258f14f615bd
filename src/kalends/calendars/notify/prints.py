"""Busy times of a group as prints: what ``glances`` compares.

Only merged digits are asked for, one for a quarter of an hour: no bookings, no texts, whatever the
account might see, and an answer for a hundred mailboxes stays small. Whole days (UTC) are asked
for, so that the quarters are the same each time.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from kalends.calendars.ews.busy import of_many
from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.values import Glanced
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.model.http import Response
from kalends.model.times import Interval
from kalends.wire.ews.get_user_availability import MAX_MAILBOXES, STEP, parse_merged

DAYS: Final = 2
"""Today and tomorrow (UTC): what comes later has time until the next poll."""
_DAY: Final = 86_400
_STEPS: Final = _DAY // (STEP * 60)
"""Digits a day."""
_UNTOLD: Final = (0, 0)


async def glance(endpoint: ExchangeEndpoint, asked: Glance) -> Glanced:
    """Ask for a group, as the account itself. Raises the ``SourceTrouble`` tree."""
    today = int(endpoint.runtime.now()) // _DAY
    since = asked.day if asked.day in (today - 1, today) else 0
    days = Interval((since or today) * _DAY, (today + DAYS) * _DAY)
    mailboxes = tuple(map(Mailbox, asked.addresses))
    found: list[tuple[int, int]] = []
    for first in range(0, len(mailboxes), MAX_MAILBOXES):
        found += await _ask(endpoint, mailboxes[first : first + MAX_MAILBOXES], days)
    then = tuple(first for first, _ in found) if since else (0,) * len(found)
    return Glanced(today, tuple(last for _, last in found), then)


async def _ask(
    endpoint: ExchangeEndpoint, mailboxes: tuple[Mailbox, ...], days: Interval
) -> list[tuple[int, int]]:
    left = tuple(filter(endpoint.remembers, mailboxes))  # who is no more stays forgotten
    told = await of_many(endpoint, left, days, "MergedOnly", read_prints) if left else []
    found = dict(zip(left, told, strict=True))
    return [found.get(one, _UNTOLD) for one in mailboxes]


def read_prints(
    response: Response, addresses: tuple[str, ...], days: Interval
) -> list[tuple[int, int]]:
    """Return prints of the first and of the last ``DAYS`` of every mailbox; 0: not told."""
    digits = (days.end - days.start) // _DAY * _STEPS
    look = DAYS * _STEPS
    return [
        (_print(told[:look]), _print(told[-look:])) if len(told) == digits else _UNTOLD
        for told in parse_merged(response, len(addresses))
    ]


def _print(digits: str) -> int:
    return crc32(digits.encode()) or 1
