"""GetUserAvailability: busy times with the fewest rights there are, and work hours.

Least privilege on purpose is a supported mode: no impersonation, no access to the mailbox; how much
is told depends on the calendar's Default permission. Times in the answer carry no zone: they are in
the zone of the request, which is always UTC here. One mailbox that cannot be read never blanks the
others. No data is not free: digits that leave part of the window untold are none at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final, Literal
from zoneinfo import ZoneInfo

from lxml import etree

from kalends.errors import BadAnswer, BadBooking
from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.http import Request
from kalends.model.http import Response as HttpResponse
from kalends.model.person import WorkHours
from kalends.model.times import Interval
from kalends.wire.ews.calendar_item import MAX_SUBJECT, SHOW_AS, Skipped
from kalends.wire.ews.errors import Answered, Fault, error_of
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import (
    Answer,
    Context,
    add,
    message,
    need,
    operation,
    read,
    request,
)
from kalends.wire.ews.times import is_midnight, local_day, moment, written_naive
from kalends.wire.ews.versions import Feature
from kalends.wire.ews.work_hours import read_work_hours

MAX_MAILBOXES: Final = 100
"""In one request; a distribution group counts its members."""
MAX_WINDOW: Final = 42 * 86_400
"""By default; longer ones are ErrorTimeIntervalTooBig."""
STEP: Final = 15
"""Minutes a merged digit stands for."""
View = Literal["MergedOnly", "FreeBusy", "Detailed", "FreeBusyMerged", "DetailedMerged"]
_DIGITS: Final = {
    "1": ShowAs.TENTATIVE,
    "2": ShowAs.BUSY,
    "3": ShowAs.OOF,
    "4": ShowAs.ELSEWHERE,
}
"""Of 2013 and later; before, 4 was NoData, which is 5 now."""
_NO_DATA: Final = "45"
_SINCE_2013: Final = frozenset("01234")
_BEFORE: Final = frozenset("0123")
_ELSEWHERE_FROM: Final = 15
"""Major version."""
_TRUE: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True)
class Availability:
    """What one mailbox tells."""

    bookings: tuple[Booking, ...] = ()
    work_hours: WorkHours | None = None
    view: str = ""
    """``FreeBusyViewType`` of the answer; it may be less than asked."""
    skipped: tuple[Skipped, ...] = ()
    trouble: Answered | None = None
    """Why this mailbox tells nothing; the others do not care."""


def build_get_user_availability(
    context: Context,
    mailboxes: tuple[str, ...],
    window: Interval,
    view: View = "DetailedMerged",
) -> Request:
    """Ask for busy times of 1 to 100 mailboxes over at most 42 days (``ValueError`` otherwise).

    ``NotOffered`` where impersonation is asked of a version that does not allow it here.
    """
    if context.impersonate:
        need(context, Feature.AVAILABILITY_IMPERSONATED)
    if not 0 < len(mailboxes) <= MAX_MAILBOXES:
        raise ValueError(f"availability is asked of 1 to {MAX_MAILBOXES} mailboxes")
    if not 0 < window.end - window.start <= MAX_WINDOW:
        raise ValueError("availability is asked for at most 42 days")
    get = operation("GetUserAvailabilityRequest")
    _utc(get)
    listed = add(get, M + "MailboxDataArray")
    for address in mailboxes:
        data = add(listed, T + "MailboxData")
        add(add(data, T + "Email"), T + "Address", address)
        add(data, T + "AttendeeType", "Required")
        add(data, T + "ExcludeConflicts", "false")
    options = add(get, T + "FreeBusyViewOptions")
    times = add(options, T + "TimeWindow")
    add(times, T + "StartTime", written_naive(window.start))
    add(times, T + "EndTime", written_naive(window.end))
    add(options, T + "MergedFreeBusyIntervalInMinutes", str(STEP))
    add(options, T + "RequestedView", view)
    return request(context, get)


def _utc(parent: etree._Element) -> None:
    """Append UTC in the old form, which servers demand to this day: no bias, summer or winter."""
    zone = add(parent, T + "TimeZone")
    add(zone, T + "Bias", "0")
    for name, month in (("StandardTime", "10"), ("DaylightTime", "3")):
        change = add(zone, T + name)
        for part, text in (
            ("Bias", "0"),
            ("Time", "02:00:00"),
            ("DayOrder", "5"),
            ("Month", month),
            ("DayOfWeek", "Sunday"),
        ):
            add(change, T + part, text)


def parse_get_user_availability(
    response: HttpResponse,
    mailboxes: tuple[str, ...],
    window: Interval,
    zones: dict[str, ZoneInfo],
) -> dict[str, Availability]:
    """Read every mailbox's answer; they come in the order asked.

    ``zones`` are the owners', to know whole days; a mailbox without one is read in UTC.
    """
    answer = read(response)
    newer = answer.server is not None and answer.server.major >= _ELSEWHERE_FROM
    digits = _SINCE_2013 if newer else _BEFORE
    utc = ZoneInfo("UTC")
    return {
        address: _availability(element, window, zones.get(address, utc), digits)
        for address, element in zip(mailboxes, _told(answer, len(mailboxes)), strict=True)
    }


def parse_merged(response: HttpResponse, asked: int) -> tuple[str, ...]:
    """Read a digit for each ``STEP`` minutes of so many mailboxes, in the order asked.

    Empty for whom the server tells a trouble, or no data at all.
    """
    return tuple(_digits(element) for element in _told(read(response), asked))


def _told(answer: Answer, asked: int) -> list[etree._Element]:
    content = answer.content
    listed = content.find(M + "FreeBusyResponseArray")
    if content.tag != M + "GetUserAvailabilityResponse" or listed is None:
        whole = content.find(M + "ResponseMessage")
        if whole is not None:
            raise error_of(message(whole).fault)
        raise BadAnswer("the answer is no GetUserAvailabilityResponse")
    told = list(listed.iterfind(M + "FreeBusyResponse"))
    if len(told) != asked:
        raise BadAnswer("availability was told for another number of mailboxes than asked")
    return told


def _digits(element: etree._Element) -> str:
    said = element.find(M + "ResponseMessage")
    if said is not None and not message(said).usable():
        return ""
    merged = (element.findtext(f"{M}FreeBusyView/{T}MergedFreeBusy") or "").strip()
    return merged if merged.strip(_NO_DATA) else ""


def _availability(
    element: etree._Element, window: Interval, zone: ZoneInfo, digits: frozenset[str]
) -> Availability:
    said = element.find(M + "ResponseMessage")
    if said is not None and not message(said).usable():
        return Availability(trouble=error_of(message(said).fault))
    view = element.find(M + "FreeBusyView")
    kind = (view.findtext(T + "FreeBusyViewType") or "").strip() if view is not None else "None"
    if view is None or kind == "None":
        return Availability(trouble=error_of(Fault("ErrorNoFreeBusyAccess")))
    hours = read_work_hours(view.find(T + "WorkingHours"))
    merged = (view.findtext(T + "MergedFreeBusy") or "").strip()
    bookings, skipped = _events(view, zone)
    # Digits may know of more than no events at all: of busy times, or that there is no data.
    if kind != "MergedOnly" and (bookings or skipped or not merged.strip("0")):
        return Availability(bookings, hours, kind, skipped)
    if not _tells(merged, window, digits):
        return Availability(view=kind, trouble=error_of(Fault("ErrorNoFreeBusyAccess")))
    return Availability(tuple(_merged(merged, window)), hours, kind)


def _events(
    view: etree._Element, zone: ZoneInfo
) -> tuple[tuple[Booking, ...], tuple[Skipped, ...]]:
    found: dict[str, Booking] = {}
    skipped: list[Skipped] = []
    for event in view.iterfind(f"{T}CalendarEventArray/{T}CalendarEvent"):
        try:
            booking = _event(event, zone)
        except BadBooking as error:
            skipped.append(Skipped(error.uid, error.reason))
            continue
        found.setdefault(booking.uid, booking)
    return tuple(found.values()), tuple(skipped)


def _event(event: etree._Element, zone: ZoneInfo) -> Booking:
    details = event.find(T + "CalendarEventDetails")
    told = {} if details is None else {str(part.tag)[len(T) :]: part.text or "" for part in details}
    try:
        start = moment(event.findtext(T + "StartTime") or "")
        end = moment(event.findtext(T + "EndTime") or "")
    except (ValueError, OverflowError) as error:
        raise BadBooking(told.get("ID", "")[:80], "its time is no time") from error
    if end < start:
        raise BadBooking(told.get("ID", "")[:80], "it ends before it begins")
    show_as = SHOW_AS.get((event.findtext(T + "BusyType") or "").strip(), ShowAs.BUSY)
    first, after = _whole_days(start, end, zone)
    return Booking(
        # Without an id the interval is all that tells one busy time from another.
        f"{told.get('ID', '')[:400]}/{start}"
        if told.get("ID")
        else f"busy/{start}/{end}/{show_as}",
        start,
        end,
        show_as,
        told.get("Subject", "")[:MAX_SUBJECT],
        Sensitivity.PRIVATE if told.get("IsPrivate") in _TRUE else Sensitivity.NORMAL,
        # Who organizes a meeting is not told: it counts by its show-as, as a foreign one does.
        response=Response.ACCEPTED if told.get("IsMeeting") in _TRUE else Response.OWN,
        recurring=told.get("IsRecurring") in _TRUE,
        all_day=first is not None,
        first_day=first,
        after_day=after,
        busy_only=details is None,
    )


def _whole_days(start: int, end: int, zone: ZoneInfo) -> tuple[date | None, date | None]:
    """Return the days of what reaches from midnight to midnight: free/busy tells no all-day."""
    if end - start < 23 * 3600 or not (is_midnight(start, zone) and is_midnight(end, zone)):
        return None, None
    return local_day(start, zone), local_day(end, zone)


def _tells(merged: str, window: Interval, digits: frozenset[str]) -> bool:
    """Tell whether the whole window is told: what is cut short or without data is not free."""
    wanted = -(-(window.end - window.start) // (STEP * 60))
    told = set(merged[:wanted])
    # Nobody works elsewhere day and night: that is a server for which 4 still is no data.
    return len(merged) >= wanted and told <= digits and told != {"4"}


def _merged(digits: str, window: Interval) -> list[Booking]:
    """Return busy times out of one digit per quarter of an hour."""
    found: list[Booking] = []
    at = window.start
    for digit, run in groupby(digits):
        end = at + STEP * 60 * sum(1 for _ in run)
        show_as = _DIGITS.get(digit, ShowAs.FREE if digit == "0" else None)
        if show_as is not None and show_as is not ShowAs.FREE and at < window.end:
            uid = f"busy/{at}/{end}/{show_as}"
            found.append(Booking(uid, at, min(end, window.end), show_as, busy_only=True))
        at = end
    return found
