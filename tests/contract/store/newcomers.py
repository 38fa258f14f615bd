"""What every store does with somebody new: he is due once his calendars were read."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kalends.store.contract import CalendarHealth, Lane, Store
from tests.contract.store.world import (
    DND,
    NOW,
    booking,
    due,
    give_calendar,
    hire,
    ids,
    key,
    person,
    read,
    result,
    settle,
    timeline,
)

PATIENCE = 600


async def newcomer(store: Store, *calendars: str) -> None:
    """Hire Anna, who waits for these calendars."""
    await hire(store)
    await store.save_people([replace(person("anna"), patience=PATIENCE)], now=NOW)
    await give_calendar(store, *(key("anna", name) for name in calendars))


async def waiting(store: Store, now: int = NOW) -> bool:
    """Tell whether Anna is not due in any lane."""
    return not [one for lane in Lane for one in await ids(store, lane, now)]


class Newcomers:
    async def test_somebody_new_is_due_once_his_calendar_was_read(self, store: Store) -> None:
        await newcomer(store, "default")
        assert await waiting(store, NOW + PATIENCE - 1)
        assert await store.replace_calendar(read(key("anna")), now=NOW + 2)
        [anna] = await due(store, Lane.CALENDAR, NOW + 2)
        assert (anna.dirty, anna.due_at) == (True, NOW + 2)

    async def test_he_waits_for_what_is_to_be_read_at_once(self, store: Store) -> None:
        await newcomer(store, "default")
        await store.replace_calendar(replace(read(key("anna")), more=True), now=NOW)
        assert await waiting(store, NOW + PATIENCE - 1)
        found = CalendarHealth(key("anna"), "ok", cursor=b"2")  # and that was nothing
        await store.mark_calendars([found], now=NOW + 1)
        assert await ids(store, Lane.CALENDAR, NOW + 1) == ["anna"]

    async def test_he_is_due_when_the_last_calendar_was_read_or_refused(self, store: Store) -> None:
        await newcomer(store, "default", "team", "room")
        await store.replace_calendar(read(key("anna"), booking("a", NOW, NOW + 9)), now=NOW)
        await store.mark_calendars([CalendarHealth(key("anna", "team"), "denied")], now=NOW)
        assert await waiting(store, NOW + 1)
        await store.replace_calendar(read(key("anna", "room")), now=NOW + 1)
        assert await ids(store, Lane.CALENDAR, NOW + 1) == ["anna"]

    @pytest.mark.parametrize("health", ["denied", "not-found", "absent"])
    async def test_one_that_is_refused_is_waited_for_no_more(
        self, store: Store, health: str
    ) -> None:
        await newcomer(store, "default")
        await store.mark_calendars([CalendarHealth(key("anna"), health)], now=NOW)
        assert not await waiting(store)

    @pytest.mark.parametrize("health", ["unreachable", "throttled", "sign-in", "bad-answer"])
    async def test_one_that_fails_may_yet_be_read(self, store: Store, health: str) -> None:
        await newcomer(store, "default")
        failed = CalendarHealth(key("anna"), health, stale_since=NOW)
        await store.mark_calendars([failed], now=NOW)
        assert await waiting(store, NOW + PATIENCE - 1)

    async def test_one_that_is_taken_away_is_waited_for_no_more(self, store: Store) -> None:
        await newcomer(store, "default")
        await store.set_calendars("acme", "anna", [], NOW)
        assert await ids(store, Lane.CALENDAR) == ["anna"]

    async def test_patience_ends(self, store: Store) -> None:
        await newcomer(store, "default")
        assert await store.next_due() == {Lane.POLICY: NOW + PATIENCE}
        assert await ids(store, Lane.POLICY, NOW + PATIENCE) == ["anna"]

    async def test_settings_that_change_call_nobody_up_before_that(self, store: Store) -> None:
        await newcomer(store, "default")
        await store.touch("acme", None, lane=Lane.POLICY, now=NOW + 1)
        await store.save_people([person("anna")], now=NOW + 1)
        assert await waiting(store, NOW + PATIENCE - 1)

    async def test_nor_does_a_phone_or_a_presence_that_is_cleared(self, store: Store) -> None:
        await newcomer(store, "default")
        await store.touch("acme", ["anna"], lane=Lane.HAND, now=NOW + 1)
        await store.set_manual("acme", "anna", None, now=NOW + 1)
        await store.end_hold("acme", "anna", now=NOW + 1)
        assert await waiting(store, NOW + PATIENCE - 1)

    async def test_what_is_set_by_hand_counts_at_once(self, store: Store) -> None:
        await newcomer(store, "default")
        await store.set_manual("acme", "anna", DND, now=NOW + 1)
        assert not await waiting(store, NOW + 1)

    async def test_who_was_evaluated_once_waits_for_nothing(self, store: Store) -> None:
        await newcomer(store, "default")
        [anna] = await due(store, Lane.POLICY, NOW + PATIENCE)
        await store.commit_batch([result(anna, timeline=timeline())], now=NOW + PATIENCE)
        assert await waiting(store, NOW + PATIENCE)
        await store.mark_calendars([CalendarHealth(key("anna"), "denied")], now=NOW)
        await store.save_people([replace(person("anna"), patience=PATIENCE)], now=NOW + PATIENCE)
        assert await ids(store, Lane.POLICY, NOW + PATIENCE) == ["anna"]

    async def test_without_patience_he_is_due_at_once(self, store: Store) -> None:
        await hire(store, "bo")
        assert await ids(store, Lane.POLICY) == ["bo"]
        await settle(store)
        assert await waiting(store)
