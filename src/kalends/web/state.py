"""What the routes of one web process share, and its ear on the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request

from kalends import observe
from kalends.bus.commands import Ping, pack_command, unpack_answer
from kalends.bus.contract import Bus
from kalends.errors import KalendsError
from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.attempts import Attempts
from kalends.web.figures import Figures
from kalends.web.hubs import Hubs
from kalends.web.options import WebOptions
from kalends.web.sessions import Sessions
from kalends.web.tenants import Tenants

log = observe.logger(__name__)

PULSE: Final = 5.0
"""Seconds between looks at whether the engine lives."""
PATIENCE: Final = 2.0
"""Seconds a living engine may take to say so."""


@dataclass(slots=True)
class Web:
    """One web process."""

    reader: Reader
    bus: Bus
    runtime: Runtime
    options: WebOptions
    tenants: Tenants
    sessions: Sessions
    hubs: Hubs
    figures: Figures = field(default_factory=Figures)
    attempts: Attempts = field(default_factory=Attempts)
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Passwords checked at once: each takes 64 MiB for a moment."""
    engine: bool = True
    """Whether the engine answered last."""

    def now(self) -> int:
        """Return UTC seconds."""
        return int(self.runtime.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the ear on the bus and the hubs going while the application runs."""
        await self.sessions.open()
        async with asyncio.TaskGroup() as tasks:
            own = [
                tasks.create_task(self._always(self._listen)),
                tasks.create_task(self._always(self._pulse)),
            ]
            self.hubs.start(tasks)
            try:
                yield
            finally:
                self.hubs.stop()
                for task in own:
                    task.cancel()
        await self.sessions.close()

    async def ping(self) -> dict[str, object] | None:
        """Return what the engine tells about itself; None: it does not answer."""
        seconds = min(PATIENCE, self.options.engine_seconds)
        packed = pack_command(Ping(organization="*", actor="web"))
        try:
            answer = unpack_answer(await self.bus.request(packed, seconds=seconds))
        except KalendsError:
            return None
        return answer.value if isinstance(answer.value, dict) else {}

    async def _always(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a task's work for ever; what breaks it is told and it begins anew."""
        while True:
            try:
                await work()
            except Exception as error:
                log.warning("web.task", exc_info=error)
            await self.runtime.sleep(1)

    async def _listen(self) -> None:
        async for message in self.bus.listen(""):
            topic, _, organization = message.topic.partition(".")
            if topic == "settings":
                self.tenants.look_again(organization)
            elif topic == "reconnected":
                self.tenants.look_again()
            self.hubs.heard(topic, organization)

    async def _pulse(self) -> None:
        while True:
            alive = await self.ping() is not None
            if alive is not self.engine:
                log.warning("web.engine", status="up" if alive else "down")
            self.engine = alive
            self.figures.engine.set(alive)
            self.hubs.engine(alive)
            await self.runtime.sleep(PULSE)


def web_of(request: Request) -> Web:
    """Return the shared state of the application a request came to."""
    web: Web = request.app.state.web
    return web


InWeb = Annotated[Web, Depends(web_of)]
