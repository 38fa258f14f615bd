"""The vetted connector: aiohttp connects only where ``AddressRules`` allow (threat 4).

Asked twice: after name resolution, so that a name with one good and one bad address still works,
and when the socket is made, with the very address it is connected to, whatever came before.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from kalends.errors import AddressRefused, Unreachable
from kalends.net.address import AddressRules

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection

_KEEP_ALIVE = 15.0
"""Seconds; below what servers keep idle connections, so that few are found closed."""


_KEEP_LINE = 60.0
"""For a connection that is signed in: worth keeping longer (IIS keeps two minutes)."""


class AddressNotOpen(OSError):
    """What the socket factory raises; ``refusal`` is the error for the caller."""

    def __init__(self, refusal: AddressRefused) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class VettedResolver(AbstractResolver):
    """Resolves names to the addresses that are allowed; none left: ``AddressRefused``."""

    def __init__(self, rules: AddressRules, inner: AbstractResolver | None = None) -> None:
        self._rules = rules
        self._inner = inner or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return allowed addresses of a name."""
        found = await self._inner.resolve(host, port, family)
        allowed = [result for result in found if self._rules.allows(result["host"])]
        if found and not allowed:
            self._rules.check(found[0]["host"], host)
        return allowed

    async def close(self) -> None:
        """Let go of the inner resolver."""
        await self._inner.close()


class ConnectionLost(Unreachable):
    """A kept connection turned out to be closed before an answer began."""


class ConnectionChanged(Unreachable):
    """The request was not sent: the connection it belongs to is no longer there."""


class Watch:
    """Knows which connection a line is on, and lets no request go over another."""

    def __init__(self) -> None:
        self.serial = 0
        self.certificate: bytes | None = None
        """The other side's, DER; None over plain http."""
        self._transport: asyncio.Transport | None = None
        self._expected: int | None = None
        self._went = False

    def expect(self, serial: int | None) -> None:
        """Say on which connection the next request goes; None: on any."""
        self._expected, self._went = serial, False

    def took(self, connection: Connection) -> None:
        """Note the connection a request is about to be sent on; raises where it may not."""
        again, self._went = self._went, True
        if connection.transport is not self._transport:
            self._transport = connection.transport
            self.serial += 1
            self.certificate = _certificate(connection.transport)
        if self._expected in (None, self.serial):
            return
        connection.release()
        if again:  # aiohttp repeats what was lost; it may have been heard
            raise ConnectionLost("the connection was lost while a request was on its way")
        raise ConnectionChanged("the connection was closed meanwhile")


def _certificate(transport: asyncio.Transport | None) -> bytes | None:
    tls = transport.get_extra_info("ssl_object") if transport else None
    shown: bytes | None = tls.getpeercert(binary_form=True) if tls else None
    return shown


class _WatchedConnector(aiohttp.TCPConnector):
    """Tells a watch of every connection that is handed out."""

    def __init__(self, watch: Watch | None, **options: Any) -> None:
        super().__init__(**options)
        self._watch = watch

    async def connect(self, req: ClientRequest, *rest: Any, **named: Any) -> Connection:
        connection = await super().connect(req, *rest, **named)
        if self._watch is not None:
            self._watch.took(connection)
        return connection


def connector(
    rules: AddressRules,
    tls: ssl.SSLContext,
    *,
    watch: Watch | None = None,
    resolver: AbstractResolver | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector that connects only where the rules allow.

    The caller bounds how many; with a ``watch`` there is one at a time. Names are resolved anew
    for every connection: no cache of ours may outlive what was vetted.
    """

    def vetted_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        try:
            rules.check(str(address[0]))
        except AddressRefused as refusal:
            raise AddressNotOpen(refusal) from refusal
        return socket.socket(family=family, type=kind, proto=protocol)

    return _WatchedConnector(
        watch,
        resolver=VettedResolver(rules, resolver),
        use_dns_cache=False,
        ssl=tls,
        limit=1 if watch else 0,
        keepalive_timeout=_KEEP_LINE if watch else _KEEP_ALIVE,
        socket_factory=vetted_socket,
    )


def check_literal(rules: AddressRules, host: str) -> None:
    """Raise ``AddressRefused`` where ``host`` is itself an address that is not allowed.

    Names are vetted when resolved; this gives literals the same clear error.
    """
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    rules.check(host)
