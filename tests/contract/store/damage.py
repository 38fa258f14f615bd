"""One person's row that cannot be opened any more is that person's trouble alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Table, bindparam, update

from kalends.store.contract import Lane, Store
from kalends.store.database import DatabaseStore
from kalends.store.statements import Statement, Unit
from kalends.store.tables import calendar, plan, shown, state
from tests.contract.store.world import (
    DND,
    HOUR,
    NOW,
    booking,
    due,
    give_calendar,
    hire,
    key,
    read,
    result,
    timeline,
)

PEOPLE = ("anna", "bo", "cia")


async def damage(store: Store, table: Table, column: str, person: str) -> None:
    """Put nonsense where something sealed was."""
    assert isinstance(store, DatabaseStore)
    statement = Statement(
        update(table)
        .where(table.c.organization == bindparam("of"), table.c.person == bindparam("who"))
        .values({column: bindparam("nonsense", type_=table.c[column].type)})
    )

    def unit() -> Unit[None]:
        yield statement(of="acme", who=person, nonsense=b"nonsense")

    await store._driver.write("acme", unit)


async def furnished(store: Store) -> None:
    """Hire three people with a meeting each, evaluated, due again in an hour."""
    await hire(store, *PEOPLE)
    for who in PEOPLE:
        await give_calendar(store, key(who))
        await store.replace_calendar(read(key(who), booking("1", NOW, NOW + HOUR)), now=NOW)
        await store.set_manual("acme", who, DND, now=NOW)
    batch = [
        result(it, timeline=timeline((NOW, NOW + HOUR, "meeting")), manual=DND, log=True)
        for lane in Lane
        for it in await due(store, lane)
    ]
    await store.commit_batch(batch, now=NOW)


def names(found: Sequence[Any]) -> list[str]:
    return sorted(it.person for it in found)


class Damage:
    @pytest.mark.parametrize(
        ("table", "column"),
        [(plan, "timeline"), (state, "manual"), (shown, "presence")],
        ids=["timeline", "manual", "presence"],
    )
    async def test_who_cannot_be_read_is_due_and_known_as_such_beside_the_others(
        self, store: Store, table: Table, column: str
    ) -> None:
        await furnished(store)
        await damage(store, table, column, "bo")
        found = await due(store, Lane.DUE, NOW + HOUR)
        assert {it.person: it.unreadable for it in found} == {
            "anna": False, "bo": True, "cia": False,
        }  # fmt: skip
        await store.set_aside("acme", ["bo"], now=NOW + HOUR, until=NOW + 2 * HOUR)
        assert names(await due(store, Lane.DUE, NOW + HOUR)) == ["anna", "cia"]
        assert names(await due(store, Lane.DUE, NOW + 2 * HOUR)) == ["anna", "bo", "cia"]

    async def test_of_whom_cannot_be_read_nothing_is_told(self, store: Store) -> None:
        await furnished(store)
        await damage(store, shown, "presence", "bo")
        page = await store.presences("acme", "", 10)
        assert [(it.person, bool(it.revision)) for it in page] == [
            ("anna", True), ("bo", False), ("cia", True),
        ]  # fmt: skip
        found = await store.changed_since("acme", 0, 2)
        assert names(found) == ["anna", "cia"]  # a page is full where there is more
        assert names(await store.changed_since("acme", found[0].revision, 2)) == [found[1].person]

    async def test_a_calendar_that_cannot_be_read_is_its_persons_trouble(
        self, store: Store
    ) -> None:
        await furnished(store)
        await damage(store, calendar, "content", "bo")
        loaded = await store.load_inputs([("acme", who) for who in PEOPLE])
        assert {it.person: (it.unreadable, len(it.calendars)) for it in loaded} == {
            "anna": (False, 1), "bo": (True, 0), "cia": (False, 1),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("table", "column", "what"),
        [(calendar, "content", "bookings"), (plan, "timeline", "segments")],
        ids=["calendar", "timeline"],
    )
    async def test_what_cannot_be_read_keeps_nothing_else_from_being_forgotten(
        self, store: Store, table: Table, column: str, what: str
    ) -> None:
        await furnished(store)
        await damage(store, table, column, "anna")
        for it in await due(store, Lane.DUE, NOW + HOUR):
            if not it.unreadable:
                done = result(it, evaluated_at=NOW + HOUR, next_change_at=None)
                await store.commit_batch([done], now=NOW + HOUR)
        counts = await store.purge(now=NOW + HOUR + 60)
        assert counts[what] >= 2
