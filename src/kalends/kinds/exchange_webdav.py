"""Kind ``exchange-webdav``: Exchange 2003 and 2007 without web services, calendars and contacts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kalends.calendars.exchange_webdav import ExchangeWebdavSource
from kalends.directory.exchange_webdav import ExchangeWebdavDirectoryOptions, open_directory
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint, ExchangeDavOptions
from kalends.endpoints.kind import Kind, Place, Services, own_key


class ExchangeWebdavOptions(ExchangeDavOptions):
    """Keys of an Exchange 2003 or 2007 source."""

    access: Literal["auto", "mailbox", "freebusy"] = "auto"
    """What is read: ``mailbox`` (needs a right to each), ``freebusy`` (busy times without subjects,
    no right needed); ``auto``: free/busy where a mailbox is refused, until it no longer is."""
    poll_seconds: int = Field(default=60, ge=5, le=86_400)
    """How often each calendar is asked whether something changed (one small request; by
    free/busy one for up to fifty people)."""


def _options(options: Any) -> ExchangeWebdavOptions:
    if isinstance(options, ExchangeWebdavOptions):
        return options
    return ExchangeWebdavOptions.model_validate(options)


def _endpoint(services: Services, place: Place, options: Any) -> ExchangeDavEndpoint:
    return ExchangeDavEndpoint(services, place, _options(options))


def _key(place: Place, options: Any) -> tuple[Any, ...]:
    return own_key(place, _options(options))


def _source(endpoint: ExchangeDavEndpoint, place: Place, options: Any) -> ExchangeWebdavSource:
    return ExchangeWebdavSource(
        endpoint,
        access=_options(options).access,
        poll_seconds=_options(options).poll_seconds,
        description=place.organization.description_note,
    )


KIND = Kind(
    name="exchange-webdav",
    summary="Mailboxes on Exchange 2003, or 2007 without web services, over WebDAV",
    options=ExchangeWebdavOptions,
    endpoint=_endpoint,
    endpoint_key=_key,
    source=_source,
    directory=open_directory,
    directory_options=ExchangeWebdavDirectoryOptions,
    secrets=("password",),
)
