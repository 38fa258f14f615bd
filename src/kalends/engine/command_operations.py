"""Commands of operation: uploads, reading now, tests, credentials, principals, status."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kalends.bus.commands import (
    Answer,
    Backup,
    DeleteCalendar,
    DeletePrincipal,
    Ping,
    PutPrincipal,
    ReadNow,
    ResetCredential,
    TestSink,
    TestSource,
    UploadCalendar,
)
from kalends.calendars.contract import CalendarRef
from kalends.engine import status
from kalends.engine.answers import done, invalid, no, unknown
from kalends.engine.core import EVERY, Core
from kalends.engine.locating import ABSENT
from kalends.engine.people import Assignment, change_calendars, is_read, stored_record
from kalends.engine.reading import reference
from kalends.errors import Problem, UserError
from kalends.sinks.contract import Delivered
from kalends.store.contract import CalendarKey, CalendarRow, Principal

MOST_CHECKED = 20
"""Calendars a test of a source tries at most."""
CHECK_SECONDS = 60.0


async def upload_calendar(core: Core, command: UploadCalendar) -> Answer:
    """Replace a person's uploaded calendar and read it."""
    tenant = core.tenants.get(command.organization)
    record = await stored_record(core.store, command.organization, command.person)
    if tenant is None or record is None:
        return unknown("person", command.person)
    source = _upload_source(core, command.organization)
    if source is None:
        text = "No source of this organization takes uploads."
        remedy = 'Add a source of kind "ics" with uploads = true.'
        return invalid([Problem("sources", "kind", text, remedy)])
    if not is_read(tenant, record):
        return no("refused", f"The calendars of {command.person} are not read.")
    try:
        await core.uploads.put(
            command.organization, command.person, command.name, command.body, now=core.now()
        )
    except UserError as error:
        return invalid([Problem("calendar", command.name, str(error), "")])
    key = CalendarKey(command.organization, command.person, source, command.name)

    def with_it(rows: Sequence[CalendarRow]) -> list[Assignment]:
        known = {row.key: row.url for row in rows}
        return list(({key: None} | known).items())

    changed = await change_calendars(
        core.store, command.organization, command.person, with_it, core.now()
    )
    if changed is None:
        return unknown("person", command.person)
    if any(row.key == key for row in changed.before):
        core.sync.read_now(key)
    else:
        core.sync.enter(key)
    await core.audit(command.organization, command.actor, "upload-calendar", command.person)
    return done({"source": source})


async def delete_calendar(core: Core, command: DeleteCalendar) -> Answer:
    """Remove an uploaded calendar."""
    if not await core.uploads.delete(command.organization, command.person, command.name):
        return unknown("calendar", command.name)
    uploading = {one.id for one in core.wiring.known_sources(command.organization) if one.uploads}

    def without_it(rows: Sequence[CalendarRow]) -> list[Assignment]:
        return [
            (row.key, row.url)
            for row in rows
            if row.key.source not in uploading or row.key.name != command.name
        ]

    changed = await change_calendars(
        core.store, command.organization, command.person, without_it, core.now()
    )
    if changed is not None:
        for row in changed.before:
            if row.key not in changed.after:
                core.sync.strike(row.key)
    core.due.wake()
    await core.audit(command.organization, command.actor, "delete-calendar", command.person)
    return done()


def _upload_source(core: Core, organization: str) -> str | None:
    sources = core.wiring.known_sources(organization)
    return next((one.id for one in sources if one.uploads), None)


async def read_now(core: Core, command: ReadNow) -> Answer:
    """Read calendars again, now."""
    if command.source is not None and core.sync.slot(command.organization, command.source) is None:
        return unknown("source", command.source)
    if command.person is None:
        core.sync.read_all(command.organization, command.source)
        return done()
    rows = await core.store.calendars(
        command.organization, source=command.source, person=command.person
    )
    for row in rows:
        core.sync.read_now(row.key)
    return done({"calendars": len(rows)})


async def test_source(core: Core, command: TestSource) -> Answer:
    """Check a source step by step."""
    opened = core.wiring.sources.get((command.organization, command.source))
    if opened is None:
        why = core.wiring.broken.get((command.organization, "source", command.source))
        if why is None:
            return unknown("source", command.source)
        return done([_step("configuration", command.source, ok=False, detail=why)])
    rows = await core.store.calendars(
        command.organization, source=command.source, person=command.person, limit=MOST_CHECKED
    )
    refs = await _refs(core, command.organization, rows)
    steps: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            async for step in opened.thing.check(refs):
                soft = step.absent and await _elsewhere(core, command, step.subject)
                steps.append(
                    _step(step.what, step.subject, ok=step.ok or soft, detail=step.detail,
                          remedy=step.remedy)
                    | {"absent": soft}
                )  # fmt: skip
    except TimeoutError:
        steps.append(_step("time", command.source, ok=False, detail="The check took too long."))
    return done(steps + [_left_out(row) for row in rows if row.skipped])


