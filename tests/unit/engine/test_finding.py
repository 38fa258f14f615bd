"""Looking up many calendars at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from kalends.engine.finding import Finder, Found
from kalends.engine.tenants import Tenants, tenant
from kalends.errors import StoreFailed
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.store.contract import CalendarKey, CalendarRow, OwnedCalendar, Store

ACME = OrganizationSettings(id="acme", name="Acme AB", timezone="Europe/Stockholm")
EWS = ("acme", "ews")


class Slow:
    """A store whose answers come when they are let through."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.through = asyncio.Event()
        self.fails = 0

    async def owned_calendars(
        self, organization: str, source: str, people: Sequence[str]
    ) -> list[OwnedCalendar]:
        """Answer for everybody but nobody."""
        self.asked.append(list(people))
        await self.through.wait()
        if self.fails:
            self.fails -= 1
            raise StoreFailed("the disk is full")
        return [_owned(organization, source, one) for one in people if one != "nobody"]


def _owned(organization: str, source: str, person: str) -> OwnedCalendar:
    key = CalendarKey(organization, person, source, "default")
    row = CalendarRow(key, None, None, 0, 0, None, None, None, "new", "", "", 0, 0, 0, None)
    record = PersonRecord(id=person, name=person, timezone="Europe/Oslo")
    return OwnedCalendar(row, record.model_dump_json().encode())


def _finder(store: Slow) -> Finder:
    return Finder(cast(Store, store), Tenants({"acme": tenant(ACME)}))


async def _begun(finder: Finder, *people: str) -> list[asyncio.Task[Found | None]]:
    tasks = [asyncio.create_task(finder.find(EWS, (one, "default"))) for one in people]
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_during_a_look_up_shares_the_next_one() -> None:
    store = Slow()
    tasks = await _begun(_finder(store), "anna", "bert", "carl", "bert")
    store.through.set()
    found = await asyncio.gather(*tasks)
    assert [one.record.id for one in found if one] == ["anna", "bert", "carl", "bert"]
    assert store.asked == [["anna"], ["bert", "carl"]]
    assert all(one.owner.zone.key == "Europe/Oslo" for one in found if one)


async def test_a_calendar_that_is_no_more_is_not_found() -> None:
    store = Slow()
    store.through.set()
    finder = _finder(store)
    assert await finder.find(EWS, ("nobody", "default")) is None
    assert await finder.find(EWS, ("anna", "second")) is None
    assert await finder.find(("unknown", "ews"), ("anna", "default")) is None


async def test_one_who_gives_up_waiting_takes_nobody_with_him() -> None:
    store = Slow()
    first, second, third = await _begun(_finder(store), "anna", "bert", "carl")
    first.cancel()
    second.cancel()
    store.through.set()
    found = await third
    assert found is not None
    assert found.record.id == "carl"
    assert store.asked[-1] == ["carl"]


async def test_a_failed_look_up_fails_whoever_made_it_and_the_others_ask_again() -> None:
    store = Slow()
    store.fails = 1
    first, second, third = await _begun(_finder(store), "anna", "bert", "carl")
    store.through.set()
    with pytest.raises(StoreFailed):
        await first
    found = await asyncio.gather(second, third)
    assert [one.record.id for one in found if one] == ["bert", "carl"]
