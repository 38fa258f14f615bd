"""What somebody has begun and not finished is there when they come back, and only for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.console.conftest import Held, SignIn, enter
from tests.acceptance.console.test_list import row
from tests.acceptance.console.test_preferences import chosen, patch
from tests.acceptance.console.test_states import cleared, opened
from tests.acceptance.console.world import World

DRIVES = "My calendar drives my presence"
UNSAVED = "Not saved yet"


@pytest.fixture(autouse=True)
def nothing_chosen(world: World) -> Iterator[None]:
    yield
    patch(world, calendar=None, language=None, keywords=None, auto_return=None)


def own_form(page: Any) -> Any:
    opened(page, "Anna Berg")
    return page.get_by_role("form", name="My preferences")


LEAVING: dict[str, Callable[[Any], None]] = {
    "by Escape": lambda page: page.keyboard.press("Escape"),
    "by the button": lambda page: page.get_by_role("button", name="Close").click(),
    "for somebody else": lambda page: row(page, "Erik Fors").click(),
}


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
def test_choices_not_saved_wait_where_the_panel_is_left(
    world: World, signed_in: SignIn, leave: Callable[[Any], None]
) -> None:
    page = signed_in(world, "anna")
    form = own_form(page)
    form.get_by_label(DRIVES).uncheck()
    expect(form.get_by_role("status")).to_have_text(UNSAVED)
    leave(page)
    expect(form).to_be_hidden()
    page.get_by_role("button", name=f"Anna Berg ({UNSAVED})").click()
    expect(form.get_by_label(DRIVES)).not_to_be_checked()
    expect(form.get_by_role("status")).to_have_text(UNSAVED)
    assert chosen(page)["calendar"] is None
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved.")
    assert chosen(page)["calendar"] is False
    expect(page.get_by_role("button", name="Anna Berg", exact=True)).to_be_visible()


def test_what_is_chosen_while_others_are_being_saved_waits_to_be_saved(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    form = own_form(page)
    form.get_by_label(DRIVES).uncheck()
    late = Held(page, "/people/anna/preferences")
    form.get_by_role("button", name="Save").click()
    late.wait()
    form.get_by_label("I am back by myself").uncheck()
    late.release()
    expect(form.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "false")
    expect(form.get_by_role("status")).to_have_text(UNSAVED)
    expect(form.get_by_label("I am back by myself")).not_to_be_checked()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved.")
    told = chosen(page)
    assert (told["calendar"], told["auto_return"]) == (False, False)


def test_choices_not_saved_can_be_discarded(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    form = own_form(page)
    form.get_by_label(DRIVES).uncheck()
    form.get_by_role("button", name="Discard").click()
    expect(form.get_by_label(DRIVES)).to_be_checked()
    expect(form.get_by_label(DRIVES)).to_be_focused()
    expect(form.get_by_role("status")).to_have_text("")
    expect(form.get_by_role("button", name="Discard")).to_have_count(0)


def test_a_page_is_not_left_with_choices_not_saved_without_asking(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    form = own_form(page)
    form.get_by_label(DRIVES).uncheck()
    page.keyboard.press("Escape")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    expect(own_form(page).get_by_label(DRIVES)).not_to_be_checked()


def test_a_session_that_ends_while_somebody_types_loses_nothing_of_theirs(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    page.get_by_role("combobox", name="Search").fill("berg")
    form = own_form(page)
    form.get_by_text("My own words", exact=True).click()
    form.get_by_role("button", name="Add a word").click()
    page.keyboard.type("pilates")
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your session has ended. Please sign in again.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("anna")
    expect(page.get_by_label("Password")).to_be_focused()
    enter(page, "anna")
    expect(form.get_by_role("status")).to_have_text(UNSAVED)  # one is where one was
    expect(page.get_by_role("combobox", name="Search")).to_have_value("berg")
    form.get_by_text("My own words", exact=True).click()
    expect(form.get_by_label("Word", exact=True)).to_have_value("pilates")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved.")
    assert chosen(page)["keywords"][0]["match"]["code"] == "pilates"


def test_nobody_else_finds_what_was_begun(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    form = own_form(page)
    form.get_by_label(DRIVES).uncheck()
    page.get_by_role("button", name="Sign out").click()
    enter(page, "anna")
    expect(page.get_by_role("region", name="Anna Berg")).to_have_count(0)
    expect(own_form(page).get_by_label(DRIVES)).to_be_checked()
    form.get_by_label(DRIVES).uncheck()
    page.context.clear_cookies()
    form.get_by_role("button", name="Save").click()
    enter(page, "wilma")
    expect(page.get_by_role("region", name="Anna Berg")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    enter(page, "anna")
    expect(own_form(page).get_by_label(DRIVES)).to_be_checked()


def test_what_others_left_alone_stays_as_it_was_chosen(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    form = own_form(page)
    form.get_by_label(DRIVES).uncheck()
    form.get_by_label("I am back by myself").uncheck()
    patch(world, auto_return=True)
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_contain_text("changed elsewhere meanwhile")
    expect(form.get_by_label(DRIVES)).not_to_be_checked()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved.")
    assert chosen(page)["calendar"] is False


def test_a_note_waits_for_who_has_to_take_another_call_first(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    panel = opened(page, "Carla Rossi")
    panel.get_by_text("Lunch", exact=True).click()
    panel.get_by_label("Note for colleagues").fill("at the harbour, back with the boat")
    other = opened(page, "Erik Fors")
    other.get_by_text("Break", exact=True).click()
    opened(page, "Carla Rossi")
    expect(panel.get_by_role("radio", name="Lunch")).to_be_checked()
    expect(panel.get_by_label("Note for colleagues")).to_have_value(re.compile("harbour"))
    opened(page, "Erik Fors")  # a mere pick is no work lost, and could be set by mistake
    expect(other.get_by_role("radio", name="Break")).not_to_be_checked()
    opened(page, "Carla Rossi").get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_role("region", name="State")).to_contain_text("harbour")
    expect(panel.get_by_label("Note for colleagues")).to_have_count(0)
    cleared(panel)


def test_a_no_that_comes_after_one_turned_away_is_told_with_its_name(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    panel = opened(page, "Carla Rossi")
    late = Held(page, "/people/carla/manual")
    panel.get_by_text("Lunch", exact=True).click()
    panel.get_by_role("button", name="Set", exact=True).click()
    late.wait()
    page.keyboard.press("Escape")
    late.release(status=503, json={"title": "The engine is away.", "status": 503})
    told = page.get_by_text("Carla Rossi: That did not work: Kalends does not answer just now")
    expect(told).to_be_visible()
    told.get_by_role("button", name="Close").click()
    expect(told).to_be_hidden()
    cleared(opened(page, "Carla Rossi"))
