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


def validation_problems(
    where: str, error: ValidationError, within: tuple[str | int, ...] = ()
) -> list[Problem]:
    """Return pydantic's findings in our words; values are not repeated (they may be secret).

    ``within``: the place of what was validated, where that is a part.
    """
    found = error.errors(include_input=False, include_url=False)
    return [_problem(where, (*within, *one["loc"]), one) for one in found]


def _problem(where: str, place: tuple[str | int, ...], found: Any) -> Problem:
    key = ".".join(map(str, place))
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
