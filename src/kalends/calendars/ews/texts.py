"""Descriptions of bookings, only where the organization turned them on.

Never of all: of bookings that the rules and marks of their owner match (the organization's, the
department's, the owner's own), the nearest first; of each 255 characters at most, and nothing of
what is private. What cannot be read keeps what was known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from kalends.calendars.contract import CalendarRef, Previous
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import SourceTrouble
from kalends.model.booking import Booking
from kalends.model.http import Request
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.policy.compile import compile_policy
from kalends.policy.judge import judge
from kalends.wire.ews.calendar_item import Items
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_item import BATCH, build_get_texts, parse_get_texts
from kalends.wire.ews.soap import Context

MOST: Final = 50
"""Descriptions of one mailbox: five requests, when its calendar changed."""

Matches = Callable[[CalendarRef, Booking], bool]


def matching(settings: OrganizationSettings) -> Matches | None:
    """Return what tells which bookings' descriptions are wanted; None: nobody's."""
    if not settings.description_note:
        return None
    policy = compile_policy(settings)

    def matches(ref: CalendarRef, booking: Booking) -> bool:
        owner = ref.owner or PersonRecord(
            id=ref.person, name=ref.person, emails=ref.emails, timezone=ref.timezone
        )
        judged = judge(policy.for_person(owner), f"{ref.source}/{ref.name}", booking)
        return judged.counts and judged.marked and not judged.private and not judged.note

    return matches


class Texts:
    """Adds descriptions to what matched."""

    def __init__(self, endpoint: ExchangeEndpoint, matches: Matches | None = None) -> None:
        self._endpoint = endpoint
        self._matches = matches

    @property
    def wanted(self) -> bool:
        """Tell whether descriptions are asked at all."""
        return self._matches is not None

    async def added(
        self, ref: CalendarRef, mailbox: Mailbox, items: Items, previous: Previous
    ) -> tuple[Booking, ...]:
        """Return the bookings, those that matched with their description."""
        if self._matches is None:
            return items.bookings
        pairs = zip(items.bookings, items.ids, strict=True)
        matched = sorted(
            (booking.start, booking.uid, item)
            for booking, item in pairs
            if self._matches(ref, booking)
        )
        if not matched:
            return items.bookings
        texts = {one.uid: one.description for one in await previous() if one.description}
        await self._fetched(mailbox, matched[:MOST], texts)
        wanted = {uid for _, uid, _ in matched}
        return tuple(
            msgspec.structs.replace(one, description=texts.get(one.uid, ""))
            if one.uid in wanted
            else one
            for one in items.bookings
        )

    async def _fetched(
        self, mailbox: Mailbox, matched: list[tuple[int, str, str]], texts: dict[str, str]
    ) -> None:
        for first in range(0, len(matched), BATCH):
            batch = matched[first : first + BATCH]
            ids = tuple(item for _, _, item in batch)
            operation = Operation(partial(_texts, ids), parse_get_texts, (ids,))
            try:
                found = await self._endpoint.call(mailbox, operation)
            except SourceTrouble:
                return  # a description is never worth a read
            for _, uid, item in batch:
                if item in found.texts:
                    texts[uid] = found.texts[item]


def _texts(ids: tuple[str, ...], context: Context, folder: Folder) -> Request:
    del folder
    return build_get_texts(context, ids)
