"""Kind ``sip-publish``: presence published to a SIP presence server (Kamailio, OpenSIPS …)."""

from __future__ import annotations

from pydantic import Field, field_validator

from kalends.endpoints.kind import Kind, Place, Services, own_key
from kalends.endpoints.sip import SipEndpoint
from kalends.endpoints.sip_sockets import Lines, SipServer
from kalends.errors import UserError
from kalends.model.vocabulary import Audience, Availability, Document
from kalends.net.address import AddressRules
from kalends.net.breaker import Breakers, MemoryBreakers
from kalends.net.contract import Credential
from kalends.net.tls import Pins, TlsOptions, context
from kalends.runtime import Runtime
from kalends.sinks.sip_publish import Publishing, SipPublishSink
from kalends.wire.pidf import Style, activity_table
from kalends.wire.pidf.document import CLOSED
from kalends.wire.sip.message import BadMessage, address_of_record
from kalends.wire.sip.publisher import Limits
from kalends.wire.sip.transactions import Transport

_REST_SECONDS = 60.0
"""The breaker counts refused sign-ins, over restarts too; this only spares it."""


class SipPublishOptions(Document):
    """Keys of a ``sip-publish`` sink."""

    server: str
    """``sip:presence.acme.example:5060;transport=udp``, ``…;transport=tcp``, or for TLS
    ``sip:presence.acme.example:5061;transport=tls``. Without ``tls`` only to private addresses.
    Names are resolved to A and AAAA records."""
    domain: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.\[\]:-]{1,255}$")
    """Host put in place of the one in every person's ``sip``, where the presence server knows
    people under another domain."""
    from_uri: str | None = None
    """Address of the publishing account (From); the person's own where empty."""
    username: str | None = None
    """For digest sign-in (MD5, SHA-256, SHA-512/256)."""
    password_env: str | None = None
    """Environment variable that holds the password …"""
    password_file: str | None = None
    """… or a file; read again when it changes."""
    expires: int = Field(default=1800, ge=300, le=3600)
    """Seconds a publication lives without being refreshed: how long the last state stays visible
    when Kalends is gone. The server may shorten it."""
    ca_file: str | None = None
    """PEM file with the authorities to trust instead of the system's."""
    certificate_pins: tuple[str, ...] = ()
    """SHA-256 of the server's certificate (hex) or public key (``pin-sha256:base64``); two at
    once for rotation. A pinned certificate needs no authority."""
    max_per_second: float = Field(default=500, gt=0, le=10_000)
    """At most so many requests begin in a second."""
    activity_map: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """RPID activities per activity, over the built-in table: ``{course = "presentation"}``."""
    closed: tuple[Availability, ...] = tuple(sorted(CLOSED))
    """Availabilities told as ``closed`` (nobody answers); all others as ``open``."""
    timed_status: bool = True
    """Whether the next state is told ahead (RFC 4481)."""

    @field_validator("server")
    @classmethod
    def _server(cls, text: str) -> str:
        try:
            SipServer.parse(text)
        except UserError as error:
            raise ValueError(str(error)) from error
        return text

    @field_validator("from_uri")
    @classmethod
    def _from_uri(cls, text: str | None) -> str | None:
        try:
            return text and address_of_record(text)
        except BadMessage as error:
            raise ValueError(str(error)) from error

    @field_validator("certificate_pins")
    @classmethod
    def _pins(cls, pins: tuple[str, ...]) -> tuple[str, ...]:
        Pins.parse(pins)
        return pins

    @field_validator("activity_map")
    @classmethod
    def _activities(
        cls, cells: dict[str, str | tuple[str, ...]]
    ) -> dict[str, str | tuple[str, ...]]:
        activity_table(_elements(cells))
        return cells


def _elements(cells: dict[str, str | tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        activity: (found,) if isinstance(found, str) else found for activity, found in cells.items()
    }


class _Open:
    """The endpoint and what its sinks need besides."""

    client_certificate_expires_at: float | None = None
    """None is shown."""

    def __init__(self, runtime: Runtime, endpoint: SipEndpoint, lines: Lines) -> None:
        self.runtime = runtime
        self.endpoint = endpoint
        self._lines = lines

    @property
    def certificate_expires_at(self) -> float | None:
        """When the server's certificate ends (``engine.opening.Certified``)."""
        return self._lines.certificate_expires_at

    async def reset(self) -> None:
        """Forget failed sign-ins (``engine.opening.Guarded``)."""
        await self.endpoint.reset()

    async def close(self) -> None:
        """Hang up."""
        await self.endpoint.close()


def _endpoint(services: Services, place: Place, options: SipPublishOptions) -> _Open:
    server = SipServer.parse(options.server)
    tls = TlsOptions(options.ca_file, options.certificate_pins, clock=services.runtime.now)
    rules = AddressRules.of(services.networks, trusted=place.trusted)
    lines = Lines(server, rules, context(tls) if server.transport is Transport.TLS else None)

    def credential() -> Credential | None:
        secret = place.secret("password") if options.username else None
        return Credential(options.username, secret) if options.username and secret else None

    endpoint = SipEndpoint(
        services.runtime,
        place.organization.id,
        server.transport,
        lines,
        credential,
        Breakers(services.runtime, services.breakers or MemoryBreakers()),
        Limits(max_per_second=options.max_per_second, rest_seconds=_REST_SECONDS),
    )
    return _Open(services.runtime, endpoint, lines)


def _sink(endpoint: _Open, place: Place, options: SipPublishOptions) -> SipPublishSink:
    return SipPublishSink(
        endpoint.runtime,
        endpoint.endpoint,
        Publishing(
            audience=place.audience or Audience.OUTSIDE,
            expires=options.expires,
            domain=options.domain,
            sender=options.from_uri or "",
            style=Style(
                activity_table(_elements(options.activity_map)),
                frozenset(options.closed),
                options.timed_status,
            ),
            # Four batches at once and a silent server must end within the pump's minute.
            batch=max(1, min(200, int(options.max_per_second * 5))),
            secure=SipServer.parse(options.server).transport is Transport.TLS,
        ),
    )


KIND = Kind(
    name="sip-publish",
    summary="Publishes presence (PIDF, RPID) to a SIP presence server",
    options=SipPublishOptions,
    endpoint=_endpoint,
    endpoint_key=own_key,
    sink=_sink,
    manner=(
        "expires",
        "max_per_second",
        "ca_file",
        "certificate_pins",
        "password_env",
        "password_file",
    ),
    secrets=("password",),
)
