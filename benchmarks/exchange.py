"""Exchange over streaming: many mailboxes subscribed and read once, then at rest, then changing.

Three processes: the emulated Exchange (2019, no faults, the connection and subscription budgets of
its version), the engine with the real store, network and kind ``ews`` and one sink that notes when
it was handed each state (``exchange_engine``), and this one, which books appointments at the
emulator's control port and looks at the engine's memory and processor time from outside. Where
there are two cores the engine has one of them to itself: a figure is about the engine, not about
who shares with it.

Run with ``python -m benchmarks.exchange [MAILBOXES [CHANGES_A_SECOND [SECONDS [POLL_SECONDS]]]]``.
POLL_SECONDS keeps polls away while mailboxes are brought in and rest; then they are due as by
default, and rest is measured again. What a day asks is asked meanwhile, and told by operation:
glances at busy times and automatic replies and, in turn, the settings of replies (beyond 3,000);
or those with the polls. With ``--pause`` it waits for a line of standard input before
it measures rest, and again before the changes: bringing 50,000 mailboxes in takes minutes, in which
others may use the machine.
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
from array import array
from collections import Counter
from contextlib import suppress
from typing import Any, Final, NamedTuple

import aiohttp
import psutil

from benchmarks.exchange_engine import PERSON, State, fill, serve
from benchmarks.figure import Figure

APPOINTMENTS: Final = 12
IDLE_SECONDS: Final = 60
SETTLE_SECONDS: Final = 40
ARRIVE_SECONDS: Final = 20
LIMIT_RSS: Final = 300.0
LIMIT_MAILBOX: Final = 4.0
LIMIT_IDLE: Final = 5.0
LIMIT_FRESH: Final = 1.0
NEVER: Final = 99.0


class Spent(NamedTuple):
    """Processor seconds so far."""

    engine: float
    workers: float
    emulator: float

    def since(self, before: Spent, count: int) -> str:
        """Tell what each of ``count`` cost."""
        engine, workers, emulator = (
            (now - then) * 1000 / count for now, then in zip(self, before, strict=True)
        )
        return (
            f"engine {engine:.2f} ms, its workers {workers:.2f} ms, emulator {emulator:.2f} ms each"
        )


class Bench:
    """The three processes, seen from the one that measures."""

    def __init__(self, count: int, poll: int) -> None:
        self.count = count
        self.poll = poll

    async def __aenter__(self) -> Bench:
        """Start the emulator and the engine."""
        mine, engines = _seats()
        os.sched_setaffinity(0, mine)  # what is started here sits beside us
        self.emulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lab.exchange", "--mailboxes", str(self.count),
            "--appointments", str(APPOINTMENTS), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.emulator.stdout is not None
        self.ready = json.loads(await self.emulator.stdout.readline())
        self.directory = tempfile.TemporaryDirectory(prefix="kalends-bench")
        spawn = multiprocessing.get_context("spawn")
        filling = spawn.Process(
            target=fill, args=(self.directory.name, self.ready["ews"], self.count, self.poll)
        )
        filling.start()
        await asyncio.to_thread(filling.join)
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(self.directory.name, theirs, engines))
        self.process.start()
        theirs.close()  # so that its end is noticed
        assert await self.told() == "idle"
        await asyncio.sleep(2)
        self.engine = psutil.Process(self.process.pid)
        self.served = psutil.Process(self.emulator.pid)
        self.bare = self.rss()
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them."""
        await self.http.close()
        with suppress(OSError):  # it may have ended by itself
            self.pipe.send("end")
        self.process.join(20)
        self.process.kill()
        self.emulator.terminate()
        await self.emulator.wait()
        self.directory.cleanup()

    async def told(self) -> Any:
        """Return what the engine process says next."""
        return await asyncio.to_thread(self.pipe.recv)

    async def state(self) -> State:
        """Return how far the engine is."""
        self.pipe.send("state")
        found: State = await self.told()
        return found

    async def arrivals(self) -> array[float]:
        """Return when each person's state was handed to the sink last; 0: never."""
        self.pipe.send("arrivals")
        found = array("d", await self.told())
        return found + array("d", bytes(8 * max(0, self.count + 1 - len(found))))

    def rss(self) -> float:
        """Return the engine's memory in MB; its workers fork from a nursery of their own."""
        return float(self.engine.memory_info().rss) / 1e6

    def spent(self) -> Spent:
        """Return the processor time all have used so far."""
        beneath = self.engine.children(recursive=True)
        return Spent(_cpu(self.engine), sum(map(_cpu, beneath)), _cpu(self.served))

    async def command(self, name: str, **arguments: Any) -> Any:
        """Command the emulator."""
        async with self.http.post(f"{self.ready['control']}/{name}", json=arguments) as answer:
            found = await answer.json()
            assert answer.status == 200, found
            return found

    async def subscribe(self) -> tuple[float, float]:
        """Bring everybody in; return seconds until all are read, and until all are heard too."""
        began, before = time.perf_counter(), self.spent()
        self.pipe.send("start")
        read = 0.0
        while True:
            await asyncio.sleep(1)
            state = await self.state()
            now = time.perf_counter() - began
            if int(now) % 30 == 0:
                print(f"  {now:.0f} s: {state}", flush=True)
            if not read and sum(state.heard.values()) >= self.count:
                read = now
            if state.heard.get("streaming", 0) == self.count and state.reads >= 2 * self.count:
                print(f"  brought in: {self.spent().since(before, self.count)}", flush=True)
                return read, now

    async def rest(self) -> float:
        """Return the share of a core used while nothing happens, in per cent."""
        await asyncio.sleep(SETTLE_SECONDS)
        asked = Counter((await self.command("counters"))["requests"])
        before, began = self.spent(), time.perf_counter()
        await asyncio.sleep(IDLE_SECONDS)
        took = time.perf_counter() - began
        used = (self.spent().engine - before.engine) / took * 100
        more = Counter((await self.command("counters"))["requests"]) - asked
        rates = ", ".join(f"{name} {count / took:.2f}" for name, count in sorted(more.items()))
        print(f"  {used:.1f} % of a core; requests a second: {rates or 'none'}")
        return used

    async def polled(self) -> float:
        """Return the same while polls are due as they are by default."""
        self.pipe.send("polls")
        before = await self.state()
        used = await self.rest()
        polls = (await self.state()).reads - before.reads
        print(f"  {polls / (SETTLE_SECONDS + IDLE_SECONDS):.1f} polls a second by default")
        return used

    async def change(self, rate: int, seconds: int) -> list[float]:
        """Book so many meetings a second; return how long each took to the sink, sorted."""
        chosen = random.Random(1).sample(range(1, self.count + 1), min(self.count, rate * seconds))
        booked: dict[int, float] = {}
        began, before = time.perf_counter(), self.spent()
        async with asyncio.TaskGroup() as tasks:
            for turn, number in enumerate(chosen):
                await asyncio.sleep(max(0.0, began + turn / rate - time.perf_counter()))
                tasks.create_task(self._book(number, booked))
        took = time.perf_counter() - began
        busy = (self.spent().engine - before.engine) / took * 100
        await asyncio.sleep(ARRIVE_SECONDS)
        arrivals = await self.arrivals()
        late = sorted(
            arrivals[who] - at if arrivals[who] >= at else NEVER for who, at in booked.items()
        )
        print(
            f"  {len(chosen)} changes in {took:.1f} s, {late.count(NEVER)} never arrived; "
            f"{busy:.0f} % of a core meanwhile; {self.spent().since(before, len(chosen))}"
        )
        return late

    async def _book(self, number: int, booked: dict[int, float]) -> None:
        booked[number] = time.time()
        await self.command(
            "book", mailbox=f"{PERSON}{number}@example.test", minutes=600, busy="OOF",
            subject=f"Away {number}",
        )  # fmt: skip


