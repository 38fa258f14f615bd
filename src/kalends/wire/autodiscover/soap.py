"""SOAP Autodiscover: settings of several mailboxes at once (2010+, [MS-OXWSADISC]).

Errors stand at three levels: of the request, of one mailbox, of one setting. All are read.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from kalends.errors import BadAnswer, Throttled, Unreachable
from kalends.model.http import Request, Response
from kalends.wire.autodiscover.names import ADDRESSING_URI, AUTODISCOVER_URI, WSA, A
from kalends.wire.autodiscover.outcome import (
    Denied,
    Found,
    Outcome,
    RedirectAddress,
    RedirectUrl,
)
from kalends.wire.ews.names import SOAP, SOAP_URI
from kalends.wire.ews.soap import add, parse_xml
from kalends.wire.ews.versions import Version

MAX_MAILBOXES: Final = 100
ACTION: Final = AUTODISCOVER_URI + "/Autodiscover/GetUserSettings"
SETTINGS: Final = (
    "ExternalEwsUrl",
    "InternalEwsUrl",
    "GroupingInformation",
    "PublicFolderInformation",
    "InternalRpcClientServer",
    "EwsSupportedSchemas",
)
_NSMAP: Final = {"s": SOAP_URI, "a": AUTODISCOVER_URI, "wsa": ADDRESSING_URI}


def build_get_user_settings(
    url: str, addresses: tuple[str, ...], version: Version = Version.E2010
) -> Request:
    """Ask one server for 1 to 100 mailboxes (``ValueError`` otherwise)."""
    if not 0 < len(addresses) <= MAX_MAILBOXES:
        raise ValueError(f"Autodiscover is asked for 1 to {MAX_MAILBOXES} mailboxes")
    envelope = etree.Element(SOAP + "Envelope", nsmap=_NSMAP)
    header = add(envelope, SOAP + "Header")
    # The service knows no 2007; every later one understands 2010.
    add(header, A + "RequestedServerVersion", max(version, Version.E2010).label)
    add(header, WSA + "Action", ACTION)
    add(header, WSA + "To", url)
    asked = add(
        add(add(envelope, SOAP + "Body"), A + "GetUserSettingsRequestMessage"), A + "Request"
    )
    users = add(asked, A + "Users")
    for address in addresses:
        add(add(users, A + "User"), A + "Mailbox", address)
    settings = add(asked, A + "RequestedSettings")
    for name in SETTINGS:
        add(settings, A + "Setting", name)
    body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    headers = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{ACTION}"'))
    return Request("POST", url, headers, body)


def parse_get_user_settings(response: Response, addresses: tuple[str, ...]) -> dict[str, Outcome]:
    """Read what was told of each mailbox; answers come in the order asked.

    Raises ``Throttled`` or ``Unreachable`` where the service says so of the whole request, and
    ``BadAnswer`` where it is no answer.
    """
    root = parse_xml(response.body)
    if root.tag != SOAP + "Envelope":
        wrong = str(root.tag).startswith("{https://")
        raise BadAnswer(
            "the envelope is in an https:// namespace"
            if wrong
            else "the answer is XML, but no SOAP envelope"
        )
    told = root.find(f"{SOAP}Body/{A}GetUserSettingsResponseMessage/{A}Response")
    if told is None:
        raise BadAnswer("the envelope holds no GetUserSettings answer")
    code = _text(told, "ErrorCode")
    if code == "ServerBusy":
        raise Throttled("Autodiscover answers ServerBusy")
    if code == "InternalServerError":
        raise Unreachable("Autodiscover answers InternalServerError")
    if code not in ("NoError", ""):
        return {address: Denied(code) for address in addresses}
    users = list(told.iterfind(f"{A}UserResponses/{A}UserResponse"))
    if len(users) != len(addresses):
        raise BadAnswer("Autodiscover told of another number of mailboxes than asked")
    return {address: _user(user) for address, user in zip(addresses, users, strict=True)}


def _user(user: etree._Element) -> Outcome:
    code, target = _text(user, "ErrorCode"), _text(user, "RedirectTarget")
    if code == "RedirectUrl":
        return RedirectUrl(target)
    if code == "RedirectAddress":
        return RedirectAddress(target)
    if code not in ("NoError", ""):
        return Denied(code)
    settings = {
        _text(found, "Name"): _text(found, "Value")
        for found in user.iterfind(f"{A}UserSettings/{A}UserSetting")
    }
    if not settings.get("ExternalEwsUrl") and not settings.get("InternalEwsUrl"):
        return Denied(_setting_error(user) or "SettingIsNotAvailable")
    return Found(
        settings.get("ExternalEwsUrl", ""),
        settings.get("InternalEwsUrl", ""),
        settings.get("GroupingInformation", ""),
        settings.get("PublicFolderInformation", ""),
        tuple(part.strip() for part in settings.get("EwsSupportedSchemas", "").split(",") if part),
        settings,
    )


def _setting_error(user: etree._Element) -> str:
    error = user.find(f"{A}UserSettingErrors/{A}UserSettingError")
    return _text(error, "ErrorCode") if error is not None else ""


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(A + name) or "").strip()
