"""What a bus does, and which topics there are.

Messages may be lost, doubled or late: whoever listens reads the store, where the truth is. A
request is answered by exactly one process (the engine) or fails with ``Unreachable``.

A request is begun while its asker waits, or never: what somebody was told that it did not happen
must not happen by itself later, because an engine wakes that hung. So whoever carries it out calls
``begin`` before he changes anything. The asker is told ``NotBegun`` where nothing was done and
nothing will be; plain ``Unreachable`` where it was begun, and its outcome is unknown to him.

Topics (an organization's id is always the last part, so that tenants never mix):

========================  =====================================================================
``revision.<org>``        presence changed; payload: highest revision in decimal
``settings.<org>``        documents, people or principals changed: read them again
``health.<org>``          the health of a source or sink changed
========================  =====================================================================
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True):
    """One notice."""

    topic: str
    payload: bytes = b""


Begin = Callable[[], Awaitable[None]]
"""Call it before anything is changed; raises ``NotBegun`` where the asker has given up."""
Handler = Callable[[bytes, Begin], Awaitable[bytes]]
"""Answers a request. What it has begun is carried to its end, also when the asker has gone."""


class Bus(Protocol):
    """One process's end of the bus."""

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """Tell everybody who listens; never waits for them, never raises for their absence."""

    def listen(self, prefix: str) -> AsyncIterator[Message]:
        """Yield messages whose topic begins with ``prefix``, for ever.

        A slow listener loses old messages (newest per topic kept). After a lost connection the
        first message is ``Message("reconnected")``: read everything again.
        """

    async def request(self, payload: bytes, *, seconds: float = 10.0) -> bytes:
        """Send a command to the engine and return its answer.

        After ``seconds`` it is not begun any more. Raises ``NotBegun`` or ``Unreachable``, see
        above; ``UserError`` where it is too large to travel.
        """

    async def serve(self, handler: Handler) -> None:
        """Answer requests (the engine), until cancelled."""

    async def close(self) -> None:
        """Hang up."""
