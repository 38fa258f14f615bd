"""Calendar items → bookings: the hot path, one pass over an item's children.

Facts (protocol page, section 8): ``CalendarItemType`` is authoritative; a series' occurrences share
the UID, so an occurrence is UID and original start (``RecurrenceId``); an all-day item comes as
local midnights of the zone it was made in and means whole days of its owner. What is missing has
the value that never makes anybody available by mistake: an unknown status is busy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from functools import lru_cache, partial
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
_ORGANIZER_ADDRESS: Final = f"{_ORGANIZER}/{T}Mailbox/{T}EmailAddress"
_NESTED: Final = frozenset({_ITEM_ID, _CATEGORIES, _EXTENDED})
_SENDER: Final = frozenset({SENDER_SMTP, "0x5D02", SENDER_ADDRESS, "0x0065"})
_MAX_UID: Final = 400
_TRUE: Final = frozenset({"true", "1", "True"})

_Texts = dict[str, str | None]


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


class _Clock:
    """How the moments of one answer are read."""

    __slots__ = ("read", "zone")

    def __init__(self, zone: ZoneInfo, naive: tzinfo) -> None:
        self.zone = zone
        """The owner's."""
        self.read: Callable[[str], int] = moment if naive is UTC else partial(moment, naive=naive)


def read_items(elements: Iterable[etree._Element], zone: ZoneInfo, naive: tzinfo = UTC) -> Items:
    """Return the bookings among items; ``zone`` is the mailbox owner's.

    ``naive`` is the zone of moments that carry none (the request's ``TimeZoneContext``).
    """
    bookings: dict[str, Booking] = {}
    ids: dict[str, str] = {}
    skipped: list[Skipped] = []
    ours: list[str] = []
    masters: list[str] = []
    others = 0
    clock = _Clock(zone, naive)
    for element in elements:
        if element.tag != _ITEM:
            others += isinstance(element.tag, str)
            continue
        texts, item, categories, sender, marked = _read(element)
        if marked:
            ours.append(item)
            continue
        if texts.get(_TYPE) == "RecurringMaster":
            masters.append(item)
            continue
        try:
            booking = _booking(element, texts, item, categories, sender, clock)
        except BadBooking as error:
            skipped.append(Skipped(error.uid, error.reason))
            continue
        uid = booking.uid
        if uid in bookings:
            if ids[uid] == item:
                continue
            booking = apart(booking, item)
            uid = booking.uid
        bookings[uid] = booking
        ids[uid] = item
    return Items(
        tuple(bookings.values()),
        tuple(ids.values()),
        tuple(skipped),
        tuple(ours),
        tuple(masters),
        others,
    )


def read_item(element: etree._Element, zone: ZoneInfo) -> tuple[str, Booking]:
    """Return the id of one item and what it says of itself, a series' master too.

    Raises ``BadBooking`` where it is no booking.
    """
    texts, item, categories, sender, _ = _read(element)
    return item, _booking(element, texts, item, categories, sender, _Clock(zone, UTC))


def apart(booking: Booking, item: str) -> Booking:
    """Return a second appointment with the same identity under one of its own."""
    return msgspec.structs.replace(booking, uid=f"{booking.uid}#{_short(item)}")


def _read(element: etree._Element) -> tuple[_Texts, str, tuple[str, ...], str, bool]:
    """Return an item's texts by name, its id, categories, sender, and whether it is marked ours.

    One pass, and no search below it: a search costs as much as five fields.
    """
    texts: _Texts = {}
    item = sender = ""
    categories: tuple[str, ...] = ()
    marked = False
    for child in element:
        tag = child.tag
        if tag not in _NESTED:
            texts[tag] = child.text
        elif tag == _EXTENDED:
            if len(child) < 2:
                continue
            field = child[0]
            if field.get("PropertyTag") in _SENDER:
                sender = _address(child[1].text)
            else:
                marked = marked or _is_mark(field)
        elif tag == _ITEM_ID:
            item = child.get("Id", "")
        else:
            categories = _categories(child)
    return texts, item, categories, sender, marked


def _is_mark(field: etree._Element) -> bool:
    ours = field.get("PropertySetId", "").lower() == MARK_SET
    return ours and field.get("PropertyName") == MARK_NAME


def _categories(listed: etree._Element) -> tuple[str, ...]:
    texts = [text.strip() for name in listed if (text := name.text)]
    return tuple([text for text in texts[:MAX_CATEGORIES] if text])


def _address(text: str | None) -> str:
    """Return an SMTP address, or nothing: inside an organization it may be a directory name."""
    return text.strip().lower() if text and "@" in text else ""


def _booking(
    element: etree._Element,
    texts: _Texts,
    item: str,
    categories: tuple[str, ...],
    sender: str,
    clock: _Clock,
) -> Booking:
    uid = (texts.get(_UID) or f"id:{_short(item)}")[:_MAX_UID]
    try:
        start, end = clock.read(texts.get(_START) or ""), clock.read(texts.get(_END) or "")
    except (ValueError, OverflowError) as error:
        raise BadBooking(uid, _wrong_time(texts, clock)) from error
    if end < start:
        raise BadBooking(uid, "it ends before it begins")
    flags = _flags(texts.get(_STATE) or "0")
    series = texts.get(_TYPE) in _SERIES
    first = after = None
    all_day = texts.get(_ALL_DAY) in _TRUE
    if all_day:
        first, after = _days(start, end, _made_in(element, texts), clock.zone)
    return Booking(
        f"{uid}/{_original(texts, start, clock)}" if series else uid,
        start,
        end,
        SHOW_AS.get(texts.get(_STATUS) or "", ShowAs.BUSY),
        (texts.get(_SUBJECT) or "")[:MAX_SUBJECT],
        _SENSITIVITY.get(texts.get(_PRIVACY) or "Normal", Sensitivity.PRIVATE),
        categories,
        _RESPONSE.get(texts.get(_MY_RESPONSE) or "") or _unsaid(flags),
        sender or (_address(element.findtext(_ORGANIZER_ADDRESS)) if _ORGANIZER in texts else ""),
        texts.get(_IS_CANCELLED) in _TRUE or bool(flags & _CANCELLED),
        series or texts.get(_IS_RECURRING) in _TRUE,
        all_day,
        first,
        after,
    )


def _made_in(element: etree._Element, texts: _Texts) -> str:
    """Return the Windows name of the zone an item was made in, where it is told."""
    definition = element.find(_ZONE)
    return texts.get(_ZONE_ID) or (definition.get("Id") if definition is not None else "") or ""


def _wrong_time(texts: _Texts, clock: _Clock) -> str:
    for name in (_START, _END):
        told = texts.get(name)
        if not told:
            return f"it has no {name.rpartition('}')[2]}"
        try:
            clock.read(told)
        except (ValueError, OverflowError):
            return f"its {name.rpartition('}')[2]} is no time"
    return "it has no time"


def _original(texts: _Texts, start: int, clock: _Clock) -> int:
    """Return when the series meant it to begin: the same over moves of the occurrence."""
    told = texts.get(_RECURRENCE_ID) or texts.get(_ORIGINAL)
    try:
        return clock.read(told) if told else start
    except (ValueError, OverflowError):
        return start


@lru_cache(maxsize=64)
def _flags(told: str) -> int:
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0


def _unsaid(flags: int) -> Response:
    """``Unknown``: one's own appointment, or an invitation that nobody has looked at."""
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
