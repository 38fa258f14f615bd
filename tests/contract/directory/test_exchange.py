"""Public folders over EWS keep the directory's contract; the address book is asked by name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lab.exchange.contacts import Card

from kalends.directory.contract import Directory
from kalends.directory.exchange import ExchangeDirectoryOptions, open_directory
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.errors import SourceTrouble
from kalends.model.organization import Numbering
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.directory.suite import DirectoryContract, Office, names
from tests.exchange_lab import ANNA, DOMAIN, SERVICE

BO = Card(
    "Bo Berg", "Bo", "Berg", "Berg & Söner AB", emails=("Bo@berg.example",),
    phones={"BusinessPhone": "08-123 456 78", "MobilePhone": "+46 70 174 06 35"},
)  # fmt: skip


class EwsOffice(Office):
    """``elsewhere``: the contents of a folder lie in a mailbox of their own (2013+)."""

    def __init__(self, version: str, *, elsewhere: bool = False) -> None:
        self.world = EwsWorld(version)
        organization = self.world.organization
        tree = organization.public_folders()
        self.home = tree.address if version >= "2013" else ""
        customers = organization.public_folder("Kunder")
        north = organization.public_folder("Nord", customers)
        meetings = organization.public_folder("Möten", folder_class="IPF.Appointment")
        old = organization.public_folder("Gamla", meetings)
        suppliers = organization.public_folder("Leverantörer")
        if elsewhere:
            organization.move_contents(north, "contents2")
        tree.add_card(BO, north.name)
        tree.add_card(Card("Eva Ek"), old.name)
        tree.add_card(Card("", company="Papper AB", phones={"MobilePhone": "112"}), suppliers.name)
        self.folders = {"Leverantörer": suppliers, "Kunder": customers}

    def directory(self, *folders: str, contents: str = "public-folders") -> Directory:
        options = ExchangeDirectoryOptions.model_validate(
            {
                "source": "exchange", "folders": folders, "contents": contents,
                "public_folder_mailbox": self.home,
            }
        )  # fmt: skip
        place = self.world.place()
        settings = place.organization.model_copy(update={"numbering": Numbering(country="SE")})
        where = replace(place, id="contacts", organization=settings)
        return open_directory(self.world.endpoint, where, options)

    def trouble(self, kind: str) -> None:
        self.world.trouble(kind)

    def close_folder(self, name: str) -> None:
        tree = self.world.organization.public_folders()
        tree.grants[SERVICE, self.folders[name].name] = ""

    def requests(self) -> int:
        return self.world.requests()


class TestExchange2007(DirectoryContract):
    def office(self) -> Office:
        return EwsOffice("2007 SP1")


class TestExchange2010(DirectoryContract):
    def office(self) -> Office:
        return EwsOffice("2010 SP2")


class TestExchange2016(DirectoryContract):
    def office(self) -> Office:
        return EwsOffice("2016", elsewhere=True)


async def test_without_the_mailbox_of_the_tree_it_says_what_to_set() -> None:
    office = EwsOffice("2016")
    office.home = ""
    found = office.directory()
    with pytest.raises(SourceTrouble) as told:
        await found.search("bo")
    assert "public_folder_mailbox" in told.value.remedy
    await found.close()


@pytest.mark.parametrize("version", ["2007 SP1", "2010 SP2", "2016"])
async def test_the_address_book_is_asked_by_name(version: str) -> None:
    office = EwsOffice(version)
    book = office.directory(contents="address-book")
    (anna,) = await book.search("anna")
    assert (anna.name, anna.emails[:1]) == ("Anna Berg", (ANNA,))
    assert await names(book, "nobody here") == []
    assert await book.lookup("+46812345678") == ()
    before = office.requests()
    assert await book.search("0812345678") == ()
    assert office.requests() == before
    (step,) = [step async for step in book.check()]
    assert step.ok
    office.trouble("down")
    (step,) = [step async for step in book.check()]
    assert not step.ok


async def test_contents_elsewhere_are_found_by_an_account_without_an_address() -> None:
    """``DOMAIN\\user`` names no mail domain; the tree's mailbox does."""
    office = EwsOffice("2016", elsewhere=True)
    world = office.world
    world.organization.add_account("ACME\\svc", "secret", mailbox=SERVICE, impersonates=None)
    options = world.options.model_copy(update={"username": "ACME\\svc"})
    world.endpoint = ExchangeEndpoint(world.services, world.place(), options)
    found = office.directory()
    assert await names(found, "bo") == ["Bo Berg"]
    asked = [dict(one.headers).get("X-PublicFolderMailbox", "") for one in world.transport.sent]
    assert {one.rpartition("@")[2] for one in asked if one} == {DOMAIN}
    await found.close()
