"""``/people/{id}/explain``: why a presence is what it is, or will be at a moment ahead."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kalends.model.booking import Booking
from kalends.model.person import PersonRecord
from kalends.model.presence import Facts
from kalends.model.times import seconds
from kalends.policy.judge import Judgement, judge
from kalends.presence import Reading, account, explain, explanation_json
from kalends.store.contract import PolicyInputs
from kalends.web import answers, schemas
from kalends.web.identity import InOrganization, Viewer
from kalends.web.routes.people import PersonPath, listed
from kalends.web.routes.presence import Moment, facts_of
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["presence"])


@router.get(
    "/people/{person}/explain",
    responses=answers.told(schemas.Explanation, errors=(*answers.READ, 410), what="Why"),
)
async def why(
    web: InWeb,
    viewer: InOrganization,
    person: PersonPath,
    at: Annotated[Moment | None, Query(description="Now, or a moment ahead. Default: now.")] = None,
) -> Response:
    """Tell the facts, the rule, what lost and why, the age of the data, the next change."""
    document = await listed(web, viewer, person)
    facts = await facts_of(web, viewer, person)
    now = web.now()
    record = PersonRecord.model_validate_json(document.record)
    policy = viewer.tenant.policy.for_person(record)

    def judged(calendar: str, booking: Booking) -> Judgement:
        return judge(policy, calendar, booking)

    line = facts.presence.line if facts.presence is not None else None
    explained = explain(
        Facts(facts.timeline, facts.manual, facts.hold, line),
        viewer.tenant.policy.reckoning(),
        facts.profile,
        viewer.eye.audience(facts.profile),
        viewer.tenant.lens,
        at=seconds(at) if at is not None else now,
        now=now,
        calendars=await _readings(web, viewer, person),
        judge=judged,
        before=facts.presence,
        revision=facts.revision,
        language=viewer.language,
        owner=viewer.eye.owns(facts.profile),
    )
    language = viewer.language or facts.profile.language
    lines = account(explained, facts.profile, viewer.tenant.lens, language)
    return answers.json({**explanation_json(explained, lines), "text": "\n".join(lines)})


async def _readings(web: Web, viewer: Viewer, person: str) -> list[Reading]:
    """Return a person's calendars with their bookings and their age."""
    inputs = await web.reader.inputs(viewer.organization, person)
    rows = await web.reader.calendars(viewer.organization, person=person)
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
