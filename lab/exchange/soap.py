"""SOAP around operations: the request's header and body, the answer's envelope, faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from lxml import etree

from lab.exchange.http import Ask
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Account, Organization, Subscription
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.versions import Version
from lab.exchange.xml import SOAP, M, Node, T, children, m, t, text_of
from lab.exchange.zones import zone

if TYPE_CHECKING:
    from lab.exchange.server import ExchangeServer

_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@dataclass(slots=True)
class Call:
    """One operation on its way through."""

    server: ExchangeServer
    ask: Ask
    account: Account
    body: Node
    """The operation's element."""
    asked: str = "Exchange2007"
    """RequestServerVersion."""
    context: str = ""
    """Windows name of the TimeZoneContext; empty: none was sent."""
    actor: Mailbox | None = None
    """The mailbox acted as: impersonated or the account's own; None: the account has none."""
    impersonating: bool = False
    push: tuple[Subscription, str, int] | None = None
    """A push subscription that was made: whom to call, and how often (minutes)."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers the answer gets."""

    @property
    def organization(self) -> Organization:
        """Return what all servers share."""
        return self.server.organization

    @property
    def version(self) -> Version:
        """Return the server's version."""
        return self.server.version

    def zone(self, name: str = "") -> tzinfo:
        """Return the zone times without one are in."""
        return zone(name or self.context or "UTC")

    def moment(self, text: str, name: str = "") -> datetime:
        """Return a time of the request in UTC."""
        try:
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError as problem:
            raise Fault("ErrorSchemaValidation", f"{text!r} is not a dateTime.") from problem
        return (found if found.tzinfo else found.replace(tzinfo=self.zone(name))).astimezone(UTC)


def operation(ask: Ask) -> tuple[Node, Node | None]:
    """Return the operation's element and the header; Fault for what is no SOAP request."""
    try:
        root = etree.fromstring(ask.body, _PARSER)
    except etree.XMLSyntaxError as problem:
        raise Fault("ErrorInvalidRequest", "The request is not well-formed XML.") from problem
    body = root.find(SOAP + "Body")
    found = (
        next((one for one in body if isinstance(one.tag, str)), None) if body is not None else None
    )
    if root.tag != SOAP + "Envelope" or found is None:
        raise Fault("ErrorInvalidRequest", "The request is no SOAP 1.1 envelope.")
    if not str(found.tag).startswith(M):
        raise Fault("ErrorSchemaValidation", "The operation is in no namespace EWS knows.")
    return found, root.find(SOAP + "Header")


def version_asked(header: Node | None) -> str:
    """Return RequestServerVersion; a request without one is treated as Exchange2007."""
    node = header.find(T + "RequestServerVersion") if header is not None else None
    return node.get("Version", "") if node is not None else "Exchange2007"


def envelope(server: ExchangeServer, content: Node | str) -> bytes:
    """Return an answer's bytes."""
    version = server.version
    major, minor, build, patch = version.build
    schema = f' Version="{version.schema}"' if version.schema else ""
    inner = content if isinstance(content, str) else etree.tostring(content, encoding="unicode")
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
        f'<h:ServerVersionInfo MajorVersion="{major}" MinorVersion="{minor}"'
        f' MajorBuildNumber="{build}" MinorBuildNumber="{patch}"{schema}'
        f' xmlns:h="{T[1:-1]}" xmlns="{T[1:-1]}"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/></s:Header>'
        f"<s:Body>{inner}</s:Body></s:Envelope>"
    ).encode()


def fault(server: ExchangeServer, refusal: Refusal) -> bytes:
    """Return a SOAP fault, as Exchange writes it."""
    code, text = refusal.code, escape(refusal.text)
    shown = f"\r\n    {code}\r\n  " if server.faults.blank_codes else code
    values = "".join(
        f'<t:Value Name="{escape(name)}">{escape(value)}</t:Value>'
        for name, value in refusal.values.items()
    )
    more = f'<t:MessageXml xmlns:t="{T[1:-1]}">{values}</t:MessageXml>' if values else ""
    errors = "http://schemas.microsoft.com/exchange/services/2006/errors"
    return envelope(
        server,
        f'<s:Fault><faultcode xmlns:a="{T[1:-1]}">a:{code}</faultcode>'
        f'<faultstring xml:lang="en-US">{text}</faultstring><detail>'
        f'<e:ResponseCode xmlns:e="{errors}">{shown}</e:ResponseCode>'
        f'<e:Message xmlns:e="{errors}">{text}</e:Message>{more}</detail></s:Fault>',
    )


def messages(root: Node) -> Node:
    """Append ResponseMessages."""
    return m(root, "ResponseMessages")


@contextmanager
def message(parent: Node, name: str, *, empty: str = "") -> Iterator[Node]:
    """Append one response message; a Refusal within turns it into an error.

    ``empty``: the element real servers leave in errors because the schema demands it.
    """
    node = m(parent, name + "ResponseMessage", ResponseClass="Success")
    m(node, "ResponseCode", "NoError")
    try:
        yield node
    except Fault:
        raise
    except Refusal as refusal:
        for child in list(node):
            node.remove(child)
        refused(node, refusal)
        if empty:
            m(node, empty)


def refused(node: Node, refusal: Refusal) -> None:
    """Fill a response message with an error."""
    node.set("ResponseClass", "Error")
    m(node, "MessageText", refusal.text)
    m(node, "ResponseCode", refusal.code)
    m(node, "DescriptiveLinkKey", "0")
    if refusal.values:
        box = m(node, "MessageXml")
        for name, value in refusal.values.items():
            t(box, "Value", value, Name=name)


def flag(node: Node | None, name: str, default: str = "") -> str:
    """Return the text of a child in either namespace."""
    if node is None:
        return default
    found = node.find(M + name)
    return text_of(found if found is not None else node.find(T + name)) or default


def inside(node: Node, name: str) -> list[Node]:
    """Return what stands in a child the schema demands; Fault where it is missing or empty."""
    found = node.find(M + name)
    found = found if found is not None else node.find(T + name)
    if found is None or not children(found):
        raise Fault("ErrorSchemaValidation", f"The element '{name}' is missing or empty.")
    return children(found)
