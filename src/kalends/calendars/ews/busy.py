"""Busy times alone, with the fewest rights there are: no subject, no mailbox opened.

Whole days (UTC) are asked for, whatever the window: what a server tells in quarters of an hour is
then cut at the same quarters each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from kalends.endpoints.exchange.endpoint import AUTO, ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import BadAnswer, SignInNeeded, SourceTrouble, Throttled
from kalends.model.booking import Booking
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.ews.calendar_item import Skipped
from kalends.wire.ews.errors import Answered
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_user_availability import (
    MAX_WINDOW,
    Availability,
    View,
    build_get_user_availability,
    parse_get_user_availability,
)
from kalends.wire.ews.soap import Context
from kalends.wire.ews.versions import Feature, offers

T = TypeVar("T")

_DAY: Final = 86_400


def read_one(response: Response, address: str, window: Interval, zone: ZoneInfo) -> Availability:
    """Read the only mailbox of an answer; raises its trouble."""
    found = parse_get_user_availability(response, (address,), window, {address: zone})[address]
    if found.trouble is not None:
        raise found.trouble
    return found


async def availability(
    endpoint: ExchangeEndpoint,
    mailbox: Mailbox,
    window: Interval,
    zone: ZoneInfo,
    view: View = "DetailedMerged",
) -> Availability:
    """Ask for at most 42 days of one mailbox."""
    address = endpoint.known(mailbox).primary or mailbox.address
    operation = Operation(
        partial(_build, (address,), window, view), read_one, (address, window, zone)
    )
    owner = endpoint.known(mailbox).access is Access.IMPERSONATION
    able = offers(endpoint.version(mailbox), Feature.AVAILABILITY_IMPERSONATED)
    return await endpoint.call(mailbox, operation, impersonate=AUTO if owner and able else None)


async def of_many(
    endpoint: ExchangeEndpoint,
    mailboxes: tuple[Mailbox, ...],
    window: Interval,
    view: View,
    read: Callable[..., T],
    *more: object,
) -> T:
    """Ask the first one's server for up to a hundred mailboxes, as the account itself.

    ``read`` is given the answer, the addresses, the window, and ``more``.
    """
    addresses = tuple(endpoint.known(one).primary or one.address for one in mailboxes)
    operation = Operation(
        partial(_build, addresses, window, view), read, (addresses, window, *more)
    )
    return await endpoint.call(mailboxes[0], operation, impersonate=None)


def may_work_alone(error: SourceTrouble) -> bool:
    """Tell whether a trouble may come of asking for many."""
    if isinstance(error, SignInNeeded | Throttled):
        return False
    return isinstance(error, Answered | BadAnswer)


async def busy_times(
    endpoint: ExchangeEndpoint, mailbox: Mailbox, window: Interval, zone: ZoneInfo
) -> Availability:
    """Return the busy times of a window, asked in parts where it is longer than servers allow."""
    bookings: dict[str, Booking] = {}
    skipped: list[Skipped] = []
    hours = None
    start, end = whole_days(window)
    while start < end:
        part = Interval(start, min(end, start + MAX_WINDOW))
        found = await availability(endpoint, mailbox, part, zone)
        bookings |= {one.uid: one for one in found.bookings}
        skipped += found.skipped
        hours = hours or found.work_hours
        start = part.end
    return inside(Availability(tuple(bookings.values()), hours, skipped=tuple(skipped)), window)


def whole_days(window: Interval) -> Interval:
    """Return the days (UTC) a window touches."""
    return Interval(window.start // _DAY * _DAY, -(-window.end // _DAY) * _DAY)


def inside(found: Availability, window: Interval) -> Availability:
    """Return what lies in a window."""
    bookings = tuple(
        one for one in found.bookings if one.start < window.end and one.end > window.start
    )
    return replace(found, bookings=bookings)


def _build(
    addresses: tuple[str, ...], window: Interval, view: View, context: Context, folder: Folder
) -> Request:
    del folder
    return build_get_user_availability(context, addresses, window, view)
