"""UpdateItem: shorten or lengthen an appointment Kalends wrote.

Somebody may have touched it meanwhile: the server merges (``AutoResolve``) with the state that the
change key names, which it therefore demands; where it cannot, the error is a ``Conflict``: read the
item for its new change key and apply once more.
"""

from __future__ import annotations

from lxml import etree

from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.ews.create_item import item_of
from kalends.wire.ews.folders import ItemId
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, one, operation, read, request
from kalends.wire.ews.times import written


def build_update_times(context: Context, item: ItemId, interval: Interval) -> Request:
    """Give an appointment another begin and end.

    ``ValueError`` where it would have no length, or no change key is told (``get_item``).
    """
    if interval.end <= interval.start:
        raise ValueError("an appointment ends after it begins")
    if not item.change_key:
        raise ValueError("an item is updated by its change key")
    update = operation(
        "UpdateItem",
        ConflictResolution="AutoResolve",
        MessageDisposition="SaveOnly",
        SendMeetingInvitationsOrCancellations="SendToNone",
    )
    change = add(add(update, M + "ItemChanges"), T + "ItemChange")
    item.write(change)
    updates = add(change, T + "Updates")
    _set(updates, "Start", written(interval.start))
    _set(updates, "End", written(interval.end))
    return request(context, update)


def parse_update_item(response: Response) -> ItemId:
    """Return the item with its new change key; ``Conflict`` where it must be read again."""
    return item_of(one(read(response), "UpdateItemResponse").accept(), "UpdateItemResponse")


def _set(updates: etree._Element, name: str, text: str) -> None:
    field = add(updates, T + "SetItemField")
    add(field, T + "FieldURI", FieldURI=f"calendar:{name}")
    add(add(field, T + "CalendarItem"), T + name, text)
