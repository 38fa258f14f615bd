"""The keyboard is never nowhere: it goes where the next thing is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_list import row, set_by_hand
from tests.acceptance.console.test_preferences import patch
from tests.acceptance.console.test_states import opened
from tests.acceptance.console.world import PASSWORD, Served, World

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}


def enter(button: Any) -> None:
    """Press a button by the keyboard; it may be gone before the key is up again."""
    button.focus()
    button.page.keyboard.press("Enter")


def test_on_a_telephone_escape_goes_back_to_the_rows(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma", **PHONE)
    panel = opened(page, "Carla Rossi")
    expect(panel.get_by_role("heading", name="Carla Rossi")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="People")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dora Ek")).to_be_focused()


def test_who_has_picked_a_row_types_the_next_name_at_once(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.get_by_role("combobox", name="Search").fill("carla")
    opened(page, "Carla Rossi")
    page.keyboard.type("greta")
    expect(page.get_by_role("combobox", name="Search")).to_have_value("greta")
    expect(page.locator(".row .name")).to_have_text(["Greta Hoffmann"])


def test_the_keyboard_follows_to_the_substitute(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.keyboard.type("anna berg")
    page.keyboard.press("Enter")
    enter(page.get_by_role("button", name="Björn Åkesson"))
    expect(page.get_by_role("heading", name="Björn Åkesson")).to_be_focused()


def test_buttons_that_have_done_their_work_keep_or_hand_on_the_focus(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    panel = opened(page, "Anna Berg")
    form = panel.get_by_role("form", name="My preferences")
    form.get_by_label("My calendar drives my presence").uncheck()
    save = form.get_by_role("button", name="Save")
    enter(save)
    expect(form.get_by_role("status")).to_have_text("Saved.")
    expect(save).to_be_focused()
    patch(world, calendar=None)
    panel.get_by_text("Do not disturb", exact=True).click()
    enter(panel.get_by_role("button", name="Set", exact=True))
    title = panel.get_by_role("heading", name="Set state")
    expect(title).to_be_focused()
    enter(panel.get_by_role("button", name="Back to the calendar"))
    expect(panel.get_by_role("button", name="Back to the calendar")).to_be_hidden()
    expect(title).to_be_focused()


def test_a_new_order_that_was_asked_for_leaves_the_keyboard_in_the_search(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    page.get_by_role("button", name="Busy").click()
    page.locator(".rest").hover()
    set_by_hand(world, "carla", "meeting")
    try:
        page.get_by_text("The list has changed. Show the new order").click()
        expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    finally:
        set_by_hand(world, "carla", None)


def test_long_words_neither_widen_a_panel_nor_cover_what_is_beside_them(
    signed_in: SignIn, tmp_path: Path
) -> None:
    endless = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamter"
    people = (
        {"id": "wilma", "name": "Wilma Forsberg"},
        {"id": "long", "name": endless, "title": endless, "department": endless,
         "extension": "123456789012", "emails": [f"{endless[:50]}@{'x' * 50}.acme.example"]},
    )  # fmt: skip
    with Served(tmp_path, people) as world:
        set_by_hand(world, "long", "dnd")
        page = signed_in(world, "wilma")
        row(page, endless).click()
        panel = page.get_by_role("region", name=endless)
        expect(panel.get_by_role("link", name=re.compile("@"))).to_be_visible()
        assert panel.evaluate("one => one.scrollWidth <= one.clientWidth")
        number = row(page, endless).locator(".number")
        assert number.evaluate("one => one.scrollWidth <= one.clientWidth")
        expect(number).to_have_text("123456789012")


def test_an_organization_without_people_says_so(
    page_at: Callable[..., Any], tmp_path: Path
) -> None:
    with Served(tmp_path, ()) as world:
        page = page_at(world.base)
        page.get_by_label("Name").fill("root")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("There is nobody here yet.")).to_be_visible()
        page.get_by_role("combobox", name="Search").fill("zzz")
        expect(page.get_by_text("Nobody matches.")).to_be_hidden()
