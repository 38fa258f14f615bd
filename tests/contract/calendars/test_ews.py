"""Exchange keeps the contract in every version, and in every way a mailbox may be read."""

import pytest

from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import CalendarSourceContract


class TestExchange2007(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> EwsWorld:
        return EwsWorld("2007 SP1")


class TestExchange2010(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> EwsWorld:
        return EwsWorld("2010 SP2")


class TestExchange2016(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> EwsWorld:
        return EwsWorld("2016")
