"""The factory of guarded clients: what of the options means which transport and which sign-in.

Place in the flow: *kind → factory → guarded client* (``net.guarded``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

from kalends import observe
from kalends.errors import UserError
from kalends.net.address import AddressRules
from kalends.net.breaker import Breakers, BreakerStore
from kalends.net.contract import (
    Auth,
    Credential,
    HttpOptions,
    Lined,
    SignInOptions,
    Transport,
)
from kalends.net.guarded import AnySignIn, GuardedClient
from kalends.net.kerberos import Tickets
from kalends.net.lines import ConnectionSignIn
from kalends.net.oauth import Supplier
from kalends.net.signin import Password
from kalends.net.tls import TlsOptions, context
from kalends.net.transport import AioTransport
from kalends.runtime import Runtime

log = observe.logger(__name__)


class ServerAddresses(Protocol):
    """The part of ``[server]`` that the network needs."""

    @property
    def allowed_networks(self) -> Sequence[str]:
        """Ranges open to every source and sink, in CIDR."""


TransportFactory = Callable[[HttpOptions, AddressRules], Transport]


class HttpClients:
    """Builds guarded clients (``endpoints.kind.HttpFactory``); one set of breakers for all."""

    def __init__(
        self,
        runtime: Runtime,
        server: ServerAddresses,
        breakers: BreakerStore,
        transport: TransportFactory | None,
    ) -> None:
        self._runtime = runtime
        self._server = server
        self._breakers = Breakers(runtime, breakers)
        self._transport = transport
        self._tickets: dict[str, Tickets] = {}
        self._suppliers: WeakValueDictionary[tuple[Any, ...], Supplier] = WeakValueDictionary()

    @property
    def breakers(self) -> Breakers:
        """The breakers of this process, for whoever signs in otherwise (mail)."""
        return self._breakers

    def __call__(
        self,
        organization: str,
        endpoint: str,
        options: HttpOptions,
        credential: Callable[[], Credential | None],
        *,
        trusted: bool,
    ) -> GuardedClient:
        """Return the client of one endpoint; ``UserError`` where its options cannot be used."""
        # Breakers are kept per credential, connections per client: the endpoint is but a name.
        rules = AddressRules.of(self._server.allowed_networks, trusted=trusted)
        tls = context(
            TlsOptions(
                options.ca_file,
                options.certificate_pins,
                options.client_certificate,
                self._runtime.now,
                options.tls_minimum,
            )
        )
        if options.tls_minimum in ("1.0", "1.1"):
            log.warning("tls.old", organization=organization, version=options.tls_minimum,
                        endpoint=endpoint)  # fmt: skip
        make = self._transport or (lambda _options, rules: AioTransport(rules, tls))
        transport = make(options, rules)
        return GuardedClient(
            self._runtime,
            organization,
            options,
            credential,
            breakers=self._breakers,
            transport=transport,
            sign_in=self._sign_in(organization, options, transport, trusted),
            tls=tls,
        )

    def _sign_in(
        self, organization: str, options: HttpOptions, transport: Transport, trusted: bool
    ) -> AnySignIn:
        auth: Auth = options.auth if isinstance(options, SignInOptions) else "auto"
        if auth == "oauth":
            assert isinstance(options, SignInOptions)
            return self._supplier(organization, options, trusted)
        if auth != "ntlm" and auth != "negotiate":
            return Password(auth)
        if not isinstance(transport, Lined):
            raise UserError(f"auth = {auth!r} needs connections, and there are none here")
        tickets = self._tickets.setdefault(organization, Tickets(self._runtime.now))
        keep = options.max_connections
        return ConnectionSignIn(auth, transport, self._runtime, keep=keep, tickets=tickets)

    def _supplier(self, organization: str, options: SignInOptions, trusted: bool) -> Supplier:
        """Return the supplier of tokens, one for all clients of the same application."""
        url = options.token_url or ""
        key = (organization, url, options.username, options.scope, options.token_ca_file, trusted)
        supplier = self._suppliers.get(key)
        if supplier is None:
            where = HttpOptions(url=url, ca_file=options.token_ca_file)
            client = self(organization, "tokens", where, lambda: None, trusted=trusted)
            supplier = Supplier(client, url, options.scope, self._runtime)
            self._suppliers[key] = supplier
        return supplier


def http_factory(
    runtime: Runtime,
    server: ServerAddresses,
    breakers: BreakerStore,
    *,
    transport: TransportFactory | None = None,
) -> HttpClients:
    """Return what builds the guarded clients of a process.

    ``transport`` replaces aiohttp: the simulation's seam, given options and address rules.
    """
    return HttpClients(runtime, server, breakers, transport)
