"""Contacts in public folders of Exchange 2003, found by name and number, over WebDAV."""

from __future__ import annotations

import pytest
from lab.exchange_dav.people import Person

from kalends.directory.contract import Directory
from kalends.directory.exchange_webdav import ExchangeWebdavDirectoryOptions, open_directory
from kalends.errors import AccessDenied, BadAnswer, SourceTrouble
from tests.contract.calendars.exchange_dav import ExchangeWorld
from tests.contract.calendars.lab import place

BO = Person(
    "Bo Berg",
    "Berg & Söner AB",
    "Bo",
    "Berg",
    ("Bo@berg.example",),
    {"telephoneNumber": "+46 8 123 456 78", "mobile": "+46701234567"},
)


@pytest.fixture
def world() -> ExchangeWorld:
    world = ExchangeWorld(2003, forms=True)
    customers = world.server.public.add("Kunder")
    customers.add("Nord/Väst", BO)
    customers.add("Möten", folder_class="IPF.Appointment").add("Gamla", Person("Eva Ek"))
    world.server.public.add("Leverantörer", Person("", "Papper AB", phones={"mobile": "112"}))
    return world


def directory(world: ExchangeWorld, *folders: str) -> Directory:
    options = ExchangeWebdavDirectoryOptions(source="owa", folders=folders)
    return open_directory(world.endpoint, place("contacts"), options)


async def names(found: Directory, text: str) -> list[str]:
    return [one.name for one in await found.search(text)]


async def test_contacts_of_all_folders_and_subfolders_are_found(world: ExchangeWorld) -> None:
    found = directory(world)
    (bo,) = await found.search("söner")
    assert (bo.name, bo.company, bo.folder) == ("Bo Berg", "Berg & Söner AB", "Kunder/Nord/Väst")
    assert bo.emails == ("bo@berg.example",)
    assert [one.kind for one in bo.numbers] == ["desk", "mobile"]
    assert await names(found, "eva") == ["Eva Ek"]
    assert await names(found, "papper") == ["Papper AB"]
    assert [one.name for one in await found.lookup("+46701234567")] == ["Bo Berg"]
    await found.close()


async def test_only_what_lies_below_the_named_folders_is_read(world: ExchangeWorld) -> None:
    found = directory(world, "leverantörer")
    assert await names(found, "papper") == ["Papper AB"]
    assert await names(found, "bo") == []
    asked = [ask.path for ask in world.server.asked if ask.method == "SEARCH"]
    assert not any("Kunder" in path for path in asked)
    await found.close()


async def test_a_closed_folder_hides_itself_alone(world: ExchangeWorld) -> None:
    world.server.public.folders[1].readable = False
    found = directory(world)
    assert await names(found, "bo") == ["Bo Berg"]
    assert await names(found, "papper") == []
    await found.close()
    named = directory(world, "Leverantörer")
    with pytest.raises(AccessDenied):
        await named.search("papper")
    await named.close()


@pytest.mark.parametrize(
    ("trouble", "error"),
    [("html", BadAnswer), ("truncated", BadAnswer), ("down", SourceTrouble)],
)
async def test_a_part_is_never_taken_for_the_whole(
    world: ExchangeWorld, trouble: str, error: type[SourceTrouble]
) -> None:
    found = directory(world)
    world.trouble(trouble)
    with pytest.raises(error):
        await found.search("bo")
    steps = [step async for step in found.check()]
    assert not steps[-1].ok
    await found.close()
