"""One connection of the local bus, the same at both ends: sends what waits, gives what comes.

Nobody who sends ever waits for the other side: notices wait in an ``Inbox`` (newest per topic),
answers in a queue that is bounded because the questions are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from kalends.bus import frames
from kalends.bus.contract import Message
from kalends.bus.inbox import Inbox


class Link:
    """A connection; ``run`` keeps it going until either side ends it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._notices = Inbox()
        self._frames: deque[bytes] = deque()
        self._work = asyncio.Event()

    def notify(self, message: Message) -> None:
        """Send a notice when the other side has room for it."""
        self._notices.put(message)
        self._work.set()

    def send(self, frame: frames.Frame) -> None:
        """Send a question or an answer, before notices. Raises ``BadFrame`` if it is too large."""
        self._frames.append(frames.pack(frame))
        self._work.set()

    async def run(self, take: Callable[[frames.Frame], None]) -> None:
        """Give every frame that comes to ``take``; returns when the connection is over."""
        sending = asyncio.create_task(self._send())
        try:
            while True:
                take(await frames.read(self._reader))
        except (OSError, asyncio.IncompleteReadError, frames.BadFrame):
            return
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._writer.close()

    def end(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _send(self) -> None:
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                while self._frames or self._notices.waiting():
                    self._writer.write(self._next())
                    await self._writer.drain()
        except (OSError, ConnectionError):
            self._writer.close()  # the reading half ends with it

    def _next(self) -> bytes:
        if self._frames:
            return self._frames.popleft()
        message = self._notices.take()
        return frames.pack(frames.Notice(message.topic, message.payload))
