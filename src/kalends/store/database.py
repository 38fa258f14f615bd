"""The store over any driver: gives each unit of work to a transaction, of one organization.

Place: between ``contract`` (what a store does) and ``units`` (how), over ``sqlite`` or
``postgresql`` (where). ``EVERY`` is the scope of the few units that look across organizations:
the due index, retention, leases, figures, and finding a principal by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from kalends.errors import KalendsError
from kalends.model.booking import Booking
from kalends.model.presence import Manual
from kalends.runtime import Runtime
from kalends.store import contract as the
from kalends.store.resealing import Resealing
from kalends.store.sealing import Seals
from kalends.store.statements import Rows, Statement, Unit
from kalends.store.units import (
    access,
    calendars,
    commit,
    documents,
    due,
    people,
    queue,
    reading,
    retention,
    shown,
    sinks,
)
from kalends.store.vault import Vault

T = TypeVar("T")

EVERY: Final = "*"
"""Scope of a unit that looks across organizations. No organization is called so."""


class Driver(Protocol):
    """Runs units of work on one database."""

    async def read(self, scope: str, unit: Unit[T]) -> T:
        """Run a unit that only reads, on a snapshot."""

    async def write(self, scope: str, unit: Callable[[], Unit[T]]) -> T:
        """Run a unit in a transaction; durable when it returns.

        A transaction that lost a race is begun anew, with a new unit.
        """

    def form(self, statement: Statement, rows: Rows) -> None:
        """Bring rows into the form in which they go to a set-wise statement, where that costs."""

    async def truncate(self) -> None:
        """See ``Store.truncate``."""

    async def integrity(self) -> list[str]:
        """See ``Store.integrity``."""

    async def backup(self, target: Path) -> None:
        """See ``Store.backup``."""

    def days_to_destroy(self) -> list[int]:
        """Return the days whose keys are to be destroyed (``day_keys``)."""

    async def destroy_day(self, day: int) -> None:
        """Destroy a day's key."""

    async def close(self) -> None:
        """Let go of the database."""


