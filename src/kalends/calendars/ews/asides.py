"""Work hours and automatic replies: what a mailbox tells besides its calendar.

Neither changes with the calendar, so each is asked by the clock, beside a read that found nothing
new: a change costs one request or two, and a whole read two. One of both is asked at a time, work
hours for many at once (``hours``). What cannot be read stays as it was known.
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
REPLY_SEEN_EVERY: Final = 6 * 3600
"""Polls ask so rarely where settings are asked in turn beside glances (``notify.settings``)."""
SEEN_LASTS: Final = 30 * 60
"""A glance that is older says nothing: two of them failed."""


class Asides:
    """Asks for what is due beside one mailbox's calendar."""

    def __init__(self, endpoint: ExchangeEndpoint, mailbox: Mailbox, hours: Hours) -> None:
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._work_hours = hours
        self._known = endpoint.known(mailbox)
        self._now = int(endpoint.runtime.now())

    def recall(self, cursor: Cursor) -> None:
        """Take up after a restart what was known of the reply: others compare with that."""
        if cursor.access == Access.IMPERSONATION and not self._known.replied_at:
            self._known.reply, self._known.replied_at = cursor.reply, cursor.reply_at

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

    @property
    def doubted(self) -> bool:
        """Tell whether a reply looks otherwise than before and is yet to be asked for."""
        return self._known.reply_doubted

    def unasked(self, cursor: Cursor) -> bool:
        """Tell whether something was never asked for: another read comes at once and does."""
        owner = cursor.access == Access.IMPERSONATION
        reply = not owner or bool(self._replied_at(cursor))
        return not (reply and (cursor.hours_at or cursor.hours))

    async def refreshed(self, cursor: Cursor) -> Cursor:
        """Return a cursor with one aside that is due asked anew."""
        asked = False
        doubted = self._known.reply_doubted  # it comes first: that is what the read is for
        self._known.hours = self._known.hours or sys.intern(cursor.hours.decode())
        if not doubted and self._hours_due(cursor) and self._work_hours.noted(self._mailbox):
            cursor, asked = await self._hours(cursor)
        owner = cursor.access == Access.IMPERSONATION
        if owner and not asked and (doubted or self._reply_due(cursor)):
            cursor = await self._reply(cursor)
        return cursor

    def _hours_due(self, cursor: Cursor) -> bool:
        return self._now - cursor.hours_at >= HOURS_EVERY

    def _reply_due(self, cursor: Cursor) -> bool:
        turn = max(self._known.reply_seen, self._endpoint.replies_in_turn)
        seen = self._now - turn < SEEN_LASTS
        every = REPLY_SEEN_EVERY if seen else REPLY_EVERY
        return self._now - self._replied_at(cursor) >= every

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
        told = cursor.reply
        try:
            told = await reply_of(self._endpoint, self._mailbox)
            self._known.reply_doubted = False
        except SourceTrouble:
            pass  # as it was known
        self._known.reply, self._known.replied_at = told, self._now
        if cursor.reply_at and told == cursor.reply:
            return cursor  # a quarter of an hour that brought nothing is not worth a commit
        return msgspec.structs.replace(cursor, reply=told, reply_at=self._now)


async def reply_of(endpoint: ExchangeEndpoint, mailbox: Mailbox) -> tuple[int, int] | None:
    """Ask a mailbox for its automatic reply: from when to when it is on, as its owner set it.

    Raises the ``SourceTrouble`` tree.
    """
    address = endpoint.known(mailbox).primary or mailbox.address
    operation = Operation(partial(_build, address), parse_get_user_oof_settings)
    found = await endpoint.call(mailbox, operation)
    return None if found is None else (found.start, found.end)


def _build(address: str, context: Context, folder: Folder) -> Request:
    del folder
    return build_get_user_oof_settings(context, address)
