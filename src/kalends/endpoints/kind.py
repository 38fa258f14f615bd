"""How a kind declares itself: entry-point group ``kalends.kinds``.

A kind names its options (one documented model) and builds, on one shared endpoint per
configuration, the capabilities it has: a calendar source, a sink, a directory; later input, front.
An endpoint may serve several organizations: equal ``endpoint_key`` means the same endpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

from kalends.bus.contract import Bus
from kalends.errors import UserError
from kalends.model.organization import OrganizationSettings
from kalends.model.vocabulary import Audience, Document, Identifier
from kalends.net.breaker import BreakerStore
from kalends.net.contract import Credential, HttpClient, HttpOptions
from kalends.net.names import Resolver
from kalends.runtime import Runtime


class SharedDirectoryOptions(Document):
    """Keys of a directory on the endpoint of a source: one account, one budget."""

    source: Identifier
    """Id of a source of this organization and kind: its server, account and limits are used."""


class HttpFactory(Protocol):
    """Builds guarded clients; one per endpoint."""

    def __call__(
        self,
        organization: str,
        endpoint: str,
        options: HttpOptions,
        credential: Callable[[], Credential | None],
        *,
        trusted: bool,
    ) -> HttpClient:
        """Return a client; ``trusted``: configured by the operator's own file."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the process lends to every kind."""

    runtime: Runtime
    http: HttpFactory
    bus: Bus | None = None
    breakers: BreakerStore | None = None
    """Where the state of credentials is kept for what signs in otherwise than over HTTP (the
    store); None: in memory."""
    networks: tuple[str, ...] = ()
    """``[server] allowed_networks``, for sockets that are not the HTTP client's."""
    resolver: Resolver | None = None
    """Who is asked for SRV and TXT records; None: the machine's own name servers."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source or sink belongs."""

    organization: OrganizationSettings
    id: str
    """Of the source or sink within its organization."""
    trusted: bool
    """Configured by the operator's own file: private addresses are allowed."""
    secret: Callable[[str], str | None]
    """Return a secret by its field (``password``, ``secret``): from environment, file or store;
    asked anew for every sign-in, so that rotation needs no restart."""
    audience: Audience | None = None
    """Of a sink, as configured; None: the kind's default."""
    uploaded: Callable[[str, str], Awaitable[bytes | None]] | None = None
    """For sources that take uploads: return the body of (person, calendar)."""
    mark: str = ""
    """Changes whenever a stored secret does; tells nothing of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of outside system."""

    name: str
    summary: str
    """One line for lists and the reference."""
    options: type[Document]
    """Documented keys; the reference page is generated from it."""
    endpoint: Callable[[Services, Place, Any], Any]
    """Open the shared endpoint (no connection yet)."""
    endpoint_key: Callable[[Place, Any], tuple[Any, ...]]
    """Everything the endpoint takes from place and options: equal keys share one endpoint, and a
    change that does not show in the key would not reach it. ``own_key`` where nobody shares it."""
    source: Callable[[Any, Place, Any], Any] | None = None
    """Build a ``CalendarSource`` on an endpoint."""
    sink: Callable[[Any, Place, Any], Any] | None = None
    """Build a ``PresenceSink`` on an endpoint."""
    writer: Callable[[Any], Any] | None = None
    """Build a ``CalendarWriter`` on an endpoint, for sources with ``write_back = true``."""
    directory: Callable[[Any, Place, Any], Any] | None = None
    """Build a ``Directory`` on an endpoint."""
    directory_options: type[Document] | None = None
    """Documented keys of a directory of this kind; those of a ``SharedDirectoryOptions`` name the
    source whose endpoint, account and budget it uses."""
    manner: tuple[str, ...] = ()
    """Options of a sink that are a matter of how one speaks, not of who is told or what: where any
    other changes, everybody's present is told anew."""
    secrets: tuple[str, ...] = field(default=())
    """Fields whose ``<field>``, ``<field>_env``, ``<field>_file`` carry a secret."""


def own_key(place: Place, options: Document) -> tuple[Any, ...]:
    """Return the key of an endpoint that belongs to one source or sink alone."""
    written = options.model_dump_json()
    return (place.organization.id, place.id, place.trusted, place.mark, written)


_GROUP: Final = "kalends.kinds"
_LOADED: Final[dict[str, Kind]] = {}


@cache
def kinds() -> dict[str, Kind]:
    """Return every installed kind by name."""
    for entry in entry_points(group=_GROUP):
        _load(entry)
    return _LOADED


def known(name: str) -> Kind | None:
    """Return a kind and load no other; None: there is none of that name.

    Who only looks at a file with calendars of one kind need not wait for the rest.
    """
    if name not in _LOADED:
        for entry in entry_points(group=_GROUP, name=name):
            _load(entry)
    return _LOADED.get(name)


def _load(entry: EntryPoint) -> None:
    loaded = entry.load()
    _LOADED.setdefault(loaded.name, loaded)


def kind(name: str) -> Kind:
    """Return a kind; ``UserError`` names the known ones where it is unknown."""
    found = known(name)
    if found is None:
        raise UserError(f"kind {name!r} is not known; there are: {', '.join(sorted(kinds()))}")
    return found
