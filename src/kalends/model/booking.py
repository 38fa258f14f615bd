"""A booking: one occurrence of an appointment, with every native fact. Meaning is policy's job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kalends.model.times import Interval, days


class ShowAs(StrEnum):
    """Free/busy status as the calendar tells it."""

    FREE = "free"
    TENTATIVE = "tentative"
    BUSY = "busy"
    OOF = "oof"
    ELSEWHERE = "elsewhere"


class Sensitivity(StrEnum):
    """Who may see the text, as the owner set it (Exchange's four; iCalendar CLASS maps here)."""

    NORMAL = "normal"
    PERSONAL = "personal"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


SECRET: Final = (Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL)
"""What makes a booking *private*: it tells others its times only, and its text is not kept.
``personal`` (not business, but no secret) is an ordinary booking."""


class Response(StrEnum):
    """The calendar owner's answer to an invitation."""

    OWN = "own"
    """No invitation, or the owner organizes it."""
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    UNANSWERED = "unanswered"


class Gist(msgspec.Struct, frozen=True, array_like=True, gc=False, cache_hash=True):
    """What a booking's text said to the rules; of a private booking all that is kept of it.

    ``array_like``: new fields go to the end, with a default.
    """

    rules: tuple[str, ...] = ()
    """Keys of the rules whose conditions on text hold (``policy.matching.Rule.key``)."""
    built_in: tuple[str, str, bool] | None = None
    """Activity, rule id and whether a code said so: default codes and keyword packs."""
    leave_out: bool = False
    inform_only: bool = False
    hide: bool = False
    forward: str = ""
    """The listed number a forward mark names, in its one form."""
    refused: bool = False
    """A forward mark named a number that is not listed."""
    titled: bool = False
    """There was a subject."""
    standing: int = 2
    """How much the booking may command (``policy.situation.Standing``)."""
    outside: bool = False
    """Organized by somebody outside the organization."""

    @property
    def marked(self) -> bool:
        """Tell whether a mark stood in front."""
        return self.leave_out or self.inform_only or self.hide or self.refused or bool(self.forward)


class Booking(msgspec.Struct, frozen=True, array_like=True, gc=False, omit_defaults=False):
    """One occurrence. ``array_like``: new fields go to the end, with a default."""

    uid: str
    """Stable identity of this occurrence in its calendar (series id and original start)."""
    start: int
    """UTC seconds. For an all-day booking as the source reckoned it; see ``interval``."""
    end: int
    """UTC seconds, exclusive; never before ``start``."""
    show_as: ShowAs = ShowAs.BUSY
    subject: str = ""
    """As it stands in the calendar; at most 255 characters. Empty where it may not be read."""
    sensitivity: Sensitivity = Sensitivity.NORMAL
    categories: tuple[str, ...] = ()
    response: Response = Response.OWN
    organizer: str = ""
    """E-mail address of the organizer, lower case; empty: unknown, or the owner."""
    cancelled: bool = False
    recurring: bool = False
    all_day: bool = False
    first_day: date | None = None
    """First local day of an all-day booking."""
    after_day: date | None = None
    """Local day after the last one (exclusive)."""
    description: str = ""
    """First 255 characters, only where the organization turned it on."""
    item: str = ""
    """The source's handle for the resource the occurrence came from (short; may be a hash)."""
    busy_only: bool = False
    """Free/busy access: the source told an interval, nothing else."""
    gist: Gist | None = None
    """What the text said. Present: subject, categories, description and organizer were taken away,
    because the booking is private (``policy.gist``)."""

    @property
    def private(self) -> bool:
        """Tell whether the owner marked it private or confidential."""
        return self.sensitivity in SECRET

    def interval(self, zone: ZoneInfo) -> Interval:
        """Return when it is: an all-day booking covers whole local days of ``zone``."""
        if self.all_day and self.first_day is not None and self.after_day is not None:
            return days(self.first_day, self.after_day, zone)
        return Interval(self.start, self.end)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Booking, ...])


def pack_bookings(bookings: Sequence[Booking]) -> bytes:
    """Return the packed form that the store seals."""
    return _encoder.encode(bookings)


def unpack_bookings(packed: bytes) -> tuple[Booking, ...]:
    """Return the bookings of a packed form; raises ``msgspec.DecodeError`` on anything else."""
    return _decoder.decode(packed)
