"""The fields of a calendar item: which a shape asks for, how each is written, how each is set.

The order of ``FIELDS`` is the schema's (CalendarItemType after ItemType).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from lxml.etree import SubElement

from lab.exchange import ids, mime, recurrence
from lab.exchange.calendar import Appointment, Attendee, Entry, occurrences
from lab.exchange.mailbox import Mailbox
from lab.exchange.properties import Seen, set_value, value_of
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call
from lab.exchange.xml import Node, T, children, local, stamp, t, text_of, truth
from lab.exchange.zones import IANA, definition, duration, zone


@dataclass(slots=True)
class Shown:
    """One entry about to be written."""

    call: Call
    box: Mailbox
    entry: Entry
    view: bool
    """In a FindItem: no body, no attendees, no lists of occurrences."""

    @property
    def item(self) -> Appointment:
        """Return what the fields are read from."""
        return self.entry.item

    def time(self, moment: datetime) -> str:
        """Return a start or an end as this server would write it."""
        place = zone(self.call.context) if self.call.context else UTC
        if self.call.server.faults.naive_times:
            return moment.astimezone(place).strftime("%Y-%m-%dT%H:%M:%S")
        if self.call.context in ("", "UTC"):
            return stamp(moment)
        return moment.astimezone(place).isoformat(timespec="seconds")


Writer = Callable[[Node, str, Shown], None]
Reader = Callable[[Shown], str | None]


class Field(NamedTuple):
    """One field: ``read`` tells its text, or ``write`` appends what has more than a text."""

    uri: str
    write: Writer | None = None
    read: Reader | None = None
    default: bool = False
    """In the Default shape."""
    found: bool = True
    """FindItem returns it."""
    since: int = 2007

    @property
    def element(self) -> str:
        """Return the element's name."""
        return self.uri.partition(":")[2]

    def put(self, parent: Node, shown: Shown) -> None:
        """Append what an entry has for it."""
        if self.read is not None:
            value = self.read(shown)
            if value is not None:
                t(parent, self.element, value)
        elif self.write is not None:
            self.write(parent, self.element, shown)


def _text(read: Callable[[Appointment], str], *, empty: bool = False) -> Reader:
    return lambda shown: read(shown.entry.item) or ("" if empty else None)


def _flag(read: Callable[[Shown], bool]) -> Reader:
    return lambda shown: "true" if read(shown) else "false"


def _time(read: Callable[[Appointment], datetime]) -> Reader:
    return lambda shown: stamp(read(shown.entry.item))


def _parent(parent: Node, name: str, shown: Shown) -> None:
    folder = shown.box.folder(shown.entry.stored.folder)
    t(parent, name, Id=ids.folder_id(shown.box, folder), ChangeKey=ids.change_key(1))


def _categories(parent: Node, name: str, shown: Shown) -> None:
    if shown.item.categories:
        node = t(parent, name)
        for one in shown.item.categories:
            t(node, "String", one)


def _body(parent: Node, name: str, shown: Shown) -> None:
    t(parent, name, shown.item.body, BodyType=shown.item.body_type)


def _text_body(parent: Node, name: str, shown: Shown) -> None:
    t(parent, name, shown.item.body, BodyType="Text")


def _rights(parent: Node, name: str, shown: Shown) -> None:
    write_rights(parent, name, contents=False)


def write_rights(parent: Node, name: str, *, contents: bool, modify: bool = True) -> None:
    """Append EffectiveRights."""
    node = t(parent, name)
    for right in ("CreateAssociated", "CreateContents", "CreateHierarchy"):
        t(node, right, truth(contents and modify))
    for right, value in (("Delete", modify), ("Modify", modify), ("Read", True)):
        t(node, right, truth(value))


def _recurrence_id(shown: Shown) -> str | None:
    return stamp(shown.entry.original) if shown.entry.original else None


def _organizer(parent: Node, name: str, shown: Shown) -> None:
    address = shown.item.organizer or shown.box.address
    known = shown.call.organization.mailbox(address)
    write_mailbox(t(parent, name), known.name if known else address, address, shown.call)


def write_mailbox(parent: Node, name: str, address: str, call: Call) -> None:
    """Append a Mailbox (EmailAddressType)."""
    node = t(parent, "Mailbox")
    t(node, "Name", name)
    t(node, "EmailAddress", address)
    t(node, "RoutingType", "SMTP")
    if call.version.year >= 2010:
        t(node, "MailboxType", "Mailbox" if call.organization.mailbox(address) else "OneOff")


