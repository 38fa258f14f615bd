"""Signing in: Basic, NTLM, Negotiate, OAuth tokens, client certificates; and being locked out.

NTLM and Negotiate sign a connection in, not a request (MS-NTHT, MS-SPNG): ``serve`` gives each
TCP connection a ``Connection`` that remembers. Server side they are pyspnego's; with
``extended_protection`` a client has to bind what it says to the TLS channel (RFC 5929,
tls-server-end-point), or it is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego._ntlm_raw.crypto import ntowfv1
from spnego._ntlm_raw.messages import Authenticate, AvId, NTClientChallengeV2
from spnego._spnego import unpack_token
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import BadBindingsError, SpnegoError

from lab.exchange.http import Ask, Reply
from lab.exchange.organization import Account, Organization

if TYPE_CHECKING:
    from lab.exchange.server import ExchangeServer

BASIC: Final = 'Basic realm="exchange.test"'
_PERSISTENT: Final = ("NTLM", "Negotiate")
_STORE: Final = "NTLM_USER_FILE"


@dataclass(slots=True)
class SignIn:
    """What a server offers and demands."""

    schemes: tuple[str, ...] = ("Basic",)
    """Of Basic, NTLM, Negotiate, Bearer, in the order they are offered."""
    extended_protection: bool = False
    """NTLM and Negotiate without the channel's binding are refused."""
    certificate: x509.Certificate | None = None
    """What the server shows, for the binding; set by ``serving``."""
    token_seconds: float = 3599
    """How long an OAuth token is good for."""
    tokens: dict[str, tuple[Account, float]] = field(default_factory=dict)
    """Token → whose, and until when."""

    def bindings(self) -> GssChannelBindings | None:
        """Return what a client has to bind to; None where nothing is demanded."""
        if not self.extended_protection or self.certificate is None:
            return None
        return GssChannelBindings(application_data=end_point(self.certificate))


@dataclass(slots=True, eq=False)
class Connection:
    """What a TCP connection remembers."""

    context: spnego.ContextProxy | None = None
    """A handshake in the middle."""
    account: Account | None = None
    """Who signed it in."""
    certificate: bytes | None = None
    """The client's, in DER."""
    store: str = ""


def end_point(certificate: x509.Certificate) -> bytes:
    """Return a certificate's binding: its hash, SHA-256 at least (RFC 5929 section 4)."""
    told = certificate.signature_hash_algorithm
    weak = told is None or isinstance(told, (hashes.MD5, hashes.SHA1))
    return b"tls-server-end-point:" + certificate.fingerprint(
        hashes.SHA256() if weak or told is None else told
    )


def authenticate(server: ExchangeServer, ask: Ask, connection: Connection) -> Account | Reply:
    """Return who asks, or the 401 that says what is offered or how the handshake goes on."""
    scheme, _, rest = ask.headers.get("authorization", "").partition(" ")
    offered = {one.lower(): one for one in server.sign_in.schemes}
    chosen = offered.get(scheme.lower(), "")
    if not scheme:
        found = connection.account or by_certificate(server.organization, connection)
        return found if found and found.enabled else refused(server)
    if chosen in _PERSISTENT:
        return _handshake(server, connection, chosen, rest)
    found = None
    if chosen == "Basic":
        found = _basic(server, rest)
    elif chosen == "Bearer":
        found = _bearer(server, rest)
    if found is not None:
        return found
    server.counters.sign_in_failures += 1
    return refused(server)


def by_certificate(organization: Organization, connection: Connection) -> Account | None:
    """Return whose certificate a client showed."""
    if connection.certificate is None:
        return None
    shown = x509.load_der_x509_certificate(connection.certificate)
    return organization.accounts.get(
        organization.certificates.get(shown.fingerprint(hashes.SHA256()).hex(), "")
    )


def refused(server: ExchangeServer, *challenges: str) -> Reply:
    """Return a 401 with what is offered, or with one answer of a handshake."""
    offered = [BASIC if one == "Basic" else one for one in server.sign_in.schemes]
    shown = list(challenges) or offered
    return Reply(401, {"www-authenticate": ", ".join(shown)}, challenges=shown)


# --- passwords and tokens -------------------------------------------------------------------
def claim(ask: Ask) -> tuple[str, str] | None:
    """Return name and password of Basic; None for anything else."""
    scheme, _, rest = ask.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(rest).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password


def _basic(server: ExchangeServer, rest: str) -> Account | None:
    told = claim(Ask("", "", {"authorization": f"Basic {rest}"}))
    if told is None:
        return None
    organization = server.organization
    found = organization.accounts.get(told[0].lower())
    if found is None:
        return None
    right = secrets.compare_digest(found.password.encode(), told[1].encode())
    return found if organization.signed_in(found, right=right) else None


