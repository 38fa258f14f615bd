"""Alarms over real mail and a real signed webhook: once, over when healed, no storm, none lost."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kalends.engine.alarms import Alarms
from kalends.engine.channels import channels
from kalends.engine.posts import Alarm, Channel
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from tests.acceptance.net.test_mail import Options, post
from tests.integration.bad_input.site import Site, configuration, everybody_busy, told

SECRET = "whsec_ZGVtby1zZWNyZXQtb2Yta2FsZW5kcy0wMTIzNDU2Nzg5"


def signature(request: web.Request, body: bytes) -> str:
    """Return what Standard Webhooks would sign; a library would not like these tests' clock."""
    id, at = request.headers["Webhook-Id"], request.headers["Webhook-Timestamp"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(made).decode()


@dataclass
class Hook:
    """What the alarm webhook received; ``broken`` lets it refuse."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    broken: bool = False

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.broken:
            return web.Response(status=500)
        assert request.headers["Webhook-Signature"] == signature(request, body)
        self.told.append(json.loads(body))
        return web.Response(status=204)

    def words(self) -> list[tuple[str, str]]:
        return [(one["type"], one["data"]["key"]) for one in self.told]


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    application = web.Application()
    application.router.add_post("/", made.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield made
    finally:
        await runner.cleanup()


@dataclass
class Server:
    """The part of ``[server]`` that says where alarms go."""

    mail: Options | None
    alarm_webhook: str | None
    alarm_webhook_secret_env: str | None = "ALARM_SECRET"
    allowed_networks: tuple[str, ...] = ()


def alarms(site: Site, server: Server, *more: Channel) -> Alarms:
    """Return the engine's alarms with real channels."""
    http = http_factory(site.runtime, server, MemoryBreakers())
    found = channels(server, http, site.runtime, http.breakers)
    return Alarms(site.engine.core, [*more, *found])


class Deaf:
    """A channel that always fails."""

    tries = 0

    async def tell(self, alarms: Sequence[Alarm]) -> None:
        del alarms
        self.tries += 1
        raise RuntimeError("no way through")


async def pass_by(site: Site, seconds: float) -> None:
    """Let time pass."""
    end = site.loop.time() + seconds

    async def so() -> bool:
        return site.loop.time() >= end

    await site.until(so, "time passes")


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALARM_SECRET", SECRET)


def test_an_alarm_is_told_once_by_mail_and_webhook_and_once_when_it_is_over(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        async with post(security="none") as mail, hook() as web_hook:
            deaf = Deaf()
            watch = alarms(site, Server(mail.options, web_hook.url), deaf)
            await site.apply(configuration(site))
            await everybody_busy(site)
            assert await watch.look() == []
            site.near.dav.faults.html = True
            await site.troubled("bad-answer")
            await pass_by(site, 130)
            for _ in range(20):
                await watch.look()
            assert web_hook.words() == [("alarm", "source-failing/acme/near")]
            [(receivers, first)] = mail.mails
            assert receivers == ["ops@acme.example", "chef@acme.example"]
            assert "acme/near" in str(first["Subject"])
            assert "sign-in page" in str(first.get_payload())  # the remedy
            assert deaf.tries == 1  # its failing stopped nobody, and it is left alone for a while
            site.near.dav.faults.html = False
            await site.healthy()
            await site.healthy("bo")
            await watch.look()
            await watch.look()
            assert web_hook.words()[1:] == [("alarm.over", "source-failing/acme/near")]
            assert "over" in str(mail.mails[1][1]["Subject"])
            assert len(mail.mails) == 2
            assert not any("anna" in json.dumps(one) for one in web_hook.told)

    told(story, tmp_path)


def test_what_a_channel_could_not_be_told_is_told_when_it_is_back(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        async with post(security="none") as mail, hook() as web_hook:
            watch = alarms(site, Server(mail.options, web_hook.url))
            await site.apply(configuration(site))
            await everybody_busy(site)
            web_hook.broken = True
            site.near.dav.faults.status["/"] = 503
            await pass_by(site, 300)
            await watch.look()
            assert len(mail.mails) == 1  # one channel's fault is not the other's
            assert web_hook.told == []
            web_hook.broken = False
            await watch.look()
            assert web_hook.told == []  # not at once: it just failed
            await pass_by(site, 40)
            await watch.look()
            assert web_hook.words() == [("alarm", "source-stale/acme/near")]
            assert len(mail.mails) == 1

    told(story, tmp_path)


def test_what_began_and_ended_while_a_channel_was_away_is_not_told(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        async with hook() as web_hook:
            watch = alarms(site, Server(None, web_hook.url))
            await site.apply(configuration(site))
            await everybody_busy(site)
            web_hook.broken = True
            site.near.dav.faults.status["/"] = 503
            await pass_by(site, 300)
            await watch.look()
            site.near.dav.faults.status.clear()
            await site.healthy()
            web_hook.broken = False
            await pass_by(site, 40)
            await watch.look()
            assert web_hook.told == []

    told(story, tmp_path)


def test_an_alarm_that_lasts_is_told_again_after_a_day_and_not_before(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        async with hook() as web_hook:
            watch = alarms(site, Server(None, web_hook.url))
            await site.apply(configuration(site))
            site.engine.core.wiring.broken["acme", "source", "x"] = "no such kind"
            await watch.look()
            site.loop.ahead += 86_000
            await watch.look()
            assert len(web_hook.told) == 1
            site.loop.ahead += 500
            await watch.look()
            assert web_hook.words() == [("alarm", "source-broken/acme/x")] * 2

    told(story, tmp_path)