def _attendees(read: Callable[[Appointment], tuple[Attendee, ...]]) -> Writer:
    def write(parent: Node, name: str, shown: Shown) -> None:
        people = read(shown.item)
        node = t(parent, name) if people else None
        for one in people:
            assert node is not None
            each = t(node, "Attendee")
            write_mailbox(each, one.name or one.address, one.address, shown.call)
            t(each, "ResponseType", one.response)

    return write


def _recurrence(parent: Node, name: str, shown: Shown) -> None:
    if shown.entry.kind == "RecurringMaster" and shown.item.recurrence:
        recurrence.write(parent, shown.item.recurrence)


def _edge(last: bool) -> Writer:
    def write(parent: Node, name: str, shown: Shown) -> None:
        rule = shown.item.recurrence
        if rule is None or (last and not rule.until and not rule.number):
            return
        found = list(occurrences(shown.item)) if last else [next(occurrences(shown.item))]
        _occurrence_info(parent, name, shown, found[-1])

    return write


def _occurrence_info(parent: Node, name: str, shown: Shown, entry: Entry) -> None:
    node = t(parent, name)
    key = ids.change_key(entry.stored.change)
    t(node, "ItemId", Id=ids.item_id(shown.box, entry), ChangeKey=key)
    t(node, "Start", stamp(entry.item.start))
    t(node, "End", stamp(entry.item.end))
    t(node, "OriginalStart", stamp(entry.original or entry.item.start))


def _modified(parent: Node, name: str, shown: Shown) -> None:
    node = t(parent, name) if shown.item.exceptions else None
    for original, item in sorted(shown.item.exceptions.items()):
        assert node is not None
        entry = Entry(item, "Exception", shown.item, original)
        _occurrence_info(node, "Occurrence", shown, entry)


def _deleted(parent: Node, name: str, shown: Shown) -> None:
    node = t(parent, name) if shown.item.deleted else None
    for original in sorted(shown.item.deleted):
        assert node is not None
        t(t(node, "DeletedOccurrence"), "Start", stamp(original))


def _zone(parent: Node, name: str, shown: Shown) -> None:
    # Microsoft's samples of 2010 hold the rules; later servers name the zone.
    if shown.call.version.year < 2013 and not shown.view:
        definition(parent, name, shown.item.zone, full=True)
    else:
        t(parent, name, Name=IANA[shown.item.zone][1], Id=shown.item.zone)


def _meeting_zone(parent: Node, name: str, shown: Shown) -> None:
    if shown.item.meeting_zone and not shown.call.version.zones:
        t(parent, name, TimeZoneName=shown.item.meeting_zone)


def _state(item: Appointment) -> str:
    return str(item.meeting * 1 + (bool(item.organizer)) * 2 + item.cancelled * 4)


def _minutes_due(item: Appointment) -> datetime:
    return item.start - timedelta(minutes=item.reminder_minutes)


