"""Trying a person's calendars and a rule: what is asked of the engine, and what is told."""

from __future__ import annotations

from typing import Any

from kalends.bus import commands  # Test… by name would be taken for tests
from kalends.bus.commands import Answer
from tests.contract.web.world import World

STEP = {"what": "port", "subject": "dav.acme.example", "ok": False, "detail": "closed",
        "remedy": "Open it."}  # fmt: skip


async def tried(world: World, key: str, path: str, status: int = 200) -> Any:
    async with world.client(key) as client, client.post(f"/api/v1/{path}/test") as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def test_a_persons_calendars_are_tried_source_by_source(world: World) -> None:
    world.desk.answer = Answer(ok=True, value=[STEP])
    told = await tried(world, "acme/admin", "people/anna")
    assert told == {"ok": False, "steps": [STEP]}
    [asked] = world.desk.commands
    assert isinstance(asked, commands.TestSource)
    assert (asked.organization, asked.source, asked.person) == ("acme", "dav", "anna")


async def test_somebody_without_calendars_has_nothing_that_could_fail(world: World) -> None:
    told = await tried(world, "acme/admin", "people/bert")
    assert (told["ok"], [step["what"] for step in told["steps"]]) == (True, ["calendars"])
    assert world.desk.commands == []


async def test_a_rule_that_another_takes_the_place_of_is_told_with_the_remedy(
    world: World,
) -> None:
    rules = [
        {"id": "first", "match": {"code": "m"}, "then": {"activity": "meeting"}},
        {"match": {"code": "m"}, "then": {"activity": "lunch"}},
    ]
    await world.organization("acme", rules=rules)
    await world.bus.publish("settings.acme")
    second = await tried(world, "acme/admin", "rules/rule-2")
    assert second["ok"] is False
    assert all(step["remedy"] and "rules[1]" in step["subject"] for step in second["steps"])
    assert (await tried(world, "acme/admin", "rules/first"))["ok"] is True
    await tried(world, "acme/admin", "rules/rule-3", status=404)


async def test_trying_is_for_administrators(world: World) -> None:
    for path in ("people/anna", "rules/first"):
        await tried(world, "acme/attendant", path, status=403)
