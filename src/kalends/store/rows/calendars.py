"""A calendar as it is stored: its key, its row, what was read of it, how it fares."""

from __future__ import annotations

import msgspec

from kalends.model.booking import Booking


class CalendarKey(msgspec.Struct, frozen=True):
    """Names one calendar: a person has one or several in a source."""

    organization: str
    person: str
    source: str
    name: str


class CalendarRow(msgspec.Struct, frozen=True):
    """One calendar without its bookings."""

    key: CalendarKey
    url: str | None
    cursor: bytes | None
    window_start: int
    window_end: int
    read_at: int | None
    """When it was last read whole."""
    reconciled_at: int | None
    stale_since: int | None
    health: str
    """``ok``, ``new``, or the ``code`` of the error that made it stale."""
    message: str
    """For an administrator; no personal data."""
    remedy: str
    failures: int
    skipped: int
    """Broken bookings left out at the last read."""
    bookings: int
    """How many are stored."""
    next_probe_at: int | None
    """When a denied or failing calendar is tried again (persisted across restarts)."""


class OwnedCalendar(msgspec.Struct, frozen=True):
    """A calendar with whose it is: what a read of it needs."""

    row: CalendarRow
    record: bytes
    """JSON of the owner's ``PersonRecord``."""


class CalendarInput(msgspec.Struct, frozen=True):
    """What one calendar gives to policy."""

    key: CalendarKey
    bookings: tuple[Booking, ...]
    window_end: int
    work_hours: bytes | None = None
    """JSON of ``WorkHours`` as the calendar system tells it."""
    automatic_reply: tuple[int, int] | None = None
    stale_since: int | None = None


class CalendarRead(msgspec.Struct, frozen=True):
    """What replaces a calendar, whole. The cursor moves in the same transaction."""

    key: CalendarKey
    url: str | None
    cursor: bytes | None
    window_start: int
    window_end: int
    bookings: tuple[Booking, ...]
    skipped: int
    read_at: int
    reconciled: bool
    work_hours: bytes | None = None
    automatic_reply: tuple[int, int] | None = None
    note: str = ""
    """How it was read, shown as the message of a healthy calendar."""
    more: bool = False
    """There is more to be read at once: nobody new is due for this alone."""


class CalendarHealth(msgspec.Struct, frozen=True):
    """What is known about a calendar's freshness, without new content."""

    key: CalendarKey
    health: str
    message: str = ""
    remedy: str = ""
    stale_since: int | None = None
    failures: int = 0
    next_probe_at: int | None = None
    cursor: bytes | None = None
    """A moved cursor that stands for unchanged content; None: leave it."""
    url: str | None = None
    """Address this was learnt at; None: whatever the calendar's is."""
