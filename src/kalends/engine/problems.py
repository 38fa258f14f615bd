"""Problems as the ones who wrote something read them: where, key, what, remedy."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from kalends.errors import Problem

_REMEDIES = {
    "extra_forbidden": "Remove it, or check its spelling.",
    "missing": "Add it.",
}


def validation_problems(where: str, error: ValidationError) -> list[Problem]:
    """Return pydantic's findings in our words; values are not repeated (they may be secret)."""
    return [_problem(where, one) for one in error.errors(include_input=False, include_url=False)]


def _problem(where: str, found: Any) -> Problem:
    key = ".".join(str(part) for part in found["loc"])
    text = str(found["msg"]).rstrip(".")
    return Problem(where, key, f"{text}.", _REMEDIES.get(found["type"], ""))


def unknown_zone(where: str, key: str, name: str | None) -> list[Problem]:
    """Return a problem where a time zone has no IANA name that this machine knows."""
    if name is None:
        return []
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        text = f"{name!r} is not a time zone this machine knows."
        return [Problem(where, key, text, 'Write an IANA name such as "Europe/Stockholm".')]
    return []
