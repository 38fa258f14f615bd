"""The guarded client over a network that breaks (lab/faultproxy)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from lab.faultproxy import Ending, Fault, FaultProxy, http_answer

from kalends.errors import Throttled, Unreachable
from kalends.model.http import Request
from kalends.net.contract import Limits
from kalends.net.guarded import GuardedClient
from tests.acceptance.net.conftest import Network
from tests.patience import PATIENCE

FEED = b"BEGIN:VCALENDAR\r\n" + b"X-PAD:0123456789\r\n" * 20_000 + b"END:VCALENDAR\r\n"


@pytest.fixture(params=["plain", "tls"])
async def world(
    request: pytest.FixtureRequest, network: Network
) -> AsyncIterator[tuple[FaultProxy, GuardedClient, str]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=FEED)

    tls = network.authority.issue().server() if request.param == "tls" else None
    server = await network.serve(answer, tls)
    async with FaultProxy("127.0.0.1", server.port) as proxy:
        url = f"{'https' if tls else 'http'}://127.0.0.1:{proxy.port}/"
        yield proxy, network.client(url, ca_file=str(network.authority.path)), url


World = tuple[FaultProxy, GuardedClient, str]


async def read(world: World, seconds: float = 0.5) -> bytes:
    _, client, url = world
    return (await client.send(Request("GET", url), limits=Limits(seconds))).body


async def test_a_sound_network_passes_everything(world: World) -> None:
    assert await read(world, PATIENCE) == FEED


@pytest.mark.parametrize("ending", ["close", "reset", "hang"])
@pytest.mark.parametrize("bytes_through", [0, 40, 10_000, len(FEED)])
async def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(
    world: World, ending: Ending, bytes_through: int
) -> None:
    proxy = world[0]
    proxy.always = Fault(cut_after=bytes_through, ending=ending)
    with pytest.raises(Unreachable):
        await read(world)
    proxy.always = Fault()
    assert await read(world, PATIENCE) == FEED


async def test_a_server_that_never_hears_us_is_left(world: World) -> None:
    world[0].faults = [Fault(deaf=True)]
    with pytest.raises(Unreachable):
        await read(world)


async def test_a_connection_closed_from_the_other_side_at_once(world: World) -> None:
    world[0].always = Fault(half_close=True)
    with pytest.raises(Unreachable):
        await read(world)
    world[0].always = Fault()
    assert await read(world, PATIENCE) == FEED


async def test_a_kept_connection_that_died_meanwhile_is_not_noticed(world: World) -> None:
    assert await read(world, PATIENCE) == FEED
    await world[0].cut()
    assert await read(world, PATIENCE) == FEED


async def test_a_server_that_is_away_and_comes_back(world: World) -> None:
    proxy = world[0]
    await proxy.refuse()
    for _ in range(3):
        with pytest.raises(Unreachable):
            await read(world)
    with pytest.raises(Unreachable) as told:  # an outage: nothing is sent before the next probe
        await read(world)
    assert told.value.at is not None
    await proxy.listen()
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await read(world, PATIENCE) == FEED
                break
            except Unreachable:
                await asyncio.sleep(0.05)


async def test_a_busy_proxy_in_between_is_obeyed(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    server = await network.serve(answer)
    async with FaultProxy("127.0.0.1", server.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/"
        client = network.client(url)
        proxy.faults = [
            Fault(answer=http_answer(502)),
            Fault(answer=http_answer(503, headers={"Retry-After": "60"})),
        ]
        with pytest.raises(Unreachable, match="502"):
            await client.send(Request("GET", url))
        with pytest.raises(Throttled):
            await client.send(Request("GET", url))
        with pytest.raises(Throttled):
            await client.send(Request("GET", url))
        assert proxy.connections == 2
        assert server.seen == []


async def test_a_slow_network_is_slow(world: World) -> None:
    world[0].always = Fault(delay=0.05, bytes_per_second=4e6)
    begun = asyncio.get_running_loop().time()
    assert await read(world, PATIENCE) == FEED
    assert asyncio.get_running_loop().time() - begun > 0.1
