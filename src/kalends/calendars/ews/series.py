"""Series that a server does not expand: read as masters, expanded here.

Microsoft's servers expand series in a calendar view. Servers of others may list a master instead,
and only where its first occurrence lies in the window; so whoever lists one is asked for all of
them. A mailbox with series of which the first view shows nothing is doubted once in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kalends.calendars.cursor import item
from kalends.calendars.expansion import Expansion
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import TooLarge
from kalends.model.booking import Booking
from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.caldav.answers import Item
from kalends.wire.ews.calendar_item import Items, Skipped
from kalends.wire.ews.find_item import join
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_item import BATCH, build_get_items, parse_get_items
from kalends.wire.ews.masters import Master, build_get_masters, parse_get_masters
from kalends.wire.ews.soap import Context
from kalends.wire.icalendar.expand import Owner

MAX_MASTERS: Final = 2000


class Series:
    """Expands the masters of one mailbox."""

    def __init__(self, endpoint: ExchangeEndpoint, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._zone = zone

    async def expanded(self, items: Items, masters: Iterable[str], window: Interval) -> Items:
        """Return items together with the occurrences of masters in a window."""
        ids = tuple(masters)
        if len(ids) > MAX_MASTERS:
            raise TooLarge(f"the calendar holds more than {MAX_MASTERS} series to be expanded")
        parts = [items]
        for batch in _batches(ids):
            operation = Operation(partial(_masters, batch), parse_get_masters, (self._zone,))
            found = await self._endpoint.call(self._mailbox, operation)
            parts.append(Items((), (), found.skipped))
            parts.append(await self._occurrences(found.masters, window))
            parts.append(await self._changed(found.masters, window))
        return join(parts)

    async def _occurrences(self, masters: Sequence[Master], window: Interval) -> Items:
        by_item = {item(master.id): master for master in masters}
        bodies = {master.id: Item("", master.rule) for master in masters}
        owner = Owner(self._zone.key)
        found = await Expansion(self._endpoint.runtime, owner).objects(bodies, window, "")
        bookings = tuple(_occurrence(by_item[one.item].pattern, one) for one in found.bookings)
        return Items(
            bookings,
            tuple(by_item[one.item].id for one in found.bookings),
            tuple(Skipped(*broken) for broken in found.broken),
        )

    async def _changed(self, masters: Sequence[Master], window: Interval) -> Items:
        """Return the occurrences that are no longer what their rule says."""
        ids = tuple(
            one.id
            for one in chain.from_iterable(master.changed for master in masters)
            if one.start < window.end and one.end > window.start
        )
        parts = [Items((), ())]
        for batch in _batches(ids):
            operation = Operation(partial(_items, batch), parse_get_items, (self._zone,))
            parts.append(await self._endpoint.call(self._mailbox, operation))
        return join(parts)


def _occurrence(pattern: Booking, times: Booking) -> Booking:
    """Return an occurrence: the series' facts at its own times."""
    return msgspec.structs.replace(
        pattern,
        uid=f"{pattern.uid}/{times.start}",
        start=times.start,
        end=times.end,
        first_day=times.first_day,
        after_day=times.after_day,
        recurring=True,
    )


def _batches(ids: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))


def _masters(ids: tuple[str, ...], context: Context, folder: Folder) -> Request:
    del folder
    return build_get_masters(context, ids)


def _items(ids: tuple[str, ...], context: Context, folder: Folder) -> Request:
    del folder
    return build_get_items(context, ids)
