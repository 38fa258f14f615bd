"""What a storm does on purpose, where chance alone would seldom hit: it aims.

Place: beside ``storm``. Many faults show only where two things meet: a kill between two certain
steps, an edit while a calendar is read or a result is on its way to the store, a change of what was
made ready for a crowded second, several transitions of somebody who cannot be told.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from kalends.model.booking import Booking, ShowAs
from tests.simulation.scenario import Installation
from tests.simulation.world import HOUR, MINUTE, edit

AMBUSHES = (
    "replace_calendar:after", "load_inputs:after", "commit_batch:before", "commit_batch:after",
    "set_manual:after", "send:before", "send:after", "save_sink:before", "save_sink:after",
    "transitions:after", "mark_calendars:after",
)  # fmt: skip
"""Steps between which something is known to memory only."""
GATHERED = 30
"""People with the same booking, a crowd even where some of them are called away."""
NOTICE = 150
"""Seconds between the news of a gathering and its beginning."""
READY = 50
"""Seconds before it in which it is made ready, and people are called away."""
OVERTAKEN = (0.1, 3.0)
"""Seconds after which what is being read is changed once more."""
PACKED = 0.3
"""Share of the people whose next hour is full of short bookings."""


def ambush(home: Installation, otherwise: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return what lets the engine die at the next step of one kind."""
    chosen, met = home.chance.choice(AMBUSHES), False

    def dies(place: str) -> bool:
        nonlocal met
        if place == chosen and not met:
            met = True
            return True
        return otherwise(place)

    return dies


def sluggish(home: Installation, share: float) -> Callable[[], float]:
    """Return what lets answers of the store come late: much may happen between two steps."""
    chance = random.Random(home.chance.random())
    return lambda: chance.uniform(0.0, 0.5) if chance.random() < share else 0.0


async def gathering(home: Installation) -> None:
    """Many are to meet in the same second; just before it some of them are called away."""
    chance, world = home.chance, home.world
    people = chance.sample(world.people, min(GATHERED, len(world.people)))
    begins = home.now() + NOTICE
    for person in people:
        world.calendars[person].put(
            Booking(f"gathering-{begins}", begins, begins + HOUR, show_as=ShowAs.BUSY)
        )
        home.server.edited(person)
    await asyncio.sleep(NOTICE - READY)
    while home.now() < begins - 1:
        await asyncio.sleep(chance.uniform(0.2, 5.0))
        person = chance.choice(people)
        calendar = world.calendars[person]
        if f"gathering-{begins}" in calendar.bookings:
            calendar.remove(f"gathering-{begins}")
            home.server.edited(person)


async def overtaken(home: Installation, people: list[str]) -> None:
    """Change calendars while they are read: the answer on its way is old, only a hint says so."""
    chance, world = home.chance, home.world
    for person in people:
        home.server.edited(edit(world, chance, home.now(), among=[person]))
        await asyncio.sleep(chance.uniform(*OVERTAKEN))
        now, show_as = home.now(), chance.choice((ShowAs.BUSY, ShowAs.OOF))
        world.calendars[person].put(
            Booking(
                f"{person}-o{now}", now, now + chance.randrange(HOUR, 2 * HOUR), show_as=show_as
            )
        )
        home.server.edited(person)


async def packed(home: Installation, until: int) -> None:
    """Fill the time of some people with short bookings, which are known before it begins."""
    chance, world = home.chance, home.world
    for person in chance.sample(world.people, int(PACKED * len(world.people))):
        start = home.now() + 2 * MINUTE + chance.randrange(MINUTE)
        while start < until:
            end = start + chance.randrange(2 * MINUTE, 10 * MINUTE)
            show_as = chance.choice((ShowAs.BUSY, ShowAs.OOF))
            world.calendars[person].put(Booking(f"{person}-p{start}", start, end, show_as=show_as))
            start = end + chance.choice((0, 0, 1)) * chance.randrange(MINUTE, 5 * MINUTE)
        home.server.edited(person)
    await asyncio.sleep(MINUTE)
