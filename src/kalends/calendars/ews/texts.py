"""Descriptions of bookings, where the organization turned them on: never of all, never more than
255 characters, never of what is private.
"""

from __future__ import annotations

from kalends.calendars.contract import Previous
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.model.booking import Booking
from kalends.wire.ews.calendar_item import Items


class Texts:
    """Adds descriptions to what matched."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint

    @property
    def facts(self) -> bool:
        """What a cursor must remember of it: whether descriptions are asked."""
        return False

    async def added(
        self, mailbox: Mailbox, items: Items, previous: Previous
    ) -> tuple[Booking, ...]:
        """Return the bookings, those that matched with their description."""
        del mailbox, previous
        return items.bookings
