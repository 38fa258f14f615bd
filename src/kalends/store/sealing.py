"""Which value is sealed under which context, and its packed form. Place: between units and vault.

The context names the row and the column, so that neither can be swapped (RELIABILITY threat 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from kalends.model.booking import Booking
from kalends.model.presence import (
    LARGE,
    Hold,
    Manual,
    Presence,
    Timeline,
    pack,
    unpack_hold,
    unpack_manual,
    unpack_presence,
    unpack_timeline,
)
from kalends.store.contract import CalendarKey, SinkRow
from kalends.store.vault import CannotOpen, Vault

UNREADABLE: Final = (CannotOpen, msgspec.DecodeError)
"""What opening a value raises that is damaged, or whose key is gone. It is one person's trouble:
whoever reads many goes on with the others."""

V = TypeVar("V", bound=Presence | Timeline | Manual | Hold)


class Content(msgspec.Struct, frozen=True, array_like=True):
    """What a calendar's row seals, as one value."""

    bookings: tuple[Booking, ...] = ()
    work_hours: bytes | None = None
    automatic_reply: tuple[int, int] | None = None


class _Apart(msgspec.Struct, frozen=True, array_like=True):
    """A calendar's content whose bookings are still packed, one by one."""

    bookings: tuple[msgspec.Raw, ...] = ()
    work_hours: bytes | None = None
    automatic_reply: tuple[int, int] | None = None


_pack = msgspec.msgpack.Encoder().encode
_content = msgspec.msgpack.Decoder(Content)
_apart = msgspec.msgpack.Decoder(_Apart)
_booking = msgspec.msgpack.Decoder(Booking)


@dataclass(frozen=True, slots=True)
class Seals:
    """Seals and opens the store's values."""

    vault: Vault

    def presence(self, organization: str, person: str, value: Presence | None) -> bytes | None:
        """Seal a presence."""
        return self._seal(value, organization, "presence", person)

    def open_presence(self, organization: str, person: str, sealed: bytes | None) -> Presence:
        """Open a presence; the default one where none was ever evaluated."""
        opened = self._open(unpack_presence, sealed, organization, "presence", person)
        return Presence() if opened is None else opened

    def timeline(self, organization: str, person: str, value: Timeline) -> bytes | None:
        """Seal a timeline."""
        return self._seal(value, organization, "timeline", person)

    def open_timeline(self, organization: str, person: str, sealed: bytes | None) -> Timeline:
        """Open a timeline; an empty one where none was ever built."""
        opened = self._open(unpack_timeline, sealed, organization, "timeline", person)
        return Timeline() if opened is None else opened

    def manual(self, organization: str, person: str, value: Manual | None) -> bytes | None:
        """Seal a manual presence."""
        return self._seal(value, organization, "manual", person)

    def open_manual(self, organization: str, person: str, sealed: bytes | None) -> Manual | None:
        """Open a manual presence."""
        return self._open(unpack_manual, sealed, organization, "manual", person)

    def hold(self, organization: str, person: str, value: Hold | None) -> bytes | None:
        """Seal a hold."""
        return self._seal(value, organization, "hold", person)

    def open_hold(self, organization: str, person: str, sealed: bytes | None) -> Hold | None:
        """Open a hold."""
        return self._open(unpack_hold, sealed, organization, "hold", person)

    def transition(self, organization: str, person: str, value: Presence | None) -> bytes | None:
        """Seal one side of a transition, stripped of text and of the booking's identity."""
        if value is None:
            return None
        bare = msgspec.structs.replace(value, note="", booking="")
        return self._seal(bare, organization, "transition", person)

    def open_transition(
        self, organization: str, person: str, sealed: bytes | None
    ) -> Presence | None:
        """Open one side of a transition."""
        return self._open(unpack_presence, sealed, organization, "transition", person)

    def content(self, key: CalendarKey, packed: bytes) -> bytes:
        """Seal a calendar's packed content."""
        return self.vault.seal(packed, *_calendar(key))

    def open_content(self, key: CalendarKey, sealed: bytes | None) -> Content:
        """Open a calendar's content; empty where it was never read."""
        if sealed is None:
            return Content()
        return unpack_content(self.vault.open(sealed, *_calendar(key)))

    def digest(self, key: CalendarKey, packed: bytes) -> bytes:
        """Return the keyed digest of a calendar's packed content."""
        return self.vault.digest(packed, *_calendar(key))

    def memory(self, row: SinkRow) -> bytes | None:
        """Seal what a sink remembers."""
        if row.memory is None:
            return None
        return self.vault.seal(
            row.memory, row.organization, "sink", row.sink, row.person, lasting=True
        )

    def open_memory(
        self, organization: str, sink: str, person: str, sealed: bytes | None
    ) -> bytes | None:
        """Open what a sink remembers."""
        if sealed is None:
            return None
        return self.vault.open(sealed, organization, "sink", sink, person)

    def _seal(self, value: V | None, organization: str, field: str, person: str) -> bytes | None:
        if value is None:
            return None
        return self.vault.seal(pack(value), organization, field, person)

    def _open(
        self,
        unpack: Callable[[bytes], V],
        sealed: bytes | None,
        organization: str,
        field: str,
        person: str,
    ) -> V | None:
        if sealed is None:
            return None
        return unpack(self.vault.open(sealed, organization, field, person))


def pack_content(
    bookings: Sequence[Booking],
    work_hours: bytes | None,
    automatic_reply: tuple[int, int] | None,
) -> bytes:
    """Return the packed form that is sealed and digested."""
    return _pack(Content(tuple(bookings), work_hours, automatic_reply))


def unpack_content(packed: bytes) -> Content:
    """Return packed content; raises ``msgspec.DecodeError`` on anything else."""
    if len(packed) < LARGE:
        return _content.decode(packed)
    apart = _apart.decode(packed)
    bookings = [_booking.decode(one) for one in apart.bookings]
    return Content(tuple(bookings), apart.work_hours, apart.automatic_reply)


def _calendar(key: CalendarKey) -> tuple[str, ...]:
    return key.organization, "calendar", key.person, key.source, key.name
