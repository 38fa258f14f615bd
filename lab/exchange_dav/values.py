"""Property values as the store types them in XML, and multistatus answers made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

Value = str | int | bool | datetime | tuple[str, ...]
Properties = Mapping[str, Value | None]
"""By full name: namespace and local name run together."""

DATATYPES: Final = "urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/"
NAMESPACES: Final = (
    "DAV:",
    "urn:schemas:calendar:",
    "urn:schemas:httpmail:",
    "urn:schemas:mailheader:",
    "urn:schemas:contacts:",
    "http://schemas.microsoft.com/exchange/",
    "http://schemas.microsoft.com/repl/",
    "http://schemas.microsoft.com/mapi/proptag/",
    "http://schemas.microsoft.com/mapi/id/{00062008-0000-0000-C000-000000000046}/",
    "http://schemas.microsoft.com/mapi/id/{00062002-0000-0000-C000-000000000046}/",
    "http://schemas.microsoft.com/mapi/id/{00062004-0000-0000-C000-000000000046}/",
    "http://schemas.microsoft.com/mapi/",
)


def stamp(moment: datetime) -> str:
    """Return ``2008-01-02T21:00:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + "000Z"


def split(name: str) -> tuple[str, str]:
    """Return namespace and local name; no namespace for an alias."""
    for space in NAMESPACES:
        if name.startswith(space):
            return space, name[len(space) :]
    if "/" not in name and ":" not in name:
        return "", name
    head, mark, tail = name.rpartition("/" if "/" in name else ":")
    return head + mark, tail


class Multistatus:
    """A 207 in the making; prefixes are declared at the root, as Exchange does."""

    def __init__(self) -> None:
        self._prefixes: dict[str, str] = {"DAV:": "a", DATATYPES: "b", "xml:": "c"}
        self._parts: list[str] = []

    def found(
        self, href: str, told: Iterable[tuple[str, Value]], missing: Iterable[str] = ()
    ) -> None:
        """Add a response with properties that are there and such that are not."""
        parts = [f"<a:response><a:href>{escape(href)}</a:href>"]
        parts.append("<a:propstat><a:status>HTTP/1.1 200 OK</a:status><a:prop>")
        parts += [self._element(name, value) for name, value in told]
        parts.append("</a:prop></a:propstat>")
        absent = [f"<{self._name(name)}/>" for name in missing]
        if absent:
            parts.append("<a:propstat><a:status>HTTP/1.1 404 Resource Not Found</a:status><a:prop>")
            parts += [*absent, "</a:prop></a:propstat>"]
        self._parts.append("".join([*parts, "</a:response>"]))

    def watched(self, href: str, subscription: int, status: str) -> None:
        """Add a response about a subscription."""
        name = self._name("http://schemas.microsoft.com/Exchange/subscriptionID")
        self._parts.append(
            f"<a:response><a:href>{escape(href)}</a:href><a:status>HTTP/1.1 {status}</a:status>"
            f"<{name}><li>{subscription}</li></{name}></a:response>"
        )

    def body(self) -> bytes:
        """Return the document."""
        names = "".join(
            f" xmlns:{prefix}={quoteattr(space)}" for space, prefix in self._prefixes.items()
        )
        text = "".join(self._parts)
        return f'<?xml version="1.0"?><a:multistatus{names}>{text}</a:multistatus>'.encode()

    def _name(self, name: str) -> str:
        space, local = split(name)
        if not space:
            return local
        if space not in self._prefixes:
            self._prefixes[space] = "defghijklmnopqrstuvwxyz"[len(self._prefixes) - 3]
        return f"{self._prefixes[space]}:{local}"

    def _element(self, name: str, value: Value) -> str:
        tag = self._name(name)
        if isinstance(value, tuple):
            values = "".join(f"<c:v>{escape(one)}</c:v>" for one in value)
            return f'<{tag} b:dt="mv.string">{values}</{tag}>'
        kind, text = _typed(value)
        return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _typed(value: str | int | bool | datetime) -> tuple[str, str]:
    if isinstance(value, bool):
        return ' b:dt="boolean"', "1" if value else "0"
    if isinstance(value, int):
        return ' b:dt="int"', str(value)
    if isinstance(value, datetime):
        return ' b:dt="dateTime.tz"', stamp(value)
    return "", value
