"""What the server stores: users, calendars with their history, feeds."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.dav.xml import CAL, DAV


@dataclass(slots=True)
class Feed:
    """A calendar file served over HTTP."""

    body: bytes
    user: str = ""
    """Who must sign in; empty: anybody."""
    modified: str = ""
    """Last-Modified as sent."""


@dataclass(slots=True)
class Collection:
    """One calendar."""

    path: str
    owner: str
    title: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    revision: int = 0
    history: list[tuple[int, str]] = field(default_factory=list)
    """(revision, object name) of every change, oldest first."""
    readers: set[str] = field(default_factory=set)
    transparent: bool = False
    timezone: str = ""
    """iCalendar text of the calendar-timezone property."""
    components: tuple[str, ...] = ("VEVENT",)
    types: tuple[str, ...] = (CAL + "calendar",)
    privileges: tuple[str, ...] = (DAV + "read",)
    """What readers are told they may do; without ``read`` objects are kept from them."""

    def put(self, name: str, body: bytes | str) -> None:
        """Store an object."""
        self.objects[name] = body.encode() if isinstance(body, str) else body
        self._changed(name)

    def delete(self, name: str) -> bool:
        """Remove an object."""
        if self.objects.pop(name, None) is None:
            return False
        self._changed(name)
        return True

    def token(self, revision: int) -> str:
        """Return the sync token of a revision."""
        return f"http://lab.test/sync{self.path}{revision}"

    def revision_of(self, token: str) -> int | None:
        """Return the revision of a token; 0 for none, None for one we never gave."""
        if not token:
            return 0
        number = token.removeprefix(self.token(0)[:-1])
        known = number.isdecimal() and int(number) <= self.revision
        return int(number) if known and token.startswith("http://lab.test/sync") else None

    def _changed(self, name: str) -> None:
        self.revision += 1
        self.history.append((self.revision, name))


@dataclass(slots=True)
class Tree:
    """Everything there is."""

    passwords: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    availability: dict[str, str] = field(default_factory=dict)
    """User → VAVAILABILITY text, on the inbox where there is one, else on the home."""
    inboxes: set[str] = field(default_factory=set)
    """Users with a scheduling inbox (RFC 6638)."""
    calendars: dict[str, Collection] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)

    def add_user(self, name: str, password: str, *addresses: str) -> None:
        """Add a user."""
        self.passwords[name] = password
        self.addresses[name] = list(addresses)

    def add_calendar(self, path: str, owner: str, *readers: str, title: str = "") -> Collection:
        """Add a calendar."""
        path = path.rstrip("/") + "/"
        self.calendars[path] = Collection(path, owner, title or path, readers=set(readers))
        return self.calendars[path]

    def collection(self, path: str) -> Collection | None:
        """Return the calendar at a path."""
        return self.calendars.get(path.rstrip("/") + "/")

    def listed(self, user: str) -> list[Collection]:
        """Return what a user's home lists: own calendars and those shared with him."""
        return [
            one
            for one in self.calendars.values()
            if one.owner == user or user in one.readers
        ]  # fmt: skip

    def may_read(self, user: str, collection: Collection) -> bool:
        """Tell whether a user may read a calendar."""
        return user == collection.owner or user in collection.readers
