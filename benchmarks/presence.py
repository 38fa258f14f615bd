"""Presence: one evaluation, one boundary with its view, one catch-up after a night.

Run alone with ``python -m benchmarks.presence``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.figure import Figure
from kalends.model.organization import OrganizationSettings
from kalends.model.presence import Facts, Reckoning, Segment, Timeline
from kalends.model.profile import Profile
from kalends.model.vocabulary import ActivitySpec, Audience, Availability, Origin
from kalends.presence import Lens, advance, evaluate, lens_with, view, view_json

MONDAY = 1_772_438_400
HOUR = 3600


class _Dictionary:
    def __init__(self) -> None:
        self.activities = {
            "meeting": ActivitySpec(id="meeting", names={"en": "Meeting"}, spoken={"en": "busy"})
        }

    def name(self, activity: str, language: str) -> str:
        spec = self.activities.get(activity)
        return activity if spec is None else spec.names.get(language, activity)


def a_timeline() -> Timeline:
    """Return a month of work hours, lunches and 30 meetings: 120 segments."""
    segments: list[Segment] = []
    for day in range(30):
        nine = MONDAY + HOUR + day * 24 * HOUR
        for start, end, activity, availability in (
            (-16, 0, "off-work", Availability.OFFLINE),
            (1, 2, "meeting", Availability.BUSY),
            (3, 4, "lunch", Availability.AWAY),
            (4, 5, "meeting", Availability.BUSY),
        ):
            calendar = activity != "off-work"
            segments.append(
                Segment(
                    nine + start * HOUR,
                    nine + end * HOUR,
                    availability,
                    activity,
                    "work",
                    Origin.CALENDAR if calendar else Origin.SCHEDULE,
                    f"dav/default/{day}-{start}" if calendar else "",
                    "pack:en:meeting" if calendar else "work-hours",
                    auto_return=True,
                    ends_booking=calendar,
                )
            )
    return Timeline(tuple(segments), MONDAY + 30 * 24 * HOUR, MONDAY + 9 * HOUR)


def a_lens() -> Lens:
    """Return the lens of an ordinary organization."""
    settings = OrganizationSettings(id="acme", name="Acme AB", timezone="Europe/Stockholm")
    return lens_with(settings, _Dictionary())


def people(count: int) -> list[Profile]:
    """Return profiles that differ in name, as people do."""
    return [
        Profile(f"p{n}", f"Person {n}", "en", "Europe/Stockholm", "sales") for n in range(count)
    ]


def microseconds(work: Callable[[int], object], count: int) -> float:
    """Return the mean time of ``work``, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for number in range(count):
            work(number)
        best = min(best, (time.perf_counter() - begun) / count)
    return best * 1e6


def figures() -> list[Figure]:
    """Measure on this machine, single core."""
    facts, reckoning, lens = Facts(a_timeline()), Reckoning(), a_lens()
    eleven = MONDAY + 10 * 24 * HOUR + 2 * HOUR
    before = evaluate(facts, reckoning, eleven - 1)
    profiles = people(1000)

    def one_evaluation(_: int) -> object:
        return evaluate(facts, reckoning, eleven, before)

    def one_boundary(number: int) -> object:
        done = advance(facts, reckoning, eleven - 1, eleven, before)
        return view(
            done.presence,
            profiles[number % 1000],
            Audience.ORGANIZATION,
            lens,
            revision=number,
            stale_since=None,
            now=eleven,
        )

    seen = one_boundary(0)

    def one_night(_: int) -> object:
        return advance(facts, reckoning, eleven - 16 * HOUR, eleven, before)

    def one_json(_: int) -> object:
        return view_json(seen)  # type: ignore[arg-type]  # it is the view made above

    return [
        _figure("evaluate (120 segments)", microseconds(one_evaluation, 20_000), 10),
        _figure("advance over one boundary, and view", microseconds(one_boundary, 20_000), 50),
        _figure("advance after a night of sleep", microseconds(one_night, 2_000), 200),
        _figure("view as JSON values", microseconds(one_json, 20_000), 10),
    ]


def _figure(name: str, value: float, limit: float) -> Figure:
    return Figure(name, round(value, 2), "µs", limit, value <= limit)


if __name__ == "__main__":
    for figure in figures():
        print(figure)
