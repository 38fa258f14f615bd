"""What is stored beside a mailbox's bookings: what they stand for, and how they were read."""

from __future__ import annotations

from hashlib import blake2b

from kalends.calendars.stored import WindowCursor
from kalends.model.person import WorkHours
from kalends.model.times import Interval


class Cursor(WindowCursor, frozen=True, array_like=True):
    """Everything a later read needs."""

    facts: bytes
    """Digest of address, owner's zone and what is asked: other facts, another meaning."""
    access: str
    """How the mailbox was read: what another way shows differs."""
    state: str = ""
    """``SyncState``, whole; empty by busy times alone."""
    shown: bytes = b""
    """Digest of what was shown: of busy times, where the server tells no state; of a calendar that
    was read without asking for the state, which is older then. Else empty."""
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
    def work_hours(self) -> WorkHours | None:
        """Return the work hours."""
        return WorkHours.model_validate_json(self.hours) if self.hours else None

    @property
    def automatic_reply(self) -> Interval | None:
        """Return when automatic replies are on."""
        return None if self.reply is None else Interval(*self.reply)


def digest(*parts: object) -> bytes:
    """Return eight bytes that differ where the parts do."""
    return blake2b(repr(parts).encode(), digest_size=8).digest()
