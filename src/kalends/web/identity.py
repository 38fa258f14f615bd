"""Who asks: a bearer token or a session's cookie becomes a ``Viewer``; roles open routes.

A principal belongs to one organization and acts in it; the provider belongs to none and names
the one it means (``?organization=`` or ``Kalends-Organization``). Naming another organization
than one's own answers as if it did not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from kalends.model.profile import Profile
from kalends.store.contract import Principal
from kalends.web import tokens
from kalends.web.eye import Eye
from kalends.web.problems import Problem, missing
from kalends.web.sessions import Session
from kalends.web.state import InWeb, Web
from kalends.web.tenants import Tenant

_bearer = HTTPBearer(auto_error=False, description="A token from `kalends token create`.")
_cookie = APIKeyCookie(name="kalends", auto_error=False, description="Set by `POST /session`.")


def cookie_name(web: Web) -> str:
    """Return the session cookie's name; over https browsers pin it to host and path."""
    return "__Host-kalends" if web.options.secure else "kalends"


@dataclass(frozen=True, slots=True)
class Signed:
    """A principal that has shown who it is."""

    principal: Principal
    session: Session | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody signed in, acting in one organization."""

    principal: Principal
    tenant: Tenant
    person: Profile | None
    """The person this principal is, where it is one."""
    session: Session | None = None
    language: str | None = None
    """Language the reader wants texts in; None: each person's own."""

    @property
    def organization(self) -> str:
        """Return the id of the organization."""
        return self.tenant.id

    @property
    def role(self) -> str:
        """Return provider, admin, attendant or member."""
        return self.principal.role

    @property
    def eye(self) -> Eye:
        """Return how this viewer looks at people."""
        return Eye(self.role, self.person, self.tenant, self.language)

    @property
    def administers(self) -> bool:
        """Tell whether the organization's administration is open."""
        return self.eye.administers

    @property
    def actor(self) -> str:
        """Return the name for audit and ``set_by``: the person where there is one."""
        if self.person is not None:
            return f"person:{self.person.person}"
        return f"{self.principal.kind}:{self.principal.name}"


async def principal_of(web: Web, authorization: str | None, cookie: str | None) -> Signed | None:
    """Return who a request comes from; None: nobody known."""
    if authorization is not None:
        principal = await _by_token(web, authorization)
        return Signed(principal, None) if principal is not None else None
    session = await web.sessions.find(cookie) if cookie else None
    if session is None:
        return None
    principal = await web.reader.principal(session.principal)
    if principal is None or not tokens.usable(principal, web.runtime.now()):
        await web.sessions.end(session)
        return None
    return Signed(principal, session)


async def by_text(web: Web, text: str) -> Principal | None:
    """Return the principal of a token's text, where it still holds."""
    parts = tokens.split(text)
    principal = await web.reader.principal(parts[0]) if parts is not None else None
    if principal is None or parts is None or not tokens.token_holds(principal, parts[1]):
        return None
    return principal if tokens.usable(principal, web.runtime.now()) else None


async def _by_token(web: Web, authorization: str) -> Principal | None:
    scheme, _, text = authorization.partition(" ")
    return await by_text(web, text.strip()) if scheme.lower() == "bearer" else None


async def signed(
    request: Request,
    web: InWeb,
    _bearer: Annotated[object, Depends(_bearer)] = None,
    _cookie: Annotated[object, Depends(_cookie)] = None,
) -> Signed:
    """Require somebody known."""
    found = await principal_of(
        web, request.headers.get("authorization"), request.cookies.get(cookie_name(web))
    )
    if found is None:
        raise Problem(
            401,
            "Nobody is signed in, or the token or session no longer holds.",
            "Send Authorization: Bearer <token>, or sign in at POST /api/v1/session.",
            headers={"WWW-Authenticate": 'Bearer realm="kalends"'},
        )
    return found


async def viewer(
    web: InWeb,
    who: Annotated[Signed, Depends(signed)],
    organization: Annotated[
        str | None,
        Query(description="Which organization; only a provider need say.", max_length=64),
    ] = None,
    named: Annotated[str | None, Header(alias="Kalends-Organization", max_length=64)] = None,
    language: Annotated[
        str | None, Query(description="Language of texts.", pattern=r"^[a-z]{2,3}$")
    ] = None,
) -> Viewer:
    """Require somebody known, acting in an organization of theirs."""
    wanted = organization or named or who.principal.organization
    if wanted is None:
        raise Problem(400, "A provider acts in many organizations.", "Add ?organization=<id>.")
    return await acting(web, who, wanted, language)


async def acting(web: Web, who: Signed, organization: str, language: str | None = None) -> Viewer:
    """Return the viewer a principal is in an organization; 404 where it is not theirs."""
    own = who.principal.organization
    tenant = await web.tenants.find(organization) if own in (None, organization) else None
    if tenant is None:
        raise missing("organization")
    profile = None
    if who.principal.person is not None:
        record = await web.reader.person(tenant.id, who.principal.person)
        if record is None or record.profile.left:
            raise Problem(403, "The person this sign-in belongs to is no longer here.")
        profile = record.profile
    return Viewer(who.principal, tenant, profile, who.session, language)


async def administrator(who: Annotated[Viewer, Depends(viewer)]) -> Viewer:
    """Require a role that administers the organization."""
    if not who.administers:
        raise Problem(403, "This is for administrators.", "Ask one, or use an admin's token.")
    return who


async def operator(who: Annotated[Viewer, Depends(viewer)]) -> Viewer:
    """Require an administrator or attendant."""
    if not who.administers and who.role != "attendant":
        raise Problem(403, "This is for attendants and administrators.", "Ask one of them.")
    return who


InOrganization = Annotated[Viewer, Depends(viewer)]
AsAdministrator = Annotated[Viewer, Depends(administrator)]
AsOperator = Annotated[Viewer, Depends(operator)]
IsSigned = Annotated[Signed, Depends(signed)]
