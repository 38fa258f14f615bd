"""One sink's pump: follows the revisions of its organization and tells the sink.

Place in the flow: ``due`` commits and wakes the pumps; a pump reads what changed behind its
cursor, renders each person for the sink's audience, and publishes what differs from what the
other side holds. It has its own task and time-outs: a hung sink delays nobody else.

A ``latest`` sink gets present states, coalesced; an ``every`` sink the logged transitions of the
last hour, in order per person. The cursor is stored behind what was delivered, so that a crash
repeats a little and loses nothing. A person that fails has a row with its retry time; when
everything fails the sink as a whole is left alone and probed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kalends import observe
from kalends.engine.ahead import Form, Ready
from kalends.engine.forms import Forms
from kalends.engine.ledger import FLUSH_SECONDS, Ledger
from kalends.engine.pacing import wait
from kalends.engine.queueing import Item, Queue
from kalends.engine.reach import Reach
from kalends.engine.tenants import Tenants
from kalends.errors import KalendsError
from kalends.model.profile import Profile
from kalends.presence import published
from kalends.runtime import Runtime
from kalends.sinks.contract import (
    Delivered,
    Delivery,
    Failed,
    Outcome,
    PresenceSink,
    Publication,
)
from kalends.store.contract import Evaluated, SinkRow, Store, StoredPresence, Transition

log = observe.logger(__name__)

PAGE: Final = 500
OFFERED: Final = 200_000
"""States taken from the due loop without reading them again, at most."""
HIGH: Final = 2000
"""No more is read while this much waits."""
PUBLISH_SECONDS: Final = 60.0
"""The longest one ``publish`` call may take, whatever the sink does."""
RETRY_FIRST: Final = 2.0
RETRY_LONGEST: Final = 600.0
LOGGED_SECONDS: Final = 3600


@dataclass(slots=True)
class PumpFigures:
    """What a pump tells metrics."""

    published: int = 0
    unchanged: int = 0
    failed: int = 0
    given_up: int = 0
    refreshed: int = 0
    lag: float = 0.0
    """Seconds between a state's beginning and its delivery, of the last delivery."""
    worst_lag: float = 0.0
    down_since: float | None = None
    message: str = ""
    code: str = ""


@dataclass(slots=True)
class _Call:
    """One ``publish`` call: the states, what was rendered of them, and what came of it."""

    items: list[Item]
    publications: list[Publication]
    digests: list[bytes]
    outcomes: Sequence[Outcome] = ()


