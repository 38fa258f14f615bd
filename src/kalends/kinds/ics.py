"""Kind ``ics``: calendar files over HTTP, in the operator's file system, or uploaded."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from kalends.calendars.ics import IcsSource
from kalends.endpoints.dav import DavEndpoint, DavOptions
from kalends.endpoints.kind import Kind, Place, Services, own_key


class IcsOptions(DavOptions):
    """Keys of an ICS source. All are optional: each calendar may name its own feed."""

    url: str = Field(default="", max_length=2000)
    """Where relative addresses of calendars begin; with ``{email}`` in it, feeds are found by
    the person's e-mail address. ``webcal://`` is https."""
    poll_seconds: int = Field(default=300, ge=5, le=86_400)
    """How often a feed is asked for."""
    max_bytes: int = Field(default=20 << 20, ge=1024, le=50 << 20)
    """A larger feed is refused."""
    uploads: bool = False
    """Calendars come through the API (``PUT …/calendars/{name}.ics``); nothing is asked for."""

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        return url  # a folder, ``webcal://`` and a template are addresses too


def _options(options: Any) -> IcsOptions:
    found = options if isinstance(options, IcsOptions) else IcsOptions.model_validate(options)
    scheme, colon, rest = found.url.partition("://")
    if colon and scheme.lower() in ("webcal", "webcals"):
        return found.model_copy(update={"url": f"https://{rest}"})
    return found


def _endpoint(services: Services, place: Place, options: Any) -> DavEndpoint:
    return DavEndpoint(services, place, _options(options))


def _key(place: Place, options: Any) -> tuple[Any, ...]:
    return own_key(place, _options(options))


def _source(endpoint: DavEndpoint, place: Place, options: Any) -> IcsSource:
    return IcsSource(
        endpoint,
        uploads=_options(options).uploads,
        description=place.organization.description_note,
    )


KIND = Kind(
    name="ics",
    summary="Calendar files (iCalendar) over HTTPS or webcal, from disk, or uploaded",
    options=IcsOptions,
    endpoint=_endpoint,
    endpoint_key=_key,
    source=_source,
    secrets=("password",),
)
