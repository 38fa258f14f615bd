"""Opens ``sip-publish`` sinks the way the engine does: by their kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from kalends.endpoints.kind import HttpFactory, Place, Services
from kalends.kinds.sip_publish import KIND
from kalends.model.organization import OrganizationSettings
from kalends.net.breaker import BreakerStore
from kalends.runtime import Runtime
from kalends.sinks.contract import PresenceSink


@asynccontextmanager
async def lamps(
    server: str,
    *,
    password: str | None = None,
    trusted: bool = True,
    breakers: BreakerStore | None = None,
    **options: Any,
) -> AsyncIterator[PresenceSink]:
    endpoint, sink = opened(server, password, trusted=trusted, breakers=breakers, **options)
    try:
        yield sink
    finally:
        await sink.close()
        await endpoint.close()


def opened(
    server: str,
    password: str | None,
    *,
    trusted: bool = True,
    breakers: BreakerStore | None = None,
    **options: Any,
) -> tuple[Any, PresenceSink]:
    """Return the endpoint and a sink on it; the caller closes both."""
    if password is not None:
        options["username"] = "kalends"
    made = KIND.options.model_validate({"server": server, **options})
    services = Services(Runtime(), cast(HttpFactory, None), breakers=breakers)
    settings = OrganizationSettings(id="acme", name="Acme AB")
    place = Place(settings, "lamps", trusted, lambda _field: password)
    endpoint = KIND.endpoint(services, place, made)
    assert KIND.sink is not None
    return endpoint, KIND.sink(endpoint, place, made)
