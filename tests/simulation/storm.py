"""The story of promise 1: people edit, states are set by hand, everything goes wrong, it heals.

Place: under the simulation's tests and ``benchmarks.promise1``. Each stretch of a storm ends with
the faults healed; a minute later every sink equals the oracle (``world``), and a quiet hour shows
that no transition is left out (``calm``). Hints carry the news; polls come rarely.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from unittest.mock import patch

from kalends.bus.commands import Answer, AnyCommand, ClearManual, SetManual
from kalends.engine import ahead, pump
from kalends.engine.gate import BACKOFF_LONGEST
from kalends.model.times import FOREVER, rfc3339
from kalends.sinks.contract import Delivery
from kalends.store.units import commit
from tests.simulation.calm import Record, differences
from tests.simulation.mortal import Dead
from tests.simulation.pressure import ambush, gathering, overtaken, packed, sluggish
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.scripted import Faults
from tests.simulation.virtual import BEGIN, VirtualLoop, run
from tests.simulation.world import DAY, HOUR, MINUTE, ByHand, edit, fill, meet

FINE = Faults()
BAD = Faults(fail=0.15, lose=0.2, double=0.2, slowest=5.0)
SLOW = Faults(fail=0.05, lose=0.2, double=0.2, slowest=25.0)
DOWN = Faults(lose=1.0, down=True)
HEARD = Faults(fail=0.5, double=0.3, slowest=5.0)
"""Much fails, but every hint arrives."""
SLOWLY = Faults(fail=0.2, double=0.3, slowest=20.0)
"""Every hint arrives, many before the answer that was asked for last."""
WEATHER = (FINE, FINE, FINE, BAD, BAD, SLOW, DOWN)
STRETCH = (6 * HOUR, 12 * HOUR)
"""Shortest and longest storm, seconds; a quiet hour follows. No part of a day, so that healing
comes at every time of day: at night everybody is available, and that is easily right."""
QUIET = 40 * MINUTE
"""Shorter than what is told to a feed that was down: the transitions of the last hour."""
EDITS = 40
"""Edits of the last minutes before it heals."""
STUBBORN = 6
"""Failures in a row from which on a person's own pause may be longer, where many wait."""
PERIL = 1 / 400
"""Share of the kills in ``live`` with which any one step of the store or a sink is the last."""
CROWD = 20
"""People who change in one second here and count as a crowd, which is made ready ahead."""
LATE_BOARD = "panel"
"""A sink that comes when there is much to tell: everybody's present, page by page."""
FEW = 12
"""People who edit so often that they are read meanwhile."""
RETRIED = BACKOFF_LONGEST * 1.2
"""Seconds after which what failed was tried again, without any news."""
POLLED = 1.3
"""Poll intervals in which every calendar is read: they are not all of one length."""
Story = Callable[[Installation], Awaitable[None]]


@dataclass(slots=True)
class Tally:
    """What a simulation went through, and what it looked at."""

    injected: Counter[str] = field(default_factory=Counter)
    """Faults that happened, by kind."""
    compared: int = 0
    """States of people on sinks that were compared with the oracle."""
    transitions: int = 0
    """Transitions of quiet hours that were looked for, each at its second."""
    logged: int = 0
    """Transitions the store had logged that were looked for at the feed."""


async def live(home: Installation, until: float, *, crashes: float, steps: bool) -> None:
    """Let people edit, set states by hand, and let things go wrong, until a virtual moment."""
    chance = home.chance
    home.dies, home.late = peril(home, crashes), sluggish(home, 0.1)
    while home.loop.time() < until:
        await asyncio.sleep(chance.uniform(10, 600))
        what = chance.random()
        if what < 0.6:
            home.server.edited(edit(home.world, chance, home.now()))
        elif what < 0.75:
            await (flapping(home) if chance.random() < 0.2 else by_hand(home))
        elif what < 0.85:
            home.weather(chance.choice(WEATHER))
        elif what < 0.85 + crashes and home.store is not None:
            home.store.kill()
        elif steps and what > 0.98:
            home.world.forget_ended_by_hand(home.now())
            home.clock.set_by(chance.choice((-HOUR, HOUR, 6 * HOUR)))


async def flurry(home: Installation, *, crashes: float) -> None:
    """Just before it heals many edit what runs now, and the engine dies where it hurts most."""
    chance = home.chance
    otherwise = home.dies = peril(home, crashes)
    home.late = sluggish(home, 0.5)
    beside: dict[str, asyncio.Task[None]] = {"": asyncio.create_task(gathering(home))}
    for _ in range(EDITS):
        await asyncio.sleep(chance.uniform(0.1, 10.0))
        person = edit(home.world, chance, home.now(), running=True)
        home.server.edited(person)
        if chance.random() < 2 * crashes:
            home.dies = ambush(home, otherwise)
        if chance.random() < 0.5 and person not in beside:
            beside[person] = asyncio.create_task(_by_hand_soon(home, person))
    await asyncio.gather(*beside.values())


