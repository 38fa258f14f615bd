"""What an event tells about its owner: VEVENT → booking (protocol page section 4, [MS-OXCICAL]).

Facts only. Whether a tentative or unanswered booking counts is policy's to decide; declined and
cancelled ones are returned as such.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

import msgspec

from kalends.model.booking import Booking, Gist, Response, Sensitivity, ShowAs
from kalends.wire.icalendar.lines import GIST, Component, Line, text, texts
from kalends.wire.icalendar.series import Instance

_BUSY_STATUS: Final = {
    "FREE": ShowAs.FREE,
    "TENTATIVE": ShowAs.TENTATIVE,
    "BUSY": ShowAs.BUSY,
    "OOF": ShowAs.OOF,
    "WORKINGELSEWHERE": ShowAs.ELSEWHERE,
}
_PARTSTAT: Final = {
    "ACCEPTED": Response.ACCEPTED,
    "TENTATIVE": Response.TENTATIVE,
    "DECLINED": Response.DECLINED,
    "DELEGATED": Response.DECLINED,  # somebody else goes
    "NEEDS-ACTION": Response.UNANSWERED,
}
_CLASS: Final = {
    "": Sensitivity.NORMAL,
    "PUBLIC": Sensitivity.NORMAL,
    "PRIVATE": Sensitivity.PRIVATE,
    "CONFIDENTIAL": Sensitivity.CONFIDENTIAL,
}
_TEXT: Final = 255
_CATEGORIES: Final = 20


class Meaning:
    """What one event says, read once for all its occurrences."""

    __slots__ = ("_fields",)

    def __init__(
        self,
        component: Component,
        emails: frozenset[str],
        *,
        description: bool,
        cancelled: bool,
        ours: bool = False,
    ) -> None:
        organizer, response = invitation(component, emails)
        self._fields = {
            "show_as": show_as(component),
            "subject": text(component.value("SUMMARY"))[:_TEXT],
            "sensitivity": _CLASS.get(component.value("CLASS").upper(), Sensitivity.PRIVATE),
            "categories": _categories(component),
            "response": response,
            "organizer": organizer,
            "cancelled": cancelled or is_cancelled(component),
            "description": text(component.value("DESCRIPTION"))[:_TEXT] if description else "",
        }
        if ours and component.first(GIST) is not None:
            self._fields |= _heard(component.value(GIST))

    def facts(self) -> Booking:
        """Return what it says, without times and identity."""
        return Booking("", 0, 0, **self._fields)  # type: ignore[arg-type]  # as below

    def booking(self, uid: str, instance: Instance, *, recurring: bool, item: str) -> Booking:
        """Return one occurrence as a booking."""
        return Booking(
            uid=uid,
            start=instance.start,
            end=instance.end,
            recurring=recurring,
            all_day=instance.first_day is not None,
            first_day=instance.first_day,
            after_day=instance.after_day,
            item=item,
            **self._fields,  # type: ignore[arg-type]  # each under its own name
        )


def _heard(value: str) -> dict[str, Response | Gist]:
    """Return the answer and the gist of a private event of ours; a damaged one says nothing."""
    try:
        response, gist = msgspec.msgpack.decode(b64decode(value), type=tuple[Response, Gist])
    except (msgspec.DecodeError, ValueError):
        response, gist = Response.OWN, Gist()
    return {"response": response, "gist": gist}


def show_as(component: Component) -> ShowAs:
    """Return the free/busy status: Exchange's own word, then TRANSP, then STATUS."""
    for name in ("X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-INTENDEDSTATUS"):
        found = _BUSY_STATUS.get(component.value(name).upper())
        if found is not None:
            return found
    if component.value("TRANSP").upper() == "TRANSPARENT":
        return ShowAs.FREE
    if component.value("STATUS").upper() == "TENTATIVE":
        return ShowAs.TENTATIVE
    return ShowAs.BUSY


def is_cancelled(component: Component) -> bool:
    """Tell whether the event is called off, by itself or by the method of its calendar."""
    return component.value("STATUS").upper() in ("CANCELLED", "CANCELED") or (
        component.calendar.method == "CANCEL"
    )


def invitation(component: Component, emails: frozenset[str]) -> tuple[str, Response]:
    """Return the organizer (empty: the owner, or nobody) and the owner's answer."""
    line = component.first("ORGANIZER")
    organizers = _addresses(line) if line is not None else ()
    organizer = next(iter(organizers), "")
    mine = organizer == "" or not emails.isdisjoint(organizers)
    for attendee in component.all("ATTENDEE"):
        if not emails.isdisjoint(_addresses(attendee)):
            status = attendee.parameters().get("PARTSTAT", "NEEDS-ACTION").upper()
            answer = _PARTSTAT.get(status, Response.UNANSWERED)
            if mine:
                # Who calls a meeting need not answer; that he will not come is still an answer.
                answer = Response.DECLINED if answer is Response.DECLINED else Response.OWN
            return "" if mine else organizer, answer
    # Invited under another name (a list): that it stands in the calendar is all we know.
    return ("", Response.OWN) if mine else (organizer, Response.ACCEPTED)


def _addresses(line: Line) -> tuple[str, ...]:
    """Return the addresses of ORGANIZER or ATTENDEE: the EMAIL parameter, then the value."""
    value = line.value.strip().lower().removeprefix("mailto:").strip()
    email = line.parameters().get("EMAIL", "").strip().lower() if line.raw_parameters else ""
    return tuple(found for found in (email, value) if "@" in found)


def _categories(component: Component) -> tuple[str, ...]:
    found = [
        category[:_TEXT] for line in component.all("CATEGORIES") for category in texts(line.value)
    ]
    return tuple(dict.fromkeys(found))[:_CATEGORIES]
