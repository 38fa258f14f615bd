"""REPORT: sync-collection, calendar-multiget, calendar-query, principal-property-search."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

from lab.dav.http import Reply
from lab.dav.tree import Collection
from lab.dav.xml import CAL, DAV, multistatus, status_line, tag

if TYPE_CHECKING:
    from lab.dav.server import DavServer


def answer(server: DavServer, collection: Collection, root: Xml.Element) -> Reply:
    """Answer a report on a calendar."""
    if root.tag == tag(CAL, "free-busy-query"):
        return Reply(200, {"content-type": "text/calendar"}, _free_busy(collection))
    if tag(DAV, "read") not in collection.privileges:
        return Reply(403)
    if root.tag == tag(DAV, "sync-collection"):
        return _sync(server, collection, root)
    if root.tag == tag(CAL, "calendar-multiget"):
        return _reply(207, _multiget(server, collection, root))
    if root.tag == tag(CAL, "calendar-query"):
        found = multistatus()
        if not server.faults.emptied:
            for name, body in sorted(collection.objects.items()):
                _object(server, found, collection.path + name, body)
        return _reply(207, found)
    return _error(403, DAV, "supported-report")


def principal_search(server: DavServer, root: Xml.Element) -> Xml.Element:
    """Find principals whose address or name contains the text (RFC 3744 section 9.4)."""
    sought = (root.findtext(f"{tag(DAV, 'property-search')}/{tag(DAV, 'match')}") or "").lower()
    found = multistatus()
    for name, addresses in sorted(server.tree.addresses.items()):
        if any(sought in f"mailto:{address}".lower() for address in addresses):
            response = Xml.SubElement(found, tag(DAV, "response"))
            Xml.SubElement(response, tag(DAV, "href")).text = server.href(f"/principals/{name}/")
            propstat = Xml.SubElement(response, tag(DAV, "propstat"))
            prop = Xml.SubElement(propstat, tag(DAV, "prop"))
            home = Xml.SubElement(prop, tag(CAL, "calendar-home-set"))
            Xml.SubElement(home, tag(DAV, "href")).text = server.href(f"/calendars/{name}/")
            own = Xml.SubElement(prop, tag(CAL, "calendar-user-address-set"))
            for address in addresses:
                Xml.SubElement(own, tag(DAV, "href")).text = f"mailto:{address}"
            Xml.SubElement(propstat, tag(DAV, "status")).text = status_line(200)
    return found


def _free_busy(collection: Collection) -> bytes:
    """Return single events of Stockholm as busy periods; all that tests of it need."""
    periods = []
    for body in collection.objects.values():
        times = dict(re.findall(rb"(DTSTART|DTEND)[^:\r\n]*:(\d{8}T\d{6})", body))
        if len(times) == 2:
            start, end = (_utc(times[name]) for name in (b"DTSTART", b"DTEND"))
            periods.append(f"FREEBUSY:{start}/{end}")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VFREEBUSY", *periods, "END:VFREEBUSY"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _utc(written: bytes) -> str:
    local = datetime.fromisoformat(written.decode()).replace(tzinfo=ZoneInfo("Europe/Stockholm"))
    moment = local.astimezone(UTC)
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _sync(server: DavServer, collection: Collection, root: Xml.Element) -> Reply:
    faults = server.faults
    if faults.no_sync:
        return _error(403, DAV, "supported-report")
    token = root.findtext(tag(DAV, "sync-token")) or ""
    since = collection.revision_of(token)
    if since is None or (faults.forget_tokens and token):
        return _error(faults.invalid_token_status, DAV, "valid-sync-token")
    latest: dict[str, int] = {}
    for revision, name in collection.history:
        if revision > since:
            latest.pop(name, None)
            latest[name] = revision
    found = multistatus()
    reached, sent = collection.revision, 0
    if faults.collection_in_sync:
        _property(server, found, collection.path, server.etag(b"collection"))
    for name, revision in latest.items():
        if faults.emptied:
            break
        if faults.page and sent >= faults.page:
            _failed(server, found, collection.path, 507)
            break
        if name in collection.objects:
            tag_of = server.etag(collection.objects[name])
            _property(server, found, collection.path + name, tag_of)
        elif token and not faults.lost_deletions:
            _failed(server, found, collection.path + name, 404)
        sent += 1
        reached = revision if faults.page else collection.revision
    if faults.page and sent == len(latest):
        reached = collection.revision
    if faults.endless_pages:
        _failed(server, found, collection.path, 507)
        reached = since
    Xml.SubElement(found, tag(DAV, "sync-token")).text = collection.token(reached)
    return _reply(207, found)


def _multiget(server: DavServer, collection: Collection, root: Xml.Element) -> Xml.Element:
    found = multistatus()
    if server.faults.no_multiget:
        return found
    for element in root.findall(tag(DAV, "href")):
        path = unquote(urlsplit(element.text or "").path)
        name = path.removeprefix(collection.path)
        if name in collection.objects:
            _object(server, found, path, collection.objects[name])
        else:
            _failed(server, found, path, 404)
    return found


def _object(server: DavServer, found: Xml.Element, path: str, body: bytes) -> None:
    prop = _property(server, found, path, server.etag(body))
    data = Xml.SubElement(prop, tag(CAL, "calendar-data"))
    data.text = body.decode("utf-8", "replace").replace("\x00", "")


def _property(server: DavServer, found: Xml.Element, path: str, etag: str) -> Xml.Element:
    response = Xml.SubElement(found, tag(DAV, "response"))
    Xml.SubElement(response, tag(DAV, "href")).text = server.href(path)
    propstat = Xml.SubElement(response, tag(DAV, "propstat"))
    prop = Xml.SubElement(propstat, tag(DAV, "prop"))
    Xml.SubElement(prop, tag(DAV, "getetag")).text = etag
    Xml.SubElement(propstat, tag(DAV, "status")).text = status_line(200)
    if server.faults.not_found_property:
        missing = Xml.SubElement(response, tag(DAV, "propstat"))
        Xml.SubElement(Xml.SubElement(missing, tag(DAV, "prop")), tag(DAV, "quota-used-bytes"))
        Xml.SubElement(missing, tag(DAV, "status")).text = status_line(404)
    return prop


def _failed(server: DavServer, found: Xml.Element, path: str, status: int) -> None:
    response = Xml.SubElement(found, tag(DAV, "response"))
    Xml.SubElement(response, tag(DAV, "href")).text = server.href(path)
    Xml.SubElement(response, tag(DAV, "status")).text = status_line(status)


def _reply(status: int, root: Xml.Element) -> Reply:
    body = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return Reply(status, {"content-type": "application/xml; charset=utf-8"}, body)


def _error(status: int, space: str, name: str) -> Reply:
    root = Xml.Element(tag(DAV, "error"))
    Xml.SubElement(root, tag(space, name))
    return _reply(status, root)
