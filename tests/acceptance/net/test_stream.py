"""Streams against real servers: what arrives is handed on at once, and silence is noticed."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from kalends.errors import (
    AddressRefused,
    CertificateRefused,
    RedirectRefused,
    SignInNeeded,
    Throttled,
    TooLarge,
    Unreachable,
)
from kalends.model.http import Request
from kalends.net.contract import Credential, Limits
from kalends.net.guarded import GuardedClient
from kalends.runtime import Runtime
from tests.acceptance.net.conftest import Network, eventually, plain
from tests.patience import PATIENCE

SVC = Credential("svc", "s3cret")
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Wire = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(answer: Wire) -> AsyncIterator[str]:
    """Serve bytes as they are written: what no HTTP library would send."""
    tasks = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await reader.readuntil(b"\r\n\r\n")
        await answer(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tasks:
            task.cancel()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def read(client: GuardedClient, url: str, silence: float = 5.0) -> bytes:
    async with client.stream(Request("POST", url), silence=silence) as streamed:
        return b"".join([data async for data in streamed.chunks()])


async def test_chunks_arrive_as_they_are_sent(network: Network) -> None:
    written: asyncio.Queue[bytes] = asyncio.Queue()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"X-Kind": "news"})
        await response.prepare(request)
        assert await request.read() == b"<subscribe/>"
        while data := await written.get():
            await response.write(data)
        return response

    server = await network.serve(answer)
    client = network.client(server.url)
    request = Request("POST", server.url, (("X-AnchorMailbox", "anna"),), b"<subscribe/>")
    async with client.stream(request) as streamed:
        assert (streamed.status, streamed.header("x-kind")) == (200, "news")
        chunks = aiter(streamed.chunks())
        for data in (b"one", b"two", b"three"):
            written.put_nowait(data)
            assert await anext(chunks) == data  # before the next is even written
        written.put_nowait(b"")
        assert [data async for data in chunks] == []
    assert server.seen[0].headers["X-AnchorMailbox"] == "anna"


async def test_compression_is_not_asked_for_and_undone_where_it_comes(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        body = gzip.compress(b"news")
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    server = await network.serve(answer)
    assert await read(network.client(server.url), server.url) == b"news"
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


async def test_silence_is_told(network: Network) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"hello"))
        assert await reader.read() == b""  # ends when the client has closed its side
        gone.set()

    gone = asyncio.Event()
    async with raw(answer) as url:
        seen = []
        with pytest.raises(Unreachable, match=r"fell silent for 0\.5 s"):
            async with network.client(url).stream(Request("POST", url), silence=0.5) as streamed:
                async for data in streamed.chunks():
                    seen.append(data)
        assert seen == [b"hello"]
        await asyncio.wait_for(gone.wait(), PATIENCE)


async def test_a_head_that_never_comes_is_told(network: Network) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw(answer) as url:
        with pytest.raises(Unreachable, match="did not answer within"):
            await read(network.client(url), url, silence=0.1)


async def test_an_other_side_that_closes_its_half_has_broken_off(network: Network) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"hello") + b"5\r\nwo")
        writer.write_eof()
        await reader.read()

    async with raw(answer) as url:
        with pytest.raises(Unreachable, match="cut off"):
            await read(network.client(url), url)


async def test_an_endless_stream_ends_at_its_bounds(network: Network) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1000))
            await asyncio.sleep(0.005)

    server = await network.serve(answer)
    client = network.client(server.url)
    for limits, error, why in (
        (Limits(seconds=1), Unreachable, "lasted too long"),
        (Limits(body_bytes=5000), TooLarge, "larger than 5,000 bytes"),
    ):
        with pytest.raises(error, match=why):
            async with client.stream(Request("POST", server.url), limits=limits) as streamed:
                async for _ in streamed.chunks():
                    pass


async def test_whoever_leaves_closes_the_connection(network: Network) -> None:
    came, gone = 0, 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came, gone
        came += 1
        writer.write(HEAD + chunk(b"hello"))
        assert await reader.read() == b""
        gone += 1

    async with raw(answer) as url:
        client = network.client(url)
        async with client.stream(Request("POST", url)) as streamed:
            assert await anext(aiter(streamed.chunks())) == b"hello"
        await eventually(lambda: gone == 1)
        waiting = asyncio.create_task(read(client, url))
        await eventually(lambda: came == 2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await eventually(lambda: gone == 2)


async def test_open_streams_keep_no_ordinary_request_waiting(network: Network) -> None:
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/plain":
            return web.Response(text="hello")
        response = web.StreamResponse()
        await response.prepare(request)
        await ended.wait()
        return response

    server = await network.serve(answer)
    client = network.client(server.url, max_connections=1)
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(client.stream(Request("POST", server.url)))
        got = await asyncio.wait_for(client.send(Request("GET", server.url + "plain")), PATIENCE)
        assert got.body == b"hello"
        ended.set()


# --- guarded like everything else -----------------------------------------------------------


async def test_a_refused_sign_in_counts_for_streams_too(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})

    server = await network.serve(answer)
    client = network.client(server.url, credential=SVC)
    for _ in range(4):
        with pytest.raises(SignInNeeded):
            await read(client, server.url)
    with pytest.raises(SignInNeeded, match="not tried again"):
        await client.send(Request("GET", server.url))
    assert len(server.seen) == 2


async def test_a_long_stream_holds_no_trial_of_its_credential(network: Network) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if request.method == "POST":
            await asyncio.Event().wait()
        return response

    server = await network.serve(answer)
    client = network.client(server.url, credential=SVC)
    async with client.stream(Request("POST", server.url)):
        got = await asyncio.wait_for(client.send(Request("GET", server.url)), PATIENCE)
        assert got.status == 200


async def test_a_stream_is_told_to_be_silent_as_a_request_is(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "120"})

    server = await network.serve(answer)
    wall = 1_800_000_000.0
    client = network.client(server.url, runtime=Runtime(now=lambda: wall, monotonic=lambda: wall))
    for _ in range(2):
        with pytest.raises(Throttled) as told:
            await read(client, server.url)
        assert told.value.at == wall + 120
    assert len(server.seen) == 1


async def test_a_stream_goes_only_where_a_request_may_go(network: Network) -> None:
    thief = await network.serve(plain)

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/home":
            return web.Response(text="hello")
        to = thief.url if request.path == "/away" else "/home"
        return web.Response(status=307, headers={"Location": to})

    server = await network.serve(answer)
    client = network.client(server.url, credential=SVC)
    assert await read(client, server.url) == b"hello"
    with pytest.raises(RedirectRefused):
        await read(client, server.url + "away")
    with pytest.raises(AddressRefused):
        await read(network.client("https://127.0.0.1/", trusted=False), "https://127.0.0.1/")
    unknown = await network.serve(plain, network.authority.issue().server())
    with pytest.raises(CertificateRefused):
        await read(network.client(unknown.url), unknown.url)
    assert thief.seen == unknown.seen == []


async def test_a_caller_may_judge_redirects_by_himself(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})

    server = await network.serve(answer)
    response = await network.client(server.url).send(Request("GET", server.url), follow=False)
    assert (response.status, response.header("location")) == (302, "https://elsewhere.example/")
    assert len(server.seen) == 1
