"""Kind ``ews``: mailboxes on Exchange, 2007 SP1 to Subscription Edition."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from kalends import observe
from kalends.calendars.ews.source import EwsSource
from kalends.calendars.ews.texts import Texts, matching
from kalends.directory.exchange import ExchangeDirectoryOptions, open_directory
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.online import days_left
from kalends.endpoints.exchange.options import ONLINE_HOSTS, ExchangeOptions
from kalends.endpoints.exchange.writer import ExchangeWriter
from kalends.endpoints.kind import Kind, Place, Services, own_key
from kalends.net.names import srv
from kalends.wire.autodiscover.candidates import Service

log = observe.logger(__name__)


def _options(options: Any) -> ExchangeOptions:
    known = isinstance(options, ExchangeOptions)
    return options if known else ExchangeOptions.model_validate(options)


def _endpoint(services: Services, place: Place, options: Any) -> ExchangeEndpoint:
    chosen = _options(options)
    if (urlsplit(chosen.url).hostname or "") in ONLINE_HOSTS:
        organization = place.organization.id
        days = days_left(services.runtime.now())
        log.warning("exchange.online.ends", organization=organization, source=place.id, days=days)
    return ExchangeEndpoint(services, place, chosen, records=_records)


async def _records(name: str) -> list[Service]:
    return [Service(one.priority, one.weight, one.port, one.target) for one in await srv(name)]


def _key(place: Place, options: Any) -> tuple[Any, ...]:
    return own_key(place, _options(options))


def _source(endpoint: ExchangeEndpoint, place: Place, options: Any) -> EwsSource:
    del options
    return EwsSource(endpoint, texts=Texts(endpoint, matching(place.organization)))


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
