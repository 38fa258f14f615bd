"""Answering requests: the one handler of a hub, and what a requester is told without it.

What was begun belongs to the desk and is carried to its end while the desk is served: an asker who
hangs up does not leave a change half made. What was not begun goes with its asker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from kalends import observe
from kalends.bus.contract import Begin, Handler
from kalends.errors import NotBegun, Unreachable

log = observe.logger(__name__)

NOBODY: Final = "the engine is not answering: is `kalends serve` running?"
EXPIRED: Final = "the engine did not begin this in time, and will not any more: nothing was changed"
GONE: Final = "the engine went away before it began this: nothing was changed"
LATE: Final = "the engine began this and did not answer in time: it may be done, now or later"
LOST: Final = "the engine went away after it began this: it may be done, or not"
FAILED: Final = "the engine failed at this request; its log tells where"


class Turn:
    """Whether a request may be begun, and whether it was (``contract.Begin``)."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        until: float | None,
        tell: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._until = until
        self._tell = tell
        self.begun = False

    async def __call__(self) -> None:
        """Begin. Raises ``NotBegun`` where the asker waits no longer."""
        if self.begun:
            return
        self._check()
        if self._tell is not None:
            await self._tell()
            self._check()  # what he has not been told in time he believes undone
        self.begun = True

    def _check(self) -> None:
        if self._until is not None and self._monotonic() >= self._until:
            raise NotBegun(EXPIRED)


class Desk:
    """Where the handler sits."""

    def __init__(self) -> None:
        self._handler: Handler | None = None
        self._at_work: set[asyncio.Task[bytes]] = set()

    async def serve(self, handler: Handler) -> None:
        """Answer with this handler until cancelled; what is being answered ends with it."""
        if self._handler is not None:
            raise RuntimeError("somebody serves already: requests have exactly one answer")
        self._handler = handler
        try:
            await asyncio.Event().wait()
        finally:
            self._handler = None
            for task in self._at_work:
                task.cancel()
            await asyncio.gather(*self._at_work, return_exceptions=True)

    async def answer(self, payload: bytes, turn: Turn) -> bytes:
        """Return the handler's answer. Raises ``Unreachable`` without one."""
        if self._handler is None:
            raise NotBegun(NOBODY)
        task = asyncio.create_task(_answer(self._handler, payload, turn))
        self._at_work.add(task)
        task.add_done_callback(self._done)
        try:
            await asyncio.wait({task})
        finally:
            if not turn.begun:
                task.cancel()
        if task.cancelled():
            raise Unreachable(LOST) if turn.begun else NotBegun(GONE)
        return task.result()

    def _done(self, task: asyncio.Task[bytes]) -> None:
        self._at_work.discard(task)
        if not task.cancelled():
            task.exception()  # was logged; there may be nobody left to tell


async def _answer(handler: Handler, payload: bytes, begin: Begin) -> bytes:
    try:
        return await handler(payload, begin)
    except NotBegun:
        raise
    except Exception as error:
        log.exception("bus.handler-failed", exc_info=error)
        raise Unreachable(FAILED) from error


async def answer_here(desk: Desk, payload: bytes, seconds: float) -> bytes:
    """Ask a desk of the same process (``contract.Bus.request``)."""
    loop = asyncio.get_running_loop()
    turn = Turn(loop.time, loop.time() + seconds)
    try:
        async with asyncio.timeout(seconds):
            return await desk.answer(payload, turn)
    except TimeoutError as error:
        raise Unreachable(LATE) if turn.begun else NotBegun(EXPIRED) from error
