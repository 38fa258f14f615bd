"""A small organization to store things about, in domain words."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kalends.model.booking import Booking
from kalends.model.presence import Hold, Manual, Next, Presence, Segment, Timeline, Until
from kalends.model.profile import Profile
from kalends.model.vocabulary import Availability
from kalends.store.contract import (
    CalendarKey,
    CalendarRead,
    Document,
    DuePerson,
    Evaluated,
    Lane,
    PersonDocument,
    Store,
)

NOW = 1_790_000_000
HOUR = 3600
DAY = 86_400

MEETING = Presence(
    Availability.BUSY,
    "meeting",
    "work",
    since=NOW,
    until=NOW + HOUR,
    note="budget",
    next=Next(NOW + HOUR, NOW + 2 * HOUR, "lunch", Availability.AWAY),
)
AVAILABLE = Presence()
DND = Manual(Availability.DND, "dnd", "work", NOW + HOUR, Until.TIME, note="thesis", set_by="anna")
HOLD = Hold(Availability.AWAY, "meeting", "work", NOW, NOW + 900)


def person(id: str, organization: str = "acme", **record: object) -> PersonDocument:
    written = {"id": id, "emails": [f"{id}@{organization}.example"], **record}
    return PersonDocument(
        organization,
        id,
        json.dumps(written).encode(),
        Profile(id, id.title(), "sv", "Europe/Stockholm"),
        "file",
    )


def booking(uid: str, start: int, end: int, subject: str = "") -> Booking:
    return Booking(uid, start, end, subject=subject)


def key(person: str, name: str = "default", organization: str = "acme") -> CalendarKey:
    return CalendarKey(organization, person, "dav", name)


def read(
    of: CalendarKey, *bookings: Booking, at: int = NOW, cursor: bytes | None = b"1"
) -> CalendarRead:
    return CalendarRead(
        key=of,
        url="/cal/",
        cursor=cursor,
        window_start=NOW - DAY,
        window_end=NOW + 35 * DAY,
        bookings=bookings,
        skipped=0,
        read_at=at,
        reconciled=True,
    )


def timeline(*segments: tuple[int, int, str]) -> Timeline:
    return Timeline(
        tuple(
            Segment(start, end, Availability.BUSY, activity, "work", note=f"note of {activity}")
            for start, end, activity in segments
        )
    )


def result(
    due: DuePerson,
    presence: Presence = MEETING,
    *,
    next_change_at: int | None = NOW + HOUR,
    evaluated_at: int = NOW,
    changed: bool = True,
    timeline: Timeline | None = None,
    manual: Manual | None = None,
    hold: Hold | None = None,
    log: bool = False,
) -> Evaluated:
    return Evaluated(
        due.organization,
        due.person,
        due.input_version,
        presence,
        next_change_at,
        evaluated_at,
        changed,
        timeline,
        manual,
        hold,
        log,
    )


async def hire(store: Store, *ids: str, organization: str = "acme") -> None:
    await store.save_documents(
        [Document(organization, "organization", organization, b"{}", "file")]
    )
    await store.save_people([person(it, organization) for it in ids], now=NOW)


async def give_calendar(store: Store, *keys: CalendarKey) -> None:
    first = keys[0]
    named = [(it, "/cal/") for it in keys]
    await store.set_calendars(first.organization, first.person, named, NOW)


async def due(store: Store, lane: Lane, now: int = NOW, limit: int = 100) -> list[DuePerson]:
    return await store.load_due(lane=lane, now=now, limit=limit)


async def ids(store: Store, lane: Lane, now: int = NOW) -> list[str]:
    return sorted(it.person for it in await due(store, lane, now))


async def facts(store: Store, person: str, organization: str = "acme") -> DuePerson:
    found = await store.facts(organization, person)
    assert found is not None
    return found


async def settle(
    store: Store, now: int = NOW, *, next_change_at: int | None = None, log: bool = False
) -> None:
    """Evaluate everybody who waits; nobody is due afterwards but at ``next_change_at``."""
    for lane in Lane:
        waiting: Sequence[DuePerson] = await due(store, lane, now)
        batch = [
            result(
                it,
                AVAILABLE,
                next_change_at=next_change_at,
                evaluated_at=now,
                timeline=timeline(),
                log=log,
            )
            for it in waiting
        ]
        await store.commit_batch(batch, now=now)
