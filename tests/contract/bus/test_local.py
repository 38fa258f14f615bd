"""The bus over a Unix socket keeps the contract, and keeps strangers and floods out."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kalends.bus import frames
from kalends.bus.contract import Begin, Bus, Message
from kalends.bus.inbox import TOPICS, Inbox
from kalends.bus.local import LocalHub, open_bus
from kalends.errors import Unreachable, UserError
from kalends.runtime import Runtime
from tests.contract.bus.suite import BusContract, Ends, echo, first, serving
from tests.patience import PATIENCE


@pytest.fixture
def path() -> Iterator[Path]:
    # pytest's own directories may be too deep for a socket's path.
    with tempfile.TemporaryDirectory(prefix="bus") as directory:
        yield Path(directory) / "kalends.sock"


@pytest.fixture
async def ends(path: Path) -> AsyncIterator[Ends]:
    hub = await open_bus(path, Runtime(), hub=True)
    one, other = [await open_bus(path, Runtime(), hub=False) for _ in range(2)]

    async def interrupt() -> None:
        assert isinstance(hub, LocalHub)
        for link in hub.links:
            link.end()

    yield Ends(hub, one, other, interrupt)
    for bus in (one, other, hub):
        await bus.close()


async def until_answered(bus: Bus) -> bytes:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await bus.request(b"x", seconds=1)
            except Unreachable:
                continue


class TestLocalBus(BusContract):
    async def test_the_socket_is_its_owners_alone(self, ends: Ends, path: Path) -> None:
        assert path.stat().st_mode & 0o777 == 0o600

    async def test_a_second_engine_is_refused(self, ends: Ends, path: Path) -> None:
        with pytest.raises(UserError, match="Another engine"):
            await open_bus(path, Runtime(), hub=True)

    async def test_a_socket_left_behind_is_taken_over(self, path: Path) -> None:
        await asyncio.start_unix_server(lambda _reader, _writer: None, path=path)
        server = await asyncio.start_unix_server(
            lambda _reader, _writer: None, path=path.with_name("other")
        )
        server.close()  # Python leaves the file, as a killed engine does
        hub = await open_bus(path.with_name("other"), Runtime(), hub=True)
        await hub.close()

    async def test_a_client_waits_for_an_engine_that_comes_later(self, path: Path) -> None:
        client = await open_bus(path, Runtime(), hub=False)
        heard = client.listen("revision.")
        with pytest.raises(Unreachable):
            await client.request(b"x", seconds=0.01)
        hub = await open_bus(path, Runtime(), hub=True)
        async with serving(hub, echo):
            assert await first(heard) == Message("reconnected")
            assert await until_answered(client) == b"echo x"
        await client.close()
        await hub.close()

    async def test_an_engine_that_dies_ends_the_requests_it_had(
        self, ends: Ends, path: Path
    ) -> None:
        reached = asyncio.Event()

        async def never(_payload: bytes, _begin: Begin) -> bytes:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with serving(ends.hub, never):
            asked = asyncio.create_task(ends.one.request(b"x", seconds=PATIENCE))
            await reached.wait()
            await ends.hub.close()
            with pytest.raises(Unreachable, match="went away"):
                await asked

    async def test_a_message_beyond_the_limit_ends_the_connection_unread(
        self, ends: Ends, path: Path
    ) -> None:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write((frames.LIMIT + 1).to_bytes(4, "big"))
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()

    async def test_nonsense_ends_only_the_connection_that_sent_it(
        self, ends: Ends, path: Path
    ) -> None:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"\0\0\0\3GET")
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
        async with serving(ends.hub, echo):
            assert await ends.one.request(b"x", seconds=PATIENCE) == b"echo x"

    async def test_a_client_that_never_reads_costs_the_others_nothing(
        self, ends: Ends, path: Path
    ) -> None:
        _reader, writer = await asyncio.open_unix_connection(path)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of both ways
        heard = ends.one.listen("end.")
        for number in range(2_000):
            await ends.hub.publish("revision.acme", bytes(1_000) + b"%d" % number)
        await ends.hub.publish("end.acme")
        assert await first(heard) == Message("end.acme")
        writer.close()

    async def test_a_path_too_long_for_a_socket_is_told(self, path: Path) -> None:
        with pytest.raises(UserError, match="too long"):
            await open_bus(path / ("x" * 120), Runtime(), hub=True)


async def test_an_inbox_is_bounded_by_asking_to_read_everything() -> None:
    inbox = Inbox()
    for number in range(TOPICS + 1):
        inbox.put(Message(f"revision.{number}"))
    assert inbox.take() == Message("reconnected")
    assert not inbox.waiting()
