"""Signing in to the emulator: judged by curl, exchangelib and pyspnego's client."""

from __future__ import annotations

import asyncio
import base64
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import spnego
from aiohttp import ClientSession, TCPConnector
from lab.exchange.seed import seed
from lab.exchange.serve import basic, serving
from lab.exchange.server import ExchangeServer
from lab.exchange.signin import end_point
from spnego.channel_bindings import GssChannelBindings

from tests.acceptance.exchange.environment import exchangelib
from tests.acceptance.exchange.test_sockets import FOLDER, HEAD
from tests.acceptance.net.authority import Authority, Identity
from tests.patience import PATIENCE

ANNA = "anna@example.test"
NAME, SECRET = "svc@example.test", "s:ecret & more"
BODY = HEAD.format(version="Exchange2013_SP1", who="", body=FOLDER.format("calendar", ""))


@asynccontextmanager
async def exchange(
    *schemes: str, shown: Identity | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ExchangeServer]:
    server = ExchangeServer(named="2016")
    seed(server.organization, service=(NAME, SECRET), people=[(ANNA, "Anna Berg")])
    server.sign_in.schemes = schemes
    pem = shown.path.read_bytes() if shown else b""
    async with serving(server, tls=tls or (shown.server() if shown else None), certificate=pem):
        yield server


async def curl(server: ExchangeServer, *options: str, password: str = SECRET) -> str:
    """Ask with curl; return the status, or what it said."""
    found = shutil.which("curl")
    if found is None:
        pytest.skip("curl is not installed")
    process = await asyncio.create_subprocess_exec(
        found, "-s", "-o", "-", "-w", "\n%{http_code} %{num_connects}", "-u", f"{NAME}:{password}",
        "-H", "Content-Type: text/xml", "--data-binary", BODY, *options, server.url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return said.decode().splitlines()[-1]


async def spoken(
    session: ClientSession, server: ExchangeServer, scheme: str, bindings: bytes | None = None
) -> int:
    """Sign a connection in with pyspnego's client; return the last status."""
    told = GssChannelBindings(application_data=bindings) if bindings else None
    client = spnego.client(
        NAME, SECRET, "127.0.0.1", "HTTP", protocol=scheme.lower(), channel_bindings=told
    )
    answer: bytes | None = None
    for _ in range(4):
        token = base64.b64encode(client.step(answer) or b"").decode()
        headers = {"authorization": f"{scheme} {token}", "content-type": "text/xml"}
        async with session.post(server.url, data=BODY, headers=headers) as reply:
            await reply.read()
            challenges = reply.headers.getall("www-authenticate", [])
            if reply.status != 401 or not challenges[0].startswith(f"{scheme} "):
                return reply.status
            answer = base64.b64decode(challenges[0].partition(" ")[2])
    return 401


async def test_curl_signs_in_with_ntlm_on_one_connection() -> None:
    async with exchange("Negotiate", "NTLM") as server:
        assert await curl(server, "--ntlm") == "200 1"
        assert await curl(server, "--basic") == "401 1"
        assert (await curl(server, "--ntlm", password="wrong")).startswith("401")
        assert server.organization.accounts[NAME].failures == 1


async def test_exchangelib_signs_in_with_ntlm() -> None:
    async with (
        exchange("NTLM") as server,
        exchangelib(server.url, "look", auth="NTLM", password=SECRET) as client,
    ):
        assert await client.says() == []
        assert server.counters.requests["FindItem"] == 1


async def test_a_wrong_password_is_told_by_exchangelib() -> None:
    async with (
        exchange("NTLM") as server,
        exchangelib(server.url, "look", auth="NTLM", password="wrong") as client,
    ):
        assert (await client.says())[0] == "UnauthorizedError"
        assert server.counters.sign_in_failures > 0


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
async def test_a_connection_stays_signed_in_and_another_is_not(scheme: str) -> None:
    async with exchange(scheme) as server, ClientSession() as session, ClientSession() as other:
        assert await spoken(session, server, scheme) == 200
        async with session.post(server.url, data=BODY) as reply:
            assert reply.status == 200
        async with other.post(server.url, data=BODY) as reply:
            assert (reply.status, reply.headers["www-authenticate"]) == (401, scheme)


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
async def test_extended_protection_wants_the_channel_bound(scheme: str, tmp_path: Path) -> None:
    shown = Authority(tmp_path).issue()
    async with exchange(scheme, shown=shown) as server:
        server.sign_in.extended_protection = True
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        bound = end_point(shown.certificate)
        for bindings, status in ((bound, 200), (None, 401), (bound[:-1] + b"x", 401)):
            async with ClientSession(connector=TCPConnector(ssl=trust)) as session:
                assert await spoken(session, server, scheme, bindings) == status
        # curl binds nothing: what a client without channel binding meets.
        if scheme == "NTLM":
            assert (await curl(server, "--ntlm", "-k")).startswith("401")
            server.sign_in.extended_protection = False
            assert (await curl(server, "--ntlm", "-k")).startswith("200")


async def test_a_token_is_had_for_a_secret_and_expires() -> None:
    async with exchange("Bearer") as server, ClientSession() as session:
        now = [1_772_000_000.0]
        server.organization.now = lambda: now[0]
        server.organization.add_application("client-1", "hush")
        form = {"grant_type": "client_credentials", "client_id": "client-1", "client_secret": "x"}
        place = f"{server.origin}/oauth2/v2.0/token"
        async with session.post(place, data=form) as reply:
            assert (reply.status, (await reply.json())["error"]) == (401, "invalid_client")
        async with session.post(place, data={**form, "client_secret": "hush"}) as reply:
            token = (await reply.json())["access_token"]
        asked = {"authorization": f"Bearer {token}"}
        body = BODY.replace(
            "</s:Header>",
            "<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>anna@example.test"
            "</t:SmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header>",
        )
        for moment, status in ((0, 200), (3600, 401)):
            now[0] += moment
            async with session.post(server.url, data=body, headers=asked) as reply:
                assert reply.status == status
                assert (b"NoError" in await reply.read()) is (status == 200)


async def test_a_client_certificate_signs_in(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown, known, stranger = (authority.issue() for _ in range(3))
    tls = shown.server()
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(authority.path)
    async with exchange("Basic", shown=shown, tls=tls) as server:
        server.organization.certificates[known.pin] = NAME
        for identity, status in ((known, "200"), (stranger, "401")):
            options = ("--cacert", str(authority.path), "-E", str(identity.path))
            found = shutil.which("curl")
            assert found
            process = await asyncio.create_subprocess_exec(
                found, "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", BODY,
                *options, server.url, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, _ = await process.communicate()
            assert said.decode() == status


async def test_an_account_is_locked_after_wrong_passwords_and_opens_again() -> None:
    async with exchange("Basic", "NTLM") as server, ClientSession() as session:
        now = [1_772_000_000.0]
        server.organization.now = lambda: now[0]
        server.organization.lockout = 3

        async def ask(password: str) -> int:
            headers = {"authorization": basic(NAME, password)}
            async with session.post(server.url, data=BODY, headers=headers) as reply:
                return reply.status

        assert [await ask("no"), await ask("no"), await ask(SECRET), await ask("no")] == [
            401, 401, 200, 401
        ]  # fmt: skip
        await ask("no")
        await ask("no")
        assert await ask(SECRET) == 401  # the right one, too late
        assert (await curl(server, "--ntlm")).startswith("401")
        now[0] += 1801
        assert await ask(SECRET) == 200
