"""CreateItem: write-back. A manual presence becomes an appointment, marked as ours.

The mark is an extended property with a set of our own, so that the appointment is known again and
never read back as news. Nobody is invited, nothing is sent. Times are UTC (``Z``), which every
version takes without a zone; an all-day item would be rounded in the request's zone, so write-back
makes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.booking import Sensitivity, ShowAs
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.ews.folders import CALENDAR, Folder, ItemId
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import mark
from kalends.wire.ews.soap import Context, add, one, operation, read, request
from kalends.wire.ews.times import written
from kalends.wire.ews.versions import Feature, offers

MAX_DURATION: Final = 5 * 365 * 86_400
"""Longer ones are ErrorCalendarDurationIsTooLong."""
_STATUS: Final = {
    ShowAs.FREE: "Free",
    ShowAs.TENTATIVE: "Tentative",
    ShowAs.BUSY: "Busy",
    ShowAs.OOF: "OOF",
}


@dataclass(frozen=True, slots=True)
class Appointment:
    """What write-back puts into a calendar."""

    interval: Interval
    subject: str
    """At most 255 characters are written."""
    mark: str
    """What tells this one from others of ours; no personal data. Never empty."""
    show_as: ShowAs = ShowAs.BUSY
    sensitivity: Sensitivity = Sensitivity.NORMAL


def status_word(context: Context, show_as: ShowAs) -> str:
    """Return Exchange's word; before 2013 nobody could work elsewhere, and was shown free."""
    if show_as is ShowAs.ELSEWHERE:
        return "WorkingElsewhere" if offers(context.version, Feature.ELSEWHERE) else "Free"
    return _STATUS[show_as]


def build_create_item(
    context: Context, appointment: Appointment, folder: Folder = CALENDAR
) -> Request:
    """Put an appointment into a calendar; ``ValueError`` where it has no length or no mark."""
    start, end = appointment.interval
    if not 0 < end - start <= MAX_DURATION or not appointment.mark:
        raise ValueError("an appointment has a length of at most five years, and a mark")
    create = operation("CreateItem", SendMeetingInvitations="SendToNone")
    folder.write(add(create, M + "SavedItemFolderId"))
    item = add(add(create, M + "Items"), T + "CalendarItem")
    add(item, T + "Subject", appointment.subject[:255])
    add(item, T + "Sensitivity", appointment.sensitivity.value.capitalize())
    # The schema is a sequence: the order below is part of it.
    add(item, T + "ReminderIsSet", "false")
    _mark(item, appointment.mark)
    add(item, T + "Start", written(start))
    add(item, T + "End", written(end))
    add(item, T + "IsAllDayEvent", "false")
    add(item, T + "LegacyFreeBusyStatus", status_word(context, appointment.show_as))
    return request(context, create)


def parse_create_item(response: Response) -> ItemId:
    """Return the new item."""
    return item_of(one(read(response), "CreateItemResponse").accept(), "CreateItemResponse")


def item_of(element: etree._Element, operation_name: str) -> ItemId:
    """Return the item a response message names."""
    told = element.find(f"{M}Items/*/{T}ItemId")
    if told is None or not told.get("Id"):
        raise BadAnswer(f"{operation_name} names no item")
    return ItemId(str(told.get("Id")), str(told.get("ChangeKey", "")))


def _mark(item: etree._Element, text: str) -> None:
    extended = add(item, T + "ExtendedProperty")
    mark(extended)
    add(extended, T + "Value", text)
