"""Connections that do not say what they want are closed: slow-loris (RFC 9112 section 9.5).

Place in the flow: under ``serving``. Uvicorn closes a connection that rests after an answer; one
that was opened and says nothing, or half a head, it keeps for ever, and a few thousand of them keep
everybody else out. Bodies are timed by ``guard``, answers by whoever sends them.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def prompt(seconds: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with a time limit for every request's head."""

    class Prompt(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(  # type: ignore[override]  # as uvicorn's own does
            self, transport: asyncio.Transport
        ) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(seconds, self._give_up)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._late is None and self._expects_a_head():
                self._late = self.loop.call_later(seconds, self._give_up)
            elif self._late is not None and not self._expects_a_head():
                self._late.cancel()
                self._late = None

        def connection_lost(self, exc: Exception | None) -> None:
            if self._late is not None:
                self._late.cancel()
            super().connection_lost(exc)

        def _expects_a_head(self) -> bool:
            return self.cycle is None or self.cycle.response_complete

        def _give_up(self) -> None:
            self._late = None
            if self._expects_a_head():
                self.transport.close()

    return Prompt
