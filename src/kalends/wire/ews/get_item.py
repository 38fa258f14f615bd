"""GetItem: what a view does not tell, in batches.

The first 255 characters of a matched booking's description, where the organization turned that on,
single items by their id, and in which state an item is. Never attendees, never HTML.
Batches of ten: larger ones meet the server's limit of a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from kalends.model.http import Request, Response
from kalends.wire.ews.calendar_item import Items, read_items
from kalends.wire.ews.create_item import item_of
from kalends.wire.ews.errors import Answered, Reaction, error_of
from kalends.wire.ews.folders import ItemId
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import calendar_shape, id_shape
from kalends.wire.ews.shapes import field as add_field
from kalends.wire.ews.soap import Context, add, messages, one, operation, read, request
from kalends.wire.ews.versions import Feature, offers

BATCH: Final = 10
MAX_TEXT: Final = 255


@dataclass(frozen=True, slots=True)
class Texts:
    """Descriptions of a batch."""

    texts: dict[str, str] = field(default_factory=dict)
    """Item id as asked → first 255 characters, in one line."""
    troubles: dict[str, Answered] = field(default_factory=dict)
    """Item id → why it could not be read. An item may be gone, or its body corrupt: it keeps its
    times all the same."""


def build_get_texts(context: Context, ids: tuple[str, ...]) -> Request:
    """Ask for the descriptions of 1 to 10 items (``ValueError`` otherwise), as plain text."""
    newer = offers(context.version, Feature.TEXT_BODY)
    uri = "item:TextBody" if newer else "item:Body"
    get = operation("GetItem")
    shape = add(get, M + "ItemShape")
    add(shape, T + "BaseShape", "IdOnly")
    add(shape, T + "BodyType", "Text")
    add_field(add(shape, T + "AdditionalProperties"), uri)
    return asked(context, get, ids)


def parse_get_texts(response: Response, ids: tuple[str, ...]) -> Texts:
    """Read descriptions; answers come in the order asked. Raises what ends the whole batch."""
    found = Texts()
    for wanted, message in zip(ids, messages(read(response), "GetItemResponse"), strict=False):
        if message.usable():
            found.texts[wanted] = _text(message.element)
            continue
        error = error_of(message.fault)
        if error.reaction in OF_ONE_ITEM:
            found.troubles[wanted] = error
        else:
            raise error
    return found


def build_get_items(context: Context, ids: tuple[str, ...]) -> Request:
    """Ask for 1 to 10 items with the fields of a view."""
    get = operation("GetItem")
    calendar_shape(get, context)
    return asked(context, get, ids)


def parse_get_items(response: Response, zone: ZoneInfo) -> Items:
    """Read whole items as bookings; what is gone since is left out."""
    elements: list[etree._Element] = []
    for message in messages(read(response), "GetItemResponse"):
        if message.usable():
            elements += message.element.iterfind(f"{M}Items/*")
        elif error_of(message.fault).reaction not in OF_ONE_ITEM:
            raise error_of(message.fault)
    return read_items(elements, zone)


def build_get_change_key(context: Context, id: str) -> Request:
    """Ask in which state an item is, for ``update_item``."""
    get = operation("GetItem")
    id_shape(get)
    return asked(context, get, (id,))


def parse_get_change_key(response: Response) -> ItemId:
    """Return the item with its change key; ``NotFound`` where it is gone."""
    return item_of(one(read(response), "GetItemResponse").accept(), "GetItemResponse")


OF_ONE_ITEM: Final = frozenset({Reaction.DENIED, Reaction.KEEP_TIMES, Reaction.RESYNC})
"""Reactions that say something of one item, nothing of the batch."""


def asked(context: Context, get: etree._Element, ids: tuple[str, ...]) -> Request:
    """Finish a GetItem with its ids."""
    if not 0 < len(ids) <= BATCH:
        raise ValueError(f"a batch is 1 to {BATCH} items")
    listed = add(get, M + "ItemIds")
    for item in ids:
        add(listed, T + "ItemId", Id=item)
    return request(context, get)


def _text(element: etree._Element) -> str:
    """Return the beginning of a body, white space folded."""
    for name in (f"{M}Items/*/{T}TextBody", f"{M}Items/*/{T}Body"):
        body = element.findtext(name)
        if body:
            # Enough raw text that folding leaves 255 characters of any sane body.
            return " ".join(body[: 20 * MAX_TEXT].split())[:MAX_TEXT]
    return ""
