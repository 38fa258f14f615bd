"""Write one presence document; equal states give equal bytes.

Every time in it comes from the view (``since``, ``until``, ``next``), never from a clock, and the
ids are constants: the digest of the document tells whether a publication is needed at all.
Element order is the schemas': in a tuple status, timed status, contact, note, timestamp
(RFC 3863 section 4.1); in a person activities, sphere, note, timestamp (RFC 4479 section 3.5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kalends.model.times import FOREVER, rfc3339
from kalends.model.view import NextView, View
from kalends.model.vocabulary import Availability
from kalends.wire.pidf.rpid import ACTIVITIES, SPHERES, elements_of

CONTENT_TYPE: Final = "application/pidf+xml"

NOTE_LENGTH: Final = 255
"""Characters of one note; a phone shows fewer, and a datagram has to hold them."""

CLOSED: Final = frozenset({Availability.AWAY, Availability.DND, Availability.OFFLINE})
"""Nobody answers. Busy stays open: the phone rings, or the switchboard takes over."""

_ENTITY: Final = re.compile(r"(?:sips?|pres):[^\s<>\"\\^`{|}\x00-\x1f\x7f]{1,500}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_NOT_TEXT: Final = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\ufffe\uffff]+")

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<presence xmlns="urn:ietf:params:xml:ns:pidf"'
    ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
    ' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"'
)
_TIMED: Final = ' xmlns:ts="urn:ietf:params:xml:ns:pidf:timed-status"'


@dataclass(frozen=True, slots=True)
class Style:
    """What an organization may choose about its documents."""

    activities: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: ACTIVITIES)
    """Activity → RPID elements."""
    closed: frozenset[Availability] = CLOSED
    """Availabilities told as ``closed``, unless calls go on to somewhere."""
    timed_status: bool = True
    """Whether what follows is told (RFC 4481); each change of it is a publication."""


def render(view: View, entity: str, language: str, style: Style | None = None) -> bytes:
    """Return the document of a view, UTF-8.

    ``entity`` is the person's SIP address without parameters, ``language`` the BCP 47 tag of
    the view's texts. Raises ``ValueError`` where the entity is not a plain URI.
    """
    style = style or Style()
    if not _ENTITY.fullmatch(entity):
        raise ValueError("the address a document is about must be a sip:, sips: or pres: URI")
    timed = _timed_status(view.next, style) if style.timed_status else ""
    return (
        f'{_HEAD}{_TIMED if timed else ""} entity="{_escaped(entity)}">'
        f"{_tuple(view, entity, language, timed, style)}"
        f"{_person(view, language, style)}"
        "</presence>\n"
    ).encode()


def _tuple(view: View, entity: str, language: str, timed: str, style: Style) -> str:
    reached = view.diversion is not None or view.availability not in style.closed
    return (
        f'<tuple id="kalends"><status><basic>{_basic(reached)}</basic></status>{timed}'
        f'<contact priority="0.5">{_escaped(entity)}</contact>'
        f"{_note('note', view.texts.line, language)}"
        f"{_moment('timestamp', view.since)}</tuple>"
    )


def _person(view: View, language: str, style: Style) -> str:
    return (
        '<dm:person id="kalends-person">'
        f"{_activities(view, style)}{_sphere(view.role)}"
        f"{_note('dm:note', view.note or view.texts.line, language)}"
        f"{_moment('dm:timestamp', view.since)}</dm:person>"
    )


def _activities(view: View, style: Style) -> str:
    found = elements_of(view.activity, view.availability, style.activities)
    if not found:
        return ""
    inner = "".join(
        f"<rpid:other>{_escaped(view.activity or '')}</rpid:other>"
        if name == "other"
        else f"<rpid:{name}/>"
        for name in found
    )
    return f"<rpid:activities{_span(view.since, view.until)}>{inner}</rpid:activities>"


def _sphere(role: str | None) -> str:
    sphere = SPHERES.get(role or "")
    return f"<rpid:sphere><rpid:{sphere}/></rpid:sphere>" if sphere else ""


def _timed_status(following: NextView | None, style: Style) -> str:
    if following is None or not _known(following.start):
        return ""
    basic = _basic(following.availability not in style.closed)
    span = _span(following.start, following.end)
    return f"<ts:timed-status{span}><ts:basic>{basic}</ts:basic></ts:timed-status>"


def _basic(reached: bool) -> str:
    return "open" if reached else "closed"


def _known(at: int | None) -> bool:
    return at is not None and 0 < at < FOREVER


def _span(start: int | None, end: int | None) -> str:
    since = f' from="{rfc3339(start)}"' if start is not None and _known(start) else ""
    until = f' until="{rfc3339(end)}"' if end is not None and _known(end) else ""
    return since + until


def _moment(element: str, at: int | None) -> str:
    return f"<{element}>{rfc3339(at)}</{element}>" if at is not None and _known(at) else ""


def _note(element: str, text: str, language: str) -> str:
    line = _NOT_TEXT.sub(" ", text).strip()
    if not line:
        return ""
    if len(line) > NOTE_LENGTH:
        line = line[: NOTE_LENGTH - 1].rstrip() + "…"
    tag = f' xml:lang="{language}"' if _LANGUAGE.fullmatch(language) else ""
    return f"<{element}{tag}>{_escaped(line)}</{element}>"


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
