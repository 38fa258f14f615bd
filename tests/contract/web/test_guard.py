"""What every request passes: Host, sizes, headers; what never reaches a log or a page."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path

import aiohttp
import pytest

from kalends import observe
from tests.contract.web.world import World, running
from tests.patience import PATIENCE


async def raw(world: World, request: bytes) -> bytes:
    """Send bytes as they are; return the answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(request)
    async with asyncio.timeout(PATIENCE):
        head = await reader.read(65536)
    writer.close()
    return head


HOSTS = (
    "evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil.example",
    "127.0.0.1:80:80", "127.0.0.1:", "127.0.0.1/", "localhost.", "", "[::1", "[::ffff:1.2.3.4]",
    "127.0.0.1, evil.example", "127.0.0.1:99999999", "localhost\tx", "-localhost", "..",
)  # fmt: skip


async def test_a_host_that_is_not_ours_is_refused(world: World) -> None:
    for host in HOSTS:
        head = await raw(
            world,
            b"GET /api/v1/people HTTP/1.1\r\nHost: %b\r\nAuthorization: Bearer %b\r\n\r\n"
            % (host.encode(), world.secrets["acme/admin"].encode()),
        )
        assert head.startswith(b"HTTP/1.1 400"), (host, head)
        assert b"anna" not in head


async def test_two_hosts_or_none_are_refused(world: World) -> None:
    for hosts in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        head = await raw(world, b"GET /health/live HTTP/1.1\r\n" + hosts + b"\r\n")
        assert head.startswith(b"HTTP/1.1 400"), head


