"""Why a presence is what it is, gathered from the store for one viewer: web and command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kalends.model.booking import Booking
from kalends.model.person import PersonRecord
from kalends.model.presence import Facts
from kalends.policy.judge import judge
from kalends.policy.judgement import Judgement
from kalends.presence import (
    Explanation,
    Reading,
    Setter,
    account,
    explain,
    explanation_json,
    person_of,
    setter,
    unread,
)
from kalends.store.contract import DuePerson, PolicyInputs, Reader
from kalends.web.eye import Eye


async def reasons(
    reader: Reader,
    eye: Eye,
    record: PersonRecord,
    facts: DuePerson,
    *,
    at: int,
    now: int,
    asker: str,
) -> dict[str, Any]:
    """Return the explanation of a moment (UTC seconds) as JSON, in words under ``text``.

    ``asker`` is the actor who asks: what he set himself is told as his. Raises ``Forgotten`` for
    a moment that has passed.
    """
    calendars = await _readings(reader, facts.organization, facts.person)
    if facts.revision:
        explained = _explained(eye, record, facts, calendars, at=at, now=now)
    else:  # somebody new, never evaluated
        explained = unread(
            facts.profile,
            eye.audience(facts.profile),
            eye.tenant.lens,
            at=at,
            now=now,
            calendars=calendars,
            language=eye.language,
        )
    language = eye.language or facts.profile.language
    by = await _setter(reader, eye, explained.winner.set_by, asker)
    lines = account(explained, facts.profile, eye.tenant.lens, language, by)
    return {**explanation_json(explained, lines), "text": "\n".join(lines)}


def _explained(
    eye: Eye,
    record: PersonRecord,
    facts: DuePerson,
    calendars: Sequence[Reading],
    *,
    at: int,
    now: int,
) -> Explanation:
    policy = eye.tenant.policy.for_person(record)

    def judged(calendar: str, booking: Booking) -> Judgement:
        return judge(policy, calendar, booking)

    line = facts.presence.line if facts.presence is not None else None
    return explain(
        Facts(facts.timeline, facts.manual, facts.hold, line),
        eye.tenant.policy.reckoning(),
        facts.profile,
        eye.audience(facts.profile),
        eye.tenant.lens,
        at=at,
        now=now,
        calendars=calendars,
        judge=judged,
        before=facts.presence,
        revision=facts.revision,
        language=eye.language,
        owner=eye.owns(facts.profile),
    )


async def _setter(reader: Reader, eye: Eye, actor: str | None, asker: str) -> Setter | None:
    """Return who set what was set by hand, by name where the reader may know that person."""
    if actor is None:
        return None
    person, name = person_of(actor), None
    if person:
        found = await reader.person(eye.tenant.id, person)
        if found is not None and eye.lists(found.profile):
            name = found.profile.name
    return setter(actor, reader=asker, name=name)


async def _readings(reader: Reader, organization: str, person: str) -> list[Reading]:
    """Return a person's calendars with their bookings and their age."""
    inputs = await reader.inputs(organization, person)
    rows = await reader.calendars(organization, person=person)
    bookings = _bookings(inputs)
    return [
        Reading(
            f"{row.key.source}/{row.key.name}",
            bookings.get(f"{row.key.source}/{row.key.name}", ()),
            row.read_at,
            row.stale_since,
            row.health,
        )
        for row in rows
    ]


def _bookings(inputs: PolicyInputs | None) -> dict[str, tuple[Booking, ...]]:
    calendars = inputs.calendars if inputs is not None else ()
    return {f"{one.key.source}/{one.key.name}": one.bookings for one in calendars}


def bookings_of(inputs: PolicyInputs | None) -> dict[str, Booking]:
    """Return a person's bookings by the names segments call them."""
    calendars = inputs.calendars if inputs is not None else ()
    return {
        f"{calendar.key.source}/{calendar.key.name}/{booking.uid}": booking
        for calendar in calendars
        for booking in calendar.bookings
    }
