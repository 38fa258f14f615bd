"""Work hours and automatic replies: what a mailbox tells besides its calendar.

Neither changes with the calendar, so each is asked by the clock. What cannot be read stays as it
was known: an aside never fails a read.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kalends.calendars.ews.busy import availability
from kalends.calendars.ews.cursor import Cursor
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import SourceTrouble
from kalends.model.http import Request
from kalends.model.person import WorkHours
from kalends.model.times import Interval
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_user_configuration import build_get_work_hours, parse_get_work_hours
from kalends.wire.ews.get_user_oof_settings import (
    build_get_user_oof_settings,
    parse_get_user_oof_settings,
)
from kalends.wire.ews.soap import Context
from kalends.wire.ews.versions import Feature, offers

HOURS_EVERY: Final = 20 * 3600
"""Less than a day: the nightly read brings them along."""
REPLY_EVERY: Final = 15 * 60
_DAY: Final = 86_400
_STORED_HOURS: Final = Operation(build_get_work_hours, parse_get_work_hours)


class Asides:
    """Asks for what is due beside one mailbox's calendar."""

    def __init__(self, endpoint: ExchangeEndpoint, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._zone = zone
        self._known = endpoint.known(mailbox)
        self._now = int(endpoint.runtime.now())

    async def refreshed(self, cursor: Cursor, *, one: bool = False) -> Cursor:
        """Return a cursor with what is due asked anew; ``one``: not both at once."""
        asked = False
        if self._now - cursor.hours_at >= HOURS_EVERY:
            cursor, asked = await self._hours(cursor), True
        owner = cursor.access == Access.IMPERSONATION
        if owner and self._now - self._replied_at(cursor) >= REPLY_EVERY and not (one and asked):
            cursor = await self._reply(cursor)
        return cursor

    def _replied_at(self, cursor: Cursor) -> int:
        """Return when automatic replies were asked and were as the cursor has them."""
        if self._known.reply == cursor.reply:
            return max(cursor.reply_at, self._known.replied_at)
        return cursor.reply_at

    async def _hours(self, cursor: Cursor) -> Cursor:
        told = cursor.hours
        with suppress(SourceTrouble):  # else as they were known
            told = packed(await self._told_hours())
        return msgspec.structs.replace(cursor, hours=told, hours_at=self._now)

    async def _told_hours(self) -> WorkHours | None:
        """Return them as free/busy tells them, else as they are stored with the calendar.

        Before 2010 SP2 free/busy is asked as the account, which may be told nothing.
        """
        day = Interval(self._now, self._now + _DAY)
        try:
            found = await availability(
                self._endpoint, self._mailbox, day, self._zone, view="FreeBusy"
            )
        except SourceTrouble:
            if not self._may_ask_for_stored:
                raise
        else:
            if found.work_hours is not None or not self._may_ask_for_stored:
                return found.work_hours
        return await self._endpoint.call(self._mailbox, _STORED_HOURS)

    @property
    def _may_ask_for_stored(self) -> bool:
        owner = self._endpoint.known(self._mailbox).access is Access.IMPERSONATION
        version = self._endpoint.version(self._mailbox)
        return owner and offers(version, Feature.USER_CONFIGURATION)

    async def _reply(self, cursor: Cursor) -> Cursor:
        address = self._known.primary or self._mailbox.address
        operation = Operation(partial(_build, address), parse_get_user_oof_settings)
        told = cursor.reply
        try:
            found = await self._endpoint.call(self._mailbox, operation)
            told = None if found is None else (found.start, found.end)
        except SourceTrouble:
            pass  # as it was known
        self._known.reply, self._known.replied_at = told, self._now
        if cursor.reply_at and told == cursor.reply:
            return cursor  # a quarter of an hour that brought nothing is not worth a commit
        return msgspec.structs.replace(cursor, reply=told, reply_at=self._now)


def packed(hours: WorkHours | None) -> bytes:
    """Return work hours as a cursor keeps them."""
    return b"" if hours is None else hours.model_dump_json(exclude_defaults=True).encode()


def _build(address: str, context: Context, folder: Folder) -> Request:
    del folder
    return build_get_user_oof_settings(context, address)
