"""Answers: 207 Multi-Status and what stands in for it when something is wrong.

Only a response-level 404 means that a member is gone (RFC 6578 section 3.5); a 404 propstat tells
of one missing property. A 507 on the collection asks for another round (section 3.6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urljoin

from lxml import etree

from kalends.errors import AccessDenied, BadAnswer, CursorExpired, NotFound, SourceTrouble
from kalends.model.http import Response
from kalends.wire.caldav.hrefs import path_of, same
from kalends.wire.caldav.names import CAL, CS, DAV, OC
from kalends.wire.xml import parse

_READ: Final = frozenset({DAV + "read", DAV + "all", DAV + "write", DAV + "write-content"})


class Changes(NamedTuple):
    """One page of a sync report, or a listing."""

    members: dict[str, str]
    """Decoded path → ETag (empty where the server tells none)."""
    removed: frozenset[str] = frozenset()
    token: str | None = None
    more: bool = False
    """Truncated: ask again with the new token."""


class Item(NamedTuple):
    """One calendar object."""

    etag: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource with the properties we asked for; None: not told."""

    path: str
    types: frozenset[str] = frozenset()
    name: str = ""
    owner: str = ""
    """Decoded path of the owner's principal."""
    principal: str = ""
    """URL, and so the next three: they may be at another host, which the source judges."""
    homes: tuple[str, ...] = ()
    inbox: str = ""
    principals: tuple[str, ...] = ()
    """Collections in which principals may be searched."""
    addresses: frozenset[str] = frozenset()
    """E-mail addresses, lower case."""
    token: str | None = None
    ctag: str | None = None
    reports: frozenset[str] | None = None
    privileges: frozenset[str] | None = None
    components: frozenset[str] | None = None
    transparent: bool = False
    timezone: str = ""
    """calendar-timezone (iCalendar text) or calendar-timezone-id (a name)."""
    availability: str = ""

    @property
    def is_calendar(self) -> bool:
        """Tell whether it holds appointments (not a task list, an inbox, a plain folder)."""
        holds = self.components is None or "VEVENT" in self.components
        return CAL + "calendar" in self.types and holds

    @property
    def readable(self) -> bool:
        """Tell whether it may be read, as far as the server tells."""
        return self.privileges is None or bool(self.privileges & _READ)

    @property
    def free_busy_only(self) -> bool:
        """Tell whether only busy time may be read."""
        return not self.readable and CAL + "read-free-busy" in (self.privileges or ())

    @property
    def syncs(self) -> bool:
        """Tell whether sync-collection is worth trying."""
        told = self.reports is not None and DAV + "sync-collection" in self.reports
        return told or self.token is not None


def parse_resources(response: Response) -> list[Resource]:
    """Read PROPFIND's answer, the resource itself first where the server lists it first."""
    return [
        _resource(path_of(href, response.url), properties, response.url)
        for href, _status, properties in _responses(response)
    ]


def parse_listing(response: Response) -> Changes:
    """Read ETags of a collection's members."""
    members: dict[str, str] = {}
    for href, status, properties in _responses(response):
        path = path_of(href, response.url)
        kinds = properties.get(DAV + "resourcetype")
        collection = kinds is not None and kinds.find(DAV + "collection") is not None
        if status in (0, 200) and not collection and not path.endswith("/"):
            members[path] = _text(properties.get(DAV + "getetag"))
    return Changes(members)


def parse_changes(response: Response, collection: str) -> Changes:
    """Read a sync report of the collection at a decoded path.

    Raises ``CursorExpired`` where the token is refused, ``BadAnswer`` where the report is not
    known there.
    """
    if response.status in (400, 403, 409, 410, 412, 501):
        # 403 with DAV:valid-sync-token by the RFC; the others are seen for the same.
        raise CursorExpired(f"the server refuses the sync report ({response.status})")
    members: dict[str, str] = {}
    removed: set[str] = set()
    more = False
    for href, status, properties in _responses(response):
        path = path_of(href, response.url)
        if same(path, collection):
            more = more or status == 507
        elif status == 404:
            removed.add(path)
        elif status in (0, 200) and not path.endswith("/"):
            members[path] = _text(properties.get(DAV + "getetag"))
    root = parse(response.body)
    token = root.findtext(DAV + "sync-token")
    return Changes(members, frozenset(removed - members.keys()), token or None, more)


