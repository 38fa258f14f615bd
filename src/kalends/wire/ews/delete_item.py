"""DeleteItem: take an appointment Kalends wrote out of the calendar again."""

from __future__ import annotations

from kalends.model.http import Request, Response
from kalends.wire.ews.errors import Reaction, error_of
from kalends.wire.ews.folders import ItemId
from kalends.wire.ews.names import M
from kalends.wire.ews.soap import Context, add, one, operation, read, request


def build_delete_item(context: Context, item: ItemId) -> Request:
    """Delete for good, telling nobody: it must not stay among the person's deleted items."""
    delete = operation("DeleteItem", DeleteType="HardDelete", SendMeetingCancellations="SendToNone")
    # Without the change key: deleted is deleted, whatever was edited in it.
    ItemId(item.id).write(add(delete, M + "ItemIds"))
    return request(context, delete)


def parse_delete_item(response: Response) -> bool:
    """Return whether it was still there; what is gone already is no error."""
    message = one(read(response), "DeleteItemResponse")
    if message.usable():
        return True
    error = error_of(message.fault)
    if error.reaction in (Reaction.DENIED, Reaction.RESYNC) and "NotFound" in error.fault.code:
        return False
    raise error
