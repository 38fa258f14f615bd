"""One's own choices: every one the organization permits, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from kalends.bus.commands import Apply, PatchPreferences
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_accessibility import LOOKS, violations
from tests.acceptance.console.test_list import row
from tests.acceptance.console.world import World, event, organization

PERSONAL = ("keywords", "keyword_languages", "forward", "disclosure", "show_as", "language")


WIDER = """[...document.querySelectorAll('.panel, .panel form, .panel form div')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)"""
"""What of the panel would have to be scrolled sideways."""


def patch(world: World, **changes: Any) -> None:
    world.command(
        PatchPreferences(organization="acme", actor="test", person="anna", changes=changes)
    )


def settle(world: World, **keys: Any) -> None:
    """Give the organization these settings."""
    world.command(Apply(organization="*", actor="file", organizations=[organization(**keys)]))


@pytest.fixture(autouse=True)
def nothing_chosen(world: World) -> Iterator[None]:
    yield
    settle(world)
    patch(world, calendar=None, auto_return=None, **dict.fromkeys(PERSONAL))
    world.book("anna", event("Dinner", 300, 360))


def chosen(page: Any) -> dict[str, Any]:
    """Return what the API tells of Anna's choices."""
    body: dict[str, Any] = page.evaluate(
        "fetch('/api/v1/people/anna/preferences').then((answer) => answer.json())"
    )
    return body


def opened(page: Any, *groups: str) -> Any:
    row(page, "Anna Berg").click()
    form = page.get_by_role("form", name="My preferences")
    for group in groups:
        form.get_by_text(group, exact=True).click()
    return form


def saved(form: Any) -> None:
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved.")


def test_a_word_of_ones_own_changes_what_a_booking_means(world: World, signed_in: SignIn) -> None:
    world.book("anna", event("Yoga with Eva"))
    page = signed_in(world, "anna")
    expect(row(page, "Anna Berg")).to_contain_text("Busy")
    form = opened(page, "My own words")
    form.get_by_role("button", name="Add a word").click()
    expect(form.get_by_label("Word", exact=True)).to_be_focused()
    form.get_by_label("Word", exact=True).fill("yoga, pilates")
    form.get_by_label("Where the word stands").select_option(label="Subject contains")
    form.get_by_label("Then it means").select_option(label="Private errand")
    saved(form)
    expect(row(page, "Anna Berg")).to_contain_text("Private errand")
    rule = chosen(page)["keywords"][0]
    assert rule["match"]["word"] == ["yoga", "pilates"]
    form.get_by_label("Then it means").select_option(label="does not count")
    saved(form)
    expect(row(page, "Anna Berg")).to_contain_text("Available")
    form.get_by_role("button", name="Remove yoga, pilates").click()
    saved(form)
    expect(row(page, "Anna Berg")).to_contain_text("Busy")
    assert chosen(page)["keywords"] == []


def test_words_count_in_the_languages_chosen(world: World, signed_in: SignIn) -> None:
    world.book("anna", event("Urlaub"))
    page = signed_in(world, "anna")
    form = opened(page, "My own words")
    expect(form.get_by_text("as the organization: English")).to_be_visible()
    form.get_by_text("Deutsch", exact=True).last.click()
    saved(form)
    expect(row(page, "Anna Berg")).to_contain_text("Vacation")
    assert chosen(page)["keyword_languages"] == ["de"]
    form.get_by_text("Deutsch", exact=True).last.click()
    saved(form)
    assert chosen(page)["keyword_languages"] is None


def test_a_rule_that_says_more_than_the_form_can_is_kept_as_it_is(
    world: World, signed_in: SignIn
) -> None:
    rich = {"id": "late", "match": {"word": "shift", "from_time": "18:00"}, "then": {"note": "x"}}
    patch(world, keywords=[rich])
    page = signed_in(world, "anna")
    form = opened(page, "My own words")
    expect(form.get_by_text("Made elsewhere: late")).to_be_visible()
    before = chosen(page)["keywords"]
    form.get_by_role("button", name="Add a word").click()
    form.get_by_label("Word", exact=True).fill("q")
    saved(form)
    after = chosen(page)["keywords"]
    assert after[0] == before[0]
    assert after[1]["match"]["code"] == "q"


