"""Opens webhook sinks the way the engine does: by their kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kalends.endpoints.kind import Place, Services
from kalends.kinds.webhook import KIND
from kalends.model.organization import OrganizationSettings
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.sinks.contract import PresenceSink
from tests.contract.sinks.receiver import SECRET


@dataclass(frozen=True)
class Server:
    """The network's part of ``[server]``."""

    allowed_networks: tuple[str, ...] = ()


@asynccontextmanager
async def hook(
    url: str,
    *,
    secrets: dict[str, str] | None = None,
    trusted: bool = True,
    runtime: Runtime | None = None,
    organization: str = "acme",
    **options: Any,
) -> AsyncIterator[PresenceSink]:
    runtime = runtime or Runtime()
    services = Services(runtime, http_factory(runtime, Server(), MemoryBreakers()))
    settings = OrganizationSettings(id=organization, name=organization)
    known = {"secret": SECRET} if secrets is None else secrets
    place = Place(settings, "hook", trusted, known.get)
    made = KIND.options.model_validate({"url": url, **options})
    endpoint = KIND.endpoint(services, place, made)
    assert KIND.sink is not None
    sink: PresenceSink = KIND.sink(endpoint, place, made)
    try:
        yield sink
    finally:
        await sink.close()
        await endpoint.close()
