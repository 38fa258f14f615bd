"""Work hours and automatic replies: what a mailbox tells besides its calendar.

Neither changes with the calendar, so each is asked by the clock, beside a read that found nothing
new: a change costs two requests and a whole read two. One of both is asked at a time, work hours
for many at once (``hours``). What cannot be read stays as it was known.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

import msgspec

from kalends.calendars.ews.cursor import Cursor
from kalends.calendars.ews.hours import Hours
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import RetryLater, SourceTrouble
from kalends.model.http import Request
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_user_oof_settings import (
    build_get_user_oof_settings,
    parse_get_user_oof_settings,
)
from kalends.wire.ews.soap import Context

HOURS_EVERY: Final = 20 * 3600
"""Less than a day: the nightly read finds them due."""
AGAIN: Final = 3600
"""Where the server had no time for the question."""
REPLY_EVERY: Final = 15 * 60


class Asides:
    """Asks for what is due beside one mailbox's calendar."""

    def __init__(self, endpoint: ExchangeEndpoint, mailbox: Mailbox, hours: Hours) -> None:
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._work_hours = hours
        self._known = endpoint.known(mailbox)
        self._now = int(endpoint.runtime.now())

    def put_off(self, cursor: Cursor) -> Cursor:
        """Have the next read ask: this one reads the whole calendar, which costs enough.

        Returns the cursor with what is remembered, where it knows nothing itself.
        """
        if not cursor.hours_at:
            cursor = msgspec.structs.replace(cursor, hours=self._known.hours.encode())
        owner = cursor.access == Access.IMPERSONATION
        if owner and not cursor.reply_at and self._known.replied_at:
            reply, at = self._known.reply, self._known.replied_at
            cursor = msgspec.structs.replace(cursor, reply=reply, reply_at=at)
        if self._hours_due(cursor):
            self._work_hours.noted(self._mailbox)
        return cursor

    async def refreshed(self, cursor: Cursor) -> Cursor:
        """Return a cursor with one aside that is due asked anew."""
        asked = False
        self._known.hours = self._known.hours or sys.intern(cursor.hours.decode())
        if self._hours_due(cursor) and self._work_hours.noted(self._mailbox):
            cursor, asked = await self._hours(cursor)
        owner = cursor.access == Access.IMPERSONATION
        if owner and not asked and self._now - self._replied_at(cursor) >= REPLY_EVERY:
            cursor = await self._reply(cursor)
        return cursor

    def _hours_due(self, cursor: Cursor) -> bool:
        return self._now - cursor.hours_at >= HOURS_EVERY

    def _replied_at(self, cursor: Cursor) -> int:
        """Return when automatic replies were asked and were as the cursor has them."""
        if self._known.reply == cursor.reply:
            return max(cursor.reply_at, self._known.replied_at)
        return cursor.reply_at

    async def _hours(self, cursor: Cursor) -> tuple[Cursor, bool]:
        """Return a cursor with the work hours, and whether they took a request."""
        told, asked, at = cursor.hours.decode(), True, self._now
        try:
            told, asked = await self._work_hours.of(self._mailbox)
        except RetryLater:  # that says nothing about work hours
            at += AGAIN - HOURS_EVERY
        except SourceTrouble:
            pass  # as they were known
        self._known.hours = sys.intern(told)
        return msgspec.structs.replace(cursor, hours=told.encode(), hours_at=at), asked

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


def _build(address: str, context: Context, folder: Folder) -> Request:
    del folder
    return build_get_user_oof_settings(context, address)
