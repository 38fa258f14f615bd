"""A time on the command line is meant where the organization is, and is to come."""

from datetime import UTC, datetime

import pytest

from kalends.cli.moments import moment, until
from kalends.errors import UserError

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # 13:00 in Stockholm, the day before summer time
ZONE = "Europe/Stockholm"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("13:01", "2026-03-28T13:01:00+01:00"),
        ("13:00", "2026-03-29T13:00:00+02:00"),
        ("8:30", "2026-03-29T08:30:00+02:00"),
        ("2026-03-30", "2026-03-30T00:00:00+02:00"),
        ("2026-03-02T14:30", "2026-03-02T14:30:00+01:00"),
        ("2026-03-02T14:30Z", "2026-03-02T14:30:00+00:00"),
    ],
)
def test_a_time_is_completed(text: str, meant: str) -> None:
    assert moment(text, ZONE, NOON).isoformat() == meant


@pytest.mark.parametrize("text", ["soon", "25:99", "", "2026-13-01", "14.30", "tomorrow 14:30"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"is not a time; write 14:30"):
        moment(text, ZONE, NOON)


def test_a_word_is_left_to_who_knows_it() -> None:
    assert until("booking-end", ZONE) == "booking-end"
    assert until(None, ZONE) is None
    assert str(until("2026-03-30", ZONE)).startswith("2026-03-30T00:00")