class DatabaseReader:
    """``contract.Reader`` over a driver."""

    def __init__(self, driver: Driver, vault: Vault, runtime: Runtime) -> None:
        self._driver = driver
        self._vault = vault
        self._seals = Seals(vault)
        self._runtime = runtime

    async def close(self) -> None:
        """See ``Reader.close``."""
        await self._driver.close()

    async def organizations(self) -> list[str]:
        """See ``Reader.organizations``."""
        return await self._driver.read(EVERY, documents.organizations())

    async def revision(self, organization: str) -> int:
        """See ``Reader.revision``."""
        return await self._driver.read(organization, reading.revision(organization))

    async def documents(self, organization: str, kind: str | None = None) -> list[the.Document]:
        """See ``Reader.documents``."""
        return await self._driver.read(organization, documents.documents(organization, kind))

    async def people(
        self, organization: str, after: str = "", limit: int = 1000
    ) -> list[the.PersonDocument]:
        """See ``Reader.people``."""
        return await self._driver.read(organization, people.people(organization, after, limit))

    async def person(self, organization: str, person: str) -> the.PersonDocument | None:
        """See ``Reader.person``."""
        return await self._driver.read(organization, people.one(organization, person))

    async def person_by_email(self, organization: str, email: str) -> list[str]:
        """See ``Reader.person_by_email``."""
        return await self._driver.read(organization, people.by_email(organization, email))

    async def presences(
        self, organization: str, after: str = "", limit: int = 1000
    ) -> list[the.StoredPresence]:
        """See ``Reader.presences``."""
        unit = reading.presences(self._seals, organization, after, limit)
        return await self._driver.read(organization, unit)

    async def presence(self, organization: str, person: str) -> the.StoredPresence | None:
        """See ``Reader.presence``."""
        unit = reading.presence(self._seals, organization, person)
        return await self._driver.read(organization, unit)

    async def changed_since(
        self, organization: str, revision: int, limit: int = 1000
    ) -> list[the.StoredPresence]:
        """See ``Reader.changed_since``."""
        unit = reading.changed_since(self._seals, organization, revision, limit)
        return await self._driver.read(organization, unit)

    async def transitions(
        self, organization: str, revision: int, limit: int = 1000
    ) -> list[the.Transition]:
        """See ``Reader.transitions``."""
        unit = reading.transitions(self._seals, organization, revision, limit)
        return await self._driver.read(organization, unit)

    async def facts(self, organization: str, person: str) -> the.DuePerson | None:
        """See ``Reader.facts``."""
        unit = due.facts(self._seals, organization, person)
        return await self._driver.read(organization, unit)

    async def inputs(self, organization: str, person: str) -> the.PolicyInputs | None:
        """See ``Reader.inputs``."""
        unit = calendars.inputs(self._seals, organization, [person])
        return next(iter(await self._driver.read(organization, unit)), None)

    async def calendars(
        self,
        organization: str,
        *,
        source: str | None = None,
        person: str | None = None,
        after: tuple[str, str, str] | None = None,
        limit: int = 10_000,
    ) -> list[the.CalendarRow]:
        """See ``Reader.calendars``."""
        unit = calendars.page(organization, source, person, after, limit)
        return await self._driver.read(organization, unit)

    async def owned_calendars(
        self, organization: str, source: str, people: Sequence[str]
    ) -> list[the.OwnedCalendar]:
        """See ``Reader.owned_calendars``."""
        return await self._driver.read(organization, calendars.owned(organization, source, people))

    async def principals(self, organization: str | None) -> list[the.Principal]:
        """See ``Reader.principals``."""
        return await self._driver.read(organization or "", access.principals(organization))

    async def principal(self, id: str) -> the.Principal | None:
        """See ``Reader.principal``."""
        return await self._driver.read(EVERY, access.load_principal(id))

    async def account(self, organization: str | None, name: str) -> the.Principal | None:
        """See ``Reader.account``."""
        return await self._driver.read(organization or "", access.account(organization, name))

    async def audit(self, organization: str, limit: int = 1000) -> list[the.AuditEntry]:
        """See ``Reader.audit``."""
        return await self._driver.read(organization, access.audit_of(organization, limit))

    async def sink_cursor(self, organization: str, sink: str) -> int | None:
        """See ``Reader.sink_cursor``."""
        return await self._driver.read(organization, sinks.cursor(organization, sink))

    async def sink_rows(
        self, organization: str, sink: str, people: Sequence[str]
    ) -> dict[str, the.SinkRow]:
        """See ``Reader.sink_rows``."""
        unit = sinks.rows_of(self._seals, organization, sink, people)
        return await self._driver.read(organization, unit)

    async def sink_holds(self, organization: str, sink: str) -> bool:
        """See ``Reader.sink_holds``."""
        return await self._driver.read(organization, sinks.holds(organization, sink))

    async def sink_due(
        self, organization: str, sink: str, now: int, limit: int = 1000
    ) -> list[the.SinkRow]:
        """See ``Reader.sink_due``."""
        unit = sinks.due(self._seals, organization, sink, now, limit)
        return await self._driver.read(organization, unit)

    async def sink_next_due(self, organization: str, sink: str) -> int | None:
        """See ``Reader.sink_next_due``."""
        return await self._driver.read(organization, sinks.next_due(organization, sink))

    async def evaluated_until(self) -> int:
        """See ``Reader.evaluated_until``."""
        return await self._driver.read(EVERY, reading.evaluated_until())

    async def summary(self, now: int) -> the.Summary:
        """See ``Reader.summary``."""
        return await self._driver.read(EVERY, reading.summary(now))


