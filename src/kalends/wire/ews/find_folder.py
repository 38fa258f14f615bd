"""FindFolder: the folders below one, page by page (public folders know no deep traversal)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.folders import Folder, parent_folders
from kalends.wire.ews.get_folder import FolderFacts, read_folder
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import folder_shape
from kalends.wire.ews.soap import Context, add, one, operation, read, request

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class FolderPage:
    """One page of folders."""

    folders: tuple[FolderFacts, ...]
    next_offset: int | None
    """Where the next page begins; None: this was the last."""


def build_find_folder(
    context: Context, parent: Folder, offset: int = 0, *, replicas: bool = False
) -> Request:
    """Ask for the folders directly below one, from an offset on.

    ``replicas``: and for where the contents of public folders lie.
    """
    find = operation("FindFolder", Traversal="Shallow")
    folder_shape(find, replicas=replicas)
    add(
        find,
        M + "IndexedPageFolderView",
        MaxEntriesReturned=str(PAGE),
        Offset=str(offset),
        BasePoint="Beginning",
    )
    parent_folders(find, (parent,))
    return request(context, find)


def parse_find_folder(response: Response, offset: int = 0) -> FolderPage:
    """Read one page; ``offset`` is the one that was asked."""
    root = one(read(response), "FindFolderResponse").accept().find(M + "RootFolder")
    if root is None:
        raise BadAnswer("FindFolderResponse has no RootFolder")
    listed = root.find(T + "Folders")
    children = list(listed.iterchildren(tag=etree.Element)) if listed is not None else []
    folders = tuple(read_folder(element) for element in children)
    return FolderPage(folders, next_offset(root, offset, len(folders)))


def next_offset(root: etree._Element, offset: int, count: int) -> int | None:
    """Return where the next page of an indexed view begins; None after the last.

    A page without entries ends the walk, whatever it says of itself: no endless loop.
    """
    if count == 0 or str(root.get("IncludesLastItemInRange", "true")).strip() in ("true", "1"):
        return None
    told = str(root.get("IndexedPagingOffset", "")).strip()
    follows = int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0
    return follows if follows > offset else offset + count
