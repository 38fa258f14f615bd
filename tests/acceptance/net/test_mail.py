"""Mail against a real SMTP server (aiosmtpd) on loopback."""

from __future__ import annotations

import asyncio
import email.header
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from kalends.errors import (
    AddressRefused,
    BadAnswer,
    CertificateRefused,
    SignInNeeded,
    Unreachable,
    UserError,
)
from kalends.net.breaker import Breakers, MemoryBreakers
from kalends.net.mail import send_mail
from kalends.runtime import Runtime
from tests.acceptance.net.authority import Authority


@dataclass(frozen=True)
class Options:
    """``[server.mail]``."""

    host: str = "127.0.0.1"
    port: int = 25
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    sender: str = "Kalends <kalends@acme.example>"
    to: tuple[str, ...] = ("ops@acme.example", "chef@acme.example")


@dataclass
class Post:
    """What a server received."""

    options: Options
    mails: list[tuple[list[str], Message]] = field(default_factory=list)
    sign_ins: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def sign_in(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> AuthResult:
        self.sign_ins += 1
        good = (data.login, data.password) == (b"kalends", b"right")
        return AuthResult(success=good, handled=good)


@asynccontextmanager
async def post(
    authority: Authority | None = None,
    *,
    security: Literal["starttls", "tls", "none"] = "starttls",
    hosts: tuple[str, ...] = (),
    days: tuple[float, float] = (-1, 30),
    auth: bool = False,
    port: int = 0,
) -> AsyncIterator[Post]:
    tls: ssl.SSLContext | None = None
    if authority is not None:
        tls = authority.issue(*hosts, days=days).server()
    made = Post(Options())

    def protocol() -> SMTP:
        return SMTP(
            made,
            hostname="mail.acme.example",
            tls_context=tls if security == "starttls" else None,
            require_starttls=tls is not None and security == "starttls",
            authenticator=made.sign_in,
            auth_required=auth,
            auth_require_tls=security == "starttls",
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", port, ssl=tls if security == "tls" else None
    )
    made.options = replace(
        made.options,
        port=server.sockets[0].getsockname()[1],
        security=security,
        ca_file=str(authority.path) if authority else None,
    )
    try:
        yield made
    finally:
        server.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_alarm_arrives_over_tls(
    authority: Authority, security: Literal["starttls", "tls"]
) -> None:
    async with post(authority, security=security) as server:
        await send_mail(server.options, "Källan svarar inte", "Sedan 13:00.\n.\nSlut å ä ö")
    ((receivers, mail),) = server.mails
    assert receivers == ["ops@acme.example", "chef@acme.example"]
    decoded = email.header.decode_header(mail["Subject"])
    assert "".join(str(text, code or "ascii") for text, code in decoded) == "Källan svarar inte"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().split() == ["Sedan", "13:00.", ".", "Slut", "å", "ä", "ö"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@acme.example>")


async def test_plain_is_taken_on_this_machine_only() -> None:
    async with post(security="none") as server:
        await send_mail(server.options, "s", "t")
        assert len(server.mails) == 1
        with pytest.raises(AddressRefused):
            await send_mail(replace(server.options, host="10.255.255.1"), "s", "t")


async def test_starttls_is_not_given_up_where_a_server_does_not_offer_it() -> None:
    async with post(security="none") as server:
        with pytest.raises(BadAnswer, match="does not offer STARTTLS"):
            await send_mail(replace(server.options, security="starttls"), "s", "t")
        assert server.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_wrong_certificates_are_refused(
    authority: Authority, security: Literal["starttls", "tls"]
) -> None:
    for hosts, days in ((("other.example",), (-1.0, 30.0)), ((), (-30.0, -1.0))):
        async with post(authority, security=security, hosts=hosts, days=days) as server:
            with pytest.raises(CertificateRefused):
                await send_mail(server.options, "s", "t")
            assert server.mails == []
    async with post(authority, security=security) as server:
        with pytest.raises(CertificateRefused):
            await send_mail(replace(server.options, ca_file=None), "s", "t")


async def test_a_line_of_a_subject_becomes_no_header(authority: Authority) -> None:
    async with post(authority) as server:
        await send_mail(server.options, "Alarm\r\nBcc: thief@evil.example\n\nx", "t")
    ((receivers, mail),) = server.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Alarm Bcc: thief@evil.example x"
    assert "thief@evil.example" not in receivers


async def test_signing_in_by_a_password_from_file_or_environment(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("right\n")
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    async with post(authority, auth=True) as server:
        options = replace(server.options, username="kalends")
        await send_mail(replace(options, password_file=str(secret)), "s", "t")
        await send_mail(replace(options, password_env="MAIL_PASSWORD"), "s", "t")
        assert len(server.mails) == 2
        with pytest.raises(UserError, match="no password"):
            await send_mail(options, "s", "t")
        with pytest.raises(UserError, match="sends no password"):
            await send_mail(replace(options, password_file=str(secret), security="none"), "s", "t")


async def test_a_wrong_password_is_tried_twice_and_no_more(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    breakers = Breakers(Runtime(), MemoryBreakers())
    async with post(authority, auth=True) as server:
        options = replace(server.options, username="kalends", password_env="MAIL_PASSWORD")
        for _ in range(5):
            with pytest.raises(SignInNeeded):
                await send_mail(options, "s", "t", breakers=breakers)
        assert server.sign_ins == 2


async def test_no_receiver_is_a_bad_answer_and_no_server_is_unreachable(
    authority: Authority,
) -> None:
    async with post(authority) as server:
        with pytest.raises(BadAnswer, match="every receiver"):
            await send_mail(replace(server.options, to=("nobody@acme.example",)), "s", "t")
    with pytest.raises(Unreachable):
        await send_mail(server.options, "s", "t")
