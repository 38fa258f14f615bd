"""The emulator's push subscriptions, called on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lab.exchange.server import ExchangeServer

Post = Callable[[str, bytes], Awaitable[bytes | None]]
"""Carries a body to a URL; None: no answer."""


async def call(server: ExchangeServer, post: Post) -> None:
    """Make the calls that are due, for ever."""
    while True:
        for key, push in list(server.pushes.items()):
            if not push.alive:
                push.end()
                del server.pushes[key]
            elif push.due <= server.organization.now():
                body, reached = push.body()
                said = await post(push.url, body) or b""
                words = [word for word in ("OK", "Unsubscribe") if f">{word}<".encode() in said]
                push.answered(words[0] if words else "", reached)
        await asyncio.sleep(0.2)
