"""``/people/{id}/manual`` and ``/people/{id}/preferences``: what people decide themselves."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from kalends.bus.commands import ClearManual, PatchPreferences, SetManual
from kalends.bus.tags import expected_tags, record_tag
from kalends.model.person import PersonRecord
from kalends.policy.choices import offer, otherwise
from kalends.store.contract import PersonDocument
from kalends.web import answers, schemas
from kalends.web.commands import send, settled
from kalends.web.identity import InOrganization, Viewer
from kalends.web.problems import Problem
from kalends.web.routes.people import PersonPath, listed
from kalends.web.routes.presence import presence_of
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["manual presence"])


async def _settable(web: Web, viewer: Viewer, person: str) -> None:
    document = await listed(web, viewer, person)
    if not viewer.eye.may_set(document.profile):
        raise Problem(
            403,
            "Only the person, a delegate, an attendant or an administrator may set this state.",
            "Ask the person to name you as a delegate.",
        )


@router.put(
    "/people/{person}/manual",
    responses=answers.told(schemas.Presence, errors=answers.CHANGE, what="The presence now"),
)
async def put(
    web: InWeb, viewer: InOrganization, person: PersonPath, body: schemas.ManualInput
) -> Response:
    """Set a state by hand. It wins until its end, whatever the calendar says."""
    await _settable(web, viewer, person)
    command = SetManual(
        organization=viewer.organization,
        actor=viewer.actor,
        person=person,
        activity=body.activity,
        until=body.until,
        availability=body.availability.value if body.availability is not None else None,
        role=body.role,
        note=body.note,
    )
    await send(web, command)
    return await _now(web, viewer, person)


@router.delete(
    "/people/{person}/manual",
    responses=answers.told(schemas.Presence, errors=answers.CHANGE, what="The presence now"),
)
async def delete(web: InWeb, viewer: InOrganization, person: PersonPath) -> Response:
    """Go back to calendar and work hours; also ends a hold."""
    await _settable(web, viewer, person)
    command = ClearManual(organization=viewer.organization, actor=viewer.actor, person=person)
    await send(web, command)
    return await _now(web, viewer, person)


async def _now(web: Web, viewer: Viewer, person: str) -> Response:
    await settled(web, viewer.organization, person)
    return answers.json(await presence_of(web, viewer, person))


async def _choosing(web: Web, viewer: Viewer, person: str) -> PersonDocument:
    document = await listed(web, viewer, person)
    if not viewer.eye.is_for(document.profile) and not viewer.administers:
        raise Problem(403, "Preferences are the person's own.", "Ask the person or an admin.")
    return document


@router.get(
    "/people/{person}/preferences",
    responses=answers.told(schemas.PreferencesAnswer, what="The person's choices"),
)
async def preferences(web: InWeb, viewer: InOrganization, person: PersonPath) -> Response:
    """Show what a person has chosen, what the organization permits, and what there is."""
    return await _chosen(web, viewer, await _choosing(web, viewer, person))


async def _chosen(web: Web, viewer: Viewer, document: PersonDocument) -> Response:
    record = PersonRecord.model_validate_json(document.record)
    permitted = viewer.tenant.settings.permissions.model_dump()
    sources = await web.reader.documents(viewer.organization, "source")
    permitted["write_back"] = any(json.loads(one.body).get("write_back") for one in sources)
    settings = viewer.tenant.settings
    told = record.preferences.model_dump(mode="json") | {
        "permitted": permitted,
        "otherwise": otherwise(settings, record).model_dump(mode="json"),
        "offered": offer(settings, record)._asdict(),
    }
    return answers.json(told, etag=answers.etag(record_tag(document.record)))


@router.patch(
    "/people/{person}/preferences",
    responses=answers.told(
        schemas.PreferencesAnswer, errors=answers.REPLACE, what="The person's choices now"
    ),
)
async def patch(
    web: InWeb,
    viewer: InOrganization,
    person: PersonPath,
    body: dict[str, Any],
    if_match: answers.IfMatch = None,
) -> Response:
    """Change some choices: keys left out stay, null clears (RFC 7396, one level deep)."""
    await _choosing(web, viewer, person)
    changes = msgspec.to_builtins(body)
    command = PatchPreferences(
        organization=viewer.organization,
        actor=viewer.actor,
        person=person,
        changes=changes,
        expected=expected_tags(if_match),
    )
    await send(web, command)
    return await _chosen(web, viewer, await _choosing(web, viewer, person))
