"""The operations of EWS, one subject a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lab.exchange.operations import (
    availability,
    change,
    configuration,
    find,
    folders,
    items,
    mail_tips,
    names,
    notify,
    people,
    sync,
    zones,
)
from lab.exchange.soap import Call
from lab.exchange.xml import Node

OPERATIONS: Final[dict[str, Callable[[Call], Node]]] = {
    "GetFolder": folders.get_folder,
    "FindFolder": folders.find_folder,
    "CreateFolder": folders.create_folder,
    "DeleteFolder": folders.delete_folder,
    "FindItem": find.find_item,
    "GetItem": items.get_item,
    "CreateItem": change.create_item,
    "UpdateItem": change.update_item,
    "DeleteItem": change.delete_item,
    "SyncFolderItems": sync.sync_folder_items,
    "Subscribe": notify.subscribe,
    "Unsubscribe": notify.unsubscribe,
    "GetEvents": notify.get_events,
    "GetUserAvailabilityRequest": availability.get_user_availability,
    "GetUserOofSettingsRequest": availability.get_user_oof_settings,
    "GetMailTips": mail_tips.get_mail_tips,
    "GetUserConfiguration": configuration.get_user_configuration,
    "ResolveNames": names.resolve_names,
    "ConvertId": names.convert_id,
    "FindPeople": people.find_people,
    "GetServerTimeZones": zones.get_server_time_zones,
}
"""Operation → what answers it; GetStreamingEvents is the server's own, as it does not end."""

ORDER: Final = {
    "GetFolder": ("FolderShape", "FolderIds"),
    "FindFolder": (
        "FolderShape",
        "IndexedPageFolderView",
        "FractionalPageFolderView",
        "Restriction",
        "ParentFolderIds",
    ),
    "FindItem": (
        "ItemShape",
        "IndexedPageItemView",
        "FractionalPageItemView",
        "SeekToConditionPageItemView",
        "CalendarView",
        "ContactsView",
        "GroupBy",
        "DistinguishedGroupBy",
        "Restriction",
        "SortOrder",
        "ParentFolderIds",
        "QueryString",
    ),
    "GetItem": ("ItemShape", "ItemIds"),
    "SyncFolderItems": (
        "ItemShape",
        "SyncFolderId",
        "SyncState",
        "Ignore",
        "MaxChangesReturned",
        "SyncScope",
    ),
    "CreateFolder": ("ParentFolderId", "Folders"),
    "DeleteFolder": ("FolderIds",),
    "GetEvents": ("SubscriptionId", "Watermark"),
    "GetStreamingEvents": ("SubscriptionIds", "ConnectionTimeout"),
    "Unsubscribe": ("SubscriptionId",),
    "GetUserAvailabilityRequest": (
        "TimeZone",
        "MailboxDataArray",
        "FreeBusyViewOptions",
        "SuggestionsViewOptions",
    ),
    "GetMailTips": ("SendingAs", "Recipients", "MailTipsRequested"),
    "CreateItem": ("SavedItemFolderId", "Items"),
    "UpdateItem": ("SavedItemFolderId", "ItemChanges"),
    "DeleteItem": ("ItemIds",),
    "GetUserConfiguration": ("UserConfigurationName", "UserConfigurationProperties"),
    "FindPeople": (
        "PersonaShape",
        "IndexedPageItemView",
        "Restriction",
        "AggregationRestriction",
        "SortOrder",
        "ParentFolderId",
        "QueryString",
    ),
    "ResolveNames": ("ParentFolderIds", "UnresolvedEntry"),
}
"""Children of an operation in the order its schema demands."""
SINCE: Final = {
    "GetServerTimeZones": 2010,
    "GetUserConfiguration": 2010,
    "GetMailTips": 2010,
    "FindPeople": 2013,
}
