"""Busy times of up to a hundred mailboxes by one request: their polls come one after another.

Whoever is read asks for everybody whose poll comes soon, too, and each finds the answer waiting
when its turn comes. A thousand mailboxes then cost ten requests an interval instead of a thousand;
what is shown may be older by a third of an interval.

One mailbox's trouble stays its own: the server tells it of each, and who is in trouble is asked
for alone, where it is told in full. A request that is refused as a whole is made for one mailbox
alone, and for a while nobody is asked for together.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from kalends.calendars.ews.busy import busy_times, inside, may_work_alone, of_many, whole_days
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

SOON: Final = 0.8
"""Asked for with others once so much of its interval has passed …"""
FRESH: Final = 0.3
"""… and good for so much of the next: polls vary by a tenth."""
_GONE: Final = 2.0
"""Intervals after which an answer nobody came for means a calendar that is read no more."""
_ALONE_SECONDS: Final = 300.0

Place = tuple[str, Interval]
"""What mailboxes must share to be asked for together: their server, and the days."""


@dataclass(slots=True)
class _Reader:
    """A mailbox read by busy times."""

    zone: ZoneInfo
    read_at: float
    asked_at: float = float("-inf")
    """When somebody else asked for it; older than ``read_at``: nobody has since."""
    answer: Availability | None = None


class Together:
    """The busy times of one source."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        self._interval = float(endpoint.options.poll_seconds)
        self._readers: dict[Place, OrderedDict[Mailbox, _Reader]] = {}
        """Those read longest ago first."""
        self._alone_until = 0.0

    async def busy_times(
        self, mailbox: Mailbox, window: Interval, zone: ZoneInfo, *, fresh: bool
    ) -> Availability:
        """Return the busy times of a window; ``fresh``: nothing that was asked for before."""
        days = whole_days(window)
        now = self._endpoint.runtime.monotonic()
        place = (self._endpoint.url_of(mailbox), days)
        waiting = self._turn(place, mailbox, zone, now)
        if not fresh and waiting is not None:
            return inside(waiting, window)
        if not fresh and days.end - days.start <= MAX_WINDOW and now >= self._alone_until:
            found = await self._with_others(place, mailbox, zone, now)
            if found is not None:
                return inside(found, window)
        return await busy_times(self._endpoint, mailbox, window, zone)

    def forget(self, mailbox: Mailbox) -> None:
        """Drop a mailbox that is no more: it is asked for with nobody."""
        for place, readers in list(self._readers.items()):
            readers.pop(mailbox, None)
            if not readers:
                del self._readers[place]

    def _turn(
        self, place: Place, mailbox: Mailbox, zone: ZoneInfo, now: float
    ) -> Availability | None:
        """Note that a mailbox is read; return the answer that waits for it."""
        readers = self._readers.setdefault(place, OrderedDict())
        known = readers.get(mailbox)
        readers[mailbox] = _Reader(zone, now)
        readers.move_to_end(mailbox)
        if known is None or known.zone != zone or now - known.asked_at > FRESH * self._interval:
            return None
        return known.answer

    async def _with_others(
        self, place: Place, mailbox: Mailbox, zone: ZoneInfo, now: float
    ) -> Availability | None:
        """Ask for a mailbox and those whose turn comes soon; None: it is to be asked alone."""
        others = self._soon(place, now)
        if not others:
            return None
        asked = {mailbox: _Reader(zone, now), **others}
        try:
            told = await self._ask(asked, place[1])
        except SourceTrouble as error:
            self._alone_until = now + _ALONE_SECONDS
            if not may_work_alone(error):
                raise
            return None
        for one, answer in zip(asked, told, strict=True):
            if one != mailbox:
                others[one].answer = answer
        return told[0]

    def _soon(self, place: Place, now: float) -> dict[Mailbox, _Reader]:
        """Return who is asked for next, and note that they are; drop who is read no more."""
        readers = self._readers[place]
        found: dict[Mailbox, _Reader] = {}
        gone: list[Mailbox] = []
        for mailbox, reader in readers.items():
            if len(found) == MAX_MAILBOXES - 1 or now - reader.read_at < SOON * self._interval:
                break
            if reader.asked_at <= reader.read_at:
                reader.asked_at = now
                found[mailbox] = reader
            elif now - reader.asked_at > _GONE * self._interval:
                gone.append(mailbox)
        for mailbox in gone:
            del readers[mailbox]
        self._tidy(now)
        return found

    def _tidy(self, now: float) -> None:
        """Drop days nobody is read for any more: all have moved on to others."""
        over = now - _GONE * self._interval
        for place, readers in list(self._readers.items()):
            if readers[next(reversed(readers))].read_at < over:
                del self._readers[place]

    async def _ask(
        self, asked: dict[Mailbox, _Reader], days: Interval
    ) -> tuple[Availability | None, ...]:
        zones = tuple(reader.zone for reader in asked.values())
        endpoint, mailboxes = self._endpoint, tuple(asked)
        return await of_many(endpoint, mailboxes, days, "DetailedMerged", read_many, zones)


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
