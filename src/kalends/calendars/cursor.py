"""What a CalDAV cursor holds: the sync token or CTag, and sixteen bytes for each object.

An object's entry is a hash of its path (what ``Booking.item`` carries in text), a hash of its
ETag, and the hour in which its last occurrence is over. The entries find deletions and spurious
changes without storing hrefs, and spare the download of finished objects when the window moves.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from kalends.calendars import stored
from kalends.calendars.stored import WindowCursor
from kalends.model.times import FOREVER
from kalends.wire.caldav.hrefs import digest

_ENTRY: Final = struct.Struct(">8sII")
NEVER_OVER: Final = 0xFFFFFFFF


class Entry(NamedTuple):
    """What is remembered of one object."""

    etag: int
    """Hash of the ETag; 0: the server tells none, so that every listing is a change."""
    over: int
    """Hours since the epoch, rounded up; ``NEVER_OVER`` for series without a known end."""

    def ended(self, at: int) -> bool:
        """Tell whether its last occurrence was over at a moment."""
        return self.over != NEVER_OVER and self.over * 3600 <= at


class Cursor(WindowCursor, frozen=True, array_like=True):
    """What the stored bookings of a collection stand for."""

    owner: bytes
    """Digest of address, owner's zone and addresses: another owner, another meaning."""
    token: str | None = None
    ctag: str | None = None
    floating: str = ""
    """Zone of floating times as the collection tells it."""
    transparent: bool = False
    hours: bytes = b""
    """Work hours as JSON; empty: none told."""
    packed: bytes = b""
    place: str = ""
    """Decoded path of what tells the owner's availability; empty: an object of the collection
    does, or nothing."""
    told: bytes = b""
    """Digest of what it said last; empty: nothing."""

    def objects(self) -> dict[bytes, Entry]:
        """Return the entries by path hash."""
        return {key: Entry(etag, over) for key, etag, over in _ENTRY.iter_unpack(self.packed)}


def unpack(packed: bytes | None) -> Cursor | None:
    """Return a stored cursor; None where there is none, or one of another make."""
    found = stored.unpack(packed, Cursor)
    return found if found is not None and len(found.packed) % _ENTRY.size == 0 else None


def pack_entries(entries: Mapping[bytes, Entry]) -> bytes:
    """Return entries as they stand in a cursor; equal entries give equal bytes."""
    return b"".join(_ENTRY.pack(key, *entry) for key, entry in sorted(entries.items()))


def entry(etag: str, over: int) -> Entry:
    """Return what to remember of an object with an ETag that is over at a moment."""
    hours = NEVER_OVER if over >= FOREVER else max(0, -(-over // 3600))
    return Entry(etag_hash(etag), hours)


def etag_hash(etag: str) -> int:
    """Return four bytes of an ETag, compared as an opaque text; 0 where there is none.

    Some servers call the same ETag weak in one answer and strong in another.
    """
    etag = etag.removeprefix("W/")
    if not etag:
        return 0
    return int.from_bytes(blake2b(etag.encode(), digest_size=4).digest(), "big") or 1


def item(path: str) -> str:
    """Return the handle that bookings of an object carry."""
    return item_of(digest(path))


def item_of(key: bytes) -> str:
    """Return a path hash as text."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()
