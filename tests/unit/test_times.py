"""Local days and moments."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from kalends.model.times import days, seconds, utc


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        seconds(datetime(2026, 3, 2, 13, 0))  # noqa: DTZ001


def test_the_day_clocks_go_forward_has_23_hours() -> None:
    day = days(date(2026, 3, 29), date(2026, 3, 30), ZoneInfo("Europe/Stockholm"))
    assert day.end - day.start == 23 * 3600


def test_a_day_whose_midnight_does_not_exist_begins_with_its_first_moment() -> None:
    day = days(date(2024, 3, 31), date(2024, 4, 1), ZoneInfo("Asia/Beirut"))
    assert utc(day.start).astimezone(ZoneInfo("Asia/Beirut")).hour == 1
    assert day.end - day.start == 23 * 3600
