"""Finding a person's calendars by e-mail (RFC 6764, 5397, 4791 section 6.2, 6638 section 2.4).

Three ways, the surest first:

1. *own credential*: the calendars in that user's home;
2. *service user with whom calendars are shared*: those in its home whose owner has one of the
   person's addresses; the owner is a principal, or is read off a server's own words (quirks);
3. *service user who may look around*: the principal with the address, searched for, or the
   folder a simple server gives every account.

What the service user sees is the same for everybody, and is kept for a minute: a thousand people
are located with the requests of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from kalends.calendars.contract import CalendarRef
from kalends.calendars.quirks import HOMES, OWNERS
from kalends.endpoints.dav import DavEndpoint
from kalends.errors import AccessDenied, BadAnswer, NotFound
from kalends.model.http import Request, Response
from kalends.wire.caldav import build
from kalends.wire.caldav.answers import Resource, parse_resources
from kalends.wire.caldav.hrefs import at_origin, path_of, same

_KEPT_SECONDS: Final = 60.0
_MAX_OWNERS: Final = 5_000
_NOT_THERE: Final = (AccessDenied, NotFound, BadAnswer)


@dataclass(slots=True)
class _View:
    """What one user sees, for a minute."""

    until: float
    principal: Resource
    calendars: list[Resource]
    base: str
    owners: dict[str, frozenset[str]] = field(default_factory=dict)
    """Principal's path → its addresses."""


