"""Pydantic's complaints in the words of the person who wrote the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from kalends.errors import Problem

Where = Callable[[Sequence[str | int]], str]
"""Returns ``kalends.toml:14`` for a key path."""


def dotted(path: Sequence[str | int]) -> str:
    """Return ``organizations[0].people[3].emails`` for a key path."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def told(
    error: ValidationError,
    model: type[BaseModel],
    where: Where,
    prefix: Sequence[str | int] = (),
) -> list[Problem]:
    """Return every complaint as a problem; a union's many complaints become one per key."""
    problems: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        inner = real_path(item["loc"])
        path = (*prefix, *inner)
        what, remedy = _words(dict(item), model, inner, path)
        problems.setdefault(dotted(path), Problem(where(path), dotted(path), what, remedy))
    return list(problems.values())


def split(key: str) -> tuple[str | int, ...]:
    """Return the path of a dotted key: ``rules[3].match`` → ``("rules", 3, "match")``."""
    parts: list[str | int] = []
    for piece in key.replace("[", ".[").split("."):
        if piece.startswith("["):
            parts.append(int(piece.strip("[]")))
        elif piece:
            parts.append(piece)
    return tuple(parts)


def real_path(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Drop what pydantic adds to name union branches (they carry brackets or are types)."""
    branches = {"str", "int", "bool", "literal", "none", "dict", "list", "tuple"}
    return tuple(
        part
        for part in location
        if isinstance(part, int) or not (part in branches or "[" in part or "(" in part)
    )


def _words(
    item: dict[str, Any],
    model: type[BaseModel],
    path: Sequence[str | int],
    whole: Sequence[str | int],
) -> tuple[str, str]:
    kind, context, value = item["type"], item.get("ctx", {}), item.get("input")
    if kind == "extra_forbidden":
        return "is not a key Kalends knows here.", _nearest(model, path)
    if kind == "missing":
        return "is missing.", f"Add {path[-1]} = …"
    if kind in {"enum", "literal_error"}:
        return f"cannot be {_shown(value)}.", f"Write {context.get('expected', 'a known word')}."
    if kind == "string_pattern_mismatch":
        return f"has a form Kalends does not take: {_shown(value)}.", _pattern(context, model, path)
    if kind == "value_error":
        return f"{context.get('error', item['msg'])}.", ""
    if isinstance(value, dict) and re.fullmatch(r"(tuple|list)_type", kind):
        header = ".".join(part for part in whole if isinstance(part, str))
        return "is a list of tables.", f"Write [[{header}]], in two brackets, above each of them."
    return _expected(kind, item["msg"]), f"It is {_shown(value)} now."


_EXPECTED: Final = (
    (r"(tuple|list|set)_type", 'should be a list in brackets: ["…"].'),
    (r"(dict|model|model_attributes|dataclass)_type", "should be a table: { … }."),
    (r"string_type", 'should be text in quotes: "…".'),
    (r"int_(type|parsing|from_float)", "should be a whole number, without quotes."),
    (r"float_(type|parsing)", "should be a number, without quotes."),
    (r"bool_(type|parsing)", "should be true or false, without quotes."),
    (r"too_short|string_too_short", "should not be empty."),
)


def _expected(kind: str, message: str) -> str:
    """Return what a value should be, as TOML writes it; pydantic speaks of Python's types."""
    for pattern, text in _EXPECTED:
        if re.fullmatch(pattern, kind):
            return text
    return message.replace("Input should be", "should be").rstrip(".") + "."


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _pattern(context: dict[str, Any], model: type[BaseModel], path: Sequence[str | int]) -> str:
    named = [part for part in path if isinstance(part, str)]
    known = _FORMS.get(named[-1]) if named else None
    return known or f"It must match {context.get('pattern')}."


_FORMS: Final = {
    "id": "Use lower-case letters, digits, '.', '_' and '-', at most 64.",
    "sip": "Write sip:name@domain.",
    "domains": 'Write what stands behind the @: "acme.example".',
    "country": 'Write the two capital letters of a country: "SE".',
    "public_url": "Write it as in a browser: https://presence.acme.example.",
    "language": 'Write the letters of a language: "sv", "en".',
}
"""What keys with a form look like, by their name."""


def _nearest(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """Suggest the key that was probably meant."""
    known = _fields(model, path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known keys: {', '.join(sorted(known))}." if known else "Remove it."


def _fields(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in path:
        if current is None:
            return []
        if isinstance(part, int):
            continue
        field = current.model_fields.get(part)
        current = _model_in(field.annotation) if field else None
    return list(current.model_fields) if current else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None
