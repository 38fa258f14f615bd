"""What a store does: units of work, not rows (DESIGN sections 2 to 4).

Vocabulary: *organization*, *person*, *calendar*, *sink* as in DESIGN. A *unit of work* is one
method call: one transaction, durable when it returns. The engine is the only writer
(``Store``); other processes hold a ``Reader`` on the same database.

- Every input write bumps the person's ``input_version`` and sets ``next_change_at`` to its time:
  the due index is the only queue. ``lane`` orders it.
- ``commit_batch`` takes a block of revisions from each organization's row, locked until commit,
  so seeing revision r means everything below it is visible.
- Bookings, notes and secrets are sealed by the store; callers see plain values.
- Every method is keyed by organization: one tenant never sees another (invariant 7).
- Nothing here reads a clock: callers pass ``now`` (UTC seconds).

The values that pass (``store.rows``) are part of the contract: this module gives them too, so that
whoever uses a store imports from here alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from kalends.model.booking import Booking
from kalends.model.breaker import Breaker
from kalends.model.presence import Manual
from kalends.store.rows.administration import (
    AuditEntry,
    Document,
    Lease,
    PersonDocument,
    Principal,
    Summary,
)
from kalends.store.rows.calendars import (
    CalendarHealth,
    CalendarInput,
    CalendarKey,
    CalendarRead,
    CalendarRow,
    OwnedCalendar,
)
from kalends.store.rows.presence import (
    SHARDS,
    Committed,
    DuePerson,
    Evaluated,
    Lane,
    PolicyInputs,
    SealedBatch,
    SinkRow,
    StoredPresence,
    Transition,
    shard_of,
)

__all__ = [
    "SHARDS",
    "AuditEntry",
    "Breaker",
    "CalendarHealth",
    "CalendarInput",
    "CalendarKey",
    "CalendarRead",
    "CalendarRow",
    "Committed",
    "Document",
    "DuePerson",
    "Evaluated",
    "Lane",
    "Lease",
    "OwnedCalendar",
    "PersonDocument",
    "PolicyInputs",
    "Principal",
    "Reader",
    "SealedBatch",
    "SinkRow",
    "Store",
    "StoredPresence",
    "Summary",
    "Transition",
    "shard_of",
]


class Reader(Protocol):
    """What processes beside the engine may do. Read transactions stay short (≤ 1 s)."""

    async def close(self) -> None:
        """Let go of the database."""

    async def organizations(self) -> list[str]:
        """Return all organization ids, ordered."""

    async def revision(self, organization: str) -> int:
        """Return the organization's highest revision, 0 at the start."""

    async def documents(self, organization: str, kind: str | None = None) -> list[Document]:
        """Return documents ordered by kind and id."""

    async def people(
        self, organization: str, after: str = "", limit: int = 1000
    ) -> list[PersonDocument]:
        """Return people with ids behind ``after``, ordered by id."""

    async def person(self, organization: str, person: str) -> PersonDocument | None:
        """Return one person, or None."""

    async def person_by_email(self, organization: str, email: str) -> list[str]:
        """Return the ids of people with this address; more than one is a fault.

        It is one of ``model.addresses.own_addresses``: a mail address, or ``sip:user@host``.
        """

    async def presences(
        self, organization: str, after: str = "", limit: int = 1000
    ) -> list[StoredPresence]:
        """Return presences of people with ids behind ``after``, ordered by id."""

    async def presence(self, organization: str, person: str) -> StoredPresence | None:
        """Return one person's presence; None where there is no such person."""

    async def changed_since(
        self, organization: str, revision: int, limit: int = 1000
    ) -> list[StoredPresence]:
        """Return present states with a higher revision, ordered by revision (coalesced)."""

    async def transitions(
        self, organization: str, revision: int, limit: int = 1000
    ) -> list[Transition]:
        """Return logged transitions with a higher revision, in order.

        The oldest are forgotten first: between two of them there is none missing.
        """

    async def facts(self, organization: str, person: str) -> DuePerson | None:
        """Return everything presence follows from (for explain and timeline pages)."""

    async def inputs(self, organization: str, person: str) -> PolicyInputs | None:
        """Return everything the timeline follows from, bookings unsealed."""

    async def calendars(
        self,
        organization: str,
        *,
        source: str | None = None,
        person: str | None = None,
        after: tuple[str, str, str] | None = None,
        limit: int = 10_000,
    ) -> list[CalendarRow]:
        """Return calendars ordered by (person, source, name), paged by that key."""

    async def owned_calendars(
        self, organization: str, source: str, people: Sequence[str]
    ) -> list[OwnedCalendar]:
        """Return the calendars these people have in a source, with their owners' records."""

    async def principals(self, organization: str | None) -> list[Principal]:
        """Return tokens and accounts of an organization (None: the provider's)."""

    async def principal(self, id: str) -> Principal | None:
        """Return a principal by id."""

    async def account(self, organization: str | None, name: str) -> Principal | None:
        """Return a local account by its sign-in name (case-folded)."""

    async def audit(self, organization: str, limit: int = 1000) -> list[AuditEntry]:
        """Return the newest entries first."""

    async def sink_cursor(self, organization: str, sink: str) -> int | None:
        """Return the revision up to which a sink has been served; None: never started."""

    async def sink_rows(
        self, organization: str, sink: str, people: Sequence[str]
    ) -> dict[str, SinkRow]:
        """Return what a sink remembers about these people."""

    async def sink_holds(self, organization: str, sink: str) -> bool:
        """Tell whether a sink remembers anything about anybody."""

    async def sink_due(
        self, organization: str, sink: str, now: int, limit: int = 1000
    ) -> list[SinkRow]:
        """Return rows whose ``due_at`` has come, oldest first."""

    async def sink_next_due(self, organization: str, sink: str) -> int | None:
        """Return the earliest ``due_at`` of a sink."""

    async def evaluated_until(self) -> int:
        """Return the latest moment up to which anybody was evaluated; 0: nobody ever."""

    async def summary(self, now: int) -> Summary:
        """Return figures for metrics."""


