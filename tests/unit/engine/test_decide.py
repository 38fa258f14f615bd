"""What a due person's presence is, and what happened on the way there."""

from __future__ import annotations

import msgspec

from kalends.engine.decide import Case, decide
from kalends.model.presence import Presence, Reckoning, Segment, Timeline
from kalends.model.profile import Profile
from kalends.model.vocabulary import Availability
from kalends.store.contract import DuePerson, Lane

T = 1_800_000_000
HOUR = 3600


def meeting(start: int, end: int, *, back: bool = True) -> Segment:
    return Segment(
        start, end, Availability.BUSY, "meeting", "work", booking=f"dav/default/{start}",
        rule="r", auto_return=back, ends_booking=True,
    )  # fmt: skip


def due(*segments: Segment, visited: int, presence: Presence | None = None) -> DuePerson:
    return DuePerson(
        "acme", "anna", 7, Lane.DUE, T, False, Timeline(segments), None, None,
        presence or Presence(), visited, 3, Profile("anna", "Anna", "sv", "UTC"),
    )  # fmt: skip


def case(person: DuePerson, now: int, *, logged: bool = False) -> Case:
    return Case(person, Reckoning(), now, None, logged)


def test_a_boundary_that_has_come_is_one_step() -> None:
    [step] = decide(case(due(meeting(T, T + HOUR), visited=T - HOUR), T))
    assert (step.presence.availability, step.changed) == (Availability.BUSY, True)
    assert (step.next_change_at, step.evaluated_at, step.seen_version) == (T + HOUR, T, 7)
    assert step.timeline is None


def test_a_catch_up_without_feeds_tells_only_the_present() -> None:
    person = due(meeting(T, T + 60), meeting(T + 120, T + 180), visited=T - HOUR)
    [step] = decide(case(person, T + 130))
    assert step.presence.availability is Availability.BUSY


def test_a_catch_up_with_feeds_tells_every_change_of_the_last_hour_in_order() -> None:
    person = due(
        meeting(T - 3 * HOUR, T - 2 * HOUR),
        meeting(T - 1800, T - 900),
        meeting(T - 60, T + 60),
        visited=T - 4 * HOUR,
    )
    steps = decide(case(person, T, logged=True))
    assert [step.evaluated_at for step in steps] == [T - 1800, T - 900, T - 60, T]
    assert [step.presence.availability.value for step in steps] == [
        "busy", "available", "busy", "busy",
    ]  # fmt: skip
    assert [step.changed for step in steps] == [True, True, True, False]
    assert all(step.log for step in steps[:-1])


def test_a_meeting_that_ended_before_the_new_timeline_counts_still_leaves_its_hold() -> None:
    person = due(meeting(T - HOUR, T - 60, back=False), visited=T - HOUR)
    busy = Presence(Availability.BUSY, "meeting", since=T - HOUR, until=T - 60)
    person = msgspec.structs.replace(person, presence=busy, dirty=True)
    steps = decide(case(person, T), rebuild=Timeline)
    assert steps[-1].hold is not None
    assert steps[-1].presence.activity == "meeting"
    assert steps[-1].timeline == Timeline()


def test_a_deleted_running_meeting_leaves_no_hold() -> None:
    person = due(meeting(T - HOUR, T + HOUR, back=False), visited=T - HOUR)
    busy = Presence(Availability.BUSY, "meeting", since=T - HOUR, until=T + HOUR)
    steps = decide(case(msgspec.structs.replace(person, presence=busy), T), rebuild=Timeline)
    assert steps[-1].hold is None
    assert steps[-1].presence.availability is Availability.AVAILABLE


def test_somebody_new_has_no_past() -> None:
    person = msgspec.structs.replace(due(visited=0), presence=None)
    [step] = decide(
        case(person, T, logged=True), rebuild=lambda: Timeline((meeting(T - 9, T + 9),))
    )
    assert (step.presence.availability, step.changed) == (Availability.BUSY, True)
