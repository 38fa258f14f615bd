"""Exchange mailboxes as a ``CalendarSource``: the contract's face.

A calendar's address is the mailbox's e-mail address; where it is on the network is the endpoint's
to find out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar
from zlib import crc32

from kalends.calendars.contract import (
    CalendarRef,
    Capabilities,
    Hearing,
    Hint,
    Previous,
    Reading,
    Step,
    Unchanged,
)
from kalends.calendars.ews.checking import Checking
from kalends.calendars.ews.cursor import Cursor
from kalends.calendars.ews.hours import Hours
from kalends.calendars.ews.probing import mailbox_of, probe
from kalends.calendars.ews.reading import Read
from kalends.calendars.ews.texts import Texts
from kalends.calendars.ews.together import Together
from kalends.calendars.ews.ways import Ways, refuses
from kalends.calendars.notify.notifier import Notifier
from kalends.calendars.stored import unpack
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.errors import BadAnswer, NotFound, SourceTrouble
from kalends.model.times import Interval
from kalends.wire.ews.errors import Answered

T = TypeVar("T")


class EwsSource:
    """``CalendarSource`` for Exchange."""

    def __init__(self, endpoint: ExchangeEndpoint, *, texts: Texts | None = None) -> None:
        self.endpoint = endpoint
        """What it stands on; shared with directory and write-back."""
        self._texts = texts or Texts(endpoint)
        self._ways = Ways(endpoint)
        self._together = Together(endpoint)
        self._hours = Hours(endpoint)
        self.notifier = Notifier(endpoint)
        self._polled: dict[tuple[str, str], Mailbox] = {}
        """Mailboxes of calendars the notifier does not know: what to forget with them."""
        self._left: dict[tuple[str, str], int] = {}
        """Where the last read that found something ended (CRC of its cursor): one that does not
        begin there finds the same again, for it was not stored."""

    @property
    def capabilities(self) -> Capabilities:
        """See ``CalendarSource``."""
        return Capabilities(
            finds_by_email=True,
            hints=self.endpoint.options.notify != "none",
            subjects=self.endpoint.options.access != "freebusy",
            work_hours=True,
            domain=self.endpoint.options.domain or "",
        )

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """Return the first of the person's addresses that has a mailbox here."""
        for address in ref.emails:
            mailbox = Mailbox(address)
            try:
                await self._in_some_way(mailbox, partial(probe, self.endpoint, mailbox))
            except NotFound:
                self.endpoint.forget(mailbox)
                continue
            return (address,)
        return ()

    async def read(
        self,
        ref: CalendarRef,
        window: Interval,
        cursor: bytes | None,
        previous: Previous,
        *,
        full: bool = False,
    ) -> Reading | Unchanged:
        """See ``CalendarSource``."""
        mailbox = mailbox_of(ref)
        known = unpack(cursor, Cursor)
        self._recall(mailbox, known)
        if full:
            self.endpoint.known(mailbox).primary = ""  # an alias may be somebody else's by now

        key = (ref.person, ref.name)
        news = self.notifier.take_news(key)

        async def read(access: Access) -> tuple[Reading | Unchanged, bool]:
            task = Read(
                self.endpoint, ref, mailbox, access, previous, self._texts, self._together,
                self._hours,
            )  # fmt: skip
            return await task.run(window, known, full=full, told=news), task.changed

        done, changed = await self._in_some_way(mailbox, read)
        before = self._mailbox(key)
        stored = self._left.pop(key, None) in (None, crc32(cursor or b""))
        if isinstance(done, Reading):
            self._left[key] = crc32(done.cursor or b"")
        self.notifier.seen(key, mailbox, changed=changed and stored)
        if self.notifier.mailbox(key) is None:
            self._polled[key] = mailbox
        else:
            self._polled.pop(key, None)
        if before not in (None, mailbox):
            self._drop(before)
        return replace(done, refresh_after=self.notifier.refresh_after(key))

    async def check(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """See ``CalendarSource``."""
        async for step in Checking(self.endpoint, self._ways).steps(refs):
            yield step

    def hints(self) -> AsyncIterator[Hint]:
        """See ``CalendarSource``."""
        return self.notifier.hints()

    def forget(self, person: str, name: str) -> None:
        """See ``calendars.contract.Forgets``."""
        key = (person, name)
        mailbox = self._mailbox(key)
        self.notifier.forget(key)
        self._polled.pop(key, None)
        self._left.pop(key, None)
        self._drop(mailbox)

    def hearing(self) -> Hearing:
        """See ``calendars.contract.Hears``."""
        return self.notifier.hearing(len(self._polled))

    async def close(self) -> None:
        """Give subscriptions back; the endpoint closes its own connections."""
        await self.notifier.close()

    async def _in_some_way(self, mailbox: Mailbox, task: Callable[[Access], Awaitable[T]]) -> T:
        """Do something with a mailbox in the first way that it allows.

        Raises ``AccessDenied`` where it allows none.
        """
        known = self.endpoint.known(mailbox)
        refusals: dict[Access, Answered] = {}
        for access in self._ways.order(mailbox):
            try:
                with known.tried(access):
                    done = await task(access)
            except Answered as error:
                if not isinstance(error, SourceTrouble):  # a conflict: reading can have none
                    raise BadAnswer(str(error)) from error
                if not refuses(error):
                    raise
                refusals[access] = error
                self._ways.refused(mailbox, access, error)
                continue
            self._ways.worked(mailbox, access, refused=bool(refusals))
            return done
        known.access = None
        raise self._ways.denied(mailbox, refusals)

    def _mailbox(self, key: tuple[str, str]) -> Mailbox | None:
        """Return whose calendar was read last; None: never read."""
        return self.notifier.mailbox(key) or self._polled.get(key)

    def _drop(self, mailbox: Mailbox | None) -> None:
        """Forget a mailbox; others who read it find out anew what was known: it is a cache."""
        if mailbox is not None:
            self.endpoint.forget(mailbox)
            self._hours.forget(mailbox)
            self._together.forget(mailbox)

    def _recall(self, mailbox: Mailbox, cursor: Cursor | None) -> None:
        """Take up after a restart what was known when the cursor was stored."""
        known = self.endpoint.known(mailbox)
        if cursor is None or known.access is not None:
            return
        known.access = Access(cursor.access) if cursor.access in list(Access) else None
        if cursor.url and not known.url:
            self.endpoint.recall(mailbox, cursor.url)
        known.primary = known.primary or cursor.primary
