"""Which fields are asked of which version: only what policy uses, so that answers stay small.

Attendees, bodies and attachments are never asked. ``IsRecurring`` is not asked either: it is false
on a master and says nothing that ``CalendarItemType`` does not. The organizer's address is not
among what FindItem returns of ``calendar:Organizer`` (a display name); it comes as a MAPI property.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Final

from lxml import etree

from kalends.wire.ews.names import NSMAP, M, T
from kalends.wire.ews.soap import Context, add
from kalends.wire.ews.versions import Feature, Version, offers

MARK_SET: Final = "8f2a4c51-6f0b-4e3b-9a0d-5c1b7e9d2a64"
MARK_NAME: Final = "KalendsManualPresence"
"""The extended property that tells an appointment Kalends wrote from a person's own."""

_CALENDAR: Final = (
    "item:Subject",
    "item:Sensitivity",
    "item:Categories",
    "calendar:UID",
    "calendar:RecurrenceId",
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:LegacyFreeBusyStatus",
    "calendar:IsCancelled",
    "calendar:CalendarItemType",
    "calendar:MyResponseType",
    "calendar:Organizer",
    "calendar:AppointmentState",
)
SENDER_ADDRESS: Final = "0x65"
"""PidTagSentRepresentingEmailAddress: SMTP from outside, a directory name from inside."""
SENDER_SMTP: Final = "0x5d02"
"""PidTagSentRepresentingSmtpAddress (kept by 2010 and later)."""
LAST_CHANGE: Final = "0x670a"
"""PidTagLocalCommitTimeMax of a folder."""
DELETED: Final = "0x670b"
"""PidTagDeletedCountTotal of a folder."""
REPLICAS: Final = "0x6698"
"""PR_REPLICA_LIST: the GUID of the mailbox that holds a public folder's contents."""


def calendar_fields(version: Version) -> tuple[str, ...]:
    """Return the field URIs of an appointment for the version spoken."""
    if offers(version, Feature.TIME_ZONE_ID):
        return (*_CALENDAR, "calendar:StartTimeZoneId")
    if offers(version, Feature.TIME_ZONE):
        return (*_CALENDAR, "calendar:StartTimeZone")
    return _CALENDAR


def calendar_shape(parent: etree._Element, context: Context, *more: str) -> None:
    """Append the item shape in which windows are read, and ``more`` fields."""
    parent.append(deepcopy(_calendar_shape(context.version, more)))


@lru_cache(maxsize=64)
def _calendar_shape(version: Version, more: tuple[str, ...]) -> etree._Element:
    """Return the shape to be copied: it is the same for every mailbox, and dear to put together."""
    around = etree.Element(M + "around", nsmap=NSMAP)
    properties = _shape(around, "ItemShape")
    for uri in (*calendar_fields(version), *more):
        field(properties, uri)
    newer = offers(version, Feature.TIME_ZONE)
    tag(properties, SENDER_SMTP if newer else SENDER_ADDRESS, "String")
    mark(properties)
    return around[0]


def id_shape(parent: etree._Element, name: str = "ItemShape", *fields: str) -> None:
    """Append a shape of the id alone, and of the fields named."""
    if not fields:
        add(add(parent, M + name), T + "BaseShape", "IdOnly")
        return
    properties = _shape(parent, name)
    for uri in fields:
        field(properties, uri)


def folder_shape(parent: etree._Element, *, replicas: bool = False) -> None:
    """Append a folder shape with name, class, and the two counters that tell of any change.

    ``replicas``: which mailbox holds the contents of a public folder, too (2013+).
    """
    properties = _shape(parent, "FolderShape")
    for uri in ("folder:DisplayName", "folder:FolderClass", "folder:EffectiveRights"):
        field(properties, uri)
    tag(properties, LAST_CHANGE, "SystemTime")
    tag(properties, DELETED, "Integer")
    if replicas:
        tag(properties, REPLICAS, "Binary")


def field(properties: etree._Element, uri: str) -> None:
    """Append one field."""
    add(properties, T + "FieldURI", FieldURI=uri)


def tag(properties: etree._Element, number: str, kind: str) -> None:
    """Append one MAPI property by its tag."""
    add(properties, T + "ExtendedFieldURI", PropertyTag=number, PropertyType=kind)


def mark(properties: etree._Element) -> None:
    """Append our own mark."""
    add(
        properties,
        T + "ExtendedFieldURI",
        PropertySetId=MARK_SET,
        PropertyName=MARK_NAME,
        PropertyType="String",
    )


def _shape(parent: etree._Element, name: str) -> etree._Element:
    shape = add(parent, M + name)
    add(shape, T + "BaseShape", "IdOnly")
    return add(shape, T + "AdditionalProperties")
