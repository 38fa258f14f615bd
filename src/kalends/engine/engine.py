"""The engine: makes its parts, runs them, ends them in order.

Life: ``start`` takes the leases and opens what the store knows; ``run`` works until cancelled;
``stop`` lets what is on its way arrive and writes down how far the sinks came. A part that ends by
itself ends the engine: the supervisor starts a new one, and the store knows where to go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalends import observe
from kalends.bus.commands import Answer, AnyCommand
from kalends.bus.contract import Begin, Bus
from kalends.endpoints.kind import Services
from kalends.engine import commands
from kalends.engine.ahead import Block, Form, Ready
from kalends.engine.alarms import Alarms
from kalends.engine.clock import TOLERANCE, ClockWatch
from kalends.engine.core import Core
from kalends.engine.due import DueLoop
from kalends.engine.leases import LEASE_SECONDS, Leases
from kalends.engine.opening import Opener
from kalends.engine.posts import Channel
from kalends.engine.restored import Restored
from kalends.engine.retention import RETENTION_SECONDS, Retention
from kalends.engine.sync import SyncDriver
from kalends.engine.tenants import Tenants
from kalends.engine.uploads import Uploads
from kalends.engine.wiring import Wiring
from kalends.errors import KalendsError
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store.contract import Committed, Evaluated, Lane, Lease, Store

log = observe.logger(__name__)

AGAIN: Final = 5.0
"""Seconds, about, until work is begun anew that met a store in trouble."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What may differ between a real engine and one under simulation."""

    owner: str = "engine"
    """Name under which leases are held; the same after a restart on this machine."""
    tick: float = 1.0
    """Seconds after which the due loop looks at the clock at the latest."""
    clock_seconds: float = 1.0
    """Seconds between two comparisons of the clocks."""
    lease_seconds: int = LEASE_SECONDS
    """How long a dead engine's lease keeps others waiting."""
    retention_seconds: float = RETENTION_SECONDS
    """Seconds between two rounds of forgetting."""
    channels: Sequence[Channel] = ()
    """Where alarms go."""
    directory: Path | None = None
    """Of the database: where ``kalends restore`` leaves its mark."""


