"""Where calendars are that nobody named an address for: found by e-mail, and found again.

Place in the flow: ``refresh`` reads a calendar; one without an address is located first. One that
was located and is not there any more (the source's ``url`` was changed, a server moved, a calendar
was deleted) is looked for anew. Until it is found its bookings stay as known (invariant 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from kalends.calendars.contract import CalendarRef, CalendarSource
from kalends.engine.debounce import Key
from kalends.engine.people import LOCATED, Assignment, change_calendars
from kalends.errors import NotFound, SourceTrouble
from kalends.model.person import PersonRecord
from kalends.store.contract import CalendarKey, CalendarRow, Store

ABSENT: Final = "absent"
"""Health of a calendar that was looked for by e-mail and is not there."""


@dataclass(frozen=True, slots=True)
class Located:
    """What became of a person's calendars in a source."""

    entered: list[CalendarKey] = field(default_factory=list)
    """New ones, to be read."""
    struck: list[CalendarKey] = field(default_factory=list)
    """Those that are there no more."""


def was_located(row: CalendarRow, record: PersonRecord) -> bool:
    """Tell whether a calendar's address was found by e-mail, not written by somebody."""
    if record.calendars is None:
        return row.url is not None
    if isinstance(record.calendars, str):
        return False
    place = (row.key.source, row.key.name)
    mine = [one for one in record.calendars if (one.source, one.name) == place]
    return row.url is not None and all(one.url is None for one in mine) and bool(mine)


def leads(row: CalendarRow, record: PersonRecord) -> Key:
    """Return which calendar of a person in a source is located for all of them."""
    return (row.key.person, LOCATED if record.calendars is None else row.key.name)


async def locate(
    source: CalendarSource, store: Store, ref: CalendarRef, row: CalendarRow, *, now: int
) -> Located | None:
    """Find a person's calendars and store where they are; None: there are none."""
    urls = await source.locate(ref)
    return await _take_up(store, row, urls, now) if urls else None


async def locate_anew(
    source: CalendarSource,
    store: Store,
    ref: CalendarRef,
    row: CalendarRow,
    trouble: SourceTrouble | None,
    *,
    now: int,
) -> Located:
    """Find calendars again that were located once.

    Raises ``trouble`` where they are still where they were, or are nowhere: then it stands.
    """
    urls = await source.locate(ref)
    if not urls:
        raise trouble or NotFound("no calendar of this person's addresses is there any more")
    if trouble is not None and row.url in urls:
        raise trouble
    return await _take_up(store, row, urls, now)


async def _take_up(store: Store, row: CalendarRow, urls: Sequence[str], now: int) -> Located:
    """Store addresses as ``default``, ``default-2`` …; what is beyond them goes."""
    key = row.key
    found: dict[CalendarKey, str | None] = {}
    for number, url in enumerate(urls, start=1):
        name = key.name if number == 1 else f"{key.name}-{number}"
        found[CalendarKey(key.organization, key.person, key.source, name)] = url

    def taken_up(stored: Sequence[CalendarRow]) -> list[Assignment]:
        if all(one.key != key for one in stored):
            return [(one.key, one.url) for one in stored]  # removed while it was looked for
        kept = {one.key: one.url for one in stored if not _numbered(one.key, key)}
        return list((kept | found).items())

    changed = await change_calendars(store, key.organization, key.person, taken_up, now)
    if changed is None:
        return Located()
    known = {one.key for one in changed.before}
    return Located(
        [one for one in changed.after if one not in known],
        [one for one in known if one not in changed.after],
    )


def _numbered(one: CalendarKey, first: CalendarKey) -> bool:
    """Tell whether a calendar was taken up behind the first one located in its source."""
    prefix = f"{LOCATED}-"
    return (
        one.source == first.source
        and first.name == LOCATED
        and one.name.startswith(prefix)
        and one.name.removeprefix(prefix).isdecimal()
    )
