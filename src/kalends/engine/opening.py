"""Opens sources, sinks and directories: options checked, secrets found, endpoint shared.

Place in the flow: ``engine`` calls it at start and whenever a document changes. Equal
``endpoint_key`` means the same endpoint; it is closed with its last user.

Trust: what the operator's own file brought may name private addresses, environment variables and
files; what came through the API may not (threats 1 and 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, cast

from pydantic import ValidationError

from kalends.endpoints.kind import (
    HttpFactory,
    Kind,
    Place,
    Services,
    SharedDirectoryOptions,
    kind,
)
from kalends.engine.environment import environment_secret
from kalends.engine.problems import validation_problems
from kalends.errors import ConfigurationError, Problem, UserError
from kalends.model.organization import (
    DirectorySpec,
    OrganizationSettings,
    SinkSpec,
    SourceSpec,
)
from kalends.net.contract import Credential, HttpClient, HttpOptions
from kalends.policy.vocabulary import Vocabulary
from kalends.sinks.write_back import WriteBackSink
from kalends.store.contract import Store

Uploaded = Callable[[str, str], Awaitable[bytes | None]]
Spec = SourceSpec | SinkSpec | DirectorySpec

OPERATORS_ONLY: Final = (
    "_env", "_file", "_listen", "ca_file", "client_certificate", "path", "directory",
)  # fmt: skip
"""Endings of keys that read this machine's files or environment, or open its ports."""


@dataclass(slots=True)
class Opened:
    """A source, sink or directory with what it stands on."""

    spec: Spec
    options: Any
    thing: Any
    """``CalendarSource``, ``PresenceSink`` or ``Directory``."""
    key: tuple[Any, ...]
    secrets: dict[str, str] = field(default_factory=dict)
    surroundings: tuple[Any, ...] = ()


class Certified(Protocol):
    """What has seen certificates: the guarded HTTP client, an endpoint with lines of its own."""

    @property
    def certificate_expires_at(self) -> float | None:
        """When the first certificate seen ends, UTC seconds."""

    @property
    def client_certificate_expires_at(self) -> float | None:
        """When the certificate we show ends, UTC seconds; None: none is shown."""


class Guarded(Protocol):
    """What counts failed sign-ins: the guarded HTTP client, an endpoint with lines of its own."""

    async def reset(self) -> None:
        """Forget failed sign-ins: an operator says that the account is in order again."""


class Client(Certified, Guarded, Protocol):
    """What the guarded HTTP client offers to operators, beside ``HttpClient``."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a source, sink or directory is built on."""

    kind: Kind
    place: Place
    options: Any
    key: tuple[Any, ...]
    secrets: dict[str, str]


@dataclass(slots=True)
class _Shared:
    endpoint: Any
    clients: list[Client]
    users: int = 0


class _Listing:
    """Builds HTTP clients and remembers them, so that operators can look after them."""

    def __init__(self, factory: HttpFactory) -> None:
        self._factory = factory
        self.made: list[Client] = []

    def __call__(
        self,
        organization: str,
        endpoint: str,
        options: HttpOptions,
        credential: Callable[[], Credential | None],
        *,
        trusted: bool,
    ) -> HttpClient:
        """See ``HttpFactory``."""
        client = self._factory(organization, endpoint, options, credential, trusted=trusted)
        if hasattr(client, "certificate_expires_at"):
            self.made.append(cast("Client", client))
        return client


