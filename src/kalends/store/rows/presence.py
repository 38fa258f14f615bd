"""People who are due, what came of evaluating them, and what readers and sinks are told."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec

from kalends.model.presence import Hold, Manual, Presence, Timeline
from kalends.model.profile import Profile
from kalends.store.rows.calendars import CalendarInput

SHARDS: Final = 64
"""Number of shards people are spread over; ``shard_of`` is stable for ever."""


def shard_of(organization: str, person: str) -> int:
    """Return the shard (0 … 63) of a person: CRC-32 of ``organization/person`` modulo 64."""
    return zlib.crc32(f"{organization}/{person}".encode()) % SHARDS


class Lane(IntEnum):
    """Why somebody is due; lower lanes are served first."""

    DUE = 0
    """A known boundary has come."""
    HAND = 1
    """Manual presence, line state, preference."""
    CALENDAR = 2
    """Bookings changed."""
    POLICY = 3
    """Settings or rules changed: many at once, none urgent."""


class DuePerson(msgspec.Struct, frozen=True, gc=False):
    """Somebody whose presence must be evaluated."""

    organization: str
    person: str
    input_version: int
    lane: Lane
    due_at: int
    dirty: bool
    """The timeline must be rebuilt from bookings and policy first."""
    timeline: Timeline
    manual: Manual | None
    hold: Hold | None
    presence: Presence | None
    evaluated_at: int
    """Up to when boundaries have been visited; 0: never."""
    revision: int
    profile: Profile
    unreadable: bool = False
    """What is stored of this person cannot be opened: nothing of it is here."""


class PolicyInputs(msgspec.Struct, frozen=True):
    """What a timeline is built from."""

    organization: str
    person: str
    input_version: int
    record: bytes
    calendars: tuple[CalendarInput, ...]
    unreadable: bool = False
    """A calendar of this person cannot be opened: none is here."""


class Evaluated(msgspec.Struct, frozen=True, gc=False):
    """The result for one person, to be stored if the input version is still the one seen."""

    organization: str
    person: str
    seen_version: int
    presence: Presence
    next_change_at: int | None
    evaluated_at: int
    changed: bool
    """Takes a revision: the presence differs from the stored one in what a view can show."""
    timeline: Timeline | None = None
    """None: as stored."""
    manual: Manual | None = None
    hold: Hold | None = None
    """Manual and hold after the boundaries visited; stored as they are."""
    log: bool = False
    """Whether to write a transition for ``every`` sinks."""


class SealedBatch(msgspec.Struct, frozen=True, gc=False):
    """Results that ``Store.seal_ahead`` brought into the form in which they are stored."""

    people: Sequence[Evaluated]
    parts: Sequence[Any]
    """The store's own: one per organization."""


class Committed(msgspec.Struct, frozen=True):
    """What became of a batch."""

    revisions: dict[str, int]
    """Highest revision per organization that changed."""
    refused: tuple[tuple[str, str], ...]
    """(organization, person) whose input changed meanwhile (they are due again), or who left."""
    blocks: dict[str, int] = {}
    """First revision of each organization's block: the changed of the batch are numbered from
    it in order. Numbers of the refused stay unused."""


class StoredPresence(msgspec.Struct, frozen=True, gc=False):
    """A person's presence as stored, for readers and sinks."""

    organization: str
    person: str
    revision: int
    presence: Presence
    profile: Profile
    stale_since: int | None
    evaluated_at: int
    next_change_at: int | None


class Transition(msgspec.Struct, frozen=True):
    """One change for an ``every`` sink; text-free (no notes), kept at most an hour."""

    organization: str
    person: str
    revision: int
    at: int
    before: Presence | None
    after: Presence
    profile: Profile


class SinkRow(msgspec.Struct, frozen=True):
    """What a sink must remember about one person: failures, the other side's ETag …"""

    organization: str
    sink: str
    person: str
    revision: int
    """Revision delivered last."""
    memory: bytes | None = None
    """The sink's own (ETag, previous value)."""
    digest: bytes | None = None
    """Of the rendered form the other side holds."""
    due_at: int | None = None
    """When to refresh or to try again; None: nothing to do."""
    failures: int = 0
