"""What every store does with what administrators wrote: documents, people."""

from __future__ import annotations

import json

import pytest

from kalends.errors import Conflict
from kalends.store.contract import (
    Document,
    Lane,
    Store,
    shard_of,
)
from tests.contract.store.world import (
    DND,
    NOW,
    due,
    facts,
    give_calendar,
    hire,
    key,
    person,
    settle,
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
        assert await store.next_due([mine]) == {Lane.POLICY: NOW}
        assert await store.next_due([(mine + 1) % 64]) == {}
