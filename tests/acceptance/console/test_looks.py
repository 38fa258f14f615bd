"""What a page looks like where room, colours or a mouse are missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.console.conftest import SignIn, enter
from tests.acceptance.console.test_list import row, set_by_hand
from tests.acceptance.console.test_states import opened
from tests.acceptance.console.world import World, event

OUTLINE = "one => getComputedStyle(one).outlineStyle"
GROUND = "one => getComputedStyle(one).backgroundColor"


def box(locator: Any) -> dict[str, float]:
    found: dict[str, float] | None = locator.bounding_box()
    assert found is not None
    return found


def expect_glass_in_field(page: Any) -> None:
    field, glass = (
        box(page.get_by_role("combobox", name="Search")),
        box(page.locator(".search svg")),
    )
    assert field["y"] < glass["y"]
    assert glass["y"] + glass["height"] < field["y"] + field["height"]


@pytest.mark.parametrize("width", [320, 390, 680, 1000, 1360])
def test_the_glass_stays_in_the_field_and_nothing_sticks_out(
    world: World, signed_in: SignIn, width: int
) -> None:
    page = signed_in(world, "wilma", viewport={"width": width, "height": 700})
    expect_glass_in_field(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(opened(page, "Carla Rossi")).to_be_visible()
    if width > 960:  # the list is beside the panel, and has less room
        expect_glass_in_field(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_in_high_contrast_what_is_chosen_is_seen(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma", forced_colors="active")
    panel = opened(page, "Carla Rossi")
    carla, dora = row(page, "Carla Rossi"), row(page, "Dora Ek")
    assert carla.evaluate(GROUND) != dora.evaluate(GROUND)
    page.keyboard.press("/")  # from the row that was clicked
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(dora).to_have_css("outline-style", "solid")
    expect(carla).to_have_css("outline-style", "none")
    chips = page.get_by_role("group", name="State").get_by_role("button")
    chips.nth(0).click()
    assert [chips.nth(at).evaluate(OUTLINE) for at in (0, 1)] == ["solid", "none"]
    picked, other = (panel.locator("label", has_text=one) for one in ("Lunch", "Break"))
    panel.get_by_text("Lunch", exact=True).click()
    expect(picked).to_have_css("outline-style", "solid")
    assert other.evaluate(OUTLINE) == "none"


def test_in_high_contrast_a_day_is_seen(world: World, signed_in: SignIn) -> None:
    world.book("greta", event("Meeting with Volvo"))
    page = signed_in(world, "wilma", forced_colors="active")
    bar = opened(page, "Greta Hoffmann").locator(".bar")
    shown = bar.locator(".busy").first
    expect(shown).to_be_visible()
    assert shown.evaluate(GROUND) != bar.evaluate(GROUND)


def test_arrows_in_the_rows_tell_who_is_meant(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    rows = page.get_by_role("group", name="People")
    rows.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(rows).to_have_attribute("aria-activedescendant", "person-bjorn")


def test_a_screen_reader_is_told_what_was_found_and_not_every_change_of_it(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    told = page.locator(".search").get_by_role("status")
    page.mouse.move(5, 5)  # not over the rows, which would wait
    search = page.get_by_role("combobox", name="Search")
    search.fill("sales")
    expect(told).to_have_text("3 of 9")
    search.fill("nobody at all")
    expect(told).to_have_text("Nobody matches.")
    search.fill("meeting sales")
    expect(told).to_have_text("Nobody matches.")
    page.evaluate(
        "() => { window.said = []; new MutationObserver(() => said.push(1)).observe("
        "document.querySelector('.search [role=status]'),"
        " { characterData: true, childList: true, subtree: true }) }"
    )
    try:
        set_by_hand(world, "carla", "meeting")
        expect(row(page, "Carla Rossi")).to_be_visible()
        page.get_by_role("button", name="Available").click()  # told after all that was before
        expect(told).to_have_text("Nobody matches.")
        expect(page.locator(".row")).to_have_count(0)
        search.fill("")
        expect(told).to_have_text(re.compile("[78] of 9"))
        assert len(page.evaluate("said")) == 1
    finally:
        set_by_hand(world, "carla", None)


FINGER = """() => [...document.querySelectorAll("button, input, select, summary, a")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one, one.closest("label:has(input:is([type=radio], [type=checkbox]))") ?? one])
  .map(([one, whole]) => [one.outerHTML.slice(0, 90), whole.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < 43.9)
  .map(([what, { width, height }]) => `${what}: ${width} x ${height}`)"""


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_telephone_everything_is_as_broad_as_a_finger(
    world: World, page_at: Callable[..., Any], width: int
) -> None:
    page = page_at(world.base, viewport={"width": width, "height": 844})
    expect(page.get_by_label("Password")).to_be_visible()
    assert page.evaluate(FINGER) == []
    enter(page, "anna")
    expect(row(page, "Anna Berg")).to_be_visible()
    assert page.evaluate(FINGER) == []
    panel = opened(page, "Anna Berg")
    panel.get_by_text("Do not disturb", exact=True).click()
    form = panel.get_by_role("form", name="My preferences")
    expect(form.locator("summary").last).to_be_visible()  # they come with the server's answer
    for group in form.locator("summary").all():
        group.click()
    form.get_by_role("button", name="Add a word").click()
    form.get_by_role("button", name="Add a state").click()
    expect(form.get_by_role("button", name="Discard")).to_be_visible()
    assert page.evaluate(FINGER) == []