def _seats() -> tuple[set[int], set[int]]:
    """Return the cores of everything else, and the engine's: one that nobody shares."""
    cores = sorted(os.sched_getaffinity(0))
    return (set(cores[:-1]), set(cores[-1:])) if len(cores) > 1 else (set(cores), set(cores))


def _cpu(process: psutil.Process) -> float:
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(spent.user + spent.system)


async def measure(
    count: int, rate: int, seconds: int, poll: int, *, pause: bool = False
) -> list[Figure]:
    """Measure on this machine."""
    async with Bench(count, poll) as bench:
        print(f"  emulator: {bench.ready}")
        read, heard = await bench.subscribe()
        await _wait(pause, "rest")
        idle = await bench.rest()
        polled = await bench.polled()
        rss, pages = bench.rss(), (await bench.state()).pages
        await _wait(pause, "changes")
        late = await bench.change(rate, seconds)
        counted = await bench.command("counters")
        print(
            f"  all read once after {read:.0f} s, all heard and looked at after {heard:.0f} s\n"
            f"  bare engine {bench.bare:.0f} MB, at rest {rss:.0f} MB, of which SQLite's pages "
            f"{pages:.0f} MB; streams {counted['open_streams']}, requests {counted['requests']}"
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
        Figure(
            f"{what}: a core at rest, polls by default",
            round(polled, 1),
            "%",
            LIMIT_IDLE,
            polled <= LIMIT_IDLE,
        ),
        Figure(f"{what}: … between two polls", round(idle, 1), "%", LIMIT_IDLE, idle <= LIMIT_IDLE),
        Figure(f"{name}, p50", round(late[len(late) // 2], 2), "s", LIMIT_FRESH, True),
        Figure(f"{name}, p95", round(p95, 2), "s", LIMIT_FRESH, p95 <= LIMIT_FRESH),
    ]


async def _wait(pause: bool, phase: str) -> None:
    if pause:
        print(f"  ready to measure: {phase}", flush=True)
        await asyncio.to_thread(sys.stdin.readline)


def figures() -> list[Figure]:
    """Measure what is promised, at a size that takes minutes."""
    return asyncio.run(measure(5_000, 100, 20, 3600))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:] if text != "--pause"]
    sizes = given + [5_000, 100, 20, 3600][len(given) :]
    for figure in asyncio.run(measure(*sizes, pause="--pause" in sys.argv)):
        print(figure)
