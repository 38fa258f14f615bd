"""The SIP PUBLISH sink keeps the sink contract over datagrams and streams; and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from sipmessage import Request

from kalends.model.vocabulary import Availability
from kalends.net.breaker import MemoryBreakers
from kalends.sinks.contract import Delivered, Failed, PresenceSink, Publication
from kalends.sinks.sip_publish import Memory, unpack_memory
from tests.contract.sinks.lamps import lamps, opened
from tests.contract.sinks.presence_server import serving
from tests.contract.sinks.suite import (
    BUSY,
    NOW,
    Bench,
    SinkContract,
    asynccontextmanager,
    profile,
)
from tests.patience import PATIENCE
from tests.unit.wire.sip.event_state_compositor import answer


class TestSipPublish(SinkContract):
    transport = "udp"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bench]:
        async with serving() as server:
            address = f"sip:127.0.0.1:{server.port};transport={self.transport}"
            async with lamps(address) as sink:
                yield Bench(sink, server.holds, server.refuse, server.stop)


class TestSipPublishOverStreams(TestSipPublish):
    transport = "tcp"


def publication(
    sink: PresenceSink, memory: bytes | None, sip: str = "sip:anna@acme.example"
) -> Publication:
    told = msgspec.structs.replace(profile("anna"), sip=sip)
    return Publication("anna", 1, sink.render(BUSY, told) or b"", memory, told, NOW)


async def publish(sink: PresenceSink, publication: Publication) -> Delivered:
    [outcome] = await sink.publish([publication])
    assert isinstance(outcome, Delivered), outcome
    return outcome


async def test_a_changed_address_takes_the_old_publication_back() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        first = await publish(sink, publication(sink, None))
        await publish(sink, publication(sink, first.memory, "sip:anna.berg@acme.example"))
        assert server.holds("anna") is None
        assert server.holds("anna.berg") is Availability.BUSY


async def test_somebody_gone_is_taken_back_by_what_was_remembered_alone() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        first = await publish(sink, publication(sink, None))
        nobody = msgspec.structs.replace(profile("anna"), sip="", name="")
        await sink.withdraw([Publication("anna", 2, b"", first.memory, nobody, NOW)])
        assert server.holds("anna") is None


async def test_of_two_people_with_one_address_one_is_published_until_they_are_gone() -> None:
    """``domain`` makes one address of two: their states must not take turns."""
    async with (
        serving() as server,
        lamps(f"sip:127.0.0.1:{server.port}", domain="pbx.example") as sink,
    ):
        first = await publish(sink, publication(sink, None))
        other = msgspec.structs.replace(profile("ann2"), sip="sip:anna@other.example")
        hers = Publication("ann2", 1, sink.render(BUSY, other) or b"", None, other, NOW)
        for _ in range(2):
            [outcome] = await sink.publish([hers])
            assert isinstance(outcome, Failed)
            assert (outcome.code, outcome.give_up) == ("sip-address-taken", True)
            first = await publish(sink, publication(sink, first.memory))
        assert len(server.server.asked) == 3
        await sink.withdraw([publication(sink, first.memory)])
        await publish(sink, hers)


async def test_without_an_address_there_is_nothing_to_publish() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        nowhere = msgspec.structs.replace(profile("anna"), sip="")
        assert sink.render(BUSY, nowhere) is None
        [outcome] = await sink.publish([Publication("anna", 1, b"x", None, nowhere, NOW)])
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.give_up) == ("no-sip-address", True)
        assert server.server.asked == []


async def test_a_sips_address_is_not_published_in_the_clear() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        [outcome] = await sink.publish([publication(sink, None, "sips:anna@acme.example")])
        assert isinstance(outcome, Failed)
        assert outcome.code == "insecure"


async def test_the_domain_and_sender_of_the_server_may_be_others() -> None:
    async with (
        serving() as server,
        lamps(
            f"sip:127.0.0.1:{server.port}", domain="pbx.example", from_uri="sip:kalends@pbx.example"
        ) as sink,
    ):
        await publish(sink, publication(sink, None))
        [asked] = server.server.asked
        assert str(asked.uri) == "sip:anna@pbx.example"
        assert asked.headers["From"].startswith("<sip:kalends@pbx.example>;tag=")
        assert b'entity="sip:anna@pbx.example"' in asked.body


async def test_a_refresh_sends_no_document_unless_the_server_lost_it() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        first = await publish(sink, publication(sink, None))
        again = publication(sink, first.memory)
        refresh = Publication(
            again.person, 1, again.rendered, again.memory, again.profile, NOW, refresh=True
        )
        await publish(sink, refresh)
        assert server.server.asked[-1].body == b""
        server.server.states.clear()
        await publish(sink, refresh)
        assert server.holds("anna") is Availability.BUSY


async def test_a_refresh_without_the_document_asks_for_it_where_the_state_is_lost() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        first = await publish(sink, publication(sink, None))
        server.server.states.clear()
        bare = Publication("anna", 1, b"", first.memory, profile("anna"), NOW)
        [outcome] = await sink.publish([bare])
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.memory, outcome.give_up) == ("etag-lost", None, False)


async def test_a_failure_remembers_the_etag_that_is_still_good() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        first = await publish(sink, publication(sink, None))
        server.refuse(True)
        [outcome] = await sink.publish([publication(sink, first.memory)])
        assert isinstance(outcome, Failed)
        assert outcome.memory == first.memory


async def test_an_etag_long_expired_is_not_tried() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        old = msgspec.msgpack.encode(Memory("sip:anna@acme.example", "e0", NOW))
        await publish(sink, publication(sink, old))
        assert "SIP-If-Match" not in server.server.asked[0].headers.keys()  # noqa: SIM118 (no dict)


@pytest.mark.parametrize("memory", [b"", b"\xff", b"\x90", b"rubbish" * 10])
async def test_a_memory_of_another_version_is_no_memory(memory: bytes) -> None:
    assert unpack_memory(memory) is None


async def test_a_publication_nobody_waits_for_is_taken_back() -> None:
    async with serving() as server, lamps(f"sip:127.0.0.1:{server.port}") as sink:
        first = await publish(sink, publication(sink, None))
        arrived, asked = asyncio.Event(), []

        def late(request: Request) -> bytes | None:
            asked.append(request)
            arrived.set()
            return None

        server.server.first = late
        task = asyncio.create_task(publish(sink, publication(sink, first.memory)))
        await arrived.wait()  # the answer is under way when the caller goes away
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            while server.holds("anna") is not None:
                await asyncio.sleep(0)
        assert asked[-1].headers["Expires"] == "0"


async def test_a_wrong_password_is_tried_twice_an_hour_over_restarts_too() -> None:
    def never(asked: Request) -> bytes:
        return answer(asked, 401, WWW_Authenticate='Digest realm="r",nonce="n",qop="auth"')

    breakers = MemoryBreakers()  # what the store keeps
    async with serving() as server:
        server.server.first = never
        address = f"sip:127.0.0.1:{server.port}"
        for _restart in range(5):
            async with lamps(address, password="wrong", breakers=breakers) as sink:
                [outcome] = await sink.publish([publication(sink, None)])
                assert isinstance(outcome, Failed)
                assert outcome.code == "sign-in"
        signed = [each for each in server.server.asked if each.authorization is not None]
        assert len(signed) == 2


async def test_after_an_operators_click_a_refused_password_is_tried_again() -> None:
    def never(asked: Request) -> bytes:
        return answer(asked, 401, WWW_Authenticate='Digest realm="r",nonce="n",qop="auth"')

    breakers = MemoryBreakers()
    async with serving() as server:
        server.server.first = never
        address = f"sip:127.0.0.1:{server.port}"
        for _restart in range(2):
            async with lamps(address, password="wrong", breakers=breakers) as sink:
                await sink.publish([publication(sink, None)])
        endpoint, sink = opened(address, "wrong", breakers=breakers)
        tried = []
        for click in (False, True, True):  # refused before, and by this very endpoint
            if click:
                await endpoint.reset()
            await sink.publish([publication(sink, None)])
            tried.append(sum(one.authorization is not None for one in server.server.asked))
        await sink.close()
        await endpoint.close()
        assert tried == [2, 3, 4]


async def test_presence_in_the_clear_goes_next_door_only() -> None:
    async with (
        serving() as server,
        lamps(f"sip:127.0.0.1:{server.port}", trusted=False) as sink,
    ):
        [outcome] = await sink.publish([publication(sink, None)])
        assert isinstance(outcome, Failed)
        assert outcome.code == "address"
        assert "transport=tls" in outcome.message
        assert server.server.asked == []


async def test_a_server_that_sends_rubbish_is_left_not_believed() -> None:
    async def rubbish(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 100_000)

    listening = await asyncio.start_server(rubbish, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, lamps(f"sip:127.0.0.1:{port};transport=tcp") as sink:
        [outcome] = await sink.publish([publication(sink, None)])
        assert isinstance(outcome, Failed)
        assert outcome.code == "unreachable"
