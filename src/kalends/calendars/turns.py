"""Whose poll comes soon: they are asked for together, and find the answer waiting when it comes.

Place in the flow: sources that may ask for the busy times of many by one request (``ews.together``,
``exchange_webdav_busy``). Who is read asks for everybody whose turn comes soon, too. Pure: the
caller brings the time and asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

SOON: Final = 0.8
"""Asked for with others once so much of its interval has passed …"""
FRESH: Final = 0.3
"""… and good for so much of the next: polls vary by a tenth."""
_GONE: Final = 2.0
"""Intervals after which an answer nobody came for means a calendar that is read no more."""


@dataclass(slots=True)
class Reader(Generic[Asked, Answer]):
    """A calendar read by busy times."""

    asked: Asked
    """What is asked to read it."""
    read_at: float
    asked_at: float = float("-inf")
    """When somebody else asked for it; older than ``read_at``: nobody has since."""
    answer: Answer | None = None


class Turns(Generic[Key, Asked, Answer]):
    """The calendars of one source that are read so."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._readers: dict[Hashable, OrderedDict[Key, Reader[Asked, Answer]]] = {}
        """Place (what calendars must share to be asked for together) → those read longest ago
        first."""

    def forget(self, key: Key) -> None:
        """Drop a calendar that is no more: it is asked for with nobody."""
        for place, readers in list(self._readers.items()):
            readers.pop(key, None)
            if not readers:
                del self._readers[place]

    def come(self, place: Hashable, key: Key, asked: Asked, now: float) -> Answer | None:
        """Note that a calendar is read; return the answer that waits for it."""
        readers = self._readers.setdefault(place, OrderedDict())
        known = readers.get(key)
        readers[key] = Reader(asked, now)
        readers.move_to_end(key)
        if known is None or known.asked != asked or now - known.asked_at > FRESH * self._interval:
            return None
        return known.answer

    def soon(
        self,
        place: Hashable,
        now: float,
        most: int,
        fits: Callable[[Asked], bool] = lambda asked: True,
    ) -> dict[Key, Reader[Asked, Answer]]:
        """Return who is asked for next, and note that they are; drop who is read no more.

        ``fits`` is asked of one after another, until one no more fits into the request.
        """
        readers = self._readers[place]
        found: dict[Key, Reader[Asked, Answer]] = {}
        gone: list[Key] = []
        for key, reader in readers.items():
            if len(found) == most or now - reader.read_at < SOON * self._interval:
                break
            if reader.asked_at <= reader.read_at:
                if not fits(reader.asked):
                    break
                reader.asked_at = now
                found[key] = reader
            elif now - reader.asked_at > _GONE * self._interval:
                gone.append(key)
        for key in gone:
            del readers[key]
        self._tidy(now)
        return found

    def _tidy(self, now: float) -> None:
        """Drop places nobody is read at any more: all have moved on to others."""
        over = now - _GONE * self._interval
        for place, readers in list(self._readers.items()):
            if readers[next(reversed(readers))].read_at < over:
                del self._readers[place]
