"""What is remembered about mailboxes and servers: caches only, small, and refilled when lost.

A mailbox costs a few hundred bytes here; its URL and version are shared with its neighbours'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, NamedTuple

from kalends.wire.ews.folders import CALENDAR, Folder, calendar_of
from kalends.wire.ews.versions import NEWEST, ServerVersion, Version

_TOLD: Final = re.compile(rb"<(?:\w+:)?ServerVersionInfo\b([^>]*)>")
_NUMBER: Final = re.compile(
    rb"(Major|Minor|MajorBuild|MinorBuild)(?:Version|Number)=[\"'](\d{1,9})[\"']"
)
_HEAD: Final = 2000
"""Bytes of an answer within which the server says what it is."""


class Access(StrEnum):
    """How a mailbox is read, best first."""

    IMPERSONATION = "impersonation"
    """As its owner."""
    DELEGATE = "delegate"
    """A calendar shared with the account: no notifications, private items without text."""
    FREE_BUSY = "freebusy"
    """Busy times alone."""


ORDER: Final = (Access.IMPERSONATION, Access.DELEGATE, Access.FREE_BUSY)


class Mailbox(NamedTuple):
    """One mailbox, as the configuration names it."""

    address: str
    """SMTP address, lower case; it may be an alias."""


class Known:
    """What was learned about one mailbox."""

    __slots__ = (
        "_access", "found_at", "grouping", "hours", "next_try", "primary", "public_folders",
        "replied_at", "reply", "reply_doubted", "reply_seen", "tries", "url", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.url = ""
        """Of EWS; empty: not found yet."""
        self.found_at: float | None = None
        """When Autodiscover was asked last (monotonic)."""
        self.grouping = ""
        """``GroupingInformation``."""
        self.public_folders = ""
        """Address of the public folder mailbox (2013+), as Autodiscover told it."""
        self.primary = ""
        """Primary address, where ours is an alias."""
        self.hours = ""
        """Work hours as JSON, as they were told last; shared with whoever keeps the same."""
        self.reply: tuple[int, int] | None = None
        """When automatic replies are on, as told at …"""
        self.replied_at = 0
        """… (UTC seconds); 0: not told yet."""
        self.reply_seen = 0
        """When (UTC seconds) it was last looked after among many; 0: never …"""
        self.reply_doubted = False
        """… and whether it looked otherwise than before."""
        self.version: Version | None = None
        """Where the mailbox lies behind an older server than the one that answers."""
        self._access: Access | None = None
        self.tries = 0
        """How often a better access than ``access`` was refused."""
        self.next_try = 0.0
        """When (monotonic) a better access is tried again."""

    @property
    def access(self) -> Access | None:
        """How it is read: as is being tried just here, else as worked; None: nothing did yet."""
        tried = _TRIED.get()
        return tried[1] if tried is not None and tried[0] is self else self._access

    @access.setter
    def access(self, access: Access | None) -> None:
        self._access = access

    @contextmanager
    def tried(self, access: Access) -> Iterator[None]:
        """Let whoever tries a way of reading ask in it; all others go on as they were."""
        before = _TRIED.set((self, access))
        try:
            yield
        finally:
            _TRIED.reset(before)


_TRIED: Final[ContextVar[tuple[Known, Access] | None]] = ContextVar("tried", default=None)


class Server(NamedTuple):
    """What was learned about one EWS URL."""

    asked: Version = NEWEST
    """Version to write requests in."""
    told: ServerVersion | None = None
    """What it says it is."""


def folder_of(known: Known, mailbox: Mailbox, *, impersonated: bool) -> Folder:
    """Return how a mailbox's calendar is named by whoever asks."""
    return CALENDAR if impersonated else calendar_of(known.primary or mailbox.address)


def server_told(body: bytes) -> ServerVersion | None:
    """Return what a server says it is, out of the head of any answer, faults included."""
    found = _TOLD.search(body, 0, _HEAD)
    if found is None:
        return None
    numbers = {name.decode(): int(value) for name, value in _NUMBER.findall(found.group(1))}
    parts = ("Major", "Minor", "MajorBuild", "MinorBuild")
    if not {"Major", "Minor"} <= numbers.keys():
        return None
    major, minor, build, revision = (numbers.get(part, 0) for part in parts)
    return ServerVersion(major, minor, build, revision)
