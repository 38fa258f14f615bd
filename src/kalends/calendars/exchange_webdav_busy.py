"""Busy times of several people by one request of the meeting planner, as OWA itself asks for them.

Place in the flow: ``exchange_webdav_read`` asks here where it reads by free/busy. Whoever is read
asks for everybody whose poll comes soon, too (``turns``), as many as a query holds; one person's
trouble stays his own. What is refused as a whole is asked for one alone, and for a while nobody is
asked for together. Whole days (UTC) are asked for: people read since different hours share them.
"""

from __future__ import annotations

from typing import Final

from kalends.calendars.ews.busy import whole_days
from kalends.calendars.turns import Reader, Turns
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.errors import AccessDenied, BadAnswer, NotFound
from kalends.model.booking import Booking
from kalends.model.times import Interval
from kalends.wire.exchange_dav import freebusy

MOST_PEOPLE: Final = 50
_ALONE_SECONDS: Final = 300.0

Key = tuple[str, str]
"""(person, calendar name)."""
Emails = tuple[str, ...]
Digits = tuple[str, ...]
"""Of those addresses of a person that the server knows."""


class BusyTimes:
    """The busy times of one source."""

    def __init__(self, endpoint: ExchangeDavEndpoint, interval: float) -> None:
        self._endpoint = endpoint
        self._turns: Turns[Key, Emails, Digits] = Turns(interval)
        self._alone_until = 0.0

    async def of(
        self, key: Key, emails: Emails, window: Interval, *, fresh: bool
    ) -> tuple[Booking, ...] | None:
        """Return somebody's busy times; None: not published for the whole window.

        ``fresh``: nothing that was asked for before, and nobody else. Raises the ``SourceTrouble``
        tree.
        """
        days, now = whole_days(window), self._endpoint.runtime.monotonic()
        told = self._turns.come(days, key, emails, now)
        if told is None and not fresh and now >= self._alone_until:
            told = await self._with_others(days, key, emails, now)
        if told is None or fresh:
            (told,) = await self._ask([emails], days)
        within = freebusy.aligned(window)
        each = (freebusy.read_digits(digits, days, within) for digits in told)
        return next((found for found in each if found is not None), None)

    def forget(self, key: Key) -> None:
        """Drop a calendar that is no more: it is asked for with nobody."""
        self._turns.forget(key)

    async def _with_others(
        self, days: Interval, key: Key, emails: Emails, now: float
    ) -> Digits | None:
        """Ask for somebody and those whose turn comes soon; None: he is to be asked for alone."""
        room = freebusy.MOST_QUERY - freebusy.length(emails)

        def fits(more: Emails) -> bool:
            nonlocal room
            room -= freebusy.length(more)
            return room >= 0

        others = self._turns.soon(days, now, MOST_PEOPLE - 1, fits)
        if not others:
            return None
        try:
            mine, *theirs = await self._ask([emails, *(one.asked for one in others.values())], days)
        except (AccessDenied, NotFound, BadAnswer):
            self._alone_until = now + _ALONE_SECONDS
            return None
        _hand_out(others, theirs)
        return mine or None  # who is not told of among others is asked for alone

    async def _ask(self, people: list[Emails], days: Interval) -> list[Digits]:
        addresses = [address for emails in people for address in emails]
        request = freebusy.build_freebusy(self._endpoint.root, addresses, days)
        told = freebusy.parse_digits(await self._endpoint.send(request))
        return [
            tuple(told[one.lower()] for one in emails if one.lower() in told) for emails in people
        ]


def _hand_out(others: dict[Key, Reader[Emails, Digits]], told: list[Digits]) -> None:
    for reader, digits in zip(others.values(), told, strict=True):
        reader.answer = digits or None
