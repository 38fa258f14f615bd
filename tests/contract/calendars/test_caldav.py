"""CalDAV keeps the contract with every kind of server."""

import pytest
from lab.dav.faults import Faults

from tests.contract.calendars.suite import CalendarSourceContract
from tests.contract.calendars.worlds import CaldavWorld


class TestSyncCollection(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> CaldavWorld:
        return CaldavWorld()


class TestPagesOfTwo(CalendarSourceContract):
    """Google's manner: a few members at a time, then 507."""

    @pytest.fixture
    def world(self) -> CaldavWorld:
        return CaldavWorld(Faults(page=2, collection_in_sync=True, not_found_property=True))


class TestCtags(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> CaldavWorld:
        return CaldavWorld(Faults(no_sync=True))


class TestEtagsOnly(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> CaldavWorld:
        return CaldavWorld(Faults(no_sync=True, no_ctag=True, weak_etags=True), poll_requests=2)


class TestForgetfulServer(CalendarSourceContract):
    """Every token is refused: everything works, by comparing ETags."""

    @pytest.fixture
    def world(self) -> CaldavWorld:
        return CaldavWorld(Faults(forget_tokens=True, invalid_token_status=412), poll_requests=3)


class TestOddHrefs(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> CaldavWorld:
        return CaldavWorld(Faults(full_urls=True, escape_hrefs=True, no_multiget=True))
