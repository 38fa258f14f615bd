"""Setting and clearing states: as an attendant, as oneself, with the keyboard alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_list import row
from tests.acceptance.console.world import Served, World, event


def opened(page: Any, name: str) -> Any:
    row(page, name).click()
    return page.get_by_role("region", name=name)


def cleared(panel: Any) -> None:
    panel.get_by_role("button", name="Back to the calendar").click()
    expect(panel.get_by_role("button", name="Back to the calendar")).to_be_hidden()


def test_an_attendant_sets_and_clears_a_state_for_a_colleague(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    colleague = signed_in(world, "anna")
    panel = opened(page, "Carla Rossi")
    panel.get_by_text("Lunch", exact=True).click()
    panel.get_by_label("Note for colleagues").fill("at the harbour")
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_text("Saved.")).to_be_visible()
    expect(panel.get_by_text("Set by you")).to_be_visible()
    panel.get_by_text("Why?").click()
    expect(panel.locator("details").get_by_text("by you")).to_be_visible()
    theirs = opened(colleague, "Carla Rossi")
    expect(theirs.get_by_text("Set by Wilma Forsberg")).to_be_visible()
    expect(row(page, "Carla Rossi")).to_contain_text("Lunch")
    expect(row(colleague, "Carla Rossi")).to_contain_text("Lunch")
    cleared(panel)
    expect(row(colleague, "Carla Rossi")).to_contain_text("Available")


@pytest.mark.parametrize(
    ("until", "shown"),
    [
        ("as usual for the activity", r"Until\s*(\S+ )?\d\d:\d\d"),
        ("end of the booking", r"Until\s*(\S+ )?\d\d:\d\d"),
        ("next booking", r"Until\s*(\S+ )?\d\d:\d\d"),
        ("end of the working day", r"Until\s*(\S+ )?\d\d:\d\d"),
        ("cleared by hand", r"Do not disturb(?!.*Until)"),
    ],
)
def test_every_kind_of_end_can_be_chosen(
    world: World, signed_in: SignIn, until: str, shown: str
) -> None:
    world.book("hamid", event("Planning"), event("Review", 120, 180))
    page = signed_in(world, "wilma")
    panel = opened(page, "Hamid Rezai")
    panel.get_by_text("Do not disturb", exact=True).click()
    panel.get_by_label("Until").select_option(label=until)
    panel.get_by_role("button", name="Set", exact=True).click()
    now = panel.get_by_role("region", name="State")
    expect(now).to_contain_text("Do not disturb")
    expect(now).to_have_text(re.compile(shown, re.DOTALL))
    cleared(panel)
    expect(now).not_to_contain_text("Do not disturb")


def test_a_time_and_a_day_can_be_chosen(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma", timezone_id="Europe/Stockholm")
    panel = opened(page, "Greta Hoffmann")
    panel.get_by_text("Do not disturb", exact=True).click()
    panel.get_by_label("Until").select_option(label="a time …")
    panel.get_by_label("Time", exact=True).fill("23:59")
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_role("region", name="State")).to_contain_text("23:59")
    panel.get_by_label("Other …").select_option(label="Vacation")
    panel.get_by_label("Until").select_option(label="a day …")
    panel.get_by_label("Day", exact=True).fill("2031-03-03")
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_role("region", name="State")).to_contain_text("3 Mar 2031")
    cleared(panel)


def test_a_member_sets_only_the_own_state_and_that_of_who_trusts_them(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    panel = opened(page, "Carla Rossi")
    expect(panel.get_by_text("Why?")).to_be_visible()
    expect(panel.get_by_text("Set state")).to_have_count(0)
    page.get_by_role("button", name="Anna Berg", exact=True).click()
    panel = page.get_by_role("region", name="Anna Berg")
    panel.get_by_text("Do not disturb", exact=True).click()
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(row(page, "Anna Berg")).to_contain_text("Do not disturb")
    cleared(panel)
    expect(row(page, "Anna Berg")).to_contain_text("Available")


def test_a_no_of_the_engine_is_shown_in_words(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    panel = opened(page, "Greta Hoffmann")
    panel.get_by_text("Do not disturb", exact=True).click()
    panel.get_by_label("Until").select_option(label="a day …")
    panel.get_by_label("Day", exact=True).fill("2020-01-01")
    panel.get_by_role("button", name="Set", exact=True).click()
    told = panel.get_by_role("alert")
    expect(told).to_contain_text("That did not work:")
    expect(told).to_contain_text("past")


def test_everything_can_be_done_with_the_keyboard_alone(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.keyboard.press("/")
    page.keyboard.type("support")
    expect(page.locator(".row")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    field = page.get_by_role("combobox", name="Search")
    expect(field).to_have_attribute("aria-activedescendant", "person-erik")
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Erik Fors")
    expect(panel).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="Erik Fors")).to_be_focused()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_role("radio", name="Lunch")).to_be_checked()
    page.keyboard.press("Enter")
    expect(row(page, "Erik Fors")).to_contain_text("Lunch")
    cleared(panel)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_have_value("")


def test_ones_own_choices_are_kept(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    form = opened(page, "Anna Berg").get_by_role("form", name="My preferences")
    form.get_by_label("My calendar drives my presence").uncheck()
    form.get_by_label("My bookings show").select_option(label="all as busy")
    form.get_by_label("Language").select_option(label="Svenska")
    form.get_by_role("button", name="Save").click()
    kept = page.get_by_role("form", name="Mina val")  # the page follows at once
    expect(kept).to_be_visible()
    page.reload()
    page.get_by_role("option", name="Anna Berg").click()
    expect(kept.get_by_label("Min kalender styr min närvaro")).not_to_be_checked()
    kept.get_by_label("Min kalender styr min närvaro").check()
    kept.get_by_label("Språk").select_option(label="som organisationen")
    kept.get_by_role("button", name="Spara").click()
    expect(page.get_by_role("form", name="My preferences")).to_be_visible()


def test_while_the_engine_is_away_the_page_says_so_and_goes_on(
    tmp_path: Path, signed_in: SignIn
) -> None:
    with Served(tmp_path, engine_seconds=2.0) as world:
        page = signed_in(world, "wilma")
        panel = opened(page, "Greta Hoffmann")
        world.stop_engine()
        panel.get_by_text("Lunch", exact=True).click()
        panel.get_by_role("button", name="Set", exact=True).click()
        expect(panel.get_by_role("alert")).to_contain_text("the change may still be made")
        away = page.get_by_text("Kalends is not working on changes just now.")
        expect(away).to_be_visible()
        expect(row(page, "Anna Berg")).to_be_visible()
