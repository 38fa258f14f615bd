"""Exchange over streaming: many mailboxes subscribed and read once, then at rest, then changing.

Three processes: the emulated Exchange (2019, no faults, the connection and subscription budgets of
its version), the engine with the real store, network and kind ``ews`` and one sink that notes when
it was handed each state, and this one, which books appointments at the emulator's control port and
looks at the engine's memory and processor time from outside.

Run with ``python -m benchmarks.exchange [MAILBOXES [CHANGES_A_SECOND [SECONDS [POLL_SECONDS]]]]``.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import aiohttp
import apsw
import psutil

from benchmarks.figure import Figure
from kalends import observe
from kalends.bus.commands import Apply
from kalends.bus.memory import MemoryHub
from kalends.calendars.ews.source import EwsSource
from kalends.config.server import ServerOptions
from kalends.endpoints.kind import Kind, Services, kinds
from kalends.engine.engine import Engine
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience, Document
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Outcome, Publication
from kalends.store import open_store
from kalends.store.vault import Vault
from kalends.workers import WorkerPool

ACME: Final = "acme"
APPOINTMENTS: Final = 12
IDLE_SECONDS: Final = 60
SETTLE_SECONDS: Final = 40
LIMIT_RSS: Final = 300.0
LIMIT_MAILBOX: Final = 4.0
LIMIT_IDLE: Final = 5.0
LIMIT_FRESH: Final = 1.0


class NotingSink:
    """Notes when each person's state came last."""

    delivery = Delivery.LATEST
    audience = Audience.ORGANIZATION
    concurrency = 8
    batch = 500

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Short, as a lamp's, and different for every booking."""
        del profile
        return f"{view.availability.value} {view.activity} {view.until}".encode()

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Take them."""
        now = time.time()
        self.at.update((one.person, now) for one in publications)
        return [Delivered()] * len(publications)

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Nothing to take back."""

    async def close(self) -> None:
        """Nothing held."""


class NoOptions(Document):
    """No keys."""


def _organization(url: str, count: int, poll: int) -> dict[str, Any]:
    source = {
        "id": "exchange", "kind": "ews",
        "url": url, "username": "svc@example.test", "password_env": "KALENDS_BENCH_SECRET",
        "access": "impersonation", "auth": "basic", "poll_seconds": poll, "max_connections": 10,
    }  # fmt: skip
    people = [
        {
            "id": f"person{number}", "name": f"Person {number}",
            "emails": [f"person{number}@example.test"],
            "calendars": [{"source": "exchange", "url": f"person{number}@example.test"}],
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    return {
        "id": ACME, "name": "Acme AB", "timezone": "Europe/Berlin", "domains": ["example.test"],
        "sources": [source], "sinks": [{"id": "lamp", "kind": "noting"}], "people": people,
    }  # fmt: skip


def _prepare_process(directory: str, url: str, count: int, poll: int) -> None:
    _begin()
    asyncio.run(_prepare(directory, _organization(url, count, poll)))


def _engine_process(directory: str, pipe: Connection) -> None:
    sink = _begin()
    asyncio.run(_engine(directory, sink, pipe))


def _begin() -> NotingSink:
    os.environ["KALENDS_BENCH_SECRET"] = "secret"
    observe.configure("error")
    sink = NotingSink()
    kinds()["noting"] = Kind(
        "noting", "For the benchmark.", NoOptions, lambda services, place, options: sink,
        lambda place, options: (place.id,), sink=lambda endpoint, place, options: endpoint,
    )  # fmt: skip
    return sink


@asynccontextmanager
async def _opened(directory: str) -> AsyncIterator[Engine]:
    runtime = Runtime(workers=WorkerPool(2))
    vault = Vault.load(Path(directory) / "kalends.key")
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, runtime)
    bus = MemoryHub().bus()
    server = ServerOptions.model_construct(allowed_networks=("127.0.0.0/8",))
    http = http_factory(runtime, server, store)
    engine = Engine(store, bus, runtime, Services(runtime, http, bus, breakers=store))
    yield engine
    await engine.stop()
    await store.close()
    await runtime.workers.close()


async def _prepare(directory: str, body: dict[str, Any]) -> None:
    async with _opened(directory) as engine:
        answer = await engine.handle(Apply(organization="*", actor="file", organizations=[body]))
        assert answer.ok, (answer.message, answer.problems)


async def _engine(directory: str, sink: NotingSink, pipe: Connection) -> None:
    commands: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: commands.put_nowait(pipe.recv()))
    async with _opened(directory) as engine:
        pipe.send("idle")
        assert await commands.get() == "start"
        await engine.start()
        running = asyncio.create_task(engine.run())
        while (command := await commands.get()) != "end":
            pipe.send(_state(engine) if command == "state" else dict(sink.at))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _state(engine: Engine) -> tuple[int, int, dict[str, int], dict[str, int], float]:
    figures = engine.core.sync.figures
    slot = next(iter(engine.core.sync.slots.values()))
    assert isinstance(slot.reader, EwsSource)
    counts = slot.reader.notifier.counts()
    pages = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)[0] / 1e6
    return figures.reads, figures.failed, dict(figures.codes), counts, pages


