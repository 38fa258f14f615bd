"""Appointments Kalends writes into mailboxes: put there, shortened, taken out again.

Place in the flow: *write-back (sinks.write_back) → this → endpoint*. Every appointment carries our
mark (``wire.ews.create_item``), by which it is known again and never read back as news.
"""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import Conflict
from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.ews.create_item import Appointment, build_create_item, parse_create_item
from kalends.wire.ews.delete_item import build_delete_item, parse_delete_item
from kalends.wire.ews.find_item import build_find_item, parse_find_item
from kalends.wire.ews.folders import Folder, ItemId
from kalends.wire.ews.get_item import build_get_change_key, parse_get_change_key
from kalends.wire.ews.soap import Context
from kalends.wire.ews.update_item import build_update_times, parse_update_item

_UTC = ZoneInfo("UTC")


class ExchangeWriter:
    """See ``sinks.write_back.CalendarWriter``."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        self.runtime = endpoint.runtime

    async def create(self, address: str, appointment: Appointment) -> str:
        """Put an appointment into a calendar; return its id."""
        operation = Operation(partial(_create, appointment), parse_create_item)
        return (await self._endpoint.call(Mailbox(address), operation)).id

    async def change(self, address: str, id: str, interval: Interval) -> str:
        """Give an appointment other times; return its id, which may be another then.

        Raises ``NotFound`` where somebody took it away.
        """
        mailbox = Mailbox(address)
        try:
            return await self._changed(mailbox, id, interval)
        except Conflict:  # somebody touched it at this very moment: once more on what is there now
            return await self._changed(mailbox, id, interval)

    async def delete(self, address: str, id: str) -> None:
        """Take an appointment out; one that is gone already is no error."""
        operation = Operation(partial(_delete, ItemId(id)), parse_delete_item)
        await self._endpoint.call(Mailbox(address), operation)

    async def ours(self, address: str, interval: Interval) -> tuple[str, ...]:
        """Return ids of appointments of ours that overlap an interval."""
        operation = Operation(partial(_find, interval), parse_find_item, (interval, _UTC))
        return (await self._endpoint.call(Mailbox(address), operation)).items.ours

    async def _changed(self, mailbox: Mailbox, id: str, interval: Interval) -> str:
        now = Operation(partial(_state, id), parse_get_change_key)
        item = await self._endpoint.call(mailbox, now)
        operation = Operation(partial(_change, item, interval), parse_update_item)
        return (await self._endpoint.call(mailbox, operation)).id


def _create(appointment: Appointment, context: Context, folder: Folder) -> Request:
    return build_create_item(context, appointment, folder)


def _state(id: str, context: Context, folder: Folder) -> Request:
    del folder
    return build_get_change_key(context, id)


def _change(item: ItemId, interval: Interval, context: Context, folder: Folder) -> Request:
    del folder
    return build_update_times(context, item, interval)


def _delete(item: ItemId, context: Context, folder: Folder) -> Request:
    del folder
    return build_delete_item(context, item)


def _find(interval: Interval, context: Context, folder: Folder) -> Request:
    return build_find_item(context, interval, folder)
