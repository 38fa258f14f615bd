"""What every sink keeps, shown once for all kinds.

A new sink subclasses ``SinkContract`` and says how its other side is opened::

    class TestLamp(SinkContract):
        @asynccontextmanager
        async def open(self) -> AsyncIterator[Bench]:
            async with lamps() as lamps:
                yield Bench(LampSink(...), lamps.state, lamps.refuse, lamps.vanish)
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from kalends.model.profile import Profile
from kalends.model.view import NextView, Texts, View
from kalends.model.vocabulary import Audience, Availability, Level, Origin
from kalends.sinks.contract import (
    Delivered,
    Delivery,
    Failed,
    Outcome,
    PresenceSink,
    Publication,
)
from tests.patience import PATIENCE

NOW = 1_772_456_400  # 2026-03-02T13:00:00Z


@dataclass
class Bench:
    """A sink and its other side."""

    sink: PresenceSink
    holds: Callable[[str], Availability | None]
    """What the other side holds about a person; None: nothing."""
    refuse: Callable[[bool], None]
    """Let the other side answer with a temporary failure, or heal it."""
    vanish: Callable[[], Awaitable[None]]
    """Let the other side disappear from the network."""
    memory: dict[str, bytes | None] = field(default_factory=dict)
    """What the pump would store for the sink."""
    revision: int = 0

    async def publish(self, *views: View) -> list[Outcome]:
        """Do what a pump does, for different people at once."""
        publications = [self._publication(view) for view in views]
        outcomes = list(await self.sink.publish(publications))
        for publication, outcome in zip(publications, outcomes, strict=True):
            if isinstance(outcome, Delivered) or outcome.memory is not None:
                self.memory[publication.person] = outcome.memory
        return outcomes

    def _publication(self, view: View) -> Publication:
        self.revision += 1
        told = msgspec.structs.replace(view, revision=self.revision)
        rendered = self.sink.render(told, profile(view.person))
        assert rendered
        return Publication(
            view.person,
            self.revision,
            rendered,
            self.memory.get(view.person),
            profile(view.person),
            NOW,
        )


def profile(person: str) -> Profile:
    return Profile(
        person=person,
        name=f"{person.title()} Berg",
        language="sv",
        timezone="Europe/Stockholm",
        extension="1001",
        sip=f"sip:{person}@acme.example",
        jid=f"{person}@acme.example",
        email=f"{person}@acme.example",
    )


def view(person: str = "anna", **told: Any) -> View:
    base = View(
        person=person,
        revision=1,
        availability=Availability.BUSY,
        activity="meeting",
        role="work",
        since=NOW,
        until=NOW + 3600,
        returns_at=NOW + 3600,
        reachable_at=NOW + 3600,
        note=None,
        next=NextView(NOW + 7200, NOW + 9000, "lunch", Availability.AWAY),
        origin=Origin.CALENDAR,
        set_by=None,
        set_at=None,
        line=None,
        diversion=None,
        texts=Texts("Möte -15:00", "Möte, tillbaka 15:00", "Anna Berg är i möte."),
        stale_since=None,
        booking_until=NOW + 3600,
        audience=Audience.ORGANIZATION,
        level=Level.ACTIVITY,
    )
    return msgspec.structs.replace(base, **told)


BUSY = view()
FREE = view(availability=Availability.AVAILABLE, activity="available", until=None, returns_at=None)


class SinkContract(ABC):
    """Subclass it; see the module."""

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[Bench]:
        """Open a sink with its other side."""

    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        async with self.open() as bench:
            yield bench
            await bench.sink.close()

    async def test_it_says_how_and_to_whom_it_delivers(self, bench: Bench) -> None:
        assert bench.sink.delivery in Delivery
        assert bench.sink.audience in Audience
        assert bench.sink.concurrency >= 1
        assert bench.sink.batch >= 1

    async def test_equal_states_render_equal_whatever_their_revision(self, bench: Bench) -> None:
        render = bench.sink.render
        again = msgspec.structs.replace(BUSY, revision=99)
        assert render(BUSY, profile("anna")) == render(again, profile("anna"))
        assert render(BUSY, profile("anna")) != render(FREE, profile("anna"))

    async def test_a_state_reaches_the_other_side(self, bench: Bench) -> None:
        assert bench.holds("anna") is None
        (outcome,) = await bench.publish(BUSY)
        assert isinstance(outcome, Delivered)
        assert bench.holds("anna") is Availability.BUSY

    async def test_the_last_state_is_what_the_other_side_holds(self, bench: Bench) -> None:
        for state in (BUSY, FREE, BUSY, FREE):
            (outcome,) = await bench.publish(state)
            assert isinstance(outcome, Delivered)
        assert bench.holds("anna") is Availability.AVAILABLE

    async def test_people_do_not_mix(self, bench: Bench) -> None:
        await bench.publish(BUSY)
        await bench.publish(msgspec.structs.replace(FREE, person="bo"))
        assert bench.holds("anna") is Availability.BUSY
        assert bench.holds("bo") is Availability.AVAILABLE

    async def test_a_full_batch_gets_one_outcome_each_in_order(self, bench: Bench) -> None:
        people = [f"p{number}" for number in range(bench.sink.batch)]
        outcomes = await bench.publish(
            *(msgspec.structs.replace(BUSY, person=person) for person in people)
        )
        assert len(outcomes) == len(people)
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)
        assert {bench.holds(person) for person in people} == {Availability.BUSY}

    async def test_as_many_at_once_as_it_says(self, bench: Bench) -> None:
        people = [f"p{number}" for number in range(bench.sink.concurrency)]
        outcomes = await asyncio.gather(
            *(bench.publish(msgspec.structs.replace(BUSY, person=person)) for person in people)
        )
        assert all(isinstance(outcome, Delivered) for (outcome,) in outcomes)
        assert {bench.holds(person) for person in people} == {Availability.BUSY}

    async def test_saying_it_twice_does_no_harm(self, bench: Bench) -> None:
        for _ in range(2):
            (outcome,) = await bench.publish(BUSY)
            assert isinstance(outcome, Delivered)
        assert bench.holds("anna") is Availability.BUSY

    async def test_a_refusing_other_side_is_an_outcome_and_later_gets_the_present(
        self, bench: Bench
    ) -> None:
        await bench.publish(BUSY)
        bench.refuse(True)
        (outcome,) = await bench.publish(FREE)
        assert isinstance(outcome, Failed)
        assert outcome.code
        assert outcome.message
        assert not outcome.give_up
        bench.refuse(False)
        (outcome,) = await bench.publish(FREE)
        assert isinstance(outcome, Delivered)
        assert bench.holds("anna") is Availability.AVAILABLE

    async def test_a_vanished_other_side_is_an_outcome(self, bench: Bench) -> None:
        await bench.publish(BUSY)
        await bench.vanish()
        async with asyncio.timeout(PATIENCE):
            (outcome,) = await bench.publish(FREE)
        assert isinstance(outcome, Failed)
        assert not outcome.give_up

    async def test_a_failure_tells_nothing_about_the_person(self, bench: Bench) -> None:
        bench.refuse(True)
        (outcome,) = await bench.publish(view(note="canary"))
        assert isinstance(outcome, Failed)
        assert "canary" not in outcome.message
        assert "Berg" not in outcome.message

    @pytest.mark.parametrize(
        "note", ["två\r\nrader: x", "\x00\x07\x1b[31m", "<a>&\"'</a> ]]>", "😀" * 80, "'; --", "\\"]
    )
    async def test_words_with_hostile_characters_stay_words(self, bench: Bench, note: str) -> None:
        texts = Texts(note[:20], note, note)
        (outcome,) = await bench.publish(view(note=note, texts=texts, activity="möte"))
        assert isinstance(outcome, Delivered)
        assert bench.holds("anna") is Availability.BUSY

    async def test_a_cancelled_delivery_leaves_it_usable(self, bench: Bench) -> None:
        task = asyncio.create_task(bench.publish(BUSY))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        (outcome,) = await bench.publish(FREE)
        assert isinstance(outcome, Delivered)
        assert bench.holds("anna") is Availability.AVAILABLE

    async def test_withdrawing_is_never_an_error(self, bench: Bench) -> None:
        await bench.publish(BUSY)
        publication = Publication("anna", 9, b"", bench.memory["anna"], profile("anna"), NOW)
        await bench.sink.withdraw([publication])
        bench.refuse(True)
        await bench.sink.withdraw([publication])
        await bench.vanish()
        async with asyncio.timeout(PATIENCE):
            await bench.sink.withdraw([publication])


__all__ = ["Bench", "SinkContract", "asynccontextmanager", "profile", "view"]
