"""A snapshot of an organization for one band: what a client without a revision gets first."""

from __future__ import annotations

from dataclasses import dataclass, field

from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.frames import Band, Change, Frame, encoded, people_event
from kalends.web.roster import PAGE, pages
from kalends.web.tenants import Tenant


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
