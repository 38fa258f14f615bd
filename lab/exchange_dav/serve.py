"""The server on a loopback port: ``python -m lab.exchange_dav.serve`` or ``serving(…)``.

HTTP is spoken by hand here: the parsers of ready-made servers know POLL for no method at all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from lab.exchange.http import Ask, Reply
from lab.exchange.seed import seed
from lab.exchange.signin import Connection
from lab.exchange_dav.server import DavExchange

_SEVERAL: Final = {"www-authenticate": ", ", "set-cookie": "\n"}
"""Headers that servers send one by one, and what stands between them in a Reply."""
_BODYLESS: Final = frozenset({204, 304})
_HEAD_BYTES: Final = 64 << 10


async def _converse(
    server: DavExchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer the requests of one connection until it ends."""
    connection = Connection()
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while (ask := await _asked(reader, writer)) is not None:
            if server.faults.delay:
                await asyncio.sleep(server.faults.delay)
            reply = server.handle(ask, connection)
            writer.write(_head(reply))
            await _body(server, writer, reply)
            if server.faults.cut or ask.headers.get("connection", "").lower() == "close":
                break
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ask | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    path = rest.rpartition(" ")[0]
    told = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in told}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Ask(method, path, headers, await _chunks(reader))
    length = headers.get("content-length", "0")
    return Ask(method, path, headers, await reader.readexactly(int(length)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return body


def _head(reply: Reply) -> bytes:
    reason = "Login Timeout" if reply.status == 440 else HTTPStatus(reply.status).phrase
    lines = [f"HTTP/1.1 {reply.status} {reason}"]
    for name, value in reply.headers.items():
        parts = value.split(_SEVERAL[name]) if name in _SEVERAL else [value]
        lines += [f"{name}: {part}" for part in parts]
    if reply.status not in _BODYLESS:
        lines.append(f"content-length: {len(reply.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _body(server: DavExchange, writer: asyncio.StreamWriter, reply: Reply) -> None:
    faults = server.faults
    body = reply.body[: len(reply.body) // 2] if faults.cut else reply.body
    size = max(1, len(body) // 8) if faults.drip else max(1, len(body))
    for place in range(0, len(body), size):
        writer.write(body[place : place + size])
        await writer.drain()
        if faults.drip:
            await asyncio.sleep(faults.drip)


@asynccontextmanager
async def serving(
    server: DavExchange, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve on loopback until left; yields the origin."""
    conversations: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_converse(server, reader, writer))
        conversations.add(task)
        task.add_done_callback(conversations.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls, limit=_HEAD_BYTES)
    bound = listening.sockets[0].getsockname()[1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{bound}"
    try:
        yield server.origin
    finally:
        listening.close()
        for task in list(conversations):
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


def grant(server: DavExchange, account: str, right: str = "Owner") -> None:
    """Give an account a right to every mailbox: Owner is FullAccess, Reviewer the calendar."""
    for box in server.organization.mailboxes.values():
        box.delegates[account.lower()] = right


async def main() -> None:
    """Serve a small organization."""
    parser = argparse.ArgumentParser(description="An Exchange 2003/2007 in memory, over WebDAV")
    parser.add_argument("--port", type=int, default=5281)
    parser.add_argument("--year", type=int, choices=(2003, 2007), default=2003)
    parser.add_argument("--forms", action="store_true", help="forms-based sign-on")
    parser.add_argument("--user", default="EXAMPLE\\svc:secret", help="name:password")
    parser.add_argument("--people", type=int, default=10)
    options = parser.parse_args()
    name, _, password = options.user.partition(":")
    server = DavExchange(year=options.year, forms=options.forms)
    people = [(f"person{n}@example.test", f"Person {n}") for n in range(1, options.people + 1)]
    seed(server.organization, service=(name, password), people=people)
    grant(server, name)
    async with serving(server, options.port) as origin:
        print(f"{origin}/exchange/  account {name}, {len(people)} mailboxes, {options.year}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
