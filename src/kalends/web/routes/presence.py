"""``/people/{id}/presence``, ``…/timeline``, ``…/explain``: what is, what comes, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator

from kalends.model.times import FOREVER, rfc3339, seconds
from kalends.presence import segment_json, segment_views, view_json
from kalends.store.contract import DuePerson
from kalends.web import answers, schemas
from kalends.web.identity import InOrganization, Viewer
from kalends.web.problems import Problem, missing
from kalends.web.reasons import bookings_of
from kalends.web.routes.people import PersonPath, listed
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["presence"])

_DAY: Final = 86_400
_LONGEST: Final = 62 * _DAY
SLACK: Final = 60
"""Seconds that a client's clock may be behind before its "now" counts as the past."""


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a zone, such as 2026-03-02T13:00:00Z")
    if not 1971 <= moment.year <= 9998:
        raise ValueError("a moment lies between the years 1971 and 9998")
    return moment


Moment = Annotated[datetime, AfterValidator(_zoned)]


def forgotten() -> Problem:
    """Return the answer to questions about the past (POLICY section 5)."""
    return Problem(410, "The past is forgotten.", "Ask about now or what lies ahead.")


@router.get(
    "/people/{person}/presence", responses=answers.told(schemas.Presence, what="The presence")
)
async def presence(web: InWeb, viewer: InOrganization, person: PersonPath) -> Response:
    """Show a person's presence now."""
    await listed(web, viewer, person)
    return answers.json(await presence_of(web, viewer, person))


async def presence_of(web: Web, viewer: Viewer, person: str) -> dict[str, Any]:
    """Return a presence as this viewer is told it; ``level`` nothing where it is not live."""
    stored = await web.reader.presence(viewer.organization, person)
    if stored is None:
        raise missing("person")
    return view_json(viewer.eye.sees(stored, web.now()))


@router.get(
    "/people/{person}/timeline",
    responses=answers.told(schemas.Timeline, errors=(*answers.READ, 410), what="What lies ahead"),
)
async def timeline(
    web: InWeb,
    viewer: InOrganization,
    person: PersonPath,
    start: Annotated[Moment | None, Query(alias="from", description="Default: now.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Default: a day later.")] = None,
) -> Response:
    """Show what lies ahead; nothing that has ended. ``from`` in the past counts as now."""
    await listed(web, viewer, person)
    now = web.now()
    first = max(now, seconds(start)) if start is not None else now
    last = seconds(end) if end is not None else first + _DAY
    if last <= now:
        raise forgotten()
    if not first < last <= first + _LONGEST:
        raise Problem(422, "to must lie after from, by 62 days at most.", "Ask for less at once.")
    facts = await facts_of(web, viewer, person)
    inputs = await web.reader.inputs(viewer.organization, person)
    horizon = facts.timeline.horizon
    return answers.json(
        {
            "person": person,
            "start": rfc3339(first),
            "end": rfc3339(last),
            "known_until": rfc3339(horizon) if horizon < min(last, FOREVER) else None,
            "segments": [
                segment_json(segment)
                for segment in segment_views(
                    facts.timeline,
                    bookings_of(inputs),
                    facts.profile,
                    viewer.eye.audience(facts.profile),
                    viewer.tenant.lens,
                    now,
                    owner=viewer.eye.owns(facts.profile),
                )
                if segment.start < last and segment.end > first
            ],
        }
    )


async def facts_of(web: Web, viewer: Viewer, person: str) -> DuePerson:
    """Return what a presence follows from; 404 where the viewer is told none."""
    facts = await web.reader.facts(viewer.organization, person)
    if facts is None or not viewer.eye.is_told(facts.profile):
        raise missing("presence of this person")
    return facts
