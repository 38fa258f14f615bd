"""Keeps sources, sinks, directories open as documents say, without a restart (invariant 12).

Place in the flow: ``commands`` store documents and call ``sync_documents``; here the difference to
what is open is worked out and carried out: gone ones are closed, changed ones reopened, new ones
taken up. One that cannot be opened is told in its health and leaves the others alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from kalends import observe
from kalends.engine.ahead import Block, Form
from kalends.engine.leading import leads_to
from kalends.engine.opening import (
    Guarded,
    Opened,
    Opener,
    Spec,
    Uploaded,
    endpoint_name,
    surroundings,
)
from kalends.engine.pacing import together
from kalends.engine.people import KnownSource
from kalends.engine.pump import Pump
from kalends.engine.sync import SyncDriver
from kalends.engine.tenants import Tenant, Tenants
from kalends.errors import KalendsError
from kalends.model.organization import (
    DirectorySpec,
    OrganizationSettings,
    SinkSpec,
    SourceSpec,
)
from kalends.model.profile import Profile
from kalends.policy.vocabulary import Vocabulary
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivery
from kalends.store.contract import Document, Evaluated, Store

log = observe.logger(__name__)

S = TypeVar("S", SourceSpec, SinkSpec, DirectorySpec)
Name = tuple[str, str]
"""(organization, id of a source, sink or directory)."""
DEFAULT_POLL = 60.0
DEFAULT_CONNECTIONS = 4


@dataclass(slots=True)
class OpenSink:
    """A sink with its pump and the pump's task."""

    opened: Opened
    pump: Pump
    task: asyncio.Task[None]


