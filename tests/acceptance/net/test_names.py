"""SRV and TXT records from a name server on loopback, over UDP and, where cut, over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from kalends.errors import Unreachable
from kalends.net import names
from kalends.net.names import MOST, Resolver, Srv, srv, txt

ZONE: dict[tuple[str, str], list[str]] = {
    ("_autodiscover._tcp.acme.example.", "SRV"): [
        "10 5 443 spare.acme.example.",
        "0 1 443 second.acme.example.",
        "0 9 443 MAIL.acme.example.",
    ],
    ("_caldavs._tcp.acme.example.", "SRV"): ["0 0 0 ."],
    ("_caldavs._tcp.acme.example.", "TXT"): ['"path=/dav" "/calendars"'],
    ("_odd._tcp.acme.example.", "SRV"): ["0 0 443 a\\032b.example.", "0 0 443 good.example."],
    ("_many._tcp.acme.example.", "SRV"): [f"{n} 0 443 host{n}.acme.example." for n in range(300)],
}


def answer(query: bytes, *, over_udp: bool) -> bytes:
    asked = dns.message.from_wire(query)
    reply = dns.message.make_response(asked)
    (question,) = asked.question
    records = ZONE.get((question.name.to_text(), question.to_text().split()[-1]))
    if records:
        kind = question.to_text().split()[-1]
        reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
    elif not any(name == question.name.to_text() for name, _ in ZONE):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    if over_udp and len(records or ()) > 100:
        reply.answer.clear()
        reply.flags |= dns.flags.TC
    return reply.to_wire()


class Udp(asyncio.DatagramProtocol):
    """A name server's UDP side."""

    def __init__(self, reply: Callable[[bytes], bytes | None]) -> None:
        self._reply = reply
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        reply = self._reply(data)
        if reply is not None:
            self._transport.sendto(reply, addr)


@asynccontextmanager
async def name_server(
    reply: Callable[[bytes], bytes | None] = lambda query: answer(query, over_udp=True),
) -> AsyncIterator[tuple[Resolver, Udp]]:
    async def tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2))
        data = answer(await reader.readexactly(size), over_udp=False)
        writer.write(len(data).to_bytes(2) + data)
        writer.close()

    server = await asyncio.start_server(tcp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, udp = await loop.create_datagram_endpoint(
        lambda: Udp(reply), local_addr=("127.0.0.1", port)
    )
    try:
        yield Resolver("127.0.0.1", port), udp
    finally:
        transport.close()
        server.close()


async def test_the_preferred_place_comes_first() -> None:
    async with name_server() as (resolver, _):
        found = await srv("_autodiscover._tcp.acme.example", resolver)
    assert found == (
        Srv("mail.acme.example", 443, 0, 9),
        Srv("second.acme.example", 443, 0, 1),
        Srv("spare.acme.example", 443, 10, 5),
    )


async def test_a_service_that_is_not_offered_has_no_place() -> None:
    async with name_server() as (resolver, _):
        assert await srv("_caldavs._tcp.acme.example", resolver) == ()
        assert await srv("_autodiscover._tcp.nowhere.example", resolver) == ()
        assert await txt("_autodiscover._tcp.acme.example", resolver) == ()


async def test_a_text_is_joined_from_its_strings() -> None:
    async with name_server() as (resolver, _):
        assert await txt("_caldavs._tcp.acme.example", resolver) == ("path=/dav/calendars",)


async def test_a_long_answer_comes_over_tcp_and_only_the_first_are_taken() -> None:
    async with name_server() as (resolver, udp):
        found = await srv("_many._tcp.acme.example", resolver)
    assert [one.priority for one in found] == list(range(MOST))
    assert udp.asked == 1


async def test_a_target_that_is_no_host_name_is_left_out() -> None:
    async with name_server() as (resolver, _):
        found = await srv("_odd._tcp.acme.example", resolver)
    assert [one.target for one in found] == ["good.example"]


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64 + ".example", "_a._tcp.\udc80"])
async def test_what_is_no_name_has_no_records(name: str) -> None:
    async with name_server() as (resolver, _):
        assert await srv(name, resolver) == ()


async def test_a_server_that_fails_or_forges_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(query: bytes) -> bytes:
        reply = dns.message.make_response(dns.message.from_wire(query))
        reply.set_rcode(dns.rcode.SERVFAIL)
        return reply.to_wire()

    def forging(query: bytes) -> bytes:  # an answer to another question
        other = dns.message.make_query("evil.example", "SRV")
        return answer(other.to_wire(), over_udp=True)

    monkeypatch.setattr(names, "SECONDS", 0.3)
    for reply in (failing, forging, lambda _query: b"garbage", lambda _query: None):
        async with name_server(reply) as (resolver, _):
            with pytest.raises(Unreachable, match="no name server answers for SRV"):
                await srv("_autodiscover._tcp.acme.example", resolver)
