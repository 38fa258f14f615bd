"""Ids as clients see them: opaque base64 in which a mailbox, a folder, an item are folded."""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime
from typing import Final, NamedTuple

from lab.exchange.calendar import Entry
from lab.exchange.mailbox import Event, Folder, Mailbox
from lab.exchange.refusal import Refusal

_ITEM: Final = b"\x00\x03\x24\x00"
_FOLDER: Final = b"\x00\x03\x24\x01"
_PARTS: Final = struct.Struct(">4s36sHIqB")
_ITEM_SIZE: Final = 113
_FOLDER_SIZE: Final = 89
"""Bytes, padded with zeros: ids of real servers have 152 and 120 characters, and clients know."""
_VIEW: Final = 1
"""Ids of occurrences from a CalendarView differ from those of other calls."""


class ItemId(NamedTuple):
    """What an item's id says."""

    guid: str
    folder: int
    number: int
    original: datetime | None
    """Original start of an occurrence."""


def item_id(box: Mailbox, entry: Entry, *, view: bool = False) -> str:
    """Return the id of an item or an occurrence."""
    original = int(entry.original.timestamp()) if entry.original else 0
    return raw_item_id(box, entry.stored.number, entry.stored.folder, original, view=view)


def raw_item_id(
    box: Mailbox, number: int, folder: str, original: int = 0, *, view: bool = False
) -> str:
    """Return an id from its parts."""
    flag = _VIEW if view and original else 0
    place = box.folder(folder).number
    packed = _PARTS.pack(_ITEM, box.guid.encode(), place, number, original, flag)
    return base64.b64encode(packed.ljust(_ITEM_SIZE, b"\0")).decode()


def change_key(change: int) -> str:
    """Return the ChangeKey of an item."""
    return base64.b64encode(struct.pack(">IIQI", 0x0F000000, 0x16000000, change, 0)).decode()


def folder_id(box: Mailbox, folder: Folder) -> str:
    """Return the id of a folder."""
    packed = _PARTS.pack(_FOLDER, box.guid.encode(), folder.number, 0, 0, 0)
    return base64.b64encode(packed.ljust(_FOLDER_SIZE, b"\0")).decode()


def read_item(text: str) -> ItemId:
    """Return what an item's id says; Refusal for what is none."""
    kind, guid, folder, number, original, _ = _unpack(text)
    if kind != _ITEM:
        raise Refusal("ErrorInvalidIdMalformed")
    moment = datetime.fromtimestamp(original, UTC) if original else None
    return ItemId(guid.decode(), folder, number, moment)


def read_folder(text: str) -> tuple[str, int]:
    """Return (guid of the mailbox, number of the folder); Refusal for what is no folder's id."""
    kind, guid, folder, *_ = _unpack(text)
    if kind != _FOLDER:
        raise Refusal("ErrorInvalidIdMalformed")
    return guid.decode(), folder


def _unpack(text: str) -> tuple[bytes, bytes, int, int, int, int]:
    try:
        found: tuple[bytes, bytes, int, int, int, int] = _PARTS.unpack_from(
            base64.b64decode(text, validate=True)
        )
    except (binascii.Error, struct.error, ValueError) as problem:
        raise Refusal("ErrorInvalidIdMalformed") from problem
    return found


def watermark(box: Mailbox, number: int) -> str:
    """Return the watermark of an event."""
    return base64.b64encode(f"AQ{box.guid}:{number}".encode()).decode()


def read_watermark(box: Mailbox, text: str) -> int:
    """Return the event a watermark stands for; Refusal for another mailbox's, or none."""
    return _counter(box, text, "AQ", "ErrorInvalidWatermark")


def sync_state(box: Mailbox, number: int) -> str:
    """Return the state after an event: large, as Exchange's are."""
    return base64.b64encode(f"SS{box.guid}:{number}:{'H4sIAAA' * 30}".encode()).decode()


def read_sync_state(box: Mailbox, text: str) -> int:
    """Return the event a state stands for; Refusal for one that is damaged."""
    return _counter(box, text, "SS", "ErrorInvalidSyncStateData")


def _counter(box: Mailbox, text: str, prefix: str, code: str) -> int:
    try:
        guid, number, *_ = base64.b64decode(text, validate=True).decode().split(":")
    except (binascii.Error, ValueError) as problem:
        raise Refusal(code) from problem
    if guid != prefix + box.guid or not number.isdecimal():
        raise Refusal(code)
    return int(number)


def event_item_id(box: Mailbox, event: Event, folder: str) -> str:
    """Return the id an event names."""
    return raw_item_id(box, event.item, folder)
