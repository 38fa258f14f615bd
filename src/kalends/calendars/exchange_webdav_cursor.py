"""What a cursor of an Exchange WebDAV calendar holds.

A calendar is read whole each time something changed, so that a cursor need not know single items:
it knows the window, where the calendar's folder is, in which state it was, and a digest of what
was read, by which a read that finds the same is told as unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from kalends.model.booking import Booking, pack_bookings
from kalends.model.times import Interval


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What the stored bookings of a calendar stand for."""

    start: int
    end: int
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

    def covers(self, window: Interval) -> bool:
        """Tell whether the stored window is the asked one or wider."""
        return self.start <= window.start and window.end <= self.end


def pack(cursor: Cursor) -> bytes:
    """Return the bytes that are stored."""
    return msgspec.msgpack.encode(cursor)


def unpack(packed: bytes | None) -> Cursor | None:
    """Return a stored cursor; None where there is none, or one of another make."""
    if packed is None:
        return None
    try:
        return msgspec.msgpack.decode(packed, type=Cursor)
    except msgspec.DecodeError:
        return None


def digest(bookings: Sequence[Booking]) -> bytes:
    """Return what stands for a calendar's bookings."""
    return blake2b(pack_bookings(bookings), digest_size=8).digest()
