"""Answers of the engine, by what the asker does next."""

from __future__ import annotations

from typing import Any

from kalends.bus.commands import Answer
from kalends.errors import Problem


def done(value: Any = None) -> Answer:
    """Return a yes."""
    return Answer(ok=True, value=value)


def invalid(problems: list[Problem]) -> Answer:
    """Return every problem at once."""
    return Answer(
        ok=False,
        code="invalid",
        message="\n".join(str(problem) for problem in problems),
        problems=[
            {"where": one.where, "key": one.key, "what": one.what, "remedy": one.remedy}
            for one in problems
        ],
    )


def no(code: str, message: str) -> Answer:
    """Return a no: ``not-found``, ``conflict``, ``stale``, ``refused`` or ``failed``."""
    return Answer(ok=False, code=code, message=message)


def unknown(what: str, id: str) -> Answer:
    """Return that there is no such thing."""
    return no("not-found", f"There is no {what} {id!r}.")


def stale(what: str, id: str) -> Answer:
    """Return that what is stored is not what the writer expects to replace."""
    return no("stale", f"The {what} {id!r} is not as you read it: somebody else changed it.")
