"""Contacts outside: below the people while somebody types, ready to be dialled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from kalends.bus.commands import PutDocument
from kalends.directory.contract import Contact, ContactNumber
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_accessibility import LOOKS, violations
from tests.acceptance.console.world import EVIL, World
from tests.shelf import Office, Shelf, scripted_office

CONTACTS = (
    Contact(
        "1", "Andersson, Maria", "customers", company="Bergs Bageri", title="Purchasing",
        emails=("maria@bergs.example",), folder="Customers/North",
        numbers=(ContactNumber("08-123 456 78", "desk", "+46812345678"),
                 ContactNumber("070-174 06 35", "mobile", "+46701740635")),
    ),
    Contact("2", EVIL, "customers", company="Bergs Grus",
            numbers=(ContactNumber("javascript:alert(1)", "desk", None),)),
)  # fmt: skip


@pytest.fixture(scope="module")
def office(world: World) -> Iterator[Office]:
    with scripted_office() as office:
        office.shelf = Shelf(*CONTACTS)
        for kind, id, keys in (
            ("source", "office", {}),
            ("directory", "customers", {"source": "office"}),
        ):
            body: dict[str, Any] = {"kind": "scripted-office", **keys}
            world.command(
                PutDocument(organization="acme", actor="test", kind=kind, id=id, body=body)
            )
        yield office


def test_contacts_stand_below_the_people_and_can_be_dialled(
    world: World, office: Office, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    found = page.get_by_role("region", name="Contacts")
    expect(found).to_be_hidden()
    page.get_by_role("combobox", name="Search").fill("berg")
    expect(page.locator(".row .name")).to_have_text(["Anna Berg"])
    expect(found.get_by_role("listitem")).to_have_count(2)
    expect(found).to_contain_text("Purchasing · Bergs Bageri · Customers/North")
    expect(found.get_by_role("link", name="08-123 456 78")).to_have_attribute(
        "href", "tel:+46812345678"
    )
    expect(found.get_by_role("link", name="javascript:alert(1)")).to_have_attribute("href", "tel:1")
    assert page.title() != "pwned"
    page.get_by_role("combobox", name="Search").fill("0635")
    expect(found.get_by_role("listitem")).to_have_count(1)
    page.get_by_role("combobox", name="Search").fill("")
    expect(found).to_be_hidden()
    office.shelf.fails = True
    page.get_by_role("combobox", name="Search").fill("ander")
    expect(found).to_contain_text("Contacts of customers are missing")
    office.shelf.fails = False


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS)
def test_axe_finds_nothing_in_contacts(
    world: World, office: Office, signed_in: SignIn, viewport: dict[str, int], scheme: str
) -> None:
    assert not office.shelf.fails
    page = signed_in(world, "wilma", viewport=viewport, color_scheme=scheme)
    page.get_by_role("combobox", name="Search").fill("berg")
    expect(page.get_by_role("region", name="Contacts").get_by_role("listitem")).to_have_count(2)
    assert violations(page) == []
    if shots := os.environ.get("KALENDS_SHOTS"):
        page.screenshot(path=Path(shots) / f"contacts-{scheme}-{viewport['width']}.png")
