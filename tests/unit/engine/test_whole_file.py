"""A whole file travels packed, and is read a few people at a time, while others work."""

from __future__ import annotations

import asyncio

import msgspec

from kalends.bus.commands import Apply, pack_command, unpack_command
from kalends.bus.frames import LIMIT
from kalends.engine.core import BREATH
from kalends.engine.whole_file import apply_command, parsed
from kalends.model.organization import OrganizationDocument

PEOPLE = 1000


def organization(people: int = PEOPLE) -> OrganizationDocument:
    return OrganizationDocument.model_validate(
        {
            "id": "acme", "name": "Acme AB", "timezone": "Europe/Stockholm",
            "sources": [{"id": "dav", "kind": "caldav", "url": "https://dav.acme.example/"}],
            "people": [
                {"id": f"p{n}", "name": f"Anna Berg {n}", "emails": [f"p{n}@acme.example"],
                 "preferences": {"calendar": False}}
                for n in range(people)
            ],
        }
    )  # fmt: skip


async def travelled(document: OrganizationDocument) -> Apply:
    command = unpack_command(pack_command(await apply_command([document], "cli", force=True)))
    assert isinstance(command, Apply)
    return command


async def test_what_arrives_is_what_the_file_says() -> None:
    document = organization(50)
    command = await travelled(document)
    assert (command.actor, command.force) == ("cli", True)
    assert await parsed(command) == ([document], [])


async def test_whoever_cannot_be_read_is_told_by_his_place_and_the_others_are_read() -> None:
    command = await travelled(organization(3))
    torn = msgspec.Raw(msgspec.msgpack.encode({"id": "p1"}))
    first, _, last = command.people["acme"]
    broken = msgspec.structs.replace(command, people={"acme": [first, torn, last]})
    [found], [problem] = await parsed(broken)
    assert [one.id for one in found.people] == ["p0", "p2"]
    assert (problem.where, problem.key) == ("organizations.acme", "people.1.name")


async def test_nobody_is_unpacked_before_his_turn_and_others_run_in_between() -> None:
    command = await travelled(organization())
    assert all(isinstance(one, msgspec.Raw) for one in command.people["acme"])
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    await parsed(command)
    beside.cancel()
    assert turns >= PEOPLE / BREATH - 1


async def test_three_hundred_thousand_people_fit_into_one_message() -> None:
    packed = pack_command(await apply_command([organization()], "cli"))
    assert len(packed) / PEOPLE * 300_000 < LIMIT
