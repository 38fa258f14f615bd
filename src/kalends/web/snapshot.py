"""A snapshot of an organization for one band: what a client without a revision gets first.

Fifty thousand people take seconds and fifty megabytes. Those who come together, after a restart
everybody, share one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.frames import Band, Change, Frame, encoded, people_event
from kalends.web.roster import PAGE, pages
from kalends.web.tenants import Tenant

SHARED: Final = 2.0
"""Seconds from its beginning during which newcomers of a band share a snapshot that is ready."""


@dataclass(slots=True)
class Snapshot:
    """Everybody's entry with the presence, in frames of up to ``PAGE`` people."""

    revision: int
    """Everything up to here is in it."""
    until: int = 0
    """Nothing behind here is in it."""
    frames: list[Frame] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    delegated: dict[str, list[str]] = field(default_factory=dict)
    """By delegate: those for whom the delegate sees what the person sees."""

    def add(self, frame: Frame, page: list[Change]) -> None:
        """Take up one page."""
        self.frames.append(frame)
        self.people += [change.stored.person for change in page]
        for change in page:
            for delegate in change.stored.profile.delegates:
                self.delegated.setdefault(delegate, []).append(change.stored.person)

    async def own(self, reader: Reader, organization: str, person: str) -> list[Change]:
        """Return the entries that a viewer sees as the person does."""
        mine = [person, *self.delegated.get(person, ())] if person else []
        found = [await entry(reader, organization, one) for one in mine]
        return [change for change in found if change is not None]


async def entry(reader: Reader, organization: str, person: str) -> Change | None:
    """Return one person's whole entry; None where there is no such person."""
    document = await reader.person(organization, person)
    stored = await reader.presence(organization, person)
    return Change(stored, document) if stored is not None and document is not None else None


async def take(reader: Reader, tenant: Tenant, band: Band, runtime: Runtime) -> Snapshot:
    """Read everybody, page by page; each page is a frame, the last one says so."""
    snapshot = Snapshot(await reader.revision(tenant.id))
    eye = band.eye(tenant)
    async for page in pages(reader, tenant.id):
        pieces = await encoded(page, eye, int(runtime.now()))
        complete = len(page) < PAGE
        frame = people_event("snapshot", snapshot.revision, pieces, complete=complete)
        await frame.squeeze(runtime)
        snapshot.add(frame, page)
    snapshot.until = await reader.revision(tenant.id)
    return snapshot


class Snapshots:
    """The snapshots of one organization that newcomers still share, by band."""

    def __init__(self, reader: Reader, runtime: Runtime) -> None:
        self._reader = reader
        self._runtime = runtime
        self._begun: dict[Band, tuple[float, asyncio.Task[Snapshot]]] = {}

    async def of(self, band: Band, tenant: Tenant) -> Snapshot:
        """Return the one that is being taken or was begun just now, else a new one."""
        self.tidy()
        found = self._begun.get(band)
        if found is None:
            task = asyncio.create_task(take(self._reader, tenant, band, self._runtime))
            found = self._begun[band] = (self._runtime.monotonic() + SHARED, task)
        return await asyncio.shield(found[1])

    def tidy(self) -> None:
        """Let go of what nobody will share any more; to be called now and then."""
        now = self._runtime.monotonic()
        self._begun = {
            band: (until, task)
            for band, (until, task) in self._begun.items()
            if now < until or not task.done()
        }

    def forget(self) -> None:
        """Share none that was begun before now: something changed that no revision tells of."""
        self._begun.clear()
