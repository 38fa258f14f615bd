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
        writer.transport.set_write_buffer_limits(high=0)  # drained: it is in the kernel's hands
        self._frames: deque[tuple[bytes, asyncio.Future[None] | None]] = deque()
        self._work = asyncio.Event()

    def notify(self, message: Message) -> None:
        """Send a notice when the other side has room for it."""
        self._notices.put(message)
        self._work.set()

    def send(self, frame: frames.Frame) -> None:
        """Send a question or an answer, before notices. Raises ``BadFrame`` if it is too large."""
        self._frames.append((frames.pack(frame), None))
        self._work.set()

    async def deliver(self, frame: frames.Frame) -> None:
        """Send a frame, and return when the other side will find it, whatever becomes of us."""
        handed = asyncio.get_running_loop().create_future()
        self._frames.append((frames.pack(frame), handed))
        self._work.set()
        await handed

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
                    packed, handed = self._next()
                    self._writer.write(packed)
                    await self._writer.drain()
                    if handed is not None and not handed.done():
                        handed.set_result(None)
        except (OSError, ConnectionError):
            self._writer.close()  # the reading half ends with it

    def _next(self) -> tuple[bytes, asyncio.Future[None] | None]:
        if self._frames:
            return self._frames.popleft()
        message = self._notices.take()
        return frames.pack(frames.Notice(message.topic, message.payload)), None
