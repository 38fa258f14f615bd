"""The guarded client against real servers: hostile ones, wrong passwords, endless answers."""

import asyncio
import gzip
import hashlib
import re
import socket
from collections.abc import Iterator
from itertools import cycle
from typing import cast

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from kalends.errors import (
    AddressRefused,
    RedirectRefused,
    SignInNeeded,
    Throttled,
    TooLarge,
    Unreachable,
)
from kalends.model.http import Request
from kalends.net.contract import Credential, HttpOptions, Limits, SignInOptions
from kalends.runtime import Runtime
from tests.acceptance.net.conftest import Network, eventually, plain

SVC = Credential("svc", "s3cret")


class ServiceOptions(HttpOptions, SignInOptions):
    """A source with a service account."""


async def test_an_answer_comes_back_whole(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        headers = [("X-One", "1"), ("X-One", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
        return web.Response(status=207, body=await request.read(), headers=headers)

    server = await network.serve(answer)
    client = network.client(server.url)
    url = server.url + "a%20b/%C3%A5;x?q=%2F"
    response = await client.send(Request("REPORT", url, (("Depth", "1"),), b"<x/>"))
    assert (response.status, response.body, response.url) == (207, b"<x/>", url)
    assert response.header("x-one") == "1, 2"
    assert response.header("set-cookie") == "a=1\nb=2"
    seen = server.seen[0]
    assert (seen.method, seen.raw_path) == ("REPORT", "/a%20b/%C3%A5;x?q=%2F")
    assert seen.headers["Depth"] == "1"
    assert seen.headers["User-Agent"].startswith("Kalends/")


async def test_a_redirect_within_the_origin_keeps_method_and_body(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/.well-known/caldav":
            return web.Response(status=301, headers={"Location": "/dav/"})
        return web.Response(text=f"{request.method} {await request.text()}")

    server = await network.serve(answer)
    client = network.client(server.url, credential=SVC)
    response = await client.send(
        Request("PROPFIND", server.url + ".well-known/caldav", body=b"<propfind/>")
    )
    assert response.body == b"PROPFIND <propfind/>"
    assert response.url == server.url + "dav/"
    assert len(set(server.authorizations())) == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{other}/steal",
        "//127.0.0.1:{other}/steal",
        "http://localhost:{port}/",
        "http://svc:x@127.0.0.1:{other}/",
        "https://127.0.0.1:{port}/",
        "\\\\127.0.0.1:{other}/steal",
        "http://127.0.0.1:{port}@127.0.0.1:{other}/",
        "file:///etc/passwd",
        "http://[::1]:{port}/",
        "http://2130706433:{other}/",
        "http://",
    ],
)
async def test_a_hostile_redirect_never_carries_the_credential_away(
    network: Network, location: str
) -> None:
    thief = await network.serve(plain)

    async def answer(request: web.Request) -> web.Response:
        if request.path != "/":  # a harmless reading of a hostile location stays here
            return web.Response(status=404)
        to = location.format(other=thief.port, port=request.url.port)
        return web.Response(status=307, headers={"Location": to})

    server = await network.serve(answer)
    client = network.client(server.url, credential=SVC)
    try:
        response = await client.send(Request("GET", server.url))
    except RedirectRefused:
        pass
    else:
        assert response.url.startswith(server.url)
    assert thief.seen == []


async def test_an_href_to_elsewhere_is_refused_like_a_redirect(network: Network) -> None:
    thief = await network.serve(plain)
    server = await network.serve(plain)
    with pytest.raises(RedirectRefused):
        await network.client(server.url, credential=SVC).send(Request("GET", thief.url))
    assert thief.seen == []


async def test_a_listed_host_may_be_redirected_to(network: Network) -> None:
    identity = network.authority.issue()
    second = await network.serve(plain, identity.server(), name="localhost")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": second.url + "x"})

    first = await network.serve(answer, identity.server())
    client = network.client(
        first.url,
        credential=SVC,
        ca_file=str(network.authority.path),
        allowed_hosts=(f"localhost:{second.port}",),
    )
    assert (await client.send(Request("GET", first.url))).url == second.url + "x"
    assert second.authorizations() == first.authorizations()


async def test_endless_redirects_end(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.path + "x"})

    server = await network.serve(answer)
    with pytest.raises(RedirectRefused, match="more than 5"):
        await network.client(server.url).send(Request("GET", server.url))
    assert len(server.seen) == 6


async def test_a_gzip_bomb_stops_at_the_limit(network: Network) -> None:
    bomb = gzip.compress(bytes(300 << 20), 9)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    server = await network.serve(answer)
    with pytest.raises(TooLarge):
        await network.client(server.url).send(
            Request("GET", server.url), limits=Limits(body_bytes=5 << 20)
        )


@pytest.mark.parametrize("declared", [True, False])
async def test_a_large_answer_stops_at_the_limit(network: Network, declared: bool) -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if declared:
            response.content_length = 1 << 40
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))
            sent += 1 << 16

    server = await network.serve(answer)
    with pytest.raises(TooLarge):
        await network.client(server.url).send(
            Request("GET", server.url), limits=Limits(body_bytes=1 << 20)
        )
    assert sent < 20 << 20


