"""One SIP message: read within limits, written without injection. RFC 3261 section 7.

``sipmessage`` models messages; this module stands around it for what it does not do: folded
lines, blanks before the colon, keep-alives, the Content-Length of a datagram, bounds, and one
error for everything (a parameter called ``self`` makes it raise ``TypeError``). Challenges are
read in ``digest``: its pattern for them backtracks exponentially on hostile input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from sipmessage import URI, Message, Request, Response, Via

MAX_MESSAGE: Final = 65_535
"""Bytes: what a datagram can hold; streams are held to the same."""
MAX_HEAD: Final = 16_384
"""Bytes of start line and header fields."""
MAX_LINES: Final = 256
"""Header lines; sipmessage looks a name up among all, so many would cost quadratically."""

_FOLD: Final = re.compile(rb"\r\n[ \t]+")
_FIELD: Final = re.compile(r"([!%'*+.0-9A-Z_`a-z~-]+)[ \t]*:(.*)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_NAMED: Final = re.compile(
    rf"(sips?:(?:[^@;?\s]*@)?)((?:{_LABEL}\.)*(?=[A-Za-z0-9-]*[A-Za-z]){_LABEL}\.?)(?=[:;?]|\Z)"
)
"""A URI whose host is a name. sipmessage (0.7) takes no digit in its last label: ``sip:pbx2``."""
_LONGEST_NAME: Final = 253
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_CSEQ: Final = re.compile(r"([0-9]{1,10})[ \t]+(\S{1,64})")

SipMessage = Request | Response


class BadMessage(ValueError):
    """The bytes are no SIP message we can act on; the text says which rule they break."""


@dataclass(frozen=True, slots=True)
class Essentials:
    """What every message must carry to be told apart (RFC 3261 section 8.1.1)."""

    branch: str
    """Of the topmost Via."""
    cseq: int
    method: str
    """Of CSeq: in an answer the method of the request."""
    call_id: str


def read(data: bytes) -> SipMessage:
    """Return the message of one datagram, or of one frame of a stream.

    Raises ``BadMessage``, and nothing else, whatever the bytes are.
    """
    if len(data) > MAX_MESSAGE:
        raise BadMessage(f"longer than {MAX_MESSAGE} bytes")
    head, found, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not found:
        raise BadMessage("no empty line behind the header")
    try:
        message = Message.parse(_normal(head) + b"\r\n\r\n")
    except BadMessage:
        raise
    except Exception as error:  # sipmessage lets several kinds escape
        raise BadMessage(f"not understood: {error}") from error
    message.body = _body(message, body)
    return message


def _normal(head: bytes) -> bytes:
    """Return the head unfolded, with tight field names; sipmessage then sees plain lines."""
    if len(head) > MAX_HEAD:
        raise BadMessage(f"header longer than {MAX_HEAD} bytes")
    try:
        lines = _FOLD.sub(b" ", head).decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise BadMessage("header is not UTF-8") from error
    if len(lines) > MAX_LINES:
        raise BadMessage(f"more than {MAX_LINES} header lines")
    return "\r\n".join([lines[0], *map(_tight, lines[1:])]).encode()


def _tight(line: str) -> str:
    field = _FIELD.fullmatch(line)
    if field is None or _CONTROL.search(field[2]):
        raise BadMessage("a header line is not a field")
    return f"{field[1]}:{field[2]}"


def _body(message: SipMessage, rest: bytes) -> bytes:
    """Cut a body to its Content-Length; a datagram may lack one (RFC 3261 section 18.3)."""
    told = message.headers.get("Content-Length")
    if told is None:
        return rest
    length = content_length(told)
    if length > len(rest):
        raise BadMessage("the body is shorter than Content-Length says")
    return rest[:length]


def content_length(told: str) -> int:
    """Return a Content-Length; ``BadMessage`` unless it is a number within our limit."""
    if not _NUMBER.fullmatch(told.strip()) or int(told) > MAX_MESSAGE:
        raise BadMessage("Content-Length is not a number we take")
    return int(told)


def essentials(message: SipMessage) -> Essentials:
    """Return what tells a message from all others; ``BadMessage`` where any of it is missing."""
    via = first(message, "Via")
    cseq = _CSEQ.fullmatch((message.headers.get("CSeq") or "").strip())
    call_id = (message.headers.get("Call-ID") or "").strip()
    if cseq is None or not call_id:
        raise BadMessage("CSeq or Call-ID is missing or malformed")
    try:
        branch = Via.parse(via).parameters.get("branch") or ""
    except Exception as error:
        raise BadMessage("Via is missing or malformed") from error
    return Essentials(branch, int(cseq[1]), cseq[2], call_id)


def first(message: SipMessage, name: str) -> str:
    """Return the first value of a field that may list several in one line; empty: none.

    A comma within quotation marks or angle brackets separates nothing.
    """
    return next(iter(values(message, name)), "")


def values(message: SipMessage, name: str) -> list[str]:
    """Return all values of a list field, from all its lines, in order."""
    return [value for line in message.headers.getlist(name) for value in _split(line)]


def _split(line: str) -> Iterable[str]:
    start = 0
    quoted = angled = escaped = False
    for at, letter in enumerate(line):
        if escaped:
            escaped = False
        elif letter == "\\" and quoted:
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "<>":
            angled = letter == "<"
        elif letter == "," and not quoted and not angled:
            yield line[start:at].strip()
            start = at + 1
    yield line[start:].strip()


def number(message: SipMessage, name: str) -> int | None:
    """Return a field that holds seconds or a count; None where absent or not a number.

    ``Retry-After`` may carry a comment and parameters behind the number (20.33): they are cut.
    """
    found = _NUMBER.match((message.headers.get(name) or "").strip())
    return min(int(found[0]), 2**31) if found else None


def write(message: SipMessage) -> bytes:
    """Return the bytes of a message, with its Content-Length.

    Raises ``BadMessage`` where any text would begin a line of its own (header injection).
    """
    message.headers.set("Content-Length", str(len(message.body)))
    names = message.headers.keys()
    texts = [value for name in names for value in message.headers.getlist(name)]
    start = [message.method, str(message.uri)] if isinstance(message, Request) else [message.phrase]
    if any(_CONTROL.search(text) for text in [*start, *texts]):
        raise BadMessage("a control character in a field: nothing was sent")
    return bytes(message)


def request(method: str, uri: str, fields: Iterable[tuple[str, str]], body: bytes = b"") -> Request:
    """Return a request with its fields in order; ``BadMessage`` where the URI is none."""
    built = Request(method, parse_uri(uri), body)
    for name, value in fields:
        built.headers.add(name, value)
    return built


def parse_uri(text: str) -> URI:
    """Return a sip:, sips: or tel: URI; ``BadMessage`` where the text is none."""
    named = _NAMED.match(text)
    try:
        if named is None or len(named[2]) > _LONGEST_NAME:
            return URI.parse(text)
        return replace(URI.parse(f"{named[1]}host{text[named.end() :]}"), host=named[2])
    except Exception as error:
        raise BadMessage("not a sip:, sips: or tel: URI") from error


@lru_cache(maxsize=65_536)  # asked for the same people again and again
def address_of_record(text: str) -> str:
    """Return scheme, user and host of a SIP URI, without port, password and parameters.

    This is the name presence is published under (RFC 3261 section 10.3, step 5). Raises
    ``BadMessage`` where there is no user or host, or the scheme is not sip or sips.
    """
    uri = parse_uri(text)
    if uri.scheme not in ("sip", "sips") or not uri.user:
        raise BadMessage("an address of record is sip:user@host")
    return str(URI(uri.scheme, uri.host.lower(), uri.user))
