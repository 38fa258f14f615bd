"""RELIABILITY promises 1, 2, 6, 7, 13 and 15, and clock steps, on virtual time.

The engine and the SQLite store are the real ones; the world and its faults are scripted. The
oracle (``world``) is computed from the truth alone. A failing seed becomes a test of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest

from kalends.bus.commands import Answer, AnyCommand, ClearManual, SetManual
from kalends.model.times import rfc3339
from tests.simulation.mortal import Dead
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.scripted import Faults
from tests.simulation.virtual import BEGIN, VirtualLoop, run
from tests.simulation.world import DAY, HOUR, ByHand, edit, fill

BAD = Faults(fail=0.15, lose=0.2, double=0.2, slowest=5.0)
FINE = Faults()


async def live(home: Installation, until: float, *, crashes: float, steps: bool) -> None:
    """Let people edit, set states by hand, and let things go wrong, until a virtual moment."""
    chance = home.chance
    while home.loop.time() < until:
        await asyncio.sleep(chance.uniform(10, 600))
        what = chance.random()
        if what < 0.6:
            home.server.edited(edit(home.world, chance, home.now()))
        elif what < 0.75:
            await by_hand(home)
        elif what < 0.85:
            home.weather(BAD if chance.random() < 0.5 else FINE)
        elif what < 0.85 + crashes and home.store is not None:
            home.store.kill()
        elif steps and what > 0.98:
            home.world.forget_ended_by_hand(home.now())
            home.clock.set_by(chance.choice((-HOUR, HOUR, 6 * HOUR)))


async def by_hand(home: Installation) -> None:
    """Somebody sets or clears a state; what the engine acknowledged is the truth."""
    person = home.chance.choice(home.world.people)
    if home.engine is None or home.store is None or home.store.dead.is_set():
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
        try:
            return await home.handle(command)
        except Dead:
            await revived(home)


async def revived(home: Installation) -> None:
    """Wait until the engine is back."""
    while home.engine is None or home.store is None or home.store.dead.is_set():
        await asyncio.sleep(1.0)


async def heal(home: Installation) -> None:
    """The weather clears, the server tells that anything may have changed; a minute passes."""
    home.weather(FINE)
    await revived(home)
    home.server.announce()
    await asyncio.sleep(60.0)


async def nothing_lost(home: Installation) -> None:
    """Every transition of the last hour that was committed has reached the feed."""
    assert home.plain is not None
    received = {(person, revision) for person, revision, _, _ in home.boards["feed"].received}
    logged = await home.plain.transitions(ORGANIZATION, 0, 1_000_000)
    missing = [
        (one.person, one.revision) for one in logged if (one.person, one.revision) not in received
    ]
    assert missing == []


def in_order(home: Installation) -> None:
    """Per person the feed's revisions only repeat or rise, but for what is told again."""
    last: dict[str, int] = {}
    for person, revision, _, _ in home.boards["lamp"].received:
        assert revision >= last.get(person, 0)
        last[person] = revision


def simulated(
    seed: int,
    story: Callable[[Installation], Awaitable[None]],
    people: int,
    poll_seconds: float = 4 * HOUR,
) -> None:
    """Run a story on an installation of its own. Hints carry the news; polls come rarely."""

    async def whole() -> None:
        home = Installation(seed, people, poll_seconds=poll_seconds)
        try:
            await story(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


def storm(
    days: float, *, crashes: float = 0.1, steps: bool = False
) -> Callable[[Installation], Awaitable[None]]:
    """Return the story of promise 1 over some days."""

    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, int(days) + 2)
        await home.start()
        await home.apply()
        watching = asyncio.create_task(home.supervise())
        try:
            await live(home, days * DAY, crashes=crashes, steps=steps)
            await heal(home)
        finally:
            watching.cancel()
        assert home.wrong() == []
        await nothing_lost(home)
        in_order(home)

    return story


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_whatever_the_weather(seed: int) -> None:
    simulated(seed, storm(0.5), people=20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("KALENDS_SEEDS", "10"))))
def test_promise_1_nothing_lost_nothing_reordered(seed: int) -> None:
    days = float(os.environ.get("KALENDS_DAYS", "2"))
    simulated(1000 + seed, storm(days), people=200)


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_is_set_ends_in_the_truth(seed: int) -> None:
    simulated(50 + seed, storm(1.0, crashes=0.0, steps=True), people=10)
