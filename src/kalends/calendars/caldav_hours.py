"""Work hours that somebody keeps beside a calendar: ``calendar-availability`` (RFC 7953).

Place in the flow: ``caldav_read`` reads a collection; here its owner's scheduling inbox (RFC 7953
section 7.3; Radicale's home) is asked for work hours. Setting them moves neither the token nor the
CTag of any collection, so they are asked for by themselves: with every whole read, and with the
first poll after ``EVERY`` seconds, one small request for all calendars of their owner.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from kalends.calendars.collection import Collection
from kalends.calendars.contract import CalendarRef
from kalends.calendars.expansion import Expansion
from kalends.errors import AccessDenied, BadAnswer, NotFound, TooLarge, Unreachable
from kalends.model.times import Interval
from kalends.runtime import Runtime
from kalends.wire.caldav.hrefs import at_origin

EVERY: Final = 600.0
"""Seconds after which an availability is asked for again, with the next poll."""
_TROUBLE: Final = (BadAnswer, Unreachable)


class Told(NamedTuple):
    """What an owner's availability said last."""

    place: str = ""
    """Decoded path of where it is told; empty: nowhere."""
    digest: bytes = b""
    """Of its text; empty: it said nothing."""
    hours: bytes = b""
    """Work hours as JSON; empty: none."""


class Asked:
    """When each availability was asked for last, and what it said, for ``EVERY`` seconds.

    A cache: what is lost with it is asked for once more.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._said: dict[bytes, tuple[float, bytes]] = {}
        """Digest of place and user → when, and digest of what; oldest first."""

    def note(self, key: bytes, digest: bytes) -> None:
        """Remember an answer, and forget those that are not good any more."""
        now = self._runtime.monotonic()
        self._said.pop(key, None)
        self._said[key] = (now, digest)
        while self._said:
            oldest = next(iter(self._said))
            if now < self._said[oldest][0] + EVERY:
                break
            del self._said[oldest]

    def lately(self, key: bytes) -> bytes | None:
        """Return what was said lately, to whichever calendar of the owner; None: not asked."""
        at, digest = self._said.get(key, (-EVERY, b""))
        return digest if self._runtime.monotonic() < at + EVERY else None


class Availability:
    """The availability of one calendar's owner, asked on behalf of that calendar."""

    def __init__(
        self, asked: Asked, ref: CalendarRef, collection: Collection, expansion: Expansion
    ) -> None:
        self._asked = asked
        self._ref = ref
        self._collection = collection
        self._expansion = expansion

    async def sought(self, owner: str, window: Interval, known: Told) -> Told:
        """Find where an owner's work hours are told, and what they are.

        A server in trouble changes nothing of what is known; one that says no does.
        """
        try:
            found = await self._collection.availability(owner)
        except (AccessDenied, NotFound):
            return Told()
        except _TROUBLE:
            return known
        if found is None:
            return Told()
        place, text = found
        if text is None:
            return self._noted(known._replace(place=place))
        return self._noted(await self._understood(place, text, window, known))

    async def again(self, known: Told, window: Interval) -> Told:
        """Return what is told now where it was told before; asked at a pace."""
        if not known.place or self._asked.lately(self._key(known.place)) == known.digest:
            return known
        try:
            text = await self._collection.availability_at(known.place)
        except (AccessDenied, NotFound, *_TROUBLE):
            return self._noted(known)  # the next whole read looks for it anew
        return self._noted(await self._understood(known.place, text, window, known))

    async def _understood(self, place: str, text: str, window: Interval, known: Told) -> Told:
        digest = _digest(text) if text else b""
        if "BEGIN:VCALENDAR" not in text.upper():
            return Told(place, digest)
        try:
            hours = (await self._expansion.feed(text.encode(), window)).work_hours
        except (BadAnswer, TooLarge):
            return Told(place, digest, known.hours)
        if hours is None:
            return Told(place, digest)
        return Told(place, digest, hours.model_dump_json(exclude_defaults=True).encode())

    def _noted(self, told: Told) -> Told:
        self._asked.note(self._key(told.place), told.digest)
        return told

    def _key(self, place: str) -> bytes:
        return _digest(f"{at_origin(place, self._collection.url)} {self._ref.username or ''}")


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
