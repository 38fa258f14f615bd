"""Requests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.caldav.hrefs import written
from kalends.wire.caldav.names import CAL, CS, DAV, NSMAP, OC

_XML: Final = ("Content-Type", 'application/xml; charset="utf-8"')

PRINCIPAL: Final = (DAV + "current-user-principal", DAV + "resourcetype", CAL + "calendar-home-set")
OWNER: Final = (
    CAL + "calendar-home-set",
    CAL + "calendar-user-address-set",
    CS + "email-address-set",
    CAL + "schedule-inbox-URL",
    DAV + "displayname",
    DAV + "principal-collection-set",
)
COLLECTION: Final = (
    DAV + "resourcetype",
    DAV + "displayname",
    DAV + "owner",
    DAV + "current-user-privilege-set",
    DAV + "supported-report-set",
    DAV + "sync-token",
    CS + "getctag",
    CAL + "supported-calendar-component-set",
    CAL + "calendar-timezone",
    CAL + "calendar-timezone-id",
    CAL + "schedule-calendar-transp",
    OC + "owner-principal",
)
VERSION: Final = (CS + "getctag",)
ETAG: Final = (DAV + "getetag", DAV + "resourcetype")
AVAILABILITY: Final = (CS + "calendar-availability", CAL + "calendar-availability")


def build_propfind(url: str, properties: Iterable[str], depth: int = 0) -> Request:
    """Ask for properties of a resource (depth 0) or of its members too (depth 1)."""
    root = etree.Element(DAV + "propfind", nsmap=NSMAP)
    _properties(root, properties)
    return _request("PROPFIND", url, depth, root)


def build_sync(url: str, token: str, limit: int | None = None) -> Request:
    """Ask what changed since a token (RFC 6578); an empty token: everything."""
    root = etree.Element(DAV + "sync-collection", nsmap=NSMAP)
    etree.SubElement(root, DAV + "sync-token").text = token
    etree.SubElement(root, DAV + "sync-level").text = "1"
    if limit is not None:
        bound = etree.SubElement(root, DAV + "limit")
        etree.SubElement(bound, DAV + "nresults").text = str(limit)
    _properties(root, (DAV + "getetag",))
    return _request("REPORT", url, 0, root)  # the level is in the body; Depth must be 0


def build_multiget(url: str, paths: Iterable[str]) -> Request:
    """Ask for calendar objects by decoded path (RFC 4791 section 7.9)."""
    root = etree.Element(CAL + "calendar-multiget", nsmap=NSMAP)
    _properties(root, (DAV + "getetag", CAL + "calendar-data"))
    for path in paths:
        etree.SubElement(root, DAV + "href").text = written(path)
    return _request("REPORT", url, 1, root)


def build_free_busy(url: str, window: Interval) -> Request:
    """Ask for busy time only (RFC 4791 section 7.10)."""
    root = etree.Element(CAL + "free-busy-query", nsmap=NSMAP)
    etree.SubElement(root, CAL + "time-range", start=_utc(window.start), end=_utc(window.end))
    return _request("REPORT", url, 1, root)


def build_principal_search(url: str, email: str) -> Request:
    """Ask for the principal with a calendar address (RFC 3744 section 9.4)."""
    root = etree.Element(DAV + "principal-property-search", nsmap=NSMAP)
    search = etree.SubElement(root, DAV + "property-search")
    _properties(search, (CAL + "calendar-user-address-set",))
    etree.SubElement(search, DAV + "match").text = email
    _properties(root, (CAL + "calendar-home-set", CAL + "calendar-user-address-set"))
    return _request("REPORT", url, 0, root)


def build_get(url: str) -> Request:
    """Ask for one calendar object."""
    return Request("GET", url, (("Accept", "text/calendar"),))


def _properties(parent: etree._Element, names: Iterable[str]) -> None:
    prop = etree.SubElement(parent, DAV + "prop")
    for name in names:
        etree.SubElement(prop, name)


def _request(method: str, url: str, depth: int, root: etree._Element) -> Request:
    body = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return Request(method, url, (_XML, ("Depth", str(depth))), body)


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
