"""The emulator, judged by exchangelib: a client nobody here wrote, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import pytest
from lab.exchange.seed import Plan, book, seed
from lab.exchange.serve import serving
from lab.exchange.server import ExchangeServer

from tests.acceptance.exchange.environment import exchangelib

pytestmark = pytest.mark.slow
every_version = pytest.mark.parametrize(
    "named", ["2007 SP1", "2010", "2010 SP2", "2013", "2016", "2019", "SE"]
)
that_streams = pytest.mark.parametrize("named", ["2010 SP2", "2013", "2016", "2019", "SE"])
ANNA = "anna@example.test"
Exchange = Callable[[str], AbstractAsyncContextManager[ExchangeServer]]
MEETING = Plan(
    ANNA,
    "Budget",
    datetime(2026, 3, 2, 8, tzinfo=UTC),
    datetime(2026, 3, 2, 9, tzinfo=UTC),
)


@asynccontextmanager
async def exchange(named: str) -> AsyncIterator[ExchangeServer]:
    server = ExchangeServer(named=named)
    people = [(ANNA, "Anna Berg"), ("bea@example.test", "Bea Alm")]
    seed(server.organization, service=("svc@example.test", "secret"), people=people)
    async with serving(server):
        yield server


@every_version
async def test_what_it_books_it_finds_changed_and_gone(named: str) -> None:
    async with exchange(named) as server, exchangelib(server.url, "create_and_find") as client:
        version = await client.says()
        assert f"Build={'.'.join(map(str, server.version.build))}" in version
        single = ["Budget & <figures>", "2026-03-02T08:00:00+00:00", "2026-03-02T09:00:00+00:00",
                  "Single", "OOF", False, ["Work, hard", "Q1"]]  # fmt: skip
        # 2007 knows no TimeZoneContext: exchangelib takes the date of midnight UTC there.
        date = "2026-03-04" if named == "2007 SP1" else "2026-03-05"
        day = ["Day off", date, date, "Single", "Busy", True, []]
        assert await client.says() == [single, day]
        assert await client.says() == ["Day off"]
        single[:3] = ["Moved", "2026-03-02T13:00:00+00:00", "2026-03-02T14:00:00+00:00"]
        assert await client.says() == [single, day]
        assert await client.says() == [day]


@every_version
async def test_a_series_shows_its_exceptions_and_lacks_what_was_deleted(named: str) -> None:
    async with exchange(named) as server, exchangelib(server.url, "exceptions") as client:
        seen = [(one[1], one[3]) for one in await client.says()]
        assert seen == [
            ("2026-03-03T08:00:00+00:00", "Occurrence"),
            ("2026-03-11T10:00:00+00:00", "Exception"),
            ("2026-03-17T08:00:00+00:00", "Occurrence"),
            ("2026-03-31T07:00:00+00:00", "Occurrence"),  # summer time began on the 29th
            ("2026-04-07T07:00:00+00:00", "Occurrence"),
        ]
        modified, deleted, rule = await client.says()
        assert (modified, deleted) == (1, 1)
        assert "Tuesday" in rule
        assert await client.says() == "ErrorCalendarOccurrenceIsDeletedFromRecurrence"
        assert await client.says() == "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"


@every_version
async def test_it_syncs_masters_and_then_changes(named: str) -> None:
    async with exchange(named) as server, exchangelib(server.url, "sync") as client:
        assert await client.says() == [["create", "Weekly"]]
        assert await client.says() == [["update", "Renamed"]]
        assert await client.says() == ["delete"]


@every_version
async def test_it_pulls_events_until_there_are_none(named: str) -> None:
    async with exchange(named) as server, exchangelib(server.url, "pull") as client:
        told = await client.says()
        assert told[0] == "CreatedEvent"
        assert await client.says() == ["StatusEvent"]
        assert await client.says() == "ErrorSubscriptionNotFound"


@that_streams
async def test_it_hears_of_a_change_while_it_streams(named: str) -> None:
    async with exchange(named) as server, exchangelib(server.url, "streaming") as client:
        assert await client.says() == "listening"
        book(server.organization, MEETING)
        assert "CreatedEvent" in await client.says(10)


async def test_envelopes_in_pieces_do_not_disturb_it() -> None:
    async with exchange("2019") as server, exchangelib(server.url, "streaming") as client:
        server.faults.split_envelopes = True
        assert await client.says() == "listening"
        book(server.organization, MEETING)
        assert "CreatedEvent" in await client.says(10)


@pytest.mark.parametrize("named", ["2010", "2010 SP2", "2013", "2016", "2019", "SE"])
async def test_it_learns_availability_and_working_hours(named: str) -> None:
    async with exchange(named) as server:
        book(server.organization, MEETING)
        # Before 2010 SP2 availability is not to be had under impersonation.
        access = "delegate" if named == "2010" else "impersonation"
        async with exchangelib(server.url, "availability", access=access) as client:
            kind, merged = await client.says()
            assert kind == "FreeBusyMerged"
            assert merged == "0" * 33 + "2" + "0" * 38
            [[start, end, busy]] = await client.says()
            assert (start[:16], end[:16], busy) == (
                "2026-03-02 09:00", "2026-03-02 10:00", "Busy"
            )  # fmt: skip
            assert await client.says() == [[1, 2, 3, 4, 5], "08:00:00", "17:00:00"]


async def test_who_is_outside_the_scope_is_denied() -> None:
    async with exchange("2019") as server:
        server.organization.accounts["svc@example.test"].impersonates = {"bea@example.test"}
        async with exchangelib(server.url, "look") as client:
            assert (await client.says())[0] == "ErrorImpersonateUserDenied"


async def test_who_was_given_the_mailbox_reads_it_as_itself() -> None:
    async with exchange("2016") as server:
        book(server.organization, MEETING)
        server.organization.mailboxes[ANNA].delegates["svc@example.test"] = "Owner"
        async with exchangelib(server.url, "look", access="delegate") as client:
            assert [one[0] for one in await client.says()] == ["Budget"]


async def test_it_is_told_how_long_the_server_is_busy() -> None:
    async with exchange("2019") as server:
        server.faults.busy_operations = {"FindItem"}
        server.faults.busy = 297_749
        async with exchangelib(server.url, "look") as client:
            assert await client.says() == ["ErrorServerBusy", 297.749]
