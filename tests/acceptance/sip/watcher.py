"""A watcher of one person: SUBSCRIBE, answer each NOTIFY, keep the document it carries.

Written against RFC 6665 and 3856 on a bare socket; shares no line with the product.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any
from xml.etree import ElementTree

from tests.patience import PATIENCE

NS = {
    "p": "urn:ietf:params:xml:ns:pidf",
    "dm": "urn:ietf:params:xml:ns:pidf:data-model",
    "r": "urn:ietf:params:xml:ns:pidf:rpid",
}


class Document:
    """What a NOTIFY said; a body that is missing says nothing."""

    def __init__(self, body: bytes) -> None:
        self.root = ElementTree.fromstring(body) if body.strip() else ElementTree.Element("none")

    def all(self, path: str) -> list[str]:
        return [found.text or "" for found in self.root.findall(path, NS)]

    @property
    def basics(self) -> list[str]:
        return self.all("p:tuple/p:status/p:basic")

    @property
    def notes(self) -> list[str]:
        return self.all("p:tuple/p:note")

    @property
    def activities(self) -> list[str]:
        found = self.root.findall("dm:person/r:activities/*", NS)
        return [element.tag.partition("}")[2] for element in found]


class Watcher(asyncio.DatagramProtocol):
    """Use as ``async with``: subscribed inside."""

    def __init__(self, person: str, server: tuple[str, int]) -> None:
        self._person = person
        self._server = server
        self._call = secrets.token_hex(8)
        self._tag = secrets.token_hex(4)
        self._news = asyncio.Event()
        self.documents: list[Document] = []
        self.subscribed = 0

    async def __aenter__(self) -> Watcher:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._port = self._transport.get_extra_info("sockname")[1]
        self._transport.sendto(self._subscribe(), self._server)
        await self.until(lambda: self.subscribed == 200 and bool(self.documents))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.close()

    @property
    def now(self) -> Document:
        return self.documents[-1]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until the condition holds; look whenever something arrives."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def sees(self, *, basic: list[str], notes: list[str]) -> Document:
        try:
            await self.until(lambda: (self.now.basics, self.now.notes) == (basic, notes))
        except TimeoutError:
            raise AssertionError(
                f"sees {self.now.basics} {self.now.notes}, not {basic} {notes}"
            ) from None
        return self.now

    def datagram_received(self, data: bytes, addr: Any) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        start, *lines = head.decode().split("\r\n")
        if start.startswith("SIP/2.0 "):
            self.subscribed = int(start.split()[1])
        elif start.startswith("NOTIFY "):
            self._transport.sendto(_accepted(lines), addr)
            self.documents.append(Document(body))
        self._news.set()

    def _subscribe(self) -> bytes:
        own = f"127.0.0.1:{self._port}"
        return (
            f"SUBSCRIBE {self._person} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:watcher@acme.example>;tag={self._tag}\r\n"
            f"To: <{self._person}>\r\nCall-ID: {self._call}\r\nCSeq: 1 SUBSCRIBE\r\n"
            f"Contact: <sip:watcher@{own}>\r\nEvent: presence\r\n"
            "Accept: application/pidf+xml\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n"
        ).encode()


def _accepted(lines: list[str]) -> bytes:
    copied = [
        line
        for line in lines
        if line.partition(":")[0].strip().lower() in ("via", "from", "to", "call-id", "cseq")
    ]
    return "\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""]).encode()
