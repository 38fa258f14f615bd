"""A mailbox's window, whole: one calendar view, split by time where the server holds more.

A full view is used for nothing but its halves. What lies on a cut comes twice and counts once.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import TooLarge
from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.ews.calendar_item import Items
from kalends.wire.ews.errors import Answered, Reaction
from kalends.wire.ews.find_item import (
    CalendarPage,
    build_find_item,
    halves,
    join,
    parse_find_item,
)
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.soap import Context

MAX_VIEWS: Final = 64
"""Views one window is split into at most."""


async def view(
    endpoint: ExchangeEndpoint, mailbox: Mailbox, window: Interval, zone: ZoneInfo
) -> Items:
    """Return everything in a window. Raises ``TooLarge`` where it cannot be had in parts."""
    waiting, pages = [window], list[Items]()
    for _ in range(MAX_VIEWS):
        if not waiting:
            return pages[0] if len(pages) == 1 else join(pages)
        part = waiting.pop()
        page = await _page(endpoint, mailbox, part, zone)
        if page is None:
            waiting += reversed(halves(part))
        else:
            pages.append(page.items)
    raise TooLarge(f"the calendar's window takes more than {MAX_VIEWS} views")


async def _page(
    endpoint: ExchangeEndpoint, mailbox: Mailbox, window: Interval, zone: ZoneInfo
) -> CalendarPage | None:
    """Return one view; None where the server holds more than it tells."""
    operation = Operation(partial(_build, window), parse_find_item, (window, zone))
    try:
        page = await endpoint.call(mailbox, operation)
    except Answered as error:
        if error.reaction is Reaction.NARROW:
            return None
        raise
    return None if page.full else page


def _build(window: Interval, context: Context, folder: Folder) -> Request:
    return build_find_item(context, window, folder)