def parse_objects(response: Response) -> tuple[dict[str, Item], frozenset[str]]:
    """Read multiget's answer: objects by decoded path, and paths that are gone."""
    found: dict[str, Item] = {}
    gone: set[str] = set()
    for href, status, properties in _responses(response):
        path = path_of(href, response.url)
        data = properties.get(CAL + "calendar-data")
        if status in (404, 410):
            gone.add(path)
        elif data is not None and data.text:
            found[path] = Item(_text(properties.get(DAV + "getetag")), data.text.encode())
    return found, frozenset(gone - found.keys())


def accept(response: Response, *wanted: int) -> Response:
    """Return an answer with a wanted status; raise what the others mean."""
    status = response.status
    if status in wanted:
        return response
    raise _trouble(status)


def _trouble(status: int) -> SourceTrouble:
    if status == 403:
        return AccessDenied("the server does not let us read this calendar (403)")
    if status in (404, 410):
        return NotFound(f"there is no calendar at this address ({status})")
    return BadAnswer(f"the server answers {status} where CalDAV is due")


def _responses(
    response: Response,
) -> Iterator[tuple[str, int, dict[str, etree._Element]]]:
    """Yield href, response-level status (0: none) and found properties of each response."""
    root = parse(accept(response, 207).body)
    if root.tag != DAV + "multistatus":
        raise BadAnswer("the answer is XML, but no multistatus")
    for element in root.iterfind(DAV + "response"):
        status = _status(element.find(DAV + "status"))
        properties = _found(element)
        for href in element.iterfind(DAV + "href"):
            if href.text and href.text.strip():
                yield href.text, status, properties


def _found(element: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for propstat in element.iterfind(DAV + "propstat"):
        status = _status(propstat.find(DAV + "status"))
        if status not in (0, 200):
            continue
        for prop in propstat.iterfind(DAV + "prop"):
            for child in prop.iterchildren(tag=etree.Element):
                found[str(child.tag)] = child
    return found


def _status(element: etree._Element | None) -> int:
    """Return the number of ``HTTP/1.1 404 Not Found``; 0 where there is none."""
    words = (element.text or "").split() if element is not None else []
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0


def _resource(path: str, found: dict[str, etree._Element], base: str) -> Resource:
    addresses = {
        _text(href).lower().removeprefix("mailto:")
        for name in (CAL + "calendar-user-address-set", CS + "email-address-set")
        if name in found
        for href in found[name].iter(DAV + "href", CS + "email-address")
    }
    transparency = found.get(CAL + "schedule-calendar-transp")
    owner = _hrefs(found.get(OC + "owner-principal"), base) or _hrefs(
        found.get(DAV + "owner"), base
    )
    availability = found.get(CAL + "calendar-availability")
    if availability is None:
        availability = found.get(CS + "calendar-availability")
    return Resource(
        path=path,
        types=_tags(found.get(DAV + "resourcetype")) or frozenset(),
        name=_text(found.get(DAV + "displayname")),
        owner=path_of(owner[0], base) if owner else "",
        principal=next(iter(_hrefs(found.get(DAV + "current-user-principal"), base)), ""),
        homes=_hrefs(found.get(CAL + "calendar-home-set"), base),
        inbox=next(iter(_hrefs(found.get(CAL + "schedule-inbox-URL"), base)), ""),
        principals=_hrefs(found.get(DAV + "principal-collection-set"), base),
        addresses=frozenset(address for address in addresses if "@" in address),
        token=_text(found.get(DAV + "sync-token")) or None,
        ctag=_text(found.get(CS + "getctag")) or None,
        reports=_tags(found.get(DAV + "supported-report-set"), deep=True),
        privileges=_tags(found.get(DAV + "current-user-privilege-set"), deep=True),
        components=_components(found.get(CAL + "supported-calendar-component-set")),
        transparent=transparency is not None and transparency.find(CAL + "transparent") is not None,
        timezone=_text(found.get(CAL + "calendar-timezone"))
        or _text(found.get(CAL + "calendar-timezone-id")),
        availability=_text(availability),
    )


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _hrefs(element: etree._Element | None, base: str) -> tuple[str, ...]:
    """Return URLs; an owner told as bare text (old Nextcloud) counts as one."""
    if element is None:
        return ()
    found = [_text(href) for href in element.iter(DAV + "href")] or [_text(element)]
    return tuple(urljoin(base, href) for href in found if href)


def _tags(element: etree._Element | None, *, deep: bool = False) -> frozenset[str] | None:
    if element is None:
        return None
    nodes = element.iter(tag=etree.Element) if deep else element.iterchildren(tag=etree.Element)
    return frozenset(str(node.tag) for node in nodes)


def _components(element: etree._Element | None) -> frozenset[str] | None:
    if element is None:
        return None
    names = frozenset(str(comp.get("name", "")).upper() for comp in element.iterfind(CAL + "comp"))
    return names or None
