"""Public folders of Exchange 2003 and 2007 over WebDAV keep the directory's contract."""

from __future__ import annotations

from typing import Any

from lab.exchange_dav.people import Person

from kalends.directory.contract import Directory
from kalends.directory.exchange_webdav import ExchangeWebdavDirectoryOptions, open_directory
from kalends.model.organization import Numbering
from tests.contract.calendars.exchange_dav import ExchangeWorld
from tests.contract.calendars.lab import place
from tests.contract.directory.suite import DirectoryContract, Office

BO = Person(
    "Bo Berg", "Berg & Söner AB", "Bo", "Berg", ("Bo@berg.example",),
    {"telephoneNumber": "08-123 456 78", "mobile": "+46 70 174 06 35"},
)  # fmt: skip


class DavOffice(Office):
    def __init__(self, year: int, *, forms: bool) -> None:
        self.world = ExchangeWorld(year, forms=forms)
        root = self.world.server.public
        root.add("Kunder").add("Nord", BO)
        root.add("Möten", folder_class="IPF.Appointment").add("Gamla", Person("Eva Ek"))
        root.add("Leverantörer", Person("", "Papper AB", phones={"mobile": "112"}))

    def directory(self, *folders: str) -> Directory:
        options = ExchangeWebdavDirectoryOptions(source="owa", folders=folders)
        return open_directory(self.world.endpoint, swedish(place("contacts")), options)

    def trouble(self, kind: str) -> None:
        self.world.trouble(kind)

    def close_folder(self, name: str) -> None:
        for folder in self.world.server.public.folders:
            if folder.name == name:
                folder.readable = False

    def requests(self) -> int:
        return len(self.world.server.asked)


def swedish(place: Any) -> Any:
    """Return the place with numbers as they are written in Sweden."""
    from dataclasses import replace

    numbering = Numbering(country="SE")
    settings = place.organization.model_copy(update={"numbering": numbering})
    return replace(place, organization=settings)


class TestExchange2003(DirectoryContract):
    def office(self) -> Office:
        return DavOffice(2003, forms=True)

    async def test_folders_that_are_not_wanted_are_not_asked(self) -> None:
        office = DavOffice(2003, forms=False)
        found = office.directory("leverantörer")
        await found.search("papper")
        asked = [ask.path for ask in office.world.server.asked if ask.method == "SEARCH"]
        assert asked
        assert not any("Kunder" in path for path in asked)
        await found.close()


class TestExchange2007(DirectoryContract):
    def office(self) -> Office:
        return DavOffice(2007, forms=False)
