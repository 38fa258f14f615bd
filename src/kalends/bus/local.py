"""The bus between the processes of one machine: a Unix socket, the engine being the hub.

The hub answers requests and passes every notice on to everybody. A client that loses the hub
tries again with back-off for as long as it lives; its listeners are then told ``reconnected``.
Who may connect: the owner of the socket file (mode 0600) under the same user id, and root.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kalends.bus import frames
from kalends.bus.contract import Bus, Handler, Message
from kalends.bus.inbox import RECONNECTED, Listeners
from kalends.bus.link import Link
from kalends.bus.serving import EXPIRED, GONE, LATE, LOST, NOBODY, Desk, Turn, answer_here
from kalends.errors import NotBegun, Unreachable, UserError
from kalends.runtime import Runtime

IN_FLIGHT: Final = 64
"""Most unanswered requests of one client; more of them wait."""
FIRST_RETRY: Final = 0.05
LAST_RETRY: Final = 2.0
"""Seconds between tries to reach the hub, doubling."""
PATIENCE: Final = 2.0
"""Seconds a request waits for a hub that is just starting again."""
GRACE: Final = 0.25
"""Seconds an asker, once its time is over, still reads what the hub wrote before."""
_PATH_LIMIT: Final = 107  # sun_path of unix(7), without its NUL


async def open_bus(path: Path, runtime: Runtime, *, hub: bool) -> Bus:
    """Join the bus at a socket path: as the hub (the engine), or as one of its clients.

    A client need not find the hub there yet. Raises ``UserError`` where another hub is alive, or
    the path cannot be used.
    """
    if len(os.fsencode(path)) > _PATH_LIMIT:
        raise UserError(f"The path of the bus is too long for a socket: {path}. Choose a shorter.")
    if not hub:
        client = LocalClient(path, runtime)
        await client.start()
        return client
    opened = LocalHub(path, runtime)
    await opened.start()
    return opened


class LocalHub:
    """The engine's end; see ``contract.Bus``."""

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self._path = path
        self._runtime = runtime
        self._desk = Desk()
        self._listeners = Listeners()
        self.links: dict[Link, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Take the socket path."""
        self._server = await asyncio.start_unix_server(
            self._welcome, sock=_listening(self._path), limit=1 << 20
        )

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """See ``Bus.publish``."""
        self._spread(Message(topic, payload))

    def listen(self, prefix: str) -> AsyncIterator[Message]:
        """See ``Bus.listen``."""
        return self._listeners.add(prefix)

    async def request(self, payload: bytes, *, seconds: float = 10.0) -> bytes:
        """See ``Bus.request``."""
        return await answer_here(self._desk, payload, seconds)

    async def serve(self, handler: Handler) -> None:
        """See ``Bus.serve``."""
        await self._desk.serve(handler)

    async def close(self) -> None:
        """See ``Bus.close``."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
            self._server = None
        self._listeners.close()
        tasks = list(self.links.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spread(self, message: Message) -> None:
        self._listeners.tell(message)
        for link in self.links:
            link.notify(message)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not _trusted(writer.get_extra_info("socket")):
            writer.close()
            return
        link = Link(reader, writer)
        task = asyncio.current_task()
        assert task is not None  # the server runs this in a task of its own
        self.links[link] = task
        try:
            await self._attend(link)
        except asyncio.CancelledError:
            pass  # at the end; Python 3.11's server would print what its tasks are cancelled with
        finally:
            del self.links[link]

    async def _attend(self, link: Link) -> None:
        turn = asyncio.Semaphore(IN_FLIGHT)
        answering: set[asyncio.Task[None]] = set()

        def take(frame: frames.Frame) -> None:
            match frame:
                case frames.Notice(topic, payload):
                    self._spread(Message(topic, payload))
                case frames.Ask():
                    task = asyncio.create_task(self._answer(link, frame, turn))
                    answering.add(task)
                    task.add_done_callback(answering.discard)

        try:
            await link.run(take)
        finally:
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)

    async def _answer(self, link: Link, ask: frames.Ask, turn: asyncio.Semaphore) -> None:
        tell = partial(link.deliver, frames.Begun(ask.number))
        begin = Turn(self._runtime.monotonic, ask.until, tell if ask.until is not None else None)
        async with turn:
            try:
                link.send(frames.Reply(ask.number, await self._desk.answer(ask.payload, begin)))
            except (Unreachable, frames.BadFrame) as error:
                begun = not isinstance(error, NotBegun)
                link.send(frames.NoReply(ask.number, str(error), begun))


@dataclass(slots=True)
class _Asked:
    """A request that waits for its answer."""

    answer: asyncio.Future[bytes]
    begun: bool = False

    def fail(self, reason: str, *, begun: bool) -> None:
        if not self.answer.done():
            self.answer.set_exception(Unreachable(reason) if begun else NotBegun(reason))


class LocalClient:
    """Every other process's end; see ``contract.Bus``."""

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self._path = path
        self._runtime = runtime
        self._listeners = Listeners()
        self._link: Link | None = None
        self._connected = asyncio.Event()
        self._numbers = itertools.count(1)
        self._asked: dict[int, _Asked] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Try once; go on trying beside."""
        first = await self._connect()
        self._task = asyncio.create_task(self._keep(first))

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """See ``Bus.publish``: it comes back from the hub, also to listeners of this process."""
        if self._link is not None:
            self._link.notify(Message(topic, payload))

    def listen(self, prefix: str) -> AsyncIterator[Message]:
        """See ``Bus.listen``."""
        return self._listeners.add(prefix)

    async def request(self, payload: bytes, *, seconds: float = 10.0) -> bytes:
        """See ``Bus.request``."""
        number, until = next(self._numbers), self._runtime.monotonic() + seconds
        link = await self._reach(min(seconds, PATIENCE))
        asked = _Asked(asyncio.get_running_loop().create_future())
        self._asked[number] = asked
        try:
            link.send(frames.Ask(number, payload, until))
            return await self._answer(asked, until)
        except frames.BadFrame as error:
            raise UserError(f"The request is too large: {error}.") from error
        finally:
            self._asked.pop(number, None)

    async def _answer(self, asked: _Asked, until: float) -> bytes:
        """Wait for an answer; without one, tell whether anything can have been done.

        The hub writes ``Begun`` before it looks at the clock a last time, and begins. So where
        nothing had been written when the time was over, it finds that it is, whenever it wakes.
        """
        left = until - self._runtime.monotonic()
        await asyncio.wait({asked.answer}, timeout=max(0.0, left))
        if not asked.answer.done() and not asked.begun:
            await asyncio.wait({asked.answer}, timeout=GRACE)
        if asked.answer.done():
            return asked.answer.result()
        raise Unreachable(LATE) if asked.begun else NotBegun(EXPIRED)

    async def serve(self, handler: Handler) -> None:
        """Refuse: only the hub answers."""
        raise TypeError("only the hub of the bus serves")

    async def close(self) -> None:
        """See ``Bus.close``."""
        self._listeners.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _reach(self, seconds: float) -> Link:
        if self._link is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connected.wait(), seconds)
        if self._link is None:
            raise NotBegun(NOBODY)
        return self._link

    async def _keep(self, link: Link | None) -> None:
        while True:
            if link is None:
                link = await self._connect_again()
                self._listeners.tell(RECONNECTED)
            self._link = link
            self._connected.set()
            try:
                await link.run(self._take)
            finally:
                self._lose()
            link = None

    def _lose(self) -> None:
        self._link = None
        self._connected.clear()
        for asked in self._asked.values():
            asked.fail(LOST if asked.begun else GONE, begun=asked.begun)

    async def _connect_again(self) -> Link:
        for attempt in itertools.count():
            delay = min(LAST_RETRY, FIRST_RETRY * 2 ** min(attempt, 10))
            await self._runtime.sleep(self._runtime.jitter(delay))
            link = await self._connect()
            if link is not None:
                return link
        raise AssertionError("unreachable: the loop has no end")

    async def _connect(self) -> Link | None:
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=1 << 20)
        except OSError:
            return None
        return Link(reader, writer)

    def _take(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Notice(topic, payload):
                message = Message(topic, payload)
                self._listeners.tell(RECONNECTED if message == RECONNECTED else message)
            case frames.Reply(number, payload):
                asked = self._asked.get(number)
                if asked is not None and not asked.answer.done():
                    asked.answer.set_result(payload)
            case frames.Begun(number):
                asked = self._asked.get(number)
                if asked is not None:
                    asked.begun = True
            case frames.NoReply(number, reason, begun):
                asked = self._asked.get(number)
                if asked is not None:
                    asked.fail(reason, begun=begun)


def _listening(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and _alive(path):
        raise UserError(f"Another engine serves the bus at {path} already. Stop it first.")
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o600)  # before anybody can connect: not listening yet
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise UserError(f"The bus cannot be opened at {path}: {error}") from error
    listening.setblocking(False)
    return listening


def _alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(str(path)) == 0


def _trusted(peer: socket.socket) -> bool:
    """Tell whether the peer runs under our user id, or root's (unix(7), SO_PEERCRED)."""
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", packed)
    return uid in (0, os.geteuid())
