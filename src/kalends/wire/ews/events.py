"""Notifications, as pull, push and stream carry them alike.

They only say *that* something changed: what counts is the window read afterwards. A deleted
occurrence shows as its master modified; a deleted item as moved to a folder nobody sees; a new item
may be gone before it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import BadAnswer
from kalends.wire.ews.names import T

STATUS: Final = "StatusEvent"
"""Nothing happened: a sign of life, with a new watermark."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: str
    """``CreatedEvent``, ``ModifiedEvent`` …, or ``StatusEvent``."""
    watermark: str = ""
    item: str = ""
    """Item id; empty where a folder changed."""
    folder: str = ""
    """Folder id, where the folder itself changed (its counters do with every item)."""
    parent: str = ""
    """Folder it happened in; after a move, the new one."""
    old_parent: str = ""
    """Folder a moved or copied item came from."""

    def touches(self, folder: str) -> bool:
        """Tell whether the content of a folder may have changed."""
        if self.kind == STATUS:
            return False
        # FreeBusyChangedEvent tells of the mailbox and may name no folder of ours.
        return folder in (self.parent, self.old_parent, self.folder) or self.kind.startswith("Free")


@dataclass(frozen=True, slots=True)
class Notification:
    """What one subscription has to tell."""

    subscription: str
    events: tuple[Event, ...] = ()
    previous: str = ""
    """``PreviousWatermark``: where this begins (pull, push)."""
    more: bool = False
    """Ask again at once (pull)."""

    @property
    def watermark(self) -> str:
        """Where to go on, once this is processed; empty: not told."""
        return next((event.watermark for event in reversed(self.events) if event.watermark), "")

    @property
    def changes(self) -> int:
        """Return how many items changed; 1 where only a folder or busy times are named; 0: none."""
        happened = [event for event in self.events if event.kind != STATUS]
        return len({event.item for event in happened if event.item}) or min(1, len(happened))


def read_notification(element: etree._Element) -> Notification:
    """Read an ``m:Notification``; ``BadAnswer`` where it names no subscription."""
    subscription = (element.findtext(T + "SubscriptionId") or "").strip()
    if not subscription:
        raise BadAnswer("a notification names no subscription")
    more = (element.findtext(T + "MoreEvents") or "").strip()
    return Notification(
        subscription,
        tuple(_event(child) for child in element if str(child.tag).endswith("Event")),
        (element.findtext(T + "PreviousWatermark") or "").strip(),
        more in ("true", "1"),
    )


def _event(element: etree._Element) -> Event:
    return Event(
        str(element.tag).rpartition("}")[2],
        (element.findtext(T + "Watermark") or "").strip(),
        _id(element, "ItemId"),
        _id(element, "FolderId"),
        _id(element, "ParentFolderId"),
        _id(element, "OldParentFolderId"),
    )


def _id(element: etree._Element, name: str) -> str:
    found = element.find(T + name)
    return str(found.get("Id", "")) if found is not None else ""
