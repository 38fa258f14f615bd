"""Exchange 2003 and 2007 keep the contract, over HTTP sign-in and over OWA's forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kalends.model.booking import Response
from tests.contract.calendars.exchange_dav import ExchangeWorld
from tests.contract.calendars.suite import (
    MEETING,
    CalendarSourceContract,
    Follower,
    World,
)


class ExchangeWebdavContract(CalendarSourceContract):
    """The contract, where it speaks of iCalendar's own ways said as Exchange has them."""

    async def test_another_zone_of_the_owner_is_a_reason_to_read(
        self, world: World, follower: Follower
    ) -> None:
        """Nothing floats in Exchange; whole days are those of the owner."""
        world.put("one", "DTSTART;VALUE=DATE:20260302", "SUMMARY:Semester")
        assert str((await follower.only()).first_day) == "2026-03-02"
        follower.ref = replace(follower.ref, timezone="Pacific/Auckland")
        before = world.requests()
        await follower.only()
        assert world.requests() > before + 1  # read again, not only polled

    async def test_another_address_of_the_owner_is_a_reason_to_read(
        self, world: World, follower: Follower
    ) -> None:
        """Exchange itself knows the owner's answer, whatever his addresses."""
        invited = (
            "ORGANIZER:mailto:bo@acme.example",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@acme.example",
        )
        world.put("one", *MEETING, *invited)
        follower.ref = replace(follower.ref, emails=("berg@acme.example",))
        assert (await follower.only()).response is Response.DECLINED


class TestExchange2003(ExchangeWebdavContract):
    @pytest.fixture
    def world(self) -> ExchangeWorld:
        return ExchangeWorld(2003)


class TestExchange2007WithForms(ExchangeWebdavContract):
    @pytest.fixture
    def world(self) -> ExchangeWorld:
        return ExchangeWorld(2007, forms=True)


class TestAnOddFrontEnd(ExchangeWebdavContract):
    """It watches nothing, knows no aliases, and names hosts nobody can reach."""

    @pytest.fixture
    def world(self) -> ExchangeWorld:
        odd = {
            "no_subscriptions": True,
            "no_aliases": True,
            "internal_host": "http://ex01.corp.local",
            "raw_named_properties": True,
            "illegal_references": True,
        }
        return ExchangeWorld(2003, forms=True, auth="forms", faults=odd)


@pytest.mark.slow
class TestExchange2007(ExchangeWebdavContract):
    @pytest.fixture
    def world(self) -> ExchangeWorld:
        return ExchangeWorld(2007)


@pytest.mark.slow
class TestWithoutAnyCheapQuestion(ExchangeWebdavContract):
    """Neither subscriptions nor a state of the folder: the window is read each time."""

    @pytest.fixture
    def world(self) -> ExchangeWorld:
        found = ExchangeWorld(2003, faults={"no_subscriptions": True, "no_versions": True})
        found.poll_requests = 2
        return found
