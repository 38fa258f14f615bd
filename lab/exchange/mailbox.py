"""One mailbox: folders, items, the history of changes, and who may read it.

What a sync state needs stands with the items (``born``, ``told``) and with what is ``gone``, so
that ``history``, which notifications are told from, can be short: an organization holds tens of
thousands of mailboxes.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple

from lab.exchange.calendar import Appointment, Entry
from lab.exchange.contacts import Card


class Folder(NamedTuple):
    """A folder every mailbox has."""

    number: int
    name: str
    """As in DistinguishedFolderId."""
    title: str
    parent: str
    folder_class: str
    kind: str = "Folder"
    """Name of the element: Folder, CalendarFolder, ContactsFolder, TasksFolder."""


FOLDERS: Final = {
    one.name: one
    for one in (
        Folder(1, "root", "", "root", ""),
        Folder(2, "msgfolderroot", "Top of Information Store", "root", "IPF"),
        Folder(3, "calendar", "Calendar", "msgfolderroot", "IPF.Appointment", "CalendarFolder"),
        Folder(4, "contacts", "Contacts", "msgfolderroot", "IPF.Contact", "ContactsFolder"),
        Folder(5, "inbox", "Inbox", "msgfolderroot", "IPF.Note"),
        Folder(6, "deleteditems", "Deleted Items", "msgfolderroot", "IPF.Note"),
        Folder(7, "sentitems", "Sent Items", "msgfolderroot", "IPF.Note"),
        Folder(8, "drafts", "Drafts", "msgfolderroot", "IPF.Note"),
        Folder(9, "outbox", "Outbox", "msgfolderroot", "IPF.Note"),
        Folder(10, "tasks", "Tasks", "msgfolderroot", "IPF.Task", "TasksFolder"),
        Folder(12, "junkemail", "Junk Email", "msgfolderroot", "IPF.Note"),
        Folder(13, "publicfoldersroot", "", "publicfoldersroot", "IPF"),
        Folder(11, "recoverableitemsdeletions", "Deletions", "root", "IPF.Note"),
    )
}
NUMBERED: Final = {one.number: one for one in FOLDERS.values()}
_ELEMENTS: Final = {
    "IPF.Appointment": "CalendarFolder",
    "IPF.Contact": "ContactsFolder",
    "IPF.Task": "TasksFolder",
}
REMEMBERED: Final = 300
"""Events a mailbox remembers at least; who comes back later has missed some."""


class Event(NamedTuple):
    """One thing that happened, as notifications and sync states tell it."""

    number: int
    kind: str
    """CreatedEvent, ModifiedEvent, DeletedEvent, MovedEvent, FreeBusyChangedEvent."""
    at: datetime
    folder: str
    """Where the item lies now; a folder's own event names the folder."""
    item: int = 0
    """0: the folder itself."""
    change: int = 1
    old_folder: str = ""


class Gone(NamedTuple):
    """An item that left a folder: deleted, or moved elsewhere."""

    number: int
    """Of the event that told it."""
    item: int
    folder: str
    born: int
    """Number of the event by which it had come into the folder."""


@dataclass(slots=True)
class Oof:
    """An automatic reply."""

    state: str = "Disabled"
    start: datetime | None = None
    end: datetime | None = None
    reply: str = ""


