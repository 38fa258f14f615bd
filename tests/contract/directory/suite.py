"""What every directory of folders keeps, shown once for all kinds.

A new kind subclasses ``DirectoryContract`` and builds an ``Office``: *Kunder/Nord* with Bo Berg in
it, *Möten* (appointments) with *Gamla* and Eva Ek below, *Leverantörer* with Papper AB.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import pytest

from kalends.directory.contract import Directory
from kalends.errors import AccessDenied, BadAnswer, SourceTrouble


class Office(ABC):
    """A server with those folders."""

    @abstractmethod
    def directory(self, *folders: str) -> Directory:
        """Return a directory of these folders and what is below them; none: of all."""

    @abstractmethod
    def trouble(self, kind: str) -> None:
        """Be in trouble: ``html``, ``truncated``, ``down``."""

    @abstractmethod
    def close_folder(self, name: str) -> None:
        """Let the account read a folder of the root no longer."""

    @abstractmethod
    def requests(self) -> int:
        """Return how many requests the server has answered."""


async def names(found: Directory, text: str) -> list[str]:
    return [one.name for one in await found.search(text)]


class DirectoryContract(ABC):
    """Subclass it; see the module."""

    @abstractmethod
    def office(self) -> Office:
        """Return a new server."""

    @pytest.fixture
    def server(self) -> Office:
        return self.office()

    @pytest.fixture
    async def whole(self, server: Office) -> AsyncIterator[Directory]:
        found = server.directory()
        yield found
        await found.close()

    async def test_contacts_of_all_folders_and_subfolders_are_found(self, whole: Directory) -> None:
        (bo,) = await whole.search("söner")
        assert (bo.name, bo.company, bo.folder) == ("Bo Berg", "Berg & Söner AB", "Kunder/Nord")
        assert (bo.given, bo.family, bo.emails) == ("Bo", "Berg", ("bo@berg.example",))
        assert [(one.kind, one.plain) for one in bo.numbers] == [
            ("desk", "+46812345678"), ("mobile", "+46701740635"),
        ]  # fmt: skip
        assert await names(whole, "eva") == ["Eva Ek"]
        assert await names(whole, "papper") == ["Papper AB"]
        assert await names(whole, "nobody") == []

    async def test_a_number_tells_whose_it_is(self, whole: Directory) -> None:
        assert [one.name for one in await whole.lookup("+46701740635")] == ["Bo Berg"]
        assert await whole.lookup("+46701740636") == ()

    async def test_what_was_read_is_not_asked_again(self, server: Office, whole: Directory) -> None:
        await whole.search("bo")
        before = server.requests()
        for _ in range(10):
            await whole.search("eva")
            await whole.lookup("+46701740635")
        assert server.requests() == before

    async def test_only_what_lies_below_the_named_folders_is_read(self, server: Office) -> None:
        found = server.directory("leverantörer")
        assert await names(found, "papper") == ["Papper AB"]
        assert await names(found, "bo") == []
        await found.close()

    async def test_a_closed_folder_hides_itself_alone_unless_it_is_named(
        self, server: Office
    ) -> None:
        server.close_folder("Leverantörer")
        found = server.directory()
        assert await names(found, "bo") == ["Bo Berg"]
        assert await names(found, "papper") == []
        await found.close()
        named = server.directory("Leverantörer")
        with pytest.raises(AccessDenied):
            await named.search("papper")
        await named.close()

    @pytest.mark.parametrize(
        ("trouble", "error"),
        [("html", BadAnswer), ("truncated", SourceTrouble), ("down", SourceTrouble)],
    )
    async def test_a_part_is_never_taken_for_the_whole(
        self, server: Office, whole: Directory, trouble: str, error: type[SourceTrouble]
    ) -> None:
        server.trouble(trouble)
        with pytest.raises(error):
            await whole.search("bo")
        steps = [step async for step in whole.check()]
        assert not steps[-1].ok
        assert steps[-1].detail

    async def test_trouble_takes_no_contact_away(self, server: Office, whole: Directory) -> None:
        await whole.search("bo")
        server.trouble("down")
        assert not [step async for step in whole.check()][-1].ok
        assert await names(whole, "bo") == ["Bo Berg"]

    async def test_a_check_counts_what_there_is(self, whole: Directory) -> None:
        (step,) = [step async for step in whole.check()]
        assert step.ok
        assert "3 contacts" in step.detail
