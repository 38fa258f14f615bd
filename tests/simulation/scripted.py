"""A calendar server and two kinds of sinks at the contract seam, with faults on demand."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kalends.calendars.contract import (
    CalendarRef,
    Capabilities,
    Hint,
    Previous,
    Reading,
    Step,
    Unchanged,
)
from kalends.endpoints.kind import Kind, Place, Services, kinds
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    CursorExpired,
    SignInNeeded,
    SourceTrouble,
    Throttled,
    Unreachable,
)
from kalends.model.profile import Profile
from kalends.model.times import Interval
from kalends.model.view import View
from kalends.model.vocabulary import Audience, Document
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Failed, Outcome, Publication
from tests.simulation.world import World


@dataclass(slots=True)
class Faults:
    """How bad the weather is; all shares between 0 and 1."""

    fail: float = 0.0
    """Reads and publications that fail."""
    lose: float = 0.0
    """Hints lost."""
    double: float = 0.0
    """Hints doubled; publications that arrive though the answer is lost."""
    slowest: float = 0.05
    """Longest delay of an answer, seconds."""
    down: bool = False
    """The server does not answer at all."""
    refuse: bool = False
    """The server refuses the sign-in."""


@dataclass(slots=True)
class Server:
    """The calendar server: the truth, as far as one can get at it."""

    world: World
    runtime: Runtime
    chance: random.Random
    faults: Faults = field(default_factory=Faults)
    hints: asyncio.Queue[Hint] = field(default_factory=asyncio.Queue)
    reads: int = 0
    tries: list[float] = field(default_factory=list)
    """Monotonic times of reads while down."""
    most_at_once: int = 0
    answering: int = 0
    """Answers that are on their way."""
    troubles: list[SourceTrouble] = field(default_factory=list)
    """What the next reads meet, one each."""
    forgotten: set[str] = field(default_factory=set)
    """People whose cursor is good no more, until they are read without one."""
    denied: set[str] = field(default_factory=set)
    endless: set[str] = field(default_factory=set)
    """People whose calendar drips and drips, and never ends."""
    read_of: dict[str, int] = field(default_factory=dict)
    injected: Counter[str] = field(default_factory=Counter)
    """Faults that happened, by kind."""
    _now: int = 0

    def edited(self, person: str) -> None:
        """Tell that a calendar changed, as far as the weather allows."""
        if self.chance.random() < self.faults.lose:
            self.injected["hints lost"] += 1
            return
        self.hints.put_nowait(Hint(person, "default"))
        if self.chance.random() < self.faults.double:
            self.injected["hints doubled"] += 1
            self.hints.put_nowait(Hint(person, "default"))

    def announce(self) -> None:
        """Tell that anything may have changed, as a stream does when it is taken up again."""
        self.hints.put_nowait(Hint())

    async def read(self, ref: CalendarRef, cursor: bytes | None) -> Reading | Unchanged:
        """Answer a read, or fail it.

        What the answer says is settled somewhere on its way: what is changed after that, while the
        answer still comes, is news of which only its hint tells.
        """
        self.reads += 1
        self.read_of[ref.person] = self.read_of.get(ref.person, 0) + 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            lasts = self.chance.uniform(0.001, self.faults.slowest)
            asked = self.chance.uniform(0.0, lasts)
            await asyncio.sleep(asked)
            self._weather(ref)
            if ref.person in self.endless:
                await asyncio.Event().wait()
            if ref.person in self.denied:
                raise AccessDenied("not shared with the service account")
            return await self._arrived(self._answer(ref, cursor), lasts - asked)
        finally:
            self._now -= 1

    async def _arrived(self, answer: Reading | Unchanged, seconds: float) -> Reading | Unchanged:
        self.answering += 1
        try:
            await asyncio.sleep(seconds)
            return answer
        finally:
            self.answering -= 1

    def _weather(self, ref: CalendarRef) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        if self.faults.down:
            self.tries.append(self.runtime.monotonic())
            self.injected["reads failed"] += 1
            raise Unreachable("no connection")
        if self.faults.refuse:
            self.tries.append(self.runtime.monotonic())
            raise SignInNeeded("the password was refused")
        if self.chance.random() < self.faults.fail:
            self.injected["reads failed"] += 1
            raise self._trouble(ref)

    def _trouble(self, ref: CalendarRef) -> SourceTrouble:
        troubles: list[Callable[[], SourceTrouble]] = [
            lambda: Unreachable("time-out"),
            lambda: Unreachable("503"),
            lambda: Throttled("429", self.runtime.now() + 5),
            lambda: BadAnswer("HTML"),
            lambda: CursorExpired("forgotten"),
            lambda: SignInNeeded("401"),
        ]
        trouble = self.chance.choice(troubles)()
        if isinstance(trouble, CursorExpired):
            self.forgotten.add(ref.person)
        return trouble

    def _answer(self, ref: CalendarRef, cursor: bytes | None) -> Reading | Unchanged:
        calendar = self.world.calendars[ref.person]
        if cursor is not None and ref.person in self.forgotten:
            raise CursorExpired("forgotten")
        self.forgotten.discard(ref.person)
        version = str(calendar.version).encode()
        if cursor == version:
            return Unchanged(version)
        now = int(self.runtime.now())
        window = Interval(now, now + 35 * 86_400)
        bookings = tuple(
            one
            for one in calendar.bookings.values()
            if one.end > window.start and one.start < window.end
        )
        return Reading(bookings, version, window)


class ScriptedSource:
    """``CalendarSource`` over a scripted server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.capabilities = Capabilities(finds_by_email=True, hints=True)

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """Everybody's calendar is where one expects it."""
        return (f"/{ref.person}/",)

    async def read(
        self,
        ref: CalendarRef,
        window: Interval,
        cursor: bytes | None,
        previous: Previous,
        *,
        full: bool = False,
    ) -> Reading | Unchanged:
        """Ask the server."""
        del previous
        usable = (
            cursor if not full and window.end - self._server.runtime.now() < 36e5 * 24 else None
        )
        return await self._server.read(ref, None if full else usable)

    async def check(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """Nothing to check."""
        for ref in refs:
            yield Step("calendar", ref.person, True)

    async def hints(self) -> AsyncIterator[Hint]:
        """Yield what the server tells."""
        while True:
            yield await self._server.hints.get()

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Board:
    """The other side of a sink: what it was told, in order."""

    delivery: Delivery
    runtime: Runtime
    chance: random.Random
    faults: Faults = field(default_factory=Faults)
    shown: dict[str, str] = field(default_factory=dict)
    revision: dict[str, int] = field(default_factory=dict)
    received: list[tuple[str, int, str, float]] = field(default_factory=list)
    """(person, revision, availability, wall time)."""
    heard: set[tuple[str, int]] = field(default_factory=set)
    """(person, revision)."""
    hang: bool = False
    passes: Callable[[str], None] = lambda place: None
    """Called at the failpoints ``send:before`` and ``send:after``; may end the process."""
    blind: set[str] = field(default_factory=set)
    """People of whom nothing is told here."""
    back: list[str] = field(default_factory=list)
    """Where a state went back in time, which a lamp must never see. Noted, not raised: a sink's
    fault stays with the sink, nobody would hear of it."""
    hears: Callable[[Publication, str], None] = lambda publication, word: None
    """Called with whatever is told, and its availability."""
    injected: Counter[str] = field(default_factory=Counter)
    """Faults that happened, by kind."""

    def take(self, publication: Publication) -> None:
        """Show a state; it must never go back in time."""
        before = self.revision.get(publication.person, 0)
        if publication.revision < before and self.delivery is Delivery.LATEST:
            self.back.append(f"{publication.person}: from {before} to {publication.revision}")
        word = publication.rendered.decode().split()[0]
        self.hears(publication, word)
        self.heard.add((publication.person, publication.revision))
        self.received.append((publication.person, publication.revision, word, self.runtime.now()))
        if publication.revision >= before:
            self.shown[publication.person] = word
            self.revision[publication.person] = publication.revision

    def times(self, person: str) -> int:
        """Return how often a person was told."""
        return sum(one[0] == person for one in self.received)


class ScriptedSink:
    """``PresenceSink`` over a board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.delivery = board.delivery
        self.audience = Audience.ORGANIZATION
        self.concurrency = 4
        self.batch = 5

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Availability first, then everything told but the revision."""
        if profile.person in self._board.blind:
            return None
        whole = msgspec.json.encode(msgspec.structs.replace(view, revision=0))
        return view.availability.value.encode() + b" " + whole

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Deliver, or fail as the weather has it."""
        board = self._board
        if board.hang:
            await asyncio.sleep(1e6)
        await asyncio.sleep(board.chance.uniform(0.001, board.faults.slowest))
        board.passes("send:before")
        outcomes = [self._one(publication) for publication in publications]
        board.passes("send:after")  # it arrived; nobody is left to note that
        return outcomes

    def _one(self, publication: Publication) -> Outcome:
        board = self._board
        if board.faults.down or board.chance.random() < board.faults.fail:
            if not board.faults.down and board.chance.random() < board.faults.double:
                board.injected["answers lost"] += 1
                board.take(publication)  # it arrived, only the answer was lost
            else:
                board.injected["publications failed"] += 1
            return Failed("weather", "It failed.")
        board.take(publication)
        return Delivered()

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Show nothing any more."""
        for publication in publications:
            self._board.shown.pop(publication.person, None)

    async def close(self) -> None:
        """Nothing is held."""


class SourceOptions(Document):
    """Keys of the scripted source."""

    poll_seconds: float = 60.0
    max_connections: int = 10


class SinkOptions(Document):
    """Keys of the scripted sinks."""

    address: str = ""
    pace: int = 1


def register(server: Server, boards: dict[str, Board]) -> None:
    """Make kinds ``scripted-calendar`` and ``scripted-board`` known, over these."""

    def endpoint(services: Services, place: Place, options: Any) -> Any:
        del services, options
        return place.id

    def source(endpoint: Any, place: Place, options: Any) -> ScriptedSource:
        del endpoint, place, options
        return ScriptedSource(server)

    def sink(endpoint: Any, place: Place, options: Any) -> ScriptedSink:
        del endpoint, options
        return ScriptedSink(boards[place.id])

    kinds()["scripted-calendar"] = Kind(
        "scripted-calendar", "For the simulation.", SourceOptions, endpoint,
        lambda place, options: (place.organization.id, place.id), source=source,
    )  # fmt: skip
    kinds()["scripted-board"] = Kind(
        "scripted-board", "For the simulation.", SinkOptions, endpoint,
        lambda place, options: (place.organization.id, place.id), sink=sink, manner=("pace",),
    )  # fmt: skip
