"""``docs/reference/bad-input.md``: each row names what shows it, and that exists, case and all."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/bad-input.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| Input")
]
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([\w-]+)\])?`", PAGE)))
ISSUED = (
    "broken booking", "recurrence bomb", "50 MB", "HTML", "certificate", "redirect", "time zone",
    "two organizations", "address twice", "calendars of a person that disagree", "`GFD:`",
    "forward mark", "`kalends.toml`", "empty at once", "cut-off",
)  # fmt: skip
"""What the first issue of the backbone and the threats of its plan want an outcome for."""


def test_the_rows_are_found() -> None:
    assert len(ROWS) >= 20
    assert len(TESTS) >= 25


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_row_tells_outcome_view_and_test(row: list[str]) -> None:
    assert len(row) == 4
    assert all(row)
    assert "`tests/" in row[3]


@pytest.mark.parametrize("words", ISSUED)
def test_every_input_that_was_asked_for_has_a_row(words: str) -> None:
    assert any(words in row[0] for row in ROWS)


@pytest.mark.parametrize(("path", "name", "case"), TESTS, ids="::".join)
def test_every_test_a_row_names_exists(path: str, name: str, case: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert re.search(rf"def {name}\(", text)
    assert not case or f'"{case}"' in text, f"{path} has no case {case!r}"


@pytest.mark.slow
def test_the_cases_named_are_collected() -> None:
    """Ask pytest itself, where a case might be spelt in a table that no test uses."""
    files = sorted({path for path, _, _ in TESTS if path.startswith("tests/integration")})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    missing = [
        f"{path}::{name}[{case}]"
        for path, name, case in TESTS
        if path in files and case and f"{path}::{name}[{case}]" not in done.stdout
    ]
    assert not missing, done.stdout[-2000:]
