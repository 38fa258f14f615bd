"""Following what sources say of changes: one task per source that has hints.

Place in the flow: a push or a stream says *that* something changed; the driver (``sync``, here as
``Listener``) then reads it. A broken stream is taken up again; polling goes on anyway.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from kalends import observe
from kalends.calendars.contract import Hint
from kalends.engine.debounce import Key
from kalends.engine.slot import Slot
from kalends.runtime import Runtime
from kalends.store.contract import Store

log = observe.logger(__name__)

PAUSE: Final = 10.0
"""Seconds, about, until a stream that ended is taken up again."""
EVERYBODY: Final = 5.0
"""Seconds over which a source is read where it says only that something changed."""


class Listener(Protocol):
    """Who acts on what is heard."""

    def hint(self, slot: Slot, key: Key, *, sure: bool = True) -> None:
        """Note that a calendar changed, or (not ``sure``) that it may have."""

    def hasten_slot(self, slot: Slot, spread: float) -> None:
        """Poll every calendar of a source within ``spread`` seconds."""


class Hearing:
    """Listens to every open source that has hints."""

    def __init__(self, store: Store, runtime: Runtime, listener: Listener) -> None:
        self._store = store
        self._runtime = runtime
        self._listener = listener
        self._streams: dict[int, asyncio.Task[None]] = {}

    def start(self, slot: Slot, tasks: asyncio.TaskGroup) -> None:
        """Listen to a source, where it has hints."""
        if slot.reader.capabilities.hints:
            self._streams[slot.number] = tasks.create_task(self._hear(slot))

    def stop(self, slot: Slot) -> None:
        """Listen to a source no more."""
        stream = self._streams.pop(slot.number, None)
        if stream is not None:
            stream.cancel()

    async def _hear(self, slot: Slot) -> None:
        while True:
            try:
                async for hint in slot.reader.hints():
                    await self._heard(slot, hint)
            except Exception as error:  # a source's fault stays with it: the others are read on
                log.info(
                    "hints.lost",
                    organization=slot.organization,
                    source=slot.source,
                    exc_info=error,
                )
            await self._runtime.sleep(self._runtime.jitter(PAUSE))

    async def _heard(self, slot: Slot, hint: Hint) -> None:
        if hint.person is None:
            self._listener.hasten_slot(slot, min(EVERYBODY, slot.poll_seconds))
        elif hint.name is None:
            rows = await self._store.calendars(
                slot.organization, source=slot.source, person=hint.person
            )
            for row in rows:
                self._listener.hint(slot, (hint.person, row.key.name), sure=hint.sure)
        else:
            self._listener.hint(slot, (hint.person, hint.name), sure=hint.sure)
