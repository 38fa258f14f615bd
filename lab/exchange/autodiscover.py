"""Autodiscover: POX for all versions, SOAP (GetUserSettings) from 2010 on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from lxml import etree

from lab.exchange.http import Ask, Reply
from lab.exchange.mailbox import Mailbox

if TYPE_CHECKING:
    from lab.exchange.server import ExchangeServer

_POX: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_ANSWER: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_OUTER: Final = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_SOAP: Final = "{http://schemas.microsoft.com/exchange/2010/Autodiscover}"
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
_PAGE: Final = b"<!DOCTYPE html><html><body>The proxy could not reach the server.</body></html>"


def unsigned(server: ExchangeServer) -> Reply | None:
    """Return what is answered to anybody; None: signing in comes first."""
    faults = server.faults
    if faults.autodiscover_redirect:
        return Reply(302, {"location": faults.autodiscover_redirect})
    if faults.autodiscover_html:
        return Reply(200, {"content-type": "text/html"}, _PAGE)
    return None


def handle(server: ExchangeServer, ask: Ask) -> Reply:
    """Answer a request below /autodiscover/."""
    path = ask.path.partition("?")[0].lower()
    try:
        root = etree.fromstring(ask.body, _PARSER)
    except etree.XMLSyntaxError:
        return Reply(400)
    if path.endswith(".svc") and server.version.year >= 2010:
        return _xml(_soap(server, root))
    if path.endswith(".xml"):
        return _xml(_pox(server, root))
    return Reply(404)


def _xml(text: str) -> Reply:
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return Reply(200, {"content-type": "text/xml; charset=utf-8"}, (head + text).encode())


def _endpoint(server: ExchangeServer, box: Mailbox) -> str:
    return server.organization.endpoints.get(box.site, server.url)


def _pox(server: ExchangeServer, root: etree._Element) -> str:
    address = (root.findtext(f".//{{{_POX}}}EMailAddress") or "").strip()
    faults = server.faults
    if faults.autodiscover_redirect_address:
        action = "redirectAddr"
        inner = f"<RedirectAddr>{escape(faults.autodiscover_redirect_address)}</RedirectAddr>"
        return _account(f"<Action>{action}</Action>{inner}")
    if faults.autodiscover_redirect_url:
        inner = f"<RedirectUrl>{escape(faults.autodiscover_redirect_url)}</RedirectUrl>"
        return _account(f"<Action>redirectUrl</Action>{inner}")
    box = server.organization.mailbox(address)
    if box is None:
        return (
            f'<Autodiscover xmlns="{_OUTER}"><Response><Error Time="10:00:00.0000000" Id="1">'
            "<ErrorCode>500</ErrorCode><Message>The email address can't be found.</Message>"
            "<DebugData/></Error></Response></Autodiscover>"
        )
    url = escape(_endpoint(server, box))
    protocols = "".join(
        f"<Protocol><Type>{kind}</Type><Server>{box.guid}@{server.organization.domain}</Server>"
        f"<ASUrl>{url}</ASUrl><EwsUrl>{url}</EwsUrl>"
        f"<GroupingInformation>database-{box.database}</GroupingInformation></Protocol>"
        for kind in ("EXCH", "EXPR")
    )
    public = server.organization.public
    if public is not None and server.version.year >= 2013:
        protocols += (
            f"<PublicFolderInformation><SmtpAddress>{escape(public.address)}</SmtpAddress>"
            "</PublicFolderInformation>"
        )
    return _account(
        f"<AccountType>email</AccountType><Action>settings</Action>{protocols}",
        f"<User><DisplayName>{escape(box.name)}</DisplayName><LegacyDN>/o=lab/cn={box.number}"
        f"</LegacyDN><AutoDiscoverSMTPAddress>{escape(box.address)}</AutoDiscoverSMTPAddress>"
        f"<DeploymentId>{box.guid}</DeploymentId></User>",
    )


def _account(inner: str, user: str = "") -> str:
    return (
        f'<Autodiscover xmlns="{_OUTER}"><Response xmlns="{_ANSWER}">{user}'
        f"<Account>{inner}</Account></Response></Autodiscover>"
    )


def _soap(server: ExchangeServer, root: etree._Element) -> str:
    wanted = [(one.text or "").strip() for one in root.iter(_SOAP + "Setting")]
    people = [(one.text or "").strip() for one in root.iter(_SOAP + "Mailbox")]
    users = "".join(_user(server, address, wanted) for address in people)
    major, minor, build, patch = server.version.build
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>'
        '<a:Action s:mustUnderstand="1">http://schemas.microsoft.com/exchange/2010/Autodiscover'
        "/Autodiscover/GetUserSettingsResponse</a:Action>"
        f'<h:ServerVersionInfo xmlns:h="{_SOAP[1:-1]}"'
        ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f"<h:MajorVersion>{major}</h:MajorVersion><h:MinorVersion>{minor}</h:MinorVersion>"
        f"<h:MajorBuildNumber>{build}</h:MajorBuildNumber>"
        f"<h:MinorBuildNumber>{patch}</h:MinorBuildNumber>"
        f"<h:Version>{server.version.schema}</h:Version></h:ServerVersionInfo></s:Header><s:Body>"
        f'<GetUserSettingsResponseMessage xmlns="{_SOAP[1:-1]}">'
        '<Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f"<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>{users}</UserResponses>"
        "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    )


def _user(server: ExchangeServer, address: str, wanted: list[str]) -> str:
    faults = server.faults
    target = faults.autodiscover_redirect_address or faults.autodiscover_redirect_url
    if target:
        code = "RedirectAddress" if faults.autodiscover_redirect_address else "RedirectUrl"
        return _user_error(code, f"Redirected to {target}.", target)
    box = server.organization.mailbox(address)
    if box is None:
        return _user_error("InvalidUser", f"Invalid user: '{address}'", "")
    url = _endpoint(server, box)
    known = {
        "ExternalEwsUrl": url,
        "InternalEwsUrl": url,
        "GroupingInformation": f"database-{box.database}",
        "UserDisplayName": box.name,
        "AutoDiscoverSMTPAddress": box.address,
        "InternalRpcClientServer": f"{box.guid}@{server.organization.domain}",
        "EwsSupportedSchemas": "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, "
        "Exchange2010_SP2, Exchange2013, Exchange2013_SP1, Exchange2015",
    }
    public = server.organization.public
    if public is not None and server.version.year >= 2013:
        known["PublicFolderInformation"] = public.address
    errors = "".join(
        "<UserSettingError><ErrorCode>SettingIsNotAvailable</ErrorCode><ErrorMessage>"
        f"The setting is not available.</ErrorMessage><SettingName>{escape(name)}</SettingName>"
        "</UserSettingError>"
        for name in wanted
        if name not in known
    )
    settings = "".join(
        f'<UserSetting i:type="StringSetting"><Name>{name}</Name>'
        f"<Value>{escape(known[name])}</Value></UserSetting>"
        for name in wanted
        if name in known
    )
    return (
        "<UserResponse><ErrorCode>NoError</ErrorCode><ErrorMessage>No error.</ErrorMessage>"
        f'<RedirectTarget i:nil="true"/><UserSettingErrors>{errors}</UserSettingErrors>'
        f"<UserSettings>{settings}</UserSettings></UserResponse>"
    )


def _user_error(code: str, text: str, target: str) -> str:
    nil = (
        f"<RedirectTarget>{escape(target)}</RedirectTarget>"
        if target
        else ('<RedirectTarget i:nil="true"/>')
    )
    return (
        f"<UserResponse><ErrorCode>{code}</ErrorCode><ErrorMessage>{escape(text)}</ErrorMessage>"
        f"{nil}<UserSettingErrors/><UserSettings/></UserResponse>"
    )
