"""Namespaces and element names in lxml's notation."""

from __future__ import annotations

from typing import Final

DAV: Final = "{DAV:}"
CAL: Final = "{urn:ietf:params:xml:ns:caldav}"
CS: Final = "{http://calendarserver.org/ns/}"
OC: Final = "{http://owncloud.org/ns}"

NSMAP: Final = {
    "d": "DAV:",
    "c": "urn:ietf:params:xml:ns:caldav",
    "s": "http://calendarserver.org/ns/",
    "o": "http://owncloud.org/ns",
}
"""Prefixes of our requests."""
