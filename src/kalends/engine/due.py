"""The due loop: whoever is due is loaded, evaluated, committed, told.

Place in the flow: every input write makes its person due, the store's due index is the only
queue (DESIGN section 2). Lanes are served in order: known boundaries, things done by hand,
changed bookings, policy changes. Never early: a boundary counts once the wall clock has passed
it; the clock is read anew for every slice.

A result whose input changed meanwhile is refused by the store and comes again by itself.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from kalends import observe
from kalends.engine.ahead import Ahead, Chunk, Ready, Render
from kalends.engine.decide import Case, decide
from kalends.engine.large import LargeTimelines, is_large
from kalends.engine.pacing import wait
from kalends.engine.tenants import Tenant, Tenants
from kalends.errors import KalendsError
from kalends.model.person import PersonRecord, WorkHours
from kalends.model.presence import Presence, Timeline
from kalends.model.times import Interval
from kalends.policy.timeline import CalendarFacts, build_timeline
from kalends.runtime import Runtime
from kalends.store.contract import (
    Committed,
    DuePerson,
    Evaluated,
    Lane,
    Lease,
    PolicyInputs,
    Store,
)

log = observe.logger(__name__)

SLICE: Final = {Lane.DUE: 2000, Lane.HAND: 200, Lane.CALENDAR: 100, Lane.POLICY: 100}
"""How many people one slice takes: small where timelines are rebuilt, so that a boundary never
waits long behind them."""
BREATH: Final = 0.0015
"""Seconds of work after which the loop lets others run (slices stay under 2 ms)."""
SET_ASIDE: Final = 60
"""Seconds until somebody whose evaluation failed is tried again."""
RETRY_SECONDS: Final = 1.0
LATE_SECONDS: Final = 10.0
"""Presence that is later than this is an alarm, and the engine is not ready."""
SETTLE_SECONDS: Final = 2.0
BUILDING_SECONDS: Final = 0.01
"""Between two looks while somebody who is due waits for a large timeline."""

Told = Callable[[Sequence[Evaluated], Committed, Sequence[Ready]], Awaitable[None]]
"""Called after every commit with what was committed, and with what had been made ready."""


@dataclass(slots=True)
class Figures:
    """What the loop tells metrics."""

    evaluated: int = 0
    changed: int = 0
    refused: int = 0
    set_aside: int = 0
    lag: float = 0.0
    """Seconds the last slice was behind its oldest boundary."""
    worst_lag: float = 0.0
    transitions: dict[str, int] = field(default_factory=dict)
    """Counted by availability only (POLICY section 5)."""


class Settled:
    """Somebody waits for an input to take effect."""

    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        """Wait at most ``SETTLE_SECONDS``: what was written is durable and takes effect."""
        await asyncio.wait([self._future], timeout=SETTLE_SECONDS)


class DueLoop:
    """Evaluates whoever is due, for ever."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        tenants: Tenants,
        told: Told,
        render: Render,
        *,
        tick: float = 1.0,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._tenants = tenants
        self._told = told
        self._tick = tick
        self.ahead = Ahead(store, runtime, self._decide_ahead, render)
        self._awake = asyncio.Event()
        self._awaited: dict[tuple[str, str], list[asyncio.Future[None]]] = {}
        self._retold: set[tuple[str, str]] = set()
        self._began = int(runtime.now())
        self._asides: list[tuple[int, str, str]] = []
        self._large = LargeTimelines(runtime, self.wake)
        self._upcoming: int | None = None
        """When somebody is due next, as of the last turn; what is written later wakes the loop."""
        self.lease: Lease | None = None
        self.shards: Sequence[int] | None = None
        self.figures = Figures()
        self.caught_up = asyncio.Event()
        """Set while nobody is overdue: retention waits for it."""
        self.behind = math.inf
        """Seconds the first of the urgent has waited: of all lanes but ``POLICY``, which nobody
        waits for. Infinite until it was looked once."""

    def wake(self) -> None:
        """Look again now: an input was written, or the clock was set."""
        self._awake.set()

    def settled(self, organization: str, person: str) -> Settled:
        """Return what can be awaited, after an input was written, until it has taken effect.

        Ask before writing: whatever is committed from then on counts.
        """
        future = asyncio.get_running_loop().create_future()
        self._awaited.setdefault((organization, person), []).append(future)
        return Settled(future)

    def retell(self, organization: str, people: Iterable[str]) -> None:
        """Tell these people's present once more: their profile, and so their view, changed.

        To be called before they are written. After a crash in between, whoever still waits for
        a policy change is told once more.
        """
        self._retold.update((organization, person) for person in people)

    async def run(self) -> None:
        """Work until cancelled; a store in trouble is asked again, never given up."""
        try:
            await self._work()
        finally:
            self._large.close()

    async def _work(self) -> None:
        while True:
            self._awake.clear()
            try:
                worked = await self.turn()
            except KalendsError as error:
                log.exception("due.failed", exc_info=error)
                await self._runtime.sleep(RETRY_SECONDS)
                continue
            if not worked:
                if not self._large:
                    self.caught_up.set()
                await self._rest()

    async def turn(self) -> bool:
        """Serve one slice of the first lane that has somebody; False where nobody is due."""
        now = int(self._runtime.now())
        await self._take_up_again(now)
        chunk = self.ahead.take(now)
        if chunk is not None:
            self.caught_up.clear()
            self.behind = 0.0
            await self._settle_ready(chunk, now)
            return True
        first = await self._store.next_due(self.shards)
        self._upcoming = min(first.values(), default=None)
        if self._upcoming is None or self._upcoming > now:
            self.behind = 0.0
            return False
        for lane in (one for one in Lane if one in first and first[one] <= now):
            due = await self._store.load_due(
                lane=lane, now=now, limit=SLICE[lane], shards=self.shards
            )
            if due:
                self.caught_up.clear()
                self.behind = 0.0 if lane is Lane.POLICY else max(0.0, now - due[0].due_at)
                due = [one for one in due if lane is Lane.DUE or not self._large.builds(one)]
                if due:
                    await self._settle(due, now)
                    return True
        if self._large:
            return False
        self.behind = 0.0
        return False

    async def _rest(self) -> None:
        """Sleep until the next boundary or a wake-up, at most a tick (the clock may be set)."""
        if await self.ahead.work():
            return
        pause = self._tick
        if self._large:  # they are due all the while, and hide who is due next
            pause = BUILDING_SECONDS
        elif self._upcoming is not None:
            pause = min(pause, max(0.0, self._upcoming - self._runtime.now()))
        await wait(self._awake, pause)

    async def _settle(self, due: list[DuePerson], now: int) -> None:
        self._note_lag(due)
        if any(one.unreadable for one in due):
            await self._leave(one for one in due if one.unreadable)
            due = [one for one in due if not one.unreadable]
        inputs = await self._inputs(due)
        batch: list[Evaluated] = []
        breath = self._runtime.monotonic() + BREATH
        for person in due:
            own = inputs.get((person.organization, person.person))
            if own is not None and self._is_left_to_a_thread(person, own, now):
                continue
            batch += self._decide(person, own, now)
            if self._runtime.monotonic() > breath:
                await asyncio.sleep(0)
                breath = self._runtime.monotonic() + BREATH
        if batch:
            await self._commit(batch, now)

    async def _leave(self, people: Iterable[DuePerson]) -> None:
        """Leave people as they are whose rows cannot be opened: others are served all the same."""
        now = int(self._runtime.now())
        left: dict[str, list[str]] = {}
        for one in people:
            self.figures.set_aside += 1
            log.error("person.unreadable", organization=one.organization, person=one.person)
            left.setdefault(one.organization, []).append(one.person)
        for organization, those in left.items():
            await self._store.set_aside(organization, those, now=now, until=now + SET_ASIDE)

    async def _settle_ready(self, chunk: Chunk, now: int) -> None:
        """Commit what was made ready for a second that has come."""
        committed = await self._store.commit_batch(chunk.batch, now=now, lease=self.lease)
        await self._follow([one.evaluated for one in chunk.ready], committed, chunk.ready)

    async def _commit(self, batch: list[Evaluated], now: int) -> None:
        committed = await self._store.commit_batch(batch, now=now, lease=self.lease)
        await self._follow(batch, committed, ())

    async def _follow(
        self, batch: list[Evaluated], committed: Committed, ready: Sequence[Ready]
    ) -> None:
        """Tell what was stored."""
        await self._told(batch, committed, ready)
        self._count(batch, committed)
        if self._awaited:
            self._resolve(batch, committed)

    async def _inputs(self, due: list[DuePerson]) -> dict[tuple[str, str], PolicyInputs]:
        dirty = [
            (one.organization, one.person)
            for one in due
            if _is_rebuilt(one) and not self._large.has(one)
        ]
        if not dirty:
            return {}
        loaded = await self._store.load_inputs(dirty)
        return {(one.organization, one.person): one for one in loaded}

    def _is_left_to_a_thread(self, person: DuePerson, inputs: PolicyInputs, now: int) -> bool:
        """Tell whether a timeline is built beside the loop; its person is met again then."""
        tenant = self._tenants.get(person.organization)
        current = inputs.input_version == person.input_version
        if tenant is None or not current or self._runtime.inline or not is_large(inputs):
            return False
        self._large.begin(person, partial(timeline, tenant, inputs, now))
        return True

    def _decide(self, person: DuePerson, inputs: PolicyInputs | None, now: int) -> list[Evaluated]:
        tenant = self._tenants.get(person.organization)
        built = _is_rebuilt(person) and self._large.has(person)
        if tenant is None or (_is_rebuilt(person) and inputs is None and not built):
            return [self._aside(person, now)]
        if inputs is not None and inputs.input_version != person.input_version:
            return []  # changed between two reads: it is still due
        if inputs is not None and inputs.unreadable:
            log.error("calendar.unreadable", organization=person.organization, person=person.person)
            return [self._aside(person, now)]
        case = Case(
            due=person,
            reckoning=tenant.reckoning,
            now=now,
            line=self._tenants.lines.get((person.organization, person.person)),
            logged=tenant.logged,
            retell=self._is_retold(person),
        )
        rebuild = None if inputs is None else lambda: timeline(tenant, inputs, now)
        if built:
            rebuild = partial(self._large.fetch, person)
        try:
            return decide(case, rebuild)
        except Exception as error:  # one person's data must never stop everybody's presence
            log.exception(
                "person.failed",
                organization=person.organization,
                person=person.person,
                exc_info=error,
            )
            return [self._aside(person, now)]

    def _is_retold(self, person: DuePerson) -> bool:
        if (person.organization, person.person) in self._retold:
            return True
        return person.lane is Lane.POLICY and person.due_at <= self._began

    def _decide_ahead(self, person: DuePerson, at: int) -> Evaluated | None:
        """Evaluate somebody for a boundary that lies ahead."""
        tenant = self._tenants.get(person.organization)
        if tenant is None or person.presence is None or not person.evaluated_at:
            return None  # of whom cannot be read nothing is here either
        line = self._tenants.lines.get((person.organization, person.person))
        case = Case(person, tenant.reckoning, at, line, tenant.logged)
        try:
            steps = decide(case)
        except Exception:  # met again, and accounted for, at the boundary
            return None
        return steps[0] if len(steps) == 1 else None

    def _aside(self, person: DuePerson, now: int) -> Evaluated:
        """Leave somebody as he is and try again later (invariant 1)."""
        self.figures.set_aside += 1
        if person.dirty:  # storing a result makes clean: be sure to rebuild then
            self._asides.append((now + SET_ASIDE, person.organization, person.person))
        return Evaluated(
            organization=person.organization,
            person=person.person,
            seen_version=person.input_version,
            presence=person.presence or Presence(),
            next_change_at=now + SET_ASIDE,
            evaluated_at=person.evaluated_at,
            changed=False,
            timeline=person.timeline,
            manual=person.manual,
            hold=person.hold,
        )

    def _resolve(self, batch: list[Evaluated], committed: Committed) -> None:
        refused = set(committed.refused)
        for one in batch:
            key = (one.organization, one.person)
            if key in self._awaited and key not in refused:
                for future in self._awaited.pop(key):
                    if not future.done():
                        future.set_result(None)

    async def _take_up_again(self, now: int) -> None:
        while self._asides and self._asides[0][0] <= now:
            _, organization, person = self._asides[0]
            await self._store.touch(organization, [person], lane=Lane.POLICY, now=now)
            del self._asides[0]  # only now: a store in trouble is asked again

    def _note_lag(self, due: list[DuePerson]) -> None:
        self.figures.lag = max(0.0, self._runtime.now() - due[0].due_at)
        self.figures.worst_lag = max(self.figures.worst_lag, self.figures.lag)

    def _count(self, batch: list[Evaluated], committed: Committed) -> None:
        figures = self.figures
        figures.evaluated += len(batch)
        figures.refused += len(committed.refused)
        if self._retold:
            told = {(one.organization, one.person) for one in batch if one.changed}
            self._retold -= told.difference(committed.refused)
        for one in batch:
            if one.changed:
                figures.changed += 1
                word = one.presence.availability.value
                figures.transitions[word] = figures.transitions.get(word, 0) + 1


def _is_rebuilt(person: DuePerson) -> bool:
    """Tell whether the timeline is built anew: never at a boundary, which must not wait; who is
    dirty then waits on in his lane."""
    return person.dirty and person.lane is not Lane.DUE


def timeline(tenant: Tenant, inputs: PolicyInputs, now: int) -> Timeline:
    """Build a person's timeline from what is stored."""
    record = PersonRecord.model_validate_json(inputs.record)
    calendars = [
        CalendarFacts(
            name=f"{one.key.source}/{one.key.name}",
            bookings=one.bookings,
            window_end=one.window_end,
            work_hours=None
            if one.work_hours is None
            else WorkHours.model_validate_json(one.work_hours),
            automatic_reply=None if one.automatic_reply is None else Interval(*one.automatic_reply),
        )
        for one in inputs.calendars
    ]
    return build_timeline(tenant.policy.for_person(record), calendars, now)
