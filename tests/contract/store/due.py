"""What every store does with the due: lanes, batches of results, revisions."""

from __future__ import annotations

import pytest

from kalends.errors import StaleOwner
from kalends.model.presence import Presence
from kalends.model.vocabulary import Availability
from kalends.store.contract import (
    Lane,
    Store,
)
from kalends.store.units import commit, shown
from tests.contract.store.world import (
    AVAILABLE,
    DND,
    HOLD,
    HOUR,
    MEETING,
    NOW,
    due,
    facts,
    hire,
    ids,
    result,
    settle,
    timeline,
)

LUNCH = Presence(Availability.AWAY, "lunch")


class Due:
    async def test_up_to_when_anybody_was_evaluated_is_known(self, store: Store) -> None:
        assert await store.evaluated_until() == 0
        await hire(store, "anna", "bo")
        assert await store.evaluated_until() == 0
        await settle(store, next_change_at=NOW + HOUR)
        assert await store.evaluated_until() == NOW

    async def test_a_boundary_makes_a_person_due(self, store: Store) -> None:
        await hire(store, "anna")
        await settle(store, next_change_at=NOW + HOUR)
        assert await due(store, Lane.DUE, NOW + HOUR - 1) == []
        [anna] = await due(store, Lane.DUE, NOW + HOUR)
        assert (anna.lane, anna.due_at, anna.dirty) == (Lane.DUE, NOW + HOUR, False)
        assert await store.next_due() == {Lane.DUE: NOW + HOUR}

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

    async def test_a_result_for_somebody_who_had_the_id_before_is_refused(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        waiting = await due(store, Lane.POLICY)
        await store.save_people([], [("acme", "anna")], now=NOW)
        await hire(store, "anna")
        batch = [result(it, timeline=timeline((NOW, NOW + HOUR, "meeting"))) for it in waiting]
        done = await store.commit_batch(batch, now=NOW)
        assert done.refused == (("acme", "anna"),)
        assert (await facts(store, "anna")).presence is None
        assert await ids(store, Lane.POLICY) == ["anna"]

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
        ready = store.seal_ahead([result(one, evaluated_at=NOW + 60) for one in page])
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

    async def test_what_a_crowd_replaces_is_never_read_and_forgotten_later(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commit, "CROWDED", 2)
        monkeypatch.setattr(shown, "WINDOW", 2)
        await hire(store, "anna", "bo", "cia", "dan")
        await settle(store)  # four at once
        for now, presence in ((NOW + 1, MEETING), (NOW + 2, LUNCH)):
            people = [await facts(store, it) for it in ("anna", "bo", "cia")]
            await store.commit_batch([result(it, presence) for it in people], now=now)
        told = await store.changed_since("acme", 0, 100)
        assert [(it.person, it.presence) for it in told] == [
            ("dan", AVAILABLE), ("anna", LUNCH), ("bo", LUNCH), ("cia", LUNCH)
        ]  # fmt: skip
        looked_at = []
        while rows := await store.forget_replaced():
            looked_at.append(rows)
        assert sum(looked_at) == 7, "all but the last three rows"
        assert await store.changed_since("acme", 0, 100) == told
        assert await store.forget_replaced() == 0

    async def test_what_is_shown_is_corrected_under_its_revision(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await settle(store)
        before = await store.changed_since("acme", 0, 100)
        bo = await facts(store, "bo")
        await store.commit_batch([result(bo, LUNCH, changed=False)], now=NOW)
        after = await store.changed_since("acme", 0, 100)
        assert [it.revision for it in after] == [it.revision for it in before]
        assert {it.person: it.presence for it in after} == {"anna": AVAILABLE, "bo": LUNCH}

    async def test_of_somebody_who_is_deleted_nothing_is_shown(self, store: Store) -> None:
        await hire(store, "anna", "bo")
        await settle(store)
        await store.save_people([], [("acme", "anna")], now=NOW)
        await hire(store, "anna")
        assert [it.person for it in await store.changed_since("acme", 0, 100)] == ["bo"]
        anna = await facts(store, "anna")
        assert (anna.revision, anna.presence) == (0, None)
