"""The bus within one process: for the simulation, for tests, for ``demo`` in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kalends.bus.contract import Bus, Handler, Message
from kalends.bus.inbox import RECONNECTED, Listeners
from kalends.bus.serving import Desk, answer_here


class MemoryHub:
    """What the ends have in common."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.ends: list[MemoryBus] = []

    def bus(self) -> Bus:
        """Return one process's end."""
        end = MemoryBus(self)
        self.ends.append(end)
        return end

    def interrupt(self) -> None:
        """Let every end believe that its connection was lost and came back."""
        for end in self.ends:
            end.listeners.tell(RECONNECTED)


class MemoryBus:
    """One end; see ``contract.Bus``."""

    def __init__(self, hub: MemoryHub) -> None:
        self._hub = hub
        self.listeners = Listeners()

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """See ``Bus.publish``."""
        for end in self._hub.ends:
            end.listeners.tell(Message(topic, payload))

    def listen(self, prefix: str) -> AsyncIterator[Message]:
        """See ``Bus.listen``."""
        return self.listeners.add(prefix)

    async def request(self, payload: bytes, *, seconds: float = 10.0) -> bytes:
        """See ``Bus.request``."""
        return await answer_here(self._hub.desk, payload, seconds)

    async def serve(self, handler: Handler) -> None:
        """See ``Bus.serve``."""
        await self._hub.desk.serve(handler)

    async def close(self) -> None:
        """See ``Bus.close``."""
        self.listeners.close()
        if self in self._hub.ends:
            self._hub.ends.remove(self)
