"""Killable processes for work whose cost an outsider decides (promise 10, threat 6).

Place in the flow: a source hands the bytes of one calendar to ``Runtime.workers``; a process that
can be killed reads them. A calendar bomb ends that process and nothing else; the next one is
ready. ``kalends.nursery`` is the other end.

No thread and no timer per call: a call is one message each way over a socket of the event loop,
about 0.15 ms, so that calls need not be batched.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from kalends import observe
from kalends.errors import RetryLater, TooLarge
from kalends.nursery import LENGTH

PRELOAD: Final = (
    "icalendar",
    "recurring_ical_events",
    "x_wr_timezone",
    "lxml.etree",
    "kalends.wire.icalendar.expand",
    "kalends.wire.ews.find_item",
)
_WALL_BASE: Final = 2.0
_WALL_TIMES: Final = 8.0
"""The wall deadline: CPU time is bounded exactly, so this is for work that sleeps or starves."""
_BUFFER: Final = 1 << 20

log = observe.logger(__name__)


class WorkerPool:
    """``runtime.Workers`` with ``count`` processes, started by ``start`` or the first call."""

    def __init__(self, count: int | None = None, preload: Sequence[str] = PRELOAD) -> None:
        self._count = count or min(4, os.cpu_count() or 1)
        self._preload = tuple(preload)
        self._nursery: _Nursery | None = None
        self._slots: asyncio.LifoQueue[_Worker | None] = asyncio.LifoQueue()
        """A slot is a worker at rest; None: one that ended, forked anew when needed."""
        for _ in range(self._count):
            self._slots.put_nowait(None)
        self._busy: set[_Worker] = set()
        self._forking = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Fork all processes; returns when they are ready."""
        slots = [await self._slots.get() for _ in range(self._count)]
        try:
            for number, worker in enumerate(slots):
                slots[number] = worker or await self._fork()
        finally:
            for slot in slots:
                self._slots.put_nowait(slot)

    async def run(
        self, function: str, *arguments: Any, seconds: float = 0.25, bytes_limit: int = 256 << 20
    ) -> Any:
        """See ``runtime.Workers``."""
        call = pickle.dumps((function, arguments, seconds, bytes_limit), 5)
        slot = await self._slots.get()
        worker: _Worker | None = None
        try:
            worker = await self._ready(slot, call)
            self._busy.add(worker)
            try:
                async with asyncio.timeout(_WALL_BASE + _WALL_TIMES * seconds):
                    answer = await worker.receive(bytes_limit)
            except (EOFError, OSError, TimeoutError) as error:
                log.warning("worker.killed", name=function, limit=bytes_limit, seconds=seconds)
                raise TooLarge(
                    f"the work passed its bounds ({seconds:g} s, {bytes_limit >> 20} MiB) "
                    "or broke its process"
                ) from error
            slot = worker
        except BaseException:
            # Also where the caller was cancelled: a worker in the middle is of no use.
            if worker is not None:
                worker.kill()
            slot = None
            raise
        finally:
            self._busy.discard(worker) if worker else None
            self._slots.put_nowait(slot)
        return _unpack(answer)

    async def close(self) -> None:
        """See ``runtime.Workers``; returns when no process is left."""
        self._closed = True
        for worker in self._busy:
            worker.end()  # whoever waits for it is told, and lets go of it
        while not self._slots.empty():
            if (worker_at_rest := self._slots.get_nowait()) is not None:
                worker_at_rest.kill()
        async with self._forking:
            if self._nursery is not None:
                await self._nursery.close()

    async def _ready(self, worker: _Worker | None, call: bytes) -> _Worker:
        """Return a worker that has been given the call."""
        while True:
            worker = worker or await self._fork()
            try:
                await worker.send(call)
            except OSError:  # it ended while at rest
                worker.kill()
                worker = None
                continue
            except BaseException:
                worker.kill()
                raise
            return worker

    async def _fork(self) -> _Worker:
        async with self._forking:
            if self._closed:
                raise RetryLater("the workers are closing")
            if self._nursery is None or not self._nursery.alive:
                self._nursery = _Nursery(self._preload)
            try:
                return await self._nursery.worker()
            except (EOFError, OSError) as error:
                raise RetryLater("no worker process can be started") from error


class _Worker:
    """Our end of one process."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._process: int | None = None

    async def greet(self) -> None:
        """Wait until it is ready; from now on it can be killed, whatever its number does."""
        process = int(await self.receive(1 << 10))
        with contextlib.suppress(ProcessLookupError):
            self._process = os.pidfd_open(process)

    async def send(self, message: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._wire, LENGTH.pack(len(message)))
        await loop.sock_sendall(self._wire, message)

    async def receive(self, limit: int) -> bytes:
        (size,) = LENGTH.unpack(await self._exactly(LENGTH.size))
        if size > limit:
            raise EOFError("an answer larger than the memory it was made in")
        return await self._exactly(size)

    def end(self) -> None:
        """End the process; a call that waits for it sees its socket close."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def kill(self) -> None:
        """End the process and let go of everything."""
        self.end()
        if self._process is not None:
            os.close(self._process)
            self._process = None
        self._wire.close()

    async def _exactly(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = await loop.sock_recv_into(self._wire, view)
            if not count:
                raise EOFError("the process has ended")
            view = view[count:]
        return bytes(data)


class _Nursery:
    """Our end of the process that forks workers."""

    def __init__(self, preload: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        setup = json.dumps({"path": sys.path, "preload": list(preload)})
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "kalends.nursery", setup],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )
        self._control = ours

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    async def worker(self) -> _Worker:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):  # a calendar in few pieces: each piece is a turn of the loop
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        ours.setblocking(False)
        worker = _Worker(ours)
        try:
            with theirs:
                socket.send_fds(self._control, [b"w"], [theirs.fileno()])
            await worker.greet()
        except BaseException:
            worker.kill()
            raise
        return worker

    async def close(self) -> None:
        self._control.close()  # it ends by itself, and the kernel kills what it forked
        self._process.kill()
        await asyncio.to_thread(self._process.wait)


_VALUES: Final = frozenset(
    {
        *(
            ("builtins", name)
            for name in ("set", "frozenset", "bytearray", "range", "RuntimeError")
        ),
        *(("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")),
        ("zoneinfo", "ZoneInfo"),
        ("msgspec._core", "rebuild"),
    }
)


class _Careful(pickle.Unpickler):
    """Reads values only: bytes from a process that read a stranger's file call nothing here."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _VALUES:
            return super().find_class(module, name)
        if (module, name) == ("builtins", "getattr"):
            return _attribute_of_zone
        if module.startswith("kalends.") and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__.startswith("kalends."):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value")


def _attribute_of_zone(owner: Any, name: str) -> Any:
    """Stand in for ``getattr``, which pickled zones ask for."""
    if owner is ZoneInfo and name == "_unpickle":
        return getattr(owner, name)
    raise pickle.UnpicklingError("an attribute is no value")


def _unpack(answer: bytes) -> Any:
    try:
        worked, value = _load(answer)
        if worked:
            return _load(value)
    except (pickle.UnpicklingError, TypeError, ValueError, EOFError, AttributeError) as error:
        raise TooLarge("the answer of a worker is no value") from error
    kind, arguments, fields = value
    raised: Exception = kind.__new__(kind)
    raised.args = arguments
    raised.__dict__.update(fields)
    raise raised


def _load(data: bytes) -> Any:
    return _Careful(io.BytesIO(data)).load()