@dataclass(slots=True)
class Mailbox:
    """A person's (or a room's) mailbox."""

    address: str
    name: str
    number: int = 0
    aliases: tuple[str, ...] = ()
    principal: str = ""
    """User principal name; empty: the address."""
    sid: str = ""
    phone: str = ""
    zone: str = "W. Europe Standard Time"
    days: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    hours: tuple[int, int] = (480, 1020)
    """Minutes since local midnight."""
    oof: Oof = field(default_factory=Oof)
    default_right: str = "FreeBusy"
    """What everybody may know through availability: None, FreeBusy, Detailed or Reviewer."""
    delegates: dict[str, str] = field(default_factory=dict)
    """Actor's address → Reviewer, Editor, Owner (FullAccess) on the calendar."""
    grants: dict[tuple[str, str], str] = field(default_factory=dict)
    """(actor's address, folder's name) → right, on folders a delegate has no business in."""
    sees_private: set[str] = field(default_factory=set)
    """Delegates who see private items."""
    site: str = ""
    """Name of the server that holds it; empty: any."""
    request_limit: str = ""
    """The newest RequestServerVersion its own, older server takes; empty: any."""
    database: int = 0
    """Which back end holds it, where the server has several."""
    moving_until: float = 0.0
    half_impersonated: bool = False
    """Only one of 2007's two rights was granted: recurring appointments do not show."""
    guid: str = ""
    own: dict[str, Folder] = field(default_factory=dict)
    """Folders beside those every mailbox has, by a name nobody sees."""
    items: dict[int, Appointment] = field(default_factory=dict)
    cards: dict[int, Card] = field(default_factory=dict)
    """Contacts in its folders."""
    card: Card | None = None
    """What the directory tells of its owner, beyond name, addresses and phone."""
    history: list[Event] = field(default_factory=list)
    """The latest events, oldest first."""
    revision: int = 0
    """Number of the latest event."""
    forgotten: int = 0
    """Number of the latest event that is no longer in ``history``."""
    gone: list[Gone] = field(default_factory=list)
    commits: dict[str, datetime] = field(default_factory=dict)
    """Folder → when anything in it last changed."""
    deletions: int = 0
    watchers: set[Callable[[], Any]] = field(default_factory=set)
    """Called after each event."""
    _next: int = 1
    _folders: int = 100
    """Number of the latest of its own folders."""

    def __post_init__(self) -> None:
        self.guid = self.guid or str(uuid.uuid5(uuid.NAMESPACE_DNS, self.address))
        self.sid = self.sid or f"S-1-5-21-1004336348-1177238915-682003330-{1000 + self.number}"
        self.principal = self.principal or self.address

    # --- folders ------------------------------------------------------------------------------
    def folder(self, name: str) -> Folder:
        """Return a folder by the name it has here."""
        return FOLDERS.get(name) or self.own[name]

    def numbered(self, number: int) -> Folder | None:
        """Return a folder by its number; None where it is gone."""
        return NUMBERED.get(number) or self.own.get(f"#{number}")

    def below(self, parent: Folder, *, deep: bool = False) -> list[Folder]:
        """Return the folders in a folder, with ``deep`` those in them too."""
        found = []
        for one in (*FOLDERS.values(), *self.own.values()):
            if one.parent == parent.name and one.name != parent.name:
                found += [one, *(self.below(one, deep=True) if deep else ())]
        return found

    def make_folder(self, parent: Folder, title: str, folder_class: str) -> Folder:
        """Add a folder of its own."""
        self._folders += 1
        kind = _ELEMENTS.get(folder_class, "Folder")
        name = f"#{self._folders}"
        self.own[name] = Folder(self._folders, name, title, parent.name, folder_class, kind)
        return self.own[name]

    def drop_folder(self, folder: Folder) -> None:
        """Remove one of its own folders with what is in it."""
        for one in (folder, *self.below(folder, deep=True)):
            del self.own[one.name]
            for stored in (self.items, self.cards):
                for number in [k for k, each in stored.items() if each.folder == one.name]:
                    stored.pop(number)

    def add_card(self, card: Card, folder: str = "contacts") -> Card:
        """Put a contact into a folder."""
        card.number, self._next = self._next, self._next + 1
        card.folder = folder
        self.cards[card.number] = card
        return card

    # --- what lies there ----------------------------------------------------------------------
    def after(self, number: int) -> list[Event]:
        """Return the remembered events after one."""
        return self.history[bisect_right(self.history, number, key=attrgetter("number")) :]

    def calendar(self) -> list[Appointment]:
        """Return what lies in the calendar."""
        return [one for one in self.items.values() if one.folder == "calendar"]

    def uid(self, item: Appointment) -> str:
        """Return an item's UID: a GlobalObjectId where it came with none."""
        if item.uid:
            return item.uid
        # Class id, date of an instance, creation time, size, data.
        tail = f"{self.guid.replace('-', '')[:24]}{item.number:08x}".upper()
        return f"040000008200E00074C5B7101A82E008{'0' * 32}10000000{tail}"

    # --- changes ------------------------------------------------------------------------------
    def load(self, item: Appointment, at: datetime) -> Appointment:
        """Store what was there before anybody looked: nobody is told."""
        item.number, self._next = self._next, self._next + 1
        item.created = item.modified = at
        self.revision += 1
        item.born = item.told = self.revision
        self.items[item.number] = item
        self.commits[item.folder] = at
        return item

    def add(self, item: Appointment, now: datetime | None = None) -> Appointment:
        """Store an appointment: it gets its number and, where it has none, a UID."""
        at = now or datetime.now(UTC)
        item.number, self._next = self._next, self._next + 1
        item.uid = self.uid(item)
        item.created = item.modified = at
        self.items[item.number] = item
        item.born = self.revision + 1
        self._tell("CreatedEvent", item, at)
        return item

    def changed(self, item: Appointment, now: datetime | None = None) -> None:
        """Note that an item was changed (its occurrences included)."""
        item.modified = now or datetime.now(UTC)
        item.change += 1
        self._tell("ModifiedEvent", item, item.modified)

    def delete_occurrence(self, entry: Entry, now: datetime | None = None) -> None:
        """Take one occurrence out of its series: the master changes, nothing is deleted."""
        assert entry.master is not None and entry.original is not None
        entry.master.deleted.add(entry.original)
        entry.master.exceptions.pop(entry.original, None)
        self.changed(entry.master, now)

    def remove(self, item: Appointment, now: datetime | None = None) -> None:
        """Delete an item for good."""
        del self.items[item.number]
        self._left(item)
        self._tell("DeletedEvent", item, now or datetime.now(UTC))

    def move(self, item: Appointment, folder: str, now: datetime | None = None) -> None:
        """Move an item (to the deleted items, say)."""
        self._left(item)
        old, item.folder = item.folder, folder
        item.change += 1
        item.born = self.revision + 1
        self._tell("MovedEvent", item, now or datetime.now(UTC), old)

    def _left(self, item: Appointment) -> None:
        self.deletions += 1
        self.gone.append(Gone(self.revision + 1, item.number, item.folder, item.born))

    def _tell(self, kind: str, item: Appointment, at: datetime, old: str = "") -> None:
        item.told = self.revision + 1
        # One action of a user gives several events, as Exchange sends them.
        for each, number, change in (
            (kind, item.number, item.change),
            ("ModifiedEvent", 0, 1),
            ("FreeBusyChangedEvent", 0, 1),
        ):
            folder = item.folder if number else (old or item.folder)
            self.revision += 1
            self.history.append(Event(self.revision, each, at, folder, number, change, old))
        for name in filter(None, (item.folder, old)):
            self.commits[name] = at
        if len(self.history) > 2 * REMEMBERED:
            self.forgotten = self.history[-REMEMBERED - 1].number
            del self.history[:-REMEMBERED]
        for wake in list(self.watchers):
            wake()
