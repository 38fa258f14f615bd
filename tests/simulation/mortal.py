"""A store whose process can die: at a named failpoint, before or after what happens there.

After death every call raises ``Dead``, so that nothing of the old life is written any more, as
after kill -9. What was committed before stays, as on a disk.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

FAILPOINTS = {
    "fetch": "replace_calendar",
    "commit": "commit_batch",
    "send": "send",
    "acknowledge": "save_sink",
}
"""Failpoint → the store's unit of work; ``send`` is at the sink (``scripted.Board.passes``)."""


class Dead(asyncio.CancelledError):
    """The process is no more."""


class MortalStore:
    """Passes every call on until it dies."""

    def __init__(
        self, store: Any, dies: Callable[[str], bool], late: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._store = store
        self._dies = dies
        self._late = late
        self.dead = asyncio.Event()

    def kill(self) -> None:
        """Die now."""
        self.dead.set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not inspect.iscoroutinefunction(method):
            return method

        before, after = f"{name}:before", f"{name}:after"

        async def call(*arguments: Any, **named: Any) -> Any:
            self.passes(before)
            result = await method(*arguments, **named)
            self.passes(after)
            await asyncio.sleep(self._late())
            return result

        self.__dict__[name] = call  # found without being made anew from now on
        return call

    def passes(self, place: str) -> None:
        """Die at a place, or raise where the process is dead already."""
        if not self.dead.is_set() and self._dies(place):
            self.kill()
        if self.dead.is_set():
            raise Dead(place)