class Engine:
    """The only writer (DESIGN section 3)."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        runtime: Runtime,
        services: Services,
        options: EngineOptions | None = None,
    ) -> None:
        self._options = options or EngineOptions()
        self._store = store
        self._bus = bus
        self._runtime = runtime
        self._notices: set[str] = set()
        self._noticed = asyncio.Event()
        self._stepped = asyncio.Lock()
        tenants = Tenants()
        due = DueLoop(store, runtime, tenants, self._told, self._render, tick=self._options.tick)
        sync = SyncDriver(store, runtime, tenants, due.wake, self._health)
        self._restored = Restored(store, runtime, self._options.directory)
        wiring = Wiring(store, runtime, tenants, Opener(store, services), sync, self._restored.over)
        uploads = Uploads(store, runtime, tenants, self._upload_sources)
        self.core = Core(store, bus, runtime, tenants, sync, due, wiring, uploads)
        self._retention = Retention(
            store,
            runtime,
            due,
            uploads,
            self.core.locks,
            interval=self._options.retention_seconds,
        )
        self._leases = Leases(
            store, runtime, self._options.owner, self._hold, seconds=self._options.lease_seconds
        )
        self._alarms = Alarms(self.core, self._options.channels)
        self.clock = ClockWatch(runtime, self._clock_set, interval=self._options.clock_seconds)
        self.started = asyncio.Event()
        """Set once what the store knows is open and commands are taken."""

    async def start(self) -> None:
        """Take the leases and open everything; ``UserError`` where another engine works here."""
        await self._leases.take()
        for organization in await self._store.organizations():
            await self.core.settings_changed(organization, starting=True)

    async def run(self) -> None:
        """Work until cancelled. ``start`` comes first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.core.due.run(), name="due")
            tasks.create_task(self.core.sync.run(), name="sync")
            tasks.create_task(self._retention.run(), name="retention")
            tasks.create_task(self._leases.run(), name="leases")
            tasks.create_task(self.clock.run(), name="clock")
            tasks.create_task(self._steady(self._restored.run), name="restored")
            tasks.create_task(self._alarms.run(), name="alarms")
            tasks.create_task(self._tell(), name="notices")
            tasks.create_task(self._steady(self._look_after), name="looking after")
            tasks.create_task(self._bus.serve(self.answer), name="commands")
            self.started.set()

    async def stop(self) -> None:
        """Close sinks and sources; call after ``run`` was cancelled, before closing the store."""
        await self.core.wiring.close()

    def abandon(self) -> None:
        """Let go without writing anything, as a killed process does (simulation)."""
        self.core.wiring.abandon()

    async def handle(self, command: AnyCommand) -> Answer:
        """Carry out a command."""
        return await commands.handle(self.core, command)

    async def answer(self, payload: bytes, begin: Begin) -> bytes:
        """Answer a packed command (``bus.contract.Handler``)."""
        return await commands.answer(self.core, payload, begin)

    async def forget(self) -> None:
        """Run retention once, now."""
        await self._retention.turn()

    # --- what the parts tell ------------------------------------------------------------
    async def _told(
        self, batch: Sequence[Evaluated], committed: Committed, ready: Sequence[Ready]
    ) -> None:
        del batch
        for organization, revision in committed.revisions.items():
            block = block_of(organization, committed, ready)
            if block is not None:
                self.core.wiring.offer(organization, block)
            else:
                self.core.wiring.wake(organization)
            await self._bus.publish(f"revision.{organization}", str(revision).encode())

    def _render(self, evaluated: Evaluated, profile: Profile, at: int) -> dict[str, Form]:
        return self.core.wiring.render_ahead(evaluated, profile, at)

    def _health(self, organization: str) -> None:
        self._notices.add(f"health.{organization}")
        self._noticed.set()

    async def _tell(self) -> None:
        """Pass on notices that parts leave behind."""
        while True:
            await self._noticed.wait()
            self._noticed.clear()
            notices, self._notices = self._notices, set()
            for topic in sorted(notices):
                await self._bus.publish(topic)
            await self._runtime.sleep(0.25)  # a failing source must not flood the bus

    async def _steady(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a piece of work to its end; where the store is in trouble it is begun anew."""
        while True:
            try:
                return await work()
            except KalendsError as error:
                log.exception("engine.store", exc_info=error)
                await self._runtime.sleep(self._runtime.jitter(AGAIN))

    async def _look_after(self) -> None:
        ahead = await self._store.evaluated_until() - self.core.now()
        if ahead > TOLERANCE:  # the clock was set back while nobody looked
            log.warning("clock.stepped", seconds=-ahead)
            await self._clock_set(-ahead)
        for organization in list(self.core.tenants.known):
            await self.core.look_after(organization)

    def _hold(self, lease: Lease) -> None:
        self.core.due.lease = lease

    def _upload_sources(self) -> list[tuple[str, str]]:
        return [
            name
            for name, opened in self.core.wiring.sources.items()
            if opened.thing.capabilities.uploads
        ]

    async def _clock_set(self, seconds: float) -> None:
        """The wall clock parted from the monotonic one: it was set, or the machine slept."""
        async with self._stepped:
            if seconds < 0:
                now = self.core.now()
                for organization in list(self.core.tenants.known):
                    await self._store.touch(organization, None, lane=Lane.CALENDAR, now=now)
                self.core.sync.distrust()
            elif seconds > 60:
                self.core.sync.hasten()
            self.core.due.ahead.forget()
            self.core.due.wake()


def block_of(organization: str, committed: Committed, ready: Sequence[Ready]) -> Block | None:
    """Return what was made ready as the block of revisions it was committed under."""
    changed = [
        one for one in ready if one.evaluated.changed and one.evaluated.organization == organization
    ]
    if not changed:
        return None
    first = committed.blocks[organization]
    states = list(enumerate(changed, first))
    if committed.refused:
        refused = {person for of, person in committed.refused if of == organization}
        states = [it for it in states if it[1].evaluated.person not in refused]
    return Block(first, first + len(changed) - 1, states)
