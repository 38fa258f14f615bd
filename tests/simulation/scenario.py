"""A simulated installation: the real engine and store, a scripted world, faults, an oracle."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from kalends.bus.commands import Answer, AnyCommand, Apply
from kalends.bus.memory import MemoryHub
from kalends.endpoints.kind import Services
from kalends.engine.engine import Engine, EngineOptions
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivery
from kalends.store.contract import Store
from kalends.store.database import DatabaseStore
from kalends.store.opening import sqlite_store
from kalends.store.vault import Vault
from tests.simulation.mortal import MortalStore
from tests.simulation.power import Disk, Image, put_back
from tests.simulation.scripted import Board, Faults, Server, register
from tests.simulation.virtual import Clock, VirtualLoop, runtime
from tests.simulation.world import World

ORGANIZATION = "acme"


class Installation:
    """One machine with Kalends on it, and the world around it."""

    def __init__(self, seed: int, people: int, *, poll_seconds: float = 1800.0) -> None:
        self.loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.clock = Clock(self.loop)
        self.chance = random.Random(seed)
        self.runtime: Runtime = runtime(self.loop, self.clock, seed)
        self.world = World.of(people)
        self.server = Server(self.world, self.runtime, self.chance)
        self.boards = {
            "lamp": Board(Delivery.LATEST, self.runtime, self.chance),
            "feed": Board(Delivery.EVERY, self.runtime, self.chance),
        }
        register(self.server, self.boards)
        self.poll_seconds = poll_seconds
        base = "/dev/shm" if Path("/dev/shm").is_dir() else None  # no disk is worn out
        self.directory = Path(tempfile.mkdtemp(prefix="kalends-", dir=base))
        self.vault = Vault.load(self.directory / "kalends.key")
        self.dies: Callable[[str], bool] = lambda place: False
        self.late: Callable[[], float] = lambda: 0.0
        """Seconds until an answer of the store is heard of."""
        self.dead_for: Callable[[], float] = lambda: self.chance.uniform(0.5, 5.0)
        """Seconds until a supervisor has brought back what died."""
        self.http: Any = None
        """What builds HTTP clients, where a test has servers to reach."""
        self.disk: Disk | None = None
        """The disk whose power may go, where a test has one."""
        self.vfs: str | None = None
        """How SQLite reaches its files, where not as by default."""
        self._found: Image | None = None
        self.store: MortalStore | None = None
        self.plain: Store | None = None
        self.engine: Engine | None = None
        self.lives = 0
        self._running: asyncio.Task[None] | None = None

    # --- life and death -----------------------------------------------------------------------
    async def start(self) -> None:
        """Start the engine on what is on disk."""
        vfs = self.disk.called if self.disk else self.vfs
        driver = await sqlite_store(self.directory / "kalends.db", self.runtime, vfs)
        self.plain = DatabaseStore(driver, self.vault, self.runtime)
        self.store = MortalStore(self.plain, lambda place: self.dies(place), lambda: self.late())
        for board in self.boards.values():
            board.passes = self.store.passes
        bus = MemoryHub().bus()
        services = Services(self.runtime, self.http, bus)
        options = EngineOptions(
            tick=60.0, clock_seconds=20.0, lease_seconds=1200, retention_seconds=120.0,
            directory=self.directory,
        )  # fmt: skip
        self.engine = Engine(cast("Store", self.store), bus, self.runtime, services, options)
        self.lives += 1
        self._running = asyncio.create_task(self._live(self.engine))
        started = asyncio.create_task(self.engine.started.wait())
        await asyncio.wait({self._running, started}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._running.done() and not self.store.dead.is_set():
            self._running.result()  # it failed; to have died while starting is no failure

    async def _live(self, engine: Engine) -> None:
        await engine.start()
        await engine.run()

    async def die(self) -> None:
        """The process is gone from one moment to the next."""
        assert self.store is not None
        self.store.kill()
        await self._bury()

    async def _bury(self) -> None:
        assert self._running is not None
        assert self.engine is not None
        assert self.plain is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self.engine.abandon()
        await asyncio.sleep(0)
        await self.plain.close()
        self.engine = None
        if self.disk is not None and self._found is not None:
            put_back(self._found, self.directory, self.chance)
            self.disk.forget()
            self._found = None

    def cut_power(self) -> None:
        """The machine is off from now on; it comes back with what its disk holds now."""
        assert self.disk is not None
        assert self.store is not None
        self._found = self.disk.image(self.chance)
        self.store.kill()

    async def restart(self) -> None:
        """Die and come back."""
        await self.die()
        await self.start()

    async def end(self) -> None:
        """Stop and clean up."""
        if self.engine is not None:
            await self.die()
        if self.disk is not None:
            self.disk.unregister()
        shutil.rmtree(self.directory, ignore_errors=True)

    async def supervise(self) -> None:
        """Bring the engine back whenever it died, as the supervisor does."""
        while True:
            assert self.store is not None
            await self.store.dead.wait()
            await self._bury()
            await asyncio.sleep(self.dead_for())
            await self.start()

    # --- doing things --------------------------------------------------------------------------
    async def handle(self, command: AnyCommand) -> Answer:
        """Hand a command to the engine."""
        assert self.engine is not None
        return await self.engine.handle(command)

    def configuration(self) -> dict[str, Any]:
        """Return a configuration with everybody, one source, two sinks."""
        return {
            "id": ORGANIZATION,
            "name": "Acme AB",
            "sources": [
                {"id": "cal", "kind": "scripted-calendar", "poll_seconds": self.poll_seconds}
            ],
            "sinks": [{"id": id, "kind": "scripted-board"} for id in self.boards],
            "people": [
                {"id": person, "name": person, "emails": [f"{person}@acme.example"]}
                for person in self.world.people
            ],
        }

    def add_board(self, name: str, delivery: Delivery) -> None:
        """Put up one more board; the configuration has it from now on."""
        board = self.boards[name] = Board(delivery, self.runtime, self.chance)
        board.faults = self.server.faults
        if self.store is not None:
            board.passes = self.store.passes

    def applying(self, **changes: Any) -> Apply:
        """Return the command that applies the configuration, with changes."""
        body = {**self.configuration(), **changes}
        return Apply(organization="*", actor="test", organizations=[body])

    async def apply(self, **changes: Any) -> Answer:
        """Apply the configuration, with changes."""
        answer = await self.handle(self.applying(**changes))
        assert answer.ok, answer.message
        return answer

    def weather(self, faults: Faults) -> None:
        """Let the weather be the same everywhere."""
        self.server.faults = faults
        for board in self.boards.values():
            board.faults = faults

    def injected(self) -> Counter[str]:
        """Return the faults that happened so far, by kind."""
        boards = (board.injected for board in self.boards.values())
        return sum(boards, self.server.injected + Counter(kills=self.lives - 1))

    @property
    def serves(self) -> bool:
        """Whether the engine is there and takes commands."""
        if self.engine is None or self.store is None:
            return False
        return self.engine.started.is_set() and not self.store.dead.is_set()

    def now(self) -> int:
        """Return wall time in whole seconds."""
        return int(self.clock.now())

    def wrong(self) -> list[str]:
        """Return what the sinks show that is not so."""
        now = self.now()
        true = {person: self.world.oracle(person, now) for person in self.world.people}
        return [
            f"{name}: {person} shows {board.shown.get(person)}, is {word}"
            for name, board in self.boards.items()
            for person, word in true.items()
            if board.shown.get(person) != word
        ]
