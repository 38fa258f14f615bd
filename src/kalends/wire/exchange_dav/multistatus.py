"""207 Multi-Status as Exchange writes it, with the habits that break XML parsers.

Named MAPI properties come back as ``<g:0x8506/>`` in the namespace ``…/mapi/id/{guid}/``: neither
a name nor an address by the rules, refused by every strict parser. Our queries avoid them; front
ends and stores of other makes do not, so they are mended before parsing: parsing with recovery
would also hide an answer that was cut off. Control characters in user text are taken out likewise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import AccessDenied, BadAnswer, NotFound, SourceTrouble
from kalends.model.http import Request, Response
from kalends.wire import xml
from kalends.wire.exchange_dav.names import DAV, PLAIN, PREFIXES

_SET: Final = re.compile(
    rb"""(xmlns:[\w.-]+\s*=\s*["'])(http://schemas\.microsoft\.com/mapi/(?:id|string)/)\{([0-9A-Fa-f-]{1,60})\}"""
)
_NUMBERED: Final = re.compile(rb"(</?[A-Za-z_][\w.-]{0,60}:)(?=[0-9])")
_ILLEGAL: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    rb"|&#0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]);"
    rb"|&#[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF]);"
)
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_TRUE: Final = frozenset({"1", "true", "True", "TRUE"})


@dataclass(frozen=True, slots=True)
class Row:
    """One response: its address and the properties that were found."""

    href: str
    """As written there; see ``urls.path_of``."""
    status: int
    """Of the response itself; 0: none told."""
    found: dict[str, etree._Element]
    """By lxml's name; where a property repeats, the first."""

    def text(self, name: str) -> str:
        """Return a property's text; empty where it is missing."""
        element = self.found.get(name)
        return (element.text or "").strip() if element is not None else ""

    def flag(self, name: str) -> bool:
        """Return a boolean, written ``1`` or ``true``."""
        return self.text(name) in _TRUE

    def number(self, name: str) -> int | None:
        """Return an integer; None where there is none."""
        text = self.text(name)
        known = text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 12
        return int(text) if known else None

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of a multi-value (``<c:v>`` children), or the one text."""
        element = self.found.get(name)
        if element is None:
            return ()
        listed = [one.text or "" for one in element if one.tag in (PLAIN + "v", "v")]
        return tuple(text.strip() for text in listed or [element.text or ""] if text.strip())


def rows(response: Response) -> list[Row]:
    """Return the rows of a 207; raises what another status, HTML or a cut answer mean."""
    root = read_xml(accept(response, 207).body)
    if root.tag != DAV + "multistatus":
        raise BadAnswer("the answer is XML, but no multistatus")
    return list(_rows(root))


def accept(response: Response, *wanted: int) -> Response:
    """Return an answer with a wanted status; raise what the others mean."""
    if response.status in wanted:
        return response
    raise trouble(response.status)


def trouble(status: int) -> SourceTrouble:
    """Return what a status other than the wanted one means."""
    if status in (403, 440):
        return AccessDenied(f"the server does not let the account read this mailbox ({status})")
    if status in (404, 410):
        return NotFound(f"there is no mailbox or folder at this address ({status})")
    return BadAnswer(f"the server answers {status} where a multistatus is due")


def read_xml(body: bytes) -> etree._Element:
    """Return the root of an answer, mended where Exchange's own habits break it."""
    body = body.lstrip(b" \t\r\n")
    try:
        return xml.parse(_mended(body))
    except BadAnswer:
        if body.startswith(_WIDE):
            raise
        cleaned, found = _ILLEGAL.subn(b"", body)
        if not found:
            raise
        return xml.parse(_mended(cleaned))


def build_propfind(url: str, names: tuple[str, ...]) -> Request:
    """Ask for properties of one folder."""
    root = etree.Element(DAV + "propfind", nsmap=PREFIXES)
    prop = etree.SubElement(root, DAV + "prop")
    for name in names:
        etree.SubElement(prop, name)
    return request("PROPFIND", url, root, ("Depth", "0"))


def request(method: str, url: str, root: etree._Element, *headers: tuple[str, str]) -> Request:
    """Return a request with an XML body."""
    body = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return Request(method, url, (("Content-Type", "text/xml"), *headers), body)


def _mended(body: bytes) -> bytes:
    """Make property sets legal: ``{guid}`` loses its braces, ``g:0x8506`` becomes ``g:_0x8506``."""
    if b"schemas.microsoft.com/mapi/" not in body:
        return body
    return _NUMBERED.sub(rb"\1_", _SET.sub(rb"\1\2\3", body))


def _rows(root: etree._Element) -> Iterator[Row]:
    for element in root.iterfind(DAV + "response"):
        href = element.findtext(DAV + "href") or ""
        yield Row(href, _status(element.find(DAV + "status")), _found(element))


def _found(element: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for propstat in element.iterfind(DAV + "propstat"):
        if _status(propstat.find(DAV + "status")) not in (0, 200):
            continue
        for prop in propstat.iterfind(DAV + "prop"):
            for child in prop.iterchildren(tag=etree.Element):
                found.setdefault(str(child.tag), child)
    return found


def _status(element: etree._Element | None) -> int:
    """Return the number of ``HTTP/1.1 404 Resource Not Found``, whatever its language."""
    words = (element.text or "").split() if element is not None else []
    known = len(words) > 1 and words[1].isascii() and words[1].isdecimal()
    return int(words[1]) if known else 0