class DatabaseStore(DatabaseReader):
    """``contract.Store`` over a driver."""

    def __init__(self, driver: Driver, vault: Vault, runtime: Runtime) -> None:
        super().__init__(driver, vault, runtime)
        self._resealing = Resealing(driver, vault, EVERY)

    # --- documents and people -------------------------------------------------------------
    async def save_documents(
        self,
        upserts: Sequence[the.Document],
        deletes: Sequence[tuple[str, str, str]] = (),
    ) -> None:
        """See ``Store.save_documents``."""
        now = int(self._runtime.now())  # when the people of a deleted source became due
        await self._driver.write(
            _scope({it.organization for it in upserts} | {of for of, *_ in deletes}),
            partial(documents.save, upserts, deletes, now),
        )

    async def save_people(
        self,
        upserts: Sequence[the.PersonDocument],
        deletes: Sequence[tuple[str, str]] = (),
        *,
        now: int,
    ) -> None:
        """See ``Store.save_people``."""
        await self._driver.write(
            _scope({it.organization for it in upserts} | {of for of, _ in deletes}),
            partial(people.save, upserts, deletes, now),
        )

    async def set_calendars(
        self,
        organization: str,
        person: str,
        keys: Sequence[tuple[the.CalendarKey, str | None]],
        now: int,
        *,
        seen: Sequence[tuple[the.CalendarKey, str | None]] | None = None,
    ) -> bool:
        """See ``Store.set_calendars``."""
        unit = partial(calendars.set_calendars, organization, person, keys, now, seen)
        return await self._driver.write(organization, unit)

    async def touch(
        self, organization: str, people: Sequence[str] | None, *, lane: the.Lane, now: int
    ) -> int:
        """See ``Store.touch``."""
        if people is not None:
            return await self._driver.write(
                organization, partial(queue.touch, organization, people, lane, now)
            )
        total, after = 0, ""
        while True:
            unit = partial(queue.touch_slice, organization, after, lane, now)
            last, count = await self._driver.write(organization, unit)
            if last is None:
                return total
            total, after = total + count, last

    # --- inputs -----------------------------------------------------------------------------
    async def replace_calendar(self, read: the.CalendarRead, *, now: int) -> bool:
        """See ``Store.replace_calendar``."""
        unit = partial(calendars.replace, self._seals, read, now)
        return await self._driver.write(read.key.organization, unit)

    async def mark_calendars(self, healths: Sequence[the.CalendarHealth], *, now: int) -> None:
        """See ``Store.mark_calendars``."""
        if healths:
            scope = _scope({it.key.organization for it in healths})
            await self._driver.write(scope, partial(calendars.mark, healths, now))

    async def bookings(self, key: the.CalendarKey) -> tuple[Booking, ...]:
        """See ``Store.bookings``."""
        return await self._driver.read(key.organization, calendars.bookings(self._seals, key))

    async def set_manual(
        self, organization: str, person: str, manual: Manual | None, *, now: int
    ) -> bool:
        """See ``Store.set_manual``."""
        unit = partial(due.set_manual, self._seals, organization, person, manual, now)
        return await self._driver.write(organization, unit)

    async def end_hold(self, organization: str, person: str, *, now: int) -> bool:
        """See ``Store.end_hold``."""
        return await self._driver.write(
            organization, partial(due.end_hold, organization, person, now)
        )

    # --- uploads ----------------------------------------------------------------------------
    async def save_upload(
        self, organization: str, person: str, name: str, body: bytes, *, now: int
    ) -> bool:
        """See ``Store.save_upload``."""
        unit = partial(access.save_upload, self._vault, organization, person, name, body, now)
        return await self._driver.write(organization, unit)

    async def upload(self, organization: str, person: str, name: str) -> bytes | None:
        """See ``Store.upload``."""
        unit = access.load_upload(self._vault, organization, person, name)
        return await self._driver.read(organization, unit)

    async def delete_upload(self, organization: str, person: str, name: str) -> bool:
        """See ``Store.delete_upload``."""
        unit = partial(access.delete_upload, organization, person, name)
        return await self._driver.write(organization, unit)

    # --- the due index ----------------------------------------------------------------------
    async def load_due(
        self, *, lane: the.Lane, now: int, limit: int, shards: Sequence[int] | None = None
    ) -> list[the.DuePerson]:
        """See ``Store.load_due``."""
        return await self._driver.read(EVERY, due.load(self._seals, lane, now, limit, shards))

    async def next_due(self, shards: Sequence[int] | None = None) -> dict[the.Lane, int]:
        """See ``Store.next_due``."""
        return await self._driver.read(EVERY, due.first(shards))

    async def crowds(
        self, *, after: int, until: int, least: int, shards: Sequence[int] | None = None
    ) -> list[tuple[int, int]]:
        """See ``Store.crowds``."""
        return await self._driver.read(EVERY, due.crowds(after, until, least, shards))

    async def load_ahead(
        self,
        *,
        at: int,
        after: tuple[str, str] | None,
        limit: int,
        shards: Sequence[int] | None = None,
    ) -> list[the.DuePerson]:
        """See ``Store.load_ahead``."""
        unit = due.load_ahead(self._seals, at, after, limit, shards)
        return await self._driver.read(EVERY, unit)

    async def forget_replaced(self) -> int:
        """See ``Store.forget_replaced``."""
        return await self._driver.write(EVERY, shown.sweep)

    def seal_ahead(self, batch: Sequence[the.Evaluated]) -> the.SealedBatch:
        """See ``Store.seal_ahead``."""
        parts = _parts(self._seals, batch)
        for part in parts:
            self._driver.form(commit.COMMIT, part.states)
            self._driver.form(shown.ADD, part.added)
        return the.SealedBatch(batch, parts)

    async def load_inputs(self, people: Sequence[tuple[str, str]]) -> list[the.PolicyInputs]:
        """See ``Store.load_inputs``."""
        return await self._driver.read(
            _scope({of for of, _ in people}), _inputs(self._seals, people)
        )

    async def commit_batch(
        self,
        batch: Sequence[the.Evaluated] | the.SealedBatch,
        *,
        now: int,
        lease: the.Lease | None = None,
    ) -> the.Committed:
        """See ``Store.commit_batch``."""
        if isinstance(batch, the.SealedBatch):
            scope = _scope({part.of for part in batch.parts})
        else:
            scope = _scope({done.organization for done in batch})
        return await self._driver.write(scope, partial(_commit, self._seals, batch, now, lease))

    async def set_aside(
        self, organization: str, people: Sequence[str], *, now: int, until: int
    ) -> None:
        """See ``Store.set_aside``."""
        await self._driver.write(
            organization, partial(due.set_aside, organization, people, now, until)
        )

    # --- sinks --------------------------------------------------------------------------------
    async def save_sink(
        self,
        organization: str,
        sink: str,
        *,
        cursor: int | None = None,
        rows: Sequence[the.SinkRow] = (),
        forget: Sequence[str] = (),
    ) -> None:
        """See ``Store.save_sink``."""
        unit = partial(sinks.save, self._seals, organization, sink, cursor, rows, forget)
        await self._driver.write(organization, unit)

    async def lead_sink(self, organization: str, sink: str, to: bytes) -> bool:
        """See ``Store.lead_sink``."""
        return await self._driver.write(organization, partial(sinks.lead, organization, sink, to))

    async def delete_sink(self, organization: str, sink: str) -> None:
        """See ``Store.delete_sink``."""
        await self._driver.write(organization, partial(sinks.forget_all, organization, sink))

    # --- credentials, principals, audit, leases -------------------------------------------------
    async def breaker(self, organization: str, endpoint: str) -> the.Breaker | None:
        """See ``Store.breaker``."""
        return await self._driver.read(organization, access.load_breaker(organization, endpoint))

    async def save_breaker(self, breaker: the.Breaker) -> None:
        """See ``Store.save_breaker``."""
        await self._driver.write(breaker.organization, partial(access.save_breaker, breaker))

    async def save_secret(
        self, organization: str, endpoint: str, field: str, secret: str | None
    ) -> None:
        """See ``Store.save_secret``."""
        unit = partial(access.save_secret, self._vault, organization, endpoint, field, secret)
        await self._driver.write(organization, unit)

    async def secret(self, organization: str, endpoint: str, field: str) -> str | None:
        """See ``Store.secret``."""
        unit = access.load_secret(self._vault, organization, endpoint, field)
        return await self._driver.read(organization, unit)

    async def save_principal(self, principal: the.Principal) -> None:
        """See ``Store.save_principal``."""
        await self._driver.write(
            principal.organization or "", partial(access.save_principal, principal)
        )

    async def delete_principal(self, id: str) -> None:
        """See ``Store.delete_principal``."""
        await self._driver.write(EVERY, partial(access.delete_principal, id))

    async def append_audit(self, entries: Sequence[the.AuditEntry]) -> None:
        """See ``Store.append_audit``."""
        if entries:
            scope = _scope({it.organization for it in entries})
            await self._driver.write(scope, partial(access.append_audit, entries))

    async def take_leases(
        self, owner: str, shards: Sequence[int], *, now: int, seconds: int
    ) -> list[the.Lease]:
        """See ``Store.take_leases``."""
        return await self._driver.write(
            EVERY, partial(access.take_leases, owner, shards, now, seconds)
        )

    # --- retention --------------------------------------------------------------------------------
    async def purge(self, *, now: int, limit: int = 1000) -> dict[str, int]:
        """See ``Store.purge``."""
        counts = await self._driver.write(EVERY, partial(retention.purge, self._seals, now, limit))
        return {**counts, "resealed": await self._resealing.work()}

    async def truncate(self) -> None:
        """See ``Store.truncate``."""
        await self._driver.truncate()

    async def integrity(self) -> list[str]:
        """See ``Store.integrity``."""
        return await self._driver.integrity()

    async def backup(self, target: Path) -> None:
        """See ``Store.backup``."""
        await self._driver.backup(target)


