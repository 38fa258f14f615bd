"""Signing in and out, who may do what, and how often one may try."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp

from kalends.runtime import Runtime
from kalends.web import tokens
from kalends.web.sessions import Sessions
from tests.contract.web.world import PASSWORD, World
from tests.patience import PATIENCE


async def test_a_session_signs_in_with_a_password_and_ends_on_the_server(world: World) -> None:
    account = tokens.new_account("member", "Anna", "acme", "anna", password=PASSWORD)
    await world.store.save_principal(account)
    async with world.client() as client:
        given = {"organization": "acme", "name": "anna", "password": PASSWORD}
        async with client.post("/api/v1/session", json=given) as answer:
            body = await answer.json()
            assert answer.status == 200, body
            assert body["person"] == "anna"
            assert body["organization"] == "acme"
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
        value = cookie.split(";")[0]
        async with client.get("/api/v1/me") as answer:
            assert (await answer.json())["role"] == "member"
        same = {"Origin": world.base}
        async with client.delete("/api/v1/session", headers=same) as answer:
            assert answer.status == 204
    kept = {"Cookie": value}  # by a thief
    async with world.client() as client, client.get("/api/v1/me", headers=kept) as answer:
        assert answer.status == 401


async def test_what_is_told_to_a_session_ends_with_it(world: World) -> None:
    given, same = {"token": world.secrets["acme/admin"]}, {"Origin": world.base}
    async with world.client() as client:
        for how in ("signing out", "signing in anew"):
            async with client.post("/api/v1/session", json=given, headers=same) as answer:
                assert answer.status == 200
            async with client.get("/api/v1/presence/stream") as told:
                assert await told.content.readany()
                if how == "signing out":
                    await client.delete("/api/v1/session", headers=same)
                else:
                    await client.post("/api/v1/session", json=given, headers=same)
                async with asyncio.timeout(PATIENCE):
                    await told.content.read()  # to its end


async def test_a_token_opens_a_session_for_the_console(world: World) -> None:
    async with world.client() as client:
        given = {"token": world.secrets["acme/admin"]}
        async with client.post("/api/v1/session", json=given) as answer:
            assert answer.status == 200
        async with client.get("/api/v1/people") as answer:
            assert answer.status == 200


async def test_wrong_secrets_are_refused_alike_and_soon_delayed(world: World) -> None:
    account = tokens.new_account("member", "anna", "acme", "anna", password=PASSWORD)
    await world.store.save_principal(account)
    async with world.client() as client:
        bodies = []
        for name in ("anna", "nobody"):
            given = {"organization": "acme", "name": name, "password": "wrong wrong wrong"}
            async with client.post("/api/v1/session", json=given) as answer:
                assert answer.status == 401
                bodies.append(await answer.json())
        assert bodies[0] == bodies[1]
        statuses = []
        for _ in range(7):
            async with client.post("/api/v1/session", json={"token": "kal_x_y"}) as answer:
                statuses.append(answer.status)
        assert statuses[0] == 401
        assert statuses[-1] == 429
        assert int(answer.headers["Retry-After"]) >= 1


async def test_tries_at_once_are_not_more_tries(world: World) -> None:
    account = tokens.new_account("member", "anna", "acme", "anna", password=PASSWORD)
    await world.store.save_principal(account)

    async def guess(client: aiohttp.ClientSession, number: int) -> int:
        given = {"organization": "acme", "name": "anna", "password": f"a guess {number:04d}"}
        async with client.post("/api/v1/session", json=given) as answer:
            return answer.status

    async with world.client() as client:
        told = Counter(await asyncio.gather(*(guess(client, number) for number in range(40))))
    assert told[401] <= 7  # five are free, and two more may be looked at already
    assert told[401] + told[429] == 40


async def test_those_who_mistype_behind_one_address_keep_nobody_out(world: World) -> None:
    account = tokens.new_account("member", "anna", "acme", "anna", password=PASSWORD)
    await world.store.save_principal(account)
    async with world.client() as client:
        for number in range(15):
            given = {"organization": "acme", "name": f"n{number}", "password": "mistyped it"}
            async with client.post("/api/v1/session", json=given) as answer:
                assert answer.status == 401
        given = {"organization": "acme", "name": "anna", "password": PASSWORD}
        async with client.post("/api/v1/session", json=given) as answer:
            assert answer.status == 200


async def test_tokens_that_are_unknown_cut_or_expired_open_nothing(world: World) -> None:
    text, principal = tokens.new_token("admin", "old", "acme", now=0, expires_at=1)
    await world.store.save_principal(principal)
    good = world.secrets["acme/admin"]
    async with world.client() as client:
        for bad in (text, good[:-1], good + "a", "kal__", "", "kal_t-0_x", good.replace("_", "")):
            headers = {"Authorization": f"Bearer {bad}"}
            async with client.get("/api/v1/people", headers=headers) as answer:
                assert answer.status == 401, bad
                assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_a_cookie_never_changes_anything_for_another_site(world: World) -> None:
    async with world.client() as client:
        given = {"token": world.secrets["acme/anna"]}
        async with client.post("/api/v1/session", json=given):
            pass
        path = "/api/v1/people/anna/manual"
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": world.base},
            {},
        ):
            async with client.put(path, json={"activity": "lunch"}, headers=headers) as answer:
                assert answer.status == 403, headers
        assert world.desk.commands == []
        headers = {"Origin": world.base, "Sec-Fetch-Site": "same-origin"}
        async with client.put(path, json={"activity": "lunch"}, headers=headers) as answer:
            assert answer.status == 200
        assert len(world.desk.commands) == 1


async def test_a_session_is_known_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    runtime = Runtime()
    first = Sessions(path, runtime)
    await first.open()
    value = await first.begin("t-1")
    await first.close()
    second = Sessions(path, runtime)
    await second.open()
    found = await second.find(value)
    assert found is not None
    assert found.principal == "t-1"
    assert value not in path.read_bytes().decode("latin-1")
    await second.end(found)
    assert await second.find(value) is None
    await second.close()


async def test_a_provider_names_the_organization_and_others_cannot(world: World) -> None:
    async with world.client("provider") as client:
        async with client.get("/api/v1/people") as answer:
            assert answer.status == 400
        async with client.get("/api/v1/people?organization=bolt") as answer:
            assert answer.status == 200
        async with client.get("/api/v1/people", headers={"Kalends-Organization": "acme"}) as answer:
            text = await answer.text()
            assert "anna" in text
            assert "secret-of-acme" not in text
        async with client.get("/api/v1/me") as answer:
            assert (await answer.json())["organizations"] == ["acme", "bolt"]
    async with world.client("acme/admin") as client:
        for other in ("bolt", "nowhere"):
            async with client.get(f"/api/v1/people?organization={other}") as answer:
                assert answer.status == 404