FIELDS: Final = (
    Field("item:ParentFolderId", _parent),
    Field("item:ItemClass", read=_text(lambda one: one.item_class)),
    Field("item:Subject", read=_text(lambda one: one.subject, empty=True), default=True),
    Field("item:Sensitivity", read=_text(lambda one: one.sensitivity)),
    Field("item:Body", _body, found=False),
    Field("item:DateTimeReceived", read=_time(lambda one: one.created)),
    Field("item:Size", read=_text(lambda one: str(4096 + len(one.subject) + len(one.body)))),
    Field("item:Categories", _categories),
    Field("item:Importance", read=_text(lambda one: one.importance)),
    Field("item:IsSubmitted", read=_flag(lambda _: False)),
    Field("item:IsDraft", read=_flag(lambda _: False)),
    Field("item:IsFromMe", read=_flag(lambda _: False)),
    Field("item:IsResend", read=_flag(lambda _: False)),
    Field("item:IsUnmodified", read=_flag(lambda _: False)),
    Field("item:DateTimeSent", read=_time(lambda one: one.created)),
    Field("item:DateTimeCreated", read=_time(lambda one: one.created)),
    Field("item:ReminderDueBy", read=_time(lambda one: one.start)),
    Field("item:ReminderIsSet", read=_flag(lambda one: one.item.reminder)),
    Field("item:ReminderMinutesBeforeStart", read=_text(lambda one: str(one.reminder_minutes))),
    Field(
        "item:DisplayCc",
        read=_text(lambda one: "; ".join(a.name for a in one.optional), empty=True),
    ),
    Field(
        "item:DisplayTo",
        read=_text(lambda one: "; ".join(a.name for a in one.required), empty=True),
    ),
    Field("item:HasAttachments", read=_flag(lambda _: False), default=True),
    Field("item:ExtendedProperty"),
    Field("item:Culture", read=_text(lambda _: "en-US")),
    Field("item:EffectiveRights", _rights),
    Field("item:LastModifiedName", read=lambda shown: shown.box.name),
    Field("item:LastModifiedTime", read=_time(lambda one: one.modified)),
    Field("item:IsAssociated", read=_flag(lambda _: False), since=2010),
    Field("item:TextBody", write=_text_body, found=False, since=2013),
    Field("calendar:UID", read=lambda shown: shown.box.uid(shown.item)),
    Field("calendar:RecurrenceId", read=_recurrence_id),
    Field("calendar:DateTimeStamp", read=_time(lambda one: one.modified)),
    Field("calendar:Start", read=lambda shown: shown.time(shown.item.start), default=True),
    Field("calendar:End", read=lambda shown: shown.time(shown.item.end), default=True),
    Field("calendar:OriginalStart", read=_recurrence_id),
    Field("calendar:IsAllDayEvent", read=_flag(lambda one: one.item.all_day)),
    Field("calendar:LegacyFreeBusyStatus", read=_text(lambda one: one.busy), default=True),
    Field("calendar:Location", read=_text(lambda one: one.location), default=True),
    Field("calendar:IsMeeting", read=_flag(lambda one: one.item.meeting)),
    Field("calendar:IsCancelled", read=_flag(lambda one: one.item.cancelled)),
    # False on a master and true on occurrences, as recorded from Exchange 2019.
    Field("calendar:IsRecurring", read=_flag(lambda one: one.entry.master is not None)),
    Field("calendar:MeetingRequestWasSent", read=_flag(lambda _: False)),
    Field("calendar:IsResponseRequested", read=_flag(lambda _: True)),
    Field(
        "calendar:CalendarItemType",
        read=lambda shown: shown.entry.kind,
        default=True,
    ),
    Field("calendar:MyResponseType", read=_text(lambda one: one.response)),
    Field("calendar:Organizer", _organizer, default=True),
    Field("calendar:RequiredAttendees", _attendees(lambda one: one.required), found=False),
    Field("calendar:OptionalAttendees", _attendees(lambda one: one.optional), found=False),
    Field("calendar:Duration", read=_text(lambda one: duration(one.end - one.start))),
    Field("calendar:TimeZone", read=_text(lambda one: IANA[one.zone][1])),
    Field("calendar:AppointmentSequenceNumber", read=_text(lambda _: "0")),
    Field("calendar:AppointmentState", read=_text(_state)),
    Field("calendar:Recurrence", _recurrence, found=False),
    Field("calendar:FirstOccurrence", _edge(last=False), found=False),
    Field("calendar:LastOccurrence", _edge(last=True), found=False),
    Field("calendar:ModifiedOccurrences", _modified, found=False),
    Field("calendar:DeletedOccurrences", _deleted, found=False),
    Field("calendar:MeetingTimeZone", _meeting_zone, found=False),
    Field("calendar:StartTimeZone", _zone, since=2010),
    Field("calendar:EndTimeZone", _zone, since=2010),
    Field("calendar:AllowNewTimeProposal", read=_flag(lambda _: True), found=False),
    Field("calendar:IsOnlineMeeting", read=_flag(lambda _: False)),
    Field("calendar:StartTimeZoneId", read=_text(lambda one: one.zone), since=2013),
    Field("calendar:EndTimeZoneId", read=_text(lambda one: one.zone), since=2013),
    Field("calendar:IsOrganizer", read=_flag(lambda one: not one.item.organizer), since=2013),
)
NEWER: Final = {one.uri: one.since for one in FIELDS if one.since > 2007}
_SPACES: Final = {
    "item", "calendar", "folder", "contacts", "message", "task", "meeting", "meetingRequest",
    "distributionlist", "postitem", "sharingMessage", "rolemember", "recurrence", "timezone",
}  # fmt: skip
"""What stands before the colon of a FieldURI in types.xsd."""


class Shape(NamedTuple):
    """What a request wants to see of items."""

    base: str
    uris: frozenset[str]
    paths: tuple[Node, ...]
    """Extended properties, as asked."""
    mime: bool = False
    """MimeContent is wanted."""