async def _elsewhere(core: Core, command: TestSource, subject: str) -> bool:
    """Tell whether another source may have somebody who is unknown to this one.

    Who is looked for in several sources is at home in one of them; who was not asked for there
    yet may be.
    """
    person = subject.partition("/")[0]
    record = await stored_record(core.store, command.organization, person)
    if record is None or record.calendars is not None:
        return False
    rows = await core.store.calendars(command.organization, person=person)
    return any(row.key.source != command.source and row.health != ABSENT for row in rows)


def _left_out(row: CalendarRow) -> dict[str, Any]:
    """Tell of broken bookings: the rest of the calendar lives, so nothing fails."""
    bookings = "booking" if row.skipped == 1 else "bookings"
    detail = f"{row.skipped} broken {bookings} left out"
    return _step("bookings", f"{row.key.person}/{row.key.name}", ok=True, detail=detail)


async def _refs(
    core: Core, organization: str, rows: Sequence[CalendarRow]
) -> tuple[CalendarRef, ...]:
    tenant = core.tenants.get(organization)
    zone = tenant.settings.timezone if tenant else "UTC"
    refs: list[CalendarRef] = []
    for row in rows:
        record = await stored_record(core.store, organization, row.key.person)
        if record is not None:
            refs.append(reference(row, record, zone))
    return tuple(refs)


def _step(
    what: str, subject: str, *, ok: bool, detail: str = "", remedy: str = ""
) -> dict[str, Any]:
    return {"what": what, "subject": subject, "ok": ok, "detail": detail, "remedy": remedy}


async def test_sink(core: Core, command: TestSink) -> Answer:
    """Send one person's present view to a sink and tell what happened."""
    sink = core.wiring.sinks.get((command.organization, command.sink))
    if sink is None:
        why = core.wiring.broken.get((command.organization, "sink", command.sink))
        if why is None:
            return unknown("sink", command.sink)
        return done([_step("configuration", command.sink, ok=False, detail=why)])
    person = command.person
    if person is None:
        first = await core.store.presences(command.organization, limit=1)
        person = first[0].person if first else None
    present = None
    if person is not None:
        present = await core.store.presence(command.organization, person)
    if present is None or person is None:
        return unknown("person", person or "")
    outcome = await sink.pump.try_out(present)
    if outcome is None:
        return done([_step("render", person, ok=False, detail="This sink has nothing to tell.")])
    if isinstance(outcome, Delivered):
        return done([_step("publish", person, ok=True)])
    return done([_step("publish", person, ok=False, detail=f"{outcome.code}: {outcome.message}")])


async def reset_credential(core: Core, command: ResetCredential) -> Answer:
    """Close the breaker of an endpoint: one sign-in may be tried."""
    found = await core.wiring.reset_credential(command.organization, command.endpoint)
    if not found:
        return unknown("endpoint", command.endpoint)
    await core.audit(command.organization, command.actor, "reset-credential", command.endpoint)
    return done()


async def put_principal(core: Core, command: PutPrincipal) -> Answer:
    """Create or replace a token or account."""
    try:
        principal = msgspec.convert(command.principal, Principal)
    except msgspec.ValidationError as error:
        return invalid([Problem("principal", "", f"{error}.", "")])
    allowed = None if command.organization == EVERY else command.organization
    if principal.organization != allowed:
        return no("refused", "A principal belongs to the organization that asks for it.")
    before = await core.store.principal(principal.id)
    if before is not None and before.organization != principal.organization:
        return no("conflict", "This id is taken.")
    if principal.kind == "account":
        other = await core.store.account(principal.organization, principal.name)
        if other is not None and other.id != principal.id:
            return no("conflict", f"There is an account {principal.name!r} already.")
    await core.store.save_principal(principal)
    await core.audit(
        command.organization, command.actor, "put-principal", f"{principal.kind}/{principal.name}"
    )
    await core.told_settings(command.organization)
    return done({"id": principal.id})


async def delete_principal(core: Core, command: DeletePrincipal) -> Answer:
    """Remove a token or account."""
    allowed = None if command.organization == EVERY else command.organization
    before = await core.store.principal(command.id)
    if before is None or before.organization != allowed:
        return unknown("principal", command.id)
    await core.store.delete_principal(command.id)
    await core.audit(
        command.organization, command.actor, "delete-principal", f"{before.kind}/{before.name}"
    )
    await core.told_settings(command.organization)
    return done()


async def backup(core: Core, command: Backup) -> Answer:
    """Copy the database for whoever runs this machine."""
    if command.actor != "cli" or command.organization != EVERY:
        return no("refused", "Backups are made from the command line.")
    await core.store.backup(Path(command.path))
    return done()


async def ping(core: Core, command: Ping) -> Answer:
    """Tell that the engine lives, and how it fares."""
    organization = None if command.organization == EVERY else command.organization
    return done(await status.status(core, organization))
