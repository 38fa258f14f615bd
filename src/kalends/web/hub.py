"""One live stream per organization: read once, encoded once per band, sent to everybody.

A hub runs while somebody listens. It follows the organization's revision (the bus wakes it; it
looks every second anyway, since the bus may lose messages), turns what changed into a *tick* at
most four times a second, and keeps the last ticks. A client is only a position in them: one that
is slow reads several at once or, when its place is gone, gets what changed since its revision
from the store. No queue grows, and nobody waits for the slowest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kalends import observe
from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.eye import Eye
from kalends.web.figures import Figures
from kalends.web.frames import (
    AGAIN,
    HEARTBEAT,
    OPENING,
    Band,
    Change,
    Frame,
    concerned,
    encoded,
    people_event,
    plain_event,
)
from kalends.web.roster import PAGE, Roster
from kalends.web.snapshot import Snapshots
from kalends.web.staleness import Staleness
from kalends.web.tenants import Tenant, Tenants

log = observe.logger(__name__)

PACE: Final = 0.25
"""Seconds between frames: at most four a second."""
LOOK: Final = 1.0
"""Seconds after which the store is asked although nobody said so."""
HEARTBEATS: Final = 15.0
LINGER: Final = 60.0
"""Seconds a hub goes on without listeners."""
KEPT: Final = 20_000
"""Changes kept for clients that are behind."""
TICKS: Final = 500
FAR: Final = 10_000
"""Revisions behind which a snapshot is cheaper than what changed."""
SETTINGS: Final = 2.0
"""Least seconds between two notices that settings changed."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who listens."""

    band: Band
    eye: Eye
    """How this listener looks at people; beyond the band at himself and those he acts for."""
    holds: Callable[[], Awaitable[bool]]
    """Tells whether the sign-in holds; cheap, asked before everything that is sent."""
    same: Callable[[], Awaitable[bool]]
    """Tells whether it still means the same; asked when settings have changed."""

    @property
    def person(self) -> str:
        """Return the id of the listener's own person, or an empty text."""
        return self.eye.person.person if self.eye.person is not None else ""


@dataclass(slots=True)
class Tick:
    """What changed between two revisions."""

    after: int
    revision: int
    changes: Sequence[Change] = ()
    frames: dict[Band, Frame] = field(default_factory=dict)
    concerned: dict[str, list[Change]] = field(default_factory=dict)
    gone: Frame | None = None
    """Tells who is no longer there."""


@dataclass(slots=True)
class _Told:
    """The notices one client has had, as counted by the hub."""

    settings: int
    beats: int
    engine: bool = True


