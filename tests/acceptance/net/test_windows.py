"""NTLM and Negotiate against real connections: signed in once, bound, and never half."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from kalends.errors import BadAnswer, SignInNeeded, Throttled, Unreachable
from kalends.model.http import Request
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from kalends.net.guarded import GuardedClient
from tests.acceptance.net.conftest import Network, Server, eventually
from tests.acceptance.net.windows import Windows
from tests.patience import PATIENCE

SVC = Credential("ACME\\svc", "s3cret")
WRONG = Credential("ACME\\svc", "wrong")
WAYS = ["ntlm", "negotiate"]


class ServiceOptions(HttpOptions, SignInOptions):
    """A source with a service account."""


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "users"
    file.write_text("ACME:svc:s3cret\n:other@acme.example:pä:ss\n".replace("pä:ss", "påss"))
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


async def echo(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"<" + await request.read() + b">")


def client_of(
    network: Network, server: Server, auth: str = "ntlm", **keys: object
) -> GuardedClient:
    return network.client(
        server.url,
        auth=auth,
        options=ServiceOptions,
        ca_file=str(network.authority.path),
        **keys,  # type: ignore[arg-type]  # options by name
    )


@asynccontextmanager
async def ends_tls(shown: ssl.SSLContext, port: int) -> AsyncIterator[int]:
    """A proxy that ends TLS and speaks plainly to what stands behind it."""
    tasks = set[asyncio.Task[None]]()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", port)
        tasks.add(asyncio.create_task(pump(reader, behind[1])))
        tasks.add(asyncio.create_task(pump(behind[0], writer)))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=shown)
    try:
        yield proxy.sockets[0].getsockname()[1]
    finally:
        proxy.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def post(
    client: GuardedClient, url: str, body: bytes = b"x", credential: Credential | None = None
) -> bytes:
    return (await client.send(Request("POST", url, body=body), credential=credential)).body


@pytest.mark.parametrize("way", WAYS)
async def test_a_connection_is_signed_in_once_and_the_body_goes_once(
    network: Network, way: str
) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    client = client_of(network, server, way, credential=SVC)
    assert await post(client, server.url, b"one") == b"<one>"
    assert [(seen.scheme, seen.body) for seen in windows.seen] == [
        ("", b""),
        (way, b""),
        (way, b"one"),
    ]
    assert await post(client, server.url, b"two") == b"<two>"
    assert [(seen.scheme, seen.body) for seen in windows.seen[3:]] == [("", b"two")]
    assert {seen.connection for seen in windows.seen} == {1}
    assert windows.users == ["ACME\\svc"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_user_may_be_written_as_an_address(network: Network, way: str) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    other = Credential("other@acme.example", "påss")
    assert await post(client_of(network, server, way, credential=other), server.url) == b"<x>"
    assert windows.users == ["other@acme.example"]


async def test_requests_side_by_side_have_connections_of_their_own(network: Network) -> None:
    inside, most, alone = 0, 0, True

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await eventually(lambda: alone or most >= 3)
        await asyncio.sleep(0.01)
        inside -= 1
        return await echo(request)

    windows = Windows(slow)
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC, max_connections=3)
    await post(client, server.url)  # the first alone: its secret is on trial
    alone = False
    await asyncio.gather(*(post(client, server.url) for _ in range(30)))
    assert most == 3
    assert len({seen.connection for seen in windows.seen}) == 3
    assert len(windows.users) == 3


async def test_a_connection_signed_in_for_one_is_not_used_by_another(network: Network) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC)
    await post(client, server.url)
    await post(client, server.url, credential=Credential("other@acme.example", "påss"))
    await post(client, server.url)
    assert windows.users == ["ACME\\svc", "other@acme.example"]
    assert [seen.connection for seen in windows.seen] == [1, 1, 1, 2, 2, 2, 1]


@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_password_is_one_refusal_however_many_401(network: Network, way: str) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    client = client_of(network, server, way, credential=WRONG)
    for _ in range(4):
        with pytest.raises(SignInNeeded):
            await post(client, server.url)
    assert windows.refused == 2
    assert await client.sign_in_open_until() is not None
    assert await post(client, server.url, credential=SVC) == b"<x>"


@pytest.mark.parametrize("way", WAYS)
async def test_a_server_that_offers_less_is_told_nothing(network: Network, way: str) -> None:
    windows = Windows(echo, offers=("basic",))
    server = await network.serve(windows.answer)
    client = client_of(network, server, way, credential=SVC)
    for _ in range(4):
        with pytest.raises(SignInNeeded, match="offers basic to sign in") as told:
            await post(client, server.url)
        assert told.value.remedy.startswith("Write auth = 'basic'")
    assert {seen.scheme for seen in windows.seen} == {""}
    assert await client.sign_in_open_until() is None


async def test_auto_never_signs_in_a_connection(network: Network) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    with pytest.raises(SignInNeeded, match="offers negotiate, ntlm") as told:
        await post(client_of(network, server, "auto", credential=SVC), server.url)
    assert told.value.remedy.startswith("Write auth = 'negotiate'")


async def test_a_connection_closed_after_the_offer_does_no_harm(network: Network) -> None:
    windows = Windows(echo, close_after=lambda seen: seen.scheme == "")
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC)
    assert await post(client, server.url) == b"<x>"
    assert [seen.connection for seen in windows.seen] == [1, 2, 2]


async def test_a_server_that_closes_after_each_round_cannot_be_signed_in_to(
    network: Network,
) -> None:
    windows = Windows(echo, close_after=lambda seen: seen.scheme != "")
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC)
    with pytest.raises(Unreachable, match="closes its connections in the middle of a sign-in"):
        await post(client, server.url, b"secret appointment")
    assert windows.refused == 0
    assert not any(seen.body for seen in windows.seen)
    assert await client.sign_in_open_until() is None


async def test_a_connection_lost_between_two_requests_is_signed_in_anew(network: Network) -> None:
    windows = Windows(echo, close_after=lambda seen: seen.body == b"last")
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC)
    for body in (b"one", b"last", b"two"):
        assert await post(client, server.url, body) == b"<" + body + b">"
    assert windows.users == ["ACME\\svc", "ACME\\svc"]
    assert [seen.connection for seen in windows.seen] == [1, 1, 1, 1, 2, 2, 2]


async def test_a_server_that_forgets_a_connection_is_told_again(network: Network) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC)
    await post(client, server.url)
    windows.forget()
    assert await post(client, server.url, b"two") == b"<two>"
    assert windows.refused == 0
    assert windows.users == ["ACME\\svc", "ACME\\svc"]


async def test_no_sign_in_where_none_is_wanted(network: Network) -> None:
    server = await network.serve(echo)
    client = client_of(network, server, credential=SVC)
    assert await post(client, server.url) == b"<x>"
    assert server.authorizations() == [None, None]


async def test_a_redirect_goes_over_the_same_connection(network: Network) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/":
            return web.Response(status=307, headers={"Location": "/ews"})
        return await echo(request)

    windows = Windows(answer)
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=SVC)
    assert await post(client, server.url) == b"<x>"
    assert {seen.connection for seen in windows.seen} == {1}


async def test_what_a_server_answers_in_the_middle_is_judged(network: Network) -> None:
    status, headers = 503, {"Retry-After": "60"}

    async def answer(request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            return web.Response(status=status, headers=headers)
        return web.Response(status=401, headers={"WWW-Authenticate": "NTLM"})

    server = await network.serve(answer)
    with pytest.raises(Throttled):
        await post(client_of(network, server, credential=SVC), server.url)
    status, headers = 400, {}
    with pytest.raises(BadAnswer, match="answers 400 in the middle of a sign-in"):
        await post(client_of(network, server, credential=SVC), server.url)
    status, headers = 401, {"WWW-Authenticate": "NTLM"}
    with pytest.raises(BadAnswer, match="offers ntlm and does not go on"):
        await post(client_of(network, server, credential=SVC), server.url)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("token", ["AAAA", "TlRMTVNTUAACAAAA", "oQcwBaADCgEC", "YIGe" + "A" * 200])
async def test_a_token_that_makes_no_sense_is_a_bad_answer(
    network: Network, way: str, token: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        offer = f"{way} {token}" if "Authorization" in request.headers else way
        return web.Response(status=401, headers={"WWW-Authenticate": offer})

    server = await network.serve(answer)
    client = client_of(network, server, way, credential=SVC)
    with pytest.raises(BadAnswer):
        await post(client, server.url)
    assert await client.sign_in_open_until() is None


@pytest.mark.parametrize("way", WAYS)
async def test_a_stream_signs_in_and_keeps_its_connection_to_itself(
    network: Network, way: str
) -> None:
    go = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/stream":
            return await echo(request)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one")
        await go.wait()
        await response.write(b"two")
        return response

    windows = Windows(answer)
    server = await network.serve(windows.answer)
    client = client_of(network, server, way, credential=SVC, max_connections=1)
    request = Request("POST", server.url + "stream", body=b"<subscribe/>")
    async with client.stream(request) as streamed:
        chunks = aiter(streamed.chunks())
        assert await anext(chunks) == b"one"
        assert await post(client, server.url) == b"<x>"
        go.set()
        assert [chunk async for chunk in chunks] == [b"two"]
    assert [(seen.connection, seen.body) for seen in windows.seen if seen.body] == [
        (1, b"<subscribe/>"),
        (2, b"x"),
    ]
    async with client.stream(request) as streamed:  # the connection of the first was kept
        assert b"".join([chunk async for chunk in streamed.chunks()]) == b"onetwo"
    assert len(windows.users) == 2


async def test_a_stream_with_a_wrong_password_is_refused(network: Network) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    client = client_of(network, server, credential=WRONG)
    for _ in range(3):
        with pytest.raises(SignInNeeded):
            async with client.stream(Request("POST", server.url)):
                pass
    assert windows.refused == 2


# --- Extended Protection --------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_a_sign_in_is_bound_to_the_certificate_of_its_connection(
    network: Network, way: str
) -> None:
    identity = network.authority.issue()
    windows = Windows(echo, protection=identity.certificate)
    server = await network.serve(windows.answer, identity.server())
    assert await post(client_of(network, server, way, credential=SVC), server.url) == b"<x>"
    assert windows.refused == 0


@pytest.mark.parametrize("way", WAYS)
async def test_through_a_proxy_that_ends_tls_the_refusal_names_extended_protection(
    network: Network, way: str
) -> None:
    # The server binds sign-ins to its own certificate, which the proxy does not show.
    windows = Windows(echo, protection=network.authority.issue().certificate)
    server = await network.serve(windows.answer)
    shown = network.authority.issue()
    async with ends_tls(shown.server(), server.port) as port:
        proxied = replace(server, url=f"https://127.0.0.1:{port}/")
        with pytest.raises(SignInNeeded, match="Extended Protection") as told:
            await post(client_of(network, proxied, way, credential=SVC), proxied.url)
        windows.protection = shown.certificate  # "give both the same certificate"
        assert await post(client_of(network, proxied, way, credential=SVC), proxied.url) == b"<x>"
    assert "let it pass TLS through" in told.value.remedy
    assert windows.refused == 1


# --- the server itself, judged by a client nobody here wrote ---------------------------------


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("password", ["s3cret", "wrong"])
async def test_curl_signs_in_to_this_server_too(
    network: Network, way: str, password: str, tmp_path: Path
) -> None:
    windows = Windows(echo)
    server = await network.serve(windows.answer)
    mine = tmp_path / "mine"  # for Negotiate curl asks Debian's gss-ntlmssp, which reads this
    mine.write_text(f"ACME:svc:{password}\n")
    curl = await asyncio.create_subprocess_exec(
        "curl", "-s", "-o", "-", "-w", " %{http_code}", f"--{way}", "-u", f"ACME\\svc:{password}",
        "--data", "one", server.url, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NTLM_USER_FILE": str(mine)},
    )  # fmt: skip
    said, _ = await asyncio.wait_for(curl.communicate(), PATIENCE)
    if way == "negotiate" and not windows.users and password == "s3cret":
        pytest.skip("no gss-ntlmssp for curl to do NTLM within Negotiate")
    assert said == (b"<one> 200" if password == "s3cret" else b"no 401")
