"""The engine's parts in one hand, and what follows when something was written.

Place in the flow: ``commands`` change the store through this; ``engine`` makes and runs it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from kalends import observe
from kalends.bus.contract import Bus
from kalends.engine.apply import stored_form
from kalends.engine.due import DueLoop
from kalends.engine.pacing import together
from kalends.engine.people import KnownSource, assign, desired, readable_record
from kalends.engine.reading import misheard
from kalends.engine.sync import SyncDriver
from kalends.engine.tenants import Tenant, Tenants
from kalends.engine.uploads import Uploads
from kalends.engine.wiring import Wiring
from kalends.model.person import PersonRecord
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store.contract import AuditEntry, CalendarRow, Lane, PersonDocument, Store

log = observe.logger(__name__)

EVERY: Final = "*"
"""In place of an organization: the provider's command, who belongs to none."""
PAGE: Final = 500
WRITTEN: Final = 100
"""People written in one transaction: whoever is due meanwhile waits for it."""
ABREAST: Final = 32
"""People whose calendars are assigned side by side, while those who wait are served."""
CALENDARS: Final = 2000
"""Calendars read with a page of people."""
BEHIND: Final = "\U0010ffff"
"""Sorts behind every source and name."""
BREATH: Final = 20
"""People after whom others run (slices stay under 2 ms)."""
PATIENCE: Final = 10.0
"""Seconds it waits at most for the due to be served first."""
NEWCOMER_SECONDS: Final = 3600
"""Seconds nothing is told of somebody new, at most, while his calendars cannot be read yet."""
REST: Final = 0.5
"""Seconds between two pages that are looked after: nothing waits for them, and a tenth of a core
is what they may cost (a million people take a quarter of an hour)."""


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
        now, concerned = self.now(), await self._concerned(organization)
        await self.store.append_audit(
            [AuditEntry(one, now, actor, action, target) for one in concerned]
        )

    async def told_settings(self, organization: str) -> None:
        """Tell everybody that documents, people or principals changed."""
        for one in await self._concerned(organization):
            await self.bus.publish(f"settings.{one}")

    async def _concerned(self, organization: str) -> list[str]:
        """Return whom a change concerns: the provider's own concern everybody."""
        return await self.store.organizations() if organization == EVERY else [organization]

    # --- people ------------------------------------------------------------
    async def save_people(
        self, tenant: Tenant, records: Iterable[PersonRecord], *, managed_by: str | None = None
    ) -> None:
        """Write records with their profiles, and make their calendars follow."""
        kept, sources = list(records), self.wiring.known_sources(tenant.id)
        for start in range(0, len(kept), WRITTEN):
            some = kept[start : start + WRITTEN]
            documents: list[PersonDocument] = []
            for count, one in enumerate(some):
                if count % BREATH == 0:
                    await asyncio.sleep(0)
                documents.append(_document(tenant, one, managed_by, sources))
            self.due.retell(tenant.id, (one.id for one in some))
            await self.store.save_people(documents, now=self.now())
            self.due.wake()
            await self._assign_all(tenant, some, {})

    async def _assign_all(
        self,
        tenant: Tenant,
        records: Sequence[PersonRecord],
        stored: Mapping[str, list[CalendarRow]],
    ) -> None:
        """Assign some people's calendars side by side: the store commits them together."""
        for start in range(0, len(records), ABREAST):
            some = records[start : start + ABREAST]
            await together(self.assign(tenant, one, stored.get(one.id)) for one in some)

    async def assign(
        self, tenant: Tenant, record: PersonRecord, stored: list[CalendarRow] | None = None
    ) -> None:
        """Make a person's calendars what the record says, and read the new ones; those too whose
        private bookings were heard with other rules. ``stored``: where they were read already."""
        sources = self.wiring.known_sources(tenant.id)
        now = await assign(self.store, tenant, record, sources, self.now(), stored)
        for key in now.removed:
            self.sync.strike(key)
        for key in now.added:
            self.sync.enter(key)
        for key in now.moved:
            self.sync.read_now(key)
        if now.kept:
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
    async def settings_changed(self, organization: str, *, starting: bool = False) -> Tenant | None:
        """Take up an organization's documents: policy, profiles, sources, sinks.

        ``starting``: people followed these settings when they were written; ``look_after`` makes
        sure of it while everything else is at work already.
        """
        before = self.tenants.get(organization)
        tenant = await self.tenants.reload(self.store, organization)
        if tenant is None:
            await self.wiring.close_organization(organization)
            for place in [place for place in self.tenants.lines if place[0] == organization]:
                del self.tenants.lines[place]
            return None
        self.due.ahead.forget()
        touched = await self.wiring.match(tenant)
        policy_changed = before is not None and before.settings != tenant.settings
        if policy_changed:
            self.sync.reworded(organization)
        if (policy_changed or touched) and not starting:
            after: str | None = ""
            while after is not None:
                after = await self._page_follows(
                    tenant, after, reassign=bool(touched), rebuild=policy_changed
                )
        self.due.wake()
        return tenant

    async def look_after(self, organization: str) -> None:
        """After a start, let people follow what a crash, or an older Kalends, left behind."""
        after: str | None = ""
        while after is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.due.caught_up.wait(), PATIENCE)
            async with self.locks[organization]:
                tenant = self.tenants.get(organization)
                if tenant is None:
                    return
                after = await self._page_follows(tenant, after, reassign=True, rebuild=False)
            await self.runtime.sleep(REST)

    async def _page_follows(
        self, tenant: Tenant, after: str, *, reassign: bool, rebuild: bool
    ) -> str | None:
        """Let the next people's profile, calendars and timeline follow the settings.

        Returns the last one's id, None behind the last.
        """
        page = await self.store.people(tenant.id, after, PAGE)
        stored = await self._calendars(tenant.id, after, page) if reassign else {}
        stale: list[PersonDocument] = []
        rest: list[str] = []
        moving: list[PersonRecord] = []
        for number, document in enumerate(page):
            record = readable_record(document)
            if record is None:
                continue  # one person's record must not keep everybody's from following
            fresh: Profile = tenant.profile(record)
            if fresh != document.profile:
                stale.append(_with_profile(document, fresh))
            else:
                rest.append(document.person)
            if reassign or fresh.stage != document.profile.stage:
                moving.append(record)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        await self._assign_all(tenant, moving, stored)
        await self._rebuild(tenant.id, stale, rest if rebuild else [])
        return page[-1].person if len(page) == PAGE else None

    async def _calendars(
        self, organization: str, after: str, page: Sequence[PersonDocument]
    ) -> dict[str, list[CalendarRow]]:
        """Read the calendars of a page of people at once; who is missing is read by himself."""
        if not page:
            return {}
        rows = await self.store.calendars(
            organization, after=(after, BEHIND, BEHIND), limit=CALENDARS
        )
        whole = rows[-1].key.person if len(rows) == CALENDARS else None
        found: dict[str, list[CalendarRow]] = {document.person: [] for document in page}
        for row in rows:
            if row.key.person in found:
                found[row.key.person].append(row)
        return {who: mine for who, mine in found.items() if whole is None or who < whole}

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


def _document(
    tenant: Tenant, record: PersonRecord, managed_by: str | None, sources: Sequence[KnownSource]
) -> PersonDocument:
    """Return the form in which a record is stored; who has calendars waits for them, if new."""
    return PersonDocument(
        tenant.id,
        record.id,
        stored_form(record),
        tenant.profile(record),
        managed_by or record.managed_by,
        patience=NEWCOMER_SECONDS if desired(tenant, record, sources, ()) else 0,
    )