class Pump:
    """Serves one sink for ever."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        tenants: Tenants,
        organization: str,
        name: str,
        sink: PresenceSink,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._forms = Forms(tenants, organization, sink)
        self._reach = Reach()
        self.organization = organization
        self.name = name
        self.sink = sink
        self.figures = PumpFigures()
        self._every = sink.delivery is Delivery.EVERY
        self._queue = Queue(coalesce=not self._every)
        self._ledger = Ledger(store, organization, name)
        self._awake = asyncio.Event()
        self._position = 0
        self._walk_after: str | None = None
        """While everybody's present is told to a new sink: ids up to here are read."""
        self._calls: set[asyncio.Task[None]] = set()
        self._finished: list[_Call] = []
        self._more = True
        self._offered: deque[tuple[int, Sequence[Ready]]] = deque()
        self._offered_to = 0

    def wake(self) -> None:
        """Look again: there are new revisions, or the sink may be tried at once."""
        self._more = True
        self._awake.set()

    def form_ahead(self, evaluated: Evaluated, profile: Profile, at: int) -> Form | None:
        """Render a coming state; None where that is left until it is told."""
        return None if self._every else self._forms.ahead(evaluated.presence, profile, at)

    def offer(self, first: int, ready: Sequence[Ready]) -> None:
        """Take a block of states that was just committed, instead of reading it again.

        Taken only where it follows on what was read; else it is read like everything.
        """
        follows = max(self._offered_to, self._position)
        wanted = not self._every and self._walk_after is None and first == follows + 1
        if wanted and self._queue.waiting + len(self._offered) * len(ready) < OFFERED:
            self._offered.append((first, ready))
            self._offered_to = first + len(ready) - 1
        self.wake()

    def retry_now(self) -> None:
        """Try a sink that is down at once."""
        self._reach.try_now()
        self._awake.set()

    @property
    def waiting(self) -> int:
        """Return how many states wait to be told."""
        return self._queue.waiting

    @property
    def replaced(self) -> int:
        """Return how many transitions were replaced by the present."""
        return self._queue.dropped

    @property
    def cursor(self) -> int:
        """Return the revision up to which everything was delivered or has a retry row."""
        lowest = self._queue.lowest()
        return self._position if lowest is None else min(self._position, lowest - 1)

    # --- the loop ------------------------------------------------------------
    async def run(self) -> None:
        """Serve until cancelled; a store in trouble is asked again."""
        started = False
        try:
            while True:
                self._awake.clear()
                try:
                    if not started:
                        await self._begin()
                        started = True
                    await self._turn()
                    pause = self._pause()
                except KalendsError as error:
                    self._more = True  # whatever was being read is read again
                    log.exception("sink.store", sink=self.name, exc_info=error)
                    pause = 1.0
                await wait(self._awake, pause)
        finally:
            for call in list(self._calls):
                call.cancel()

    async def stop(self, seconds: float = 5.0) -> None:
        """Let what is on its way arrive and write down how far we came."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=seconds)
        await self._settle()
        await self._flush(force=True)

    async def _begin(self) -> None:
        failing = await self._ledger.begin()
        if self._ledger.cursor is None:
            self._position = await self._store.revision(self.organization)
            self._walk_after = ""
            return
        self._position = self._ledger.cursor
        if self._every:
            await self._bridge_gap()
            for row in failing:
                await self._recover(row)

    async def _turn(self) -> None:
        await self._settle()
        await self._take_due()
        await self._fill()
        await self._send()
        await self._flush()

    def _pause(self) -> float:
        if self._finished:
            return 0.0
        now, clock = self._runtime.now(), self._runtime.monotonic()
        if self._reads_on and self._queue.waiting < HIGH and self._reach.open(clock):
            return 0.0
        pause = 3600.0
        if self._ledger.next_due is not None:
            pause = min(pause, self._ledger.next_due - now)
        if self._queue.waiting and not self._reach.open(clock):
            pause = min(pause, self._reach.opens_at - clock)
        if self._ledger.dirty(self._storable):
            pause = min(pause, FLUSH_SECONDS)
        return max(0.0, pause)

    @property
    def _reads_on(self) -> bool:
        """Tell whether there is something to read, as far as known."""
        return self._more or bool(self._offered) or self._walk_after is not None

    # --- reading what changed ------------------------------------------------------------
    async def _fill(self) -> None:
        while self._queue.waiting < HIGH and self._reach.open(self._runtime.monotonic()):
            if self._walk_after is not None:
                await self._walk(self._walk_after)
            elif self._offered:
                await self._take_offer(*self._offered.popleft())
            elif self._more:
                self._more = False  # first: a wake-up while reading must not be lost
                if await self._follow():
                    self._more = True
            else:
                return

    async def _walk(self, after: str) -> None:
        """Tell a new sink the present of everybody, page by page."""
        page = await self._store.presences(self.organization, after, PAGE)
        await self._put([_present(one) for one in page if one.revision])
        self._walk_after = page[-1].person if len(page) == PAGE else None

    async def _take_offer(self, first: int, ready: Sequence[Ready]) -> None:
        if first != self._position + 1:  # something was read in between: go on reading
            self._offered.clear()
            self._offered_to, self._more = 0, True
            return
        items = [
            Item(
                one.evaluated.person,
                revision,
                one.evaluated.presence,
                one.profile,
                None,
                one.evaluated.evaluated_at,
                one.forms.get(self.name),
            )
            for revision, one in enumerate(ready, first)
        ]
        for start in range(0, len(items), PAGE):
            await self._put(items[start : start + PAGE])
        self._position = items[-1].revision

    async def _follow(self) -> bool:
        """Read one page behind the position; tell whether there may be more."""
        if self._every:
            log_page = await self._store.transitions(self.organization, self._position, PAGE)
            items = [_passed(one) for one in log_page]
        else:
            page = await self._store.changed_since(self.organization, self._position, PAGE)
            items = [_present(one) for one in page]
        if items:
            await self._put(items)
            self._position = max(self._position, items[-1].revision)
        return len(items) == PAGE

    async def _put(self, items: list[Item]) -> None:
        await self._ledger.load(item.person for item in items)
        for item in items:
            self._queue.put(item)

    async def _bridge_gap(self) -> None:
        """What fell out of the log while we were away is replaced by the present."""
        oldest = await self._store.oldest_transition(self.organization)
        while True:
            page = await self._store.changed_since(self.organization, self._position, PAGE)
            lost = [one for one in page if oldest is None or one.revision < oldest]
            if not lost:
                return
            self._queue.dropped += len(lost)
            await self._put([_present(one) for one in lost])
            self._position = lost[-1].revision

    # --- failures and refreshes ------------------------------------------------------------
    async def _recover(self, row: SinkRow) -> None:
        """After a start, take up a failing person where we left off."""
        logged = await self._store.transitions(self.organization, row.revision, 10_000)
        for one in logged:
            if one.person == row.person and one.revision <= self._position:
                self._queue.put(_passed(one))
        first = self._queue.oldest_blocked(row.person)
        if first is not None:
            self._queue.take(1)
            self._queue.block(first)

    async def _take_due(self) -> None:
        """Retry and refresh what is due."""
        now = int(self._runtime.now())
        if self._ledger.next_due is None or self._ledger.next_due > now:
            return
        if not self._reach.open(self._runtime.monotonic()):
            self._ledger.next_due = now + 1
            return
        await self._flush(force=True)
        for row in await self._ledger.due(now, PAGE):
            await self._retry(row, now)

    async def _retry(self, row: SinkRow, now: int) -> None:
        first = self._queue.oldest_blocked(row.person)
        in_order = self._every and first is not None and now - first.at < LOGGED_SECONDS
        if in_order and row.failures:
            self._queue.unblock(row.person, None)
            return
        present = await self._store.presence(self.organization, row.person)
        if present is None:
            await self._gone(row)
            return
        self._queue.unblock(row.person, _present(present))

    async def _gone(self, row: SinkRow) -> None:
        """A person is no more: take back what was published, if the sink remembers how."""
        profile = Profile(row.person, "", "", "UTC")
        await self._withdraw([_publication(row, profile)])
        self._queue.drop([row.person])
        self._ledger.forget(row.person)

    # --- sending ------------------------------------------------------------
    async def _send(self) -> None:
        clock = self._runtime.monotonic()
        free = self._reach.free(self.sink.concurrency, len(self._calls), clock)
        while free > 0:
            call = await self._prepare(1 if self._reach.down else max(1, self.sink.batch))
            if call is None:
                return
            if not call.items:
                continue
            task = asyncio.create_task(self._publish(call))
            task.add_done_callback(self._ended)
            self._calls.add(task)
            free -= 1

    async def _prepare(self, limit: int) -> _Call | None:
        """Render the next states; None where nothing waits, no items where none needs sending."""
        taken = self._queue.take(limit)
        if not taken:
            return None
        call = _Call([], [], [])
        for item in taken:
            await self._render(item, call)
        return call

    async def _render(self, item: Item, call: _Call) -> None:
        row = self._ledger.row(item.person)
        if not published(item.profile):
            await self._silence(item, row)
            return
        form = item.form or self._formed(item)
        if form is None:
            # nothing (more) to tell of this person: what the other side holds is taken back
            await self._silence(item, row)
            return
        rendered, digest = form
        refresh = self._is_refresh(item, row)
        known = self._ledger.digest(item.person)
        if known == digest and not refresh and not (row and row.failures):
            self.figures.unchanged += 1
            self._queue.done(item)
            return
        same = refresh and known == digest
        memory = row.memory if row else None
        call.items.append(item)
        call.digests.append(digest)
        call.publications.append(
            Publication(
                item.person, item.revision, rendered, memory, item.profile, item.at, refresh=same
            )
        )

    def _formed(self, item: Item) -> Form | None:
        return self._forms.of(
            item.presence,
            item.profile,
            int(self._runtime.now()),
            stale_since=item.stale_since,
            revision=item.revision,
        )

    def _is_refresh(self, item: Item, row: SinkRow | None) -> bool:
        if row is None or row.failures or row.due_at is None:
            return False
        return row.due_at <= self._runtime.now() and item.revision <= row.revision

    async def _silence(self, item: Item, row: SinkRow | None) -> None:
        """Stage ``trial`` or ``off``, or somebody who left: the sink gets nothing any more."""
        if row is not None or self._ledger.digest(item.person) is not None:
            publication = Publication(
                item.person, item.revision, b"", row.memory if row else None, item.profile, item.at
            )
            await self._withdraw([publication])
            self._ledger.forget(item.person)
        self._queue.done(item)

    async def _publish(self, call: _Call) -> None:
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                call.outcomes = await self.sink.publish(call.publications)
        except TimeoutError:
            call.outcomes = [Failed("timeout", "The sink did not answer.")] * len(call.items)
        except Exception as error:  # a sink's fault stays with the sink
            log.exception(
                "sink.fault", organization=self.organization, sink=self.name, exc_info=error
            )
            call.outcomes = [Failed("fault", "The sink failed.")] * len(call.items)
        finally:
            self._finished.append(call)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Wake once the call is no longer counted: else whoever wakes finds none free."""
        self._calls.discard(task)
        self._awake.set()

    async def _withdraw(self, publications: list[Publication]) -> None:
        try:
            async with asyncio.timeout(PUBLISH_SECONDS / 6):
                await self.sink.withdraw(publications)
        except Exception as error:  # best effort: soft state ends by itself
            log.info(
                "sink.withdraw", organization=self.organization, sink=self.name, exc_info=error
            )

    async def try_out(self, present: StoredPresence) -> Outcome | None:
        """Send one person's present view at once, whatever the stage; None: nothing to tell."""
        item = _present(present)
        form = self._formed(item)
        if form is None:
            return None
        rendered, _ = form
        await self._ledger.load([item.person])
        row = self._ledger.row(item.person)
        memory = row.memory if row else None
        publication = Publication(
            item.person, item.revision, rendered, memory, item.profile, item.at
        )
        call = _Call([item], [publication], [b""])
        await self._publish(call)
        self._finished.remove(call)
        outcome = call.outcomes[0]
        if isinstance(outcome, Delivered) and outcome.memory is not None:
            refresh = None if outcome.refresh_at is None else int(outcome.refresh_at)
            self._ledger.save(
                SinkRow(
                    self.organization, self.name, item.person, item.revision,
                    outcome.memory, None, refresh,
                )
            )  # fmt: skip
            self._ledger.told(item.person, None)
        self.retry_now()
        return outcome

    # --- what came of it ------------------------------------------------------------
    async def _settle(self) -> None:
        finished, self._finished = self._finished, []
        for call in finished:
            outcomes = list(call.outcomes)
            missing = len(call.items) - len(outcomes)
            outcomes += [Failed("fault", "The sink gave no outcome.")] * missing
            for index, item in enumerate(call.items):
                outcome = outcomes[index]
                if isinstance(outcome, Delivered):
                    self._delivered(item, call.digests[index], outcome)
                else:
                    self._failed(item, call.publications[index], outcome)

    def _delivered(self, item: Item, digest: bytes, outcome: Delivered) -> None:
        self._reach.succeeded()
        figures = self.figures
        figures.published += 1
        figures.down_since, figures.code, figures.message = None, "", ""
        figures.lag = max(0.0, self._runtime.now() - item.at)
        figures.worst_lag = max(figures.worst_lag, figures.lag)
        self._ledger.told(item.person, digest)
        refresh = None if outcome.refresh_at is None else int(outcome.refresh_at)
        if outcome.memory is not None or refresh is not None:
            self._ledger.save(
                SinkRow(
                    self.organization,
                    self.name,
                    item.person,
                    item.revision,
                    outcome.memory,
                    digest,
                    refresh,
                )
            )
        else:
            self._ledger.settle(item.person)
        self._queue.done(item)

    def _failed(self, item: Item, publication: Publication, outcome: Failed) -> None:
        self.figures.failed += 1
        self.figures.code, self.figures.message = outcome.code, outcome.message
        log.info(
            "sink.failed",
            organization=self.organization,
            sink=self.name,
            person=item.person,
            code=outcome.code,
        )
        if outcome.give_up:
            self._give_up(item, outcome)
            return
        if self._reach.failed(self._runtime.monotonic(), self._runtime.random.random()):
            self._note_down(outcome)
        self._block(item, outcome)

    def _give_up(self, item: Item, outcome: Failed) -> None:
        """This person cannot be told until something changes."""
        self.figures.given_up += 1
        self._ledger.told(item.person, None)
        self._ledger.settle(item.person)
        self._queue.done(item)
        del outcome

    def _block(self, item: Item, outcome: Failed) -> None:
        row = self._ledger.row(item.person)
        failures = (row.failures if row else 0) + 1
        if self._reach.down:  # not this person's fault: he goes as soon as the sink is tried
            failures = max(1, failures - 1)
            at = self._runtime.now() + self._reach.opens_at - self._runtime.monotonic()
        else:
            pause = min(RETRY_LONGEST, RETRY_FIRST * float(2 ** min(12, failures - 1)))
            at = self._runtime.now() + self._runtime.jitter(pause, 0.2)
        if outcome.retry_at is not None:
            at = max(at, outcome.retry_at)
        self._ledger.told(item.person, None)
        self._ledger.save(
            SinkRow(
                self.organization,
                self.name,
                item.person,
                item.revision - 1,
                outcome.memory,
                None,
                int(at) + 1,
                failures,
            )
        )
        self._queue.block(item)

    def _note_down(self, outcome: Failed) -> None:
        if self.figures.down_since is None:
            self.figures.down_since = self._runtime.now()
            log.warning(
                "sink.down", organization=self.organization, sink=self.name, code=outcome.code
            )

    @property
    def _storable(self) -> int | None:
        """Return the cursor to store; None while a new sink is still told of everybody."""
        return self.cursor if self._walk_after is None else None

    async def _flush(self, *, force: bool = False) -> None:
        clock = self._runtime.monotonic()
        await self._ledger.flush(self._storable, clock, self._queue.__contains__, force=force)


def _present(one: StoredPresence) -> Item:
    return Item(
        one.person,
        one.revision,
        one.presence,
        one.profile,
        one.stale_since,
        one.evaluated_at,
    )


def _passed(one: Transition) -> Item:
    return Item(one.person, one.revision, one.after, one.profile, None, one.at)


def _publication(row: SinkRow, profile: Profile) -> Publication:
    return Publication(row.person, row.revision, b"", row.memory, profile, 0)
