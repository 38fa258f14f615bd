"""What a bus does, and which topics there are.

Messages may be lost, doubled or late: whoever listens reads the store, where the truth is. A
request is answered by exactly one process (the engine) or fails with ``Unreachable``.

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


Handler = Callable[[bytes], Awaitable[bytes]]


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
        """Send a command to the engine and return its answer; ``Unreachable`` without one."""

    async def serve(self, handler: Handler) -> None:
        """Answer requests (the engine), until cancelled."""

    async def close(self) -> None:
        """Hang up."""
