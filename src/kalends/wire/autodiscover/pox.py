"""Plain old XML: one mailbox per request, understood by every version since 2007.

Of the ``Protocol`` sections, EXPR speaks to those outside, EXCH to those within; 2013 adds EXHTTP.
``EwsUrl`` is the endpoint; 2007 tells it as ``ASUrl``.
"""

from __future__ import annotations

from typing import Final, cast

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.autodiscover.names import (
    ERROR,
    POX_REQUEST_URI,
    POX_RESPONSE_URI,
    REQUEST,
    RESPONSE,
)
from kalends.wire.autodiscover.outcome import (
    Denied,
    Found,
    Outcome,
    RedirectAddress,
    RedirectUrl,
)
from kalends.wire.ews.soap import add, parse_xml

# A default namespace, as in the documentation; lxml's stubs do not know of one.
_NSMAP: Final = cast("dict[str, str]", {None: POX_REQUEST_URI})
_ENDPOINTS: Final = ("EwsUrl", "ASUrl")


def build_pox(url: str, address: str) -> Request:
    """Ask one server for one mailbox."""
    root = etree.Element(REQUEST + "Autodiscover", nsmap=_NSMAP)
    asked = add(root, REQUEST + "Request")
    add(asked, REQUEST + "EMailAddress", address)
    add(asked, REQUEST + "AcceptableResponseSchema", POX_RESPONSE_URI)
    body = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return Request("POST", url, (("Content-Type", "text/xml; charset=utf-8"),), body)


def parse_pox(response: Response) -> Outcome:
    """Read an answer; ``BadAnswer`` where it is none (a 200 may be anybody's error page)."""
    root = parse_xml(response.body)
    local = etree.QName(root)
    if local.localname != "Autodiscover":
        raise BadAnswer("the answer is XML, but not Autodiscover's")
    if str(local.namespace or "").startswith("https://"):
        raise BadAnswer("the answer is in an https:// namespace; Autodiscover's begin with http://")
    error = root.find(f"{ERROR}Response/{ERROR}Error")
    if error is None:
        error = root.find(f"{RESPONSE}Response/{RESPONSE}Error")
    if error is not None:
        return Denied(_any(error, "ErrorCode") or "0")
    account = root.find(f"{RESPONSE}Response/{RESPONSE}Account")
    if account is None:
        raise BadAnswer("the Autodiscover answer tells no account")
    return _account(account)


def _account(account: etree._Element) -> Outcome:
    action = _text(account, "Action").lower()
    if action == "redirecturl":
        return RedirectUrl(_text(account, "RedirectUrl"))
    if action == "redirectaddr":
        return RedirectAddress(_text(account, "RedirectAddr"))
    protocols = [(_kind(found), found) for found in account.iterfind(RESPONSE + "Protocol")]
    outside = _endpoint([found for kind, found in protocols if kind == "EXPR"])
    inside = _endpoint([found for kind, found in protocols if kind == "EXCH"])
    if not outside and not inside:
        outside = _endpoint([found for kind, found in protocols if kind in ("EXHTTP", "WEB")])
    grouping = next(
        (text for _, found in protocols if (text := _text(found, "GroupingInformation"))), ""
    )
    public = _text(account, "PublicFolderInformation/" + RESPONSE + "SmtpAddress")
    return Found(outside, inside, grouping, public)


def _endpoint(protocols: list[etree._Element]) -> str:
    return next(
        (text for found in protocols for name in _ENDPOINTS if (text := _text(found, name))), ""
    )


def _kind(protocol: etree._Element) -> str:
    # 2013 writes it as an attribute of a nested section, older ones as an element.
    return (_text(protocol, "Type") or str(protocol.get("Type", ""))).upper()


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(RESPONSE + name) or "").strip()


def _any(element: etree._Element, local: str) -> str:
    return next(((child.text or "").strip() for child in element if _is(child, local)), "")


def _is(child: etree._Element, local: str) -> bool:
    return isinstance(child.tag, str) and etree.QName(child).localname == local
