"""The envelope: who asks in which version, and what an answer says before its content counts.

SOAP 1.1 over HTTP POST ([MS-OXWSCORE] section 2.1). An answer with status 200 may refuse single
items (``ResponseClass="Error"``); a refusal of the whole request is a SOAP fault with status 500
and the code in ``detail``. Servers return user text with illegal character references (``&#x0;``):
such an answer is cleaned once and read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire import xml
from kalends.wire.ews.errors import (
    UNPUBLISHED,
    Fault,
    NotOffered,
    Reaction,
    error_of,
    http_error,
    row_of,
)
from kalends.wire.ews.names import NSMAP, SOAP, SOAP_URI, E, M, T
from kalends.wire.ews.versions import NEWEST, SINCE, Feature, ServerVersion, Version, offers

_ILLEGAL_TEXT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ILLEGAL_BYTES: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    rb"|&#0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]);"
    rb"|&#[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF]);"
)
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_WORD: Final = 80


@dataclass(frozen=True, slots=True)
class Context:
    """Where a request goes, on whose behalf, in which version. Carries no credential."""

    url: str
    """``https://host/EWS/Exchange.asmx``."""
    version: Version = NEWEST
    impersonate: str = ""
    """SMTP address of the mailbox to act as, or a SID (``S-1-5-…``); empty: the account itself."""
    zone: str = ""
    """Windows zone for ``TimeZoneContext`` (2010+); empty: times come in UTC."""
    precision: str = ""
    """``Seconds`` or ``Milliseconds`` (2010 SP2+); empty: not said."""
    anchor: str = ""
    """``X-AnchorMailbox``: which mailbox routes the request (2013+)."""
    prefer_affinity: bool = False
    """``X-PreferServerAffinity``: stay at the anchor's server (grouped streaming)."""
    public_folder_mailbox: str = ""
    """``X-PublicFolderMailbox`` (2013+)."""


class Answer(NamedTuple):
    """An envelope that is no fault."""

    content: etree._Element
    """The one element in the body, such as ``m:FindItemResponse``."""
    server: ServerVersion | None
    """What the server says it is."""


class Message(NamedTuple):
    """One response message: requests for several things are answered one by one."""

    element: etree._Element
    kind: str
    """``Success``, ``Warning`` or ``Error``."""
    fault: Fault
    """Its code is ``NoError`` where all is well."""

    def usable(self, *also: str) -> bool:
        """Tell whether its content counts: a success, or a warning of these codes."""
        return self.kind == "Success" or (self.kind == "Warning" and self.fault.code in also)

    def accept(self, *also: str) -> etree._Element:
        """Return its content; raise what its code means (see ``errors.TABLE``)."""
        if not self.usable(*also):
            raise error_of(self.fault)
        return self.element


def need(context: Context, feature: Feature) -> None:
    """Raise ``NotOffered`` where the version spoken has no such thing."""
    if not offers(context.version, feature):
        raise NotOffered(
            f"{feature.value} needs {SINCE[feature].label}; this is {context.version.label}"
        )


def operation(name: str, **attributes: str) -> etree._Element:
    """Begin the element of an operation in the messages namespace."""
    return etree.Element(M + name, dict(attributes), nsmap=NSMAP)