async def test_names_the_operator_listed_are_answered(tmp_path: Path) -> None:
    options = {"hosts": ("Calls.Acme.example",), "public_url": "https://kalends.acme.example"}
    async with running(tmp_path, **options) as world:
        for host in (b"calls.acme.example", b"KALENDS.acme.example:443", b"localhost"):
            head = await raw(world, b"GET /health/live HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
            assert head.startswith(b"HTTP/1.1 200"), head
            assert b"strict-transport-security" in head.lower()
        async with aiohttp.ClientSession(world.base) as client:
            given = {"token": world.secrets["acme/admin"]}
            async with client.post("/api/v1/session", json=given) as answer:
                cookie = answer.headers["Set-Cookie"]
                assert cookie.startswith("__Host-kalends=")
                assert "Secure" in cookie


async def test_every_answer_forbids_to_be_framed_guessed_or_kept(world: World) -> None:
    async with world.client("acme/admin") as client:
        for path in ("/api/v1/people", "/api/v1/nothing", "/nothing", "/health/live"):
            async with client.get(path) as answer:
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "Server" not in answer.headers
                if path.startswith("/api/"):
                    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_subject_full_of_markup_stays_a_string(world: World) -> None:
    payload = "</script><script>alert(1)</script>\u2028\x00\"'<img src=x onerror=alert(1)>"
    await world.meeting("acme", "bert", payload)
    async with world.client("acme/attendant") as client:
        async with client.get("/api/v1/people/bert/timeline") as answer:
            assert answer.content_type == "application/json"
            body = json.loads(await answer.text())
        assert body["segments"][0]["booking"]["subject"] == payload
        async with client.get("/api/v1/presence/stream") as answer:
            text = ""
            async with asyncio.timeout(PATIENCE):
                while "event: snapshot" not in text or not text.endswith("\n\n"):
                    text += (await answer.content.readany()).decode()
            line = next(line for line in text.split("\n") if line.startswith('data: {"revision'))
            people = json.loads(line.removeprefix("data: "))["people"]
            notes = [one["presence"]["note"] for one in people if one["id"] == "bert"]
            assert notes == [payload]


async def test_a_body_is_bounded_in_size_and_depth(tmp_path: Path) -> None:
    async with running(tmp_path, body_bytes=10_000) as world:
        path = "/api/v1/people/anna/manual"
        async with world.client("acme/anna") as client:
            async with client.put(path, data=b"x" * 20_000) as answer:
                assert answer.status == 413
                assert answer.content_type == "application/problem+json"
            deep = {"data": b"[" * 9000, "headers": {"Content-Type": "application/json"}}
            async with client.put(path, **deep) as answer:  # type: ignore[arg-type]  # two kinds
                assert answer.status in (400, 422)
        assert world.desk.commands == []


async def to_the_end(directory: Path, request: bytes) -> bytes:
    """Send bytes as they are; return all that is answered until the server closes."""
    async with running(directory, body_seconds=0.3) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
    return answer


async def test_a_body_said_to_be_too_large_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    answer = await to_the_end(
        tmp_path,
        b"PUT /api/v1/people/anna/manual HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{",
    )
    assert answer.startswith(b"HTTP/1.1 413"), answer


async def test_who_is_refused_while_sending_reads_why(world: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(
        b"PUT /api/v1/people/anna/manual HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 33554432\r\n\r\n"
    )
    async with asyncio.timeout(PATIENCE):
        for _ in range(32):  # as programs do: first everything, then the answer
            writer.write(bytes(1 << 20))
            await writer.drain()
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413"), answer


async def test_a_request_of_two_lengths_is_refused_with_all_that_follows(tmp_path: Path) -> None:
    answer = await to_the_end(
        tmp_path,
        b"PUT /api/v1/people/anna/manual HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_body_is_bounded_in_time(tmp_path: Path) -> None:
    async with running(tmp_path, body_seconds=0.3) as world:
        path = "/api/v1/people/anna/manual"
        head = await raw(
            world,
            b"PUT %b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
            b"Content-Type: application/json\r\nContent-Length: 5\r\n\r\n{"
            % (path.encode(), world.secrets["acme/anna"].encode()),
        )
        assert head.startswith(b"HTTP/1.1 408"), head
        assert world.desk.commands == []


async def test_a_body_that_drips_is_given_up_as_one_that_stops(tmp_path: Path) -> None:
    async with running(tmp_path, body_seconds=0.3) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(
            b"PUT /api/v1/people/anna/manual HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        )
        answer = asyncio.create_task(reader.readline())
        async with asyncio.timeout(PATIENCE):
            while not answer.done():
                writer.write(b" ")
                await asyncio.wait({answer}, timeout=0.02)
        assert answer.result().startswith(b"HTTP/1.1 408")
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["none", "half"])
@pytest.mark.parametrize("answered", [False, True])
async def test_a_connection_whose_head_never_comes_is_closed(
    tmp_path: Path, sent: bytes, answered: bool
) -> None:
    async with running(tmp_path, head_seconds=1.5 if answered else 0.3) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        async with asyncio.timeout(PATIENCE):
            if answered:
                writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            writer.write(sent or (b"G" if answered else b""))
            assert await reader.read() == b""
        writer.close()


async def test_logs_name_routes_but_no_person_query_or_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = io.StringIO()  # stays open: the process goes on logging to it
    monkeypatch.setattr(sys, "stderr", told)
    observe.configure("debug")
    async with world.client("acme/admin") as client:
        for path in (
            "/api/v1/people/anna?language=sv", "/api/v1/people?q=Anna", "/api/v1/people/nobody",
            "/api/v1/rules/anna-rule", "/anna", "/api/v1/people/anna/timeline?from=anna",
        ):  # fmt: skip
            async with client.get(path) as answer:
                await answer.read()
    lines = told.getvalue().lower()
    assert "web.request" in lines
    for word in ("anna", "nobody", world.secrets["acme/admin"].lower(), "secret-of"):
        assert word not in lines, word


async def test_metrics_are_for_this_machine_or_an_administrator(tmp_path: Path) -> None:
    async with running(tmp_path) as world, world.client() as client:
        async with client.get("/metrics") as answer:
            text = await answer.text()
            assert answer.status == 200
            assert "kalends_due_lag_seconds 0.1" in text  # the engine's, over the bus
            assert "kalends_web_requests_total" in text
            assert "anna" not in text
        forwarded = {"X-Forwarded-For": "127.0.0.1"}
        async with client.get("/metrics", headers=forwarded) as answer:
            assert answer.status == 403
        given = forwarded | world.bearer("acme/member")
        async with client.get("/metrics", headers=given) as answer:
            assert answer.status == 403
        given = forwarded | world.bearer("acme/admin")
        async with client.get("/metrics", headers=given) as answer:
            assert answer.status == 200


async def test_the_console_is_served_with_a_policy_and_nothing_beside_it(tmp_path: Path) -> None:
    console = tmp_path / "console"
    (console / "assets").mkdir(parents=True)
    (console / "index.html").write_text("<!doctype html><title>Kalends</title>")
    (console / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    async with running(tmp_path, console=console) as world, world.client() as client:
        for path in ("/", "/people/anna"):
            async with client.get(path) as answer:
                assert "Kalends" in await answer.text()
                assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Cache-Control"] == "no-cache"
        async with client.get("/assets/app-1a2b.js") as answer:
            assert "immutable" in answer.headers["Cache-Control"]
        for path in ("/assets/none.js", "/api/none", "/api/v1/none"):
            async with client.get(path) as answer:
                assert answer.status == 404
        for odd in (b"/../secret.txt", b"/%2e%2e/secret.txt", b"//secret.txt", b"/..%2fsecret.txt"):
            head = await raw(world, b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % odd)
            assert b"secret" not in head.split(b"\r\n\r\n", 1)[1]
