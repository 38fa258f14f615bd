"""Names and building of EWS elements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from lxml import etree

SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
M: Final = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
T: Final = "{http://schemas.microsoft.com/exchange/services/2006/types}"
NAMES: Final = {
    "m": M[1:-1],
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "t": T[1:-1],
}
Node = etree._Element


def answer(name: str) -> Node:
    """Return the root of an answer, with the prefixes real servers declare."""
    return etree.Element(M + name, nsmap=NAMES)


def m(parent: Node, name: str, text: str | None = None, **attributes: str) -> Node:
    """Append an element of the messages namespace."""
    return _append(parent, M + name, text, attributes)


def t(parent: Node, name: str, text: str | None = None, **attributes: str) -> Node:
    """Append an element of the types namespace."""
    return _append(parent, T + name, text, attributes)


def _append(parent: Node, name: str, text: str | None, attributes: dict[str, str]) -> Node:
    made = etree.SubElement(parent, name, attributes)
    made.text = text
    return made


def local(node: Node) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(node).localname


def children(node: Node) -> list[Node]:
    """Return child elements, comments left out."""
    return [one for one in node if isinstance(one.tag, str)]


def text_of(node: Node | None) -> str:
    """Return an element's text without surrounding blanks; empty where there is none."""
    return (node.text or "").strip() if node is not None else ""


def truth(value: bool) -> str:
    """Return an XML boolean."""
    return "true" if value else "false"


def stamp(moment: datetime) -> str:
    """Return ``2026-03-01T09:00:00Z``."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")[:19] + "Z"
