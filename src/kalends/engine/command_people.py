"""Commands about one person: manual presence, line, preferences, record.

Each function carries out one command and answers; ``commands`` dispatches. What is invalid is
answered with all problems at once, and then nothing was changed. While a record is changed its
organization is held by ``commands``.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from kalends.bus.commands import (
    Answer,
    ClearManual,
    DeletePerson,
    PatchPreferences,
    PutPerson,
    SetLine,
    SetManual,
)
from kalends.bus.tags import holds, record_tag
from kalends.engine.answers import done, invalid, no, stale, unknown
from kalends.engine.apply import taken, with_leaving
from kalends.engine.core import Core
from kalends.engine.opening import forbidden
from kalends.engine.people import stored_record
from kalends.engine.problems import validation_problems
from kalends.engine.tenants import Tenant
from kalends.errors import Problem, UserError
from kalends.model.addresses import own_addresses
from kalends.model.organization import Permissions
from kalends.model.person import PersonRecord, Preferences
from kalends.model.presence import LineState
from kalends.model.times import rfc3339
from kalends.policy.manual import manual
from kalends.presence import PROTECTED, person_of
from kalends.store.contract import Lane, Store

_PERMISSION = {
    "calendar": "calendar",
    "show_as": "show_as",
    "keywords": "keywords",
    "keyword_languages": "keywords",
    "auto_return": "auto_return",
    "forward": "forward",
    "disclosure": "disclosure",
}
"""Preference → the permission it needs; the others are always the person's own."""
LINE_STATES = ("idle", "ringing", "in-call", "on-hold")


async def set_manual(core: Core, command: SetManual) -> Answer:
    """Set a person's manual presence."""
    tenant = core.tenants.get(command.organization)
    record = await stored_record(core.store, command.organization, command.person)
    facts = await core.store.facts(command.organization, command.person)
    if tenant is None or record is None or facts is None:
        return unknown("person", command.person)
    try:
        made = manual(
            tenant.policy.for_person(record),
            facts.timeline,
            activity=command.activity,
            until=command.until,
            availability=command.availability,
            role=command.role,
            note=command.note,
            set_by=await _told_as(core, command),
            now=core.now(),
        )
    except UserError as error:
        return invalid([Problem("manual", "", str(error), "")])
    settled = core.due.settled(command.organization, command.person)
    if not await core.store.set_manual(command.organization, command.person, made, now=core.now()):
        return unknown("person", command.person)
    core.due.wake()
    await settled
    await core.audit(command.organization, command.actor, "set-manual", command.person)
    return done({"until": made.until, "presence": await _state(core, command)})


async def _told_as(core: Core, command: SetManual) -> str:
    """Return who set it, as others are told: a protected person's id may be a name.

    The audit, which only administrators read, has the actor itself.
    """
    actor = person_of(command.actor)
    if not actor or actor == command.person:
        return command.actor
    found = await core.store.person(command.organization, actor)
    return PROTECTED if found is not None and found.profile.protected else command.actor


async def clear_manual(core: Core, command: ClearManual) -> Answer:
    """Go back to automation; also ends a hold."""
    if await core.store.presence(command.organization, command.person) is None:
        return unknown("person", command.person)
    settled = core.due.settled(command.organization, command.person)
    if not await core.store.set_manual(command.organization, command.person, None, now=core.now()):
        return unknown("person", command.person)
    core.due.wake()
    await settled
    await core.audit(command.organization, command.actor, "clear-manual", command.person)
    return done({"presence": await _state(core, command)})


async def _state(core: Core, command: SetManual | ClearManual) -> dict[str, Any] | None:
    """Return what the command led to, by the names of the API, without any text."""
    stored = await core.store.presence(command.organization, command.person)
    if stored is None:
        return None
    now = stored.presence
    moments = {
        "since": now.since, "until": now.until, "returns_at": now.returns_at,
        "reachable_at": now.reachable_at, "set_at": now.set_at,
    }  # fmt: skip
    return {
        "person": command.person,
        "revision": stored.revision,
        "availability": now.availability.value,
        "activity": now.activity,
        "role": now.role,
        "origin": now.origin.value,
        "set_by": now.set_by or None,
        **{name: None if at is None else rfc3339(at) for name, at in moments.items()},
    }


