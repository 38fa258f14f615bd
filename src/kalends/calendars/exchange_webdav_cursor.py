"""What a cursor of an Exchange WebDAV calendar holds.

A calendar is read whole each time something changed, so that a cursor need not know single items:
it knows the window, where the calendar's folder is, in which state it was, and a digest of what
was read, by which a read that finds the same is told as unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from kalends.calendars.stored import WindowCursor
from kalends.model.booking import Booking, pack_bookings


class Cursor(WindowCursor, frozen=True, array_like=True):
    """What the stored bookings of a calendar stand for."""

    facts: bytes
    """Digest of address, owner's zone and what was asked: another one, another meaning."""
    read_at: int
    """When the window was last read whole, UTC seconds."""
    digest: bytes
    """Of the bookings."""
    folder: str = ""
    """Encoded path of the calendar's folder; empty: free/busy only."""
    version: str = ""
    """State of the folder as it tells it; empty: not told."""
    denied_since: int = 0
    """Since when the mailbox itself was refused and free/busy stands in for it; 0: never."""


def digest(bookings: Sequence[Booking]) -> bytes:
    """Return what stands for a calendar's bookings."""
    return blake2b(pack_bookings(bookings), digest_size=8).digest()
