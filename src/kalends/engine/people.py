"""From people to calendars: which calendars a person has, as the record says.

``calendars`` of a record is a list of links, ``"none"``, or absent: then the person is looked for
by e-mail in every source that can (POLICY section 6) and whose domain fits. Somebody who left, who
is not read (stage ``off``) or who has switched the calendar off has none: reading stops at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from kalends import observe
from kalends.engine.tenants import Tenant
from kalends.model.person import PersonRecord
from kalends.model.vocabulary import Stage
from kalends.policy.profile import stage_of
from kalends.store.contract import CalendarKey, CalendarRow, PersonDocument, Reader, Store

log = observe.logger(__name__)

Assignment = tuple[CalendarKey, str | None]
"""A calendar and its address; None: to be found, or uploaded."""

LOCATED = "default"
"""Name of the first calendar found by e-mail; further ones are ``default-2`` …"""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """What the assignment needs to know of an open source."""

    id: str
    finds_by_email: bool
    uploads: bool
    domain: str = ""
    """The domain by which its operator named it; empty: an address did."""


def readable_record(document: PersonDocument) -> PersonRecord | None:
    """Return a stored record; None, and a line in the log, where today's Kalends cannot read it."""
    try:
        return PersonRecord.model_validate_json(document.record)
    except ValidationError as error:
        log.exception(
            "record.unreadable",
            organization=document.organization,
            person=document.person,
            exc_info=error,
        )
        return None


async def stored_record(store: Reader, organization: str, person: str) -> PersonRecord | None:
    """Return a person's record, None where there is no such person."""
    document = await store.person(organization, person)
    return None if document is None else PersonRecord.model_validate_json(document.record)


def is_read(tenant: Tenant, record: PersonRecord) -> bool:
    """Tell whether a person's calendars are read at all."""
    opted_out = record.preferences.calendar is False and tenant.settings.permissions.calendar
    return not (record.left or opted_out or stage_of(tenant.settings, record) is Stage.OFF)


def desired(
    tenant: Tenant,
    record: PersonRecord,
    sources: Iterable[KnownSource],
    stored: Sequence[CalendarRow],
) -> list[Assignment]:
    """Return the calendars a person ought to have; located and uploaded ones are kept."""
    if not is_read(tenant, record) or record.calendars == "none":
        return []
    by_id = {source.id: source for source in sources}
    wanted: dict[CalendarKey, str | None] = {}
    if record.calendars is None:
        for source in searched(by_id.values(), record):
            wanted |= _located(tenant.id, record.id, source.id, stored)
    else:
        for link in record.calendars:
            if link.source in by_id:
                key = CalendarKey(tenant.id, record.id, link.source, link.name)
                wanted[key] = link.url if link.url is not None else _stored_url(stored, key)
    for row in stored:
        source_of = by_id.get(row.key.source)
        if source_of is not None and source_of.uploads:
            wanted.setdefault(row.key, row.url)
    return list(wanted.items())


def searched(sources: Iterable[KnownSource], record: PersonRecord) -> list[KnownSource]:
    """Return where somebody whose calendars nobody named is looked for.

    Where a source was named by the domain of one of the addresses, none of another domain is asked
    (ADR 0042): its server learns nothing of people who are not there.
    """
    able = [source for source in sources if source.finds_by_email]
    domains = {address.rpartition("@")[2].casefold() for address in record.emails}
    if not any(source.domain.casefold() in domains for source in able if source.domain):
        return able
    return [one for one in able if not one.domain or one.domain.casefold() in domains]


def _located(
    organization: str, person: str, source: str, stored: Sequence[CalendarRow]
) -> dict[CalendarKey, str | None]:
    known: dict[CalendarKey, str | None] = {
        row.key: row.url for row in stored if row.key.source == source
    }
    return known or {CalendarKey(organization, person, source, LOCATED): None}


def _stored_url(stored: Sequence[CalendarRow], key: CalendarKey) -> str | None:
    return next((row.url for row in stored if row.key == key), None)


class Changed(NamedTuple):
    """A person's calendars before and after."""

    before: Sequence[CalendarRow]
    after: dict[CalendarKey, str | None]


async def change_calendars(
    store: Store,
    organization: str,
    person: str,
    change: Callable[[Sequence[CalendarRow]], Iterable[Assignment]],
    now: int,
    stored: Sequence[CalendarRow] | None = None,
) -> Changed | None:
    """Store what ``change`` makes of a person's calendars; None: there is no such person.

    They are found, uploaded and assigned at the same time: where others changed them meanwhile it
    is worked out anew from what they are then.
    """
    while True:
        if stored is None:
            stored = await store.calendars(organization, person=person)
        seen = {row.key: row.url for row in stored}
        wanted = dict(change(stored))
        if wanted == seen or await store.set_calendars(
            organization, person, list(wanted.items()), now, seen=list(seen.items())
        ):
            return Changed(stored, wanted)
        stored = await store.calendars(organization, person=person)
        if {row.key: row.url for row in stored} == seen:
            return None


class Assigned(NamedTuple):
    """What became of a person's calendars."""

    added: list[CalendarKey]
    moved: list[CalendarKey]
    removed: list[CalendarKey]
    kept: list[CalendarRow]


async def assign(
    store: Store,
    tenant: Tenant,
    record: PersonRecord,
    sources: Iterable[KnownSource],
    now: int,
    stored: Sequence[CalendarRow] | None = None,
) -> Assigned:
    """Make a person's calendars what the record says; ``stored``, where they are known."""
    known = list(sources)
    changed = await change_calendars(
        store, tenant.id, record.id, lambda rows: desired(tenant, record, known, rows), now, stored
    )
    if changed is None:
        return Assigned([], [], [], [])
    after = changed.after
    before = {row.key: row.url for row in changed.before}
    kept = [row for row in changed.before if row.key in after and after[row.key] == row.url]
    return Assigned(
        [key for key in after if key not in before],
        [key for key, url in after.items() if key in before and before[key] != url],
        [key for key in before if key not in after],
        kept,
    )
