"""What the command line is shown of people: the web's own eyes, looking as an attendant.

Of people on trial it is shown what will be told once they are live: whoever tries Kalends looks
here first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from msgspec import structs

from kalends.cli.nearest import near_people
from kalends.errors import UserError
from kalends.model.person import PersonRecord
from kalends.model.times import seconds
from kalends.model.vocabulary import Stage
from kalends.presence import segment_json, segment_views, view_json
from kalends.runtime import Runtime
from kalends.store.contract import DuePerson, Reader, StoredPresence
from kalends.web.eye import Eye
from kalends.web.reasons import bookings_of, reasons
from kalends.web.sight import card, matches
from kalends.web.tenants import Tenant, Tenants

_PAGE = 1000


class Views:
    """One organization's people, as an attendant sees them."""

    def __init__(self, reader: Reader, tenant: Tenant) -> None:
        self._reader = reader
        self._eye = Eye("attendant", None, tenant)
        self._now = int(Runtime().now())
        self.zone = tenant.settings.timezone
        self.numbers = tenant.numbers

    @classmethod
    async def of(cls, reader: Reader, organization: str) -> Views:
        """Return an organization's views."""
        tenant = await Tenants(reader, Runtime()).find(organization)
        if tenant is None:
            raise UserError(f"There is no organization {organization!r}.")
        return cls(reader, tenant)

    @property
    def _organization(self) -> str:
        return self._eye.tenant.id

    async def people(self, find: str) -> AsyncIterator[dict[str, Any]]:
        """Yield entries of everybody whose words begin with the words of ``find``."""
        after, words = "", find.split()
        while page := await self._reader.people(self._organization, after, _PAGE):
            presences = await self._reader.presences(self._organization, after, _PAGE)
            stored = {one.person: one for one in presences}
            for person in page:
                if person.person in stored and self._eye.lists(person.profile):
                    seen = _as_if_live(stored[person.person])
                    entry = card(self._eye, person, seen, self._now)
                    if matches(entry, words):
                        yield {**entry, "stage": person.profile.stage.value}
            after = page[-1].person

    async def presence(self, person: str) -> dict[str, Any]:
        """Return one person's presence."""
        stored = await self._reader.presence(self._organization, person)
        if stored is None:
            raise await self._nobody(person)
        return view_json(self._eye.sees(_as_if_live(stored), self._now))

    async def timeline(self, person: str, days: int) -> list[dict[str, Any]]:
        """Return the stretches of the days ahead."""
        facts = await self._facts(person)
        found = segment_views(
            facts.timeline,
            bookings_of(await self._reader.inputs(self._organization, person)),
            facts.profile,
            self._eye.audience(facts.profile),
            self._eye.tenant.lens,
            self._now,
        )
        last = self._now + days * 86_400
        return [segment_json(segment) for segment in found if segment.start < last]

    async def explain(self, person: str, at: datetime | None) -> dict[str, Any]:
        """Return why a person is shown as they are, in words under ``text``."""
        facts = await self._facts(person)
        document = await self._reader.person(self._organization, person)
        if document is None:
            raise await self._nobody(person)
        record = PersonRecord.model_validate_json(document.record)
        moment = self._now if at is None else seconds(at)
        return await reasons(
            self._reader, self._eye, record, facts, at=moment, now=self._now, asker="cli"
        )

    async def _facts(self, person: str) -> DuePerson:
        facts = await self._reader.facts(self._organization, person)
        if facts is None:
            raise await self._nobody(person)
        return facts

    async def known(self, person: str) -> None:
        """Raise ``UserError`` where there is no such person, naming who may be meant."""
        await self._facts(person)

    async def _nobody(self, person: str) -> UserError:
        """Return the complaint about an unknown person, with who may be meant."""
        near = await near_people(self._reader, self._organization, person)
        told = f"There is no person {person!r} in {self._organization}. {near}".rstrip()
        return UserError(f"{told} List everybody with: kalends people")


def _as_if_live(stored: StoredPresence) -> StoredPresence:
    if stored.profile.stage is not Stage.TRIAL:
        return stored
    return structs.replace(stored, profile=structs.replace(stored.profile, stage=Stage.LIVE))