@lru_cache(256)
def chosen(base: str, uris: frozenset[str], year: int, view: bool) -> tuple[tuple[str, Field], ...]:
    """Return the fields a shape shows, with their elements, in the schema's order."""

    def wanted(one: Field) -> bool:
        if one.uri == "item:ExtendedProperty" or one.uri in uris or base == "AllProperties":
            return True
        return one.default and base == "Default"

    return tuple(
        (T + one.element, one)
        for one in FIELDS
        if one.since <= year and (one.found or not view) and wanted(one)
    )


def read_shape(call: Call, node: Node | None) -> Shape:
    """Return what an ItemShape (or FolderShape) asks for."""
    if node is None:
        raise Fault("ErrorSchemaValidation", "The request failed schema validation: no shape.")
    uris, paths = [], []
    for one in node.findall(f"{T}AdditionalProperties/*"):
        if local(one) == "ExtendedFieldURI":
            paths.append(one)
        else:
            index = one.get("FieldIndex", "")
            uris.append(checked(call, one.get("FieldURI", "")) + (f":{index}" if index else ""))
    base = text_of(node.find(T + "BaseShape")) or "Default"
    mime = text_of(node.find(T + "IncludeMimeContent")) in ("true", "1")
    return Shape(base, frozenset(uris), tuple(paths), mime or "item:MimeContent" in uris)


def checked(call: Call, uri: str) -> str:
    """Return a field's URI; Fault where this version's schema has no such field."""
    known = uri.partition(":")[0] in _SPACES and call.version.year >= NEWER.get(uri, 2007)
    if not known:
        raise Fault(
            "ErrorSchemaValidation",
            "The request failed schema validation: The 'FieldURI' attribute is invalid - "
            f"The value '{uri}' is invalid according to its datatype.",
        )
    return uri


def write_item(parent: Node, shown: Shown, shape: Shape) -> Node:
    """Append a CalendarItem."""
    node = t(parent, "CalendarItem")
    if shape.mime and not shown.view:
        content = mime.write(shown.box, shown.item)
        t(node, "MimeContent", content, CharacterSet="UTF-8")
    key = ids.change_key(shown.entry.stored.change)
    t(node, "ItemId", Id=ids.item_id(shown.box, shown.entry, view=shown.view), ChangeKey=key)
    for element, one in chosen(shape.base, shape.uris, shown.call.version.year, shown.view):
        # This loop is most of what a FindItem costs.
        if one.read is not None:
            value = one.read(shown)
            if value is not None:
                SubElement(node, element).text = value
        elif one.write is not None:
            one.write(node, one.element, shown)
        elif shape.paths:
            _write_properties(node, shown, shape)
    return node


def _write_properties(node: Node, shown: Shown, shape: Shape) -> None:
    for path in shape.paths:
        value = value_of(Seen(shown.box, shown.entry), path)
        if value is not None:
            box = t(node, "ExtendedProperty")
            t(box, "ExtendedFieldURI", **{str(k): str(v) for k, v in path.attrib.items()})
            t(box, "Value", value)


# --- setting --------------------------------------------------------------------------------
def _people(node: Node) -> tuple[Attendee, ...]:
    found = []
    for one in children(node):
        address = text_of(one.find(f"{T}Mailbox/{T}EmailAddress"))
        found.append(Attendee(address, text_of(one.find(f"{T}Mailbox/{T}Name"))))
    return tuple(found)


def _repeat(item: Appointment, rule: recurrence.Recurrence) -> None:
    # A new pattern forgets what had been changed and deleted under the old one.
    item.recurrence, item.exceptions, item.deleted = rule, {}, set()


_SETTERS: Final[dict[str, Callable[[Appointment, Node], None]]] = {
    "Subject": lambda item, node: setattr(item, "subject", node.text or ""),
    "Sensitivity": lambda item, node: setattr(item, "sensitivity", text_of(node)),
    "Importance": lambda item, node: setattr(item, "importance", text_of(node)),
    "ItemClass": lambda item, node: setattr(item, "item_class", text_of(node)),
    "Location": lambda item, node: setattr(item, "location", node.text or ""),
    "LegacyFreeBusyStatus": lambda item, node: setattr(item, "busy", text_of(node)),
    "UID": lambda item, node: setattr(item, "uid", text_of(node)),
    "RequiredAttendees": lambda item, node: setattr(item, "required", _people(node)),
    "OptionalAttendees": lambda item, node: setattr(item, "optional", _people(node)),
    "Recurrence": lambda item, node: _repeat(item, recurrence.read(node)),
    "ReminderIsSet": lambda item, node: setattr(item, "reminder", text_of(node) in ("true", "1")),
    "ReminderMinutesBeforeStart": lambda item, node: setattr(
        item, "reminder_minutes", int(text_of(node))
    ),
    "Categories": lambda item, node: setattr(
        item, "categories", tuple(text_of(one) for one in children(node))
    ),
}
_STEADY: Final = {
    "Start", "End", "IsAllDayEvent", "StartTimeZone", "EndTimeZone", "MeetingTimeZone",
    "Body", "ExtendedProperty", "IsResponseRequested", "AllowNewTimeProposal", "ReminderDueBy",
    "Resources", "IsOnlineMeeting", "MeetingWorkspaceUrl", "NetShowUrl", "ConferenceType",
    "Culture", "DateTimeStamp",
}  # fmt: skip
"""Settable, and either read together (times) or of no meaning here."""


