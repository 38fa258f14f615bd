"""Timelines of people with thousands of bookings, built beside the loop.

Place in the flow: ``due`` builds everybody's timeline in its own loop, some microseconds a booking.
For ten thousand of them that is a tenth of a second, which nobody else's boundary may wait: those
timelines are built in a thread, one at a time, while the loop serves others. Whoever waits for his
stays queued in the store; once it is there he is served as everybody, with the facts of then. What
was built from an input that has changed since is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kalends.engine.pacing import MANY
from kalends.model.presence import Timeline
from kalends.runtime import Runtime
from kalends.store.contract import DuePerson, PolicyInputs

KEPT_SECONDS: Final = 60.0
"""How long a timeline waits to be fetched: its person may be gone."""

Build = Callable[[], Timeline]


@dataclass(frozen=True, slots=True)
class _Built:
    version: int
    made_at: float
    timeline: Timeline | None
    fault: Exception | None


def is_large(inputs: PolicyInputs) -> bool:
    """Tell whether somebody's timeline is a matter of more than some milliseconds."""
    return sum(len(one.bookings) for one in inputs.calendars) >= MANY


class LargeTimelines:
    """Builds them; ``done`` is called with each that is there."""

    def __init__(self, runtime: Runtime, done: Callable[[], None]) -> None:
        self._runtime = runtime
        self._done = done
        self._turn = asyncio.Lock()
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._built: dict[tuple[str, str], _Built] = {}

    def __bool__(self) -> bool:
        """Tell whether any is being built."""
        return bool(self._tasks)

    def builds(self, person: DuePerson) -> bool:
        """Tell whether this person waits for a timeline: there is nothing to do about him now."""
        return (person.organization, person.person) in self._tasks

    def has(self, person: DuePerson) -> bool:
        """Tell whether a person's timeline is there, of the very input he has."""
        built = self._built.get((person.organization, person.person))
        return built is not None and built.version == person.input_version

    def fetch(self, person: DuePerson) -> Timeline:
        """Return what ``has`` told of; raises what building it raised."""
        built = self._built.pop((person.organization, person.person))
        if built.fault is not None:
            raise built.fault
        assert built.timeline is not None
        return built.timeline

    def begin(self, person: DuePerson, build: Build) -> None:
        """Build a person's timeline beside the loop."""
        key = (person.organization, person.person)
        self._tasks[key] = asyncio.create_task(self._build(key, person.input_version, build))

    async def _build(self, key: tuple[str, str], version: int, build: Build) -> None:
        timeline, fault = None, None
        try:
            async with self._turn:
                timeline = await self._runtime.offload(build)
        except Exception as error:  # told where the person is decided about
            fault = error
        finally:
            del self._tasks[key]
        now = self._runtime.monotonic()
        self._built = {
            one: it for one, it in self._built.items() if it.made_at > now - KEPT_SECONDS
        }
        self._built[key] = _Built(version, now, timeline, fault)
        self._done()

    def close(self) -> None:
        """Let go of what is being built."""
        for task in list(self._tasks.values()):
            task.cancel()
