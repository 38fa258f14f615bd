"""Work hours of up to a hundred mailboxes by one request.

They change a few times in a life, and no calendar waits for them. A read that finds them due only
notes its mailbox; at its next read whoever comes first asks for everybody noted, and the others
find the answer waiting. A mailbox then costs a hundredth of a request a day.

Free/busy tells them, to whoever may know when somebody is busy. Who is told nothing there is asked
for alone, as the owner where that may be, and at last where Outlook stores them.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from kalends.calendars.ews.busy import availability, may_work_alone, of_many
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import SourceTrouble
from kalends.model.http import Response
from kalends.model.person import WorkHours
from kalends.model.times import Interval
from kalends.wire.ews.get_user_availability import (
    MAX_MAILBOXES,
    parse_get_user_availability,
)
from kalends.wire.ews.get_user_configuration import build_get_work_hours, parse_get_work_hours
from kalends.wire.ews.versions import Feature, offers

_DAY: Final = 86_400
_UTC: Final = ZoneInfo("UTC")
_STORED: Final = Operation(build_get_work_hours, parse_get_work_hours)


class Hours:
    """The work hours of one source's mailboxes, as far as they are due."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        self._due: dict[str, dict[Mailbox, None]] = {}
        """URL → whose are to be asked for, noted longest ago first."""
        self._asking: dict[Mailbox, asyncio.Event] = {}
        """Who is being asked for by somebody else's read; set once that has ended."""
        self._told: dict[Mailbox, str] = {}
        """Answers nobody has come for yet; empty: this one is to be asked for alone."""

    def noted(self, mailbox: Mailbox) -> bool:
        """Tell whether a mailbox was noted before; else note it for its next read."""
        if mailbox in self._asking or mailbox in self._told:
            return True
        due = self._due.setdefault(self._endpoint.url_of(mailbox), {})
        if mailbox in due:
            return True
        due[mailbox] = None
        return False

    def forget(self, mailbox: Mailbox) -> None:
        """Drop a mailbox that is no more."""
        self._told.pop(mailbox, None)
        for due in self._due.values():
            due.pop(mailbox, None)

    async def of(self, mailbox: Mailbox) -> tuple[str, bool]:
        """Return work hours as JSON (empty: none are told), and whether that took a request.

        Raises the ``SourceTrouble`` tree.
        """
        asking = self._asking.get(mailbox)
        if asking is not None:
            await asking.wait()
        told = self._told.pop(mailbox, None)
        if told:
            return told, False
        if told is None:
            told = await self._with_others(mailbox)
        return told or packed(await self._alone(mailbox)), True

    async def _with_others(self, mailbox: Mailbox) -> str:
        """Ask for a mailbox and those noted at its server; empty: it is to be asked for alone."""
        due = self._due.get(self._endpoint.url_of(mailbox), {})
        due.pop(mailbox, None)
        others = tuple(islice(due, MAX_MAILBOXES - 1))
        told: tuple[str, ...] = ("",) * (1 + len(others))
        ended = asyncio.Event()
        for one in others:
            del due[one]
            self._asking[one] = ended
        try:
            many = (mailbox, *others)
            told = await of_many(self._endpoint, many, self._day(), "FreeBusy", read_hours)
        except SourceTrouble as error:
            if not may_work_alone(error):
                due.update(dict.fromkeys(others))
                raise
            # Each asks alone, and is told in full what is the matter.
        finally:
            for one in others:
                del self._asking[one]
            ended.set()
        known = zip(others, told[1:], strict=True)
        self._told.update((one, hours) for one, hours in known if self._endpoint.remembers(one))
        return told[0]

    async def _alone(self, mailbox: Mailbox) -> WorkHours | None:
        """Return them as free/busy tells the owner, else as they are stored with the calendar."""
        owner = self._endpoint.known(mailbox).access is Access.IMPERSONATION
        version = self._endpoint.version(mailbox)
        stored = owner and offers(version, Feature.USER_CONFIGURATION)
        try:
            found = await availability(self._endpoint, mailbox, self._day(), _UTC, view="FreeBusy")
        except SourceTrouble:
            if not stored:
                raise
        else:
            if found.work_hours is not None or not stored:
                return found.work_hours
        return await self._endpoint.call(mailbox, _STORED)

    def _day(self) -> Interval:
        now = int(self._endpoint.runtime.now())
        return Interval(now, now + _DAY)


def packed(hours: WorkHours | None) -> str:
    """Return work hours as JSON; empty: none.

    Most of an organization keep the same: they share one string.
    """
    return "" if hours is None else sys.intern(hours.model_dump_json(exclude_defaults=True))


def read_hours(response: Response, addresses: tuple[str, ...], day: Interval) -> tuple[str, ...]:
    """Read everybody's work hours as JSON; empty for whom the server tells none."""
    told = parse_get_user_availability(response, addresses, day, {})
    return tuple(packed(told[address].work_hours) for address in addresses)
