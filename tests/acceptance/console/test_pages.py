"""Two pages of one browser, and what changes about who is signed in while a page is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import pytest
from playwright.sync_api import expect

from kalends.bus.commands import Apply, PutPrincipal
from kalends.web import tokens
from tests.acceptance.console.conftest import SignIn, enter
from tests.acceptance.console.test_list import row
from tests.acceptance.console.world import PEOPLE, Served, World, event, organization

DISCLOSURE = {"attendant": "subject", "department": "subject", "organization": "times"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[World]:
    with Served(tmp_path_factory.mktemp("pages"), disclosure=DISCLOSURE) as world:
        world.book("erik", event("Meeting with Volvo"))
        yield world


def apply(world: World, people: tuple[dict[str, Any], ...]) -> None:
    body = organization(people, disclosure=DISCLOSURE)
    world.command(Apply(organization="*", actor="file", organizations=[body]))


def give_wilma(world: World, role: Literal["attendant", "member"]) -> None:
    account = world.wait_for(world.engine.core.store.account("acme", "wilma"))
    assert account is not None
    principal = tokens.document(msgspec.structs.replace(account, role=role))
    world.command(PutPrincipal(organization="acme", actor="test", principal=principal))


def beside(page: Any, address: str) -> Any:
    """Open another page of the same browser."""
    other = page.context.new_page()
    other.goto(address)
    other.locator(".row").first.wait_for()
    return other


def test_signing_out_on_one_page_shows_nobody_on_the_others(
    shared: World, signed_in: SignIn
) -> None:
    page = signed_in(shared, "wilma")
    other = beside(page, shared.base)
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Password")).to_be_visible()
    expect(other.locator(".row")).to_have_count(0)


def test_somebody_else_who_signs_in_sees_with_other_eyes_on_every_page(
    shared: World, signed_in: SignIn
) -> None:
    page = signed_in(shared, "wilma")
    other = beside(page, shared.base)
    expect(row(other, "Erik Fors")).to_contain_text("Meeting")
    other.route("**/api/v1/**", lambda route: route.abort())  # until somebody else is signed in
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Password").wait_for()
    enter(page, "anna")
    other.unroute("**/api/v1/**")
    expect(other.get_by_role("button", name="Anna Berg")).to_be_visible()
    expect(row(other, "Erik Fors")).to_contain_text("Busy")


def test_light_and_dark_are_turned_on_every_page(shared: World, signed_in: SignIn) -> None:
    page = signed_in(shared, "wilma")
    other = beside(page, shared.base)
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_role_that_is_taken_away_takes_away_what_was_shown(
    shared: World, signed_in: SignIn
) -> None:
    page = signed_in(shared, "wilma")
    expect(row(page, "Erik Fors")).to_contain_text("Meeting")
    try:
        give_wilma(shared, "member")
        expect(row(page, "Erik Fors")).to_contain_text("Busy")
    finally:
        give_wilma(shared, "attendant")


def test_who_moves_to_another_department_sees_with_its_eyes(
    shared: World, signed_in: SignIn
) -> None:
    page = signed_in(shared, "anna")
    expect(row(page, "Erik Fors")).to_contain_text("Busy")
    moved = tuple(one | {"department": "Support"} if one["id"] == "anna" else one for one in PEOPLE)
    try:
        apply(shared, moved)
        expect(row(page, "Erik Fors")).to_contain_text("Meeting")
        apply(shared, PEOPLE)
        expect(row(page, "Erik Fors")).to_contain_text("Busy")
    finally:
        apply(shared, PEOPLE)
