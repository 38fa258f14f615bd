"""``/organization`` and ``/rules``: an organization's settings, whole and rule by rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Response

from kalends.bus.commands import PutDocument
from kalends.bus.tags import document_tag, expected_tags, holds
from kalends.model.organization import OrganizationSettings
from kalends.model.rules import RuleSpec
from kalends.store.contract import Document
from kalends.web import answers, schemas
from kalends.web.commands import send
from kalends.web.identity import AsAdministrator, InOrganization, IsSigned, Viewer
from kalends.web.problems import Problem, missing
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["policy"])

MOST_TRIES: Final = 50
Settings = dict[str, Any]
RulePath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Id of a rule.")]


async def _document(web: Web, viewer: Viewer) -> Document:
    documents = await web.reader.documents(viewer.organization, "organization")
    if not documents:
        raise missing("organization")
    return documents[0]


async def _store(
    web: Web, viewer: Viewer, body: dict[str, Any], expected: tuple[str, ...] | None
) -> Document:
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
        expected=expected,
    )
    await send(web, command)
    web.tenants.look_again(viewer.organization)
    return await _document(web, viewer)


async def _change(
    web: Web, viewer: Viewer, if_match: str | None, change: Callable[[Settings], Settings]
) -> Document:
    """Change settings as they are now.

    What is read here is what is replaced: nobody's change in between is lost. A client that named
    an ETag is told of it; for one that named none the change is made once more.
    """
    for _ in range(MOST_TRIES):
        document = await _document(web, viewer)
        tag = document_tag(document.version)
        if not holds(expected_tags(if_match), tag):
            raise Problem(412, "The settings are not as you read them.", "Read them again.")
        try:
            return await _store(web, viewer, change(json.loads(document.body)), (tag,))
        except Problem as problem:
            if problem.status_code != 412 or if_match is not None:
                raise
    raise Problem(409, "Too many change these settings at once.", "Try again.")


def _settings(document: Document) -> Response:
    return answers.json(json.loads(document.body), etag=_etag(document))


def _etag(document: Document) -> str:
    return answers.etag(document_tag(document.version))


@router.get("/organization", responses=answers.told(OrganizationSettings, what="The settings"))
async def show(web: InWeb, viewer: AsAdministrator) -> Response:
    """Show the organization's settings."""
    return _settings(await _document(web, viewer))


@router.put(
    "/organization",
    responses=answers.told(OrganizationSettings, errors=answers.REPLACE, what="Stored"),
)
async def put(
    web: InWeb,
    viewer: AsAdministrator,
    body: schemas.SettingsInput,
    if_match: answers.IfMatch = None,
) -> Response:
    """Replace the settings; keys as in ``[[organizations]]``, without people and sources."""
    written = body.model_dump(mode="json", exclude_unset=True)
    return _settings(await _store(web, viewer, written, expected_tags(if_match)))


@router.patch(
    "/organization",
    responses=answers.told(OrganizationSettings, errors=answers.REPLACE, what="Stored"),
)
async def patch(
    web: InWeb,
    viewer: AsAdministrator,
    body: Annotated[dict[str, Any], Body(examples=[{"mode": "marked"}])],
    if_match: answers.IfMatch = None,
) -> Response:
    """Change some settings: keys left out stay."""
    return _settings(await _change(web, viewer, if_match, lambda settings: settings | body))


@router.put(
    "/organizations/{organization}",
    responses=answers.told(OrganizationSettings, errors=answers.REPLACE, what="Stored"),
    tags=["administration"],
)
async def create(
    web: InWeb,
    who: IsSigned,
    organization: Annotated[
        str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Its id, for ever.")
    ],
    body: schemas.SettingsInput,
    if_match: answers.IfMatch = None,
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
        expected=expected_tags(if_match),
    )
    await send(web, command)
    stored = await web.reader.documents(organization, "organization")
    if not stored:
        raise missing("organization")
    return _settings(stored[0])


def _named(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rules with the ids explanations call them by (``rule-N`` by position)."""
    return [rule | {"id": rule.get("id") or f"rule-{n}"} for n, rule in enumerate(rules, 1)]


def _rules(document: Document) -> list[Settings]:
    return _named(json.loads(document.body).get("rules", []))


def _ruled(document: Document) -> Response:
    return answers.json(_rules(document), etag=_etag(document))


@router.get("/rules", responses=answers.told(list[RuleSpec], what="In their order"))
async def rules(web: InWeb, viewer: InOrganization) -> Response:
    """List the organization's rules in the order they are tried."""
    return _ruled(await _document(web, viewer))


@router.put("/rules", responses=answers.told(list[RuleSpec], errors=answers.REPLACE, what="Stored"))
async def put_rules(
    web: InWeb, viewer: AsAdministrator, body: list[RuleSpec], if_match: answers.IfMatch = None
) -> Response:
    """Replace the whole ordered list."""
    written = [rule.model_dump(mode="json") for rule in body]
    return _ruled(await _change_rules(web, viewer, if_match, lambda _known: written))


@router.get("/rules/{rule}", responses=answers.told(RuleSpec, what="The rule"))
async def rule(web: InWeb, viewer: InOrganization, rule: RulePath) -> Response:
    """Show one rule; its ETag is that of all rules and settings together."""
    document = await _document(web, viewer)
    for one in _rules(document):
        if one["id"] == rule:
            return answers.json(one, etag=_etag(document))
    raise missing("rule")


@router.put(
    "/rules/{rule}", responses=answers.told(list[RuleSpec], errors=answers.REPLACE, what="Stored")
)
async def put_rule(
    web: InWeb,
    viewer: AsAdministrator,
    rule: RulePath,
    body: RuleSpec,
    if_match: answers.IfMatch = None,
) -> Response:
    """Replace a rule in its place, or add it behind the others."""
    written = body.model_dump(mode="json") | {"id": rule}

    def placed(known: list[Settings]) -> list[Settings]:
        if rule not in (one["id"] for one in known):
            return [*known, written]
        return [written if one["id"] == rule else one for one in known]

    return _ruled(await _change_rules(web, viewer, if_match, placed))


@router.delete(
    "/rules/{rule}", responses=answers.told(list[RuleSpec], errors=answers.REPLACE, what="Removed")
)
async def delete_rule(
    web: InWeb, viewer: AsAdministrator, rule: RulePath, if_match: answers.IfMatch = None
) -> Response:
    """Remove a rule."""

    def left(known: list[Settings]) -> list[Settings]:
        kept = [one for one in known if one["id"] != rule]
        if len(kept) == len(known):
            raise missing("rule")
        return kept

    return _ruled(await _change_rules(web, viewer, if_match, left))


async def _change_rules(
    web: Web,
    viewer: Viewer,
    if_match: str | None,
    change: Callable[[list[Settings]], list[Settings]],
) -> Document:
    def changed(settings: Settings) -> Settings:
        return settings | {"rules": change(_named(settings.get("rules", [])))}

    return await _change(web, viewer, if_match, changed)


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
