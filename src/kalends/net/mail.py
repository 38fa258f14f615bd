"""Mail by SMTP, for alarms: TLS that is always verified, plain only to this machine.

Place in the flow: *alarm → here → the organization's mail server*. The server is the operator's
own (``[server.mail]``), so private addresses are allowed.
"""

from __future__ import annotations

import os
import socket
import ssl
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final, Literal, Protocol

import aiosmtplib

from kalends.errors import (
    BadAnswer,
    CertificateRefused,
    SignInNeeded,
    SourceTrouble,
    Unreachable,
    UserError,
)
from kalends.net.address import AddressRules, Carriage
from kalends.net.breaker import Breakers, Outcome
from kalends.net.contract import Credential
from kalends.net.telling import nameless
from kalends.net.tls import GuardedContext, TlsOptions, context, explain

_SECONDS: Final = 30.0


class MailServer(Protocol):
    """The keys of ``[server.mail]`` (``config.MailOptions``)."""

    @property
    def host(self) -> str:
        """SMTP server."""

    @property
    def port(self) -> int:
        """587 for starttls, 465 for tls."""

    @property
    def security(self) -> Literal["starttls", "tls", "none"]:
        """``none`` is taken only for a server on this machine."""

    @property
    def username(self) -> str | None:
        """Whom to sign in; None: nobody."""

    @property
    def password_env(self) -> str | None:
        """Environment variable with the password …"""

    @property
    def password_file(self) -> str | None:
        """… or file."""

    @property
    def ca_file(self) -> str | None:
        """Authorities to trust instead of the system's."""

    @property
    def sender(self) -> str:
        """From."""

    @property
    def to(self) -> Sequence[str]:
        """Receivers."""


async def send_mail(
    options: MailServer, subject: str, text: str, *, breakers: Breakers | None = None
) -> float | None:
    """Send one mail; return when the server's certificate ends (UTC seconds; None: no TLS).

    Raises ``Unreachable`` where trying again later makes sense, ``SignInNeeded``,
    ``CertificateRefused``, ``AddressRefused``, ``BadAnswer`` where the server refuses sender,
    receivers or text for good, ``UserError`` where the options cannot be used.
    """
    message = _message(options, subject, text)
    credential = _credential(options)
    async with _greeted(options) as (server, tls):
        if credential is not None:
            await _sign_in(server, credential, breakers, _where(options))
        await server.send_message(message)
    return _end(tls)


async def certificate_end(options: MailServer) -> float | None:
    """Return when the server's certificate ends (UTC seconds; None: no TLS is configured).

    Nobody signs in and no mail is sent. Raises as ``send_mail`` does.
    """
    if options.security == "none":
        return None
    async with _greeted(options) as (_, tls):
        return _end(tls)


def _end(tls: GuardedContext | None) -> float | None:
    return None if tls is None else min(tls.expires_at.values(), default=None)


def _where(options: MailServer) -> str:
    return f"{options.host}:{options.port}"


@asynccontextmanager
async def _greeted(
    options: MailServer,
) -> AsyncIterator[tuple[aiosmtplib.SMTP, GuardedContext | None]]:
    """Connect, with TLS as configured, and say good-bye; what goes wrong is told as ours."""
    where = _where(options)
    tls = context(TlsOptions(options.ca_file)) if options.security != "none" else None
    try:
        async with await _connected(options, tls) as server:
            await _greet(server, options, where)
            yield server, tls
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise _told(error, where) from error


def _message(options: MailServer, subject: str, text: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = options.sender
    message["To"] = ", ".join(options.to)
    message["Subject"] = " ".join(subject.split())  # no line of a subject becomes a header
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=options.sender.rpartition("@")[2].strip("> "))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies, please
    message.set_content(text)
    return message


def _credential(options: MailServer) -> Credential | None:
    if options.username is None:
        return None
    if options.password_env:
        secret = os.environ.get(options.password_env)
    elif options.password_file:
        secret = _file(options.password_file)
    else:
        secret = None
    if not secret:
        raise UserError("[server.mail] username is set, but no password: set password_env or _file")
    if options.security == "none":
        raise UserError("[server.mail] security = 'none' sends no password: use starttls or tls")
    return Credential(options.username, secret)


def _file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise UserError(f"[server.mail] password_file: {error.strerror}") from error


async def _connected(options: MailServer, tls: GuardedContext | None) -> aiosmtplib.SMTP:
    """Return a client whose context connects and says good-bye."""
    carriage = Carriage.PLAIN_SIGNED if options.security == "none" else Carriage.TLS
    connected = await _connect(options.host, options.port, carriage)
    return aiosmtplib.SMTP(
        hostname=options.host,
        port=None,
        sock=connected,
        use_tls=options.security == "tls",
        start_tls=False,  # done by _greet, which insists on it
        tls_context=tls,
        timeout=_SECONDS,
    )


async def _connect(host: str, port: int, carriage: Carriage) -> socket.socket:
    """Return a socket connected to a vetted address of the host, trying all of them."""
    rules = AddressRules(trusted=True, carriage=carriage)
    loop = get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [info for info in found if rules.allows(str(info[4][0]))]
    if not allowed:
        rules.check(str(found[0][4][0]), host)
    trouble: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        candidate = socket.socket(family, kind, protocol)
        candidate.setblocking(False)
        try:
            await loop.sock_connect(candidate, address)
        except OSError as error:
            candidate.close()
            trouble = error
        except BaseException:
            candidate.close()
            raise
        else:
            return candidate
    raise trouble or OSError("no address")


async def _greet(server: aiosmtplib.SMTP, options: MailServer, where: str) -> None:
    await server.ehlo()
    if options.security != "starttls":
        return
    if not server.supports_extension("starttls"):
        raise BadAnswer(f"{where} does not offer STARTTLS")
    await server.starttls()
    await server.ehlo()  # RFC 3207 section 4.2: what was said before TLS is forgotten


async def _sign_in(
    server: aiosmtplib.SMTP, credential: Credential, breakers: Breakers | None, where: str
) -> None:
    async with AsyncExitStack() as stack:
        attempt = None
        if breakers is not None:
            attempt = await stack.enter_async_context(breakers.attempt("", credential))
        try:
            await _login(server, credential, where)
        except aiosmtplib.SMTPAuthenticationError as error:
            if attempt is not None:
                attempt.outcome = Outcome.REFUSED
            raise SignInNeeded(f"{where} refused user name or password") from error
        if attempt is not None:
            attempt.outcome = Outcome.WORKED


async def _login(server: aiosmtplib.SMTP, credential: Credential, where: str) -> None:
    """Sign in by one mechanism: ``SMTP.login`` tries all of them, a failed sign-in for each."""
    offered = server.supported_auth_methods
    ways = {
        "plain": server.auth_plain,
        "login": server.auth_login,
        "cram-md5": server.auth_crammd5,
    }
    for name, way in ways.items():
        if name in offered:
            await way(credential.username, credential.secret)
            return
    raise BadAnswer(f"{where} offers no way to sign in that is known here")


def _told(error: Exception, where: str) -> SourceTrouble:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.CertificateError):
            return CertificateRefused(explain(cause, where))
        cause = cause.__cause__ or cause.__context__
    code = getattr(error, "code", 0)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return BadAnswer(f"{where} refuses every receiver of [server.mail] to")
    if isinstance(code, int) and code >= 500:
        return BadAnswer(f"{where} refuses the mail ({code})")
    if isinstance(error, socket.gaierror):
        return nameless(where.rpartition(":")[0])
    return Unreachable(f"no mail could be handed to {where}")
