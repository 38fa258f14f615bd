"""Kind ``caldav``: calendars on a CalDAV server."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, model_validator

from kalends.calendars.caldav import CaldavSource
from kalends.endpoints.dav import DavEndpoint, DavOptions
from kalends.endpoints.kind import Kind, Place, Services, own_key

_DOMAIN: Final = r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z0-9]$"


class CaldavOptions(DavOptions):
    """Keys of a CalDAV source."""

    url: str = Field(default="", max_length=2000)
    """Address of the server, or of any of its calendars or principals; ``https://…``."""
    domain: str | None = Field(default=None, max_length=253, pattern=_DOMAIN)
    """Instead of ``url``: the domain whose DNS tells where its calendar server is (RFC 6764:
    ``_caldavs._tcp``). It must be the domain itself or a host below it; any other stands in
    ``allowed_hosts`` before it is given the password."""
    poll_seconds: int = Field(default=60, ge=1, le=86_400)
    """How often each calendar is asked whether something changed (one small request)."""
    max_bytes: int = Field(default=50 << 20, ge=1024, le=50 << 20)
    """A larger answer is refused."""

    @model_validator(mode="after")
    def _one_place(self) -> CaldavOptions:
        if bool(self.url) == (self.domain is not None):
            raise ValueError("either url or domain says where the server is")
        return self


def _options(options: Any) -> CaldavOptions:
    return options if isinstance(options, CaldavOptions) else CaldavOptions.model_validate(options)


def _endpoint(services: Services, place: Place, options: Any) -> DavEndpoint:
    return DavEndpoint(services, place, _options(options))


def _key(place: Place, options: Any) -> tuple[Any, ...]:
    return own_key(place, _options(options))


def _source(endpoint: DavEndpoint, place: Place, options: Any) -> CaldavSource:
    del options
    return CaldavSource(
        endpoint,
        domains=place.organization.domains,
        description=place.organization.description_note,
    )


KIND = Kind(
    name="caldav",
    summary="Calendars on a CalDAV server (Nextcloud, SOGo, Radicale, Apple, Zimbra …)",
    options=CaldavOptions,
    endpoint=_endpoint,
    endpoint_key=_key,
    source=_source,
    secrets=("password",),
)
