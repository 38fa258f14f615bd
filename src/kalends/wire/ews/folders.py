"""Ids of folders and items, as requests carry them.

A folder is named by its id, or by its role (``calendar``) in a mailbox: the caller's own (under
impersonation: the impersonated one), or somebody's whose address is told (delegate access).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import add

Distinguished = Literal[
    "calendar", "contacts", "publicfoldersroot", "msgfolderroot", "directory", "inbox"
]


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder: exactly one of ``id`` and ``name`` is given."""

    id: str = ""
    name: Distinguished | None = None
    mailbox: str = ""
    """SMTP address whose folder ``name`` is; empty: the mailbox that asks."""

    def write(self, parent: etree._Element) -> None:
        """Append it to a list of folder ids."""
        if self.name is None:
            add(parent, T + "FolderId", Id=self.id)
            return
        element = add(parent, T + "DistinguishedFolderId", Id=self.name)
        if self.mailbox:
            add(add(element, T + "Mailbox"), T + "EmailAddress", self.mailbox)


CALENDAR = Folder(name="calendar")
CONTACTS = Folder(name="contacts")
PUBLIC_FOLDERS = Folder(name="publicfoldersroot")


def calendar_of(mailbox: str) -> Folder:
    """Return the calendar a user shares with the account that asks."""
    return Folder(name="calendar", mailbox=mailbox)


@dataclass(frozen=True, slots=True)
class ItemId:
    """An item as the server knows it. The change key tells one state of it."""

    id: str
    change_key: str = ""

    def write(self, parent: etree._Element) -> None:
        """Append it to a list of item ids."""
        attributes = {"Id": self.id}
        if self.change_key:
            attributes["ChangeKey"] = self.change_key
        add(parent, T + "ItemId", **attributes)


def parent_folders(parent: etree._Element, folders: tuple[Folder, ...]) -> None:
    """Append ``m:ParentFolderIds``."""
    listed = add(parent, M + "ParentFolderIds")
    for folder in folders:
        folder.write(listed)
