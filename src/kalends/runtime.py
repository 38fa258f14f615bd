"""What the outside world gives us, injected: clock, randomness, threads, killable workers.

The real runtime takes them from the machine; the simulation (``tests/simulation``) runs the same
code inline on virtual time. Nothing else in Kalends calls ``time.time``, ``random`` or a thread.

Under a virtual event loop ``asyncio.sleep`` and time-outs are virtual by themselves; code
therefore sleeps through ``runtime.sleep`` and asks ``runtime.now`` for wall time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Workers(Protocol):
    """Killable processes for work whose cost an outsider decides (recurrence, parsing)."""

    async def run(
        self, function: str, *arguments: Any, seconds: float = 0.25, bytes_limit: int = 256 << 20
    ) -> Any:
        """Run ``"package.module:function"`` with picklable arguments and return its result.

        ``seconds`` bounds CPU time, ``bytes_limit`` memory; a wall deadline of a few times
        ``seconds`` applies too. Raises ``errors.TooLarge`` when a bound is passed (the process
        is killed and replaced), and the function's own ``KalendsError`` unchanged.
        """

    async def close(self) -> None:
        """End all processes."""


class InlineWorkers:
    """Workers without processes: for simulation and unit tests. Enforces no bounds."""

    async def run(
        self, function: str, *arguments: Any, seconds: float = 0.25, bytes_limit: int = 256 << 20
    ) -> Any:
        """See ``Workers.run``."""
        del seconds, bytes_limit
        return resolve(function)(*arguments)

    async def close(self) -> None:
        """Do nothing."""


def resolve(function: str) -> Callable[..., Any]:
    """Return the function named ``package.module:function``."""
    import importlib

    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


@dataclass(slots=True)
class Runtime:
    """The machine as the code sees it."""

    now: Callable[[], float] = time.time
    """Wall clock, UTC seconds."""
    monotonic: Callable[[], float] = time.monotonic
    """Never goes back; for intervals, refreshes and time-outs."""
    random: random.Random = field(default_factory=random.Random)
    """Jitter only; secrets come from ``secrets``."""
    workers: Workers = field(default_factory=InlineWorkers)
    inline: bool = False
    """Whether ``offload`` runs in place (simulation)."""

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop's clock."""
        await asyncio.sleep(max(0.0, seconds))

    async def offload(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run blocking work in a thread, or in place in the simulation."""
        if self.inline:
            return function(*arguments)
        return await asyncio.to_thread(function, *arguments)

    def jitter(self, seconds: float, share: float = 0.1) -> float:
        """Return ``seconds`` lengthened or shortened by up to ``share`` of it."""
        return seconds * (1 + self.random.uniform(-share, share))
