"""``/organization`` and ``/rules``: an organization's settings, whole and rule by rule."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response

from kalends.bus.commands import PutDocument
from kalends.model.organization import OrganizationSettings
from kalends.model.rules import RuleSpec
from kalends.store.contract import Document
from kalends.web import answers, schemas
from kalends.web.commands import send
from kalends.web.identity import AsAdministrator, InOrganization, IsSigned, Viewer
from kalends.web.problems import Problem, missing
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["policy"])

RulePath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Id of a rule.")]


async def _document(web: Web, viewer: Viewer) -> Document:
    documents = await web.reader.documents(viewer.organization, "organization")
    if not documents:
        raise missing("organization")
    return documents[0]


async def _store(web: Web, viewer: Viewer, body: dict[str, Any]) -> dict[str, Any]:
    """Hand new settings to the engine and return them as stored."""
    body = body | {"id": viewer.organization}
    body.pop("managed_by", None)
    OrganizationSettings.model_validate(body)  # told here with the places of the request
    command = PutDocument(
        organization=viewer.organization,
        actor=viewer.actor,
        kind="organization",
        id=viewer.organization,
        body=body,
    )
    await send(web, command)
    web.tenants.look_again(viewer.organization)
    settings: dict[str, Any] = json.loads((await _document(web, viewer)).body)
    return settings


@router.get("/organization", responses=answers.told(OrganizationSettings, what="The settings"))
async def show(web: InWeb, viewer: AsAdministrator) -> Response:
    """Show the organization's settings."""
    return answers.json(json.loads((await _document(web, viewer)).body))


@router.put(
    "/organization",
    responses=answers.told(OrganizationSettings, errors=answers.CHANGE, what="Stored"),
)
async def put(
    web: InWeb,
    viewer: AsAdministrator,
    body: schemas.SettingsInput,
) -> Response:
    """Replace the settings; keys as in ``[[organizations]]``, without people and sources."""
    written = body.model_dump(mode="json", exclude_unset=True)
    return answers.json(await _store(web, viewer, written))


@router.patch(
    "/organization",
    responses=answers.told(OrganizationSettings, errors=answers.CHANGE, what="Stored"),
)
async def patch(
    web: InWeb,
    viewer: AsAdministrator,
    body: Annotated[dict[str, Any], Body(examples=[{"mode": "marked"}])],
) -> Response:
    """Change some settings: keys left out stay."""
    settings = json.loads((await _document(web, viewer)).body)
    return answers.json(await _store(web, viewer, settings | body))


@router.put(
    "/organizations/{organization}",
    responses=answers.told(OrganizationSettings, errors=answers.CHANGE, what="Stored"),
    tags=["administration"],
)
async def create(
    web: InWeb,
    who: IsSigned,
    organization: Annotated[
        str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Its id, for ever.")
    ],
    body: schemas.SettingsInput,
) -> Response:
    """Create an organization (for providers), or replace its settings."""
    if who.principal.role != "provider":
        raise Problem(403, "This is for providers.", "Use a provider's token.")
    written = body.model_dump(mode="json", exclude_unset=True) | {"id": organization}
    command = PutDocument(
        organization=organization,
        actor=f"{who.principal.kind}:{who.principal.name}",
        kind="organization",
        id=organization,
        body=written,
    )
    await send(web, command)
    stored = await web.reader.documents(organization, "organization")
    if not stored:
        raise missing("organization")
    return answers.json(json.loads(stored[0].body))


def _named(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rules with the ids explanations call them by (``rule-N`` by position)."""
    return [rule | {"id": rule.get("id") or f"rule-{n}"} for n, rule in enumerate(rules, 1)]


async def _rules(web: Web, viewer: Viewer) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    settings = json.loads((await _document(web, viewer)).body)
    return settings, _named(settings.get("rules", []))


@router.get("/rules", responses=answers.told(list[RuleSpec], what="In their order"))
async def rules(web: InWeb, viewer: InOrganization) -> Response:
    """List the organization's rules in the order they are tried."""
    return answers.json((await _rules(web, viewer))[1])


@router.put("/rules", responses=answers.told(list[RuleSpec], errors=answers.CHANGE, what="Stored"))
async def put_rules(web: InWeb, viewer: AsAdministrator, body: list[RuleSpec]) -> Response:
    """Replace the whole ordered list."""
    settings, _ = await _rules(web, viewer)
    return await _keep(web, viewer, settings, [rule.model_dump(mode="json") for rule in body])


@router.get("/rules/{rule}", responses=answers.told(RuleSpec, what="The rule"))
async def rule(web: InWeb, viewer: InOrganization, rule: RulePath) -> Response:
    """Show one rule."""
    _, known = await _rules(web, viewer)
    for one in known:
        if one["id"] == rule:
            return answers.json(one)
    raise missing("rule")


@router.put(
    "/rules/{rule}", responses=answers.told(list[RuleSpec], errors=answers.CHANGE, what="Stored")
)
async def put_rule(web: InWeb, viewer: AsAdministrator, rule: RulePath, body: RuleSpec) -> Response:
    """Replace a rule in its place, or add it behind the others."""
    settings, known = await _rules(web, viewer)
    written = body.model_dump(mode="json") | {"id": rule}
    ids = [one["id"] for one in known]
    if rule in ids:
        known[ids.index(rule)] = written
    else:
        known.append(written)
    return await _keep(web, viewer, settings, known)


@router.delete(
    "/rules/{rule}", responses=answers.told(list[RuleSpec], errors=answers.CHANGE, what="Removed")
)
async def delete_rule(web: InWeb, viewer: AsAdministrator, rule: RulePath) -> Response:
    """Remove a rule."""
    settings, known = await _rules(web, viewer)
    left = [one for one in known if one["id"] != rule]
    if len(left) == len(known):
        raise missing("rule")
    return await _keep(web, viewer, settings, left)


async def _keep(
    web: Web, viewer: Viewer, settings: dict[str, Any], rules: list[dict[str, Any]]
) -> Response:
    stored = await _store(web, viewer, settings | {"rules": rules})
    return answers.json(_named(stored.get("rules", [])))


@router.get(
    "/vocabulary", responses=answers.told(schemas.VocabularyAnswer, what="The words"), tags=["me"]
)
async def vocabulary(viewer: InOrganization) -> Response:
    """List activities and roles with their names in every language."""
    words = viewer.tenant.vocabulary
    return answers.json(
        {
            "language": viewer.tenant.settings.language,
            "activities": [
                {
                    "id": activity.id,
                    "names": activity.names,
                    "availability": activity.availability,
                    "sensitive": activity.sensitive,
                    "default_minutes": activity.default_minutes,
                }
                for activity in words.activities.values()
            ],
            "roles": [{"id": role.id, "names": role.names} for role in words.roles.values()],
        }
    )
