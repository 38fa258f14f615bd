"""Addresses → folders and items, with what an account may do there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lab.exchange.calendar import Appointment, Entry, alone, window
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Account
from lab.exchange_dav import items, names
from lab.exchange_dav.items import EX, MAIL, TAG
from lab.exchange_dav.people import PublicFolder
from lab.exchange_dav.values import Properties, Value

if TYPE_CHECKING:
    from lab.exchange_dav.server import DavExchange

MOST_DAYS: Final = 732
HIDDEN: Final = "NON_IPM_SUBTREE"
"""What a mailbox keeps beside what its owner sees; nothing is in it here."""


@dataclass(slots=True)
class Folder:
    """A folder an address leads to."""

    path: str
    """As answers write it, with a slash at its end."""
    kind: str
    """mailbox, calendar, contacts, inbox, tasks, public."""
    box: Mailbox | None = None
    public: PublicFolder | None = None
    trail: tuple[str, ...] = ()


@dataclass(slots=True)
class Item:
    """Something in a folder."""

    href: str
    properties: Properties
    damaged: Properties = field(default_factory=dict)


class Store:
    """The tree a server shows."""

    def __init__(self, server: DavExchange) -> None:
        self._server = server

    def mailbox(self, name: str) -> Mailbox | None:
        """Return a mailbox by address, alias or the part of its address before the ``@``."""
        organization = self._server.organization
        found = organization.mailbox(name)
        if found is None and "@" not in name:
            found = organization.mailbox(f"{name}@{organization.domain}")
        return found

    def folder(self, segments: list[str]) -> Folder | None:
        """Return the folder at a path; None where there is none."""
        if segments and segments[0].lower() == "public":
            return self._public(segments[1:])
        if len(segments) < 2 or segments[0].lower() != "exchange":
            return None
        box = self.mailbox(segments[1])
        if box is None:
            return None
        base = f"/exchange/{names.written(segments[1])}/"
        if len(segments) == 2:
            return Folder(self.href(base), "mailbox", box)
        if segments[2].upper() == HIDDEN and len(segments) == 3:
            return Folder(self.href(f"{base}{HIDDEN}/"), "hidden", box)
        for kind, title in self.titles(box).items():
            if segments[2].lower() == title.lower() and len(segments) == 3:
                return Folder(self.href(f"{base}{names.written(title)}/"), kind, box)
        return None

    def titles(self, box: Mailbox) -> dict[str, str]:
        """Return what a mailbox's folders are called in its language."""
        return names.FOLDERS[self._server.languages.get(box.address.lower(), "sv")]

    def href(self, path: str) -> str:
        """Return an address as answers write it."""
        return (self._server.faults.internal_host or self._server.origin) + path

    # --- rights -------------------------------------------------------------------------------
    def may(self, account: Account, folder: Folder) -> bool:
        """Tell whether an account may read a folder."""
        if folder.public is not None:
            return folder.public.readable
        box = folder.box
        if box is None or account.mailbox == box.address.lower():
            return True
        right = box.delegates.get(account.name.lower(), "")
        if right == "Owner":
            return True
        return right in ("Reviewer", "Editor") and folder.kind in ("mailbox", "calendar")

    # --- what a folder tells of itself --------------------------------------------------------
    def properties(self, folder: Folder) -> Properties:
        """Return a folder's properties."""
        if folder.public is not None:
            return _public_properties(folder, folder.public)
        assert folder.box is not None
        titles = self.titles(folder.box)
        told: dict[str, Value | None] = {
            "DAV:href": folder.path,
            "DAV:displayname": titles.get(folder.kind, folder.box.name),
            "DAV:isfolder": True,
            "DAV:iscollection": True,
            "DAV:ishidden": False,
            "DAV:hassubs": folder.kind == "mailbox",
            "DAV:nosubs": False,
            EX + "outlookfolderclass": _CLASSES.get(folder.kind, "IPF"),
            EX + "permanenturl": folder.path,
            "DAV:contentclass": f"urn:content-classes:{folder.kind}folder",
        }
        if folder.kind == "mailbox":
            told |= {MAIL + kind: _url(folder.path, title) for kind, title in titles.items()}
        elif not self._server.faults.no_versions:
            told |= self._state(folder.box, folder.kind)
        return told

    def _state(self, box: Mailbox, kind: str) -> dict[str, Value | None]:
        revision = self._server.revision(box)
        count = sum(1 for one in box.items.values() if one.folder == kind)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=revision)
        return {
            "http://schemas.microsoft.com/repl/contenttag": f"rt:{box.guid[:8]}@{revision:x}",
            "DAV:getlastmodified": at,
            "DAV:objectcount": count,
            "DAV:visiblecount": count,
            MAIL + "unreadcount": 0,
            TAG + "x670a0040": at,
            TAG + "x670b0003": box.deletions,
        }

    # --- what is in it ------------------------------------------------------------------------
    def items(
        self, folder: Folder, after: datetime | None = None, before: datetime | None = None
    ) -> Iterator[Item]:
        """Yield what a query of a folder sees; with both bounds series are expanded."""
        if folder.public is not None:
            yield from self._people(folder, folder.public)
        elif folder.kind == "calendar" and folder.box is not None:
            for entry in _entries(folder.box, after, before):
                href = folder.path + names.written(items.name(entry.stored, folder.box.guid))
                ids = not self._server.faults.no_recurrence_ids
                found = items.appointment(folder.box, entry, href, recurrence_ids=ids)
                yield Item(href, found, items.damaged(entry))

    def stored(self, folder: Folder, name: str) -> Appointment | None:
        """Return the appointment or series with this name in a calendar."""
        box = folder.box
        if box is None or folder.kind != "calendar":
            return None
        named = ((items.name(one, box.guid), one) for one in box.calendar())
        return next((one for known, one in named if known.lower() == name.lower()), None)

    def _people(self, folder: Folder, public: PublicFolder) -> Iterator[Item]:
        for below in public.folders:
            href = _url(folder.path, below.name)
            inner = Folder(href, "public", public=below)
            yield Item(href, _public_properties(inner, below))
        for number, person in enumerate(public.people, 1):
            href = folder.path + items.contact_name(person, number)
            yield Item(href, items.contact(person, href))

    def _public(self, segments: list[str]) -> Folder | None:
        found, path = self._server.public, "/public/"
        for segment in segments:
            below = [one for one in found.folders if one.name.lower() == segment.lower()]
            if not below:
                return None
            found, path = below[0], f"{path}{names.written(below[0].name)}/"
        return Folder(self.href(path), "public", public=found, trail=tuple(segments))


