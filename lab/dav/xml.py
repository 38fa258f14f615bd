"""Names of WebDAV and CalDAV elements."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from xml.etree import ElementTree as Xml

DAV: Final = "{DAV:}"
CAL: Final = "{urn:ietf:params:xml:ns:caldav}"
CS: Final = "{http://calendarserver.org/ns/}"

for _prefix, _space in (("D", DAV), ("C", CAL), ("CS", CS)):
    Xml.register_namespace(_prefix, _space[1:-1])


def tag(space: str, name: str) -> str:
    """Return an element's full name."""
    return space + name


def multistatus() -> Xml.Element:
    """Return an empty answer."""
    return Xml.Element(tag(DAV, "multistatus"))


def status_line(status: int) -> str:
    """Return ``HTTP/1.1 404 Not Found``."""
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
