"""What is stored beside a calendar's bookings, whatever its kind: what they stand for, as bytes.

Every kind adds its own fields to ``WindowCursor``. ``array_like``: new fields go to the end, with a
default, and what an older Kalends stored is still read.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from kalends.model.times import Interval


class WindowCursor(msgspec.Struct, frozen=True, array_like=True):
    """A cursor that knows for which window the stored bookings were read."""

    start: int
    end: int

    @property
    def window(self) -> Interval:
        """Return the window the stored bookings fill."""
        return Interval(self.start, self.end)

    def covers(self, window: Interval) -> bool:
        """Tell whether the stored window is the asked one or wider."""
        return self.start <= window.start and window.end <= self.end


T = TypeVar("T", bound=WindowCursor)


def pack(cursor: WindowCursor) -> bytes:
    """Return the bytes that are stored."""
    return msgspec.msgpack.encode(cursor)


def unpack(packed: bytes | None, kind: type[T]) -> T | None:
    """Return a stored cursor; None where there is none, or one of another make."""
    if packed is None:
        return None
    try:
        return msgspec.msgpack.decode(packed, type=kind)
    except msgspec.DecodeError:
        return None