class Discovery:
    """Finds calendars on one server."""

    def __init__(self, endpoint: DavEndpoint, domains: Iterable[str] = ()) -> None:
        self._endpoint = endpoint
        self._domains = frozenset(domain.lower() for domain in domains)
        self._service: _View | None = None

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """Return the URLs of a person's calendars."""
        if ref.username is not None:
            view = await self._look(ref)
            return _urls(_own(view.calendars, view.principal.path), view.base)
        view = await self._shared_view(ref)
        shared = [one for one in view.calendars if await self._belongs(one, ref, view)]
        if shared:
            return _urls(shared, view.base)
        for email in ref.emails:
            found = await self._search(email, ref, view) or await self._guess(email, ref, view)
            if found:
                return found
        return ()

    # --- what a user sees ---------------------------------------------------------------------
    async def _shared_view(self, ref: CalendarRef) -> _View:
        now = self._endpoint.runtime.monotonic()
        if self._service is None or self._service.until <= now:
            self._service = await self._look(ref)
        return self._service

    async def _look(self, ref: CalendarRef) -> _View:
        principal, base = await self._principal(ref)
        calendars: list[Resource] = []
        for home in principal.homes:
            try:
                calendars += await self._calendars(self._reach(home, base), ref)
            except _NOT_THERE:
                continue
        until = self._endpoint.runtime.monotonic() + _KEPT_SECONDS
        return _View(until, principal, calendars, base)

    async def _principal(self, ref: CalendarRef) -> tuple[Resource, str]:
        """Return the signed-in user's principal, and the URL that led there.

        A service user need not have a home: where the server tells none, other ways remain.
        """
        start = self._endpoint.options.url
        seen: Resource | None = None
        trouble: Exception = NotFound("the server does not tell who has signed in")
        for url in (start, urljoin(start, "/.well-known/caldav"), urljoin(start, "/")):
            try:
                found = await self._one(url, build.PRINCIPAL, ref)
                seen = seen or found
                if found is not None and found.principal:
                    where = self._reach(found.principal, url)
                    return await self._one(where, build.OWNER, ref) or found, where
                if found is not None and found.homes:
                    return found, url
            except _NOT_THERE as error:
                trouble = error
        if seen is None:
            raise trouble
        return seen, start

    async def _calendars(self, home: str, ref: CalendarRef) -> list[Resource]:
        """Return what counts in a home: calendars of appointments, readable, not transparent."""
        response = await self._send(build.build_propfind(home, build.COLLECTION, depth=1), ref)
        return [
            one
            for one in parse_resources(response)
            if one.is_calendar and not one.transparent and (one.readable or one.free_busy_only)
        ]

    # --- whose a calendar is --------------------------------------------------------------------
    async def _belongs(self, calendar: Resource, ref: CalendarRef, view: _View) -> bool:
        addresses = await self._addresses(calendar.owner, ref, view)
        if addresses:
            return not addresses.isdisjoint(ref.emails)
        accounts = {owner(calendar).lower() for owner in OWNERS} - {""}
        return any(self._account_of(email) & accounts for email in ref.emails)

    def _account_of(self, email: str) -> set[str]:
        """Return account names an address may stand for; the bare name only in our domains."""
        local, _, domain = email.partition("@")
        own = not self._domains or domain in self._domains
        return {email, local} if own else {email}

    async def _addresses(self, owner: str, ref: CalendarRef, view: _View) -> frozenset[str]:
        """Return the addresses of a calendar's owner; empty where the server does not tell."""
        if not owner:
            return frozenset()
        if owner not in view.owners and len(view.owners) < _MAX_OWNERS:
            try:
                found = await self._one(at_origin(owner, view.base), build.OWNER, ref)
            except _NOT_THERE:
                found = None
            view.owners[owner] = found.addresses if found is not None else frozenset()
        return view.owners.get(owner, frozenset())

    # --- without a share ------------------------------------------------------------------------
    async def _search(self, email: str, ref: CalendarRef, view: _View) -> tuple[str, ...]:
        """Ask the server for the principal with an address."""
        for where in view.principal.principals or (urljoin(view.base, "/"),):
            url = self._reach(where, view.base)
            try:
                response = await self._send(build.build_principal_search(url, email), ref)
                people = parse_resources(response)
            except _NOT_THERE:
                continue
            for person in people:
                if email in person.addresses:
                    return await self._home_of(person, ref, view)
        return ()

    async def _home_of(self, person: Resource, ref: CalendarRef, view: _View) -> tuple[str, ...]:
        found: list[Resource] = []
        for home in person.homes:
            try:
                found += await self._calendars(self._reach(home, view.base), ref)
            except _NOT_THERE:
                continue
        return _urls(_own(found, person.path), view.base)

    async def _guess(self, email: str, ref: CalendarRef, view: _View) -> tuple[str, ...]:
        """Look into the folders that simple servers give an account."""
        accounts = self._account_of(email)
        for homes in HOMES:
            for path in homes(email):
                if path.strip("/").split("/")[0] not in accounts:
                    continue
                url = at_origin(path, self._endpoint.options.url)
                try:
                    found = await self._calendars(url, ref)
                except _NOT_THERE:
                    continue
                if found:
                    return _urls(found, view.base)
        return ()

    # --- requests -------------------------------------------------------------------------------
    async def _one(
        self, url: str, properties: tuple[str, ...], ref: CalendarRef
    ) -> Resource | None:
        response = await self._send(build.build_propfind(url, properties), ref)
        return next(iter(parse_resources(response)), None)

    def _reach(self, url: str, base: str) -> str:
        """Return an URL of an answer: elsewhere only where the operator lists the host.

        Servers behind a proxy answer internal names; their path is good at the origin asked.
        """
        absolute = urljoin(base, url)
        return absolute if self._endpoint.home(absolute) else at_origin(path_of(url, base), base)

    async def _send(self, request: Request, ref: CalendarRef) -> Response:
        response = await self._endpoint.send(request, ref)
        if response.url:
            return response
        return Response(response.status, response.headers, response.body, request.url)


def _own(calendars: Iterable[Resource], principal: str) -> list[Resource]:
    """Leave out what others share with the owner of a home."""
    return [one for one in calendars if not one.owner or same(one.owner, principal)]


def _urls(calendars: Iterable[Resource], base: str) -> tuple[str, ...]:
    found = {one.path.rstrip("/"): at_origin(one.path, base) for one in calendars}
    return tuple(found[path] for path in sorted(found))
