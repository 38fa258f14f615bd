"""Which mailbox a calendar is, and one small request that shows whether it may be read."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from kalends.calendars.contract import CalendarRef
from kalends.calendars.ews.busy import availability
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import NotFound
from kalends.model.times import Interval
from kalends.wire.ews.get_folder import build_get_folder, parse_get_folder

CALENDAR: Final = Operation(build_get_folder, parse_get_folder)
_HOUR: Final = 3600


async def probe(endpoint: ExchangeEndpoint, mailbox: Mailbox, access: Access) -> None:
    """Return where the calendar may be read; raises what the server says otherwise.

    The endpoint asks in the way the mailbox's ``Known.tried`` names, which the caller sets.
    """
    if access is Access.FREE_BUSY:
        now = int(endpoint.runtime.now())
        window = Interval(now, now + _HOUR)
        await availability(endpoint, mailbox, window, ZoneInfo("UTC"), view="FreeBusy")
    else:
        await endpoint.call(mailbox, CALENDAR)


def mailbox_of(ref: CalendarRef) -> Mailbox:
    """Return the mailbox of a calendar. Raises ``NotFound`` where nothing names one."""
    address = (ref.url or next(iter(ref.emails), "")).removeprefix("mailto:").strip().lower()
    if "@" not in address:
        raise NotFound("the calendar's url must be the e-mail address of a mailbox")
    return Mailbox(address)
