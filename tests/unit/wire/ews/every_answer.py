"""Every operation's parser by the operation's name, for tests that try whole collections."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from kalends.model.http import Response
from kalends.model.times import Interval
from kalends.wire.ews.find_folder import parse_find_folder
from kalends.wire.ews.find_item import parse_find_item
from kalends.wire.ews.get_events import parse_get_events
from kalends.wire.ews.get_folder import parse_get_folder
from kalends.wire.ews.get_streaming_events import Stream
from kalends.wire.ews.send_notification import parse_send_notification
from kalends.wire.ews.subscribe import parse_subscribe
from kalends.wire.ews.sync_folder_items import parse_sync_folder_items
from kalends.wire.ews.unsubscribe import parse_unsubscribe
from tests.unit.wire.ews.samples import STOCKHOLM

ALWAYS = Interval(0, 4_000_000_000)

PARSERS: dict[str, Callable[[Response], object]] = {
    "GetFolder": parse_get_folder,
    "FindFolder": parse_find_folder,
    "FindItem": lambda response: parse_find_item(response, ALWAYS, STOCKHOLM),
    "SyncFolderItems": parse_sync_folder_items,
    "Subscribe": parse_subscribe,
    "GetEvents": parse_get_events,
    "GetStreamingEvents": lambda response: Stream().feed(response.body),
    "SendNotification": lambda response: parse_send_notification(response.body),
    "Unsubscribe": parse_unsubscribe,
}


def operation_of(content: etree._Element) -> str:
    """Return the operation that a body's content answers."""
    return etree.QName(content).localname.removesuffix("Response")
