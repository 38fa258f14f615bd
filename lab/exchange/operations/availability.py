"""GetUserAvailability and GetUserOofSettings: what others may know of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from lab.exchange import ids
from lab.exchange.calendar import Entry, window
from lab.exchange.mailbox import Mailbox
from lab.exchange.operations.zones import bias
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, flag, refused
from lab.exchange.xml import M, Node, T, answer, m, stamp, t, text_of, truth
from lab.exchange.zones import serialized

LONGEST: Final = timedelta(days=42)
MOST: Final = 100
_DIGITS: Final = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "WorkingElsewhere": 4}
_VIEWS: Final = ("None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged")


def get_user_availability(call: Call) -> Node:
    """Answer GetUserAvailability; times are in the zone the request brings."""
    if call.impersonating and call.version.rank < 4:  # before 2010 SP2
        raise Fault("ErrorInvalidRequest", "Availability cannot be asked under impersonation.")
    zone = call.body.find(T + "TimeZone")
    if zone is None:
        raise Fault("ErrorTimeZone", "The request names no time zone.")
    options = call.body.find(T + "FreeBusyViewOptions")
    span = options.find(T + "TimeWindow") if options is not None else None
    if options is None or span is None:
        raise Fault("ErrorInvalidFreeBusyViewType")
    start, end = (
        datetime.fromisoformat(flag(span, name).removesuffix("Z")).replace(tzinfo=None)
        for name in ("StartTime", "EndTime")
    )
    if end <= start:
        raise Fault("ErrorInvalidTimeInterval")
    if end - start > LONGEST:
        raise Fault("ErrorTimeIntervalTooBig")
    people = call.body.findall(f"{M}MailboxDataArray/{T}MailboxData")
    if not people:
        raise Fault("ErrorMailboxDataArrayEmpty")
    if len(people) > MOST:
        raise Fault("ErrorMailboxDataArrayTooBig")
    view = flag(options, "RequestedView", "FreeBusy")
    step = int(flag(options, "MergedFreeBusyIntervalInMinutes", "30"))
    root = answer("GetUserAvailabilityResponse")
    found = m(root, "FreeBusyResponseArray")
    for one in people:
        address = text_of(one.find(f"{T}Email/{T}Address"))
        _person(call, m(found, "FreeBusyResponse"), address, (start, end), zone, view, step)
    return root


def _person(
    call: Call,
    node: Node,
    address: str,
    span: tuple[datetime, datetime],
    zone: Node,
    view: str,
    step: int,
) -> None:
    head = m(node, "ResponseMessage", ResponseClass="Success")
    try:
        box, level = _allowed(call, address)
    except Refusal as refusal:
        refused(head, refusal)
        t(m(node, "FreeBusyView"), "FreeBusyViewType", "None")
        return
    m(head, "ResponseCode", "NoError")
    granted = view if level >= _VIEWS.index(view) else view.replace("Detailed", "FreeBusy")
    granted = granted.replace("FreeBusyMerged", "FreeBusyMerged")
    body = m(node, "FreeBusyView")
    t(body, "FreeBusyViewType", granted)
    start, end = (one.replace(tzinfo=UTC) + bias(zone, one) for one in span)
    entries = [
        one
        for one in window(box.calendar(), start, end)
        if one.item.end > start and not (box.half_impersonated and one.master)
    ]
    if "Merged" in granted:
        t(body, "MergedFreeBusy", _merged(call, entries, start, end, step))
    if granted != "MergedOnly" and entries:
        events = t(body, "CalendarEventArray")
        for one in entries:
            _event(call, events, box, one, zone, detailed=granted.startswith("Detailed"))
    if granted != "MergedOnly":
        _working_hours(body, box)


def _allowed(call: Call, address: str) -> tuple[Mailbox, int]:
    box = call.organization.mailbox(address)
    if box is None:
        raise Refusal("ErrorMailRecipientNotFound", f"Unable to resolve e-mail address {address}.")
    code = call.server.faults.mailbox_codes.get(box.address.lower())
    if code:
        raise Refusal(code)
    actor = call.actor.address.lower() if call.actor else ""
    own = call.actor is box or box.delegates.get(actor) is not None
    right = "Reviewer" if own else box.default_right
    if right == "None":
        raise Refusal("ErrorNoFreeBusyAccess")
    return box, 3 if right == "FreeBusy" else 5


def _merged(call: Call, entries: list[Entry], start: datetime, end: datetime, step: int) -> str:
    if not 5 <= step <= 1440:
        raise Fault("ErrorInvalidMergedFreeBusyInterval")
    digits = []
    while start < end:
        after = start + timedelta(minutes=step)
        here = [
            _DIGITS.get(one.item.busy, 0)
            for one in entries
            if one.item.start < after and one.item.end > start
        ]
        # The digit 4 meant NoData until WorkingElsewhere took it (2013).
        strongest = max((one for one in here if one != 4), default=0)
        elsewhere = 4 in here and strongest < 2 and call.version.year >= 2013
        digits.append(str(4 if elsewhere else strongest))
        start = after
    return "".join(digits)


def _event(
    call: Call, parent: Node, box: Mailbox, one: Entry, zone: Node, *, detailed: bool
) -> None:
    node = t(parent, "CalendarEvent")
    for name, moment in (("StartTime", one.item.start), ("EndTime", one.item.end)):
        t(node, name, _wall(moment, zone))
    older = call.version.year < 2013 and one.item.busy == "WorkingElsewhere"
    t(node, "BusyType", "Free" if older else one.item.busy)
    if not detailed:
        return
    private = one.item.sensitivity in ("Private", "Confidential")
    more = t(node, "CalendarEventDetails")
    t(more, "ID", ids.item_id(box, one)[:56].upper())
    if not private:
        t(more, "Subject", one.item.subject)
        t(more, "Location", one.item.location)
    for name, value in (
        ("IsMeeting", one.item.meeting),
        ("IsRecurring", one.master is not None),
        ("IsException", one.kind == "Exception"),
        ("IsReminderSet", one.item.reminder),
        ("IsPrivate", private),
    ):
        t(more, name, truth(value))


def _wall(moment: datetime, zone: Node) -> str:
    local = moment.astimezone(timezone(-bias(zone, moment.replace(tzinfo=None))))
    return local.strftime("%Y-%m-%dT%H:%M:%S")


def _working_hours(parent: Node, box: Mailbox) -> None:
    node = t(parent, "WorkingHours")
    serialized(node, box.zone)
    period = t(t(node, "WorkingPeriodArray"), "WorkingPeriod")
    t(period, "DayOfWeek", " ".join(box.days))
    t(period, "StartTimeInMinutes", str(box.hours[0]))
    t(period, "EndTimeInMinutes", str(box.hours[1]))


def get_user_oof_settings(call: Call) -> Node:
    """Answer GetUserOofSettings; only the owner may ask."""
    root = answer("GetUserOofSettingsResponse")
    address = text_of(call.body.find(f"{T}Mailbox/{T}Address"))
    box = call.organization.mailbox(address)
    head = m(root, "ResponseMessage", ResponseClass="Success")
    if box is None or box is not call.actor:
        refused(head, Refusal("ErrorMailRecipientNotFound" if box is None else "ErrorAccessDenied"))
        return root
    m(head, "ResponseCode", "NoError")
    oof = box.oof
    settings = t(root, "OofSettings")
    t(settings, "OofState", oof.state)
    t(settings, "ExternalAudience", "All")
    begin = oof.start or call.organization.moment()
    span = t(settings, "Duration")
    t(span, "StartTime", stamp(begin))
    t(span, "EndTime", stamp(oof.end or begin + timedelta(days=1)))
    for name in ("InternalReply", "ExternalReply"):
        t(t(settings, name), "Message", oof.reply)
    m(root, "AllowExternalOof", "All")
    return root
