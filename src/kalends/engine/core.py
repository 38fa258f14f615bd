"""The engine's parts in one hand, and what follows when something was written.

Place in the flow: ``commands`` change the store through this; ``engine`` makes and runs it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from kalends import observe
from kalends.bus.contract import Bus
from kalends.engine.apply import stored_form
from kalends.engine.due import DueLoop
from kalends.engine.people import assign
from kalends.engine.reading import misheard
from kalends.engine.sync import SyncDriver
from kalends.engine.tenants import Tenant, Tenants
from kalends.engine.uploads import Uploads
from kalends.engine.wiring import Wiring
from kalends.model.person import PersonRecord
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store.contract import AuditEntry, Lane, PersonDocument, Store

log = observe.logger(__name__)

PAGE = 500


@dataclass(slots=True)
class Core:
    """Everything a command may need."""

    store: Store
    bus: Bus
    runtime: Runtime
    tenants: Tenants
    sync: SyncDriver
    due: DueLoop
    wiring: Wiring
    uploads: Uploads
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """Per organization: what is written to its documents and people is written in order."""

    def now(self) -> int:
        """Return the wall clock in whole seconds."""
        return int(self.runtime.now())

    async def audit(self, organization: str, actor: str, action: str, target: str) -> None:
        """Note who did what to whom."""
        entry = AuditEntry(organization, self.now(), actor, action, target)
        await self.store.append_audit([entry])

    async def told_settings(self, organization: str) -> None:
        """Tell everybody that documents, people or principals changed."""
        await self.bus.publish(f"settings.{organization}")

    # --- people ------------------------------------------------------------
    async def save_people(
        self, tenant: Tenant, records: Iterable[PersonRecord], *, managed_by: str | None = None
    ) -> None:
        """Write records with their profiles, and make their calendars follow."""
        kept = list(records)
        documents = [
            PersonDocument(
                tenant.id,
                record.id,
                stored_form(record),
                tenant.profile(record),
                managed_by or record.managed_by,
            )
            for record in kept
        ]
        self.due.retell(tenant.id, (document.person for document in documents))
        for start in range(0, len(documents), PAGE):
            await self.store.save_people(documents[start : start + PAGE], now=self.now())
            self.due.wake()
            for record in kept[start : start + PAGE]:
                await self.assign(tenant, record)

    async def assign(self, tenant: Tenant, record: PersonRecord) -> None:
        """Make a person's calendars what the record says, and read the new ones; those too whose
        private bookings were heard with other rules."""
        sources = self.wiring.known_sources(tenant.id)
        now = await assign(self.store, tenant, record, sources, self.now())
        for key in now.removed:
            self.sync.strike(key)
        for key in now.added:
            self.sync.enter(key)
        wording = tenant.policy.for_person(record).wording
        for row in now.kept:
            if misheard(row, wording):
                self.sync.misheard(row.key)
        if now.added or now.removed:
            self.due.wake()

    async def delete_person(self, organization: str, person: str) -> None:
        """Remove a person with everything of theirs."""
        rows = await self.store.calendars(organization, person=person)
        await self.store.save_people([], [(organization, person)], now=self.now())
        for row in rows:
            self.sync.strike(row.key)
        self.tenants.lines.pop((organization, person), None)
        self.wiring.wake(organization)

    # --- settings ------------------------------------------------------------
    async def settings_changed(self, organization: str) -> Tenant | None:
        """Take up an organization's documents: policy, profiles, sources, sinks."""
        before = self.tenants.get(organization)
        tenant = await self.tenants.reload(self.store, organization)
        if tenant is None:
            await self.wiring.close_organization(organization)
            return None
        self.due.ahead.forget()
        touched = await self.wiring.match(tenant)
        policy_changed = before is not None and before.settings != tenant.settings
        if policy_changed:
            self.sync.reworded(organization)
        if policy_changed or touched:
            await self._people_follow(tenant, reassign=bool(touched), rebuild=policy_changed)
        self.due.wake()
        return tenant

    async def _people_follow(self, tenant: Tenant, *, reassign: bool, rebuild: bool) -> None:
        """Let everybody's profile, calendars and timeline follow the settings."""
        after = ""
        while True:
            page = await self.store.people(tenant.id, after, PAGE)
            stale: list[PersonDocument] = []
            rest: list[str] = []
            for document in page:
                record = PersonRecord.model_validate_json(document.record)
                fresh: Profile = tenant.profile(record)
                if fresh != document.profile:
                    stale.append(_with_profile(document, fresh))
                else:
                    rest.append(document.person)
                if reassign or fresh.stage != document.profile.stage:
                    await self.assign(tenant, record)
            await self._rebuild(tenant.id, stale, rest if rebuild else [])
            if len(page) < PAGE:
                return
            after = page[-1].person
            await asyncio.sleep(0)

    async def _rebuild(
        self, organization: str, stale: list[PersonDocument], rest: list[str]
    ) -> None:
        if stale:
            self.due.retell(organization, (document.person for document in stale))
            await self.store.save_people(stale, now=self.now())
        if rest:
            await self.store.touch(organization, rest, lane=Lane.POLICY, now=self.now())
        self.due.wake()


def _with_profile(document: PersonDocument, profile: Profile) -> PersonDocument:
    return PersonDocument(
        document.organization, document.person, document.record, profile, document.managed_by
    )
