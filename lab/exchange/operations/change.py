"""CreateItem, UpdateItem, DeleteItem of calendar items."""

from __future__ import annotations

from lab.exchange import access, ids
from lab.exchange.access import Place
from lab.exchange.calendar import Appointment, Entry, alone
from lab.exchange.fields import checked, clear_field, exception_of, set_fields
from lab.exchange.mailbox import FOLDERS, Mailbox
from lab.exchange.properties import set_value
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, inside, message, messages
from lab.exchange.xml import M, Node, T, answer, children, local, m, t


def create_item(call: Call) -> Node:
    """Answer CreateItem."""
    root = answer("CreateItemResponse")
    found = messages(root)
    target = call.body.find(M + "SavedItemFolderId")
    for each in inside(call.body, "Items"):
        with message(found, "CreateItem", empty="Items") as node:
            if local(each) != "CalendarItem":
                raise Refusal("ErrorInvalidRequest", "Only calendar items can be made here.")
            if "SendMeetingInvitations" not in call.body.attrib:
                raise Refusal("ErrorSendMeetingInvitationsRequired")
            one = _target(call, target)
            access.may(one, "Editor")
            item = _made(call, one, each)
            _id(m(node, "Items"), one.box, alone(item))
    return root


def _target(call: Call, target: Node | None) -> Place:
    if target is not None:
        return access.place(call, children(target)[0])
    if call.actor is None:
        raise Refusal("ErrorNonExistentMailbox")
    return Place(call.actor, FOLDERS["calendar"], "Owner")


def _made(call: Call, one: Place, node: Node) -> Appointment:
    now = call.organization.moment()
    item = Appointment(0, now, now, folder=one.folder.name, zone=one.box.zone)
    set_fields(call, one.box, item, children(node), fresh=True)
    if item.recurrence is not None:
        try:
            _, first = next(item.starts())
        except StopIteration as problem:
            raise Refusal("ErrorRecurrenceHasNoOccurrence") from problem
        item.start, item.end = item.span(first)
    return one.box.add(item, now)


def _id(parent: Node, box: Mailbox, entry: Entry) -> None:
    key = ids.change_key(entry.stored.change)
    t(t(parent, "CalendarItem"), "ItemId", Id=ids.item_id(box, entry), ChangeKey=key)


def update_item(call: Call) -> Node:
    """Answer UpdateItem."""
    root = answer("UpdateItemResponse")
    found = messages(root)
    if "SendMeetingInvitationsOrCancellations" not in call.body.attrib:
        raise Fault("ErrorSendMeetingInvitationsOrCancellationsRequired")
    for each in inside(call.body, "ItemChanges"):
        with message(found, "UpdateItem", empty="Items") as node:
            named = children(each)[0]
            box, entry = access.item(call, named, "Editor")
            _fresh(call, named, entry)
            changed = _updated(call, box, entry, each)
            _id(m(node, "Items"), box, changed)
            t(m(node, "ConflictResults"), "Count", "0")
    return root


def _fresh(call: Call, named: Node, entry: Entry) -> None:
    key = named.get("ChangeKey", "")
    how = call.body.get("ConflictResolution", "AutoResolve")
    if how == "AutoResolve" and not key:
        raise Refusal("ErrorChangeKeyRequiredForWriteOperations")
    stale = key != ids.change_key(entry.stored.change)
    if how == "NeverOverwrite" and key and stale:
        raise Refusal("ErrorIrresolvableConflict")


def _updated(call: Call, box: Mailbox, entry: Entry, node: Node) -> Entry:
    item = entry.item if entry.master is None else exception_of(entry)
    updates = node.find(T + "Updates")
    nodes = []
    for one in children(updates) if updates is not None else []:
        path, *contents = children(one)
        uri = checked(call, path.get("FieldURI", "")) if local(path) == "FieldURI" else ""
        if local(one) == "DeleteItemField" and not uri:
            set_value(item, path, "")
        elif local(one) == "DeleteItemField":
            clear_field(item, uri)
        elif contents:
            nodes += children(contents[0])
    set_fields(call, box, item, nodes, fresh=False)
    if entry.master is not None and entry.original is not None:
        entry.master.exceptions[entry.original] = item
        box.changed(entry.master, call.organization.moment())
        return Entry(item, "Exception", entry.master, entry.original, entry.instance)
    box.changed(item, call.organization.moment())
    return alone(item)


def delete_item(call: Call) -> Node:
    """Answer DeleteItem."""
    root = answer("DeleteItemResponse")
    found = messages(root)
    for each in inside(call.body, "ItemIds"):
        with message(found, "DeleteItem"):
            if "SendMeetingCancellations" not in call.body.attrib:
                raise Refusal("ErrorSendMeetingCancellationsRequired")
            box, entry = access.item(call, each, "Editor")
            _delete(call, box, entry)
    return root


def _delete(call: Call, box: Mailbox, entry: Entry) -> None:
    now = call.organization.moment()
    how = call.body.get("DeleteType", "HardDelete")
    if entry.master is not None:
        box.delete_occurrence(entry, now)
    elif how == "MoveToDeletedItems" and entry.item.folder != "deleteditems":
        box.move(entry.item, "deleteditems", now)
    elif how == "SoftDelete" and call.version.year >= 2013:
        # Since 2013 a soft deletion is told as a move to the dumpster.
        box.move(entry.item, "recoverableitemsdeletions", now)
    else:
        box.remove(entry.item, now)
