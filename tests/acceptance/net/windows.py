"""A server that signs in connections as IIS does, on pyspnego's *server* half."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import spnego
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from spnego.channel_bindings import GssChannelBindings

from tests.acceptance.net.conftest import Handler

NAMES = {"ntlm": "NTLM", "negotiate": "Negotiate"}


@dataclass(eq=False)
class Connection:
    """What the server knows about one TCP connection."""

    number: int
    context: spnego.ContextProxy | None = None
    user: str = ""


@dataclass
class Seen:
    """One request as it arrived."""

    connection: int
    method: str
    scheme: str
    """Of its Authorization; empty: none."""
    body: bytes


@dataclass
class Windows:
    """Offers ``offers``; needs NTLM_USER_FILE in the environment."""

    handler: Handler
    offers: tuple[Literal["ntlm", "negotiate", "basic"], ...] = ("negotiate", "ntlm")
    protection: x509.Certificate | None = None
    """Extended Protection: sign-ins must be bound to this certificate."""
    close_after: Callable[[Seen], bool] = lambda _seen: False
    """Whether the connection is closed after the answer to this request."""
    seen: list[Seen] = field(default_factory=list)
    refused: int = 0
    """Sign-ins that were complete and wrong: what a directory counts."""
    users: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connections: dict[object, Connection] = {}
        self._count = 0

    def forget(self) -> None:
        """Sign every connection out, without closing it."""
        for connection in self._connections.values():
            connection.user = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Handle one request."""
        connection = self._connection(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        seen = Seen(connection.number, request.method, scheme.lower(), await request.read())
        self.seen.append(seen)
        response = await self._answer(request, connection, scheme.lower(), token)
        if self.close_after(seen):
            response.force_close()
        return response

    async def _answer(
        self, request: web.Request, connection: Connection, scheme: str, token: str
    ) -> web.StreamResponse:
        if not scheme and connection.user:
            return await self.handler(request)
        if scheme not in self.offers or scheme == "basic":
            return self._offer()
        try:
            said = self._step(connection, scheme, base64.b64decode(token))
        except Exception:  # Kerberos raises its library's own
            self.refused += 1
            connection.context = None
            return self._offer()
        context = connection.context
        assert context is not None
        if not context.complete:
            return self._offer(f"{NAMES[scheme]} {base64.b64encode(said or b'').decode()}")
        connection.user = context.client_principal or "?"
        self.users.append(connection.user)
        connection.context = None
        response = await self.handler(request)
        if said and not response.prepared:
            proof = f"{NAMES[scheme]} {base64.b64encode(said).decode()}"
            response.headers["WWW-Authenticate"] = proof
        return response

    def _step(self, connection: Connection, scheme: str, token: bytes) -> bytes | None:
        if connection.context is None:
            connection.context = spnego.server(protocol=scheme, channel_bindings=self._bindings())
        return connection.context.step(token)

    def _bindings(self) -> GssChannelBindings | None:
        if self.protection is None:
            return None
        # The test's certificates are signed with SHA-256.
        data = b"tls-server-end-point:" + self.protection.fingerprint(SHA256())
        return GssChannelBindings(application_data=data)

    def _offer(self, *only: str) -> web.Response:
        response = web.Response(status=401, text="no")
        for offer in only or [NAMES.get(one, 'Basic realm="x"') for one in self.offers]:
            response.headers.add("WWW-Authenticate", offer)
        return response

    def _connection(self, request: web.Request) -> Connection:
        key = request.protocol
        if key not in self._connections:
            self._count += 1
            self._connections[key] = Connection(self._count)
        return self._connections[key]
