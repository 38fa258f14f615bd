"""What every bus does. A new bus is a subclass with a fixture ``ends``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from kalends.bus.contract import Begin, Bus, Handler, Message
from kalends.errors import NotBegun, Unreachable
from tests.patience import PATIENCE


@dataclass
class Ends:
    """A hub and two clients of one bus, and a way to cut their connections."""

    hub: Bus
    one: Bus
    other: Bus
    interrupt: Callable[[], Awaitable[None]]


async def first(messages: AsyncIterator[Message]) -> Message:
    return await asyncio.wait_for(anext(messages), PATIENCE)


@asynccontextmanager
async def serving(bus: Bus, handler: Handler) -> AsyncIterator[None]:
    task = asyncio.create_task(bus.serve(handler))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def echo(payload: bytes, begin: Begin) -> bytes:
    await begin()
    return b"echo " + payload


class Busy:
    """An engine that is kept from beginning, or from ending, until told."""

    def __init__(self) -> None:
        self.come, self.begun, self.free, self.over = (asyncio.Event() for _ in range(4))
        self.done: list[bytes] = []

    async def early(self, payload: bytes, begin: Begin) -> bytes:
        await begin()
        self.begun.set()
        await self.free.wait()
        return await self._do(payload)

    async def late(self, payload: bytes, begin: Begin) -> bytes:
        self.come.set()
        try:
            await self.free.wait()
            await begin()
            return await self._do(payload)
        finally:
            self.over.set()

    async def _do(self, payload: bytes) -> bytes:
        self.done.append(payload)
        self.over.set()
        return payload


async def reached(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE)


class BusContract:
    """Inherit, and give a fixture ``ends``."""

    async def test_a_notice_reaches_everybody_who_listens(self, ends: Ends) -> None:
        heard = [bus.listen("revision.") for bus in (ends.hub, ends.one, ends.other)]
        await ends.hub.publish("revision.acme", b"7")
        assert [await first(it) for it in heard] == [Message("revision.acme", b"7")] * 3

    async def test_a_client_too_may_give_notice(self, ends: Ends) -> None:
        heard = [bus.listen("settings.") for bus in (ends.hub, ends.one, ends.other)]
        await ends.one.publish("settings.acme")
        assert [await first(it) for it in heard] == [Message("settings.acme")] * 3

    async def test_a_listener_hears_only_its_prefix(self, ends: Ends) -> None:
        heard = ends.one.listen("revision.acme")
        await ends.hub.publish("revision.other", b"1")
        await ends.hub.publish("revision.acme", b"2")
        assert await first(heard) == Message("revision.acme", b"2")

    async def test_a_slow_listener_finds_the_newest_of_each_topic(self, ends: Ends) -> None:
        slow, marker = ends.one.listen("revision."), ends.one.listen("end.")
        for number in range(100):
            await ends.hub.publish("revision.a", b"%d" % number)
            await ends.hub.publish("revision.b", b"%d" % number)
        await ends.hub.publish("end.x")
        await first(marker)
        assert {await first(slow), await first(slow)} == {
            Message("revision.a", b"99"),
            Message("revision.b", b"99"),
        }

    async def test_a_notice_is_heard_that_came_before_the_listener_waited(self, ends: Ends) -> None:
        heard = ends.hub.listen("health.")
        await ends.hub.publish("health.acme")
        assert await first(heard) == Message("health.acme")

    async def test_a_request_is_answered_by_the_engine(self, ends: Ends) -> None:
        async with serving(ends.hub, echo):
            for bus in (ends.hub, ends.one, ends.other):
                assert await bus.request(b"x", seconds=PATIENCE) == b"echo x"

    async def test_answers_find_their_requests(self, ends: Ends) -> None:
        gates = {b"1": asyncio.Event(), b"2": asyncio.Event()}

        async def later(payload: bytes, _begin: Begin) -> bytes:
            await gates[payload].wait()
            return payload

        async with serving(ends.hub, later):
            asked = [
                asyncio.create_task(ends.one.request(name, seconds=PATIENCE)) for name in gates
            ]
            gates[b"2"].set()
            assert await asked[1] == b"2"
            gates[b"1"].set()
            assert await asked[0] == b"1"

    async def test_a_megabyte_travels_both_ways(self, ends: Ends) -> None:
        large = bytes(1 << 20)
        async with serving(ends.hub, echo):
            assert await ends.one.request(large, seconds=PATIENCE) == b"echo " + large

    async def test_a_request_nobody_serves_is_unreachable(self, ends: Ends) -> None:
        with pytest.raises(Unreachable, match="not answering"):
            await ends.one.request(b"x", seconds=PATIENCE)

    async def test_a_request_that_takes_too_long_is_unreachable(self, ends: Ends) -> None:
        async def never(_payload: bytes, _begin: Begin) -> bytes:
            await asyncio.Event().wait()
            raise AssertionError

        async with serving(ends.hub, never):
            with pytest.raises(Unreachable, match="in time"):
                await ends.one.request(b"x", seconds=0.01)

    async def test_a_failing_engine_tells_nothing_of_its_failure(self, ends: Ends) -> None:
        async def fails(_payload: bytes, _begin: Begin) -> bytes:
            raise ValueError("subject of a private booking")

        async with serving(ends.hub, fails):
            with pytest.raises(Unreachable) as told:
                await ends.one.request(b"x", seconds=PATIENCE)
        assert "private" not in str(told.value)

    async def test_what_was_not_begun_in_time_is_not_done_later_and_the_asker_knows(
        self, ends: Ends
    ) -> None:
        busy = Busy()
        async with serving(ends.hub, busy.late):
            with pytest.raises(NotBegun, match="in time"):
                await ends.one.request(b"x", seconds=0.05)
            busy.free.set()
            await reached(busy.over)
        assert busy.done == []

    async def test_what_was_begun_is_finished_and_the_asker_knows_that_it_may_be(
        self, ends: Ends
    ) -> None:
        busy = Busy()
        async with serving(ends.hub, busy.early):
            for seconds in (0.05, 1.0, PATIENCE):  # on a busy machine it may take long to begin
                with pytest.raises(Unreachable) as told:
                    await ends.one.request(b"x", seconds=seconds)
                if busy.begun.is_set():
                    break
            assert not isinstance(told.value, NotBegun)
            assert "may be done" in str(told.value)
            busy.free.set()
            await reached(busy.over)
        assert busy.done == [b"x"]

    async def test_who_hangs_up_leaves_nothing_half_done(self, ends: Ends) -> None:
        begun, waits = Busy(), Busy()

        async def both(payload: bytes, begin: Begin) -> bytes:
            return await (begun.early if payload == b"1" else waits.late)(payload, begin)

        async with serving(ends.hub, both):
            asked = [asyncio.create_task(ends.one.request(it, seconds=60)) for it in (b"1", b"2")]
            await reached(begun.begun)
            await reached(waits.come)
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            await ends.one.close()
            await reached(waits.over)
            begun.free.set()
            await reached(begun.over)
        assert (begun.done, waits.done) == ([b"1"], [])

    async def test_an_engine_that_stops_tells_what_it_had_begun(self, ends: Ends) -> None:
        begun, waits = Busy(), Busy()

        async def both(payload: bytes, begin: Begin) -> bytes:
            return await (begun.early if payload == b"1" else waits.late)(payload, begin)

        async with serving(ends.hub, both):
            asked = [asyncio.create_task(ends.one.request(it, seconds=60)) for it in (b"1", b"2")]
            await reached(begun.begun)
            await reached(waits.come)
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(one, NotBegun) for one in told] == [False, True]
        assert all(isinstance(one, Unreachable) for one in told)

    async def test_after_a_lost_connection_listeners_are_told_to_read_everything(
        self, ends: Ends
    ) -> None:
        heard = ends.one.listen("revision.")
        await ends.interrupt()
        assert await first(heard) == Message("reconnected")
        await ends.hub.publish("revision.acme", b"1")
        assert await first(heard) == Message("revision.acme", b"1")

    async def test_only_one_serves(self, ends: Ends) -> None:
        async with serving(ends.hub, echo):
            with pytest.raises(RuntimeError):
                await ends.hub.serve(echo)

    async def test_listening_ends_when_the_bus_is_closed(self, ends: Ends) -> None:
        heard = ends.one.listen("")
        await ends.one.close()
        with pytest.raises(StopAsyncIteration):
            await first(heard)
