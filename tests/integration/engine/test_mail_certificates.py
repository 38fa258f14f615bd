"""The end of the mail server's certificate is told ahead, as any other server's (promise 18)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import web

from kalends.engine.alarms import Alarms
from kalends.engine.channels import channels
from kalends.engine.posts import LOOK_AGAIN, LOOK_SECONDS
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.mail import certificate_end, send_mail
from tests.acceptance.net.authority import Authority, Identity
from tests.acceptance.net.test_mail import Options, Post, post
from tests.integration.bad_input.site import Site, configuration, everybody_busy, told

Security = Literal["starttls", "tls"]
BOTH = pytest.mark.parametrize("security", ["starttls", "tls"])


@dataclass
class Server:
    """The part of ``[server]`` that says where alarms go."""

    mail: Options | None = None
    alarm_webhook: str | None = None
    alarm_webhook_secret_env: str | None = None
    allowed_networks: tuple[str, ...] = ()


def watch(site: Site, server: Server) -> Alarms:
    """Return the engine's alarms with real channels."""
    http = http_factory(site.runtime, server, MemoryBreakers())
    return Alarms(site.engine.core, channels(server, http, site.runtime, http.breakers))


async def keys(alarms: Alarms) -> set[str]:
    """Look twice: the first look meets the server, the next one tells of it."""
    await alarms.look()
    await alarms.look()
    return set(alarms.active)


@BOTH
async def test_a_certificates_end_is_seen_without_a_sign_in_or_a_mail(
    tmp_path: Path, security: Security
) -> None:
    async with post(Authority(tmp_path), security=security, days=(-1, 6), auth=True) as server:
        options = replace(server.options, username="kalends", password_env="NOT_SET")
        seen = await certificate_end(options)
        assert (server.mails, server.sign_ins) == ([], 0)
        assert seen is not None
    async with post(Authority(tmp_path), security=security, days=(-1, 6)) as server:
        assert await send_mail(server.options, "s", "t") == pytest.approx(seen, abs=60)
    async with post(security="none") as plain:
        assert await certificate_end(plain.options) is None


@BOTH
def test_the_end_is_told_ahead_though_there_was_nothing_to_mail(
    tmp_path: Path, security: Security
) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        await everybody_busy(site)
        async with post(Authority(tmp_path), security=security, days=(-1, 6)) as mail:
            alarms = watch(site, Server(mail.options))
            assert await keys(alarms) == {"certificate/mail/7"}
            [(_, told_by_mail)] = mail.mails
            assert "mail server 127.0.0.1" in str(told_by_mail["Subject"])
            assert "7 days" in str(told_by_mail["Subject"])

    told(story, tmp_path)


def test_a_certificate_with_time_left_is_looked_at_once_a_day(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        await everybody_busy(site)
        async with post(Authority(tmp_path), days=(-1, 200)) as mail, counted(mail) as visits:
            alarms = watch(site, Server(visits.options))
            for _ in range(20):
                assert await keys(alarms) == set()
            assert visits.number == 1
            site.loop.ahead += LOOK_SECONDS + 1
            await keys(alarms)
            assert visits.number == 2
            assert mail.mails == []

    told(story, tmp_path)


def test_a_refused_certificate_is_an_alarm_elsewhere_and_over_when_it_is_renewed(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)

    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        await everybody_busy(site)
        async with post(authority, days=(-30, -1)) as mail, hook() as web_hook:
            alarms = watch(site, Server(mail.options, web_hook.url))
            assert await keys(alarms) == {"certificate-refused/mail"}
            assert [one["data"]["key"] for one in web_hook.told] == ["certificate-refused/mail"]
            assert "expired" in web_hook.told[0]["data"]["text"]
            port = mail.options.port
        async with post(authority, port=port):
            site.loop.ahead += LOOK_AGAIN + 1
            assert await keys(alarms) == {"certificate/mail/30"}

    told(story, tmp_path)


def test_a_mail_server_that_is_away_is_no_alarm_about_its_certificate(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        await everybody_busy(site)
        async with post(Authority(tmp_path), days=(-1, 6)) as mail:
            alarms = watch(site, Server(mail.options))
        assert await keys(alarms) == set()

    told(story, tmp_path)


def test_the_alarm_webhooks_certificate_is_looked_at_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    identity = authority.issue("127.0.0.1", days=(-1, 13))

    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        await everybody_busy(site)
        async with hook(identity) as web_hook:
            alarms = watch(site, Server(None, web_hook.url))
            await alarms.look()
            assert web_hook.asked == ["HEAD"]
            await alarms.look()
            assert set(alarms.active) == {"certificate/alarm-webhook/14"}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.path))
        told(story, tmp_path)


@dataclass
class Hook:
    """What the alarm webhook received."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append(request.method)
        if request.method != "POST":
            return web.Response(status=405)
        self.told.append(await request.json())
        return web.Response(status=204)


@asynccontextmanager
async def hook(identity: Identity | None = None) -> AsyncIterator[Hook]:
    """Serve the alarm webhook, over TLS with an identity."""
    made = Hook()
    application = web.Application()
    application.router.add_route("*", "/", made.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    tls: ssl.SSLContext | None = None if identity is None else identity.server()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "http" if tls is None else "https"
    made.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield made
    finally:
        await runner.cleanup()


@dataclass
class Visits:
    """How often somebody came to a mail server."""

    options: Options
    number: int = 0


@asynccontextmanager
async def counted(mail: Post) -> AsyncIterator[Visits]:
    """Stand in front of a mail server and count who comes."""
    made = Visits(mail.options)

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.number += 1
        other_reader, other = await asyncio.open_connection("127.0.0.1", mail.options.port)
        await asyncio.gather(_pour(reader, other), _pour(other_reader, writer))

    server = await asyncio.start_server(come, "127.0.0.1", 0)
    made.options = replace(mail.options, port=server.sockets[0].getsockname()[1])
    try:
        yield made
    finally:
        server.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()
