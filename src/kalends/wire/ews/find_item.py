"""FindItem with a CalendarView: the only call that expands series ([MS-OXWSSRCH] 3.1.4.2).

The view cannot be paged: a full one is split by time (``halves``) and asked again. Since 2010 SP1
a full view is silently a part of it, so ``CalendarPage.full`` must be looked at. Items that only
touch the window come too and are left out here: intervals are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from kalends.errors import BadAnswer, TooLarge
from kalends.model.booking import Booking
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.ews.calendar_item import Items, apart, read_items
from kalends.wire.ews.folders import CALENDAR, Folder, parent_folders
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import calendar_shape
from kalends.wire.ews.soap import Context, add, one, operation, read, request
from kalends.wire.ews.times import written
from kalends.wire.ews.versions import ServerVersion

MAX_ENTRIES: Final = 500
"""Asked at once; EWSFindCountLimit is 1000 by default, and memory is bounded by it."""
MAX_WINDOW: Final = 2 * 365 * 86_400
"""Longer ones are ErrorCalendarViewRangeTooBig."""
_NARROWEST: Final = 60


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """One answer to a calendar view."""

    items: Items
    full: bool
    """The server holds more in this window: ask its ``halves`` instead, and use nothing of it."""
    total: int
    """Items in the view, as the server counts; those of this answer where it does not."""
    server: ServerVersion | None = None


def build_find_item(
    context: Context,
    window: Interval,
    folder: Folder = CALENDAR,
    max_entries: int = MAX_ENTRIES,
) -> Request:
    """Ask for the appointments of a window, series expanded.

    Raises ``ValueError`` on a window that is empty or longer than ``MAX_WINDOW``.
    """
    if not 0 < window.end - window.start <= MAX_WINDOW:
        raise ValueError("a calendar view is longer than nothing and at most two years")
    find = operation("FindItem", Traversal="Shallow")
    calendar_shape(find, context)
    add(
        find,
        M + "CalendarView",
        MaxEntriesReturned=str(max_entries),
        StartDate=written(window.start),
        EndDate=written(window.end),
    )
    parent_folders(find, (folder,))
    return request(context, find)


def parse_find_item(
    response: Response,
    window: Interval,
    zone: ZoneInfo,
    *,
    max_entries: int = MAX_ENTRIES,
    naive: tzinfo = UTC,
) -> CalendarPage:
    """Read the appointments of a window; ``zone`` is the mailbox owner's.

    Raises the errors of ``soap.read``, and ``BadAnswer`` where the folder is missing: an answer
    without it must never pass for an empty calendar.
    """
    answer = read(response)
    root = one(answer, "FindItemResponse").accept().find(M + "RootFolder")
    if root is None:
        raise BadAnswer("FindItemResponse has no RootFolder")
    listed = root.find(T + "Items")
    if listed is None:
        # 2013 leaves empty lists out; a folder that counts items and lists none is cut.
        if _number(root, "TotalItemsInView") > 0:
            raise BadAnswer("FindItemResponse counts items and lists none")
        return CalendarPage(Items((), ()), not _last(root), 0, answer.server)
    items = read_items(listed, zone, naive)
    full = len(listed) >= max_entries or not _last(root)
    total = _number(root, "TotalItemsInView")
    return CalendarPage(_within(items, window), full, max(total, len(listed)), answer.server)


def halves(window: Interval) -> tuple[Interval, Interval]:
    """Return the two halves of a window that was full.

    Raises ``TooLarge`` where nobody has that many appointments within a minute.
    """
    if window.end - window.start <= _NARROWEST:
        raise TooLarge("more appointments at one moment than the server returns at once")
    middle = (window.start + window.end) // 2
    return Interval(window.start, middle), Interval(middle, window.end)


def join(pages: list[Items]) -> Items:
    """Put the parts of a split window together; what lies on a cut comes twice and counts once.

    Two appointments may share a UID: apart they count as they do within one part.
    """
    kept: dict[str, tuple[Booking, str]] = {}
    for page in pages:
        for booking, item in zip(page.bookings, page.ids, strict=True):
            other, known = kept.get(booking.uid, (booking, item))
            same = known == item or (other.start, other.end) == (booking.start, booking.end)
            found = booking if same else apart(booking, item)
            kept.setdefault(found.uid, (found, item))
    return Items(
        tuple(booking for booking, _ in kept.values()),
        tuple(item for _, item in kept.values()),
        tuple(dict.fromkeys(skipped for page in pages for skipped in page.skipped)),
        tuple(dict.fromkeys(item for page in pages for item in page.ours)),
        tuple(dict.fromkeys(item for page in pages for item in page.masters)),
        sum(page.others for page in pages),
    )


def _within(items: Items, window: Interval) -> Items:
    """Leave out what only touches the window; a booking without length counts where it stands."""
    start, end = window
    inside = [
        booking.start < end and (booking.end > start or booking.start == booking.end == start)
        for booking in items.bookings
    ]
    if all(inside):
        return items
    return Items(
        tuple(found for found, keep in zip(items.bookings, inside, strict=True) if keep),
        tuple(found for found, keep in zip(items.ids, inside, strict=True) if keep),
        items.skipped,
        items.ours,
        items.masters,
        items.others,
    )


def _last(root: etree._Element) -> bool:
    return str(root.get("IncludesLastItemInRange", "true")).strip() in ("true", "1")


def _number(root: etree._Element, name: str) -> int:
    told = str(root.get(name, "0")).strip()
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0