class Bench:
    """The three processes, seen from the one that measures."""

    def __init__(self, count: int, poll: int) -> None:
        self.count = count
        self.poll = poll

    async def __aenter__(self) -> Bench:
        """Start the emulator and the engine."""
        self.emulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lab.exchange", "--mailboxes", str(self.count),
            "--appointments", str(APPOINTMENTS), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.emulator.stdout is not None
        self.ready = json.loads(await self.emulator.stdout.readline())
        self.directory = tempfile.TemporaryDirectory(prefix="kalends-bench")
        spawn = multiprocessing.get_context("spawn")
        filling = spawn.Process(
            target=_prepare_process,
            args=(self.directory.name, self.ready["ews"], self.count, self.poll),
        )
        filling.start()
        await asyncio.to_thread(filling.join)
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_engine_process, args=(self.directory.name, theirs))
        self.process.start()
        theirs.close()  # so that its end is noticed
        assert await self.told() == "idle"
        await asyncio.sleep(2)
        self.engine = psutil.Process(self.process.pid)
        self.bare = self.rss()
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them."""
        await self.http.close()
        self.pipe.send("end")
        self.process.join(20)
        self.process.kill()
        self.emulator.terminate()
        await self.emulator.wait()
        self.directory.cleanup()

    async def told(self) -> Any:
        """Return what the engine process says next."""
        return await asyncio.to_thread(self.pipe.recv)

    async def ask(self, command: str) -> Any:
        """Return the engine process's answer."""
        self.pipe.send(command)
        return await self.told()

    def rss(self) -> float:
        """Return the engine's memory in MB; its workers fork from a nursery of their own."""
        return float(self.engine.memory_info().rss) / 1e6

    def cpu(self) -> float:
        """Return the engine's processor seconds so far."""
        spent = self.engine.cpu_times()
        return float(spent.user + spent.system)

    async def command(self, name: str, **arguments: Any) -> Any:
        """Command the emulator."""
        async with self.http.post(f"{self.ready['control']}/{name}", json=arguments) as answer:
            found = await answer.json()
            assert answer.status == 200, found
            return found

    async def subscribe(self) -> tuple[float, float]:
        """Bring everybody in; return seconds until all are read, and until all are heard too."""
        began = time.perf_counter()
        self.pipe.send("start")
        read = 0.0
        while True:
            await asyncio.sleep(1)
            reads, failed, codes, counts, _ = await self.ask("state")
            now = time.perf_counter() - began
            if int(now) % 30 == 0:
                print(
                    f"  {now:.0f} s: {reads} reads, {failed} failed {codes}, {counts}", flush=True
                )
            if not read and reads >= self.count:
                read = now
            if counts.get("streaming", 0) == self.count and reads >= 2 * self.count:
                return read, now

    async def rest(self) -> float:
        """Return the share of a core used while nothing happens."""
        await asyncio.sleep(SETTLE_SECONDS)
        cpu, began = self.cpu(), time.perf_counter()
        await asyncio.sleep(IDLE_SECONDS)
        return (self.cpu() - cpu) / (time.perf_counter() - began) * 100

    async def change(self, rate: int, seconds: int) -> list[float]:
        """Book so many meetings a second; return how long each took to the sink, sorted."""
        chosen = random.Random(1).sample(range(1, self.count + 1), min(self.count, rate * seconds))
        booked: dict[str, float] = {}
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for turn, number in enumerate(chosen):
                await asyncio.sleep(max(0.0, began + turn / rate - time.perf_counter()))
                tasks.create_task(self._book(number, booked))
        took = time.perf_counter() - began
        await asyncio.sleep(20)
        arrivals = await self.ask("arrivals")
        late = sorted(arrivals.get(who, 0.0) - at for who, at in booked.items())
        missed = sum(1 for one in late if one < 0)
        print(f"  {len(chosen)} changes in {took:.1f} s, {missed} never arrived")
        return [one if one >= 0 else 99.0 for one in late]

    async def _book(self, number: int, booked: dict[str, float]) -> None:
        booked[f"person{number}"] = time.time()
        await self.command(
            "book", mailbox=f"person{number}@example.test", minutes=600, busy="OOF",
            subject=f"Away {number}",
        )  # fmt: skip