async def _by_hand_soon(home: Installation, person: str) -> None:
    """Set a state while what was just edited is on its way."""
    await asyncio.sleep(home.chance.uniform(0.0, 2.0))
    await by_hand(home, person)


async def flapping(home: Installation) -> None:
    """Somebody cannot make up their mind."""
    person = home.chance.choice(home.world.people)
    for _ in range(home.chance.randrange(3, 8)):
        await by_hand(home, person)
        await asyncio.sleep(home.chance.uniform(0.0, 3.0))


async def by_hand(home: Installation, person: str | None = None) -> None:
    """Somebody sets or clears a state; what the engine acknowledged is the truth."""
    person = person or home.chance.choice(home.world.people)
    if not home.serves:
        return
    until = home.now() + home.chance.randrange(60, 4 * HOUR)
    if home.chance.random() < 0.3:
        clear = ClearManual(organization=ORGANIZATION, actor="test", person=person)
        if (await insisted(home, clear)).ok:
            home.world.by_hand.pop(person, None)
        return
    word = home.chance.choice(("available", "dnd", "away"))
    command = SetManual(
        organization=ORGANIZATION, actor="test", person=person, activity="busy",
        availability=word, until=rfc3339(until),
    )  # fmt: skip
    if (await insisted(home, command)).ok:
        home.world.by_hand[person] = ByHand(word, until)


async def insisted(home: Installation, command: AnyCommand) -> Answer:
    """Ask again where the engine died before it answered: nobody knows whether it was done."""
    while True:
        await revived(home)
        with suppress(Dead):
            return await home.handle(command)


def peril(home: Installation, crashes: float) -> Callable[[str], bool]:
    """Return what lets the engine die at any step, as seldom as that is."""
    chance = random.Random(home.chance.random())
    return lambda place: chance.random() < crashes * PERIL


async def revived(home: Installation) -> None:
    """Wait until the engine is back."""
    while not home.serves:
        await asyncio.sleep(1.0)


async def heal(home: Installation) -> None:
    """The weather clears, the server tells that anything may have changed; a minute passes.

    It ends between two whole seconds: what begins at one has its second to be told.
    """
    await _cleared(home)
    home.server.announce()
    await _a_minute(home)


async def heal_by_polls(home: Installation) -> None:
    """The weather clears, and nobody tells anything: every calendar is polled in its time."""
    await _cleared(home)
    await asyncio.sleep(POLLED * home.poll_seconds)
    await _a_minute(home)


async def heal_by_itself(home: Installation) -> None:
    """What is heard of while much fails is read in the end, though nobody tells of it again.

    No kill helps: after a start everything is read anew.
    """
    await heal(home)
    home.weather(HEARD)
    home.late = sluggish(home, 0.1)
    few = home.chance.sample(home.world.people, min(FEW, len(home.world.people)))
    for _ in range(EDITS):
        await asyncio.sleep(home.chance.uniform(0.1, 10.0))
        now = home.now()
        home.server.edited(edit(home.world, home.chance, now, running=True, among=few))
    home.weather(SLOWLY)
    await overtaken(home, few)
    await _cleared(home)
    await asyncio.sleep(RETRIED)
    await _a_minute(home)


async def _a_minute(home: Installation) -> None:
    """Let a minute pass, and the pauses of those who failed alone again and again.

    Few are tried again within that minute; where they are many each may wait for ten
    (``reach.retry_pause``). Where the power was cut in it another minute passes.
    """
    lives = 0
    while lives != home.lives or not home.serves:
        await revived(home)
        lives = home.lives
        await asyncio.sleep(60.0 - home.clock.now() % 1 - 0.01)
        if home.serves:
            await _tried_again(home)


async def _tried_again(home: Installation) -> None:
    assert home.plain is not None
    ends = [
        row.due_at
        for name in home.boards
        for row in await home.plain.sink_due(ORGANIZATION, name, FOREVER, 10_000)
        if row.failures >= STUBBORN and row.due_at is not None
    ]
    if ends:
        await asyncio.sleep(max(0, max(ends) - home.now()) + 10.0)


async def _cleared(home: Installation) -> None:
    home.weather(FINE)
    home.dies, home.late = (lambda place: False), (lambda: 0.0)
    await revived(home)


@contextmanager
def small_crowds() -> Iterator[None]:
    """Let few people be a crowd, so that what is done for crowds is done; pages are short."""
    with (
        patch.object(pump, "PAGE", CROWD),
        patch.object(ahead, "CROWD", CROWD),
        patch.object(commit, "CROWDED", CROWD),
        patch.object(pump, "HIGH", CROWD),
    ):
        yield