@dataclass(slots=True)
class Wiring:
    """What is open now."""

    store: Store
    runtime: Runtime
    tenants: Tenants
    opener: Opener
    sync: SyncDriver
    told: asyncio.Event
    """Set while sinks may be told (``restored``)."""
    sources: dict[Name, Opened] = field(default_factory=dict)
    sinks: dict[Name, OpenSink] = field(default_factory=dict)
    directories: dict[Name, Opened] = field(default_factory=dict)
    broken: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """What could not be opened: (organization, ``source``, ``sink``, ``directory``, id) → why."""

    async def match(self, tenant: Tenant) -> set[str]:
        """Make open what the documents say; return ids of sources new, changed or gone."""
        touched = await self._match_sources(tenant)
        await self._match_sinks(tenant)
        await self._match_directories(tenant)
        return touched

    def known_sources(self, organization: str) -> list[KnownSource]:
        """Return what people's calendars may be assigned to."""
        return [
            KnownSource(
                id,
                opened.thing.capabilities.finds_by_email,
                opened.thing.capabilities.uploads,
                opened.thing.capabilities.domain,
            )
            for (owner, id), opened in self.sources.items()
            if owner == organization
        ]

    def wake(self, organization: str) -> None:
        """Let an organization's pumps look at its revisions."""
        for (owner, _), sink in self.sinks.items():
            if owner == organization:
                sink.pump.wake()

    async def close_organization(self, organization: str) -> None:
        """Close everything of an organization that is no more."""
        for owner, id in list(self.sources):
            if owner == organization:
                await self._close_source((owner, id))
        mine = [name for name in self.sinks if name[0] == organization]
        await together(self._forget_sink(name) for name in mine)
        for place in [place for place in self.broken if place[0] == organization]:
            del self.broken[place]
        for owner, id in list(self.directories):
            if owner == organization:
                await self.opener.close(self.directories.pop((owner, id)))

    def render_ahead(self, evaluated: Evaluated, profile: Profile, at: int) -> dict[str, Form]:
        """Render a coming state for every sink that takes present states."""
        forms: dict[str, Form] = {}
        for (owner, id), sink in self.sinks.items():
            if owner == evaluated.organization:
                form = sink.pump.form_ahead(evaluated, profile, at)
                if form is not None:
                    forms[id] = form
        return forms

    def offer(self, organization: str, block: Block) -> None:
        """Hand pumps a block of states that was just committed."""
        for (owner, _), sink in self.sinks.items():
            if owner == organization:
                sink.pump.offer(block)

    def abandon(self) -> None:
        """Let go of everything without a word to anybody, as a killed process does."""
        for sink in self.sinks.values():
            sink.task.cancel()
            sink.pump.abandon()
        self.sinks.clear()
        self.directories.clear()
        self.sources.clear()

    async def close(self) -> None:
        """Close everything, pumps first: they write down how far they came.

        All at once: what hangs holds up nothing but itself, and a stop takes seconds.
        """
        await together(self._close_sink(name) for name in list(self.sinks))
        for name in list(self.directories):
            await self.opener.close(self.directories.pop(name))
        for name in list(self.sources):
            await self._close_source(name)

    async def reset_credential(self, organization: str, endpoint: str) -> bool:
        """An operator's click: forget failed sign-ins of a source or sink and try again."""
        found = False
        for (owner, id), opened in self.sources.items():
            if owner == organization and endpoint in (id, endpoint_name("source", id)):
                await _reset(self.opener.guarded(opened))
                self.sync.reset(organization, id)
                found = True
        for (owner, id), sink in self.sinks.items():
            if owner == organization and endpoint in (id, endpoint_name("sink", id)):
                await _reset(self.opener.guarded(sink.opened))
                sink.pump.retry_now()
                found = True
        return found

    # --- sources ------------------------------------------------------------
    async def _match_sources(self, tenant: Tenant) -> set[str]:
        documents = await self.store.documents(tenant.id, "source")
        wanted = self._readable(SourceSpec, documents)
        there = {document.id for document in documents}
        touched: set[str] = set()
        for owner, id in list(self.sources):
            if owner == tenant.id and id not in there:
                await self._close_source((owner, id))
                touched.add(id)
        for id, spec in wanted.items():
            if await self._match_source(tenant, spec):
                touched.add(id)
        return touched

    async def _match_source(self, tenant: Tenant, spec: SourceSpec) -> bool:
        name = (tenant.id, spec.id)

        fresh = await self._try("source", tenant, spec)
        current = self.sources.get(name)
        if fresh is None:
            if current is not None:
                await self._close_source(name)
            return current is not None
        if current is not None and _same(current, fresh, tenant.settings):
            await self.opener.close(fresh)
            return False
        relocate = current is not None and _elsewhere(current, fresh)
        if current is not None:
            await self._close_source(name)
        self.sources[name] = fresh
        self.sync.open(
            tenant.id,
            spec.id,
            fresh.thing,
            poll_seconds=float(getattr(fresh.options, "poll_seconds", DEFAULT_POLL)),
            connections=int(getattr(fresh.options, "max_connections", DEFAULT_CONNECTIONS)),
            relocate=relocate,
        )
        return True

    async def _close_source(self, name: Name) -> None:
        self.sync.close(*name)
        await self.opener.close(self.sources.pop(name))

    # --- sinks ------------------------------------------------------------
    async def _match_sinks(self, tenant: Tenant) -> None:
        documents = await self.store.documents(tenant.id, "sink")
        wanted: dict[str, SinkSpec | SourceSpec] = {
            **self._readable(SinkSpec, documents),
            **self._writing_back(tenant.id),
        }
        there = wanted.keys() | {document.id for document in documents}
        gone = [name for name in self.sinks if name[0] == tenant.id and name[1] not in there]
        await together(self._forget_sink(name) for name in gone)
        for id, spec in wanted.items():
            await self._match_sink(tenant, id, spec)
        tenant.logged = any(
            sink.opened.thing.delivery is Delivery.EVERY
            for (owner, _), sink in self.sinks.items()
            if owner == tenant.id
        )

    def _writing_back(self, organization: str) -> dict[str, SinkSpec | SourceSpec]:
        """Return the sources whose calendars are written into, by the id of their sink."""
        return {
            f"write-back:{id}": spec
            for id, spec in self._sources_of(organization).items()
            if getattr(self.sources[organization, id].options, "write_back", False)
        }

    async def _match_sink(self, tenant: Tenant, id: str, spec: SinkSpec | SourceSpec) -> None:
        name = (tenant.id, id)
        what = "sink" if isinstance(spec, SinkSpec) else "write-back"
        fresh = await self._try(what, tenant, spec)
        current = self.sinks.get(name)
        if fresh is None:
            if current is not None:
                await self._close_sink(name)
            return
        if current is not None and _same(current.opened, fresh, tenant.settings):
            await self.opener.close(fresh)
            return
        if current is not None:
            await self._close_sink(name)
        if isinstance(spec, SinkSpec) and await self._leads_elsewhere(name, fresh):
            log.info("sink.elsewhere", organization=tenant.id, sink=id)
        pump = Pump(self.store, self.runtime, self.tenants, tenant.id, id, fresh.thing)
        task = asyncio.create_task(self._pump(pump), name=f"sink {tenant.id}/{id}")
        self.sinks[name] = OpenSink(fresh, pump, task)

    async def _leads_elsewhere(self, name: Name, fresh: Opened) -> bool:
        """Note where a sink leads; what was told elsewhere does not count."""
        try:
            return await self.store.lead_sink(*name, leads_to(fresh))
        except KalendsError:
            await self.opener.close(fresh)
            raise

    async def _pump(self, pump: Pump) -> None:
        await self.told.wait()
        await pump.run()

    async def _close_sink(self, name: Name) -> None:
        sink = self.sinks.pop(name)
        sink.task.cancel()
        await asyncio.gather(sink.task, return_exceptions=True)
        try:
            if self.told.is_set():  # else it never began, and has nothing to write down
                await sink.pump.stop()
        except KalendsError as error:
            log.exception("sink.stop", organization=name[0], sink=name[1], exc_info=error)
        await self.opener.close(sink.opened)

    async def _forget_sink(self, name: Name) -> None:
        """Close a sink that is no more, and forget what it wrote down at its end."""
        await self._close_sink(name)
        await self.store.delete_sink(*name)

    # --- directories ------------------------------------------------------------
    async def _match_directories(self, tenant: Tenant) -> None:
        documents = await self.store.documents(tenant.id, "directory")
        wanted = self._readable(DirectorySpec, documents)
        there = {document.id for document in documents}
        for owner, id in list(self.directories):
            if owner == tenant.id and id not in there:
                await self.opener.close(self.directories.pop((owner, id)))
        for id, spec in wanted.items():
            fresh = await self._try("directory", tenant, spec)
            current = self.directories.pop((tenant.id, id), None)
            if fresh is not None and current is not None and _as_before(current, fresh, tenant):
                current, fresh = fresh, current
            if current is not None:
                await self.opener.close(current)
            if fresh is not None:
                self.directories[tenant.id, id] = fresh

    # --- all ------------------------------------------------------------
    def _readable(self, model: type[S], documents: Iterable[Document]) -> dict[str, S]:
        """Return what documents say; one that today's Kalends cannot read leaves the others alone,
        and what is open of it as it is."""
        found: dict[str, S] = {}
        for one in documents:
            place = (one.organization, one.kind, one.id)
            try:
                found[one.id] = model.model_validate_json(one.body)
            except ValidationError as error:
                self.broken[place] = f"it is stored in a form that cannot be read: {error.title}"
                log.exception(
                    "document.unreadable",
                    organization=one.organization,
                    name=one.id,
                    exc_info=error,
                )
        return found

    async def _try(self, what: str, tenant: Tenant, spec: Spec) -> Opened | None:
        place = (tenant.id, what, spec.id)
        try:
            opened = await self._open(what, tenant, spec)
        except Exception as error:  # a kind's fault must not keep the rest from working
            known = isinstance(error, KalendsError)
            self.broken[place] = str(error) if known else type(error).__name__
            log.exception(
                "open.failed", organization=tenant.id, kind=spec.kind, name=spec.id, exc_info=error
            )
            return None
        self.broken.pop(place, None)
        return opened

    async def _open(self, what: str, tenant: Tenant, spec: Spec) -> Opened:
        settings = tenant.settings
        match spec:
            case SourceSpec() if what == "write-back":
                return await self.opener.write_back(settings, spec, self._words_of(tenant))
            case SourceSpec():
                return await self.opener.source(settings, spec, uploaded=self._uploaded(tenant.id))
            case SinkSpec():
                return await self.opener.sink(settings, spec)
            case DirectorySpec():
                return await self.opener.directory(settings, spec, self._sources_of(tenant.id))

    def _words_of(self, tenant: Tenant) -> Callable[[], Vocabulary]:
        """Return the organization's words as they are at the moment they are asked for."""
        return lambda: (self.tenants.get(tenant.id) or tenant).policy.vocabulary

    def _sources_of(self, organization: str) -> dict[str, SourceSpec]:
        return {
            id: opened.spec
            for (owner, id), opened in self.sources.items()
            if owner == organization and isinstance(opened.spec, SourceSpec)
        }

    def _uploaded(self, organization: str) -> Uploaded:
        async def uploaded(person: str, name: str) -> bytes | None:
            return await self.store.upload(organization, person, name)

        return uploaded


def _same(current: Opened, fresh: Opened, settings: OrganizationSettings) -> bool:
    """Tell whether reopening would change nothing."""
    return (
        current.spec == fresh.spec
        and current.secrets == fresh.secrets
        and current.surroundings == surroundings(settings)
    )


def _as_before(current: Opened, fresh: Opened, tenant: Tenant) -> bool:
    """Tell whether a directory needs no reopening: nor does what it stands on."""
    return current.key == fresh.key and _same(current, fresh, tenant.settings)


def _elsewhere(current: Opened, fresh: Opened) -> bool:
    """Tell whether a source names another server or another account than until now."""
    return any(
        getattr(current.options, key, None) != getattr(fresh.options, key, None)
        for key in ("url", "domain", "username")
    )


async def _reset(guarded: Iterable[Guarded]) -> None:
    for one in guarded:
        await one.reset()
