"""The list: live, searched, and still under the pointer."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from kalends.bus.commands import ClearManual, SetLine, SetManual
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.world import EVIL, World, event


def row(page: Any, name: str) -> Any:
    return page.get_by_role("option", name=name)


def names(page: Any) -> list[str]:
    return [str(name) for name in page.locator(".row .name").all_inner_texts()]


def place(page: Any, name: str) -> tuple[float, float]:
    box = row(page, name).bounding_box()
    assert box is not None
    return box["x"], box["y"]


def set_by_hand(world: World, person: str, activity: str | None) -> None:
    keys = {"organization": "acme", "actor": "test", "person": person}
    if activity is None:
        world.command(ClearManual(**keys))
    else:
        world.command(SetManual(**keys, activity=activity, until="cleared"))


def test_a_booking_makes_the_person_busy_on_the_open_page(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.evaluate("window.stayed = true")
    expect(row(page, "Erik Fors")).to_contain_text("Available")
    world.book("erik", event("Meeting with Volvo"))
    expect(row(page, "Erik Fors")).to_contain_text("Meeting")
    expect(row(page, "Erik Fors").get_by_role("img", name="Booked now")).to_be_visible()
    world.book("erik", event("Meeting with Volvo", 30, 60))
    expect(row(page, "Erik Fors")).to_contain_text("Available")
    soon = row(page, "Erik Fors").get_by_role("img", name="Booked within the hour")
    expect(soon).to_be_visible()
    world.book("erik", event("Meeting with Volvo", 120, 180))
    expect(soon).to_be_hidden()
    assert page.evaluate("window.stayed") is True


def test_a_telephone_in_use_is_shown(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    phone = row(page, "Hamid Rezai").get_by_role("img", name="On the phone")
    world.command(SetLine(organization="acme", actor="test", person="hamid", state="in-call"))
    expect(phone).to_be_visible()
    world.command(SetLine(organization="acme", actor="test", person="hamid", state="idle"))
    expect(phone).to_be_hidden()


def test_no_row_moves_under_the_pointer(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.get_by_role("button", name="Available").click()
    expect(row(page, "Greta Hoffmann")).to_be_visible()
    row(page, "Greta Hoffmann").hover()
    before = {name: place(page, name) for name in names(page)}
    set_by_hand(world, "carla", "meeting")
    try:
        expect(row(page, "Carla Rossi")).to_contain_text("Meeting")
        expect(page.get_by_text("The list has changed. Show the new order")).to_be_visible()
        assert {name: place(page, name) for name in names(page)} == before
        page.get_by_role("combobox", name="Search").hover()
        expect(row(page, "Carla Rossi")).to_have_count(0)
        assert set(names(page)) == set(before) - {"Carla Rossi"}
    finally:
        set_by_hand(world, "carla", None)


def test_the_new_order_is_shown_when_asked_for(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.get_by_role("button", name="Busy").click()
    expect(page.get_by_text("Nobody matches.")).to_be_visible()
    page.locator(".rest").hover()
    set_by_hand(world, "carla", "meeting")
    try:
        page.get_by_text("The list has changed. Show the new order").click()
        expect(row(page, "Carla Rossi")).to_be_visible()
    finally:
        set_by_hand(world, "carla", None)


def test_search_finds_by_everything_a_telephonist_hears(world: World, signed_in: SignIn) -> None:
    set_by_hand(world, "greta", "lunch")
    page = signed_in(world, "wilma")
    field = page.get_by_role("combobox", name="Search")
    found = {
        "berg": ["Anna Berg"],
        "a be": ["Anna Berg"],
        "ake": ["Björn Åkesson"],
        "åkesson": ["Björn Åkesson"],
        "francois": ["François Lemaire"],
        "CR": ["Carla Rossi"],
        "1003": ["Carla Rossi"],
        "070-123 45": ["Anna Berg"],
        "finance": ["François Lemaire", "Greta Hoffmann"],
        "lunch": ["Greta Hoffmann"],
        "away": ["Greta Hoffmann"],
        "espresso": ["Carla Rossi"],
        "support er": ["Erik Fors"],
    }
    try:
        for query, expected in found.items():
            field.fill(query)
            expect(page.locator(".row .name")).to_have_text(expected)
        field.fill("zzz")
        expect(page.get_by_text("Nobody matches.")).to_be_visible()
        page.get_by_role("button", name="Clear search").click()
        expect(row(page, "Anna Berg")).to_be_visible()
        expect(field).to_be_focused()
    finally:
        set_by_hand(world, "greta", None)


def test_letters_are_found_without_their_accents(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    page.get_by_role("combobox", name="Search").fill("Bjorn")
    expect(page.locator(".row .name")).to_have_text(["Björn Åkesson"])


def test_what_strangers_wrote_stays_text(world: World, signed_in: SignIn) -> None:
    world.book("anna", event(EVIL))
    page = signed_in(world, "anna")
    row(page, "Anna Berg").click()
    panel = page.get_by_role("region", name="Anna Berg")
    expect(panel.get_by_text(EVIL).first).to_be_visible()
    panel.get_by_text("Why?").click()
    expect(panel.locator("details").first).to_contain_text("onerror")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() == "Kalends"
    world.book("anna", event("Dinner", 300, 360))
