"""Several directories give one answer; the slow and the broken ones are named in it."""

from __future__ import annotations

from kalends.directory import search
from kalends.directory.contract import Contact, ContactNumber
from tests.shelf import Shelf


def contact(name: str, directory: str, number: str = "", **keys: str | None) -> Contact:
    numbers = (ContactNumber(number, "desk", number),) if number else ()
    return Contact(f"{directory}-{name}", name, directory, numbers=numbers, **keys)  # type: ignore[arg-type]  # texts only


async def test_own_people_come_first_and_nobody_twice() -> None:
    own = Shelf(contact("Zoe Berg", "people", "1001", person="zoe"))
    outside = Shelf(
        contact("Anna Berg", "pf", "+461"),
        contact("Zoe Berg", "pf", "1001"),
        contact("Anna Berg", "pf", "+462"),
    )
    found = await search.search({"people": own, "pf": outside}, "berg")
    told = [(one.name, one.directory, one.numbers[0].number) for one in found.contacts]
    assert told == [
        ("Zoe Berg", "people", "1001"),
        ("Anna Berg", "pf", "+461"),
        ("Anna Berg", "pf", "+462"),
    ]
    assert found.incomplete == ()


async def test_a_broken_directory_is_named_and_hides_no_other() -> None:
    directories = {
        "good": Shelf(contact("Anna Berg", "good", "+461")),
        "bad": Shelf(fails=True),
        "slow": Shelf(hangs=True),
    }
    for found in (
        await search.search(directories, "berg", seconds=0.02),
        await search.lookup(directories, ("+461",), seconds=0.02),
    ):
        assert [one.name for one in found.contacts] == ["Anna Berg"]
        assert {one.directory: one.message for one in found.incomplete} == {
            "bad": "the folder may not be read",
            "slow": "The directory does not answer in time.",
        }
        assert all(one.remedy for one in found.incomplete)
