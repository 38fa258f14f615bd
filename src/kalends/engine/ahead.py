"""Crowded seconds are made ready ahead: evaluated, sealed and rendered before they come.

Place in the flow: on the hour a tenth of an organization changes in the same second. While the
due loop rests, people due in such a second within the next minute are evaluated for it, and
sealed chunk by chunk in the form in which the store takes them; when it has come, a chunk is
committed ``WHERE input_version = :seen`` and handed to the pumps as it is. Whatever changed
meanwhile is refused by the store and goes the ordinary way (DESIGN section 2, point 3). Seconds
that are not crowded cost nothing here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store.contract import DuePerson, Evaluated, SealedBatch, Store

MINUTE: Final = 60
CROWD: Final = 1000
"""People due in the same second that are worth the effort."""
MOST: Final = 150_000
"""People held ready at once (about 2 kB each)."""
PAGE: Final = 200
LOOK_SECONDS: Final = 5.0
CHUNK: Final = 10_000
"""People committed at once; they come in the order of the tables: a page is written once."""
TOO_LATE: Final = 1.0
"""Seconds before the boundary from which on nothing more is sealed: it must not be missed."""


class Form(msgspec.Struct, frozen=True, gc=False):
    """A rendered state and its digest."""

    rendered: bytes
    digest: bytes


class Ready(msgspec.Struct, frozen=True, gc=False):
    """One person, ready for a boundary. The garbage collector need not walk 100,000 of them."""

    evaluated: Evaluated
    profile: Profile
    forms: dict[str, Form]
    """By sink; a sink that is not in it renders for itself."""


class Chunk(NamedTuple):
    """What is committed at once."""

    ready: Sequence[Ready]
    batch: Sequence[Evaluated] | SealedBatch


class Block(NamedTuple):
    """States that were committed as one block of revisions; gaps are the refused."""

    first: int
    last: int
    states: Sequence[tuple[int, Ready]]
    """(revision, what was made ready), in order."""


Decide = Callable[[DuePerson, int], Evaluated | None]
"""Evaluates a person for a boundary; None: leave it to the boundary."""
Render = Callable[[Evaluated, Profile, int], dict[str, Form]]
"""Renders a state for the sinks it will be handed to."""


class Ahead:
    """What is ready for the crowded seconds of the next minute."""

    def __init__(self, store: Store, runtime: Runtime, decide: Decide, render: Render) -> None:
        self._store = store
        self._runtime = runtime
        self._decide = decide
        self._render = render
        self._ready: dict[int, list[Ready]] = {}
        """By second: who is not sealed yet."""
        self._chunks: dict[int, deque[Chunk]] = {}
        self._pages: dict[int, tuple[str, str] | None] = {}
        """Crowded seconds still being made ready, and how far."""
        self._done: set[int] = set()
        self._looked_at = -LOOK_SECONDS
        self._renders = True

    @property
    def held(self) -> int:
        """Return how many people are ready."""
        sealed = (len(it.ready) for chunks in self._chunks.values() for it in chunks)
        return sum(map(len, self._ready.values())) + sum(sealed)

    def forget(self) -> None:
        """Drop everything: the clock was set, or a policy changed."""
        self._ready, self._chunks = {}, {}  # not emptied: a chunk being sealed falls by the way
        self._pages.clear()
        self._done.clear()

    def take(self, now: int) -> Chunk | None:
        """Remove and return some of what is ready for a second that has come."""
        at = min((*self._chunks, *self._ready), default=None)
        if at is None or at > now:
            return None
        self._pages.pop(at, None)
        if at in self._chunks:
            chunk = self._chunks[at].popleft()
            if not self._chunks[at]:
                del self._chunks[at]
            return chunk
        ready = self._ready.pop(at)
        return Chunk(ready, [one.evaluated for one in ready])

    async def work(self) -> bool:
        """Make a few people ready; False where there is nothing to do."""
        await self._look()
        if not self._pages or self.held >= MOST:
            return False
        at, after = next(iter(self._pages.items()))
        page = await self._store.load_ahead(at=at, after=after, limit=PAGE)
        if at not in self._pages:
            return True  # it was forgotten meanwhile: nobody is made ready twice
        self._prepare(page, at)
        if len(page) < PAGE:
            del self._pages[at]
            self._done.add(at)
        else:
            last = page[-1]
            self._pages[at] = (last.organization, last.person)
        if len(page) < PAGE or len(self._ready.get(at, ())) >= CHUNK:
            await self._seal(at)
        return True

    async def _seal(self, at: int) -> None:
        if at not in self._ready or at - self._runtime.now() < TOO_LATE:
            return
        chunks, ready = self._chunks, self._ready.pop(at)
        people = [one.evaluated for one in ready]
        sealed = await self._runtime.offload(self._store.seal_ahead, people)
        chunks.setdefault(at, deque()).append(Chunk(ready, sealed))

    def _prepare(self, page: list[DuePerson], at: int) -> None:
        ready = self._ready.setdefault(at, [])
        for person in page:
            evaluated = self._decide(person, at)
            if evaluated is None:
                continue
            forms: dict[str, Form] = {}
            if evaluated.changed and self._renders:
                forms = self._render(evaluated, person.profile, at)
            ready.append(Ready(evaluated, person.profile, forms))
        if not ready:
            del self._ready[at]

    async def _look(self) -> None:
        clock = self._runtime.monotonic()
        if clock - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = clock
        now = int(self._runtime.now())
        self._done = {at for at in self._done if at > now}
        self._pages = {at: page for at, page in self._pages.items() if at > now}
        crowds = await self._store.crowds(after=now + 1, until=now + MINUTE, least=CROWD)
        for at, _ in crowds:
            if at not in self._done:
                self._pages.setdefault(at, None)
        if self._pages:
            # A view tells how old its data is: what may be stale is rendered when it is told.
            self._renders = (await self._store.summary(now)).stale == 0