def set_fields(
    call: Call, box: Mailbox, item: Appointment, nodes: list[Node], *, fresh: bool
) -> Appointment:
    """Return an appointment with fields set; Refusal for what cannot be set."""
    named = {local(one): one for one in nodes}
    if (content := named.pop("MimeContent", None)) is not None:
        mime.read(text_of(content), box, item)
    for name, node in named.items():
        if name in ("StartTimeZone", "EndTimeZone") and not call.version.zones:
            raise Fault("ErrorSchemaValidation", f"The element '{name}' is not known.")
        if name in _SETTERS:
            _SETTERS[name](item, node)
        elif name not in _STEADY:
            raise Refusal("ErrorInvalidPropertySet", f"The property cannot be set: {name}")
    for node in nodes:
        if local(node) == "ExtendedProperty":
            path = node.find(T + "ExtendedFieldURI")
            assert path is not None
            set_value(item, path, text_of(node.find(T + "Value")))
    if (body := named.get("Body")) is not None:
        item.body, item.body_type = body.text or "", body.get("BodyType", "Text")
    _set_times(call, item, named, fresh=fresh)
    item.meeting = bool(item.required or item.optional or item.organizer)
    return item


def _set_times(call: Call, item: Appointment, named: dict[str, Node], *, fresh: bool) -> None:
    if (zone_node := named.get("StartTimeZone")) is not None:
        item.zone = zone_node.get("Id", "UTC")
    elif (zone_node := named.get("MeetingTimeZone")) is not None:
        item.meeting_zone = zone_node.get("TimeZoneName", "")
        item.zone = item.meeting_zone or item.zone
    elif fresh and call.context:
        item.zone = call.context
    zone(item.zone)
    if (node := named.get("Start")) is not None:
        item.start = call.moment(text_of(node), item.zone)
    if (node := named.get("End")) is not None:
        item.end = call.moment(text_of(node), item.zone)
    if (node := named.get("IsAllDayEvent")) is not None:
        item.all_day = text_of(node) in ("true", "1")
        if fresh and item.all_day and "LegacyFreeBusyStatus" not in named:
            item.busy = "Free"
    if item.all_day and ({"Start", "End", "IsAllDayEvent"} & set(named)):
        item.start, item.end = _whole_days(item)
    if item.end < item.start:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate")
    if item.end - item.start > timedelta(days=5 * 365 + 1):
        raise Refusal("ErrorCalendarDurationIsTooLong")


def _whole_days(item: Appointment) -> tuple[datetime, datetime]:
    place = zone(item.zone)
    first, last = item.start.astimezone(place), item.end.astimezone(place)
    begin = first.replace(hour=0, minute=0, second=0, microsecond=0)
    end = last.replace(hour=0, minute=0, second=0, microsecond=0)
    if end < last or end <= begin:
        end = (end.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=place)
    return begin.astimezone(UTC), end.astimezone(UTC)


def clear_field(item: Appointment, uri: str) -> None:
    """Empty a field (DeleteItemField)."""
    blank = Appointment(0, item.start, item.end)
    names = {"Categories": "categories", "Location": "location", "Body": "body",
             "RequiredAttendees": "required", "OptionalAttendees": "optional",
             "Recurrence": "recurrence", "Subject": "subject"}  # fmt: skip
    name = names.get(uri.partition(":")[2])
    if name is not None:
        setattr(item, name, getattr(blank, name))


def exception_of(entry: Entry) -> Appointment:
    """Return a copy of an occurrence to be changed on its own."""
    return replace(entry.item, recurrence=None, exceptions={}, deleted=set())
