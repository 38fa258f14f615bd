"""The live stream: 1,000 clients on real sockets while 1,000 people a second change.

The web process runs by itself over a SQLite store; the changes are committed as the engine
commits them; the clients are a third process that reads bytes and looks at event ids. Run alone
with ``python -m benchmarks.stream [CLIENTS [CHANGES_PER_SECOND [SECONDS]]]``.

What is measured: from the commit of a change to the moment its frame has arrived at a client
(one in fifty is timed, all are read), and the CPU time of the web process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks.figure import Figure
from kalends import observe
from kalends.bus.contract import Bus
from kalends.bus.local import open_bus
from kalends.engine.pacing import calm_collector
from kalends.model.organization import OrganizationSettings
from kalends.model.presence import Next, Presence
from kalends.model.profile import Profile
from kalends.model.vocabulary import Availability, Origin
from kalends.runtime import Runtime
from kalends.store import open_reader, open_store
from kalends.store.contract import Document, Evaluated, PersonDocument, Store
from kalends.store.vault import Vault
from kalends.web import tokens
from kalends.web.options import WebOptions
from kalends.web.serving import serve

PEOPLE = 5_000
BATCHES = 10
"""Commits a second."""
KEY = {1: b"b" * 32}
LIMIT_SECONDS = 1.0


def _person(index: int) -> PersonDocument:
    name = f"p{index:05}"
    profile = Profile(name, f"Person {index}", "sv", "Europe/Stockholm", extension=str(index))
    record = b'{"id":"%b","name":"Person %d"}' % (name.encode(), index)
    return PersonDocument("acme", name, record, profile, "api")


async def _fill(store: Store) -> str:
    now = int(time.time())
    body = OrganizationSettings(id="acme", name="Acme").model_dump_json().encode()
    await store.save_documents([Document("acme", "organization", "acme", body, "api")])
    people = [_person(index) for index in range(PEOPLE)]
    for start in range(0, PEOPLE, 1000):
        await store.save_people(people[start : start + 1000], now=now)
    text, principal = tokens.new_token("attendant", "bench", "acme", now=now)
    await store.save_principal(principal)
    await _commit(store, range(PEOPLE), Availability.AVAILABLE)
    return text


async def _commit(store: Store, indices: range, availability: Availability) -> int:
    now = int(time.time())
    presence = Presence(
        availability, "meeting", "work", Origin.CALENDAR, since=now, until=now + 3600,
        returns_at=now + 3600, next=Next(now + 7200, now + 9000, "lunch", Availability.AWAY),
    )  # fmt: skip
    people = [("acme", f"p{index % PEOPLE:05}") for index in indices]
    batch = [
        Evaluated("acme", it.person, it.input_version, presence, now + 3600, now, changed=True)
        for it in await store.load_inputs(people)
    ]
    committed = await store.commit_batch(batch, now=now)
    if committed.refused or len(batch) != len(people):
        raise RuntimeError(f"{len(people)} to change, {len(batch)} found, {committed.refused[:3]}")
    return committed.revisions["acme"]


def _web(database: str, socket: Path, pipe: Connection) -> None:
    observe.configure("error")  # what it did is told in figures

    async def run() -> None:
        runtime = Runtime()
        reader = await open_reader(database, Vault(KEY), runtime)
        bus = await open_bus(socket, runtime, hub=False)

        def started(port: int) -> None:
            calm_collector()
            pipe.send(port)

        await serve(reader, bus, runtime, WebOptions(port=0), started=started)

    asyncio.run(run())


def _clients(port: int, token: str, count: int, pipe: Connection) -> None:
    asyncio.run(_listen(port, token, count, pipe))


async def _listen(port: int, token: str, count: int, pipe: Connection) -> None:
    arrivals: list[tuple[int, float]] = []
    received = [0]
    joined = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as crowd:  # one client that fails ends the measurement
        tasks = []
        for number in range(count):
            timed = arrivals if number % 50 == 0 else None
            tasks.append(crowd.create_task(_client(port, token, joined, received, timed)))
        for _ in range(count):
            await joined.acquire()
        pipe.send("joined")
        await asyncio.to_thread(pipe.recv)
        for task in tasks:
            task.cancel()
    pipe.send((arrivals, received[0]))


async def _client(
    port: int, token: str, joined: asyncio.Semaphore, received: list[int], arrivals: Any
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    request = f"GET /api/v1/presence/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: gzip\r\n\r\n"  # noqa: E501  # one line of bytes
    writer.write(request.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head, head
    unzip = zlib.decompressobj(31) if arrivals is not None else None
    text, first = b"", True
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        chunk = await reader.readexactly(size + 2)
        received[0] += size
        if unzip is None:
            if first and size > 10_000:  # the snapshot
                first = False
                joined.release()
            continue
        text += unzip.decompress(chunk[:-2])
        *events, text = text.split(b"\n\n")
        for event in events:
            if event.startswith(b"event: presence"):
                arrivals.append((int(event.split(b"\n")[1].removeprefix(b"id: ")), time.time()))
            elif b'"complete":true' in event:
                joined.release()


class Served(NamedTuple):
    """A filled store, and a web process that serves it."""

    store: Store
    bus: Bus
    token: str
    port: int
    web: psutil.Process


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """Fill a store and serve it; whatever happens, the web process ends."""
    with tempfile.TemporaryDirectory() as directory:
        database, socket = f"sqlite:///{directory}/kalends.db", Path(directory) / "bus"
        runtime = Runtime()
        store = await open_store(database, Vault(KEY), runtime)
        bus = await open_bus(socket, runtime, hub=True)
        try:
            token = await _fill(store)
            with _process(_web, database, socket) as (web, pipe):
                port = await asyncio.to_thread(pipe.recv)
                yield Served(store, bus, token, port, psutil.Process(web.pid))
        finally:
            await bus.close()
            await store.close()


@contextmanager
def _process(target: Callable[..., None], *given: Any) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run a process that gets a pipe as its last argument, and end it."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=target, args=(*given, theirs))
    process.start()
    theirs.close()  # if the process dies, reading from it ends
    try:
        yield process, ours
    finally:
        process.terminate()
        process.join()


async def measure(clients: int, rate: int, seconds: int) -> list[Figure]:
    """Return delay and cost."""
    async with served() as it:
        with _process(_clients, it.port, it.token, clients) as (_, pipe):
            began = time.perf_counter()
            await asyncio.to_thread(pipe.recv)
            joined = time.perf_counter() - began
            cpu = it.web.cpu_times()
            commits = await change(it.store, it.bus, rate, seconds)
            spent = it.web.cpu_times()
            memory = it.web.memory_info().rss / (1 << 20)
            await asyncio.sleep(2)
            pipe.send("enough")
            arrivals, received = await asyncio.to_thread(pipe.recv)
    used = (spent.user + spent.system - cpu.user - cpu.system) / seconds
    return _figures(clients, rate, commits, arrivals, joined, used, memory, received / seconds)


async def change(store: Store, bus: Bus, rate: int, seconds: int) -> list[tuple[int, float]]:
    """Change people evenly; return (revision, when it was committed)."""
    commits = []
    began = time.perf_counter()
    size = rate // BATCHES
    for turn in range(seconds * BATCHES):
        state = Availability.BUSY if (turn * size // PEOPLE) % 2 else Availability.AWAY
        revision = await _commit(store, range(turn * size, (turn + 1) * size), state)
        commits.append((revision, time.time()))
        await bus.publish("revision.acme", b"%d" % revision)
        await asyncio.sleep(max(0.0, began + (turn + 1) / BATCHES - time.perf_counter()))
    return commits


def _figures(
    clients: int, rate: int, commits: list[tuple[int, float]], arrivals: list[tuple[int, float]],
    joined: float, used: float, memory: float, traffic: float,
) -> list[Figure]:  # fmt: skip
    delays = []
    for revision, at in commits:
        timed = min((when for id, when in arrivals if id >= revision), default=None)
        later = [when for id, when in arrivals if id >= revision]
        assert timed is not None, "a change never arrived"
        delays.append(sorted(later)[: max(1, clients // 50)][-1] - at)  # the slowest timed client
    delays.sort()
    p99 = delays[int(len(delays) * 0.99) - 1]
    what = f"{clients} streams at {rate} changes/s"
    print(f"  {what}: joined in {joined:.1f} s, web {used:.2f} cores, {memory:.0f} MiB, "
          f"{traffic / 1e6:.1f} MB/s sent, median {delays[len(delays) // 2]:.3f} s")  # fmt: skip
    return [
        Figure(f"{what}, commit to slowest client, p99", round(p99, 3), "s", LIMIT_SECONDS,
               p99 <= LIMIT_SECONDS),
    ]  # fmt: skip


def figures() -> list[Figure]:
    """Measure what is promised."""
    return asyncio.run(measure(1000, 1000, 10))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    for figure in asyncio.run(measure(*(given + [1000, 1000, 10][len(given) :]))):
        print(figure)