async def test_an_answer_that_drips_ends_at_the_time_limit(network: Network) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)

    server = await network.serve(answer)
    with pytest.raises(Unreachable, match="did not answer within"):
        await network.client(server.url).send(Request("GET", server.url), limits=Limits(0.2))


async def test_an_answer_cut_off_is_no_answer(network: Network) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"BEGIN:VCALENDAR")
        assert request.transport is not None
        request.transport.abort()
        return response

    server = await network.serve(answer)
    with pytest.raises(Unreachable):
        await network.client(server.url).send(Request("GET", server.url))


async def test_nobody_listening_is_unreachable(network: Network) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="no connection"):
            await network.client(url).send(Request("GET", url))


async def test_a_busy_server_is_left_alone_as_long_as_it_asks(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "120"})

    server = await network.serve(answer)
    wall = 1_800_000_000.0
    runtime = Runtime(now=lambda: wall, monotonic=lambda: wall)
    client = network.client(server.url, runtime=runtime)
    for _ in range(3):
        with pytest.raises(Throttled) as throttled:
            await client.send(Request("GET", server.url))
        assert throttled.value.at == wall + 120
    assert len(server.seen) == 1
    wall += 121
    with pytest.raises(Throttled):
        await client.send(Request("GET", server.url))
    assert len(server.seen) == 2


async def test_no_more_connections_than_configured(network: Network) -> None:
    now, most = 0, 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await eventually(lambda: most >= 3)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response()

    server = await network.serve(answer)
    client = network.client(server.url, max_connections=3)
    await asyncio.gather(*(client.send(Request("GET", server.url)) for _ in range(30)))
    assert most == 3


# --- addresses ------------------------------------------------------------------------------


class Flipping(AbstractResolver):
    """A name that answers differently each time (DNS rebinding)."""

    def __init__(self, *addresses: str) -> None:
        self._addresses: Iterator[str] = cycle(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = next(self._addresses)
        result = {"hostname": host, "host": address, "port": port, "family": socket.AF_INET}
        return [cast(ResolveResult, result | {"proto": 0, "flags": socket.AI_NUMERICHOST})]

    async def close(self) -> None:
        pass


async def test_a_name_that_turns_to_loopback_is_refused(network: Network) -> None:
    server = await network.serve(plain, network.authority.issue("rebind.example").server())
    url = f"https://rebind.example:{server.port}/"
    flipping = Flipping("192.0.2.1", "127.0.0.1")
    client = network.client(
        url,
        trusted=False,
        networks=("192.0.2.0/24",),
        resolver=flipping,
        ca_file=str(network.authority.path),
    )
    short = Limits(connect_seconds=0.05)
    with pytest.raises(Unreachable):  # nobody lives at the documentation's address
        await client.send(Request("GET", url), limits=short)
    with pytest.raises(AddressRefused, match=r"rebind\.example \(127\.0\.0\.1\)"):
        await client.send(Request("GET", url), limits=short)
    assert server.seen == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0"]
)
async def test_an_address_set_through_the_api_cannot_reach_this_machine(
    network: Network, host: str
) -> None:
    url = f"https://{host}:9/"
    with pytest.raises(AddressRefused):
        await network.client(url, trusted=False).send(Request("GET", url))


async def test_an_opened_range_is_open_to_everybody(network: Network) -> None:
    server = await network.serve(plain)
    client = network.client(server.url, trusted=False, networks=("127.0.0.0/8",))
    assert (await client.send(Request("GET", server.url))).status == 200


