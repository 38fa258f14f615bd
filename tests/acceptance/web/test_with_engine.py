"""The web process and the real engine on one store: what is asked for happens, and is seen."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from kalends.bus.local import open_bus
from kalends.endpoints.kind import Services
from kalends.engine.engine import Engine
from kalends.model.times import rfc3339
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.store import open_reader, open_store
from kalends.store.vault import Vault
from kalends.web import tokens
from kalends.web.options import WebOptions
from kalends.web.serving import serve
from tests.contract.web.test_stream import Events
from tests.patience import PATIENCE

ANNA = {"id": "anna", "name": "Anna Berg", "emails": ["anna@acme.example"]}
SECRET = "whsec_ZGVtby1zZWNyZXQtb2Yta2FsZW5kcy0wMTIzNDU2Nzg5"
ACME = {"name": "Acme AB", "timezone": "Europe/Stockholm"}


class Whole:
    """Engine and web over one store; the engine can be stopped and started."""

    def __init__(self, directory: Path) -> None:
        self.runtime = Runtime()
        self.vault = Vault({1: os.urandom(32)})
        self.database = f"sqlite:///{directory / 'kalends.db'}"
        self.socket = directory / "kalends.sock"
        self.base = ""
        self.secret = ""
        self._running: asyncio.Task[None] | None = None

    async def engine(self) -> Engine:
        self.store = await open_store(self.database, self.vault, self.runtime)
        self.bus = await open_bus(self.socket, self.runtime, hub=True)
        addresses: Any = SimpleNamespace(allowed_networks=())
        http = http_factory(self.runtime, addresses, self.store)
        engine = Engine(self.store, self.bus, self.runtime, Services(self.runtime, http, self.bus))
        await engine.start()
        self._running = asyncio.create_task(engine.run())
        await engine.started.wait()
        return engine

    async def stop_engine(self) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.bus.close()
        await self.store.close()

    def client(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self.base, headers={"Authorization": f"Bearer {self.secret}"})


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    whole = Whole(tmp_path)
    await whole.engine()
    provider, principal = tokens.new_token("provider", "operator", None)
    await whole.store.save_principal(principal)
    whole.secret, principal = tokens.new_token("admin", "test", "acme")
    await whole.store.save_principal(principal)
    reader = await open_reader(whole.database, whole.vault, whole.runtime)
    bus = await open_bus(whole.socket, whole.runtime, hub=False)
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    web = asyncio.create_task(
        serve(reader, bus, whole.runtime, WebOptions(port=0), started=started.set_result)
    )
    whole.base = f"http://127.0.0.1:{await started}"
    headers = {"Authorization": f"Bearer {provider}"}
    async with aiohttp.ClientSession(whole.base, headers=headers) as client:
        await call(client, "PUT", "/organizations/acme", json=ACME)
    yield whole
    web.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await web
    await whole.stop_engine()
    await bus.close()
    await reader.close()


async def call(client: aiohttp.ClientSession, method: str, path: str, **given: Any) -> Any:
    async with client.request(method, f"/api/v1{path}", **given) as answer:
        body = await answer.json(content_type=None)
        assert answer.status < 300, (answer.status, body)
        return body


def feed(start: int, end: int) -> str:
    stamp = [rfc3339(at).replace("-", "").replace(":", "") for at in (start, end)]
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"DTSTAMP:{stamp[0]}\r\nDTSTART:{stamp[0]}\r\nDTEND:{stamp[1]}\r\nSUMMARY:Budget\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )


async def test_a_person_made_by_the_api_follows_an_uploaded_calendar_and_a_hand(
    whole: Whole,
) -> None:
    async with whole.client() as client, client.get("/api/v1/presence/stream") as answer:
        events = Events(answer)
        await events.until("snapshot")
        await call(client, "PUT", "/sources/desk", json={"kind": "ics", "uploads": True})
        await call(client, "PUT", "/people/anna", json=ANNA)
        while "anna" not in (await events.until("presence")).people:
            pass
        now = int(whole.runtime.now())
        body = feed(now - 600, now + 1200)
        await call(client, "PUT", "/people/anna/calendars/desk.ics", data=body.encode())
        async with asyncio.timeout(PATIENCE):
            while (event := await events.until("presence")).people["anna"].get(
                "availability"
            ) != "busy":
                pass
        assert event.people["anna"]["until"] == rfc3339(now + 1200)
        explained = await call(client, "GET", "/people/anna/explain")
        assert explained["winner"]["kind"] == "booking"
        health = await call(client, "GET", "/calendars")
        assert [row["health"] for row in health["calendars"]] == ["ok"]
        manual = {"activity": "lunch", "until": rfc3339(now + 3600)}
        told = await call(client, "PUT", "/people/anna/manual", json=manual)
        assert (told["activity"], told["origin"]) == ("lunch", "manual")
        told = await call(client, "DELETE", "/people/anna/manual")
        assert told["availability"] == "busy"
        audit = await call(client, "GET", "/audit")
        assert {"set-manual", "clear-manual"} <= {entry["action"] for entry in audit}
        assert "lunch" not in str(audit)
        await call(client, "DELETE", "/people/anna")
        async with asyncio.timeout(PATIENCE):
            assert (await events.until("gone")).data["people"] == ["anna"]


async def test_reads_go_on_while_the_engine_is_away_and_changes_come_back_with_it(
    whole: Whole,
) -> None:
    async with whole.client() as client:
        await call(client, "PUT", "/people/anna", json=ANNA)
        await whole.stop_engine()
        assert (await call(client, "GET", "/people/anna"))["name"] == "Anna Berg"
        async with client.put("/api/v1/people/anna/manual", json={"activity": "dnd"}) as answer:
            assert answer.status == 503
        async with client.get("/health/ready") as answer:
            assert answer.status == 503
        await whole.engine()
        async with asyncio.timeout(PATIENCE):
            while True:
                async with client.get("/health/ready") as answer:
                    if answer.status == 200:
                        break
        told = await call(client, "PUT", "/people/anna/manual", json={"activity": "dnd"})
        assert told["availability"] == "dnd"


async def test_mistakes_are_told_all_at_once_and_rules_count_at_once(whole: Whole) -> None:
    async with whole.client() as client:
        await call(client, "PUT", "/people/anna", json=ANNA)
        rule = {"match": {"code": "x"}, "then": {"activity": "no-such-activity"}}
        async with client.put("/api/v1/rules/x", json=rule) as answer:
            body = await answer.json()
            assert answer.status == 422, body
            assert body["problems"]
        rule["then"] = {"activity": "course"}
        listed = await call(client, "PUT", "/rules/x", json=rule)
        assert [one["id"] for one in listed] == ["x"]
        for manual in ({"activity": "nonsense"}, {"activity": "lunch", "until": "yesterday"}):
            async with client.put("/api/v1/people/anna/manual", json=manual) as answer:
                assert answer.status == 422, await answer.text()
        choice = await call(
            client, "PATCH", "/people/anna/preferences", json={"auto_return": False}
        )
        assert choice["auto_return"] is False
        made = await call(client, "POST", "/tokens", json={"name": "lamp"})
        async with aiohttp.ClientSession(whole.base) as other:
            bearer = {"Authorization": f"Bearer {made['secret']}"}
            async with other.get("/api/v1/people/anna", headers=bearer) as answer:
                assert answer.status == 200
            await call(client, "DELETE", f"/tokens/{made['id']}")
            async with other.get("/api/v1/people/anna", headers=bearer) as answer:
                assert answer.status == 401


COURSE = {"activity": "course"}
THINGS = {
    "settings": ("/organization", "/organization", ACME | {"name": "Another"}),
    "rules": ("/rules", "/rules", [{"id": "x", "match": {"code": "q"}, "then": COURSE}]),
    "rule": ("/rules/x", "/rules/x", {"match": {"code": "y"}, "then": COURSE}),
    "source": ("/sources/desk", "/sources/desk",
               {"kind": "ics", "uploads": True, "poll_seconds": 9}),
    "sink": ("/sinks/hook", "/sinks/hook",
             {"kind": "webhook", "url": "https://9.9.9.9/", "secret": SECRET}),
    "person": ("/people/anna/record", "/people/anna", ANNA | {"name": "Anna Ek"}),
}  # fmt: skip
"""What an administrator replaces: where it is shown, where it is put, and something new."""


async def furnish(client: aiohttp.ClientSession) -> None:
    """Make one of each."""
    rule = {"match": {"code": "x"}, "then": {"activity": "course"}}
    await call(client, "PUT", "/rules/x", json=rule)
    await call(client, "PUT", "/sources/desk", json={"kind": "ics", "uploads": True})
    hook = {"kind": "webhook", "url": "https://8.8.8.8/", "secret": SECRET}
    await call(client, "PUT", "/sinks/hook", json=hook)
    await call(client, "PUT", "/people/anna", json=ANNA)


async def test_what_somebody_else_changed_is_not_overwritten_by_who_names_its_etag(
    whole: Whole,
) -> None:
    async with whole.client() as client:
        await furnish(client)
        for name, (shown, put, body) in THINGS.items():
            before = await tag(client, shown)
            assert await status(client, "PUT", put, before, body) == 200, name
            after = await tag(client, shown)
            assert after != before, name
            assert await status(client, "PUT", put, before, body) == 412, name
            assert await tag(client, shown) == after, name
            assert await status(client, "PUT", put, f"W/{after}", body) == 412, name
            assert await status(client, "PUT", put, f'"other", {after}', body) == 200, name
            assert await status(client, "PUT", put, "*", body) == 200, name
            assert await status(client, "PUT", put, None, body) == 200, name  # as ever
        assert await status(client, "PUT", "/people/new", "*", ANNA | {"emails": []}) == 412
        for path in ("/rules/x", "/sources/desk", "/sinks/hook", "/people/anna"):
            assert await status(client, "DELETE", path, '"old"', None) in (404, 412), path
            assert path == "/rules/x" or await status(client, "DELETE", path, "*", None) == 200


async def tag(client: aiohttp.ClientSession, path: str) -> str:
    """Return the ETag a thing is shown with."""
    async with client.get(f"/api/v1{path}") as answer:
        assert answer.status == 200, (path, await answer.text())
        return answer.headers["ETag"]


async def status(
    client: aiohttp.ClientSession, method: str, path: str, expected: str | None, body: Any
) -> int:
    headers = {} if expected is None else {"If-Match": expected}
    async with client.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
        if answer.status == 412:
            told = await answer.json(content_type=None)
            assert told["detail"]
            assert "again" in told["remedy"]
        return answer.status


async def test_of_ten_rules_added_at_once_none_is_lost(whole: Whole) -> None:
    async with whole.client() as client:
        rule = {"match": {"code": "x"}, "then": {"activity": "course"}}

        async def add(name: str) -> int:
            return await status(client, "PUT", f"/rules/{name}", None, rule)

        names = [f"r{number}" for number in range(10)]
        assert await asyncio.gather(*map(add, names)) == [200] * 10
        kept = await call(client, "GET", "/rules")
        assert sorted(one["id"] for one in kept) == names
