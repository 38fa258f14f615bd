"""``/people/{id}/explain``: why a presence is what it is, or will be at a moment ahead."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kalends.model.person import PersonRecord
from kalends.model.times import seconds
from kalends.web import answers, schemas
from kalends.web.identity import InOrganization
from kalends.web.reasons import reasons
from kalends.web.routes.people import PersonPath, listed
from kalends.web.routes.presence import Moment, facts_of
from kalends.web.state import InWeb

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
    moment = seconds(at) if at is not None else now
    told = await reasons(
        web.reader, viewer.eye, record, facts, at=moment, now=now, asker=viewer.actor
    )
    return answers.json(told)