def add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Add a child with a full name; characters that XML cannot carry are left out."""
    element = etree.SubElement(parent, name, {k: clean(v) for k, v in attributes.items()})
    if text is not None:
        element.text = clean(text)
    return element


def clean(text: str) -> str:
    """Return a text without what XML 1.0 cannot carry."""
    return _ILLEGAL_TEXT.sub("", text)


def request(context: Context, content: etree._Element) -> Request:
    """Wrap an operation into an envelope and address it."""
    envelope = etree.Element(SOAP + "Envelope", nsmap=NSMAP)
    header = etree.SubElement(envelope, SOAP + "Header")
    add(header, T + "RequestServerVersion", Version=context.version.label)
    if context.impersonate:
        _impersonation(header, context)
    if context.zone:
        need(context, Feature.TIME_ZONE)
        add(add(header, T + "TimeZoneContext"), T + "TimeZoneDefinition", Id=context.zone)
    if context.precision:
        need(context, Feature.DATE_TIME_PRECISION)
        add(header, T + "DateTimePrecision", context.precision)
    etree.SubElement(envelope, SOAP + "Body").append(content)
    body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return Request("POST", context.url, _headers(context), body)


def _impersonation(header: etree._Element, context: Context) -> None:
    sid = add(add(header, T + "ExchangeImpersonation"), T + "ConnectingSID")
    if context.impersonate.upper().startswith("S-1-"):
        add(sid, T + "SID", context.impersonate)
    elif offers(context.version, Feature.SMTP_IMPERSONATION):
        add(sid, T + "SmtpAddress", context.impersonate)
    else:
        add(sid, T + "PrimarySmtpAddress", context.impersonate)


def _headers(context: Context) -> tuple[tuple[str, str], ...]:
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Accept", "text/xml")]
    if context.anchor:
        headers.append(("X-AnchorMailbox", context.anchor))
    if context.prefer_affinity:
        headers.append(("X-PreferServerAffinity", "true"))
    if context.public_folder_mailbox:
        headers.append(("X-PublicFolderMailbox", context.public_folder_mailbox))
    # One encoder per protocol refuses controls: an address may come from a directory.
    return tuple((name, _one_line(value)) for name, value in headers)


def _one_line(value: str) -> str:
    return "".join(character for character in value if character >= " " and character != "\x7f")


def parse_xml(body: bytes) -> etree._Element:
    """Return the root of an answer, cleaned of illegal characters where that is what is wrong.

    Raises ``TooLarge`` and ``BadAnswer``.
    """
    body = body.lstrip(b" \t\r\n")  # before a declaration even a blank is ill-formed
    try:
        return xml.parse(body)
    except BadAnswer:
        if body.startswith(_WIDE):
            raise
        cleaned, found = _ILLEGAL_BYTES.subn(b"", body)
        if not found:
            raise
        return xml.parse(cleaned)


def read(response: Response) -> Answer:
    """Open the envelope of an answer.

    Raises the error of a SOAP fault by ``errors.TABLE``; by the HTTP status where there is no
    envelope; ``BadAnswer`` where a 200 holds anything else (a sign-in page, a cut envelope, the
    ``https://`` namespaces of the printed samples).
    """
    if response.status != 200 and not _looks_like_xml(response):
        raise http_error(response.status, _retry_after(response))
    wait = _retry_after(response)
    try:
        return read_envelope(parse_xml(response.body), response.status, wait)
    except BadAnswer as error:
        if hasattr(error, "fault"):
            raise
        if response.status != 200:
            raise http_error(response.status, wait) from error
        if xml.is_page(response.body):
            error.remedy = UNPUBLISHED
        raise


def read_envelope(
    root: etree._Element, status: int = 200, retry_after: float | None = None
) -> Answer:
    """Open a parsed envelope; raises as ``read`` does."""
    if root.tag != SOAP + "Envelope":
        raise BadAnswer(_not_an_envelope(str(root.tag)))
    server = server_version(root)
    body = root.find(SOAP + "Body")
    content = next(iter(body), None) if body is not None else None
    if content is None:
        raise BadAnswer("the envelope has no content")
    if content.tag == SOAP + "Fault":
        raise error_of(_soap_fault(content, status, retry_after))
    if not str(content.tag).startswith(M):
        raise BadAnswer("the content of the envelope is in another namespace than EWS uses")
    return Answer(content, server)


def messages(answer: Answer, response: str) -> Iterator[Message]:
    """Yield the response messages; ``BadAnswer`` where another operation is answered."""
    if answer.content.tag != M + response:
        raise BadAnswer(f"the answer is no {response}")
    listed = answer.content.find(M + "ResponseMessages")
    if listed is None:
        raise BadAnswer(f"{response} has no ResponseMessages")
    for element in listed.iterchildren(tag=etree.Element):
        yield message(element)


def one(answer: Answer, response: str) -> Message:
    """Return the only response message."""
    found = next(messages(answer, response), None)
    if found is None:
        raise BadAnswer(f"{response} has no response message")
    return found


def message(element: etree._Element) -> Message:
    """Read what a response message says about itself."""
    kind = str(element.get("ResponseClass", "Error"))
    code = (element.findtext(M + "ResponseCode") or "").strip()
    if kind == "Success":
        return Message(element, kind, Fault("NoError"))
    return Message(element, kind, _fault(code, element.find(M + "MessageXml"), 200))


def server_version(root: etree._Element) -> ServerVersion | None:
    """Return what the server says it is, by attributes (EWS)."""
    told = root.find(f"{SOAP}Header/{T}ServerVersionInfo")
    if told is None:
        return None
    numbers = [
        str(told.get(name, "0"))
        for name in ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
    ]
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        return None
    major, minor, build, revision = (int(number[:9]) for number in numbers)
    return ServerVersion(major, minor, build, revision, str(told.get("Version", "")))


def _not_an_envelope(tag: str) -> str:
    if tag.startswith("{https://"):
        return f"the envelope is in an https:// namespace; SOAP's is {SOAP_URI}"
    return "the answer is XML, but no SOAP envelope"


def _looks_like_xml(response: Response) -> bool:
    return response.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and (
        "xml" in response.header("content-type").lower() or b"Envelope" in response.body[:500]
    )


def _retry_after(response: Response) -> float | None:
    told = response.header("retry-after").strip()
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 9 else None


def word(code: str) -> str:
    """Return a code as it may stand in our texts: it is a stranger's, and they reach logs."""
    return _NO_WORD.sub("", code[: 2 * _LONGEST_WORD])[:_LONGEST_WORD]


def _soap_fault(element: etree._Element, status: int, retry_after: float | None) -> Fault:
    """Read a fault: ``detail/e:ResponseCode``, else a code that stands in ``faultcode``."""
    detail = element.find("detail")
    code = ""
    message_xml = None
    if detail is not None:
        code = (detail.findtext(E + "ResponseCode") or "").strip()
        message_xml = detail.find(T + "MessageXml")
    if not code:
        code = (element.findtext("faultcode") or "").strip().rpartition(":")[2]
    return _fault(code, message_xml, status, retry_after)


def _fault(
    code: str, message_xml: etree._Element | None, status: int, retry_after: float | None = None
) -> Fault:
    values = _values(message_xml)
    waits = [_seconds(values.get("BackOffMilliseconds", "")), retry_after]
    inner = values.get("InnerErrorResponseCode", "").strip()
    # 2013+ wraps a busy back end: HTTP 200, ErrorInternalServerError outside.
    if code == "ErrorInternalServerError" and row_of(inner).reaction is not Reaction.FAIL:
        code = inner
    wait = max((told for told in waits if told), default=None)  # where both are told, the longer
    return Fault(word(code), wait, values, status)


def _values(message_xml: etree._Element | None) -> dict[str, str]:
    """Return ``MessageXml`` by name: ``Value[@Name]``, else the element's own name."""
    found: dict[str, str] = {}
    if message_xml is not None:
        for element in message_xml.iter(etree.Element):
            if element is not message_xml and element.text:
                local = etree.QName(element).localname
                found[str(element.get("Name") or local)] = element.text.strip()
    return found


def _seconds(milliseconds: str) -> float | None:
    told = milliseconds.strip()
    # 0 is told too: it names no time, our own back-off decides.
    if not told.isascii() or not told.isdecimal() or len(told) > 12 or int(told) == 0:
        return None
    return int(told) / 1000
