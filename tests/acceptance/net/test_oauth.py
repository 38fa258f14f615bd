"""Client credentials against a real token endpoint: kept, renewed, rotated, refused, away."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import ValidationError

from kalends.errors import BadAnswer, SignInNeeded, Unreachable, UserError
from kalends.model.http import Request
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from kalends.net.guarded import GuardedClient
from kalends.runtime import Runtime
from tests.acceptance.net.authority import Identity
from tests.acceptance.net.conftest import Network, Server

APP = Credential("app-1", "s3cret")


class ServiceOptions(HttpOptions, SignInOptions):
    """A source with a service account."""


@dataclass
class Tokens:
    """A token endpoint and the resource that believes it."""

    secrets: set[str] = field(default_factory=lambda: {"s3cret"})
    certificate: Identity | None = None
    lifetime: object = 3600
    away: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    served: list[str] = field(default_factory=list)
    answer: web.Response | None = None

    async def grant(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.away:
            return web.Response(status=503)
        if self.answer is not None:
            return web.json_response(json.loads(self.answer.text or ""), status=self.answer.status)
        await asyncio.sleep(0.01)
        if not self._knows(form):
            return web.json_response({"error": "invalid_client"}, status=401)
        token = f"token-{len(self.asked)}"
        self.good = {token} | self.good
        told = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        return web.json_response(told)

    def _knows(self, form: dict[str, str]) -> bool:
        if self.certificate is None:
            return form.get("client_secret") in self.secrets and form["client_id"] == "app-1"
        key = ECKey.import_key(self.certificate.certificate.public_key().public_bytes(
            Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ))  # fmt: skip
        said = jwt.decode(form["client_assertion"], key, algorithms=["ES256"])
        claims = said.claims
        return bool(claims["iss"] == claims["sub"] == "app-1" and claims["exp"] > claims["nbf"])

    async def resource(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.served.append(token)
        if token not in self.good:
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        return web.Response(text="in")


class World:
    """A resource, its token endpoint, and clients on a clock that is set by hand."""

    def __init__(
        self, network: Network, tokens: Tokens, resource: Server, endpoint: Server
    ) -> None:
        self.network, self.tokens = network, tokens
        self.resource, self.endpoint = resource, endpoint
        self.now = 1_800_000_000.0
        self.runtime = Runtime(now=lambda: self.now, monotonic=lambda: self.now)
        self.credential = APP

    def client(self, **keys: object) -> GuardedClient:
        return self.network.client(
            self.resource.url, options=ServiceOptions, auth="oauth", runtime=self.runtime,
            token_url=self.endpoint.url + "token", client_id="app-1", scope="ews/.default",
            **keys,  # type: ignore[arg-type]  # options by name
        )  # fmt: skip

    async def get(self, client: GuardedClient) -> bytes:
        request = Request("GET", self.resource.url)
        return (await client.send(request, credential=self.credential)).body


@pytest.fixture
async def world(network: Network) -> World:
    tokens = Tokens()
    resource = await network.serve(tokens.resource)
    return World(network, tokens, resource, await network.serve(tokens.grant))


async def test_a_token_is_fetched_once_and_kept(world: World) -> None:
    client = world.client()
    got = await asyncio.gather(*(world.get(client) for _ in range(10)))
    assert got == [b"in"] * 10
    assert world.tokens.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "app-1",
            "scope": "ews/.default",
            "client_secret": "s3cret",
        }
    ]
    assert set(world.tokens.served) == {"token-1"}
    assert "s3cret" not in "".join(str(request.headers) for request in world.resource.seen)


@pytest.mark.parametrize("lifetime", [3600, "3600", 3600.0])
async def test_a_token_is_renewed_before_it_ends(world: World, lifetime: object) -> None:
    world.tokens.lifetime = lifetime
    client = world.client()
    await world.get(client)
    world.now += 2699
    await world.get(client)
    assert len(world.tokens.asked) == 1
    world.now += 2
    await asyncio.gather(*(world.get(client) for _ in range(5)))
    assert len(world.tokens.asked) == 2
    assert world.tokens.served[-1] == "token-2"


async def test_a_token_taken_back_is_replaced_and_nobody_notices(world: World) -> None:
    client = world.client()
    await world.get(client)
    world.tokens.good.clear()
    got = await asyncio.gather(*(world.get(client) for _ in range(4)))
    assert got == [b"in"] * 4
    assert len(world.tokens.asked) == 2


async def test_a_fresh_token_refused_is_told_to_the_breaker(world: World) -> None:
    client = world.client()

    async def refuses(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})

    world.resource = await world.network.serve(refuses)
    client = world.client()
    for _ in range(4):
        with pytest.raises(SignInNeeded):
            await world.get(client)
    assert await client.sign_in_open_until(APP) is not None
    assert len(world.resource.seen) <= 3
    assert len(world.tokens.asked) <= 2


async def test_a_refused_secret_is_tried_twice_an_hour(world: World) -> None:
    world.tokens.secrets = {"other"}
    client = world.client()
    for _ in range(4):
        with pytest.raises(SignInNeeded):
            await world.get(client)
    assert len(world.tokens.asked) == 2
    assert world.resource.seen == []
    world.credential = Credential("app-1", "other")
    assert await world.get(client) == b"in"


async def test_while_two_secrets_overlap_nothing_is_missed(world: World) -> None:
    client = world.client()
    await world.get(client)
    world.tokens.secrets |= {"next"}
    world.credential = Credential("app-1", "next")  # as its file says now
    assert await world.get(client) == b"in"
    world.tokens.secrets -= {"s3cret"}
    world.now += 3000
    assert await world.get(client) == b"in"
    assert [form["client_secret"] for form in world.tokens.asked] == ["s3cret", "next", "next"]


async def test_an_endpoint_away_for_an_hour_is_not_hammered(world: World) -> None:
    world.tokens.away = True
    client = world.client()
    for _ in range(720):
        with pytest.raises(Unreachable, match="no token from"):
            await world.get(client)
        world.now += 5
    assert 60 <= len(world.tokens.asked) <= 150  # a probe each half minute at most
    assert world.resource.seen == []
    world.tokens.away = False
    world.now += 31
    assert await world.get(client) == b"in"


async def test_an_endpoint_away_costs_nothing_while_the_token_is_good(world: World) -> None:
    client = world.client()
    await world.get(client)
    world.tokens.away = True
    world.now += 3000
    assert await world.get(client) == b"in"
    world.now += 601
    with pytest.raises(Unreachable):
        await world.get(client)


@pytest.mark.parametrize(
    ("status", "told", "error", "why"),
    [
        (400, {"error": "invalid_scope"}, SignInNeeded, "invalid_scope"),
        (400, {"error": "invalid_client"}, SignInNeeded, "invalid_client"),
        (400, {"error": "oops\r\nSet-Cookie: x"}, BadAnswer, "answers 400"),
        (200, {"access_token": "a\r\nb"}, BadAnswer, "without a token"),
        (200, {"access_token": ""}, BadAnswer, "without a token"),
        (200, ["no object"], BadAnswer, "without a token"),
        (404, {}, BadAnswer, "answers 404"),
    ],
)
async def test_an_answer_without_a_token_is_told_apart(
    world: World, status: int, told: object, error: type[Exception], why: str
) -> None:
    world.tokens.answer = web.json_response(told, status=status)
    with pytest.raises(error, match=why):
        await world.get(world.client())
    assert world.resource.seen == []


async def test_a_certificate_proves_the_client_without_a_secret(world: World) -> None:
    identity = world.tokens.certificate = world.network.authority.issue("app-1")
    pem = identity.path.read_text()
    world.credential = Credential("app-1", pem)
    world.now = 1_790_000_000.0
    assert await world.get(world.client()) == b"in"
    (form,) = world.tokens.asked
    assert form["client_assertion_type"].endswith("jwt-bearer")
    assert "client_secret" not in form
    assert "PRIVATE" not in str(form)
    header = json.loads(_decoded(form["client_assertion"].split(".")[0]))
    assert _decoded(header["x5t#S256"]) == identity.certificate.fingerprint(SHA256())
    claims = json.loads(_decoded(form["client_assertion"].split(".")[1]))
    assert claims["aud"] == world.endpoint.url + "token"
    assert claims["exp"] - claims["iat"] == 600


@pytest.mark.parametrize("pem", ["-----BEGIN", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
async def test_a_broken_certificate_is_the_users_to_mend(world: World, pem: str) -> None:
    world.credential = Credential("app-1", pem)
    with pytest.raises(UserError, match="needs a certificate and its private key"):
        await world.get(world.client())


def _decoded(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"client_id": "app-1"}, "needs token_url and client_id"),
        ({"token_url": "https://login.example/token"}, "needs token_url and client_id"),
        ({"token_url": "http://login.example/token", "client_id": "a"}, "begins with https"),
        ({"token_url": "http://localhost.evil.example/", "client_id": "a"}, "begins with https"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(keys: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ServiceOptions(url="https://mail.example/", auth="oauth", **keys)


async def test_streams_bear_tokens_too(world: World) -> None:
    request = Request("POST", world.resource.url)
    client = world.client()
    async with client.stream(request, credential=APP) as streamed:
        assert b"".join([chunk async for chunk in streamed.chunks()]) == b"in"