def _scope(organizations: set[str]) -> str:
    if EVERY in organizations:
        raise KalendsError(f"an organization cannot be called {EVERY}")
    return organizations.pop() if len(organizations) == 1 else EVERY


def _inputs(seals: Seals, wanted: Sequence[tuple[str, str]]) -> Unit[list[the.PolicyInputs]]:
    by_organization: dict[str, list[str]] = {}
    for organization, person in wanted:
        by_organization.setdefault(organization, []).append(person)
    found: list[the.PolicyInputs] = []
    for organization, persons in by_organization.items():
        found += yield from calendars.inputs(seals, organization, persons)
    return found


def _parts(seals: Seals, batch: Sequence[the.Evaluated]) -> list[commit.Made]:
    by_organization: dict[str, list[the.Evaluated]] = {}
    for done in batch:
        by_organization.setdefault(done.organization, []).append(done)
    # In order: there is one order of locks for all writers.
    return [commit.make(seals, of, mine) for of, mine in sorted(by_organization.items())]


def _commit(
    seals: Seals,
    batch: Sequence[the.Evaluated] | the.SealedBatch,
    now: int,
    lease: the.Lease | None,
) -> Unit[the.Committed]:
    if lease is not None:
        yield from commit.check_lease(lease)
    parts = batch.parts if isinstance(batch, the.SealedBatch) else _parts(seals, batch)
    revisions: dict[str, int] = {}
    blocks: dict[str, int] = {}
    refused: list[tuple[str, str]] = []
    for part in parts:
        first, highest, late = yield from commit.commit(seals, part, now)
        if first is not None and highest is not None:
            revisions[part.of], blocks[part.of] = highest, first
        refused += [(part.of, person) for person in late]
    return the.Committed(revisions, tuple(refused), blocks)
