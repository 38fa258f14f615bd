"""One guarded client per origin, and which of them may see the credential (threat 3).

The credential goes to the origin of the configured ``url``, to hosts of the configured ``domain``
and below it, to ``allowed_hosts``, and to Exchange Online where that is the configured server.
Everything else is asked without it, or not at all.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from urllib.parse import urlsplit

from kalends.endpoints.dav import origin
from kalends.endpoints.exchange.options import ONLINE_HOSTS, ExchangeOptions
from kalends.endpoints.kind import Place, Services
from kalends.errors import Refused
from kalends.net.account import account
from kalends.net.contract import Credential, HttpClient
from kalends.wire.autodiscover.redirects import Verdict, judge

MAX_ORIGINS: Final = 64
"""Clients kept open at once; the one used longest ago is closed."""


class Clients:
    """The clients of one endpoint."""

    def __init__(self, services: Services, place: Place, options: ExchangeOptions) -> None:
        self._http = services.http
        self._place = place
        self._options = options
        self._open: OrderedDict[tuple[str, bool], HttpClient] = OrderedDict()
        self._named = frozenset(map(_netloc, options.allowed_hosts))
        self.allowed = tuple(host for host in self._named if ":" not in host)
        """Hosts and domains on https' own port, the only one redirects are followed to."""

    async def signed(self, url: str) -> HttpClient:
        """Return the client for a URL that may see the credential; ``Refused`` otherwise."""
        if not self.trusts(url):
            host = urlsplit(url).hostname or "?"
            refusal = Refused(f"{host} may not see this source's credential")
            refusal.remedy = f'If the host is yours, add it: allowed_hosts = ["{host}"].'
            raise refusal
        return await self._client(origin(url), signed=True)

    async def unsigned(self, url: str) -> HttpClient:
        """Return a client that carries no credential."""
        return await self._client(origin(url), signed=False)

    def trusts(self, url: str) -> bool:
        """Tell whether the credential may go to a URL."""
        options = self._options
        if options.url and origin(url) == origin(options.url):
            return True
        parts = urlsplit(url)
        if parts.scheme == "https" and _netloc(parts.netloc) in self._named:
            return True
        if parts.scheme == "https" and parts.netloc.lower() in ONLINE_HOSTS:
            return str(options.auth) == "oauth"
        return bool(options.domain) and (
            judge(url, options.domain, allowed=self.allowed) is Verdict.FOLLOW
        )

    async def close(self) -> None:
        """Close all connections."""
        clients, self._open = list(self._open.values()), OrderedDict()
        for client in clients:
            await client.close()

    async def _client(self, where: str, *, signed: bool) -> HttpClient:
        client = self._open.get((where, signed))
        if client is None:
            options = self._options.model_copy(update={"url": where + "/", "allowed_hosts": ()})
            client = self._open[where, signed] = self._http(
                self._place.organization.id,
                f"source:{self._place.id}",
                options,
                self._credential if signed else _nobody,
                trusted=self._place.trusted,
            )
        self._open.move_to_end((where, signed))
        if len(self._open) > MAX_ORIGINS:
            _, old = self._open.popitem(last=False)
            await old.close()
        return client

    def _credential(self) -> Credential | None:
        return account(self._options, self._place.secret)


def _netloc(host: str) -> str:
    """Return a host as it is compared: ``host``, or ``host:port`` where the port is another."""
    named = urlsplit(host).netloc if "://" in host else host
    return named.lower().removesuffix(":443")


def _nobody() -> Credential | None:
    return None