async def quiet(home: Installation, record: Record, *, crashes: float) -> int:
    """An hour in which nobody edits, though servers, sinks and the engine fail on.

    Every transition has reached the feed, once it has healed; returns how many there were.
    """
    await packed(home, home.now() + QUIET)
    begun, chance = home.now(), home.chance
    record.begin()
    end = home.loop.time() + QUIET
    home.dies = peril(home, crashes)
    while home.loop.time() < end:
        await asyncio.sleep(chance.uniform(60, 900))
        home.weather(chance.choice(WEATHER))
        if chance.random() < 3 * crashes and home.store is not None:
            home.store.kill()
    await heal(home)
    count, wrong = differences(home.world, record, begun, home.now())
    assert wrong == [], wrong[:5]
    return count


async def nothing_lost(home: Installation) -> int:
    """Every transition of the last hour that was committed has reached the feed: how many."""
    assert home.plain is not None
    heard = home.boards["feed"].heard
    logged = await home.plain.transitions(ORGANIZATION, 0, 1_000_000)
    recent = [one for one in logged if one.at > home.now() - HOUR]
    missing = [
        (one.person, one.revision) for one in recent if (one.person, one.revision) not in heard
    ]
    assert missing == [], missing[:5]
    return len(recent)


def in_order(home: Installation) -> None:
    """No lamp ever went back to an older state."""
    for name, board in home.boards.items():
        assert board.back == [], (name, board.back[:5])


def simulated(seed: int, story: Story, people: int, poll_seconds: float = 4 * HOUR) -> Counter[str]:
    """Run a story on an installation of its own; returns the faults that happened."""

    async def whole() -> Counter[str]:
        home = Installation(seed, people, poll_seconds=poll_seconds)
        home.vfs = "unix-excl"  # no other process looks: locks need no system calls
        try:
            await story(home)
            return home.injected()
        finally:
            await home.end()

    return run(whole(), VirtualLoop())


def storm(
    days: float, *, crashes: float = 0.1, steps: bool = False, tally: Tally | None = None
) -> Story:
    """Return the story of promise 1 over some days; everything is looked at after each storm.

    Quiet hours come where no clock is set: then only the end counts.
    """
    seen = tally or Tally()

    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, int(days) + 2)
        meet(home.world, home.chance, BEGIN, int(days) + 2)
        record = Record()
        home.dead_for = lambda: _dead_for(home.chance)
        home.boards["feed"].hears = lambda told, word: record.hears(told, word, home.clock.now())
        with small_crowds():
            await home.start()
            await home.apply()
            await asyncio.sleep(2 * MINUTE)
            await _looked_at(home, seen)
            await kept_alive(home, _stretches(home, record, days * DAY, crashes, steps, seen))
        seen.injected = home.injected()

    return story


def _dead_for(chance: random.Random) -> float:
    """Now and then whole minutes go by, so that boundaries pass unseen."""
    return chance.uniform(0.5, 5.0) if chance.random() < 0.8 else chance.uniform(60.0, 600.0)


async def kept_alive(home: Installation, work: Coroutine[None, None, None]) -> None:
    """Live through something beside a supervisor; who cannot bring the engine back ends it."""
    watching = asyncio.create_task(home.supervise())
    living = asyncio.create_task(work)
    await asyncio.wait({watching, living}, return_when=asyncio.FIRST_COMPLETED)
    for task in (watching, living):
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        elif task is watching:
            task.result()
    living.result()


ENDINGS = (heal, heal_by_polls, heal_by_itself)
"""How a storm ends."""


async def _stretches(
    home: Installation, record: Record, until: float, crashes: float, steps: bool, seen: Tally
) -> None:
    while home.loop.time() < until:
        storm_ends = until if steps else home.loop.time() + home.chance.uniform(*STRETCH)
        await live(home, min(until, storm_ends), crashes=crashes, steps=steps)
        if LATE_BOARD not in home.boards:
            home.add_board(LATE_BOARD, Delivery.LATEST)
            assert (await insisted(home, home.applying())).ok
        await flurry(home, crashes=crashes)
        await home.chance.choice(ENDINGS)(home)
        await _looked_at(home, seen)
        if not steps:
            assert record.early == [], record.early[:5]
            assert record.disorder == [], record.disorder[:5]
            seen.transitions += await quiet(home, record, crashes=crashes)
            await _looked_at(home, seen)


async def _looked_at(home: Installation, seen: Tally) -> None:
    """Compare everything with the oracle."""
    wrong = home.wrong()
    assert wrong == [], wrong[:5]
    seen.compared += len(home.boards) * len(home.world.people)
    seen.logged += await nothing_lost(home)
    in_order(home)
