"""SyncFolderItems: did anything change, where nothing notifies us ([MS-OXWSSYNC]).

Only a trigger: it knows no occurrences, an edited series shows as its master. Asked with ids and
types alone, page after page until ``last``; the state of the last page is the one to keep (large,
and opaque).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.folders import CALENDAR, Folder
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import id_shape
from kalends.wire.ews.soap import Context, add, one, operation, read, request

MAX_CHANGES: Final = 512
"""The most a server returns at once."""


@dataclass(frozen=True, slots=True)
class SyncPage:
    """One page of changes."""

    state: str
    """To be stored whole and sent next time."""
    last: bool
    """False: ask again with the new state."""
    changed: tuple[str, ...] = ()
    """Ids of items created or changed."""
    deleted: tuple[str, ...] = ()
    masters: tuple[str, ...] = ()
    """Which of the changed are masters of series."""

    @property
    def empty(self) -> bool:
        """Tell whether nothing of ours changed (a mail marked as read is nothing)."""
        return not self.changed and not self.deleted


def build_sync_folder_items(
    context: Context, state: str = "", folder: Folder = CALENDAR, limit: int = MAX_CHANGES
) -> Request:
    """Ask what changed since a state; an empty state: everything."""
    sync = operation("SyncFolderItems")
    id_shape(sync, "ItemShape", "calendar:CalendarItemType")
    folder.write(add(sync, M + "SyncFolderId"))
    if state:
        add(sync, M + "SyncState", state)
    add(sync, M + "MaxChangesReturned", str(limit))
    return request(context, sync)


def parse_sync_folder_items(response: Response) -> SyncPage:
    """Read one page; ``CursorExpired`` where the state is refused."""
    element = one(read(response), "SyncFolderItemsResponse").accept()
    state = (element.findtext(M + "SyncState") or "").strip()
    if not state:
        raise BadAnswer("SyncFolderItemsResponse has no SyncState")
    last = (element.findtext(M + "IncludesLastItemInRange") or "true").strip()
    changes = element.find(M + "Changes")
    found = changes if changes is not None else ()
    return SyncPage(
        state,
        last in ("true", "1"),
        tuple(_ids(found, T + "Create", T + "Update")),
        tuple(_ids(found, T + "Delete")),
        tuple(_masters(found)),
    )


def _ids(changes: etree._Element | tuple[()], *names: str) -> list[str]:
    found: list[str] = []
    for change in changes:
        if change.tag in names:
            told = next(change.iter(T + "ItemId"), None)
            # A change without an id is still a change.
            found.append(str(told.get("Id", "")) if told is not None else "")
    return found


def _masters(changes: etree._Element | tuple[()]) -> Iterator[str]:
    for change in changes:
        told = change.find(f"*/{T}CalendarItemType")
        if told is not None and (told.text or "").strip() == "RecurringMaster":
            item = next(change.iter(T + "ItemId"), None)
            if item is not None:
                yield str(item.get("Id", ""))
