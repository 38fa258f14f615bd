"""Exchange keeps the contract in every version, and in every way a mailbox may be read."""

import pytest

from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import CalendarSourceContract


class TestExchange2007(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> EwsWorld:
        return EwsWorld("2007 SP1")


@pytest.mark.slow
class TestExchange2010(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> EwsWorld:
        return EwsWorld("2010 SP2")


class TestExchange2016(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> EwsWorld:
        return EwsWorld("2016")


class TestServerThatLeavesSeriesToUs(CalendarSourceContract):
    """Not Microsoft's: a view shows masters, and only those that begin in it."""

    @pytest.fixture
    def world(self) -> EwsWorld:
        world = EwsWorld("2010")
        world.server.faults.unexpanded = True
        return world


class TestDelegateAccess(CalendarSourceContract):
    """Calendars shared with the account; it may impersonate nobody."""

    @pytest.fixture
    def world(self) -> EwsWorld:
        world = EwsWorld("2016", access="delegate")
        world.shared()
        return world
