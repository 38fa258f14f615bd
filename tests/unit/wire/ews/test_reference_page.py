"""docs/reference/ews.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from kalends.wire.ews.errors import TABLE, Reaction
from kalends.wire.ews.versions import SINCE

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "ews.md").read_text()


def rows(part: str) -> list[str]:
    inner = PAGE.partition(f"<!-- {part} -->\n")[2].partition(f"<!-- /{part} -->")[0]
    return inner.splitlines()[2:]


def test_the_table_of_versions_is_the_codes() -> None:
    assert rows("versions") == [f"| {found.value} | {SINCE[found].label} |" for found in SINCE]


def test_the_table_of_reactions_is_the_codes() -> None:
    assert rows("reactions") == [
        f"| `{code}` | {row.reaction.value} | {getattr(row.error, 'code', 'conflict')} |"
        for code, row in TABLE.items()
    ]


def test_every_reaction_is_told() -> None:
    for reaction in Reaction:
        assert f"\n| {reaction.value} | " in PAGE
