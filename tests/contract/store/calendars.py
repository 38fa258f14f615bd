"""What every store does with calendars: reads, health, uploads."""

from __future__ import annotations

import json

from kalends.store.contract import (
    CalendarHealth,
    Lane,
    Store,
)
from tests.contract.store.world import (
    DAY,
    HOUR,
    NOW,
    booking,
    due,
    facts,
    give_calendar,
    hire,
    ids,
    key,
    read,
    settle,
)


class Calendars:
    async def test_new_calendars_have_never_been_read(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"), key("anna", "second"))
        rows = await store.calendars("acme")
        assert [(it.key.name, it.health, it.read_at) for it in rows] == [
            ("default", "new", None),
            ("second", "new", None),
        ]

    async def test_calendars_of_many_people_come_with_their_owners(self, store: Store) -> None:
        for name in ("anna", "bert", "carl"):
            await hire(store, name)
        await give_calendar(store, key("anna"), key("anna", "second"))
        await give_calendar(store, key("bert"))
        await give_calendar(store, key("carl"))
        found = await store.owned_calendars("acme", "dav", ["anna", "bert", "nobody"])
        rows = {it.key: it for it in await store.calendars("acme")}
        assert {it.row.key: it.row for it in found} == {
            one: rows[one] for one in (key("anna"), key("anna", "second"), key("bert"))
        }
        owners = {it.row.key.person: it.record for it in found}
        people = {it.record for it in await store.people("acme")}
        assert owners.keys() == {"anna", "bert"}
        assert set(owners.values()) < people
        assert await store.owned_calendars("acme", "another", ["anna"]) == []
        assert await store.owned_calendars("other", "dav", ["anna"]) == []

    async def test_a_read_replaces_bookings_and_cursor_together(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        first, second = booking("1", NOW, NOW + HOUR, "budget"), booking("2", NOW, NOW + DAY)
        assert await store.replace_calendar(read(key("anna"), first), now=NOW)
        assert await store.replace_calendar(read(key("anna"), second, cursor=b"2"), now=NOW)
        [row] = await store.calendars("acme")
        assert (row.cursor, row.bookings, row.health) == (b"2", 1, "ok")
        assert await store.bookings(key("anna")) == (second,)

    async def test_changed_bookings_queue_the_person_dirty_in_lane_calendar(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await settle(store)
        await store.replace_calendar(read(key("anna"), booking("1", NOW, NOW + 9)), now=NOW + 5)
        [anna] = await due(store, Lane.CALENDAR, NOW + 5)
        assert (anna.person, anna.dirty, anna.due_at) == ("anna", True, NOW + 5)

    async def test_unchanged_bookings_disturb_nobody_but_move_the_cursor(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        one = booking("1", NOW, NOW + HOUR)
        await store.replace_calendar(read(key("anna"), one), now=NOW)
        await settle(store)
        again = read(key("anna"), one, at=NOW + 60, cursor=b"2")
        assert not await store.replace_calendar(again, now=NOW + 60)
        [row] = await store.calendars("acme")
        assert (row.cursor, row.read_at) == (b"2", NOW + 60)
        assert await due(store, Lane.CALENDAR, NOW + 60) == []

    async def test_a_window_that_reaches_a_day_further_is_a_change(self, store: Store) -> None:
        import msgspec

        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        first = read(key("anna"))
        await store.replace_calendar(first, now=NOW)
        for seconds, change in ((DAY - 1, False), (DAY, True)):
            moved = msgspec.structs.replace(first, window_end=first.window_end + seconds)
            assert await store.replace_calendar(moved, now=NOW) is change

    async def test_a_read_clears_staleness(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await store.replace_calendar(read(key("anna")), now=NOW)
        await settle(store)
        stale = CalendarHealth(key("anna"), "unreachable", "no answer", stale_since=NOW, failures=3)
        await store.mark_calendars([stale], now=NOW)
        shown = await store.presence("acme", "anna")
        assert shown is not None
        assert shown.stale_since == NOW
        assert await due(store, Lane.CALENDAR) == []  # unknown is not free: nothing changes
        await store.replace_calendar(read(key("anna"), at=NOW + 9), now=NOW + 9)
        shown = await store.presence("acme", "anna")
        assert shown is not None
        assert shown.stale_since is None
        [row] = await store.calendars("acme")
        assert (row.health, row.failures, row.message) == ("ok", 0, "")

    async def test_health_without_a_cursor_leaves_the_cursor(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await store.replace_calendar(read(key("anna"), cursor=b"1"), now=NOW)
        await store.mark_calendars(
            [CalendarHealth(key("anna"), "denied", next_probe_at=NOW + 9)], now=NOW
        )
        [row] = await store.calendars("acme")
        assert (row.cursor, row.health, row.next_probe_at) == (b"1", "denied", NOW + 9)
        await store.mark_calendars([CalendarHealth(key("anna"), "ok", cursor=b"2")], now=NOW)
        [row] = await store.calendars("acme")
        assert (row.cursor, row.next_probe_at) == (b"2", None)

    async def test_a_calendar_removed_while_it_was_read_stays_removed(self, store: Store) -> None:
        await hire(store, "anna")
        assert not await store.replace_calendar(read(key("anna")), now=NOW)
        assert await store.calendars("acme") == []

    async def test_removing_a_calendar_with_bookings_queues_the_person(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"), key("anna", "second"))
        await store.replace_calendar(read(key("anna"), booking("1", NOW, NOW + 9)), now=NOW)
        await settle(store)
        await give_calendar(store, key("anna", "second"))
        [row] = await store.calendars("acme")
        assert row.key.name == "second"
        assert await ids(store, Lane.CALENDAR) == ["anna"]

    async def test_a_moved_calendar_is_read_anew(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await store.replace_calendar(read(key("anna"), booking("1", NOW, NOW + 9)), now=NOW)
        await store.set_calendars("acme", "anna", [(key("anna"), "/elsewhere/")], NOW)
        [row] = await store.calendars("acme")
        assert (row.url, row.cursor, row.health, row.bookings) == ("/elsewhere/", None, "new", 1)

    async def test_calendars_are_paged_and_chosen(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await give_calendar(store, key("anna"), key("anna", "second"))
        await give_calendar(store, key("bo"))
        everything = [it.key for it in await store.calendars("acme")]
        assert [(it.person, it.name) for it in everything] == [
            ("anna", "default"),
            ("anna", "second"),
            ("bo", "default"),
        ]
        last = everything[0]
        page = await store.calendars("acme", after=(last.person, last.source, last.name), limit=1)
        assert [it.key for it in page] == everything[1:2]
        assert [it.key for it in await store.calendars("acme", person="bo")] == everything[2:]
        assert [it.key for it in await store.calendars("acme", source="dav")] == everything
        assert await store.calendars("acme", source="ews") == []

    async def test_policy_gets_all_calendars_of_a_person(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await give_calendar(store, key("anna"), key("anna", "second"))
        one = booking("1", NOW, NOW + HOUR, "budget")
        await store.replace_calendar(read(key("anna", "second"), one), now=NOW)
        [anna, bo] = sorted(
            await store.load_inputs([("acme", "bo"), ("acme", "anna"), ("acme", "nobody")]),
            key=lambda it: it.person,
        )
        assert [(it.key.name, it.bookings) for it in anna.calendars] == [
            ("default", ()),
            ("second", (one,)),
        ]
        assert json.loads(anna.record)["id"] == "anna"
        assert anna.input_version == (await facts(store, "anna")).input_version
        assert bo.calendars == ()
        assert await store.inputs("acme", "anna") == anna

    async def test_an_upload_lives_until_it_is_deleted(self, store: Store) -> None:
        await hire(store, "anna")
        await store.save_upload("acme", "anna", "desk", b"one", now=NOW)
        await store.save_upload("acme", "anna", "desk", b"two", now=NOW)
        assert await store.upload("acme", "anna", "desk") == b"two"
        assert await store.delete_upload("acme", "anna", "desk")
        assert not await store.delete_upload("acme", "anna", "desk")
        assert await store.upload("acme", "anna", "desk") is None

    async def test_what_was_read_at_a_former_address_is_not_stored(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await settle(store)
        await store.set_calendars("acme", "anna", [(key("anna"), "/moved/")], NOW)
        assert not await store.replace_calendar(
            read(key("anna"), booking("1", NOW, NOW + 9)), now=NOW
        )
        [row] = await store.calendars("acme")
        assert (row.url, row.health, row.bookings, row.cursor) == ("/moved/", "new", 0, None)
        assert await ids(store, Lane.CALENDAR) == []

    async def test_what_was_learnt_at_a_former_address_is_not_told(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        moved = [(key("anna"), "/moved/"), (key("anna", "desk"), None)]
        await store.set_calendars("acme", "anna", moved, NOW)
        for url in ("/cal/", "/moved/", None):
            health = CalendarHealth(key("anna"), "denied", url or "", url=url)
            await store.mark_calendars([health], now=NOW)
            [row, _] = await store.calendars("acme")
            assert row.message == {"/cal/": "", "/moved/": "/moved/", None: ""}[url]
        await store.mark_calendars([CalendarHealth(key("anna", "desk"), "gone", url="x")], now=NOW)
        assert [row.health for row in await store.calendars("acme")] == ["denied", "gone"]

    async def test_calendars_that_others_changed_meanwhile_are_not_overwritten(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        first, second = (key("anna"), "/cal/"), (key("anna", "desk"), None)
        assert await store.set_calendars("acme", "anna", [first], NOW, seen=[])
        assert not await store.set_calendars("acme", "anna", [second], NOW, seen=[])
        assert await store.set_calendars("acme", "anna", [first, second], NOW, seen=[first])
        moved = (key("anna"), "/moved/")
        assert await store.set_calendars("acme", "anna", [moved, second], NOW, seen=[second, first])
        assert not await store.set_calendars("acme", "anna", [], NOW, seen=[first, second])
        rows = await store.calendars("acme")
        assert [(row.key, row.url) for row in rows] == [moved, second]

    async def test_nobody_who_is_not_there_has_a_calendar(self, store: Store) -> None:
        await hire(store, "anna")
        assert not await store.set_calendars("acme", "bert", [(key("bert"), "/cal/")], NOW)
        assert not await store.save_upload("acme", "bert", "desk", b"one", now=NOW)
        assert await store.calendars("acme") == []
        assert await store.upload("acme", "bert", "desk") is None
