"""Hands commands to the engine and turns its answers into HTTP's.

The engine away, or too busy to begin: 503 with Retry-After, while reads go on; what was asked is
not done later either. Begun and not confirmed: 504, since it may be done or not. What the engine
did is waited for, so that the next read of the same client sees it.
"""

from __future__ import annotations

from typing import Any, Final

from kalends.bus.commands import Answer, AnyCommand, pack_command, unpack_answer
from kalends.errors import NotBegun, Unreachable
from kalends.web.problems import Problem
from kalends.web.state import Web

_STATUS: Final = {"invalid": 422, "not-found": 404, "conflict": 409, "stale": 412, "refused": 403}
_REMEDY: Final = {
    "invalid": "Correct the places listed in problems.",
    "not-found": "Check the id; lists tell the known ones.",
    "conflict": "Read it again, then decide again.",
    "stale": "Read it again, then decide again with its new ETag.",
    "failed": "Look into the log of the engine, then try again.",
}
_STEP: Final = 0.01
TEST_SECONDS: Final = 60.0
"""How long a test, step by step, may take."""


async def send(web: Web, command: AnyCommand, *, seconds: float | None = None) -> Answer:
    """Return the engine's answer where it is a yes; raise ``Problem`` for a no or for silence."""
    patience = web.options.engine_seconds if seconds is None else seconds
    try:
        packed = await web.bus.request(pack_command(command), seconds=patience)
    except NotBegun as silent:
        raise Problem(
            503,
            "The engine does not answer; nothing was changed, and nothing will be by itself.",
            "Try again shortly; see /health/ready for what is missing.",
            headers={"Retry-After": "5"},
        ) from silent
    except Unreachable as silent:
        raise Problem(
            504,
            "The engine began this and has not confirmed it; it may be done, now or later, or not.",
            "Look at what is so before you try again; see /health/ready.",
        ) from silent
    answer = unpack_answer(packed)
    if not answer.ok:
        status = _STATUS.get(answer.code, 500)
        raise Problem(
            status, answer.message, _REMEDY.get(answer.code, ""), problems=answer.problems
        )
    return answer


async def settled(web: Web, organization: str, person: str, *, seconds: float = 1.0) -> None:
    """Wait until the engine has evaluated what a command changed about a person.

    An input makes the person due at once; evaluated again, the next change lies ahead. Returns
    after ``seconds`` in any case: the change is stored and will be seen.
    """
    deadline = web.runtime.monotonic() + seconds
    while web.runtime.monotonic() < deadline:
        stored = await web.reader.presence(organization, person)
        if stored is None:
            return
        due = stored.next_change_at
        if due is None or due > web.runtime.now():
            return
        await web.runtime.sleep(_STEP)


def steps(answer: Answer) -> list[dict[str, Any]]:
    """Return the steps of a test's answer."""
    value = answer.value
    if isinstance(value, dict):
        value = value.get("steps", [])
    return list(value) if isinstance(value, list | tuple) else []
