"""The proxy: one task per connection, all of them ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from types import TracebackType

from lab.faultproxy.fault import Ending, Fault

_CHUNK = 1 << 16
_FINE = Fault()


class FaultProxy:
    """Listens on a free port of loopback and passes connections on to one server."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.connections = 0
        """How many there have been."""
        self.faults: list[Fault] = []
        """Of the next connections, one each, first to last."""
        self.always = _FINE
        """Of all connections after those."""

    async def __aenter__(self) -> FaultProxy:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Accept connections (again), on the same port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Refuse new connections and reset those that run, as a server does that has died."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self, ending: Ending = "reset") -> None:
        """End all running connections."""
        for writer in self._writers:
            _end(writer, ending)
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self._writers.add(writer)
        self.connections += 1
        fault = self.faults.pop(0) if self.faults else self.always
        try:
            await self._serve(reader, writer, fault)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._running.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault
    ) -> None:
        await asyncio.sleep(fault.delay)
        if fault.half_close:
            writer.write_eof()
        if fault.answer is not None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(fault.answer)
            await writer.drain()
            return
        to_read, to_write = await asyncio.open_connection(*self._upstream)
        self._writers.add(to_write)
        try:
            sending = asyncio.create_task(_send(reader, to_write, fault))
            try:
                await _answer(to_read, writer, fault)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        finally:
            self._writers.discard(to_write)
            to_write.close()


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault) -> None:
    """Pass the client's bytes on."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            if not fault.deaf:
                writer.write(data)
                await writer.drain()
        writer.write_eof()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault) -> None:
    """Pass the server's bytes on, as far as the fault lets them."""
    left = fault.cut_after
    while left is None or left > 0:
        size = _CHUNK if left is None else min(left, _CHUNK)
        if fault.bytes_per_second is not None:
            size = min(size, max(1, int(fault.bytes_per_second / 20)))
        data = await reader.read(size)
        if not data:
            return
        left = None if left is None else left - len(data)
        if not fault.half_close:
            writer.write(data)
            await writer.drain()
        if fault.bytes_per_second is not None:
            await asyncio.sleep(len(data) / fault.bytes_per_second)
    if fault.ending == "hang":
        await asyncio.Event().wait()
    _end(writer, fault.ending)


def _end(writer: asyncio.StreamWriter, ending: Ending) -> None:
    if ending == "hang":
        return
    if ending == "reset":
        raw: socket.socket | None = writer.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):  # it is closed already
                # Linger 0: closing sends RST instead of FIN.
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
