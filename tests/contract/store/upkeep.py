"""What every store keeps for sinks and sign-in, and what it forgets."""

from __future__ import annotations

import pytest
from msgspec import structs

from kalends.errors import Conflict
from kalends.store.contract import (
    AuditEntry,
    Breaker,
    CalendarHealth,
    Document,
    Lane,
    Principal,
    SinkRow,
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
    key,
    read,
    result,
    settle,
    timeline,
)


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

    async def test_a_sink_that_leads_elsewhere_begins_anew_and_keeps_what_it_was_told_to(
        self, store: Store
    ) -> None:
        assert not await store.lead_sink("acme", "hook", b"there")
        assert await store.sink_cursor("acme", "hook") is None
        row = SinkRow("acme", "hook", "anna", 4, b"etag", b"d", NOW, 2)
        for name in ("hook", "other"):
            await store.save_sink("acme", name, cursor=4, rows=[structs.replace(row, sink=name)])
        assert not await store.lead_sink("acme", "hook", b"there")
        assert not await store.lead_sink("acme", "other", b"there")  # nobody knew where it led
        for name in ("hook", "other"):
            assert await store.sink_cursor("acme", name) == 4
        assert await store.lead_sink("acme", "hook", b"elsewhere")
        assert await store.sink_cursor("acme", "hook") is None
        [kept] = (await store.sink_rows("acme", "hook", ["anna"])).values()
        assert kept == SinkRow("acme", "hook", "anna", 4, b"etag", None, NOW, 0)
        assert await store.sink_cursor("acme", "other") == 4
        await store.save_sink("acme", "hook", cursor=5)
        assert not await store.lead_sink("acme", "hook", b"elsewhere")
        assert await store.sink_cursor("acme", "hook") == 5

    async def test_a_deleted_sink_remembers_nothing(self, store: Store) -> None:
        row = SinkRow("acme", "hook", "anna", 1, due_at=NOW)
        await store.save_sink("acme", "hook", cursor=1, rows=[row])
        await store.delete_sink("acme", "hook")
        assert await store.sink_cursor("acme", "hook") is None
        assert await store.sink_due("acme", "hook", NOW) == []

    async def test_with_its_document_a_sink_is_forgotten(self, store: Store) -> None:
        hook = Document("acme", "sink", "hook", b"{}", "api")
        await store.save_documents([hook])
        row = SinkRow("acme", "hook", "anna", 1, due_at=NOW)
        await store.save_sink("acme", "hook", cursor=1, rows=[row])
        await store.save_documents([], [("acme", "sink", "hook")])
        assert await store.sink_cursor("acme", "hook") is None
        assert not await store.sink_holds("acme", "hook")


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

    async def test_what_ended_since_the_last_visit_stays_while_news_wait(
        self, store: Store
    ) -> None:
        await hire(store, "anna")
        await give_calendar(store, key("anna"))
        visited, since = booking("1", NOW, NOW + 60), booking("2", NOW + 60, NOW + 120)
        await store.replace_calendar(read(key("anna"), visited, since), now=NOW)
        await settle(store, NOW + 70, next_change_at=NOW + 120)
        await store.touch("acme", ["anna"], lane=Lane.POLICY, now=NOW + 80)
        assert (await store.purge(now=NOW + 130))["bookings"] == 1
        assert await store.bookings(key("anna")) == (since,)

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
        assert await store.next_due() == {}

    async def test_transitions_live_an_hour_and_audit_ninety_days(self, store: Store) -> None:
        await hire(store, "anna")
        [anna] = await due(store, Lane.POLICY)
        await store.commit_batch([result(anna, log=True)], now=NOW)
        await store.append_audit([AuditEntry("acme", NOW, "cli", "apply", "acme")])
        assert not any((await store.purge(now=NOW + HOUR)).values())
        assert (await store.purge(now=NOW + HOUR + 1))["transitions"] == 1
        assert await store.transitions("acme", 0) == []
        assert (await store.purge(now=NOW + 90 * DAY + 1))["audit"] == 1
        assert await store.audit("acme") == []

    async def test_the_log_is_forgotten_from_its_beginning_and_has_no_holes(
        self, store: Store
    ) -> None:
        for name in ("anna", "bo", "cleo"):
            await hire(store, name)
        who = {one.person: one for one in await due(store, Lane.POLICY)}
        anna, bo, cleo = (who[name] for name in ("anna", "bo", "cleo"))
        await store.commit_batch([result(anna, log=True)], now=NOW)
        caught_up = structs.replace(result(bo, log=True), evaluated_at=NOW - HOUR)
        await store.commit_batch([caught_up], now=NOW)
        later = structs.replace(result(cleo, log=True), evaluated_at=NOW + 60)
        await store.commit_batch([later], now=NOW + 60)
        logged = [it.person for it in await store.transitions("acme", 0)]
        assert logged == ["anna", "bo", "cleo"]
        await store.purge(now=NOW + HOUR)
        assert [it.person for it in await store.transitions("acme", 0)] == logged
        await store.purge(now=NOW + HOUR + 1)
        assert [it.person for it in await store.transitions("acme", 0)] == ["cleo"]
        await store.purge(now=NOW + HOUR + 61)
        assert await store.transitions("acme", 0) == []

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
        await store.mark_calendars(
            [CalendarHealth(key("anna"), "denied", stale_since=NOW)], now=NOW
        )
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
