"""The conversation with one CalDAV collection: what it is, what changed, its objects.

Servers differ in what they offer; each question here has its fallbacks, so that ``caldav`` can
ask the same things of all. Every request goes to the collection's own origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from kalends.calendars.contract import CalendarRef
from kalends.endpoints.dav import DavEndpoint
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    CursorExpired,
    NotFound,
    TooLarge,
    Unreachable,
)
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.caldav import build
from kalends.wire.caldav.answers import (
    Changes,
    Item,
    Resource,
    accept,
    parse_changes,
    parse_listing,
    parse_objects,
    parse_resources,
)
from kalends.wire.caldav.hrefs import at_origin, path_of, same

BATCH: Final = 50
"""Objects of one multiget: some servers refuse more than 100."""
MAX_OBJECTS: Final = 50_000
MAX_PAGES: Final = 1_000
_SINGLE_GETS: Final = 200
"""How many objects are fetched one by one where multiget does not give them."""


class Collection:
    """One calendar collection, asked on behalf of one calendar."""

    def __init__(self, endpoint: DavEndpoint, ref: CalendarRef, url: str) -> None:
        self._endpoint = endpoint
        self._ref = ref
        self.url = url
        self.path = path_of(urlsplit(url).path or "/", url)

    async def describe(self) -> Resource:
        """Return the collection's properties. Raises where it is no calendar of ours to read."""
        response = await self._send(build.build_propfind(self.url, build.COLLECTION))
        found = parse_resources(response)
        own = next((one for one in found if same(one.path, self.path)), None)
        if own is None:
            own = next(iter(found), None)
        if own is None:
            raise BadAnswer("the server tells nothing about this address")
        if not own.is_calendar:
            raise NotFound("the address leads to something that is not a calendar of appointments")
        return own

    async def version(self) -> str | None:
        """Return the CTag."""
        response = await self._send(build.build_propfind(self.url, build.VERSION))
        return next((one.ctag for one in parse_resources(response) if one.ctag), None)

    async def changes(self, token: str) -> Changes:
        """Return everything that changed since a token, following truncated answers.

        Raises ``CursorExpired`` where the token, or the report itself, is refused.
        """
        members: dict[str, str] = {}
        removed: set[str] = set()
        for _ in range(MAX_PAGES):
            response = await self._send(build.build_sync(self.url, token))
            if response.status in (404, 405):
                raise CursorExpired("the server knows no sync report here")
            page = parse_changes(response, self.path)
            removed = (removed | page.removed) - page.members.keys()
            members = {path: tag for path, tag in members.items() if path not in page.removed}
            members |= page.members
            _bounded(members)
            if page.token is None:
                raise CursorExpired("the sync report came without a token")
            if not page.more:
                return Changes(members, frozenset(removed), page.token)
            if page.token == token:
                raise BadAnswer("the server asks for another page for ever (507, same token)")
            token = page.token
        raise TooLarge(f"more than {MAX_PAGES} pages of changes")

    async def listing(self) -> Changes:
        """Return the ETags of all members."""
        response = await self._send(build.build_propfind(self.url, build.ETAG, depth=1))
        found = parse_listing(response)
        _bounded(found.members)
        return found

    async def objects(self, paths: Iterable[str]) -> dict[str, Item]:
        """Return objects by path, asked in batches; those that are gone are left out."""
        found: dict[str, Item] = {}
        missing: list[str] = []
        rest = iter(sorted(paths))
        while batch := list(islice(rest, BATCH)):
            got, gone = await self._multiget(batch)
            found |= got
            missing += [path for path in batch if path not in got and path not in gone]
        if len(missing) > _SINGLE_GETS:
            raise BadAnswer(f"the server keeps back {len(missing)} objects it has listed")
        for path in missing:
            single = await self._get(path)
            if single is not None:
                found[path] = single
        return found

    async def free_busy(self, window: Interval) -> bytes:
        """Return busy time as iCalendar, where nothing else may be read."""
        response = await self._send(build.build_free_busy(self.url, window))
        return accept(response, 200).body

    async def availability(self, owner: str) -> tuple[str, str | None] | None:
        """Find where the owner's VAVAILABILITY is told: decoded path and text.

        The text is empty where it may be told and is not, None where the server is in trouble;
        without a tuple there is no such place.
        """
        response = await self._send(build.build_propfind(at_origin(owner, self.url), build.OWNER))
        person = next(iter(parse_resources(response)), None)
        silent: tuple[str, str | None] | None = None
        for url in () if person is None else (person.inbox, *person.homes):
            if not url:
                continue
            place = path_of(url, self.url)
            text: str | None = None
            try:
                text = await self.availability_at(place)
            except (AccessDenied, NotFound):
                continue
            except (BadAnswer, Unreachable):
                pass  # of this one place: the collection itself has just answered
            if text:
                return place, text
            silent = silent or (place, text)
        return silent

    async def availability_at(self, place: str) -> str:
        """Return the VAVAILABILITY text told at a decoded path; empty where there is none."""
        where = at_origin(place, self.url)
        answer = await self._send(build.build_propfind(where, build.AVAILABILITY))
        return next((one.availability for one in parse_resources(answer) if one.availability), "")

    async def _multiget(self, batch: Sequence[str]) -> tuple[dict[str, Item], frozenset[str]]:
        response = await self._send(build.build_multiget(self.url, batch))
        if response.status in (400, 403, 404, 405, 501):
            return {}, frozenset()  # no such report here: they are fetched one by one
        found, gone = parse_objects(response)
        asked = set(batch)
        return {path: one for path, one in found.items() if path in asked}, gone & asked

    async def _get(self, path: str) -> Item | None:
        response = await self._send(build.build_get(at_origin(path, self.url)))
        if response.status in (404, 410):
            return None
        body = accept(response, 200).body
        return Item(response.header("etag"), body)

    async def _send(self, request: Request) -> Response:
        response = await self._endpoint.send(request, self._ref)
        return response if response.url else _at(response, request.url)


def _at(response: Response, url: str) -> Response:
    return Response(response.status, response.headers, response.body, url)


def _bounded(members: dict[str, str]) -> None:
    if len(members) > MAX_OBJECTS:
        raise TooLarge(f"the calendar holds more than {MAX_OBJECTS} objects")
