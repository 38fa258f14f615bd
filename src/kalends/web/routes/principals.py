"""``/tokens``, ``/accounts`` and ``/audit``: who may do what, and who did."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Path, Query, Response

from kalends.bus.commands import DeletePrincipal, PutPrincipal
from kalends.model.times import rfc3339, seconds
from kalends.store.contract import Principal
from kalends.web import answers, schemas, tokens
from kalends.web.commands import send
from kalends.web.identity import AsAdministrator, Viewer
from kalends.web.problems import Problem, missing
from kalends.web.state import InWeb, Web

Part = Literal["tokens", "accounts"]
IdPath = Annotated[str, Path(max_length=100, description="Its id.")]


def _told(principal: Principal, secret: str | None = None) -> dict[str, Any]:
    expires = principal.expires_at
    return {
        "id": principal.id,
        "kind": principal.kind,
        "name": principal.name,
        "role": principal.role,
        "person": principal.person,
        "created_at": rfc3339(principal.created_at),
        "expires_at": rfc3339(expires) if expires is not None else None,
        "disabled": principal.disabled,
        "secret": secret,
    }


async def _vet_person(web: Web, viewer: Viewer, body: schemas.PrincipalInput) -> None:
    if body.person is not None and not await web.reader.person(viewer.organization, body.person):
        raise Problem(422, "There is no such person.", "Create the person first.")


async def _made(
    web: Web, viewer: Viewer, part: str, body: schemas.PrincipalInput
) -> tuple[str | None, Principal]:
    if part == "tokens":
        if body.password is not None:
            raise Problem(422, "A token has no password.", "Leave password out.")
        return tokens.new_token(
            body.role,
            body.name,
            viewer.organization,
            body.person,
            now=web.now(),
            expires_at=seconds(body.expires_at) if body.expires_at is not None else None,
        )
    if body.password is None or body.expires_at is not None:
        raise Problem(422, "An account has a password, and no end.", "Send password.")
    if await web.reader.account(viewer.organization, body.name) is not None:
        raise Problem(409, "There is an account of that name.", "Take another name.")
    async with web.hashing:
        account = await web.runtime.offload(
            lambda: tokens.new_account(
                body.role,
                body.name,
                viewer.organization,
                body.person,
                password=body.password or "",
                now=web.now(),
            )
        )
    return None, account


def _routes(api: APIRouter, part: Part) -> None:
    @api.get(f"/{part}", responses=answers.told(list[schemas.PrincipalAnswer], what="All of them"))
    async def listing(web: InWeb, viewer: AsAdministrator) -> Response:
        """List them, without their secrets."""
        known = await web.reader.principals(viewer.organization)
        return answers.json([_told(one) for one in known if f"{one.kind}s" == part])

    @api.post(
        f"/{part}",
        status_code=201,
        responses=answers.told(
            schemas.PrincipalAnswer, errors=answers.CHANGE, status=201, what="Made"
        ),
    )
    async def make(web: InWeb, viewer: AsAdministrator, body: schemas.PrincipalInput) -> Response:
        """Make a token (its secret is told this once) or an account with a password."""
        await _vet_person(web, viewer, body)
        secret, principal = await _made(web, viewer, part, body)
        command = PutPrincipal(
            organization=viewer.organization,
            actor=viewer.actor,
            principal=tokens.document(principal),
        )
        await send(web, command)
        return answers.json(_told(principal, secret), 201)

    @api.delete(
        f"/{part}/{{id}}",
        responses=answers.told(schemas.Done, errors=answers.CHANGE, what="Removed"),
    )
    async def remove(web: InWeb, viewer: AsAdministrator, id: IdPath) -> Response:
        """Remove one; it stops working at once, with its sessions and streams."""
        principal = await web.reader.principal(id)
        mine = principal is not None and principal.organization == viewer.organization
        if principal is None or not mine or f"{principal.kind}s" != part:
            raise missing(part.removesuffix("s"))
        command = DeletePrincipal(organization=viewer.organization, actor=viewer.actor, id=id)
        answer = await send(web, command)
        return answers.json({"done": True, "result": answer.value})


router = APIRouter(tags=["administration"])
for _part in get_args(Part):
    _routes(router, _part)


@router.get("/audit", responses=answers.told(list[schemas.AuditAnswer], what="Newest first"))
async def audit(
    web: InWeb,
    viewer: AsAdministrator,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Tell who did what to whom in the last 90 days; never an activity, a note or a state."""
    entries = await web.reader.audit(viewer.organization, limit)
    return answers.json(
        [
            {
                "at": rfc3339(entry.at),
                "actor": entry.actor,
                "action": entry.action,
                "target": entry.target,
            }
            for entry in entries
        ]
    )