def _bearer(server: ExchangeServer, token: str) -> Account | None:
    found, until = server.sign_in.tokens.get(token.strip(), (None, 0.0))
    good = found is not None and found.enabled and until > server.organization.now()
    return found if good else None


def token(server: ExchangeServer, ask: Ask) -> Reply:
    """Answer a request for a token: OAuth 2.0, client credentials (RFC 6749 section 4.4)."""
    form = {name: values[0] for name, values in parse_qs(ask.body.decode()).items()}
    kind = {"content-type": "application/json", "cache-control": "no-store"}
    if form.get("grant_type") != "client_credentials":
        return Reply(400, kind, json.dumps({"error": "unsupported_grant_type"}).encode())
    told = claim(ask) or (form.get("client_id", ""), form.get("client_secret", ""))
    found = server.organization.accounts.get(told[0].lower())
    if found is None or not found.application or found.password != told[1] or not found.enabled:
        server.counters.sign_in_failures += 1
        return Reply(401, kind, json.dumps({"error": "invalid_client"}).encode())
    made, seconds = secrets.token_urlsafe(24), server.sign_in.token_seconds
    server.sign_in.tokens[made] = (found, server.organization.now() + seconds)
    answer = {"token_type": "Bearer", "expires_in": int(seconds), "access_token": made}
    return Reply(200, kind, json.dumps(answer).encode())


# --- NTLM and Negotiate ---------------------------------------------------------------------
def _handshake(
    server: ExchangeServer, connection: Connection, scheme: str, text: str
) -> Account | Reply:
    try:
        told = base64.b64decode(text, validate=True)
    except binascii.Error:
        return refused(server)
    if connection.context is None or connection.context.complete:
        connection.account = None
        connection.context = _context(server, connection, scheme)
    context = connection.context
    try:
        _check_bound(server, told)
        answer = _step(connection, context, told)
    except BadBindingsError:  # no wrong password: nobody is locked out for it
        connection.context = None
        server.counters.sign_in_failures += 1
        return refused(server)
    except (SpnegoError, ValueError, struct.error):
        connection.context = None
        _failed(server, told)
        return refused(server)
    if not context.complete:
        return refused(server, f"{scheme} {base64.b64encode(answer or b'').decode()}")
    found = server.organization.accounts.get((context.client_principal or "").lower())
    if found is None or not server.organization.signed_in(found, right=True):
        server.counters.sign_in_failures += 1
        return refused(server)
    connection.account = found
    return found


def _context(server: ExchangeServer, connection: Connection, scheme: str) -> spnego.ContextProxy:
    connection.store = _store(server.organization)
    os.environ[_STORE] = connection.store
    return spnego.server(
        hostname="127.0.0.1",
        service="HTTP",
        protocol=scheme.lower(),
        channel_bindings=server.sign_in.bindings(),
    )


def _step(connection: Connection, context: spnego.ContextProxy, told: bytes) -> bytes | None:
    # pyspnego looks passwords up in a file named by the environment: ours, just now.
    os.environ[_STORE] = connection.store
    return context.step(told)


def _store(organization: Organization) -> str:
    """Write the accounts as pyspnego reads them, hashes only; return the file's name."""
    lines = [
        f"{one.name}:0:{'0' * 32}:{ntowfv1(one.password).hex().upper()}:[U]:LCT-0"
        for one in organization.accounts.values()
        if one.enabled and not organization.locked(one)
    ]
    text = "\n".join(lines)
    place = Path(tempfile.gettempdir()) / f"lab-exchange-{os.getpid()}-{id(organization):x}.ntlm"
    if not place.exists() or place.read_text() != text:
        place.write_text(text)
        place.chmod(0o600)
    return str(place)


def _said(told: bytes) -> Authenticate | None:
    """Return the third message of NTLM, bare or within Negotiate; None for any other."""
    try:
        found = unpack_token(told, unwrap=True)
    except (SpnegoError, ValueError):
        return None
    return found if isinstance(found, Authenticate) else None


def _check_bound(server: ExchangeServer, told: bytes) -> None:
    """Refuse a binding of zeros where one is demanded: pyspnego lets it pass."""
    said = _said(told)
    if said is None or server.sign_in.bindings() is None or not said.nt_challenge_response:
        return
    pairs = NTClientChallengeV2.unpack(said.nt_challenge_response[16:]).av_pairs
    if not any(bytes(pairs.get(AvId.channel_bindings, b""))):
        raise BadBindingsError(context_msg="The channel is not bound.")


def _failed(server: ExchangeServer, told: bytes) -> None:
    server.counters.sign_in_failures += 1
    said = _said(told)
    if said is None or not said.user_name:
        return
    name = f"{said.domain_name}\\{said.user_name}" if said.domain_name else said.user_name
    found = server.organization.accounts.get(name.lower())
    if found is not None:
        server.organization.signed_in(found, right=False)
