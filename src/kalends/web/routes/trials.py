"""``POST …/test`` for a person and for a rule: is it going to work, and if not, what to do.

Sources, sinks and directories have theirs beside them (``documents``).
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from kalends.bus.commands import TestSource
from kalends.policy.lint import lint
from kalends.web import answers, schemas
from kalends.web.commands import TEST_SECONDS, send, steps
from kalends.web.identity import AsAdministrator
from kalends.web.problems import missing
from kalends.web.routes.organization import RulePath
from kalends.web.routes.people import PersonPath, listed
from kalends.web.state import InWeb

router = APIRouter(tags=["administration"])


@router.post(
    "/people/{person}/test",
    responses=answers.told(schemas.Steps, errors=answers.CHANGE, what="What was found"),
)
async def test_person(web: InWeb, viewer: AsAdministrator, person: PersonPath) -> Response:
    """Try every calendar of a person, source by source, and tell what to do."""
    await listed(web, viewer, person)
    rows = await web.reader.calendars(viewer.organization, person=person)
    taken: list[dict[str, Any]] = []
    for source in sorted({row.key.source for row in rows}):
        command = TestSource(
            organization=viewer.organization, actor=viewer.actor, source=source, person=person
        )
        taken += steps(await send(web, command, seconds=TEST_SECONDS))
    if not rows:
        taken.append(_step("calendars", person, detail="There is none to be read."))
    return _found(taken)


@router.post(
    "/rules/{rule}/test",
    responses=answers.told(schemas.Steps, what="What was found"),
)
async def test_rule(viewer: AsAdministrator, rule: RulePath) -> Response:
    """Look whether a rule can match, and whether an earlier one takes its place."""
    rules = viewer.tenant.settings.rules
    place = next((n for n, one in enumerate(rules) if (one.id or f"rule-{n + 1}") == rule), None)
    if place is None:
        raise missing("rule")
    key = f"rules[{place}]"
    odd = [one for one in lint(viewer.tenant.settings) if one.key.startswith(key)]
    taken = [
        _step(one.fault.value, one.key, ok=False, detail=one.what, remedy=one.remedy) for one in odd
    ]
    return _found(taken or [_step("rule", rule, detail="It can match, and decides something.")])


def _step(
    what: str, subject: str, *, ok: bool = True, detail: str = "", remedy: str = ""
) -> dict[str, Any]:
    return {"what": what, "subject": subject, "ok": ok, "detail": detail, "remedy": remedy}


def _found(taken: list[dict[str, Any]]) -> Response:
    return answers.json({"ok": all(step.get("ok") for step in taken), "steps": taken})
