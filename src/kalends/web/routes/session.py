"""``/session`` and ``/me``: signing in to the console, signing out, who one is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from kalends.store.contract import Principal
from kalends.web import answers, schemas, tokens
from kalends.web.attempts import ADDRESS
from kalends.web.identity import (
    IsSigned,
    Signed,
    acting,
    by_text,
    cookie_name,
)
from kalends.web.problems import Problem
from kalends.web.sessions import LONGEST, Session
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["me"])


@router.post(
    "/session",
    responses=answers.told(schemas.Me, errors=(400, 401, 403, 408, 413, 422, 429), what="Welcome"),
)
async def sign_in(request: Request, web: InWeb, body: schemas.SignIn) -> Response:
    """Sign in with name and password, or with a token; sets the session cookie."""
    address = request.client.host if request.client is not None else ""
    account = f"{body.organization or ''}/{(body.name or 'token').casefold()}"
    named = f"token:{address}" if body.token is not None else f"account:{account}"
    keys = (named, f"{ADDRESS}{address}")
    _not_too_often(web, keys)
    principal = await _known(web, body, keys)
    if principal is None:
        web.attempts.failed(keys, web.runtime.monotonic())
        web.figures.sign_ins.labels("refused").inc()
        raise Problem(401, "Name and secret do not belong together.", "Check both; mind Caps Lock.")
    web.attempts.succeeded(named)
    web.figures.sign_ins.labels("accepted").inc()
    answer = await _about(web, Signed(principal, None))
    before = await web.sessions.find(request.cookies.get(cookie_name(web), ""))
    if before is not None:  # this browser has one session
        await _ended(web, before)
    value = await web.sessions.begin(principal.id)
    answer.set_cookie(
        cookie_name(web),
        value,
        max_age=LONGEST,
        path="/",
        secure=web.options.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def _not_too_often(web: Web, keys: tuple[str, ...]) -> None:
    wait = web.attempts.wait(keys, web.runtime.monotonic())
    if wait > 0:
        web.figures.sign_ins.labels("delayed").inc()
        raise Problem(
            429,
            "There were too many failed sign-ins.",
            "Wait, then try again.",
            headers={"Retry-After": str(int(wait) + 1)},
        )


async def _known(web: Web, body: schemas.SignIn, keys: tuple[str, str]) -> Principal | None:
    """Return the principal of a sign-in; the time it takes tells nothing."""
    if body.token is not None:
        return await by_text(web, body.token.strip())
    if body.name is None or body.password is None:
        raise Problem(422, "A sign-in names name and password, or token.", "Send one of both.")
    account = await _account(web, body.organization, body.name)
    async with web.hashing:
        _not_too_often(web, keys)  # of those that came at once most have failed meanwhile
        holds = await web.runtime.offload(tokens.password_holds, account, body.password)
    now = web.runtime.now()
    return account if account is not None and holds and tokens.usable(account, now) else None


async def _account(web: Web, organization: str | None, name: str) -> Principal | None:
    if organization is None:
        known = await web.reader.organizations()
        organization = known[0] if len(known) == 1 else None
        if organization is not None:
            found = await web.reader.account(organization, name)
            if found is not None:
                return found
        return await web.reader.account(None, name)  # a provider's, if anybody's
    return await web.reader.account(organization, name)


@router.delete("/session", status_code=204, responses=answers.told(errors=(400, 401, 403)))
async def sign_out(web: InWeb, who: IsSigned) -> Response:
    """Sign out: the session ends on the server too."""
    if who.session is not None:
        await _ended(web, who.session)
    answer = Response(status_code=204)
    answer.delete_cookie(
        cookie_name(web), path="/", secure=web.options.secure, httponly=True, samesite="strict"
    )
    return answer


async def _ended(web: Web, session: Session) -> None:
    """End a session, and what is told to it."""
    await web.sessions.end(session)
    web.hubs.signed_out()


@router.get("/me", responses=answers.told(schemas.Me, what="Who is signed in"))
async def me(web: InWeb, who: IsSigned) -> Response:
    """Tell who is signed in, as what, and where."""
    return await _about(web, who)


async def _about(web: Web, who: Signed) -> Response:
    principal = who.principal
    told: dict[str, Any] = {
        "name": principal.name,
        "kind": principal.kind,
        "role": principal.role,
        "organization": principal.organization,
        "person": None,
        "permissions": {},
    }
    if principal.organization is None:
        told["organizations"] = await web.reader.organizations()
        return answers.json(told)
    viewer = await acting(web, who, principal.organization)
    settings, person = viewer.tenant.settings, viewer.person
    told["organization_name"] = settings.name
    told["language"] = (person.language if person is not None else "") or settings.language
    told["timezone"] = (person.timezone if person is not None else "") or settings.timezone
    told["permissions"] = settings.permissions.model_dump()
    told["person"] = person.person if person is not None else None
    return answers.json(told)
