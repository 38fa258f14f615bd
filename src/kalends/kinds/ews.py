"""Kind ``ews``: mailboxes on Exchange, 2007 SP1 to Subscription Edition."""

from __future__ import annotations

from typing import Any

from kalends.calendars.ews.source import EwsSource
from kalends.directory.exchange import ExchangeDirectoryOptions, open_directory
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.endpoints.exchange.writer import ExchangeWriter
from kalends.endpoints.kind import Kind, Place, Services, own_key


def _options(options: Any) -> ExchangeOptions:
    known = isinstance(options, ExchangeOptions)
    return options if known else ExchangeOptions.model_validate(options)


def _endpoint(services: Services, place: Place, options: Any) -> ExchangeEndpoint:
    return ExchangeEndpoint(services, place, _options(options))


def _key(place: Place, options: Any) -> tuple[Any, ...]:
    return own_key(place, _options(options))


def _source(endpoint: ExchangeEndpoint, place: Place, options: Any) -> EwsSource:
    del place, options
    return EwsSource(endpoint)


KIND = Kind(
    name="ews",
    summary="Mailboxes on Exchange 2007 SP1 to Subscription Edition, by Exchange Web Services",
    options=ExchangeOptions,
    endpoint=_endpoint,
    endpoint_key=_key,
    source=_source,
    writer=ExchangeWriter,
    directory=open_directory,
    directory_options=ExchangeDirectoryOptions,
    secrets=("password",),
)
