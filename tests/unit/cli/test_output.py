"""Tables fit the terminal; times are as brief as they can be told."""

from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from kalends.cli.output import counted, lines, local

COLUMNS = ["id", "name", "until", "next", ""]
ROWS = [
    ["anna", "Anna Berg", "13:50", "Mon 09:15 meeting", ""],
    ["katarzyna", "Katarzyna Nowak-Kowalska", "Wed 14:30", "Thu 10:00 lunch", ""],
]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def drawn(width: int, *least: str) -> list[str]:
    return [line.plain for line in lines(COLUMNS, ROWS, width, least)]


def test_a_wide_terminal_shows_every_column_that_says_something() -> None:
    assert drawn(120, "next") == [
        "id         name                      until      next",
        "anna       Anna Berg                 13:50      Mon 09:15 meeting",
        "katarzyna  Katarzyna Nowak-Kowalska  Wed 14:30  Thu 10:00 lunch",
    ]


def test_a_narrow_terminal_leaves_out_what_matters_least() -> None:
    assert drawn(50, "next")[0].split() == ["id", "name", "until"]
    assert "Katarzyna Nowak-Kowalska" in drawn(50, "next")[2]


@pytest.mark.parametrize("width", [24, 40, 60])
def test_every_row_is_one_line_that_fits(width: int) -> None:
    found = drawn(width, "next")
    assert len(found) == 3
    assert all(cell_len(line) <= width for line in found)


def test_what_is_cut_shows_that_it_is() -> None:
    assert "…" in drawn(30, "next")[2]


def test_wide_letters_take_two_places() -> None:
    found = [line.plain for line in lines(["a", "b"], [["会議", "x"], ["ab", "y"]], 80)]
    assert found[1:] == ["会議  x", "ab    y"]


@pytest.mark.parametrize(
    ("moment", "brief"),
    [
        ("2026-03-02T13:30:00Z", "14:30"),
        ("2026-03-03T13:30:00Z", "Tue 14:30"),
        ("2026-03-08T13:30:00Z", "Sun 14:30"),
        ("2026-03-09T13:30:00Z", "9 Mar 14:30"),
        ("2026-03-01T13:30:00Z", "1 Mar 14:30"),
        ("2027-03-01T13:30:00Z", "1 Mar 2027"),
        (None, ""),
    ],
)
def test_a_moment_is_told_as_briefly_as_it_is_clear(moment: str | None, brief: str) -> None:
    assert local(moment, "Europe/Stockholm", NOW) == brief


def test_one_is_not_many() -> None:
    assert [counted(n, "person", "people") for n in (0, 1, 2)] == [
        "0 people", "1 person", "2 people",
    ]  # fmt: skip
