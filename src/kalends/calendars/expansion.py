"""Calendar bytes to bookings in killable workers, for feeds and for objects of a collection."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Final

from kalends.calendars.cursor import item
from kalends.errors import BadAnswer, TooLarge
from kalends.model.times import FOREVER, Interval
from kalends.runtime import Runtime
from kalends.wire.caldav.answers import Item
from kalends.wire.icalendar.expand import Broken, Expanded, Owner

_FEED: Final = "kalends.wire.icalendar.expand:expand"
_OBJECTS: Final = "kalends.wire.icalendar.expand:expand_objects"
_CHUNK: Final = 100
"""Objects in one call: a call costs a message each way."""
_CHUNK_BYTES: Final = 4 << 20
_SECONDS: Final = 0.5
_SECONDS_PER_OBJECT: Final = 0.02
_SECONDS_PER_MEGABYTE: Final = 2.0
_MEMORY: Final = 256 << 20
_MEMORY_PER_BYTE: Final = 30


class Expansion:
    """Expands what belongs to one owner."""

    def __init__(self, runtime: Runtime, owner: Owner) -> None:
        self._workers = runtime.workers
        self._owner = owner

    async def feed(self, body: bytes, window: Interval) -> Expanded:
        """Expand a whole feed. Raises ``BadAnswer`` where it is none, ``TooLarge``."""
        if not body.strip():
            raise BadAnswer("the answer is empty")
        found: Expanded = await self._workers.run(
            _FEED,
            body,
            self._owner,
            window,
            seconds=2 + _SECONDS_PER_MEGABYTE * len(body) / 1e6,
            bytes_limit=_MEMORY + _MEMORY_PER_BYTE * len(body),
        )
        return found

    async def objects(
        self, bodies: Mapping[str, Item], window: Interval, floating: str
    ) -> Expanded:
        """Expand objects by path; one that breaks a worker's limits is skipped and counted."""
        owner = self._owner._replace(floating=floating)
        parts = [
            await self._chunk(chunk, owner, window)
            for chunk in _chunks([(item(path), one.body) for path, one in bodies.items()])
        ]
        return _joined(parts)

    async def _chunk(
        self, objects: list[tuple[str, bytes]], owner: Owner, window: Interval
    ) -> Expanded:
        """Expand some objects together; which one is too much is found by halving."""
        size = sum(len(body) for _, body in objects)
        seconds = _SECONDS + _SECONDS_PER_OBJECT * len(objects)
        try:
            found: Expanded = await self._workers.run(
                _OBJECTS,
                objects,
                owner,
                window,
                seconds=seconds + _SECONDS_PER_MEGABYTE * size / 1e6,
                bytes_limit=_MEMORY + _MEMORY_PER_BYTE * size,
            )
        except TooLarge:
            if len(objects) == 1:
                broken = Broken(objects[0][0], "it takes too much time or memory to work out")
                return Expanded((), (broken,), ends=(FOREVER,))
            half = len(objects) // 2
            return _joined(
                [
                    await self._chunk(part, owner, window)
                    for part in (objects[:half], objects[half:])
                ]
            )
        return found


def _chunks(objects: list[tuple[str, bytes]]) -> list[list[tuple[str, bytes]]]:
    chunks: list[list[tuple[str, bytes]]] = []
    size = 0
    for one in objects:
        if not chunks or len(chunks[-1]) >= _CHUNK or size + len(one[1]) > _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(one)
        size += len(one[1])
    return chunks


def _joined(parts: list[Expanded]) -> Expanded:
    return Expanded(
        bookings=tuple(chain.from_iterable(part.bookings for part in parts)),
        broken=tuple(chain.from_iterable(part.broken for part in parts)),
        work_hours=next((part.work_hours for part in parts if part.work_hours), None),
        ends=tuple(chain.from_iterable(part.ends for part in parts)),
    )
