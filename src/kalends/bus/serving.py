"""Answering requests: the one handler of a hub, and what a requester is told without it."""

from __future__ import annotations

import asyncio
from typing import Final

from kalends import observe
from kalends.bus.contract import Handler
from kalends.errors import Unreachable

log = observe.logger(__name__)

NOBODY: Final = "the engine is not answering: is `kalends serve` running?"
LATE: Final = "the engine did not answer in time: what was asked may still be done"
LOST: Final = "the engine went away before it answered: what was asked may still be done"
FAILED: Final = "the engine failed at this request; its log tells where"


class Desk:
    """Where the handler sits."""

    def __init__(self) -> None:
        self._handler: Handler | None = None

    async def serve(self, handler: Handler) -> None:
        """Answer with this handler until cancelled."""
        if self._handler is not None:
            raise RuntimeError("somebody serves already: requests have exactly one answer")
        self._handler = handler
        try:
            await asyncio.Event().wait()
        finally:
            self._handler = None

    async def answer(self, payload: bytes) -> bytes:
        """Return the handler's answer. Raises ``Unreachable`` without a handler, or if it fails."""
        if self._handler is None:
            raise Unreachable(NOBODY)
        try:
            return await self._handler(payload)
        except Exception as error:
            log.exception("bus.handler-failed", exc_info=error)
            raise Unreachable(FAILED) from error
