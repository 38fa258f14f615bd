"""Where in a TOML file a key stands, so that an error can name its line.

``tomllib`` tells no lines. This scanner follows table headers and key assignments, skips over
strings, comments and multi-line values, and maps key paths to lines; a path inside an inline
value answers with the line where that value's line begins. It reads only what ``tomllib`` has
already accepted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\.?""")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]')


class Lines:
    """Maps key paths of one TOML text to line numbers (from 1)."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        self._counts: dict[Path, int] = {}
        self._scan(text.splitlines())

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line of a path, or of the nearest key above it."""
        wanted = tuple(path)
        while wanted not in self._lines:
            wanted = wanted[:-1]
        return self._lines[wanted]

    def _scan(self, lines: list[str]) -> None:
        table: Path = ()
        number = 0
        while number < len(lines):
            line = lines[number]
            header = _HEADER.match(line)
            key = _KEY.match(line)
            if header and not key:
                table = self._enter(_parts(header[2]), header[1] == "[[", number + 1)
            elif key:
                path = table + _parts(key[1])
                self._note(path, number + 1)
                number = self._value(lines, number, key.end(), path)
            number += 1

    def _enter(self, parts: Path, array: bool, line: int) -> Path:
        """Return the full path of a table header, with indices of the arrays it lies in."""
        path: Path = ()
        for part in parts[:-1]:
            path = self._last((*path, part))
        path = (*path, parts[-1])
        if array:
            index = self._counts.get(path, -1) + 1
            self._counts[path] = index
            self._lines.setdefault(path, line)
            path = (*path, index)
        else:
            path = self._last(path)
        self._note(path, line)
        return path

    def _last(self, path: Path) -> Path:
        return (*path, self._counts[path]) if path in self._counts else path

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def _value(self, lines: list[str], number: int, column: int, path: Path) -> int:
        """Return the last line of a value; note elements of a multi-line array of tables."""
        depth, element, quote = 0, -1, ""
        while True:
            text = lines[number]
            while token := _next(text, column, quote):
                column = token.end()
                word = token[0]
                if word in ('"""', "'''"):
                    quote = "" if quote else word
                elif word in "[{":
                    if depth == 1:
                        element += 1
                        self._note((*path, element), number + 1)
                    depth += 1
                elif word in "]}":
                    depth -= 1
            if (depth <= 0 and not quote) or number + 1 >= len(lines):
                return number
            number, column = number + 1, 0


def _next(text: str, column: int, quote: str) -> re.Match[str] | None:
    return (
        re.compile(re.escape(quote)).search(text, column) if quote else _TOKEN.search(text, column)
    )


def _parts(dotted: str) -> Path:
    return tuple(next(group for group in found if group is not None) for found in _groups(dotted))


def _groups(dotted: str) -> list[tuple[str | None, ...]]:
    return [match.groups() for match in _PART.finditer(dotted)]
