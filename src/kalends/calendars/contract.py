"""What a source of calendars does.

Vocabulary: a *source* is what an endpoint offers as calendars; a *calendar* is one mailbox or
collection of one person; a *cursor* is the source's own opaque bytes, stored with the bookings in
one transaction; a *hint* says only *that* something changed.

Invariants a source keeps (``tests/contract/calendars`` shows them for each kind):

- ``read`` returns the calendar's whole window or raises: never a part. A failed, truncated,
  HTML or suddenly emptied answer raises (``BadAnswer``, ``SuspiciouslyEmpty``).
- A broken booking is skipped and counted, the rest lives.
- Bookings that overlap the window are returned whole; declined and cancelled ones too.
- Sources hold no per-calendar task, thread or timer, and keep no state but caches.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kalends.model.booking import Booking
from kalends.model.person import PersonRecord, WorkHours
from kalends.model.times import Interval


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can do; the driver plans by it."""

    finds_by_email: bool = False
    """``locate`` works."""
    hints: bool = False
    """``hints`` yields changes (push, stream, watch)."""
    cheap_poll: bool = True
    """An unchanged calendar costs one small request."""
    subjects: bool = True
    """False: free/busy only."""
    work_hours: bool = False
    domain: str = ""
    """The domain by which its operator named it; whose addresses are another source's is not
    looked for here."""
    uploads: bool = False
    """Content comes through the API; nothing is polled."""


@dataclass(frozen=True, slots=True)
class CalendarRef:
    """Names one calendar and says what the source needs to read it."""

    organization: str
    person: str
    source: str
    name: str
    url: str | None
    """Address as configured or located; None: not located yet."""
    emails: tuple[str, ...]
    """The owner's addresses, lower case: who is "me" in organizer and attendees."""
    timezone: str
    """The owner's zone (IANA): all-day and floating times are his."""
    username: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    trusted: bool = False
    """The operator's own file names this calendar: private addresses and files are allowed."""
    owner: PersonRecord | None = None
    """Whose it is, for sources that ask what its rules say of a booking; None: not known."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A booking that could not be understood."""

    uid: str
    reason: str
    """No personal data."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A calendar's whole window."""

    bookings: tuple[Booking, ...]
    cursor: bytes | None
    window: Interval
    skipped: tuple[Skipped, ...] = ()
    work_hours: WorkHours | None = None
    automatic_reply: Interval | None = None
    refresh_after: float | None = None
    """Seconds the source suggests until the next read (REFRESH-INTERVAL); a hint."""
    note: str = ""
    """How it was read, where a source has several ways, for health pages; no personal data."""
    more: bool = False
    """There is more to it that another read asks for (work hours): it is read again at once, and
    nothing is told of somebody new before."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing new since the cursor."""

    cursor: bytes | None
    refresh_after: float | None = None
    note: str = ""
    """As in ``Reading``."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something changed; None: anything may have (all calendars of the source)."""

    person: str | None = None
    name: str | None = None
    sure: bool = True
    """False: nothing was told, but something may have been missed; what surely changed is read
    before."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check, in the order a newcomer would try things."""

    what: str
    """``dns``, ``port``, ``tls``, ``sign-in``, ``calendar`` …"""
    subject: str
    """Host, person or calendar the step is about."""
    ok: bool
    detail: str = ""
    remedy: str = ""
    absent: bool = False
    """The person was looked for by e-mail and is unknown here. A source says so of what is not
    ``ok``; whoever knows that another source may have the person makes it neither (``ok``)."""


Previous = Callable[[], Awaitable[tuple[Booking, ...]]]
"""Reads what is stored of this calendar; called only by sources that update by parts."""


class CalendarSource(Protocol):
    """One source of one organization."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """Find the person's calendars by e-mail; addresses for ``CalendarRef.url``.

        Empty: the person has none here. Raises ``SourceTrouble`` as ``read`` does.
        """

    async def read(
        self,
        ref: CalendarRef,
        window: Interval,
        cursor: bytes | None,
        previous: Previous,
        *,
        full: bool = False,
    ) -> Reading | Unchanged:
        """Read one calendar.

        ``cursor`` None: never read. ``full``: reconcile, trust no cursor (a slow full read that
        finds deletions a server never reported). ``Unchanged`` only where the stored window is
        still the asked one or wider. Raises the ``SourceTrouble`` tree.
        """

    def check(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """Try DNS, port, TLS, sign-in and each calendar; never raises for what it finds."""

    def hints(self) -> AsyncIterator[Hint]:
        """Yield hints until closed; ends at once where there are none."""

    async def close(self) -> None:
        """Let go of everything."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a source hears of changes between polls."""

    calendars: Mapping[str, int]
    """How many are heard by ``streaming``, ``pull`` or ``push``, wait for it, or are polled only
    (``waiting``, ``poll``)."""
    streams: int = 0
    """Open connections on which news come."""
    rebuilt: int = 0
    """Subscriptions that ended and were made anew, since the source was opened."""


@runtime_checkable
class Hears(Protocol):
    """A source whose server tells of changes; figures look at it."""

    def hearing(self) -> Hearing:
        """Return how changes are heard of now."""


@runtime_checkable
class Forgets(Protocol):
    """A source that keeps something of each calendar outside it (a subscription, say)."""

    def forget(self, person: str, name: str) -> None:
        """Let go of a calendar that is no more; it need not have been read ever."""