class Hub:
    """The live stream of one organization."""

    def __init__(
        self, organization: str, reader: Reader, tenants: Tenants, runtime: Runtime,
        figures: Figures,
    ) -> None:  # fmt: skip
        self.organization = organization
        self.listeners = 0
        self.closed = False
        self._reader = reader
        self._tenants = tenants
        self._runtime = runtime
        self._figures = figures
        self._staleness = Staleness(reader, organization)
        self._roster = Roster(reader, organization, runtime)
        self._bands: Counter[Band] = Counter()
        self._ticks: deque[Tick] = deque()
        self._first = 0  # number of the oldest tick kept
        self._kept = 0
        self._revision = -1  # not begun
        self._snapshots = Snapshots(reader, runtime)
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._settings = 0
        self._settings_at = -1
        self._settings_next = 0.0
        self._changed_settings = False
        self._beats = 0
        self._engine = True
        self._beat_at = 0.0
        self._heard_at = runtime.monotonic()

    # --- what the bus and the pulse say ----------------------------------------------------------
    def revision_changed(self) -> None:
        """Look at the store now."""
        self._wake.set()

    def settings_changed(self) -> None:
        """Documents, records or principals changed: find out whose, and tell everybody."""
        self._changed_settings = True
        self._roster.suspect()
        self._wake.set()

    def health_changed(self) -> None:
        """Look at staleness soon."""
        self._staleness.suspect()
        self._wake.set()

    def engine(self, alive: bool) -> None:
        """Tell everybody whether the engine lives: while it does not, nothing changes."""
        self._engine = alive
        self._rouse()

    def look(self) -> None:
        """Have every stream ask whether its sign-in holds."""
        self._rouse()

    def close(self) -> None:
        """End all streams."""
        self.closed = True
        self._wake.set()
        self._rouse()

    def _rouse(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- the loop --------------------------------------------------------------------------------
    async def run(self) -> None:
        """Follow the organization until closed, or until nobody has listened for a while."""
        while not self.closed:
            try:
                await self._advance()
            except Exception as error:
                log.warning("web.hub", organization=self.organization, exc_info=error)
            self._look_after_listeners()
            await self._runtime.sleep(PACE)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK - PACE):
                    await self._wake.wait()

    def _look_after_listeners(self) -> None:
        self._snapshots.tidy()
        now = self._runtime.monotonic()
        if self.listeners:
            self._heard_at = now
        elif now - self._heard_at > LINGER:
            self.close()
        if self._changed_settings and now >= self._settings_next:
            self._changed_settings = False
            self._settings_next = now + SETTINGS
            self._settings += 1
            self._snapshots.forget()
            self._settings_at = self._revision
            self._rouse()
        if now >= self._beat_at:
            self._beat_at = now + HEARTBEATS
            self._beats += 1
            self._rouse()

    async def _advance(self) -> None:
        self._wake.clear()
        tenant = await self._tenants.find(self.organization)
        if tenant is None:
            self.close()
            return
        if self._revision < 0:
            await self._begin()
        tick = await self._changed(self._revision)
        self._roster.saw(change.stored.person for change in tick.changes)
        if tick.changes:
            await self._add(tick, tenant)
        self._move(tick.revision)
        turned = await self._staleness.turned(self._runtime.monotonic())
        if turned:
            await self._say([Change(stored) for stored in turned], tenant)
        people = await self._roster.turned()
        if people.changed:
            await self._say(people.changed, tenant)
        if people.gone:
            await self._add(self._now(gone=people.gone), tenant)

    async def _say(self, changes: list[Change], tenant: Tenant) -> None:
        """Tell about changes that take no revision of their own."""
        for start in range(0, len(changes), PAGE):
            await self._add(self._now(changes[start : start + PAGE]), tenant)

    def _now(self, changes: Sequence[Change] = (), gone: Sequence[str] = ()) -> Tick:
        self._snapshots.forget()  # one begun before may not have it, and no revision tells so
        revision = max(0, self._revision)
        told = plain_event("gone", revision=revision, people=gone) if gone else None
        return Tick(revision, revision, changes, concerned=concerned(changes), gone=told)

    async def _begin(self) -> None:
        revision = await self._reader.revision(self.organization)
        await self._staleness.begin()
        await self._roster.begin()
        self._settings_at = revision  # what happened before we listened is not known
        self._move(revision)

    async def _changed(self, last: int) -> Tick:
        """Return what the store has behind a revision, a page at most."""
        head = await self._reader.revision(self.organization)
        if head <= last:
            return Tick(last, last)
        page = await self._reader.changed_since(self.organization, last, PAGE)
        full = len(page) == PAGE
        reached = max(page[-1].revision if page else 0, last if full else head)
        if full:
            self._wake.set()
        changes = [Change(stored) for stored in page]
        return Tick(last, reached, changes, concerned=concerned(changes))

    async def _add(self, tick: Tick, tenant: Tenant) -> None:
        """Encode a tick for every band that listens, and keep it."""
        while missing := [band for band in self._bands if band not in tick.frames]:
            for band in missing:  # somebody may join while we encode
                tick.frames[band] = await self._frame(tick, band, tenant)
        self._ticks.append(tick)
        self._kept += len(tick.changes)
        while len(self._ticks) > 1 and (self._kept > KEPT or len(self._ticks) > TICKS):
            self._kept -= len(self._ticks.popleft().changes)
            self._first += 1
        self._move(tick.revision)
        self._rouse()

    def _move(self, revision: int) -> None:
        if revision > self._revision:
            self._revision = revision
            self._rouse()

    async def _frame(self, tick: Tick, band: Band, tenant: Tenant) -> Frame:
        pieces = await encoded(tick.changes, band.eye(tenant), int(self._runtime.now()))
        frame = people_event("presence", tick.revision, pieces)
        await frame.squeeze(self._runtime)
        self._figures.frames.inc()
        return frame

    # --- what a client gets ----------------------------------------------------------------------
    async def follow(self, listener: Listener, last: int | None) -> AsyncIterator[Frame]:
        """Yield frames from a revision on (None, or one too old: a snapshot first)."""
        self._bands[listener.band] += 1
        self.listeners += 1
        try:
            yield OPENING
            while self._revision < 0 and not self.closed:
                await self._news.wait()
            told = _Told(self._settings - (last is not None and last <= self._settings_at), -1)
            async for frame in self._follow(listener, last, told):
                yield frame
        finally:
            self.listeners -= 1
            self._bands[listener.band] -= 1
            if not self._bands[listener.band]:
                del self._bands[listener.band]

    async def _follow(
        self, listener: Listener, last: int | None, told: _Told
    ) -> AsyncIterator[Frame]:
        revision, position = last, -1
        while not self.closed:
            news = self._news
            if not await listener.holds():
                return
            for notice in self._notices(told):
                yield notice
                if notice is not HEARTBEAT and not await listener.same():
                    yield AGAIN
                    return
            if position < self._first:  # new, or so slow that its place is gone
                async for frame, reached in self._resume(listener, revision):
                    yield frame
                    revision = reached
                position = self._first + len(self._ticks)
            elif position < self._first + len(self._ticks):
                tick = self._ticks[position - self._first]
                position, revision = position + 1, tick.revision
                for frame in self._frames(tick, listener):
                    yield frame
            elif not self.closed:
                await news.wait()

    def _notices(self, told: _Told) -> list[Frame]:
        """Return what is new beside presences, and remember it as told."""
        notices = []
        if told.settings != self._settings:
            told.settings = self._settings
            notices.append(plain_event("settings", revision=self._revision))
        if told.engine is not self._engine:
            told.engine = self._engine
            notices.append(plain_event("status", engine=self._engine))
        if told.beats != self._beats:
            told.beats = self._beats
            notices.append(HEARTBEAT)
        return notices

    def _frames(self, tick: Tick, listener: Listener) -> list[Frame]:
        frames = [tick.gone] if tick.gone is not None else []
        if tick.changes and listener.band in tick.frames:
            frames.append(tick.frames[listener.band])
        own = tick.concerned.get(listener.person, ())
        return frames + self._own(own, listener, tick.revision)

    def _own(self, changes: Sequence[Change], listener: Listener, revision: int) -> list[Frame]:
        """Return what the person (or delegate) is told beyond the band; comes right after it."""
        now = int(self._runtime.now())
        pieces = [change.piece(listener.eye, now) for change in changes]
        told = [piece for piece in pieces if piece is not None]
        return [people_event("presence", revision, told)] if told else []

    async def _resume(
        self, listener: Listener, last: int | None
    ) -> AsyncIterator[tuple[Frame, int]]:
        """Yield what leads from a revision to where the hub stands now."""
        tenant = await self._tenants.find(self.organization)
        if tenant is None:
            self.close()
            return
        if last is None or last > self._revision or self._revision - last > FAR:
            snapshot = await self._snapshots.of(listener.band, tenant)
            self._roster.saw(snapshot.people)
            for frame in snapshot.frames:
                yield frame, snapshot.revision
            own = await snapshot.own(self._reader, self.organization, listener.person)
            for frame in self._own(own, listener, snapshot.revision):
                yield frame, snapshot.revision
            last = snapshot.revision
            await self._reach(snapshot.until)
        while last < self._revision and not self.closed:
            tick = await self._missed(last)
            if tick.changes:
                tick.frames[listener.band] = await self._frame(tick, listener.band, tenant)
            for frame in self._frames(tick, listener):
                yield frame, tick.revision
            last = tick.revision

    async def _missed(self, last: int) -> Tick:
        """Return what changed since a revision: from the ticks where they reach, else the store."""
        if self._ticks and self._ticks[0].after <= last:
            newest = {
                change.stored.person: change
                for tick in self._ticks
                if tick.revision > last
                for change in tick.changes
            }
            changes = list(newest.values())
            return Tick(last, self._revision, changes, concerned=concerned(changes))
        tick = await self._changed(last)
        await self._reach(tick.revision)
        return tick

    async def _reach(self, revision: int) -> None:
        """Wait until the hub stands at a revision, so that nothing older can follow it."""
        while self._revision < revision and not self.closed:
            self._wake.set()
            await self._news.wait()
