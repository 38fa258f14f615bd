"""What every store does. A new store is a subclass with a fixture ``store``."""

from __future__ import annotations

import json

import pytest

from kalends.errors import Conflict, StaleOwner
from kalends.model.presence import Presence
from kalends.store.contract import (
    AuditEntry,
    Breaker,
    CalendarHealth,
    Document,
    Lane,
    Principal,
    SinkRow,
    Store,
    shard_of,
)
from tests.contract.store.tenants import Tenants
from tests.contract.store.world import (
    AVAILABLE,
    DAY,
    DND,
    HOLD,
    HOUR,
    MEETING,
    NOW,
    booking,
    due,
    facts,
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


class Documents:
    async def test_a_document_comes_back_with_its_version(self, store: Store) -> None:
        await store.save_documents([Document("acme", "source", "dav", b"{}", "file")])
        await store.save_documents([Document("acme", "source", "dav", b'{"a":1}', "api")])
        assert await store.documents("acme", "source") == [
            Document("acme", "source", "dav", b'{"a":1}', "api", 2)
        ]

    async def test_a_document_changed_by_somebody_else_is_a_conflict(self, store: Store) -> None:
        await store.save_documents([Document("acme", "source", "dav", b"{}", "file")])
        with pytest.raises(Conflict):
            await store.save_documents([Document("acme", "source", "dav", b"{}", "api", 7)])
        with pytest.raises(Conflict):
            await store.save_documents([Document("acme", "sink", "none", b"{}", "api", 1)])

    async def test_a_conflict_stores_nothing_of_its_unit(self, store: Store) -> None:
        good = Document("acme", "sink", "hook", b"{}", "api")
        bad = Document("acme", "source", "dav", b"{}", "api", 7)
        with pytest.raises(Conflict):
            await store.save_documents([good, bad])
        assert await store.documents("acme") == []

    async def test_documents_are_ordered_by_kind_and_id(self, store: Store) -> None:
        kinds = [("source", "b"), ("sink", "z"), ("source", "a"), ("source", "B")]
        await store.save_documents([Document("acme", k, i, b"", "file") for k, i in kinds])  # type: ignore[arg-type]  # literals
        found = [(it.kind, it.id) for it in await store.documents("acme")]
        assert found == [("sink", "z"), ("source", "B"), ("source", "a"), ("source", "b")]

    async def test_organizations_are_those_with_settings(self, store: Store) -> None:
        await hire(store, "anna", organization="zeta")
        await hire(store, "anna", organization="acme")
        await store.save_documents([Document("other", "source", "dav", b"", "file")])
        assert await store.organizations() == ["acme", "zeta"]

    async def test_deleting_a_source_takes_its_calendars_and_queues_their_people(
        self, store: Store
    ) -> None:
        await hire(store, "anna", "bo")
        await give_calendar(store, key("anna"))
        await settle(store)
        await store.save_documents([], [("acme", "source", "dav")])
        assert await store.calendars("acme") == []
        assert (await facts(store, "anna")).dirty
        assert not (await facts(store, "bo")).dirty

    async def test_deleting_an_organization_leaves_nothing_of_it(self, store: Store) -> None:
        await hire(store, "anna")
        await hire(store, "eve", organization="other")
        await give_calendar(store, key("anna"))
        await store.save_documents([], [("acme", "organization", "acme")])
        assert await store.organizations() == ["other"]
        assert await store.people("acme") == []
        assert await store.facts("acme", "anna") is None
        assert (await store.summary(NOW)).people == 1


class People:
    async def test_a_person_comes_back(self, store: Store) -> None:
        await hire(store, "anna")
        found = await store.person("acme", "anna")
        assert found is not None
        assert json.loads(found.record)["id"] == "anna"
        assert (found.profile.name, found.managed_by, found.version) == ("Anna", "file", 1)
        assert await store.person("acme", "nobody") is None

    async def test_people_come_in_pages_ordered_by_id(self, store: Store) -> None:
        await hire(store, "c", "a", "b", "B")
        first = await store.people("acme", limit=2)
        rest = await store.people("acme", after=first[-1].person)
        assert [it.person for it in first + rest] == ["B", "a", "b", "c"]

    async def test_a_written_person_is_dirty_and_waits_in_lane_policy(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        assert (anna.dirty, anna.lane, anna.due_at) == (True, Lane.POLICY, NOW)
        assert (anna.presence, anna.evaluated_at, anna.revision) == (None, 0, 0)
        assert await due(store, Lane.DUE) == []

    async def test_a_person_changed_by_somebody_else_is_a_conflict(self, store: Store) -> None:
        await hire(store, "anna")
        stored = await store.person("acme", "anna")
        assert stored is not None
        await store.save_people([person("anna")], now=NOW)
        with pytest.raises(Conflict):
            await store.save_people([stored], now=NOW)

    async def test_people_are_found_by_address_in_any_case(self, store: Store) -> None:
        await hire(store, "anna")
        await store.save_people([person("bo", emails=["Shared@acme.example"])], now=NOW)
        await store.save_people([person("cia", emails=["shared@ACME.example"])], now=NOW)
        assert await store.person_by_email("acme", "anna@acme.example") == ["anna"]
        assert await store.person_by_email("acme", "shared@acme.example") == ["bo", "cia"]

    async def test_an_address_given_up_finds_nobody(self, store: Store) -> None:
        await hire(store, "anna")
        await store.save_people([person("anna", emails=[])], now=NOW)
        assert await store.person_by_email("acme", "anna@acme.example") == []

    async def test_changing_a_record_keeps_presence_and_manual(self, store: Store) -> None:
        await hire(store, "anna")
        await settle(store)
        await store.set_manual("acme", "anna", DND, now=NOW)
        before = await facts(store, "anna")
        await store.save_people([person("anna", title="CEO")], now=NOW + 1)
        after = await facts(store, "anna")
        assert (after.presence, after.manual) == (before.presence, DND)
        assert after.input_version > before.input_version

    async def test_a_deleted_person_is_gone_everywhere(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await store.save_upload("acme", "anna", "desk", b"BEGIN:VCALENDAR", now=NOW)
        await store.save_people([], [("acme", "anna")], now=NOW)
        assert await store.presence("acme", "anna") is None
        assert await store.person_by_email("acme", "anna@acme.example") == []
        assert await store.calendars("acme") == []
        assert await store.upload("acme", "anna", "desk") is None
        assert await due(store, Lane.POLICY) == []

    async def test_shards_part_the_due(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        mine = shard_of("acme", "anna")
        assert mine != shard_of("acme", "bo")
        [anna] = await store.load_due(lane=Lane.POLICY, now=NOW, limit=9, shards=[mine])
        assert anna.person == "anna"
        assert await store.next_due_at([mine]) == NOW
        assert await store.next_due_at([(mine + 1) % 64]) is None


class Calendars:
    async def test_new_calendars_have_never_been_read(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"), key("anna", "second"))
        rows = await store.calendars("acme")
        assert [(it.key.name, it.health, it.read_at) for it in rows] == [
            ("default", "new", None),
            ("second", "new", None),
        ]

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
        await store.mark_calendars([stale])
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
        await store.mark_calendars([CalendarHealth(key("anna"), "denied", next_probe_at=NOW + 9)])
        [row] = await store.calendars("acme")
        assert (row.cursor, row.health, row.next_probe_at) == (b"1", "denied", NOW + 9)
        await store.mark_calendars([CalendarHealth(key("anna"), "ok", cursor=b"2")])
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


class Due:
    async def test_a_boundary_makes_a_person_due(self, store: Store) -> None:
        await hire(store, "anna")
        await settle(store, next_change_at=NOW + HOUR)
        assert await due(store, Lane.DUE, NOW + HOUR - 1) == []
        [anna] = await due(store, Lane.DUE, NOW + HOUR)
        assert (anna.lane, anna.due_at, anna.dirty) == (Lane.DUE, NOW + HOUR, False)
        assert await store.next_due_at() == NOW + HOUR

    async def test_a_boundary_is_served_while_its_person_waits_in_another_lane(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await settle(store, next_change_at=NOW + HOUR)
        await store.touch("acme", None, lane=Lane.POLICY, now=NOW + 1)
        assert await ids(store, Lane.DUE, NOW + HOUR) == ["anna"]
        assert await ids(store, Lane.POLICY, NOW + HOUR) == ["anna"]

    async def test_a_boundary_met_with_the_old_timeline_leaves_a_dirty_person_waiting(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await settle(store, next_change_at=NOW + 1)
        await store.touch("acme", ["anna"], lane=Lane.POLICY, now=NOW)
        [anna] = await due(store, Lane.DUE, NOW + 1)
        await store.commit_batch([result(anna)], now=NOW + 1)
        assert await due(store, Lane.DUE, NOW + 1) == []
        [anna] = await due(store, Lane.POLICY, NOW + 1)
        assert anna.dirty
        await store.commit_batch([result(anna, timeline=timeline())], now=NOW + 1)
        assert await due(store, Lane.POLICY, NOW + 1) == []

    async def test_the_oldest_are_served_first(self, store: Store) -> None:
        await hire(store, "anna", "bo", "cia")
        waiting = await due(store, Lane.POLICY)
        late = {"anna": NOW + 30, "bo": NOW + 10, "cia": NOW + 20}
        batch = [result(it, next_change_at=late[it.person], timeline=timeline()) for it in waiting]
        await store.commit_batch(batch, now=NOW)
        found = await due(store, Lane.DUE, NOW + 60, limit=2)
        assert [it.person for it in found] == ["bo", "cia"]

    async def test_touching_everybody_counts_them(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await hire(store, "eve", organization="other")
        await settle(store)
        assert await store.touch("acme", None, lane=Lane.CALENDAR, now=NOW) == 2
        assert await store.touch("acme", ["anna", "nobody"], lane=Lane.HAND, now=NOW) == 1
        assert await ids(store, Lane.CALENDAR) == ["bo"]
        assert await ids(store, Lane.HAND) == ["anna"]

    async def test_a_more_urgent_lane_is_kept(self, store: Store) -> None:
        await hire(store, "anna")
        await settle(store)
        await store.set_manual("acme", "anna", DND, now=NOW)
        await store.touch("acme", ["anna"], lane=Lane.POLICY, now=NOW + 1)
        [anna] = await due(store, Lane.HAND)
        assert (anna.due_at, anna.dirty) == (NOW, True)

    async def test_a_manual_presence_queues_without_a_new_timeline(self, store: Store) -> None:
        await hire(store, "anna")
        await settle(store)
        assert await store.set_manual("acme", "anna", DND, now=NOW)
        [anna] = await due(store, Lane.HAND)
        assert (anna.manual, anna.dirty) == (DND, False)
        assert not await store.set_manual("acme", "nobody", DND, now=NOW)

    async def test_manual_presence_ends_a_hold(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        await store.commit_batch([result(anna, hold=HOLD, timeline=timeline())], now=NOW)
        assert (await facts(store, "anna")).hold == HOLD
        await store.set_manual("acme", "anna", None, now=NOW)
        assert (await facts(store, "anna")).hold is None

    async def test_a_hold_is_ended_by_hand(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        await store.commit_batch([result(anna, hold=HOLD, timeline=timeline())], now=NOW)
        assert await store.end_hold("acme", "anna", now=NOW)
        assert not await store.end_hold("acme", "anna", now=NOW)
        assert await ids(store, Lane.HAND) == ["anna"]


class Batches:
    async def test_what_was_evaluated_comes_back(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        future = timeline((NOW, NOW + HOUR, "meeting"))
        done = await store.commit_batch(
            [result(anna, manual=DND, hold=HOLD, timeline=future)], now=NOW
        )
        assert (done.revisions, done.refused) == ({"acme": 1}, ())
        anna = await facts(store, "anna")
        assert (anna.presence, anna.manual, anna.hold) == (MEETING, DND, HOLD)
        assert (anna.timeline, anna.evaluated_at, anna.revision) == (future, NOW, 1)
        stored = await store.presence("acme", "anna")
        assert stored is not None
        assert (stored.presence, stored.next_change_at) == (MEETING, NOW + HOUR)

    async def test_a_result_from_old_input_is_refused(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        waiting = await due(store, Lane.POLICY)
        await store.set_manual("acme", "anna", DND, now=NOW)
        batch = [result(it, timeline=timeline(), log=True) for it in waiting]
        done = await store.commit_batch(batch, now=NOW)
        assert done.refused == (("acme", "anna"),)
        assert (await facts(store, "anna")).presence is None
        assert (await facts(store, "bo")).presence == MEETING
        assert await ids(store, Lane.HAND) == ["anna"]
        assert [it.person for it in await store.transitions("acme", 0)] == ["bo"]

    async def test_a_result_for_somebody_who_left_is_refused(self, store: Store) -> None:
        await hire(store, "anna")
        waiting = await due(store, Lane.POLICY)
        await store.save_people([], [("acme", "anna")], now=NOW)
        done = await store.commit_batch([result(it) for it in waiting], now=NOW)
        assert (done.revisions, done.refused) == ({}, (("acme", "anna"),))

    async def test_an_unchanged_presence_takes_no_revision(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        await store.commit_batch([result(anna, timeline=timeline())], now=NOW)
        anna = await facts(store, "anna")
        done = await store.commit_batch([result(anna, changed=False)], now=NOW)
        assert done.revisions == {}
        assert await store.revision("acme") == 1
        assert [it.revision for it in await store.changed_since("acme", 0)] == [1]

    async def test_revisions_rise_per_organization(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await hire(store, "eve", organization="other")
        batch = [result(it) for it in await due(store, Lane.POLICY)]
        done = await store.commit_batch(batch, now=NOW)
        assert done.revisions == {"acme": 2, "other": 1}
        found = await store.changed_since("acme", 0)
        assert sorted((it.revision, it.person) for it in found) == [(1, "anna"), (2, "bo")]
        assert await store.changed_since("acme", 2) == []
        assert len(await store.changed_since("acme", 0, limit=1)) == 1
        assert [await store.revision(of) for of in ("acme", "other", "new")] == [2, 1, 0]

    async def test_changes_are_told_as_the_present_not_the_past(self, store: Store) -> None:
        await hire(store, "anna")
        for presence in (MEETING, AVAILABLE):
            anna = await facts(store, "anna")
            await store.commit_batch([result(anna, presence)], now=NOW)
        [only] = await store.changed_since("acme", 0)
        assert (only.revision, only.presence) == (2, AVAILABLE)

    async def test_a_transition_tells_before_and_after_without_text(self, store: Store) -> None:
        await hire(store, "anna")
        for presence in (MEETING, AVAILABLE):
            anna = await facts(store, "anna")
            await store.commit_batch([result(anna, presence, log=True)], now=NOW)
        first, second = await store.transitions("acme", 0)
        assert (first.before, first.after.activity, first.revision) == (None, "meeting", 1)
        assert first.after.note == ""
        assert second.before == first.after
        assert (second.after, second.at, second.profile.name) == (AVAILABLE, NOW, "Anna")
        assert await store.transitions("acme", 1) == [second]
        assert await store.oldest_transition("acme") == 1

    async def test_crowded_seconds_are_found_and_loaded_ahead_in_pages(self, store: Store) -> None:
        await hire(store, "anna", "bo", "cia", "dan")
        await settle(store, next_change_at=NOW + 60)
        await store.touch("acme", ["dan"], lane=Lane.HAND, now=NOW)  # waits in a lane: not calm
        assert await store.crowds(after=NOW, until=NOW + 60, least=2) == [(NOW + 60, 4)]
        assert await store.crowds(after=NOW, until=NOW + 60, least=5) == []
        assert await store.crowds(after=NOW + 60, until=NOW + 90, least=1) == []
        found: list[str] = []
        after = None
        while page := await store.load_ahead(at=NOW + 60, after=after, limit=2):
            found += [one.person for one in page]
            last = page[-1]
            after = ("acme", last.person)
        assert found == ["anna", "bo", "cia"]

    async def test_what_was_sealed_ahead_is_stored_where_nothing_changed(
        self, store: Store
    ) -> None:
        await hire(store, "anna", "bo")
        await settle(store, next_change_at=NOW + 60)
        page = await store.load_ahead(at=NOW + 60, after=None, limit=10)
        ready = [
            store.seal_ahead(result(one, MEETING, evaluated_at=NOW + 60, log=False)) for one in page
        ]
        await store.touch("acme", ["bo"], lane=Lane.HAND, now=NOW + 1)
        done = await store.commit_batch(ready, now=NOW + 60)
        assert done.refused == (("acme", "bo"),)
        stored = await store.presence("acme", "anna")
        assert stored is not None
        assert stored.presence == MEETING

    async def test_the_steps_of_a_catch_up_are_told_one_by_one(self, store: Store) -> None:
        await hire(store, "anna")
        anna = await facts(store, "anna")
        steps = [
            result(anna, presence, evaluated_at=NOW - back, log=True)
            for presence, back in ((MEETING, 60), (AVAILABLE, 30), (MEETING, 0))
        ]
        done = await store.commit_batch(steps, now=NOW)
        assert done.revisions == {"acme": 3}
        told = await store.transitions("acme", 0)
        assert [(one.revision, one.at, one.after.activity) for one in told] == [
            (1, NOW - 60, "meeting"),
            (2, NOW - 30, "available"),
            (3, NOW, "meeting"),
        ]
        assert [one.before and one.before.activity for one in told] == [
            None,
            "meeting",
            "available",
        ]
        [only] = await store.changed_since("acme", 0)
        assert (only.revision, only.presence.activity) == (3, "meeting")

    async def test_somebody_never_evaluated_has_the_default_presence(self, store: Store) -> None:
        await hire(store, "anna")
        [stored] = await store.presences("acme")
        assert (stored.presence, stored.revision) == (Presence(), 0)
        assert await store.presence("acme", "nobody") is None

    async def test_presences_come_in_pages(self, store: Store) -> None:
        await hire(store, "anna", "bo", "cia")
        assert [it.person for it in await store.presences("acme", after="anna", limit=1)] == ["bo"]

    async def test_a_stale_owner_is_refused(self, store: Store) -> None:
        await hire(store, "anna")
        [held] = await store.take_leases("one", [3], now=NOW, seconds=10)
        [anna] = await due(store, Lane.POLICY)
        await store.commit_batch([result(anna)], now=NOW, lease=held)
        await store.take_leases("two", [3], now=NOW + 10, seconds=10)
        with pytest.raises(StaleOwner):
            await store.commit_batch([result(anna)], now=NOW + 11, lease=held)

    async def test_nobody_is_an_empty_batch(self, store: Store) -> None:
        done = await store.commit_batch([], now=NOW)
        assert (done.revisions, done.refused) == ({}, ())
        assert await store.load_inputs([]) == []


class Sinks:
    async def test_a_sink_remembers_its_cursor_and_rows(self, store: Store) -> None:
        assert await store.sink_cursor("acme", "hook") is None
        rows = [SinkRow("acme", "hook", it, 4, b"etag", b"d", NOW, 2) for it in ("anna", "bo")]
        await store.save_sink("acme", "hook", cursor=4, rows=rows)
        assert await store.sink_cursor("acme", "hook") == 4
        assert await store.sink_rows("acme", "hook", ["anna", "x"]) == {"anna": rows[0]}
        await store.save_sink("acme", "hook", forget=["anna"])
        assert await store.sink_rows("acme", "hook", ["anna", "bo"]) == {"bo": rows[1]}
        assert await store.sink_cursor("acme", "hook") == 4

    async def test_due_rows_come_oldest_first(self, store: Store) -> None:
        ages = {"anna": NOW + 2, "bo": NOW + 1, "cia": None, "dan": NOW + 9}
        rows = [SinkRow("acme", "hook", it, 1, due_at=at) for it, at in ages.items()]
        await store.save_sink("acme", "hook", rows=rows)
        found = await store.sink_due("acme", "hook", NOW + 5)
        assert [it.person for it in found] == ["bo", "anna"]
        assert await store.sink_next_due("acme", "hook") == NOW + 1
        assert await store.sink_next_due("acme", "none") is None

    async def test_a_deleted_sink_remembers_nothing(self, store: Store) -> None:
        row = SinkRow("acme", "hook", "anna", 1, due_at=NOW)
        await store.save_sink("acme", "hook", cursor=1, rows=[row])
        await store.delete_sink("acme", "hook")
        assert await store.sink_cursor("acme", "hook") is None
        assert await store.sink_due("acme", "hook", NOW) == []


class Access:
    async def test_a_breaker_is_compared_and_set(self, store: Store) -> None:
        assert await store.breaker("acme", "dav") is None
        await store.save_breaker(Breaker("acme", "dav", "f", (NOW,), NOW + 60))
        stored = await store.breaker("acme", "dav")
        assert stored == Breaker("acme", "dav", "f", (NOW,), NOW + 60, 1)
        await store.save_breaker(stored)
        for stale in (stored, Breaker("acme", "dav", "f")):
            with pytest.raises(Conflict):
                await store.save_breaker(stale)

    async def test_a_secret_is_written_read_and_deleted(self, store: Store) -> None:
        await store.save_secret("acme", "dav", "password", "hemligt")
        await store.save_secret("acme", "dav", "password", "nytt")
        assert await store.secret("acme", "dav", "password") == "nytt"
        await store.save_secret("acme", "dav", "password", None)
        assert await store.secret("acme", "dav", "password") is None

    async def test_principals_are_found_by_id_organization_and_name(self, store: Store) -> None:
        bo = Principal("1", "acme", "account", "Bo", "admin", "bo", "h", NOW, NOW + 9, True)
        root = Principal("2", None, "account", "Bo", "provider", None, "h", NOW)
        token = Principal("3", "acme", "token", "bo", "member", None, "h", NOW)
        for written in (bo, root, token):
            await store.save_principal(written)
        assert await store.principals("acme") == [bo, token]
        assert await store.principals(None) == [root]
        assert await store.account("acme", "bO") == bo
        assert await store.account(None, "bo") == root
        assert await store.principal("3") == token
        await store.delete_principal("1")
        assert await store.principal("1") is None

    async def test_audit_is_read_newest_first(self, store: Store) -> None:
        entries = [AuditEntry("acme", NOW + it, "cli", "apply", "acme") for it in range(3)]
        await store.append_audit(entries)
        assert await store.audit("acme", limit=2) == [entries[2], entries[1]]

    async def test_a_lease_has_one_owner_until_it_ends(self, store: Store) -> None:
        mine = await store.take_leases("one", [0, 1], now=NOW, seconds=10)
        assert [(it.shard, it.epoch, it.until) for it in mine] == [
            (0, 1, NOW + 10),
            (1, 1, NOW + 10),
        ]
        assert await store.take_leases("two", [0, 1], now=NOW + 9, seconds=10) == []
        [again] = await store.take_leases("one", [0], now=NOW + 9, seconds=10)
        assert (again.epoch, again.until) == (1, NOW + 19)
        [theirs] = await store.take_leases("two", [0, 1], now=NOW + 10, seconds=10)
        assert (theirs.shard, theirs.owner, theirs.epoch) == (1, "two", 2)


class Retention:
    async def test_a_finished_booking_is_forgotten_once_its_end_was_visited(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        past, ahead = booking("1", NOW, NOW + 60), booking("2", NOW + HOUR, NOW + 2 * HOUR)
        await store.replace_calendar(read(key("anna"), past, ahead), now=NOW)
        await settle(store, next_change_at=NOW + 60)
        assert (await store.purge(now=NOW + 90))["bookings"] == 0  # the end was not visited yet
        await store.touch("acme", None, lane=Lane.HAND, now=NOW)
        await settle(store, NOW + 90)
        assert (await store.purge(now=NOW + 90))["bookings"] == 1
        assert await store.bookings(key("anna")) == (ahead,)
        assert not any((await store.purge(now=NOW + 90)).values())

    async def test_a_booking_that_ends_without_a_boundary_is_forgotten_before_the_next_one(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        declined = booking("1", NOW, NOW + 60)
        await store.replace_calendar(read(key("anna"), declined), now=NOW)
        assert (await store.purge(now=NOW + 90))["bookings"] == 0  # nobody has looked at it yet
        await settle(store, next_change_at=NOW + HOUR)
        assert (await store.purge(now=NOW + 90))["bookings"] == 1

    async def test_what_was_purged_is_no_news_when_it_is_read_again(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        past, ahead = booking("1", NOW, NOW + 60), booking("2", NOW + HOUR, NOW + 2 * HOUR)
        await store.replace_calendar(read(key("anna"), past, ahead), now=NOW)
        await settle(store, NOW + 90)
        await store.purge(now=NOW + 90)
        assert not await store.replace_calendar(read(key("anna"), past, ahead), now=NOW + 90)
        assert await store.bookings(key("anna")) == (ahead,)

    async def test_an_all_day_booking_ends_with_its_owners_day(self, store: Store) -> None:
        from datetime import date

        from kalends.model.booking import Booking

        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        noon = NOW - NOW % DAY + DAY // 2
        day = date.fromordinal(date(1970, 1, 1).toordinal() + NOW // DAY)
        after = date.fromordinal(day.toordinal() + 1)
        whole = Booking("1", noon, noon, all_day=True, first_day=day, after_day=after)
        await store.replace_calendar(read(key("anna"), whole), now=NOW)
        await settle(store, noon + HOUR)
        assert (await store.purge(now=noon + HOUR))["bookings"] == 0

    async def test_finished_segments_are_forgotten_with_their_notes(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        future = timeline((NOW, NOW + 60, "meeting"), (NOW + HOUR, NOW + 2 * HOUR, "lunch"))
        await store.commit_batch(
            [result(anna, timeline=future, evaluated_at=NOW + 60)], now=NOW + 60
        )
        assert (await store.purge(now=NOW + 60))["segments"] == 1
        assert [it.activity for it in (await facts(store, "anna")).timeline.segments] == ["lunch"]

    async def test_purging_makes_nobody_due(self, store: Store) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        await store.replace_calendar(read(key("anna"), booking("1", NOW, NOW + 60)), now=NOW)
        await settle(store, NOW + 90)
        before = (await facts(store, "anna")).input_version
        await store.purge(now=NOW + 90)
        assert (await facts(store, "anna")).input_version == before
        assert await store.next_due_at() is None

    async def test_transitions_live_an_hour_and_audit_ninety_days(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        await store.commit_batch([result(anna, log=True)], now=NOW)
        await store.append_audit([AuditEntry("acme", NOW, "cli", "apply", "acme")])
        assert not any((await store.purge(now=NOW + HOUR)).values())
        assert (await store.purge(now=NOW + HOUR + 1))["transitions"] == 1
        assert await store.oldest_transition("acme") is None
        assert (await store.purge(now=NOW + 90 * DAY + 1))["audit"] == 1
        assert await store.audit("acme") == []

    async def test_a_credential_that_failed_long_ago_is_forgotten(self, store: Store) -> None:
        for name, failed in (("old", NOW - 8 * DAY), ("fresh", NOW - HOUR)):
            await store.save_breaker(Breaker("acme", name, "f", (failed,)))
        await store.save_breaker(Breaker("acme", "shut", "f", (NOW - 8 * DAY,), NOW + HOUR))
        await store.save_breaker(Breaker("acme", "well", "f"))
        assert (await store.purge(now=NOW))["breakers"] == 2
        assert await store.breaker("acme", "old") is None
        assert await store.breaker("acme", "well") is None  # says what no row says
        assert await store.breaker("acme", "fresh") is not None
        assert await store.breaker("acme", "shut") is not None

    async def test_expired_tokens_go(self, store: Store) -> None:
        token = Principal("1", "acme", "token", "t", "member", None, "h", NOW, NOW + 60)
        await store.save_principal(token)
        assert (await store.purge(now=NOW + 60))["tokens"] == 0
        assert (await store.purge(now=NOW + 61))["tokens"] == 1

    async def test_what_a_sink_remembers_of_somebody_who_left_goes_when_it_is_done(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        rows = [SinkRow("acme", "hook", "anna", 1), SinkRow("acme", "hook", "left", 1)]
        busy = SinkRow("acme", "hook", "leaving", 1, due_at=NOW)
        await store.save_sink("acme", "hook", rows=[*rows, busy])
        assert (await store.purge(now=NOW))["sink_rows"] == 1
        found = await store.sink_rows("acme", "hook", ["anna", "left", "leaving"])
        assert sorted(found) == ["anna", "leaving"]

    async def test_purge_works_in_slices(self, store: Store) -> None:
        await hire(store, "anna")
        await store.append_audit([AuditEntry("acme", 1, "a", "b", "c") for _ in range(5)])
        counts = [(await store.purge(now=NOW, limit=2))["audit"] for _ in range(4)]
        assert counts == [2, 2, 1, 0]

    async def test_figures_count_the_due_and_the_stale(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await give_calendar(store, key("anna"))
        await store.mark_calendars([CalendarHealth(key("anna"), "denied", stale_since=NOW)])
        figures = await store.summary(NOW)
        assert (figures.people, figures.due, figures.oldest_due_at) == (2, 2, NOW)
        assert (figures.calendars, figures.stale) == (1, 1)
        await settle(store, next_change_at=NOW + 5)
        figures = await store.summary(NOW)
        assert (figures.due, figures.oldest_due_at, figures.revisions) == (0, None, {"acme": 2})
        assert (await store.summary(NOW + 5)).due == 2

    async def test_a_sound_database_complains_of_nothing(self, store: Store) -> None:
        await hire(store, "anna")
        await store.truncate()
        assert await store.integrity() == []


class StoreContract(Documents, People, Calendars, Due, Batches, Sinks, Access, Retention, Tenants):
    """Inherit, and give a fixture ``store`` (empty)."""
