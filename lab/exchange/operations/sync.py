"""SyncFolderItems: masters only, no calendar logic."""

from __future__ import annotations

from lab.exchange import access, ids
from lab.exchange.access import Place
from lab.exchange.calendar import Appointment, alone
from lab.exchange.fields import Shape, Shown, read_shape, write_item
from lab.exchange.mailbox import Gone
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
    folder = one.folder.name
    items = [each for each in visible_items(one) if each.told > since]
    gone = [
        each
        for each in one.box.gone
        if each.folder == folder and each.number > since and each.born <= since
    ]
    # (event that told it, what is there now), oldest first.
    told: list[tuple[int, Appointment | Gone]] = sorted(
        [(each.told, each) for each in items] + [(each.number, each) for each in gone],
        key=lambda each: each[0],
    )
    page, complete = told[:limit], len(told) <= limit
    reached = one.box.revision if complete else page[-1][0]
    m(node, "SyncState", ids.sync_state(one.box, reached))
    m(node, "IncludesLastItemInRange", truth(complete))
    box = m(node, "Changes")
    for _, each in page:
        if isinstance(each, Gone):
            old = ids.raw_item_id(one.box, each.item, folder)
            t(t(box, "Delete"), "ItemId", Id=old, ChangeKey=ids.change_key(1))
        else:
            kind = t(box, "Create" if each.born > since else "Update")
            write_item(kind, Shown(call, one.box, alone(each), view=True), shape)
