"""Commands about directories: contacts by text or number, and a directory's check."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from kalends.bus.commands import Answer, FindContacts, TestDirectory
from kalends.directory import search
from kalends.directory.contract import MOST, Directory
from kalends.directory.numbers import Numbers
from kalends.engine.answers import done, no, unknown
from kalends.engine.core import Core

CHECK_SECONDS: Final = 50.0
_MOST_LETTERS: Final = 100


async def find_contacts(core: Core, command: FindContacts) -> Answer:
    """Ask all of the organization's directories at once."""
    tenant = core.tenants.get(command.organization)
    if tenant is None:
        return unknown("organization", command.organization)
    directories = _directories(core, command.organization)
    if command.number is not None:
        forms = Numbers(tenant.settings.numbering).alike(command.number)
        found = await search.lookup(directories, forms)
    elif command.query is not None and len(command.query) <= _MOST_LETTERS:
        limit = max(1, min(command.limit, MOST))
        found = await search.search(directories, command.query, limit)
    else:
        return no("invalid", "Ask with a query of at most 100 letters, or with a number.")
    broken = tuple(
        search.Incomplete(id, why)
        for (owner, what, id), why in core.wiring.broken.items()
        if (owner, what) == (command.organization, "directory")
    )
    whole = msgspec.structs.replace(found, incomplete=found.incomplete + broken)
    return done(msgspec.to_builtins(whole))


def _directories(core: Core, organization: str) -> dict[str, Directory]:
    return {
        id: opened.thing
        for (owner, id), opened in core.wiring.directories.items()
        if owner == organization
    }


async def test_directory(core: Core, command: TestDirectory) -> Answer:
    """Check a directory step by step."""
    opened = core.wiring.directories.get((command.organization, command.directory))
    if opened is None:
        why = core.wiring.broken.get((command.organization, "directory", command.directory))
        if why is None:
            return unknown("directory", command.directory)
        return done([_step("configuration", command.directory, ok=False, detail=why)])
    steps: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            async for step in opened.thing.check():
                steps.append(msgspec.to_builtins(step))
    except TimeoutError:
        steps.append(_step("time", command.directory, ok=False, detail="The check took too long."))
    return done(steps)


def _step(what: str, subject: str, *, ok: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "subject": subject, "ok": ok, "detail": detail, "remedy": ""}
