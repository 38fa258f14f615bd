"""The guide's TLS proxies before a server that speaks TLS 1.0 alone, as the page has them.

Each configuration is read from the page; only names, ports and directories are the test's.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.organization import Organization
from lab.exchange_dav.serve import serving
from lab.exchange_dav.server import DavExchange

from kalends.errors import Unreachable
from tests.acceptance.exchange_dav.test_sockets import opened, read
from tests.acceptance.net.authority import Authority, Identity
from tests.patience import PATIENCE
from tests.ports import free_port

PAGE = Path(__file__).parents[3] / "docs/guide/operating.md"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
USER = "ACME\\svc"
NAME = "exchange2003.acme.example"
Proxy = Callable[[DavExchange, Path, int], list[str]]
"""Writes a configuration; returns the command that starts it."""


def written(language: str, word: str) -> str:
    """Return the page's only block of a language that speaks of something."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (found,) = (block for block in blocks if word in block)
    return str(found)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[DavExchange]:
    """An Exchange 2003 that speaks nothing newer than TLS 1.0, with a certificate of its own."""
    organization = Organization("acme.example")
    organization.add_account(USER, "secret")
    box = organization.add_mailbox("anna@acme.example")
    box.delegates[USER.lower()] = "Owner"
    box.add(Appointment(0, NOON, NOON + timedelta(hours=1), subject="Möte"))
    made = DavExchange(organization, 2003)
    shown = Authority(tmp_path).issue("localhost", self_signed=True)
    shutil.copy(shown.path, tmp_path / "exchange2003.pem")
    tls = shown.server()
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1
    async with serving(made, tls=tls):
        yield made


@pytest.fixture
def proxy(tmp_path: Path) -> Identity:
    """What the proxy shows to Kalends."""
    shown = Authority(tmp_path).issue("localhost")
    for name in ("exchange.pem", "exchange.key"):
        shutil.copy(shown.path, tmp_path / name)
    return shown


def _place(server: DavExchange) -> str:
    return server.origin.replace("https://127.0.0.1", "localhost")


def nginx(server: DavExchange, directory: Path, port: int) -> list[str]:
    """Write nginx's configuration; return how it is started."""
    site = written("nginx", "proxy_ssl_protocols").replace("8443", f"127.0.0.1:{port}")
    site = site.replace(NAME, _place(server)).replace("/etc/nginx", str(directory))
    text = f"""
daemon off; error_log stderr; pid {directory}/nginx.pid; user root;
events {{}}
http {{ access_log off;
client_body_temp_path {directory}/a; proxy_temp_path {directory}/b; fastcgi_temp_path {directory}/c;
uwsgi_temp_path {directory}/d; scgi_temp_path {directory}/e;
{site} }}"""
    (directory / "nginx.conf").write_text(text)
    return ["nginx", "-e", "stderr", "-c", str(directory / "nginx.conf")]


def stunnel(server: DavExchange, directory: Path, port: int) -> list[str]:
    """Write stunnel's configuration; return how it is started."""
    between = free_port()
    text = written("ini", "[from-kalends]").replace("accept = 8443", f"accept = 127.0.0.1:{port}")
    text = text.replace("127.0.0.1:8444", f"127.0.0.1:{between}")
    text = text.replace(f"{NAME}:443", _place(server)).replace("/etc/stunnel", str(directory))
    (directory / "stunnel.conf").write_text(f"foreground = yes\npid =\n{text}")
    return ["stunnel4", str(directory / "stunnel.conf")]


@asynccontextmanager
async def running(command: list[str], port: int) -> AsyncIterator[None]:
    """Run a proxy until left; skips where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                if process.returncode is not None:
                    pytest.fail((await process.stderr.read()).decode())
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                break
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@pytest.mark.parametrize("door", ["forms", "basic"])
async def test_nginx_stands_between_and_both_certificates_are_checked(
    server: DavExchange, proxy: Identity, tmp_path: Path, door: str
) -> None:
    await _read_through(nginx, server, proxy, tmp_path, door)


@pytest.mark.parametrize("door", ["forms", "basic", "ntlm"])
async def test_stunnel_stands_between_and_lets_connections_be_signed_in(
    server: DavExchange, proxy: Identity, tmp_path: Path, door: str
) -> None:
    await _read_through(stunnel, server, proxy, tmp_path, door)


async def _read_through(
    kind: Proxy, server: DavExchange, proxy: Identity, directory: Path, door: str
) -> None:
    port = free_port()
    command = kind(server, directory, port)
    server.forms, server.schemes = door == "forms", ("NTLM",) if door == "ntlm" else ("Basic",)
    direct, server.origin = server.origin, f"https://localhost:{port}"  # IIS answers as it is asked
    pins = (proxy.pin,)
    async with running(command, port), opened(server, "auto", USER, pins=pins) as source:
        assert await read(source) == 1
        assert await read(source) == 1
    assert {ask.headers["host"] for ask in server.asked} == {f"localhost:{port}"}
    server.origin = direct
    server.asked.clear()
    async with opened(server, "auto", USER, pins=pins) as source:
        with pytest.raises(Unreachable):  # TLS 1.0, unasked for
            await read(source)
    assert not server.asked


@pytest.mark.parametrize("kind", [nginx, stunnel])
async def test_a_proxy_gives_no_password_to_a_server_it_does_not_know(
    server: DavExchange, proxy: Identity, tmp_path: Path, kind: Proxy
) -> None:
    port = free_port()
    other = Authority(tmp_path).issue("localhost", self_signed=True)
    shutil.copy(other.path, tmp_path / "exchange2003.pem")
    command = kind(server, tmp_path, port)
    server.origin = f"https://localhost:{port}"
    async with (
        running(command, port),
        opened(server, "auto", USER, pins=(proxy.pin,)) as source,
    ):
        with pytest.raises(Unreachable):
            await read(source)
    assert not server.asked