def test_calls_go_where_the_person_says_while_a_state_lasts(
    world: World, signed_in: SignIn
) -> None:
    settle(world, divert="all", forward_numbers=["1234"])
    world.book("anna", event("Meeting with Volvo"))
    page = signed_in(world, "anna")
    form = opened(page, "Where my calls go")
    form.get_by_role("button", name="Add a state").click()
    to = form.get_by_label("Calls go to")
    places = to.locator("option").all_inner_texts()
    assert places == [
        "desk phone", "mobile", "switchboard", "an announcement", "busy tone", "1234",
    ]  # fmt: skip
    to.select_option(label="switchboard")
    saved(form)
    assert chosen(page)["forward"] == {"meeting": "attendant"}
    expect(page.get_by_text("Calls go to switchboard")).to_be_visible()
    form.get_by_role("button", name="Remove Meeting").click()
    saved(form)
    expect(page.get_by_text("Calls go to switchboard")).to_be_hidden()


def test_a_number_may_be_written_where_the_organization_opens_them(
    world: World, signed_in: SignIn
) -> None:
    numbering = {"country": "SE"}
    settle(world, forward_numbers=["*"], numbering=numbering)
    page = signed_in(world, "anna")
    form = opened(page, "Where my calls go")
    form.get_by_role("button", name="Add a state").click()
    form.get_by_label("Calls go to").select_option(label="a number …")
    number = form.get_by_label("Number")
    for refused in ("", "112"):
        number.fill(refused)
        form.get_by_role("button", name="Save").click()
        expect(number).to_have_attribute("aria-invalid", "true")
        expect(number).to_be_focused()
        expect(number).to_have_accessible_description("Calls may not go there.")
    assert chosen(page)["forward"] == {}
    number.fill("070-123 45 67")
    saved(form)
    assert chosen(page)["forward"] == {"meeting": "070-123 45 67"}


def test_less_can_be_shown_than_the_organization_does_never_more(
    world: World, signed_in: SignIn
) -> None:
    world.book("anna", event("Meeting with Volvo"))
    colleague = signed_in(world, "root")
    page = signed_in(world, "anna")
    expect(row(colleague, "Anna Berg")).to_contain_text("Meeting")
    form = opened(page, "What others see")
    seen = form.get_by_label("Other colleagues")
    assert seen.locator("option").all_inner_texts() == [
        "as the organization: state and times", "nothing", "until when, not why", "state and times",
    ]  # fmt: skip
    seen.select_option(label="until when, not why")
    saved(form)
    expect(row(colleague, "Anna Berg")).to_contain_text("Busy")
    expect(row(colleague, "Anna Berg")).not_to_contain_text("Meeting")
    assert chosen(page)["disclosure"] == {"organization": "times"}
    expect(form.locator("summary b")).to_have_text("1")
    seen.select_option(index=0)
    saved(form)
    expect(row(colleague, "Anna Berg")).to_contain_text("Meeting")
    assert chosen(page)["disclosure"] == {}


def test_bookings_may_show_by_a_table_of_ones_own(world: World, signed_in: SignIn) -> None:
    world.book("anna", event("Something"))
    page = signed_in(world, "anna")
    form = opened(page)
    form.get_by_label("My bookings show").select_option(label="by my own table")
    table = form.get_by_role("group", name="by my own table")
    table.get_by_role("combobox", name="Busy", exact=True).select_option(label="Do not disturb")
    saved(form)
    expect(row(page, "Anna Berg")).to_contain_text("Do not disturb")
    form.get_by_label("My bookings show").select_option(label="as the organization")
    saved(form)
    assert chosen(page)["show_as"] is None