async def test_plain_http_never_leaves_for_a_public_address(network: Network) -> None:
    url = "http://dav.acme.example/"
    client = network.client(url, credential=SVC, resolver=Flipping("93.184.216.34"))
    with pytest.raises(AddressRefused, match="use https"):
        await client.send(Request("GET", url))


async def test_a_credential_goes_plain_to_this_machine_only(network: Network) -> None:
    url = "http://dav.acme.example/"
    client = network.client(url, credential=SVC, resolver=Flipping("10.1.2.3"))
    with pytest.raises(AddressRefused, match="plain http with a credential"):
        await client.send(Request("GET", url))


# --- sign-in --------------------------------------------------------------------------------


async def test_basic_is_sent_unasked(network: Network) -> None:
    server = await network.serve(plain)
    await network.client(server.url, credential=SVC).send(Request("GET", server.url))
    assert server.authorizations() == ["Basic c3ZjOnMzY3JldA=="]


async def test_digest_is_answered_and_kept(network: Network) -> None:
    nonce = "n0"

    async def answer(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        if given.startswith("Digest") and fields["nonce"] == nonce:
            assert fields["uri"] == request.raw_path
            secret = hashlib.sha256(b'svc:dav, "here":s3cret').hexdigest()
            action = hashlib.sha256(f"GET:{request.raw_path}".encode()).hexdigest()
            text = f"{secret}:{nonce}:{fields['nc']}:{fields['cnonce']}:auth:{action}"
            if fields["response"] == hashlib.sha256(text.encode()).hexdigest():
                return web.Response(text="in")
        stale = ", stale=true" if given.startswith("Digest") else ""
        offer = f'Digest realm="dav, \\"here\\"", qop="auth,auth-int", nonce="{nonce}"'
        response = web.Response(status=401)
        response.headers.add("WWW-Authenticate", f"{offer}, algorithm=MD5{stale}")
        response.headers.add("WWW-Authenticate", f"{offer}, algorithm=SHA-256{stale}")
        return response

    server = await network.serve(answer)
    client = network.client(server.url, credential=SVC, auth="digest", options=ServiceOptions)
    for path in ("a?b=1", "c", "d%20e"):
        assert (await client.send(Request("GET", server.url + path))).body == b"in"
    assert len(server.seen) == 4
    nonce = "n1"  # the old one is stale now: no failed sign-in, one more round
    assert (await client.send(Request("GET", server.url))).body == b"in"
    assert len(server.seen) == 6
    assert not any((given or "").startswith("Basic") for given in server.authorizations())


async def test_a_storm_of_401_costs_two_failed_sign_ins_an_hour(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    server = await network.serve(answer)
    wall = 1_800_000_000.0
    runtime = Runtime(now=lambda: wall, monotonic=lambda: wall)

    async def storm() -> None:
        clients = [
            network.client(server.url, credential=SVC, runtime=runtime, max_connections=10)
            for _ in range(3)
        ]
        sends = [client.send(Request("GET", server.url)) for client in clients for _ in range(20)]
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
        assert all(isinstance(outcome, SignInNeeded) for outcome in outcomes)

    await storm()
    assert len(server.seen) == 2
    wall += 3500
    await storm()  # as after a restart: nothing but the store remembers
    assert len(server.seen) == 2
    wall += 101
    await storm()
    assert len(server.seen) == 4


async def test_a_new_secret_is_tried_at_once(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        good = request.headers["Authorization"] == "Basic c3ZjOnMzY3JldA=="
        return web.Response(status=200 if good else 401, headers={"WWW-Authenticate": "Basic"})

    server = await network.serve(answer)
    wrong = network.client(server.url, credential=Credential("svc", "wrong"))
    for _ in range(5):
        with pytest.raises(SignInNeeded):
            await wrong.send(Request("GET", server.url))
    assert len(server.seen) == 2
    assert (
        await wrong.send(Request("GET", server.url), credential=Credential("svc", "s3cret"))
    ).status == 200


async def test_no_credential_where_one_is_wanted_says_so(network: Network) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=401)

    server = await network.serve(answer)
    with pytest.raises(SignInNeeded, match="none is configured"):
        await network.client(server.url).send(Request("GET", server.url))
