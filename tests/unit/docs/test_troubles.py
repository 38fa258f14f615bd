"""The trouble-shooting page is keyed by what Kalends prints: each message is so to the letter."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TABLE = re.compile(r"^\| Kalends says \| Do \|\n\|-\|-\|\n((?:\|.*\n)+)", re.MULTILINE)
LEAST = 10


def _messages() -> list[str]:
    """Return the first column; what stands in italics is seen by people, said by nobody."""
    page = (ROOT / "docs/guide/exchange.md").read_text("utf-8")
    found = TABLE.search(page)
    assert found is not None
    first = [row.split(" | ")[0].removeprefix("| ") for row in found[1].splitlines()]
    return [message for message in first if not message.startswith("*")]


@cache
def _printed() -> str:
    """Return every text of the program, a line each; what is put into it shows as an ellipsis."""
    texts: list[str] = []
    for module in (ROOT / "src/kalends").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                texts.append("".join(_part(value) for value in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def _part(value: ast.expr) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else "…"


@pytest.mark.parametrize("message", _messages())
def test_a_message_of_the_trouble_shooting_page_is_printed(message: str) -> None:
    pieces = [
        piece.strip(" `") for piece in re.split(r"…|, | \d{3} ", message.replace("reason ", ""))
    ]
    pieces = [piece for piece in pieces if piece]
    assert pieces
    for piece in pieces:
        assert piece in _printed(), f"nothing says {piece!r}"


def test_the_page_is_not_empty() -> None:
    assert len(_messages()) >= LEAST