def test_only_what_the_organization_permits_is_shown_and_as_it_is(
    world: World, signed_in: SignIn
) -> None:
    none = dict.fromkeys(
        ("calendar", "show_as", "keywords", "auto_return", "forward", "disclosure"), False
    )
    settle(world, permissions=none)
    page = signed_in(world, "anna")
    form = opened(page)
    expect(form.get_by_role("combobox", name="Language", exact=True)).to_be_visible()
    expect(form.get_by_role("checkbox")).to_have_count(0)
    expect(form.locator("details")).to_have_count(0)
    settle(world, auto_return=False)
    expect(form.get_by_label("I am back by myself")).not_to_be_checked()
    expect(form.locator("details")).to_have_count(3)


def test_a_mistake_is_told_at_its_field_in_a_group_that_opens(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    form = opened(page, "My own words")
    form.get_by_role("button", name="Add a word").click()
    form.get_by_text("My own words", exact=True).click()
    word = form.get_by_label("Word", exact=True)
    for written, told in (("", "Write a word here."), ("a:b", "cannot be used as a word")):
        if written:
            word.fill(written)
        form.get_by_role("button", name="Save").click()
        expect(word).to_be_focused()
        expect(form.get_by_text(told)).to_be_visible()
    assert chosen(page)["keywords"] == []


def test_what_was_changed_elsewhere_is_not_overwritten(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    form = opened(page, "Where my calls go")
    form.get_by_role("button", name="Add a state").click()
    patch(world, forward={"vacation": "attendant"})
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_contain_text("changed elsewhere meanwhile")
    assert chosen(page)["forward"] == {"vacation": "attendant"}
    expect(form.get_by_label("State", exact=True)).to_have_value("vacation")


def test_words_are_added_with_the_keyboard_alone(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    page.keyboard.type("anna")
    page.keyboard.press("Enter")
    form = page.get_by_role("form", name="My preferences")
    form.wait_for()
    page.keyboard.press("Enter")
    reach(page, "SUMMARY", "My own words")
    page.keyboard.press("Enter")
    reach(page, "BUTTON", "Add a word")
    page.keyboard.press("Enter")
    page.keyboard.type("vab")
    page.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_have_text("Saved.")
    assert chosen(page)["keywords"][0]["match"]["code"] == "vab"


def test_the_focus_stays_where_it_is_when_choices_are_saved(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    form = opened(page, "My own words")
    form.get_by_role("button", name="Add a word").click()
    page.keyboard.type("vab")
    with page.expect_response("**/api/v1/vocabulary"):  # the news of it has come back
        page.keyboard.press("Enter")
        expect(form.get_by_role("status")).to_have_text("Saved.")
    expect(form.get_by_label("Word", exact=True)).to_be_focused()


def test_a_colleague_who_is_sick_is_absent_in_the_readers_language(
    world: World, signed_in: SignIn
) -> None:
    world.book("anna", event("Sick"))
    patch(world, language="sv")
    page = signed_in(world, "wilma")
    expect(row(page, "Anna Berg")).to_contain_text("Absent")
    expect(row(signed_in(world, "anna"), "Anna Berg")).to_contain_text("Sjuk")


def reach(page: Any, tag: str, text: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(
            "([tag, text]) => document.activeElement.tagName === tag"
            " && document.activeElement.textContent.includes(text)",
            [tag, text],
        ):
            return
    raise AssertionError(f"Tab never came to {tag} {text}")


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    world: World, signed_in: SignIn, viewport: dict[str, int], scheme: str
) -> None:
    settle(world, forward_numbers=["*"])
    page = signed_in(world, "anna", viewport=viewport, color_scheme=scheme)
    form = opened(page, "My own words", "Where my calls go", "What others see")
    form.get_by_label("My bookings show").select_option(label="by my own table")
    form.get_by_role("button", name="Add a word").click()
    form.get_by_role("button", name="Add a state").click()
    form.get_by_label("Calls go to").select_option(label="a number …")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Write a word here.")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.evaluate(WIDER) == []
