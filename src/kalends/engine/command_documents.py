"""Commands about what administrators write: settings, sources, sinks, directories, whole files.

Secrets are split off before anything is stored, and sealed apart. Only the one that brought a
document changes it. What is stored takes effect at once, without a restart (invariant 12). While a
document is put or deleted its organization is held by ``commands``; ``apply`` holds its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from kalends.bus.commands import Answer, Apply, DeleteDocument, PutDocument
from kalends.bus.contract import Begin, Bus
from kalends.bus.tags import document_tag, holds
from kalends.endpoints.kind import kinds
from kalends.engine.answers import done, invalid, no, stale, unknown
from kalends.engine.apply import (
    MANAGED_BY_FILE,
    Difference,
    document_difference,
    duplicate_addresses,
    people_difference,
    shared_addresses,
    stored_form,
    too_many_go,
)
from kalends.engine.core import BREATH, EVERY, Core
from kalends.engine.opening import PARTS, Spec, checked_options, endpoint_name, known_kind
from kalends.engine.problems import unknown_zone, validation_problems
from kalends.engine.tenants import tenant as compile_tenant
from kalends.engine.whole_file import breathing, parsed, spaced
from kalends.errors import ConfigurationError, Problem
from kalends.model.addresses import own_addresses
from kalends.model.organization import (
    DirectorySpec,
    OrganizationDocument,
    OrganizationSettings,
    SinkSpec,
    SourceSpec,
)
from kalends.store.contract import Document, PersonDocument

Secrets = dict[tuple[str, str], str | None]
"""(endpoint, field) → secret; None deletes it."""
PAGE = 1000
_MODELS: Final[dict[str, type[Spec]]] = {
    "source": SourceSpec,
    "sink": SinkSpec,
    "directory": DirectorySpec,
}


async def put_document(core: Core, command: PutDocument) -> Answer:
    """Create or replace settings, a source, a sink or a directory through the API."""
    if command.managed_by == MANAGED_BY_FILE:
        return no("refused", "Only the operator's file is managed by file.")
    if command.kind not in ("organization", *PARTS):
        return unknown("kind of document", command.kind)
    stored = await core.store.documents(command.organization, command.kind)
    before = next((one for one in stored if one.id == command.id), None)
    if not holds(command.expected, _tag(before)):
        return stale(command.kind, command.id)
    if before is not None and before.managed_by != command.managed_by:
        return no("refused", f"{command.id} is managed by {before.managed_by}: change it there.")
    if command.kind != "organization" and core.tenants.get(command.organization) is None:
        return unknown("organization", command.organization)
    body = {**command.body, "id": command.id, "managed_by": command.managed_by}
    try:
        document, secrets = document_of(command.organization, command.kind, body)
    except ConfigurationError as error:
        return invalid(error.problems)
    await _write(core, command.organization, [document], secrets)
    await core.settings_changed(command.organization)
    await core.audit(
        command.organization, command.actor, "put-document", f"{command.kind}/{command.id}"
    )
    await core.told_settings(command.organization)
    return done({"id": command.id, "created": before is None})


async def delete_document(core: Core, command: DeleteDocument) -> Answer:
    """Remove a source, sink or directory that came through the API."""
    if command.kind not in PARTS:
        return unknown("kind of document", command.kind)
    stored = await core.store.documents(command.organization, command.kind)
    before = next((one for one in stored if one.id == command.id), None)
    if before is None:
        return unknown(command.kind, command.id)
    if not holds(command.expected, _tag(before)):
        return stale(command.kind, command.id)
    if before.managed_by == MANAGED_BY_FILE:
        return no("refused", f"{command.id} is managed by file: remove it there.")
    await core.store.save_documents([], [(command.organization, command.kind, command.id)])
    await _forget_secrets(core, command.organization, command.kind, before)
    await core.settings_changed(command.organization)
    await core.audit(
        command.organization, command.actor, "delete-document", f"{command.kind}/{command.id}"
    )
    await core.told_settings(command.organization)
    return done()


def _tag(document: Document | None) -> str | None:
    return None if document is None else document_tag(document.version)


def document_of(organization: str, kind: str, body: dict[str, Any]) -> tuple[Document, Secrets]:
    """Return a document fit for the store and its secrets; ``ConfigurationError`` otherwise."""
    if kind == "organization":
        return _settings_document(organization, body), {}
    body, secrets = split_secrets(kind, body)
    where = f"{PARTS[kind]}.{body.get('id')}"
    try:
        spec = _MODELS[kind].model_validate(body)
    except ValidationError as error:
        raise ConfigurationError(validation_problems(where, error)) from None
    checked_options(known_kind(kind, spec), kind, spec)
    return _document(organization, kind, spec), secrets


def _settings_document(organization: str, body: dict[str, Any]) -> Document:
    where = f"organizations.{organization}"
    if body.get("id") != organization:
        problem = Problem(where, "id", "is not the organization's own.", f"Write {organization}.")
        raise ConfigurationError([problem])
    try:
        settings = OrganizationSettings.model_validate(body)
    except ValidationError as error:
        raise ConfigurationError(validation_problems(where, error)) from None
    problems = unknown_zone(where, "timezone", settings.timezone)
    if problems:
        raise ConfigurationError(problems)
    compile_tenant(settings)
    return _document(organization, "organization", settings)


def _document(organization: str, kind: Any, model: Any) -> Document:
    return Document(organization, kind, model.id, stored_form(model), model.managed_by)


def split_secrets(kind: str, body: dict[str, Any]) -> tuple[dict[str, Any], Secrets]:
    """Return a body without its secrets, and the secrets by where they belong."""
    known = kinds().get(str(body.get("kind")))
    fields = known.secrets if known is not None else ()
    place = endpoint_name(kind, str(body.get("id")))
    secrets: Secrets = {
        (place, field): None if body[field] is None else str(body[field])
        for field in fields
        if field in body and body[field] != ""
    }
    return {key: value for key, value in body.items() if key not in fields}, secrets


async def _write(
    core: Core, organization: str, documents: list[Document], secrets: Secrets
) -> None:
    for (place, name), secret in secrets.items():
        await core.store.save_secret(organization, place, name, secret)
    await core.store.save_documents(documents)


async def _forget_secrets(core: Core, organization: str, kind: str, document: Document) -> None:
    spec = _MODELS[kind].model_validate_json(document.body)
    known = kinds().get(spec.kind)
    for name in known.secrets if known is not None else ():
        place = endpoint_name(kind, document.id)
        await core.store.save_secret(organization, place, name, None)


# --- whole files --------------------------------------------------------------------------------


async def apply(core: Core, command: Apply, begin: Begin) -> Answer:
    """Make organizations as a file says; all problems at once, and then nothing is changed."""
    wanted, problems = await parsed(command)
    await breathing(shared_addresses(problems, {one.id: one.people for one in wanted}))
    everywhere = command.organization == EVERY
    concerned = {one.id for one in wanted} if everywhere else {command.organization}
    # From the first look to the last word written nobody else writes: what somebody chose in
    # between would be written over.
    async with _held(core, concerned.union(core.tenants.known if everywhere else ())) as held:
        await begin()
        return await _apply(core, command, wanted, problems, held)


@asynccontextmanager
async def _held(core: Core, organizations: set[str]) -> AsyncIterator[dict[str, asyncio.Lock]]:
    """Hold organizations; whoever takes one out of the dictionary lets it go himself."""
    held: dict[str, asyncio.Lock] = {}
    try:
        for organization in sorted(organizations):  # in one order: no two wait for each other
            await core.locks[organization].acquire()
            held[organization] = core.locks[organization]
        yield held
    finally:
        for lock in held.values():
            lock.release()


async def _apply(
    core: Core,
    command: Apply,
    wanted: list[OrganizationDocument],
    problems: list[Problem],
    held: dict[str, asyncio.Lock],
) -> Answer:
    plans: list[tuple[Difference, Secrets]] = []
    for one in wanted:
        if command.organization in (EVERY, one.id):
            plans.append(await _plan(core, one))
            problems += plans[-1][0].problems
    gone = await _gone(core, {one.id for one in wanted}) if command.organization == EVERY else []
    if problems:
        return invalid(problems)
    asks = [ask for difference, _ in plans for ask in difference.asks]
    asks += [_organizations_gone(gone)] if gone else []
    if asks and not command.force:
        return msgspec.structs.replace(invalid(asks), code="refused")
    for organization in set(held) - {one.organization for one, _ in plans} - set(gone):
        held.pop(organization).release()
    counts: dict[str, Counter[str]] = {}
    written = Written(core.bus, command.progress, sum(len(one.who) for one, _ in plans))
    # Those with the fewest people first, and each let go once it is done: many take minutes.
    for difference, secrets in sorted(plans, key=lambda plan: len(plan[0].who)):
        await _carry_out(core, difference, secrets, command.actor, written)
        held.pop(difference.organization).release()
        for kind, count in difference.counts.items():
            counts.setdefault(kind, Counter()).update(count)
    for organization in gone:
        await core.store.save_documents([], [(organization, "organization", organization)])
        await core.settings_changed(organization)
        counts.setdefault("organizations", Counter())["removed"] += 1
    return done(counts)


async def _plan(core: Core, wanted: OrganizationDocument) -> tuple[Difference, Secrets]:
    """Return what would have to be written for one organization."""
    difference = Difference(wanted.id)
    documents, secrets = _documents(wanted, difference.problems)
    document_difference(difference, documents, await core.store.documents(wanted.id))
    stored = await concerned(core, wanted)
    await breathing(people_difference(difference, wanted.people, stored.people, core.now()))
    await breathing(_people_problems(difference.problems, wanted, stored.addresses))
    if too_many_go(difference, stored.count):
        difference.asks.append(_too_many(wanted.id, len(difference.leavers), stored.count))
    return difference, secrets


def _documents(
    wanted: OrganizationDocument, problems: list[Problem]
) -> tuple[list[Document], Secrets]:
    documents: list[Document] = []
    secrets: Secrets = {}
    parts: list[tuple[str, dict[str, Any]]] = [
        ("organization", wanted.settings().model_dump(mode="json", exclude_defaults=True)),
        *(("source", one.model_dump(mode="json", exclude_unset=True)) for one in wanted.sources),
        *(("sink", one.model_dump(mode="json", exclude_unset=True)) for one in wanted.sinks),
        *(
            ("directory", one.model_dump(mode="json", exclude_unset=True))
            for one in wanted.directories
        ),
    ]
    for kind, body in parts:
        try:
            document, split = document_of(wanted.id, kind, {**body, "managed_by": "file"})
        except ConfigurationError as error:
            problems += error.problems
            continue
        documents.append(document)
        secrets |= split
    return documents, secrets


class _Addresses(msgspec.Struct, frozen=True):
    """All that is looked at of the records of people whom the file does not concern."""

    emails: tuple[str, ...] = ()
    sip: str | None = None
    left: bool = False


_addresses: Final = msgspec.json.Decoder(_Addresses)


@dataclass(slots=True)
class Concerned:
    """What a file meets of an organization: nobody else's record is kept or read whole."""

    people: dict[str, PersonDocument] = field(default_factory=dict)
    """Whom the file names, and whom it brought."""
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses of others that the file gives to somebody, too."""
    count: int = 0
    """How many there are in all."""


async def concerned(core: Core, wanted: OrganizationDocument) -> Concerned:
    """Return what of an organization a file concerns; there may be a million people beside it."""
    named: set[str] = set()
    given: set[str] = set()
    async for record in spaced(wanted.people):
        named.add(record.id)
        given.update(own_addresses(record.emails, record.sip, record.left))
    found = Concerned()
    after = ""
    while page := await core.store.people(wanted.id, after, PAGE):
        found.count += len(page)
        for one in page:
            if one.person in named or one.managed_by == MANAGED_BY_FILE:
                found.people[one.person] = one
            elif given:
                told = _addresses.decode(one.record)
                theirs = own_addresses(told.emails, told.sip, told.left)
                if not given.isdisjoint(theirs):
                    found.addresses[one.person] = theirs
        after = page[-1].person
        await asyncio.sleep(0)
    return found


def _people_problems(
    problems: list[Problem], wanted: OrganizationDocument, others: dict[str, tuple[str, ...]]
) -> Iterator[None]:
    kept: dict[str, tuple[str, ...]] = {}
    for count, record in enumerate(wanted.people):
        if count % BREATH == 0:
            yield
        problems += unknown_zone(f"people.{record.id}", "timezone", record.timezone)
        kept[record.id] = own_addresses(record.emails, record.sip, record.left)
    yield from duplicate_addresses(problems, wanted.id, {**others, **kept}.items())


async def _gone(core: Core, wanted: set[str]) -> list[str]:
    """Return organizations that a file once brought and no longer holds."""
    gone: list[str] = []
    for organization in await core.store.organizations():
        documents = await core.store.documents(organization, "organization")
        if organization not in wanted and documents and documents[0].managed_by == "file":
            gone.append(organization)
    return gone


@dataclass(slots=True)
class Written:
    """Tells the one who waits how far an ``apply`` is."""

    bus: Bus
    topic: str
    of: int
    people: int = 0

    async def more(self, people: int) -> None:
        """Note people as written."""
        self.people += people
        if self.topic:
            await self.bus.publish(self.topic, f"{self.people} {self.of}".encode())


async def _carry_out(
    core: Core, difference: Difference, secrets: Secrets, actor: str, written: Written
) -> None:
    organization = difference.organization
    if difference.removed_documents or difference.documents or secrets:
        for (place, field), secret in secrets.items():
            await core.store.save_secret(organization, place, field, secret)
        removed = [(organization, kind, id) for kind, id in difference.removed_documents]
        await core.store.save_documents(difference.documents, removed)
    tenant = await core.settings_changed(organization)
    assert tenant is not None
    who = difference.who
    for start in range(0, len(who), PAGE):
        await core.save_people(tenant, who[start : start + PAGE])
        await written.more(len(who[start : start + PAGE]))
    if not difference.empty:
        await core.audit(organization, actor, "apply", organization)
        await core.told_settings(organization)


def _too_many(organization: str, leaving: int, people: int) -> Problem:
    return Problem(
        organization,
        "people",
        f"{leaving} of {people} people would leave, more than a tenth.",
        "Check the file; if it is right, apply it with --force.",
    )


def _organizations_gone(gone: list[str]) -> Problem:
    return Problem(
        "organizations",
        ", ".join(gone),
        "would be deleted with everybody in it.",
        "Check the file; if it is right, apply it with --force.",
    )