async def set_line(core: Core, command: SetLine) -> Answer:
    """Take up what a phone says; it lives in memory only."""
    if command.state is not None and command.state not in LINE_STATES:
        text = f"{command.state!r} is no line state; there are: {', '.join(LINE_STATES)}."
        return invalid([Problem("line", "state", text, "")])
    key = (command.organization, command.person)
    before = core.tenants.lines.get(key)
    if (before.state if before else None) == command.state:
        return done()
    if command.state is None:
        core.tenants.lines.pop(key, None)
    else:
        core.tenants.lines[key] = LineState(command.state, core.now())
    touched = await core.store.touch(
        command.organization, [command.person], lane=Lane.HAND, now=core.now()
    )
    if not touched:
        core.tenants.lines.pop(key, None)
        return unknown("person", command.person)
    core.due.wake()
    return done()


async def patch_preferences(core: Core, command: PatchPreferences) -> Answer:
    """Change what a person may choose; keys left out stay, null clears."""
    tenant = core.tenants.get(command.organization)
    document = await core.store.person(command.organization, command.person)
    if tenant is None or document is None:
        return unknown("person", command.person)
    if not holds(command.expected, record_tag(document.record)):
        return stale("person", command.person)
    record = PersonRecord.model_validate_json(document.record)
    problems = _not_permitted(command.changes, tenant.settings.permissions)
    if problems:
        return Answer(
            ok=False,
            code="refused",
            message="\n".join(str(problem) for problem in problems),
            problems=invalid(problems).problems,
        )
    merged = record.preferences.model_dump(mode="json", exclude_defaults=True)
    merged.update(command.changes)
    try:
        kept = {key: value for key, value in merged.items() if value is not None}
        preferences = Preferences.model_validate(kept)
    except ValidationError as error:
        return invalid(validation_problems("preferences", error))
    changed = record.model_copy(update={"preferences": preferences})
    if problems := tenant.policy.problems_of(changed):
        return invalid(problems)
    await core.save_people(tenant, [changed], managed_by=document.managed_by)
    await core.audit(command.organization, command.actor, "patch-preferences", command.person)
    await core.told_settings(command.organization)
    return done(preferences.model_dump(mode="json", exclude_defaults=True))


def _not_permitted(changes: dict[str, Any], permissions: Permissions) -> list[Problem]:
    return [
        Problem(
            "preferences",
            key,
            "is not open to people in this organization.",
            "Ask an administrator to permit it.",
        )
        for key in changes
        if key in _PERMISSION and not getattr(permissions, _PERMISSION[key])
    ]


async def put_person(core: Core, command: PutPerson) -> Answer:
    """Create or replace a record through the API."""
    tenant = core.tenants.get(command.organization)
    if tenant is None:
        return unknown("organization", command.organization)
    try:
        record = PersonRecord.model_validate({**command.record, "managed_by": "api"})
    except ValidationError as error:
        return invalid(validation_problems("person", error))
    before = await core.store.person(command.organization, record.id)
    if not holds(command.expected, None if before is None else record_tag(before.record)):
        return stale("person", record.id)
    if before is not None and before.managed_by != "api":
        return no("refused", f"{record.id} is managed by {before.managed_by}: change it there.")
    problems = await person_problems(core.store, tenant, record)
    if problems:
        return invalid(problems)
    old = None if before is None else PersonRecord.model_validate_json(before.record)
    if "preferences" not in command.record and old is not None:
        record = record.model_copy(update={"preferences": old.preferences})
    await core.save_people(tenant, [with_leaving(record, old, core.now())])
    await core.audit(command.organization, command.actor, "put-person", record.id)
    await core.told_settings(command.organization)
    return done({"id": record.id, "created": before is None})


async def person_problems(store: Store, tenant: Tenant, record: PersonRecord) -> list[Problem]:
    """Return what is wrong with a record that is well-formed by itself."""
    where = f"people.{record.id}"
    problems = tenant.policy.problems_of(record, where=where)
    for address in own_addresses(record.emails, record.sip, record.left):
        for owner in await store.person_by_email(tenant.id, address):
            if owner != record.id:
                problems.append(taken(where, "", address, owner))
    if isinstance(record.calendars, tuple) and record.managed_by != "file":
        for link in record.calendars:
            problems += forbidden(f"{where}.calendars", link.model_dump(exclude_unset=True))
    return problems


async def delete_person(core: Core, command: DeletePerson) -> Answer:
    """Remove a person at once, with everything stored of them."""
    document = await core.store.person(command.organization, command.person)
    if document is None:
        return unknown("person", command.person)
    if not holds(command.expected, record_tag(document.record)):
        return stale("person", command.person)
    if document.managed_by == "file":
        return no("refused", f"{command.person} is managed by file: remove them there.")
    await core.delete_person(command.organization, command.person)
    await core.audit(command.organization, command.actor, "delete-person", command.person)
    await core.told_settings(command.organization)
    return done()
