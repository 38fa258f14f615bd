"""Listening: an inbox keeps the newest message per topic until its listener comes for it.

Place: inside every bus. A listener that is slow, or away, costs one entry per topic; beyond
``TOPICS`` all of them become one ``reconnected``: read everything again.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Final

from kalends.bus.contract import Message

TOPICS: Final = 10_000
RECONNECTED: Final = Message("reconnected")


class Inbox:
    """What one listener has not taken yet; an async iterator, for ever or until closed."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._newest: dict[str, Message] = {}
        self._filled = asyncio.Event()
        self._closed = False

    def put(self, message: Message) -> None:
        """Keep a message, if it is of interest; the newest of its topic goes to the end."""
        if not message.topic.startswith(self._prefix) and message is not RECONNECTED:
            return
        full = len(self._newest) >= TOPICS and message.topic not in self._newest
        if message is RECONNECTED or full:
            self._newest.clear()  # whoever reads everything again needs none of these
            message = RECONNECTED
        self._newest.pop(message.topic, None)
        self._newest[message.topic] = message
        self._filled.set()

    def close(self) -> None:
        """End the iteration once what is here has been taken."""
        self._closed = True
        self._filled.set()

    def __aiter__(self) -> Inbox:
        return self

    def waiting(self) -> bool:
        """Tell whether there is something to take."""
        return bool(self._newest)

    def take(self) -> Message:
        """Take the message that has waited longest."""
        return self._newest.pop(next(iter(self._newest)))

    async def __anext__(self) -> Message:
        while not self._newest:
            if self._closed:
                raise StopAsyncIteration
            self._filled.clear()
            await self._filled.wait()
        return self.take()


class Listeners:
    """The inboxes of one process; one that nobody iterates any more goes by itself."""

    def __init__(self) -> None:
        self._inboxes: weakref.WeakSet[Inbox] = weakref.WeakSet()

    def add(self, prefix: str) -> Inbox:
        """Return a new inbox; it hears everything from now on, before it is first awaited."""
        inbox = Inbox(prefix)
        self._inboxes.add(inbox)
        return inbox

    def tell(self, message: Message) -> None:
        """Put a message into every inbox."""
        for inbox in list(self._inboxes):
            inbox.put(message)

    def close(self) -> None:
        """End every iteration."""
        for inbox in list(self._inboxes):
            inbox.close()
