"""Contacts over HTTP: own people as the viewer may know them, and what the engine was told."""

from __future__ import annotations

import msgspec

from kalends.bus.commands import Answer, FindContacts
from kalends.directory.contract import Contact, ContactNumber
from kalends.directory.search import Found, Incomplete
from tests.contract.web.test_people import get
from tests.contract.web.world import World

CUSTOMER = Contact(
    "c1", "Anna Customer", "pf", company="Bakery", folder="Customers/North",
    numbers=(ContactNumber("08-123 456 78", "desk", "+46812345678"),),
)  # fmt: skip


def tell(world: World, found: Found) -> None:
    world.desk.answer = Answer(ok=True, value=msgspec.to_builtins(found))


async def test_own_people_and_the_directories_answer_together(world: World) -> None:
    tell(world, Found((CUSTOMER,), (Incomplete("gal", "It does not answer.", "Wait."),)))
    body = await get(world, "acme/member", "/api/v1/contacts?query=anna")
    names = [(one["name"], one["directory"], one["person"]) for one in body["contacts"]]
    assert names == [("Anna acme", "people", "anna"), ("Anna Customer", "pf", None)]
    assert body["contacts"][1]["numbers"] == [
        {"number": "08-123 456 78", "kind": "desk", "plain": "+46812345678"}
    ]
    assert body["incomplete"] == [
        {"directory": "gal", "message": "It does not answer.", "remedy": "Wait."}
    ]
    asked = world.desk.commands[-1]
    assert isinstance(asked, FindContacts)
    assert (asked.organization, asked.query, asked.number) == ("acme", "anna", None)


async def test_a_number_tells_whose_it_is(world: World) -> None:
    tell(world, Found())
    body = await get(world, "acme/member", "/api/v1/contacts?number=1001")
    assert [one["person"] for one in body["contacts"]] == ["anna"]
    asked = world.desk.commands[-1]
    assert isinstance(asked, FindContacts)
    assert asked.number == "1001"


async def test_a_protected_person_is_no_contact_but_to_attendants(world: World) -> None:
    tell(world, Found())
    member = await get(world, "acme/member", "/api/v1/contacts?query=cleo")
    attendant = await get(world, "acme/attendant", "/api/v1/contacts?query=cleo")
    assert member["contacts"] == []
    assert [one["person"] for one in attendant["contacts"]] == ["cleo"]


async def test_with_the_engine_away_own_people_are_still_found(world: World) -> None:
    world.desk.silent = True
    body = await get(world, "acme/member", "/api/v1/contacts?query=anna")
    assert [one["person"] for one in body["contacts"]] == ["anna"]
    assert [one["directory"] for one in body["incomplete"]] == ["*"]


async def test_a_question_that_makes_no_sense_is_told_what_to_ask(world: World) -> None:
    for path, status in (
        ("/api/v1/contacts", 400),
        ("/api/v1/contacts?query=anna&number=1001", 400),
        ("/api/v1/contacts?query=a", 422),
        ("/api/v1/contacts?number=call+me", 422),
    ):
        body = await get(world, "acme/member", path, status)
        assert body["remedy"] or body.get("problems"), body
    assert world.desk.commands == []
