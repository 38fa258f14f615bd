"""Busy times of up to a hundred mailboxes by one request: their polls come one after another.

Whoever is read asks for everybody whose poll comes soon, too, and each finds the answer waiting
when its turn comes. A thousand mailboxes then cost ten requests an interval instead of a thousand;
what is shown may be older by a third of an interval.

One mailbox's trouble stays its own: the server tells it of each, and who is in trouble is asked
for alone, where it is told in full. A request that is refused as a whole is made for one mailbox
alone, and for a while nobody is asked for together.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from kalends.calendars.ews.busy import busy_times, inside, may_work_alone, of_many, whole_days
from kalends.calendars.turns import Turns
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.errors import SourceTrouble
from kalends.model.http import Response
from kalends.model.times import Interval
from kalends.wire.ews.get_user_availability import (
    MAX_MAILBOXES,
    MAX_WINDOW,
    Availability,
    parse_get_user_availability,
)

_ALONE_SECONDS: Final = 300.0

Place = tuple[str, Interval]
"""What mailboxes must share to be asked for together: their server, and the days."""


class Together:
    """The busy times of one source."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        interval = float(endpoint.options.poll_seconds)
        self._turns: Turns[Mailbox, ZoneInfo, Availability] = Turns(interval)
        self._alone_until = 0.0

    async def busy_times(
        self, mailbox: Mailbox, window: Interval, zone: ZoneInfo, *, fresh: bool
    ) -> Availability:
        """Return the busy times of a window; ``fresh``: nothing that was asked for before."""
        days = whole_days(window)
        now = self._endpoint.runtime.monotonic()
        place = (self._endpoint.url_of(mailbox), days)
        waiting = self._turns.come(place, mailbox, zone, now)
        if not fresh and waiting is not None:
            return inside(waiting, window)
        if not fresh and days.end - days.start <= MAX_WINDOW and now >= self._alone_until:
            found = await self._with_others(place, mailbox, zone, now)
            if found is not None:
                return inside(found, window)
        return await busy_times(self._endpoint, mailbox, window, zone)

    def forget(self, mailbox: Mailbox) -> None:
        """Drop a mailbox that is no more: it is asked for with nobody."""
        self._turns.forget(mailbox)

    async def _with_others(
        self, place: Place, mailbox: Mailbox, zone: ZoneInfo, now: float
    ) -> Availability | None:
        """Ask for a mailbox and those whose turn comes soon; None: it is to be asked alone."""
        others = self._turns.soon(place, now, MAX_MAILBOXES - 1)
        if not others:
            return None
        zones = {mailbox: zone, **{one: reader.asked for one, reader in others.items()}}
        try:
            told = await self._ask(zones, place[1])
        except SourceTrouble as error:
            self._alone_until = now + _ALONE_SECONDS
            if not may_work_alone(error):
                raise
            return None
        for one, answer in zip(zones, told, strict=True):
            if one != mailbox:
                others[one].answer = answer
        return told[0]

    async def _ask(
        self, zones: dict[Mailbox, ZoneInfo], days: Interval
    ) -> tuple[Availability | None, ...]:
        each = tuple(zones.values())
        return await of_many(self._endpoint, tuple(zones), days, "DetailedMerged", read_many, each)


def read_many(
    response: Response, addresses: tuple[str, ...], days: Interval, zones: tuple[ZoneInfo, ...]
) -> tuple[Availability | None, ...]:
    """Read everybody's answer; None for whom the server tells a trouble instead."""
    told = parse_get_user_availability(
        response, addresses, days, dict(zip(addresses, zones, strict=True))
    )
    return tuple(
        None if told[address].trouble is not None else told[address] for address in addresses
    )
