"""What a pump has in hand becomes calls on its sink, and outcomes become what is remembered.

Place in the flow: ``pump`` fills the queue; here people are taken from it, rendered, compared
with what the other side holds, published or taken back in calls of their own, and settled. A call
has a time limit whatever the sink does; as many run at once as the sink allows. Everything that
happens per person happens in plain loops: on the hour 100,000 go through here in a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kalends import observe
from kalends.engine.ahead import Form
from kalends.engine.forms import Forms
from kalends.engine.ledger import Ledger
from kalends.engine.queueing import Item, Queue
from kalends.engine.reach import Reach, retry_pause
from kalends.model.presence import Presence
from kalends.model.profile import Profile
from kalends.presence import published
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Failed, Outcome, PresenceSink, Publication
from kalends.store.contract import SinkRow

log = observe.logger(__name__)

PUBLISH_SECONDS: Final = 60.0
"""The longest one ``publish`` call may take, whatever the sink does."""
WITHDRAW_SECONDS: Final = 10.0
DROP_SECONDS: Final = 1.0
"""The longest a call that was dropped is given to let go of its connection."""
BREATH: Final = 0.0015
"""Seconds of work after which others run (slices stay under 2 ms)."""
TAKEN: Final = 100
"""People looked at between two looks at the clock."""


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
class Call:
    """One call on the sink: the states, what was rendered of them, and what came of it."""

    items: list[Item]
    publications: list[Publication]
    digests: list[bytes]
    outcomes: Sequence[Outcome] = ()


class Sender:
    """Sends what waits for one sink."""

    def __init__(
        self,
        runtime: Runtime,
        place: tuple[str, str],
        sink: PresenceSink,
        forms: Forms,
        queue: Queue,
        ledger: Ledger,
        awake: asyncio.Event,
    ) -> None:
        self._runtime = runtime
        self._organization, self._name = place
        self._sink = sink
        self._forms = forms
        self._queue = queue
        self._ledger = ledger
        self._awake = awake
        self.reach = Reach()
        self.figures = PumpFigures()
        self._calls: set[asyncio.Task[None]] = set()
        self._finished: list[Call] = []
        self._silent: list[tuple[Item, Publication]] = []
        """People to be told of no more, whose state has yet to be taken back."""
        self._withdrawn: list[Item] = []

    @property
    def finished(self) -> bool:
        """Tell whether calls have ended that are not settled yet."""
        return bool(self._finished or self._withdrawn)

    def cancel(self) -> None:
        """Drop the calls that are on their way: nobody knows what came of them."""
        for call in list(self._calls):
            call.cancel()

    async def arrive(self, seconds: float) -> None:
        """Let the calls that are on their way arrive, and note what came of them.

        Those that take longer are dropped; their states count as not told. None is at work any
        more afterwards, but one that clings to life for ``DROP_SECONDS``.
        """
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=seconds)
            if late:
                self.cancel()
                await asyncio.wait(late, timeout=DROP_SECONDS)
        await self.settle()

    # --- sending ------------------------------------------------------------
    async def send(self) -> None:
        """Start as many calls as the sink allows now."""
        while self._free() > 0:
            if self._silent:
                self._start(self._withdraw(self._next_silent()))
                continue
            call = await self._prepare(1 if self.reach.down else max(1, self._sink.batch))
            if call is None:
                if not self._silent:
                    return
            elif call.items:
                self._start(self._publish(call))

    def _free(self) -> int:
        clock = self._runtime.monotonic()
        return self.reach.free(self._sink.concurrency, len(self._calls), clock)

    def _start(self, call: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(call)
        task.add_done_callback(self._ended)
        self._calls.add(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Wake once the call is no longer counted: else whoever wakes finds none free."""
        self._calls.discard(task)
        self._awake.set()

    async def _prepare(self, limit: int) -> Call | None:
        """Render the next states; None where nothing waits, no items where none needs sending."""
        taken = self._queue.take(limit)
        if not taken:
            return None
        call = Call([], [], [])
        breath = self._runtime.monotonic() + BREATH
        for start in range(0, len(taken), TAKEN):
            self._render(taken[start : start + TAKEN], call)
            if self._runtime.monotonic() > breath:
                await asyncio.sleep(0)
                breath = self._runtime.monotonic() + BREATH
        return call

    def _render(self, items: Iterable[Item], call: Call) -> None:
        now = self._runtime.now()
        for item in items:
            person = item.person
            row = self._ledger.row(person)
            form = (item.form or self._formed(item)) if published(item.profile) else None
            if form is None:
                # nothing (more) to tell of this person: what the other side holds is taken back
                self._silence(item, row)
                continue
            known = self._ledger.digest(person)
            same = known == form.digest
            refresh = row is not None and _is_refresh(item, row, now)
            if same and not refresh and (row is None or not row.failures):
                self.figures.unchanged += 1
                self._queue.done(item)
                continue
            call.items.append(item)
            call.digests.append(form.digest)
            memory = None if row is None else row.memory
            call.publications.append(
                Publication(
                    person, item.revision, form.rendered, memory, item.profile, item.at,
                    refresh and same,
                )
            )  # fmt: skip

    def _formed(self, item: Item) -> Form | None:
        return self._forms.of(
            item.presence,
            item.profile,
            int(self._runtime.now()),
            stale_since=item.stale_since,
            revision=item.revision,
        )

    async def _publish(self, call: Call) -> None:
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                call.outcomes = await self._sink.publish(call.publications)
        except TimeoutError:
            call.outcomes = [Failed("timeout", "The sink did not answer.")] * len(call.items)
        except Exception as error:  # a sink's fault stays with the sink
            log.exception(
                "sink.fault", organization=self._organization, sink=self._name, exc_info=error
            )
            call.outcomes = [Failed("fault", "The sink failed.")] * len(call.items)
        self._finished.append(call)

    async def try_out(self, item: Item) -> Outcome | None:
        """Send one person's present view at once, whatever the stage; None: nothing to tell."""
        form = self._formed(item)
        if form is None:
            return None
        await self._ledger.load([item.person])
        row = self._ledger.row(item.person)
        publication = _publication(item, row, form.rendered)
        call = Call([item], [publication], [b""])
        await self._publish(call)
        self._finished.remove(call)
        outcome = call.outcomes[0]
        if isinstance(outcome, Delivered) and outcome.memory is not None:
            self._ledger.save(self._row(item, outcome, None))
            self._ledger.told(item.person, None)
        return outcome

    # --- taking back ------------------------------------------------------------
    def _silence(self, item: Item, row: SinkRow | None) -> None:
        """Stage ``trial`` or ``off``, or somebody who left: the sink gets nothing any more."""
        if row is None and self._ledger.digest(item.person) is None:
            self._queue.done(item)
        else:
            self._silent.append((item, _publication(item, row, b"")))

    def _next_silent(self) -> list[tuple[Item, Publication]]:
        batch = max(1, self._sink.batch)
        silent, self._silent = self._silent[:batch], self._silent[batch:]
        return silent

    async def _withdraw(self, silent: list[tuple[Item, Publication]]) -> None:
        """Take back what the other side holds: best effort, soft state ends by itself."""
        try:
            async with asyncio.timeout(WITHDRAW_SECONDS):
                await self._sink.withdraw([publication for _, publication in silent])
        except Exception as error:
            log.info(
                "sink.withdraw", organization=self._organization, sink=self._name, exc_info=error
            )
        self._withdrawn += [item for item, _ in silent]

    # --- what came of it ------------------------------------------------------------
    async def settle(self) -> None:
        """Note what came of the calls that ended."""
        withdrawn, self._withdrawn = self._withdrawn, []
        for item in withdrawn:
            self._ledger.forget(item.person)
            self._queue.done(item)
        while self._finished:
            self._settle(self._finished.pop(0))
            await asyncio.sleep(0)

    def _settle(self, call: Call) -> None:
        outcomes = list(call.outcomes)
        missing = len(call.items) - len(outcomes)
        outcomes += [Failed("fault", "The sink gave no outcome.")] * missing
        now = self._runtime.now()
        delivered = 0
        for index, item in enumerate(call.items):
            outcome = outcomes[index]
            if isinstance(outcome, Delivered):
                self._delivered(item, call.digests[index], outcome, now)
                delivered += 1
            else:
                self._failed(item, outcome)
        if delivered:
            self.figures.published += delivered

    def _delivered(self, item: Item, digest: bytes, outcome: Delivered, now: float) -> None:
        figures = self.figures
        if self.reach.streak or figures.code:
            self._recovered()
        lag = now - item.at
        figures.lag = lag if lag > 0.0 else 0.0
        if lag > figures.worst_lag:
            figures.worst_lag = lag
        self._ledger.told(item.person, digest)
        if outcome.memory is not None or outcome.refresh_at is not None:
            self._ledger.save(self._row(item, outcome, digest))
        else:
            self._ledger.settle(item.person)
        self._queue.done(item)

    def _recovered(self) -> None:
        self.reach.succeeded()
        self.figures.down_since, self.figures.code, self.figures.message = None, "", ""

    def _row(self, item: Item, outcome: Delivered, digest: bytes | None) -> SinkRow:
        refresh = None if outcome.refresh_at is None else int(outcome.refresh_at)
        return SinkRow(
            self._organization, self._name, item.person, item.revision,
            outcome.memory, digest, refresh,
        )  # fmt: skip

    def _failed(self, item: Item, outcome: Failed) -> None:
        self.figures.failed += 1
        self.figures.code, self.figures.message = outcome.code, outcome.message
        log.info(
            "sink.failed",
            organization=self._organization,
            sink=self._name,
            person=item.person,
            code=outcome.code,
        )
        if outcome.give_up:
            self._give_up(item)
            return
        if self.reach.failed(self._runtime.monotonic(), self._runtime.random.random()):
            self._note_down(outcome)
        self._block(item, outcome)

    def _give_up(self, item: Item) -> None:
        """This person cannot be told until something changes."""
        self.figures.given_up += 1
        self._ledger.told(item.person, None)
        self._ledger.settle(item.person)
        self._queue.done(item)

    def _block(self, item: Item, outcome: Failed) -> None:
        row = self._ledger.row(item.person)
        failures = (row.failures if row else 0) + 1
        if self.reach.down:  # not this person's fault: he goes as soon as the sink is tried
            failures = max(1, failures - 1)
            at = self._runtime.now() + self.reach.opens_at - self._runtime.monotonic()
        else:
            pause = retry_pause(failures, self._queue.blocked)
            at = self._runtime.now() + self._runtime.jitter(pause, 0.2)
        if outcome.retry_at is not None:
            at = max(at, outcome.retry_at)
        self._ledger.told(item.person, None)
        self._ledger.save(
            SinkRow(
                self._organization, self._name, item.person, item.revision - 1,
                outcome.memory, None, int(at) + 1, failures,
            )
        )  # fmt: skip
        self._queue.block(item)

    def _note_down(self, outcome: Failed) -> None:
        if self.figures.down_since is None:
            self.figures.down_since = self._runtime.now()
            log.warning(
                "sink.down", organization=self._organization, sink=self._name, code=outcome.code
            )


def _is_refresh(item: Item, row: SinkRow, now: float) -> bool:
    if row.failures or row.due_at is None:
        return False
    return row.due_at <= now and item.revision <= row.revision


def _publication(item: Item, row: SinkRow | None, rendered: bytes) -> Publication:
    memory = None if row is None else row.memory
    return Publication(item.person, item.revision, rendered, memory, item.profile, item.at)


def departed(row: SinkRow) -> Item:
    """Return what takes back the state of somebody who is no more."""
    profile = Profile(row.person, "", "", "UTC", left=True)
    return Item(row.person, row.revision, Presence(), profile, None, 0)
