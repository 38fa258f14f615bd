"""The vetted connector: aiohttp connects only where ``AddressRules`` allow (threat 4).

Asked twice: after name resolution, so that a name with one good and one bad address still works,
and when the socket is made, with the very address it is connected to, whatever came before.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from kalends.errors import AddressRefused
from kalends.net.address import AddressRules

_KEEP_ALIVE = 15.0
"""Seconds; below what servers keep idle connections, so that few are found closed."""


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


def connector(
    rules: AddressRules,
    tls: ssl.SSLContext,
    *,
    connections: int = 0,
    resolver: AbstractResolver | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector that connects only where the rules allow.

    ``connections`` bounds the pool (0: the caller bounds it). Names are resolved anew for every
    connection: no cache of ours may outlive what was vetted.
    """

    def vetted_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        try:
            rules.check(str(address[0]))
        except AddressRefused as refusal:
            raise AddressNotOpen(refusal) from refusal
        return socket.socket(family=family, type=kind, proto=protocol)

    return aiohttp.TCPConnector(
        resolver=VettedResolver(rules, resolver),
        use_dns_cache=False,
        ssl=tls,
        limit=connections,
        keepalive_timeout=_KEEP_ALIVE,
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