_CLASSES = {
    "calendar": "IPF.Appointment",
    "contacts": "IPF.Contact",
    "inbox": "IPF.Note",
    "tasks": "IPF.Task",
}


def _entries(box: Mailbox, after: datetime | None, before: datetime | None) -> Iterator[Entry]:
    """Yield everything as it is stored; with both bounds, what is left of series there too."""
    yield from (alone(item) for item in box.calendar())
    if after is not None and before is not None:
        series = [item for item in box.calendar() if item.recurrence is not None]
        yield from window(series, after, before)


def _public_properties(folder: Folder, public: PublicFolder) -> Properties:
    return {
        "DAV:href": folder.path,
        "DAV:displayname": public.name or "Public Folders",
        "DAV:isfolder": True,
        "DAV:iscollection": True,
        "DAV:ishidden": public.hidden,
        "DAV:hassubs": bool(public.folders),
        "DAV:contentclass": "urn:content-classes:contactfolder",
        "DAV:visiblecount": len(public.people),
        EX + "outlookfolderclass": public.folder_class,
        EX + "permanenturl": folder.path,
    }


def _url(base: str, title: str) -> str:
    """Return a folder's address as real servers tell it: percent-encoded, a slash at its end."""
    return base + quote(names.written(title), safe="%@{}") + "/"
