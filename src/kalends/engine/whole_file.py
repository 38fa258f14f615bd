"""A whole file as a command, and read back again, a few people at a time.

Place in the flow: ``kalends apply`` and the start of the engine → ``bus`` → ``command_documents``.
A file may hold a hundred thousand people. They travel packed one by one, so that neither end makes
values of all of them in one go: that stops its event loop for a second, and what is due waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from kalends.bus.commands import Apply
from kalends.engine.core import BREATH
from kalends.engine.pacing import spare_collector
from kalends.engine.problems import validation_problems
from kalends.errors import Problem
from kalends.model.organization import OrganizationDocument
from kalends.model.person import PersonRecord

_SPARED: Final = 1000
"""People after whom the garbage collector is told that they stay a while."""


async def apply_command(
    organizations: Iterable[OrganizationDocument],
    actor: str,
    *,
    force: bool = False,
    progress: str = "",
) -> Apply:
    """Return the command that makes an engine follow these organizations."""
    bodies: list[dict[str, Any]] = []
    people: dict[str, list[msgspec.Raw]] = {}
    for one in organizations:
        bodies.append(one.model_dump(mode="json", exclude={"people"}))
        packed = people[one.id] = []
        async for record in spaced(one.people):
            told = record.model_dump(mode="json", exclude_defaults=True)
            packed.append(msgspec.Raw(msgspec.msgpack.encode(told)))
    return Apply(
        organization="*", actor=actor, organizations=bodies, people=people, force=force,
        progress=progress,
    )  # fmt: skip


async def parsed(command: Apply) -> tuple[list[OrganizationDocument], list[Problem]]:
    """Read what a file says; its people one by one, while others work."""
    wanted: list[OrganizationDocument] = []
    problems: list[Problem] = []
    for body in command.organizations:
        where, told = f"organizations.{body.get('id')}", body.get("people")
        listed = told if isinstance(told, list) else []
        packed = command.people.get(str(body.get("id")), [])
        people: list[PersonRecord] = []
        count = 0
        async for one in spaced([*listed, *packed]):
            given = msgspec.msgpack.decode(one) if isinstance(one, msgspec.Raw) else one
            try:
                people.append(PersonRecord.model_validate(given))
            except ValidationError as error:
                problems += validation_problems(where, error, ("people", count))
            count += 1
        rest = {**body, "people": ()} if isinstance(told, list) else body
        try:
            read = OrganizationDocument.model_validate(rest)
        except ValidationError as error:
            problems += validation_problems(where, error)
        else:
            wanted.append(read.model_copy(update={"people": tuple(people)}) if people else read)
    return wanted, problems


async def spaced(things: Sequence[Any]) -> AsyncIterator[Any]:
    """Give one after the other, and let others run in between."""
    for count, one in enumerate(things):
        await _breathe(count)
        yield one


async def breathing(work: Iterator[None]) -> None:
    """Do work that yields now and then, and let others run in between."""
    for count, _ in enumerate(work):
        await _breathe(count * BREATH)


async def _breathe(count: int) -> None:
    if count % BREATH == 0:
        await asyncio.sleep(0)
    if count and count % _SPARED == 0:
        spare_collector()
