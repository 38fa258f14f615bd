"""Every operation's parser by the operation's name, for tests that try whole collections."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from kalends.model.http import Response
from kalends.model.times import Interval
from kalends.wire.ews.create_item import parse_create_item
from kalends.wire.ews.delete_item import parse_delete_item
from kalends.wire.ews.find_folder import parse_find_folder
from kalends.wire.ews.find_item import parse_find_item
from kalends.wire.ews.find_people import parse_find_people
from kalends.wire.ews.get_events import parse_get_events
from kalends.wire.ews.get_folder import parse_get_folder
from kalends.wire.ews.get_item import parse_get_items
from kalends.wire.ews.get_mail_tips import parse_get_mail_tips
from kalends.wire.ews.get_server_time_zones import parse_get_server_time_zones
from kalends.wire.ews.get_streaming_events import Stream
from kalends.wire.ews.get_user_availability import parse_get_user_availability
from kalends.wire.ews.get_user_configuration import parse_get_work_hours
from kalends.wire.ews.get_user_oof_settings import parse_get_user_oof_settings
from kalends.wire.ews.resolve_names import parse_resolve_names
from kalends.wire.ews.send_notification import parse_send_notification
from kalends.wire.ews.subscribe import parse_subscribe
from kalends.wire.ews.sync_folder_items import parse_sync_folder_items
from kalends.wire.ews.unsubscribe import parse_unsubscribe
from kalends.wire.ews.update_item import parse_update_item
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
    "GetItem": lambda response: parse_get_items(response, STOCKHOLM),
    "GetUserAvailability": lambda response: parse_get_user_availability(
        response, ("a", "b"), Interval(0, 86_400), {}
    ),
    "GetUserConfiguration": parse_get_work_hours,
    "GetUserOofSettings": parse_get_user_oof_settings,
    "GetMailTips": lambda response: parse_get_mail_tips(response, 1),
    "ResolveNames": parse_resolve_names,
    "FindPeople": parse_find_people,
    "CreateItem": parse_create_item,
    "UpdateItem": parse_update_item,
    "DeleteItem": parse_delete_item,
    "GetServerTimeZones": parse_get_server_time_zones,
}


def operation_of(content: etree._Element) -> str:
    """Return the operation that a body's content answers."""
    return etree.QName(content).localname.removesuffix("Response")
