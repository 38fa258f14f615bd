"""Content lines and components: from bytes to the properties we need (RFC 5545 section 3.1).

Feeds are seldom clean: byte order marks, lone CR or LF, blank lines, lines folded inside a UTF-8
character, Latin-1 declared as UTF-8, lower-case names, a missing END, two VCALENDARs in a row.
All of that is read; what is judged is only whether a calendar was there and came whole.

Only properties in ``_WANTED`` are kept: one regular expression passes over everything else
(descriptions, attachments, alarms) without making objects of it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

GIST: Final = "X-KALENDS-GIST"
"""What a private event of an uploaded file said (``keep``)."""
_WANTED: Final = (
    "BEGIN",
    "END",
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "DTSTART",
    "DTEND",
    "DURATION",
    "DTSTAMP",
    "SEQUENCE",
    "STATUS",
    "TRANSP",
    "CLASS",
    "CATEGORIES",
    "RRULE",
    "EXRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "ORGANIZER",
    "ATTENDEE",
    "METHOD",
    "FREEBUSY",
    "BUSYTYPE",
    "PRIORITY",
    "X-WR-TIMEZONE",
    "REFRESH-INTERVAL",
    "X-PUBLISHED-TTL",
    "X-LIC-LOCATION",
    "TZID",
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-MICROSOFT-CDO-INTENDEDSTATUS",
    "X-MICROSOFT-CDO-ALLDAYEVENT",
    GIST,
)
_LINE: Final = re.compile(
    "^(" + "|".join(sorted(_WANTED, key=len, reverse=True)) + r")[ \t]*([;:])([^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_FOLD: Final = re.compile(rb"[\r\n]+[ \t]")
_PARAMETERS: Final = re.compile(r'((?:[^":]|"[^"]*")*):(.*)')
_PARAMETER: Final = re.compile(r'([^=;"]+)=((?:"[^"]*"|[^;"])*)')
_CARET: Final = re.compile(r"\^([n'^])")
_ESCAPE: Final = re.compile(r"\\(.)")


class Line(NamedTuple):
    """One property: parameters as they stand (``TZID=Europe/Stockholm``), and the raw value."""

    raw_parameters: str
    value: str

    def parameters(self) -> dict[str, str]:
        """Return parameters by upper-case name, quotes taken off, RFC 6868 decoded."""
        if not self.raw_parameters:
            return {}
        return {
            name.strip().upper(): _CARET.sub(_caret, value.strip().strip('"'))
            for name, value in _PARAMETER.findall(self.raw_parameters)
        }


@dataclass(slots=True)
class Calendar:
    """What holds for all components of one VCALENDAR."""

    method: str = ""
    timezone: str = ""
    """X-WR-TIMEZONE."""
    refresh: str = ""
    """REFRESH-INTERVAL or X-PUBLISHED-TTL, a duration."""
    zones: dict[str, Component] = field(default_factory=dict)
    """VTIMEZONE by TZID; may stand behind the events that use it."""
    closed: bool = False


@dataclass(slots=True)
class Component:
    """One component with the properties we need, in their order."""

    name: str
    calendar: Calendar
    lines: dict[str, list[Line]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Line | None:
        """Return the first property of a name."""
        found = self.lines.get(name)
        return found[0] if found else None

    def value(self, name: str) -> str:
        """Return the first raw value of a name, trimmed; empty where absent."""
        found = self.lines.get(name)
        return found[0].value.strip() if found else ""

    def all(self, name: str) -> list[Line]:
        """Return all properties of a name."""
        return self.lines.get(name, [])


@dataclass(slots=True)
class Document:
    """Everything read from one feed or object."""

    components: list[Component] = field(default_factory=list)
    calendars: list[Calendar] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Tell whether there is a calendar and every one was closed (nothing was cut off)."""
        return bool(self.calendars) and all(calendar.closed for calendar in self.calendars)


def read(body: bytes) -> Document:
    """Read components from bytes; never raises for what they say."""
    reader = _Reader()
    for name, separator, rest in _LINE.findall(_text(body)):
        reader.take(name.upper(), separator, rest)
    return reader.document


def text(value: str) -> str:
    r"""Return a TEXT value with ``\n``, ``\,``, ``\;`` and ``\\`` resolved."""
    if "\\" not in value:
        return value.strip()
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def texts(value: str) -> Iterator[str]:
    """Yield the texts of a comma list; an escaped comma belongs to its text."""
    for part in re.split(r"(?<!\\),", value):
        found = text(part)
        if found:
            yield found


class _Reader:
    """Follows BEGIN and END; forgives what is missing."""

    def __init__(self) -> None:
        self.document = Document()
        self._open: list[Component] = []
        self._calendar: Calendar | None = None

    def take(self, name: str, separator: str, rest: str) -> None:
        """Take one property in."""
        if name == "BEGIN":
            self._begin(rest.strip().upper())
        elif name == "END":
            self._end(rest.strip().upper())
        elif self._open:
            self._open[-1].lines.setdefault(name, []).append(_line(separator, rest))
        elif self._calendar is not None:
            self._describe(self._calendar, name, _line(separator, rest).value.strip())

    def _begin(self, name: str) -> None:
        if name == "VCALENDAR":
            self._open.clear()
            self._calendar = Calendar()
            self.document.calendars.append(self._calendar)
            return
        calendar = self._calendar
        if calendar is None:
            return
        if name.startswith("V") and name != "VALARM":  # top-level: what is open lacks its END
            self._open.clear()
        component = Component(name, calendar)
        if self._open:
            self._open[-1].parts.append(component)
        else:
            self.document.components.append(component)
        self._open.append(component)

    def _end(self, name: str) -> None:
        if name == "VCALENDAR":
            if self._calendar is not None:
                self._calendar.closed = True
            self._open.clear()
            self._calendar = None
        elif any(component.name == name for component in self._open):
            while self._open.pop().name != name:
                pass

    @staticmethod
    def _describe(calendar: Calendar, name: str, value: str) -> None:
        if name == "METHOD":
            calendar.method = value.upper()
        elif name == "X-WR-TIMEZONE":
            calendar.timezone = value
        elif name in ("REFRESH-INTERVAL", "X-PUBLISHED-TTL"):
            calendar.refresh = value


def _line(separator: str, rest: str) -> Line:
    if separator == ":":
        return Line("", rest)
    found = _PARAMETERS.fullmatch(rest)
    if found is None:  # an unbalanced quote: the first colon must do
        parameters, _, value = rest.partition(":")
        return Line(parameters, value)
    if found[2].startswith("//"):  # TZID=tzone://Microsoft/Custom, never quoted by who writes it
        more, _, value = found[2].partition(":")
        return Line(f"{found[1]}:{more}", value)
    return Line(found[1], found[2])


def _caret(found: re.Match[str]) -> str:
    return {"n": "\n", "'": '"', "^": "^"}[found[1]]


def _text(body: bytes) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        body = body.decode("utf-16", "replace").encode()
    # Unfolded as bytes: a fold may stand inside a UTF-8 character (RFC 5545 section 3.1).
    unfolded = _FOLD.sub(b"", body)
    try:
        decoded = unfolded.decode()
    except UnicodeDecodeError:
        decoded = "\n".join(_decode(line) for line in unfolded.splitlines())
    return decoded.replace("\ufeff", "").replace("\r", "\n")


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
