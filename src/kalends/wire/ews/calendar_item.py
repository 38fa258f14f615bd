"""Calendar items → bookings: the hot path, one pass over an item's children.

Facts (protocol page, section 8): ``CalendarItemType`` is authoritative; a series' occurrences share
the UID, so an occurrence is UID and original start (``RecurrenceId``); an all-day item comes as
local midnights of the zone it was made in and means whole days of its owner. What is missing has
the value that never makes anybody available by mistake: an unknown status is busy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from hashlib import blake2b
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from lxml import etree

from kalends.errors import BadBooking
from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.wire.ews.names import T
from kalends.wire.ews.shapes import MARK_NAME, MARK_SET, SENDER_ADDRESS, SENDER_SMTP
from kalends.wire.ews.times import is_midnight, local_day, moment, nearest_day
from kalends.wire.icalendar.zones import named

MAX_SUBJECT: Final = 255
MAX_CATEGORIES: Final = 64
_CANCELLED: Final = 4
_RECEIVED: Final = 2
"""Bits of ``AppointmentState`` (PidLidAppointmentStateFlags)."""

SHOW_AS: Final = {
    "Free": ShowAs.FREE,
    "Tentative": ShowAs.TENTATIVE,
    "Busy": ShowAs.BUSY,
    "OOF": ShowAs.OOF,
    "WorkingElsewhere": ShowAs.ELSEWHERE,
}
"""What is not here (``NoData``, words of tomorrow) is busy: unknown is not free."""
_SENSITIVITY: Final = {
    "Normal": Sensitivity.NORMAL,
    "Personal": Sensitivity.PERSONAL,
    "Private": Sensitivity.PRIVATE,
    "Confidential": Sensitivity.CONFIDENTIAL,
}
_RESPONSE: Final = {
    "Organizer": Response.OWN,
    "Accept": Response.ACCEPTED,
    "Tentative": Response.TENTATIVE,
    "Decline": Response.DECLINED,
    "NoResponseReceived": Response.UNANSWERED,
}
_SERIES: Final = frozenset({"Occurrence", "Exception"})
_ITEM: Final = T + "CalendarItem"
_ITEM_ID: Final = T + "ItemId"
_CATEGORIES: Final = T + "Categories"
_EXTENDED: Final = T + "ExtendedProperty"
_ORGANIZER: Final = T + "Organizer"
_ZONE: Final = T + "StartTimeZone"
_ZONE_ID: Final = T + "StartTimeZoneId"
_SUBJECT: Final = T + "Subject"
_UID: Final = T + "UID"
_RECURRENCE_ID: Final = T + "RecurrenceId"
_ORIGINAL: Final = T + "OriginalStart"
_START: Final = T + "Start"
_END: Final = T + "End"
_ALL_DAY: Final = T + "IsAllDayEvent"
_STATUS: Final = T + "LegacyFreeBusyStatus"
_PRIVACY: Final = T + "Sensitivity"
_IS_CANCELLED: Final = T + "IsCancelled"
_IS_RECURRING: Final = T + "IsRecurring"
_TYPE: Final = T + "CalendarItemType"
_MY_RESPONSE: Final = T + "MyResponseType"
_STATE: Final = T + "AppointmentState"
_TRUE: Final = frozenset({"true", "1", "True"})

_Texts = dict[object, str | None]


class Skipped(NamedTuple):
    """An item that is no booking."""

    uid: str
    reason: str
    """No personal data."""


@dataclass(frozen=True, slots=True)
class Items:
    """What a list of items holds."""

    bookings: tuple[Booking, ...]
    ids: tuple[str, ...]
    """The item id of each booking, in the same order (for ``get_item``)."""
    skipped: tuple[Skipped, ...] = ()
    """Broken items; the rest lives."""
    ours: tuple[str, ...] = ()
    """Item ids of appointments Kalends wrote: never read back as news."""
    masters: tuple[str, ...] = ()
    """Item ids of series that the server did not expand: read each with ``get_item``."""
    others: int = 0
    """Items of the folder that are no appointments."""


@dataclass(slots=True)
class _Found:
    """One item while its children are read."""

    id: str = ""
    categories: tuple[str, ...] = ()
    organizer: str = ""
    zone: str = ""
    ours: bool = False


def read_items(elements: Iterable[etree._Element], zone: ZoneInfo, naive: tzinfo = UTC) -> Items:
    """Return the bookings among items; ``zone`` is the mailbox owner's.

    ``naive`` is the zone of moments that carry none (the request's ``TimeZoneContext``).
    """
    bookings: dict[str, tuple[Booking, str]] = {}
    skipped: list[Skipped] = []
    ours: list[str] = []
    masters: list[str] = []
    others = 0
    for element in elements:
        if element.tag != _ITEM:
            others += isinstance(element.tag, str)
            continue
        found = _Found()
        texts = _texts(element, found)
        if found.ours:
            ours.append(found.id)
        elif texts.get(_TYPE) == "RecurringMaster":
            masters.append(found.id)
        else:
            try:
                booking = _booking(texts, found, zone, naive)
            except BadBooking as error:
                skipped.append(Skipped(error.uid, error.reason))
                continue
            _keep(bookings, booking, found.id)
    kept = bookings.values()
    return Items(
        tuple([booking for booking, _ in kept]),
        tuple([item for _, item in kept]),
        tuple(skipped),
        tuple(ours),
        tuple(masters),
        others,
    )


def _keep(bookings: dict[str, tuple[Booking, str]], booking: Booking, item: str) -> None:
    """Keep a booking; a second one with its identity is a copy, unless it is the same item."""
    before = bookings.setdefault(booking.uid, (booking, item))
    if before[0] is not booking and before[1] != item:
        copy = msgspec.structs.replace(booking, uid=f"{booking.uid}#{_short(item)}")
        bookings.setdefault(copy.uid, (copy, item))


def _texts(element: etree._Element, found: _Found) -> _Texts:
    """Return an item's simple fields by name; what is nested goes into ``found``."""
    texts: _Texts = {}
    for child in element:
        tag = child.tag
        nested = _NESTED.get(tag)
        if nested is None:
            texts[tag] = child.text
        else:
            nested(child, found)
    return texts


def _item_id(child: etree._Element, found: _Found) -> None:
    found.id = child.get("Id", "")


def _categories(child: etree._Element, found: _Found) -> None:
    texts = [text.strip() for name in child if (text := name.text)]
    found.categories = tuple(text for text in texts[:MAX_CATEGORIES] if text)


def _organizer(child: etree._Element, found: _Found) -> None:
    """Take the address where the server tells one (FindItem often tells only the name)."""
    address = child.findtext(f"{T}Mailbox/{T}EmailAddress")
    if address and "@" in address and not found.organizer:
        found.organizer = address.strip().lower()


def _extended(child: etree._Element, found: _Found) -> None:
    field = child[0] if len(child) else None
    if field is None:
        return
    if field.get("PropertyName") == MARK_NAME:
        found.ours = field.get("PropertySetId", "").lower() == MARK_SET
    elif field.get("PropertyTag", "").lower() in (SENDER_SMTP, SENDER_ADDRESS):
        address = child.findtext(T + "Value")
        if address and "@" in address:
            found.organizer = address.strip().lower()


def _zone(child: etree._Element, found: _Found) -> None:
    found.zone = child.get("Id", "") or (child.text or "")


_NESTED: Final = {
    _ITEM_ID: _item_id,
    _CATEGORIES: _categories,
    _ORGANIZER: _organizer,
    _EXTENDED: _extended,
    _ZONE: _zone,
    _ZONE_ID: _zone,
}


def _booking(texts: _Texts, found: _Found, zone: ZoneInfo, naive: tzinfo) -> Booking:
    uid = texts.get(_UID) or f"id:{_short(found.id)}"
    start, end = _moment(texts, _START, naive, uid), _moment(texts, _END, naive, uid)
    if end < start:
        raise BadBooking(uid[:80], "it ends before it begins")
    state = texts.get(_STATE) or "0"
    flags = int(state) if state.isdecimal() and state.isascii() and len(state) < 10 else 0
    series = texts.get(_TYPE) in _SERIES
    first = after = None
    all_day = texts.get(_ALL_DAY) in _TRUE
    if all_day:
        first, after = _days(start, end, found.zone, zone)
    return Booking(
        f"{uid[:400]}/{_original(texts, start, naive)}" if series else uid[:400],
        start,
        end,
        SHOW_AS.get(texts.get(_STATUS) or "", ShowAs.BUSY),
        (texts.get(_SUBJECT) or "")[:MAX_SUBJECT],
        _SENSITIVITY.get(texts.get(_PRIVACY) or "Normal", Sensitivity.PRIVATE),
        found.categories,
        _response(texts.get(_MY_RESPONSE), flags),
        found.organizer,
        texts.get(_IS_CANCELLED) in _TRUE or bool(flags & _CANCELLED),
        series or texts.get(_IS_RECURRING) in _TRUE,
        all_day,
        first,
        after,
    )


def _moment(texts: _Texts, name: str, naive: tzinfo, uid: str) -> int:
    text = texts.get(name)
    if not text:
        raise BadBooking(uid[:80], f"it has no {name.rpartition('}')[2]}")
    try:
        return moment(text, naive)
    except (ValueError, OverflowError) as error:
        raise BadBooking(uid[:80], f"its {name.rpartition('}')[2]} is no time") from error


def _original(texts: _Texts, start: int, naive: tzinfo) -> int:
    """Return when the series meant it to begin: the same over moves of the occurrence."""
    told = texts.get(_RECURRENCE_ID) or texts.get(_ORIGINAL)
    try:
        return moment(told, naive) if told else start
    except (ValueError, OverflowError):
        return start


def _response(told: str | None, flags: int) -> Response:
    found = _RESPONSE.get(told or "")
    if found is not None:
        return found
    # Unknown: one's own appointment, or an invitation nobody has looked at.
    return Response.UNANSWERED if flags & _RECEIVED else Response.OWN


def _days(start: int, end: int, told: str, owner: ZoneInfo) -> tuple[date, date]:
    """Return the local days ``[first, after)`` of an all-day item."""
    made_in = named(told) if told else None
    for known in (made_in, owner):
        if known is not None and is_midnight(start, known) and is_midnight(end, known):
            first, after = local_day(start, known), local_day(end, known)
            break
    else:
        first, after = nearest_day(start, owner), nearest_day(end, owner)
    return first, after if after > first else first + timedelta(days=1)


def _short(item: str) -> str:
    return blake2b(item.encode(), digest_size=8).hexdigest()
