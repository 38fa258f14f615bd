"""An uploaded calendar as it may be kept: what is read of it, and of private events no text.

Place in the flow: *upload → ``kept`` (in a killable worker) → gists (``engine.uploads``) → store*.
The file is written anew from what ``lines`` reads: alarms, attachments, tasks and whatever else
Kalends never looks at is not there any more. A private event keeps its times and how it counts;
what its text said stands in ``X-KALENDS-GIST``, an answer and a ``Gist``. That is believed in files
of ours alone (``Owner.ours``): anybody's invitation could carry one as well.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from kalends.errors import BadAnswer
from kalends.model.booking import Booking, Gist, pack_bookings, unpack_bookings
from kalends.wire.icalendar.lines import GIST, Calendar, Component, Line, read
from kalends.wire.icalendar.meaning import Meaning

MARK: Final = b"BEGIN:VCALENDAR\r\nX-KALENDS-KEPT:1\r\n"
"""How a kept file begins."""
_TAKEN: Final = frozenset({"VTIMEZONE", "VFREEBUSY", "VAVAILABILITY"})
"""What is read beside events."""
_TEXTLESS: Final = (
    "UID", "DTSTART", "DTEND", "DURATION", "DTSTAMP", "SEQUENCE", "STATUS", "TRANSP", "CLASS",
    "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "PRIORITY", "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-MICROSOFT-CDO-INTENDEDSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT",
)  # fmt: skip
"""Properties of a private event that tell nothing but when it is and how it counts."""
_TEXTS: Final = frozenset({"SUMMARY", "DESCRIPTION", "CATEGORIES"})
_HANDFUL: Final = 100
"""Private events read between two breaths of the loop."""


class Kept(NamedTuple):
    """A calendar with a gap for each private event's gist."""

    parts: tuple[bytes, ...]
    """Text before, between and behind the gaps: one more than ``hidden``."""
    packed: tuple[bytes, ...]
    """See ``hidden``; packed in handfuls, so that reading all of them blocks nobody."""

    def hidden(self) -> Iterator[tuple[Booking, ...]]:
        """Yield by handfuls what stood in each private event, without times: for the gist, then
        to be forgotten.
        """
        return map(unpack_bookings, self.packed)

    def filled(self, lines: Iterable[bytes]) -> bytes:
        """Return the calendar with what was heard (``heard``) in its gaps, in order."""
        told = [self.parts[0]]
        for line, rest in zip(lines, self.parts[1:], strict=True):
            told += (line, rest)
        return b"".join(told)


def heard(booking: Booking, gist: Gist) -> bytes:
    """Return the line that stands in an event instead of its text."""
    value = b64encode(msgspec.msgpack.encode((booking.response, gist)))
    return b"%s:%s\r\n" % (GIST.encode(), value)


def kept(body: bytes, emails: Iterable[str]) -> Kept:
    """Return what may be kept of an uploaded file; ``BadAnswer`` where it is no whole calendar."""
    document = read(body)
    if not document.calendars:
        raise BadAnswer("it holds no calendar (BEGIN:VCALENDAR is missing)")
    if not document.complete:
        raise BadAnswer("it was cut off (END:VCALENDAR is missing)")
    writer = _Writer(frozenset(emails))
    for calendar in document.calendars:
        writer.calendar(calendar, (one for one in document.components if one.calendar is calendar))
    return writer.result()


def is_kept(body: bytes) -> bool:
    """Tell whether a stored file was written here: older ones still hold everything."""
    return body.startswith(MARK)


class _Writer:
    """Writes content lines, and leaves gaps."""

    def __init__(self, emails: frozenset[str]) -> None:
        self._emails = emails
        self._lines: list[str] = []
        self._parts: list[bytes] = []
        self._hidden: list[Booking] = []

    def result(self) -> Kept:
        """Return what was written."""
        self._cut()
        firsts = range(0, len(self._hidden), _HANDFUL)
        packed = (pack_bookings(self._hidden[first : first + _HANDFUL]) for first in firsts)
        return Kept(tuple(self._parts), tuple(packed))

    def calendar(self, calendar: Calendar, components: Iterable[Component]) -> None:
        """Write a calendar with those of its components that are read."""
        self._lines.append(MARK.decode().strip())
        facts = (
            ("METHOD", calendar.method),
            ("X-WR-TIMEZONE", calendar.timezone),
            ("REFRESH-INTERVAL", calendar.refresh),
        )
        self._lines += [f"{name}:{value}" for name, value in facts if value]
        for component in components:
            if component.name == "VEVENT":
                self._event(component)
            elif component.name in _TAKEN:
                self._other(component)
        self._lines.append("END:VCALENDAR")

    def _event(self, event: Component) -> None:
        facts = Meaning(event, self._emails, description=True, cancelled=False).facts()
        self._lines.append("BEGIN:VEVENT")
        if facts.private:
            self._private(event, facts)
        else:
            self._lines += _written(event, event.lines)
        self._lines.append("END:VEVENT")

    def _other(self, component: Component) -> None:
        """Write a zone, working hours or free/busy times: what people call them is not read."""
        for one in (component, *component.parts):
            self._lines.append(f"BEGIN:{one.name}")
            self._lines += _written(one, [name for name in one.lines if name not in _TEXTS])
            if one is not component:
                self._lines.append(f"END:{one.name}")
        self._lines.append(f"END:{component.name}")

    def _private(self, event: Component, facts: Booking) -> None:
        self._lines += _written(event, _TEXTLESS)
        if not event.value("UID"):  # otherwise made of the text
            self._lines.append(f"UID:private-{len(self._hidden)}")
        self._cut()
        self._hidden.append(facts)

    def _cut(self) -> None:
        """End a part here."""
        text = "".join(f"{line}\r\n" for line in self._lines)
        self._parts.append(text.encode("utf-8", "replace"))
        self._lines.clear()


def _written(component: Component, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for line in component.all(name):
            if name != GIST:
                yield f"{name}{_parameters(line)}:{line.value}"


def _parameters(line: Line) -> str:
    return f";{line.raw_parameters}" if line.raw_parameters else ""
