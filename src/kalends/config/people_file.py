"""People from a CSV file: the columns are the keys of a person, lists are separated by ``;``.

``id,name,emails,extension,department`` is a good start. ``calendars`` takes ``source=url`` pairs
or ``none``. UTF-8 with or without byte order mark; comma or semicolon between columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kalends.errors import ConfigurationError, Problem, UserError
from kalends.model.person import PersonRecord

_LISTS: Final = {"emails", "delegates", "skills"}
_FLAGS: Final = {"protected", "left"}
_NOT_IN_CSV: Final = {"numbers", "work_hours", "rules", "preferences", "visibility", "managed_by"}


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """The people of one CSV file, as records to be validated, and where each stands."""

    path: Path
    records: list[dict[str, Any]]
    lines: list[int]

    def where(self, index: int, _rest: Sequence[str | int]) -> str:
        """Return ``people.csv:7`` for a record."""
        return f"{self.path.name}:{self.lines[index]}"

    @classmethod
    def read(cls, path: Path) -> PeopleFile:
        """Read a file; raises ``UserError`` or ``ConfigurationError`` (unknown columns)."""
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            told = f"{path.name} is not UTF-8 text (byte {error.start + 1})"
            raise UserError(f"{told}. Save it as CSV UTF-8.") from None
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}.") from None
        return cls.parse(path, text)

    @classmethod
    def parse(cls, path: Path, text: str) -> PeopleFile:
        """Parse CSV text as if it stood in ``path``."""
        first = text.split("\n", 1)[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        _check_columns(path, reader.fieldnames or [])
        records: list[dict[str, Any]] = []
        lines: list[int] = []
        try:
            for row in reader:
                records.append(_record(row))
                lines.append(reader.line_num)
        except csv.Error as error:
            where = f"{path.name}:{reader.line_num}"
            raise ConfigurationError(
                [Problem(where, "CSV", f"{error}.", "Mend the line; nothing was read.")]
            ) from None
        return cls(path, records, lines)


def _check_columns(path: Path, names: Sequence[str]) -> None:
    known = set(PersonRecord.model_fields) - _NOT_IN_CSV
    problems = [
        Problem(
            f"{path.name}:1",
            name or "?",
            "is not a column Kalends knows.",
            f"Known: {', '.join(sorted(known))}.",
        )
        for name in names
        if (name or "").strip() not in known
    ]
    if not names:
        problems.append(
            Problem(f"{path.name}:1", "header", "is missing.", "Begin with: id,name,emails")
        )
    if problems:
        raise ConfigurationError(problems)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in row.items():
        text = value.strip() if isinstance(value, str) else ""
        if name is None or not text:
            continue
        record[name.strip()] = _value(name.strip(), text)
    return record


def _value(name: str, text: str) -> Any:
    if name in _LISTS:
        return [part.strip() for part in text.split(";") if part.strip()]
    if name in _FLAGS:
        return text.casefold() in {"1", "true", "yes", "ja", "x"}
    if name == "calendars":
        return "none" if text == "none" else [_link(part) for part in text.split(";")]
    return text


def _link(text: str) -> dict[str, str]:
    source, _, url = text.strip().partition("=")
    return {"source": source, "url": url} if url else {"source": source}
