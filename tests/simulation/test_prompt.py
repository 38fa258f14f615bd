"""News are told within seconds, whatever the engine waits for when they come (promise 5).

A wake-up that comes while somebody waits for the store must not be lost. Where it is, the state is
told all the same, at the next tick or poll: nothing that looks at the end sees that. So here news
come in the very moment in which an answer of the store is late, and have seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kalends.bus.commands import PutDocument, SetManual
from kalends.calendars.contract import CalendarRef, Capabilities
from kalends.errors import Unreachable
from kalends.model.booking import Booking
from kalends.model.times import rfc3339
from tests import shelf
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.virtual import VirtualLoop, run
from tests.simulation.world import HOUR, MINUTE

AT_ONCE = 5.0
"""Seconds until news are told. A tick of the due loop here is a minute, a poll is hours off."""
LATE = 1.0
"""Seconds by which the answer is late while news come."""
AT_REST = ("next_due", "crowds", "take_leases", "purge")
"""What is asked though nothing happens. Whoever asks finds nothing and goes to sleep: the worst
moment for news."""
AT_WORK = (
    "next_due", "load_due", "load_inputs", "commit_batch", "owned_calendars",
    "replace_calendar", "transitions", "save_sink",
)  # fmt: skip
"""What is asked once somebody has news."""
News = Callable[[Installation, str], Awaitable[None]]


class Down(shelf.Quiet):
    """A source that nobody can reach."""

    capabilities = Capabilities(finds_by_email=True)

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        raise Unreachable(f"no way to {ref.person}")


async def edited(home: Installation, person: str) -> None:
    """Somebody's booking begins now, and the server tells that something changed."""
    booking = Booking(f"{person}-now", home.now(), home.now() + HOUR)
    home.world.calendars[person].put(booking)
    home.server.edited(person)


async def set_by_hand(home: Installation, person: str) -> None:
    until = rfc3339(home.now() + HOUR)
    answer = await home.handle(
        SetManual(organization=ORGANIZATION, actor="t", person=person, activity="busy", until=until)
    )
    assert answer.ok


class Meanwhile:
    """Lets news come while the store's next answer to one question is on its way."""

    def __init__(self, home: Installation, question: str, news: News, person: str) -> None:
        self._home = home
        self._news = news
        self._person = person
        self._place = f"{question}:after"
        self.came: asyncio.Task[None] | None = None
        self._late = False
        home.dies, home.late = self._passes, self._lateness

    def _passes(self, place: str) -> bool:
        if place == self._place and self.came is None:
            self.came = asyncio.create_task(self._after_a_moment())
            self._late = True
        return False

    async def _after_a_moment(self) -> None:
        """In the middle of the answer's way: whatever was awake is at rest by then."""
        await asyncio.sleep(LATE / 2)
        await self._news(self._home, self._person)

    def _lateness(self) -> float:
        late, self._late = self._late, False
        return LATE if late else 0.0

    async def told(self, *, within: float = 10 * MINUTE) -> None:
        """Wait until the news have come, and assert that they were told at once."""
        async with asyncio.timeout(within):
            while self.came is None:
                await asyncio.sleep(0.1)
        await self.came
        await asyncio.sleep(AT_ONCE)
        shown = {name: board.shown[self._person] for name, board in self._home.boards.items()}
        assert shown == dict.fromkeys(shown, "busy"), (self._place, self._person)


def prompt(story: Callable[[Installation], Awaitable[None]], people: int) -> None:
    async def whole() -> None:
        home = Installation(1, people, poll_seconds=24 * HOUR)
        try:
            await home.start()
            await home.apply()
            await asyncio.sleep(2 * MINUTE)
            await story(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


@pytest.mark.parametrize("news", [edited, set_by_hand])
def test_news_are_told_at_once_whatever_the_store_is_slow_at(news: News) -> None:
    async def story(home: Installation) -> None:
        somebody, *others = home.world.people
        for question in AT_REST:
            await Meanwhile(home, question, news, others.pop()).told()
        for question in AT_WORK:
            meanwhile = Meanwhile(home, question, news, others.pop())
            await edited(home, somebody)
            await meanwhile.told()
            await asyncio.sleep(MINUTE)  # calendars have come to rest

    prompt(story, 1 + len(AT_REST) + len(AT_WORK))


def test_news_are_read_at_once_while_another_sources_outage_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shelf, "Quiet", Down)

    async def story(home: Installation) -> None:
        office = PutDocument(
            organization=ORGANIZATION, actor="t", kind="source", id="office",
            body={"kind": "scripted-office"},
        )  # fmt: skip
        assert (await home.handle(office)).ok
        await asyncio.sleep(MINUTE)  # it was tried, and is known to be down
        await Meanwhile(home, "mark_calendars", edited, "p0001").told()

    with shelf.scripted_office():
        prompt(story, 12)


def test_what_a_poll_finds_between_two_edits_waits_for_quiet_and_no_longer() -> None:
    async def story(home: Installation) -> None:
        await edited(home, "p0000")
        await asyncio.sleep(AT_ONCE)
        calendar = home.world.calendars["p0000"]
        calendar.remove("p0000-now")  # and nobody tells of it
        home.server.announce()
        await asyncio.sleep(2 * AT_ONCE)
        assert home.boards["lamp"].shown["p0000"] == "available"

    prompt(story, 1)
