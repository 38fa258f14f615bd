"""One sink's pump: follows the revisions of its organization and tells the sink.

Place in the flow: ``due`` commits and wakes the pumps; a pump reads what changed behind its
cursor into its queue, from which ``sending`` renders, publishes and settles. It has its own task
and time-outs: a hung sink delays nobody else.

A ``latest`` sink gets present states, coalesced; an ``every`` sink the logged transitions of the
last hour, in order per person. The cursor is stored behind what was delivered, so that a crash
repeats a little and loses nothing. A person that fails has a row with its retry time; when
everything fails the sink as a whole is left alone and probed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from kalends import observe
from kalends.engine.ahead import Block, Form, Ready
from kalends.engine.forms import Forms
from kalends.engine.ledger import FLUSH_SECONDS, Ledger
from kalends.engine.pacing import wait
from kalends.engine.queueing import Item, Queue
from kalends.engine.sending import PumpFigures, Sender, departed
from kalends.engine.tenants import Tenants
from kalends.errors import KalendsError
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivery, Outcome, PresenceSink
from kalends.store.contract import Evaluated, SinkRow, Store, StoredPresence, Transition
from kalends.store.vault import CannotOpen

log = observe.logger(__name__)

PAGE: Final = 500
OFFERED: Final = 200_000
"""States taken from the due loop without reading them again, at most."""
HIGH: Final = 2000
"""No more is read while this much waits."""
LOGGED_SECONDS: Final = 3600


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
        self.organization = organization
        self.name = name
        self.sink = sink
        self._every = sink.delivery is Delivery.EVERY
        self._queue = Queue(coalesce=not self._every)
        self._ledger = Ledger(store, organization, name)
        self._awake = asyncio.Event()
        self._sender = Sender(
            runtime, (organization, name), sink, self._forms, self._queue, self._ledger, self._awake
        )
        self._position = 0
        self._walk_after: str | None = None
        """While everybody's present is told to a new sink: ids up to here are read."""
        self._walked = 0
        """What a new sink is told on that walk: revisions up to here."""
        self._more = True
        self._offered: deque[Block] = deque()
        self._offered_to = 0

    def wake(self) -> None:
        """Look again: there are new revisions, or the sink may be tried at once."""
        self._more = True
        self._awake.set()

    def form_ahead(self, evaluated: Evaluated, profile: Profile, at: int) -> Form | None:
        """Render a coming state; None where that is left until it is told."""
        return None if self._every else self._forms.ahead(evaluated.presence, profile, at)

    def offer(self, block: Block) -> None:
        """Take states that were just committed, instead of reading them again.

        Taken only where they follow on what was read; else they are read like everything.
        """
        follows = max(self._offered_to, self._position)
        wanted = not self._every and self._walk_after is None and block.first == follows + 1
        if not wanted or self._queue.waiting + self._offered_to - self._position > OFFERED:
            self.wake()
            return
        self._offered.append(block)
        self._offered_to = block.last
        self._awake.set()

    def retry_now(self) -> None:
        """Try a sink that is down at once."""
        self._sender.reach.try_now()
        self._awake.set()

    @property
    def figures(self) -> PumpFigures:
        """Return what metrics are told."""
        return self._sender.figures

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
        """Serve until cancelled; a store in trouble is asked again.

        Calls on their way outlive this: ``stop`` lets them arrive, ``abandon`` drops them.
        """
        started = False
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

    def abandon(self) -> None:
        """Drop what is on its way without a word, as a killed process does."""
        self._sender.cancel()

    async def stop(self, seconds: float = 5.0) -> None:
        """Let what is on its way arrive and write down how far we came."""
        await self._sender.arrive(seconds)
        await self._flush(force=True)

    async def _begin(self) -> None:
        failing = await self._ledger.begin()
        if self._ledger.cursor is None:
            self._position = self._walked = await self._store.revision(self.organization)
            self._walk_after = ""
            return
        self._position = self._ledger.cursor
        if self._every and failing:
            await self._recover({row.person: row.revision for row in failing})

    async def _turn(self) -> None:
        await self._sender.settle()
        await self._take_due()
        await self._fill()
        await self._sender.send()
        await self._flush()

    def _pause(self) -> float:
        if self._sender.finished:
            return 0.0
        now, clock = self._runtime.now(), self._runtime.monotonic()
        reach, due = self._sender.reach, self._ledger.next_due
        pause = 3600.0
        if not reach.open(clock):
            pause = reach.opens_at - clock  # nothing is read, retried or sent before
        elif self._reads_on and self._queue.waiting < HIGH:
            return 0.0
        elif due is not None:
            pause = min(pause, due - now)
        if self._ledger.dirty(self._storable):
            pause = min(pause, FLUSH_SECONDS)
        return max(0.0, pause)

    @property
    def _reads_on(self) -> bool:
        """Tell whether there is something to read, as far as known."""
        return self._more or bool(self._offered) or self._walk_after is not None

    # --- reading what changed ------------------------------------------------------------
    async def _fill(self) -> None:
        while self._queue.waiting < HIGH and self._sender.reach.open(self._runtime.monotonic()):
            if self._walk_after is not None:
                await self._walk(self._walk_after)
            elif self._offered:
                await self._take_offer(self._offered.popleft())
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

    async def _take_offer(self, block: Block) -> None:
        if block.first != self._position + 1:  # something was read in between: go on reading
            self._offered.clear()
            self._offered_to, self._more = 0, True
            return
        for start in range(0, len(block.states), PAGE):
            await self._put([self._ready(*it) for it in block.states[start : start + PAGE]])
            await asyncio.sleep(0)
        self._position = block.last

    def _ready(self, revision: int, one: Ready) -> Item:
        done = one.evaluated
        form = one.forms.get(self.name)
        return Item(
            done.person, revision, done.presence, one.profile, None, done.evaluated_at, form
        )

    async def _follow(self) -> bool:
        """Read one page behind the position; tell whether there may be more."""
        if self._every:
            items = [_passed(one) for one in await self._logged()]
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

    async def _logged(self) -> list[Transition]:
        """Read the log; what fell out of it unread is replaced by the present.

        The log begins later every minute, and whoever waits for a sink that is down reads little
        of it: each page has to follow on what was read. Where it does not, the log is looked at
        last: what is committed in between stands there, and is read from it.
        """
        reached = await self._store.revision(self.organization)
        while self._position < reached:
            page = await self._store.transitions(self.organization, self._position, PAGE)
            if page and page[0].revision == self._position + 1:
                return page
            present = await self._store.changed_since(self.organization, self._position, PAGE)
            page = await self._store.transitions(self.organization, self._position, PAGE)
            lost = [one for one in present if not page or one.revision < page[0].revision]
            if not (lost or page):
                self._position = reached  # revisions of the refused: nothing stands under them
            if not lost:
                return page
            self._queue.dropped += len(lost)
            await self._put([_present(one) for one in lost])
            self._position = lost[-1].revision
        return []

    # --- failures and refreshes ------------------------------------------------------------
    async def _recover(self, delivered: dict[str, int]) -> None:
        """After a start, take up failing people where we left off: in one walk along the log."""
        behind = min(delivered.values())
        while behind < self._position:
            page = await self._store.transitions(self.organization, behind, PAGE)
            for one in page:
                if delivered.get(one.person, self._position) < one.revision <= self._position:
                    self._queue.put(_passed(one))
            behind = page[-1].revision if len(page) == PAGE else self._position
        for person in delivered:
            self._queue.hold(person)

    async def _take_due(self) -> None:
        """Retry and refresh what is due."""
        now = int(self._runtime.now())
        if self._ledger.next_due is None or self._ledger.next_due > now:
            return
        if not self._sender.reach.open(self._runtime.monotonic()):
            return  # looked at again once the sink may be tried
        await self._flush(force=True)
        for row in await self._ledger.due(now, PAGE):
            await self._retry(row, now)

    async def _retry(self, row: SinkRow, now: int) -> None:
        if self._queue.moves(row.person):
            return  # due until it arrives, and in line already
        if self._every and row.failures:
            self._queue.expire(row.person, now - LOGGED_SECONDS)
            if self._queue.oldest_blocked(row.person) is not None:
                self._queue.unblock(row.person, None)
                return
        try:
            present = await self._store.presence(self.organization, row.person)
        except CannotOpen:
            return  # nothing is known of him, and nothing told; others are
        if self._every and present is not None and present.revision > self._position:
            self._queue.unblock(row.person, None)
            return  # it is yet to be read, behind what came before it
        # A person who is no more: what was published is taken back.
        self._queue.unblock(row.person, _present(present) if present else departed(row))

    async def try_out(self, present: StoredPresence) -> Outcome | None:
        """Send one person's present view at once, whatever the stage; None: nothing to tell."""
        outcome = await self._sender.try_out(_present(present))
        if outcome is not None:
            self.retry_now()
        return outcome

    # --- the cursor ------------------------------------------------------------
    @property
    def _storable(self) -> int | None:
        """Return the cursor to store; None while a new sink is still told of everybody.

        A feed that was told somebody's present must not hear afterwards what led to it.
        """
        cursor = self.cursor
        walks = self._walk_after is not None or (self._every and cursor < self._walked)
        return None if walks else cursor

    async def _flush(self, *, force: bool = False) -> None:
        clock = self._runtime.monotonic()
        if force or not self._ledger.rests(clock):
            await self._ledger.flush(self._storable, clock, self._queue.__contains__)


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
