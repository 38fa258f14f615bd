"""SyncFolderItems: masters only, no calendar logic."""

from __future__ import annotations

from lab.exchange import access, ids
from lab.exchange.access import Place
from lab.exchange.calendar import alone
from lab.exchange.fields import Shape, Shown, read_shape, write_item
from lab.exchange.operations.find import visible_items
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, flag, inside, message, messages
from lab.exchange.xml import M, Node, answer, m, t, truth


def sync_folder_items(call: Call) -> Node:
    """Answer SyncFolderItems."""
    root = answer("SyncFolderItemsResponse")
    shape = read_shape(call, call.body.find(M + "ItemShape"))
    limit = int(flag(call.body, "MaxChangesReturned", "0"))
    if not 1 <= limit <= 512:
        raise Fault("ErrorSchemaValidation")
    with message(messages(root), "SyncFolderItems") as node:
        one = access.place(call, inside(call.body, "SyncFolderId")[0])
        since = _since(call, one)
        _changes(call, node, one, shape, since, limit)
    return root


def _since(call: Call, one: Place) -> int:
    text = flag(call.body, "SyncState")
    if not text:
        return 0
    if call.server.faults.forget_sync_states:
        raise Refusal("ErrorInvalidSyncStateData")
    return ids.read_sync_state(one.box, text)


def _changes(call: Call, node: Node, one: Place, shape: Shape, since: int, limit: int) -> None:
    latest: dict[int, int] = {}
    folder = one.folder.name
    for event in one.box.history:
        if event.item and event.number > since and folder in (event.folder, event.old_folder):
            latest[event.item] = event.number
    there = {item.number: item for item in visible_items(one)}
    born = {event.item: event.number for event in one.box.history if event.kind == "CreatedEvent"}
    told = [
        (number, item)
        for item, number in sorted(latest.items(), key=lambda each: each[1])
        if item in there or (since and born.get(item, 0) <= since)
    ]
    page, complete = told[:limit], len(told) <= limit
    reached = one.box.revision if complete else page[-1][0]
    m(node, "SyncState", ids.sync_state(one.box, reached))
    m(node, "IncludesLastItemInRange", truth(complete))
    box = m(node, "Changes")
    for _, number in page:
        if number in there:
            fresh = born.get(number, 0) > since
            kind = t(box, "Create" if fresh else "Update")
            write_item(kind, Shown(call, one.box, alone(there[number]), view=True), shape)
        else:
            gone = t(box, "Delete")
            old = ids.raw_item_id(one.box, number, folder)
            t(gone, "ItemId", Id=old, ChangeKey=ids.change_key(1))
