"""What is stored beside a mailbox's bookings: what they stand for, and how they were read."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from kalends.model.person import WorkHours
from kalends.model.times import Interval


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Everything a later read needs; ``array_like``: new fields go to the end, with a default."""

    start: int
    end: int
    facts: bytes
    """Digest of address, owner's zone and what is asked: other facts, another meaning."""
    access: str
    """How the mailbox was read: what another way shows differs."""
    state: str = ""
    """``SyncState``, whole; empty by busy times alone."""
    shown: bytes = b""
    """Digest of the busy times, where the server tells no state."""
    hours: bytes = b""
    """Work hours as JSON; empty: none told."""
    hours_at: int = 0
    """When work hours were asked, UTC seconds."""
    reply: tuple[int, int] | None = None
    """When automatic replies are on."""
    reply_at: int = 0
    url: str = ""
    """Where the mailbox was found by Autodiscover, to be asked there after a restart."""
    primary: str = ""
    """Primary address, where ours is an alias."""
    unexpanded: bool = False
    """The server leaves series to us."""

    @property
    def window(self) -> Interval:
        """Return the window the stored bookings fill."""
        return Interval(self.start, self.end)

    def covers(self, window: Interval) -> bool:
        """Tell whether the stored window is the asked one or wider."""
        return self.start <= window.start and window.end <= self.end

    @property
    def work_hours(self) -> WorkHours | None:
        """Return the work hours."""
        return WorkHours.model_validate_json(self.hours) if self.hours else None

    @property
    def automatic_reply(self) -> Interval | None:
        """Return when automatic replies are on."""
        return None if self.reply is None else Interval(*self.reply)


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


def digest(*parts: object) -> bytes:
    """Return eight bytes that differ where the parts do."""
    return blake2b(repr(parts).encode(), digest_size=8).digest()