class Opener:
    """Builds sources, sinks and directories; keeps endpoints while somebody uses them."""

    def __init__(self, store: Store, services: Services) -> None:
        self._store = store
        self._services = services
        self._endpoints: dict[tuple[Any, ...], _Shared] = {}

    async def source(
        self, settings: OrganizationSettings, spec: SourceSpec, *, uploaded: Uploaded
    ) -> Opened:
        """Open a source; ``ConfigurationError`` tells everything wrong with it."""
        ground = await self._ground("source", settings, spec, uploaded=uploaded)
        return self._build(ground.kind.source, ground, spec, settings)

    async def sink(self, settings: OrganizationSettings, spec: SinkSpec) -> Opened:
        """Open a sink; ``ConfigurationError`` tells everything wrong with it."""
        ground = await self._ground("sink", settings, spec)
        return self._build(ground.kind.sink, ground, spec, settings)

    async def write_back(
        self,
        settings: OrganizationSettings,
        spec: SourceSpec,
        vocabulary: Callable[[], Vocabulary],
    ) -> Opened:
        """Open the sink that writes manual presence into a source's calendars."""
        ground = await self._ground("source", settings, spec)
        write = ground.kind.writer
        assert write is not None  # ``writes_back`` saw to it

        def build(endpoint: Any, place: Place, options: Any) -> WriteBackSink:
            del place, options
            return WriteBackSink(write(endpoint), vocabulary)

        return self._build(build, ground, spec, settings)

    async def directory(
        self,
        settings: OrganizationSettings,
        spec: DirectorySpec,
        sources: Mapping[str, SourceSpec],
    ) -> Opened:
        """Open a directory, on the endpoint of the source it names where its kind shares one.

        ``ConfigurationError`` tells everything wrong with it.
        """
        found = known_kind("directory", spec)
        options = checked_options(found, "directory", spec)
        if not isinstance(options, SharedDirectoryOptions):
            ground = await self._ground("directory", settings, spec)
            return self._build(found.directory, ground, spec, settings)
        source = sources.get(options.source)
        if source is None or source.kind != spec.kind:
            what = f"there is no source {options.source!r} of kind {spec.kind!r}."
            remedy = "Name a source of the same kind."
            raise ConfigurationError([Problem(f"directories.{spec.id}", "source", what, remedy)])
        ground = await self._ground("source", settings, source)
        on_it = replace(ground, options=options, place=replace(ground.place, id=spec.id))
        return self._build(found.directory, on_it, spec, settings)

    async def close(self, opened: Opened) -> None:
        """Close a source or sink, and its endpoint where nobody else uses it."""
        await opened.thing.close()
        shared = self._endpoints.get(opened.key)
        if shared is None:
            return
        shared.users -= 1
        if shared.users <= 0:
            del self._endpoints[opened.key]
            close = getattr(shared.endpoint, "close", None)
            if close is not None:
                await close()

    def guarded(self, opened: Opened) -> list[Guarded]:
        """Return what a source or sink signs in with."""
        shared = self._endpoints.get(opened.key)
        if shared is None:
            return []
        own = hasattr(shared.endpoint, "reset")
        return [*shared.clients, *([shared.endpoint] if own else [])]

    def certified(self, opened: Opened) -> list[Certified]:
        """Return what a source or sink meets certificates with."""
        shared = self._endpoints.get(opened.key)
        if shared is None:
            return []
        own = hasattr(shared.endpoint, "certificate_expires_at")
        return [*shared.clients, *([shared.endpoint] if own else [])]

    async def _ground(
        self,
        what: str,
        settings: OrganizationSettings,
        spec: Spec,
        *,
        uploaded: Uploaded | None = None,
    ) -> _Ground:
        found = known_kind(what, spec)
        options = checked_options(found, what, spec)
        secrets = await self._secrets(settings.id, what, spec.id, found)
        place = Place(
            organization=settings,
            id=spec.id,
            trusted=spec.managed_by == "file",
            secret=_secret_of(spec, secrets),
            audience=getattr(spec, "audience", None),
            uploaded=uploaded,
            mark=_mark(secrets),
        )
        key = (found.name, *found.endpoint_key(place, options))
        if key not in self._endpoints:
            listing = _Listing(self._services.http)
            services = replace(self._services, http=listing)
            self._endpoints[key] = _Shared(found.endpoint(services, place, options), listing.made)
        return _Ground(found, place, options, key, secrets)

    def _build(
        self,
        build: Callable[[Any, Place, Any], Any] | None,
        ground: _Ground,
        spec: Spec,
        settings: OrganizationSettings,
    ) -> Opened:
        assert build is not None  # ``known_kind`` saw to it
        shared = self._endpoints[ground.key]
        thing = build(shared.endpoint, ground.place, ground.options)
        shared.users += 1
        return Opened(
            spec, ground.options, thing, ground.key, ground.secrets, surroundings(settings)
        )

    async def _secrets(self, organization: str, what: str, id: str, found: Kind) -> dict[str, str]:
        stored: dict[str, str] = {}
        for name in found.secrets:
            secret = await self._store.secret(organization, endpoint_name(what, id), name)
            if secret is not None:
                stored[name] = secret
        return stored


def _mark(secrets: dict[str, str]) -> str:
    """Return what changes with the secrets and tells nothing of them."""
    return hashlib.sha256(repr(sorted(secrets.items())).encode()).hexdigest()[:16]


def surroundings(settings: OrganizationSettings) -> tuple[Any, ...]:
    """Return what a source, sink or directory may take from its organization."""
    numbering = settings.numbering.model_dump_json()
    # Which descriptions are asked depends on the rules; where none are, rules reopen nothing.
    rules = settings.model_dump_json() if settings.description_note else ""
    base = (settings.name, settings.timezone, settings.language, settings.domains)
    return (*base, numbering, rules)


def endpoint_name(what: str, id: str) -> str:
    """Return the name under which secrets of a source, sink or directory are stored."""
    return f"{what}:{id}"


PARTS: Final = {"source": "sources", "sink": "sinks", "directory": "directories"}
"""Kind of document → the part of ``kalends.toml`` and of the API it belongs to."""


def known_kind(what: str, spec: Spec) -> Kind:
    """Return the spec's kind; ``ConfigurationError`` where unknown or not able."""
    where = f"{PARTS[what]}.{spec.id}"
    try:
        found = kind(spec.kind)
    except UserError as error:
        raise ConfigurationError([Problem(where, "kind", str(error), "Use one of them.")]) from None
    if getattr(found, what) is None:
        text = f"{spec.kind!r} cannot be used as a {what}."
        raise ConfigurationError([Problem(where, "kind", text, "Use another kind.")])
    return found


def checked_options(found: Kind, what: str, spec: Spec) -> Any:
    """Return the kind's options of a spec; ``ConfigurationError`` tells every problem."""
    where = f"{PARTS[what]}.{spec.id}"
    model = found.directory_options if what == "directory" else found.options
    assert model is not None
    problems = [] if spec.managed_by == "file" else forbidden(where, spec.options)
    options: Any = None
    try:
        options = model.model_validate(
            {k: v for k, v in spec.options.items() if k not in found.secrets}
        )
    except ValidationError as error:
        problems += validation_problems(where, error)
    if problems:
        raise ConfigurationError(problems)
    return options


def forbidden(where: str, options: dict[str, Any]) -> list[Problem]:
    """Return a problem for every key that would read this machine's files or environment."""
    return [
        Problem(
            where,
            name,
            "names a file or variable of the server; only the operator's own file may do that.",
            "Give the secret itself; it is sealed and never shown again.",
        )
        for name, value in options.items()
        if value and name.endswith(OPERATORS_ONLY)
    ]


def _secret_of(spec: Spec, stored: dict[str, str]) -> Callable[[str], str | None]:
    """Return how a secret is found: variable, file, then what is stored; asked every time."""

    def secret(name: str) -> str | None:
        if spec.managed_by == "file":
            found = environment_secret(spec.options, name)
            if found is not None:
                return found
        return stored.get(name)

    return secret
