"""A SIP presence server on loopback, UDP and TCP on one port, that can refuse and vanish.

What it keeps is ``tests.unit.wire.sip.event_state_compositor``; here are only its sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from lxml import etree
from sipmessage import Request

from kalends.model.vocabulary import Availability
from tests.unit.wire.sip.event_state_compositor import Server, answer

_PIDF = "{urn:ietf:params:xml:ns:pidf}"
_RPID = "{urn:ietf:params:xml:ns:pidf:rpid}"


class PresenceServer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.server = Server(first=self._first)
        self.refusing = False
        self.port = 0
        self._datagrams: asyncio.DatagramTransport
        self._streams: asyncio.Server
        self._writers: list[asyncio.StreamWriter] = []

    def _first(self, asked: Request) -> bytes | None:
        return answer(asked, 503) if self.refusing else None

    def refuse(self, refusing: bool) -> None:
        self.refusing = refusing

    def holds(self, person: str) -> Availability | None:
        """Read the state last published back from its document."""
        bodies = self.server.holds(f"sip:{person}@acme.example")
        if not bodies:
            return None
        document = etree.fromstring(bodies[-1])
        if document.findtext(f".//{_PIDF}basic") == "closed":
            return Availability.OFFLINE
        active = document.find(f".//{_RPID}activities") is not None
        return Availability.BUSY if active else Availability.AVAILABLE

    async def start(self) -> None:
        self._streams = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._streams.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.port)
        )

    async def stop(self) -> None:
        self._datagrams.close()
        self._streams.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)

    def connection_made(self, transport: Any) -> None:
        self._datagrams = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._datagrams.sendto(self.server.answer(data), addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                writer.write(self.server.answer(head + await reader.readexactly(length)))


@asynccontextmanager
async def serving() -> AsyncIterator[PresenceServer]:
    server = PresenceServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