async def measure(count: int, rate: int, seconds: int, poll: int) -> list[Figure]:
    """Measure on this machine."""
    async with Bench(count, poll) as bench:
        print(f"  emulator: {bench.ready}")
        read, heard = await bench.subscribe()
        idle = await bench.rest()
        rss, pages = bench.rss(), (await bench.ask("state"))[4]
        cpu, began = bench.cpu(), time.perf_counter()
        late = sorted(await bench.change(rate, seconds))
        busy = (bench.cpu() - cpu) / (time.perf_counter() - began - 20) * 100
        counted = await bench.command("counters")
        print(
            f"  all read once after {read:.0f} s, all heard and looked at after {heard:.0f} s\n"
            f"  bare engine {bench.bare:.0f} MB, at rest {rss:.0f} MB, of which SQLite's pages "
            f"{pages:.0f} MB (they stop growing at 96); {busy:.0f} % of a core "
            f"while changing; streams {counted['open_streams']}, requests {counted['requests']}"
        )
    what = f"{count:,} mailboxes over streaming"
    per = (rss - bench.bare - pages) * 1000 / count
    p95 = late[int(len(late) * 0.95)]
    name = f"{what}, {rate} changes/s: booked → sink"
    return [
        Figure(f"{what}: memory at rest", round(rss), "MB", LIMIT_RSS, rss <= LIMIT_RSS),
        Figure(
            f"{what}: … each, without SQLite's pages",
            round(per, 2),
            "kB",
            LIMIT_MAILBOX,
            per <= LIMIT_MAILBOX,
        ),
        Figure(f"{what}: a core at rest", round(idle, 1), "%", LIMIT_IDLE, idle <= LIMIT_IDLE),
        Figure(f"{name}, p50", round(late[len(late) // 2], 2), "s", LIMIT_FRESH, True),
        Figure(f"{name}, p95", round(p95, 2), "s", LIMIT_FRESH, p95 <= LIMIT_FRESH),
    ]


def figures() -> list[Figure]:
    """Measure what is promised, at a size that takes minutes."""
    return asyncio.run(measure(5_000, 100, 20, 3600))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    for figure in asyncio.run(measure(*(given + [5_000, 100, 20, 3600][len(given) :]))):
        print(figure)