class Store(Reader, Protocol):
    """What the engine may do. One instance, one owner name."""

    # --- documents and people -------------------------------------------------------------
    async def save_documents(
        self,
        upserts: Sequence[Document],
        deletes: Sequence[tuple[str, str, str]] = (),
    ) -> None:
        """Write and delete (organization, kind, id) documents; bump their versions.

        Deleting kind ``organization`` deletes everything of that organization. Deleting a
        source deletes its calendars and marks their people dirty. Raises ``Conflict`` where a
        document's version is given (not 0) and is not the stored one.
        """

    async def save_people(
        self,
        upserts: Sequence[PersonDocument],
        deletes: Sequence[tuple[str, str]] = (),
        *,
        now: int,
    ) -> None:
        """Write people, dirty and due at ``now`` (lane POLICY); delete (organization, person).

        New people with ``patience`` are due once each of their calendars was read or refused
        (denied, not found, absent), a manual presence was set, or their patience is over.
        """

    async def set_calendars(
        self,
        organization: str,
        person: str,
        keys: Sequence[tuple[CalendarKey, str | None]],
        now: int,
        *,
        seen: Sequence[tuple[CalendarKey, str | None]] | None = None,
    ) -> bool:
        """Make these (key, url) the person's calendars: new ones ``new``, others removed.

        False, and nothing stored, where there is no such person, or where they are not what
        ``seen`` says any more: others find, upload and assign calendars at the same time.
        """

    async def touch(
        self, organization: str, people: Sequence[str] | None, *, lane: Lane, now: int
    ) -> int:
        """Mark people (None: everybody) dirty and due; return how many.

        Everybody is touched in several transactions, so that no boundary waits for them. Lane
        ``DUE`` is for boundaries alone: it counts as ``HAND``.
        """

    # --- inputs -----------------------------------------------------------------------------
    async def replace_calendar(self, read: CalendarRead, *, now: int) -> bool:
        """Replace a calendar whole, with its cursor; mark the person dirty and due.

        Returns False, and touches only freshness and cursor, where bookings and the rest are
        what was stored (and the window reaches less than a day further). Clears staleness either
        way. False too, and nothing stored, where the calendar is not there, or no longer at the
        address that was read: it was removed, or moved, while it was being read.
        """

    async def mark_calendars(self, healths: Sequence[CalendarHealth], *, now: int) -> None:
        """Store health without new content; presence does not change (invariant 1).

        Nothing is stored of a calendar that was moved from the address at which it was learnt.
        Who was never evaluated is due at ``now`` where this was the last calendar to wait for.
        """

    async def bookings(self, key: CalendarKey) -> tuple[Booking, ...]:
        """Return one calendar's stored bookings, unsealed."""

    async def set_manual(
        self, organization: str, person: str, manual: Manual | None, *, now: int
    ) -> bool:
        """Set or clear a manual presence; also ends a hold. False: no such person."""

    async def end_hold(self, organization: str, person: str, *, now: int) -> bool:
        """End a hold by hand."""

    # --- uploads ----------------------------------------------------------------------------
    async def save_upload(
        self, organization: str, person: str, name: str, body: bytes, *, now: int
    ) -> bool:
        """Seal and store an uploaded ICS calendar; it lives until it is replaced or deleted.

        False, and nothing stored, where there is no such person (any more).
        """

    async def upload(self, organization: str, person: str, name: str) -> bytes | None:
        """Return an uploaded calendar, unsealed."""

    async def delete_upload(self, organization: str, person: str, name: str) -> bool:
        """Forget an uploaded calendar. False: there was none."""

    # --- the due index ----------------------------------------------------------------------
    async def load_due(
        self, *, lane: Lane, now: int, limit: int, shards: Sequence[int] | None = None
    ) -> list[DuePerson]:
        """Return people due in this lane at ``now``, oldest first. Lane DUE: boundaries.

        A known boundary is served in lane DUE even while its person waits in another lane.
        """

    async def next_due(self, shards: Sequence[int] | None = None) -> dict[Lane, int]:
        """Return when the first of each lane is due (UTC seconds); without lanes nobody waits in.

        Lane DUE: the earliest boundary.
        """

    async def crowds(
        self, *, after: int, until: int, least: int, shards: Sequence[int] | None = None
    ) -> list[tuple[int, int]]:
        """Return (boundary, people) of the seconds in ``(after, until]`` with ``least`` or more."""

    async def load_ahead(
        self,
        *,
        at: int,
        after: tuple[str, str] | None,
        limit: int,
        shards: Sequence[int] | None = None,
    ) -> list[DuePerson]:
        """Return people whose next boundary is ``at`` and who wait in no lane.

        Ordered by (organization, person), behind ``after``. What is evaluated ahead is
        committed at the boundary like anything else, where the input version is still the one
        seen.
        """

    async def forget_replaced(self) -> int:
        """Forget some of what was shown before a crowded second and is shown no more.

        A large batch leaves it behind, for it must be stored soon. Returns how many rows were
        looked at; 0: nothing is left behind.
        """

    def seal_ahead(self, batch: Sequence[Evaluated]) -> SealedBatch:
        """Return results sealed and in the form they are stored in, for a cheap commit.

        May be called in a thread of its own.
        """

    async def load_inputs(self, people: Sequence[tuple[str, str]]) -> list[PolicyInputs]:
        """Return what timelines of these (organization, person) are built from."""

    async def commit_batch(
        self, batch: Sequence[Evaluated] | SealedBatch, *, now: int, lease: Lease | None = None
    ) -> Committed:
        """Store results ``WHERE input_version = seen``; take revisions for the changed ones.

        A dirty person stored without a timeline stays dirty and waits on in his lane. Raises
        ``StaleOwner`` where a lease is given and no longer held.
        """

    async def set_aside(
        self, organization: str, people: Sequence[str], *, now: int, until: int
    ) -> None:
        """Let people who are due be due later; nothing else of theirs is touched."""

    # --- sinks --------------------------------------------------------------------------------
    async def save_sink(
        self,
        organization: str,
        sink: str,
        *,
        cursor: int | None = None,
        rows: Sequence[SinkRow] = (),
        forget: Sequence[str] = (),
    ) -> None:
        """Move a sink's cursor and store or forget rows, in one transaction."""

    async def lead_sink(self, organization: str, sink: str, to: bytes) -> bool:
        """Note where a sink leads (a digest); tell whether it led elsewhere until now.

        Then nothing counts as told: its cursor is forgotten, and what the other side was thought
        to hold; what the other side said to remember is kept.
        """

    async def delete_sink(self, organization: str, sink: str) -> None:
        """Forget cursor and rows of a sink that is no more."""

    # --- credentials, principals, audit, leases -------------------------------------------------
    async def breaker(self, organization: str, endpoint: str) -> Breaker | None:
        """Return the state of an endpoint's credential."""

    async def save_breaker(self, breaker: Breaker) -> None:
        """Store the state of a credential, durable before the next sign-in may be tried.

        Compares and sets: stores it under ``version + 1``, and raises ``Conflict`` where the
        stored version is not ``breaker.version`` (0: nothing stored yet), so that two processes
        with one wrong password cannot each believe that theirs is the only try.
        """

    async def save_secret(
        self, organization: str, endpoint: str, field: str, secret: str | None
    ) -> None:
        """Seal and store a secret given through the API; None deletes it."""

    async def secret(self, organization: str, endpoint: str, field: str) -> str | None:
        """Return a stored secret, unsealed."""

    async def save_principal(self, principal: Principal) -> None:
        """Write a token or account."""

    async def delete_principal(self, id: str) -> None:
        """Remove a token or account."""

    async def append_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Write audit entries."""

    async def take_leases(
        self, owner: str, shards: Sequence[int], *, now: int, seconds: int
    ) -> list[Lease]:
        """Take or renew free, expired or own leases; a new owner raises the epoch."""

    # --- retention --------------------------------------------------------------------------------
    async def purge(self, *, now: int, limit: int = 1000) -> dict[str, int]:
        """Forget finished bookings and segments, old transitions and audit, expired tokens.

        Works in slices; returns counts by kind, all zero when nothing is left to do. A booking
        is forgotten once it ended and its person's ``evaluated_at`` lies at or behind its end
        (catch-up visits boundaries before retention).
        """

    async def truncate(self) -> None:
        """Make what was purged leave the files too (checkpoint and truncate the WAL)."""

    async def integrity(self) -> list[str]:
        """Return what an integrity check complains about; empty is clean."""

    async def backup(self, target: Path) -> None:
        """Write a consistent copy while in use; sealed values stay sealed, keys are not in it.

        Purge and truncate first: what is finished then is not in the copy. Raises
        ``StoreFailed`` where it cannot be written; ``target`` is then left absent.
        """
