"""What administrators wrote, who may ask, who did what, who holds what."""

from __future__ import annotations

from typing import Literal

import msgspec

from kalends.model.profile import Profile


class Document(msgspec.Struct, frozen=True):
    """One thing an administrator wrote: organization settings, a source, a sink …"""

    organization: str
    kind: Literal["organization", "source", "sink", "directory", "group", "route"]
    id: str
    body: bytes
    """JSON of the model (never with a secret in it)."""
    managed_by: str
    version: int = 0
    """Counts changes; ``Conflict`` where an expected version is given and differs."""


class PersonDocument(msgspec.Struct, frozen=True):
    """A person's record as written, with the profile derived from it."""

    organization: str
    person: str
    record: bytes
    """JSON of ``PersonRecord`` (preferences included)."""
    profile: Profile
    managed_by: str
    version: int = 0
    patience: int = 0
    """Seconds somebody new waits to be evaluated, at most, until each of his calendars was read or
    refused. Not stored."""


class Principal(msgspec.Struct, frozen=True):
    """A token or local account."""

    id: str
    organization: str | None
    """None: the provider, who sees every organization's administration."""
    kind: Literal["token", "account"]
    name: str
    """Account name for sign-in, or the token's label."""
    role: Literal["provider", "admin", "attendant", "member"]
    person: str | None
    """The person this account is (members)."""
    secret_hash: str
    created_at: int
    expires_at: int | None = None
    disabled: bool = False


class AuditEntry(msgspec.Struct, frozen=True):
    """Who did what to whom; never an activity, a note or a state. Kept 90 days."""

    organization: str
    at: int
    actor: str
    action: str
    target: str


class Lease(msgspec.Struct, frozen=True):
    """One shard's owner. Every write is fenced by the epoch."""

    shard: int
    owner: str
    epoch: int
    until: int


class Summary(msgspec.Struct, frozen=True):
    """Figures for metrics and health, cheap to get (no per-person scan of a million)."""

    people: int
    due: int
    """How many are due now."""
    oldest_due_at: int | None
    calendars: int
    stale: int
    revisions: dict[str, int]
