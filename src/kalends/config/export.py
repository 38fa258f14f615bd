"""Write documents back as TOML (``kalends export``): what ``load`` reads again unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date, time
from enum import Enum
from typing import Any

from kalends.model.organization import OrganizationDocument

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def toml_text(organizations: Iterable[OrganizationDocument]) -> str:
    """Return the organizations as TOML; defaults and ``managed_by`` are left out."""
    lines: list[str] = []
    for organization in organizations:
        data = organization.model_dump(mode="python", exclude_defaults=True, exclude_none=True)
        _table(lines, "organizations", _without(data))
    return "\n".join(lines).strip() + "\n"


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if k != "managed_by" and v is not None}
    if isinstance(value, list | tuple):
        return [_without(item) for item in value]
    return value


def _table(lines: list[str], name: str, data: dict[str, Any]) -> None:
    """Write one ``[[name]]`` with its plain keys first, then its arrays of tables."""
    nested = {k: v for k, v in data.items() if _is_tables(v)}
    lines += ["", f"[[{name}]]"]
    lines += [f"{_key(k)} = {inline(v)}" for k, v in data.items() if k not in nested]
    for key, entries in nested.items():
        for entry in entries:
            _leaf_or_table(lines, f"{name}.{_key(key)}", entry)


def _leaf_or_table(lines: list[str], name: str, entry: dict[str, Any]) -> None:
    lines += ["", f"[[{name}]]"]
    lines += [f"{_key(k)} = {inline(v)}" for k, v in entry.items()]


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _key(name: str) -> str:
    return name if _BARE.match(name) else json.dumps(name, ensure_ascii=False)


def inline(value: Any) -> str:
    """Return a value in TOML, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return _text(str(value.value))
        case int() | float():
            return str(value)
        case date() | time():
            return value.isoformat()
        case dict():
            return (
                "{ " + ", ".join(f"{_key(str(k))} = {inline(v)}" for k, v in value.items()) + " }"
            )
        case list() | tuple():
            return "[" + ", ".join(inline(item) for item in value) + "]"
        case _:
            return _text(str(value))


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but for the surrogate pairs that ensure_ascii would write
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
