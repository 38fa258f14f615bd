"""ICS keeps the contract over HTTP, from a file and uploaded."""

from pathlib import Path

import pytest

from tests.contract.calendars.suite import CalendarSourceContract
from tests.contract.calendars.worlds import FeedWorld, FileWorld, UploadWorld


class TestFeed(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> FeedWorld:
        return FeedWorld()


class TestFeedByDate(CalendarSourceContract):
    """A server that knows Last-Modified only."""

    @pytest.fixture
    def world(self) -> FeedWorld:
        return FeedWorld(modified=True)


class TestFile(CalendarSourceContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return FileWorld(tmp_path)


class TestUpload(CalendarSourceContract):
    @pytest.fixture
    def world(self) -> UploadWorld:
        return UploadWorld()
