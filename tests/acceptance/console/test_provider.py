"""One server, several organizations: whose list is shown is said, or chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from kalends.bus.commands import Apply, PutPrincipal, SetManual
from kalends.web import tokens
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_list import row
from tests.acceptance.console.world import PASSWORD, Served, World, organization

ZETA = ({"id": "zoe", "name": "Zoe Zander", "extension": "77"},)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[World]:
    """A server of two organizations, with a provider."""
    with Served(tmp_path_factory.mktemp("shared")) as world:
        both = [organization(), organization(ZETA, id="zeta", name="Zeta AB", domains=[])]
        world.command(Apply(organization="*", actor="file", organizations=both))
        for principal in (
            tokens.new_account("provider", "pia", None, password=PASSWORD),
            tokens.new_account("attendant", "zed", "zeta", password=PASSWORD),
        ):
            document = tokens.document(principal)
            world.command(
                PutPrincipal(
                    organization=principal.organization or "*", actor="test", principal=document
                )
            )
        yield world


def test_a_provider_turns_from_one_organization_to_another(
    shared: World, signed_in: SignIn
) -> None:
    page = signed_in(shared, "pia")
    expect(row(page, "Anna Berg")).to_be_visible()
    choice = page.get_by_role("combobox", name="Organization")
    expect(choice.get_by_role("option")).to_have_text(["acme", "zeta"])
    choice.select_option("zeta")
    expect(page.locator(".row .name")).to_have_text(["Zoe Zander"])
    shared.command(
        SetManual(organization="zeta", actor="test", person="zoe", activity="dnd", until="cleared")
    )
    expect(row(page, "Zoe Zander")).to_contain_text("Do not disturb")
    row(page, "Zoe Zander").click()
    expect(page.get_by_role("region", name="Zoe Zander")).to_contain_text("77")
    choice.select_option("acme")
    expect(row(page, "Anna Berg")).to_be_visible()
    expect(row(page, "Zoe Zander")).to_have_count(0)


def test_nobody_of_the_organization_before_is_shown_where_turning_goes_wrong(
    shared: World, signed_in: SignIn
) -> None:
    page = signed_in(shared, "pia")
    page.route("**/api/v1/vocabulary", lambda route: route.abort())
    page.get_by_role("combobox", name="Organization").select_option("zeta")
    expect(page.locator(".row .name")).to_have_text(["Zoe Zander"])


def test_where_there_are_several_the_organization_is_named_once_and_remembered(
    shared: World, page_at: Callable[..., Any]
) -> None:
    page = page_at(shared.base)
    page.get_by_label("Name").fill("zed")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is not right.")
    page.get_by_role("button", name="Organization …").click()
    page.get_by_label("Organization").fill("zeta")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".row .name")).to_have_text(["Zoe Zander"])
    expect(page.get_by_text("Zeta AB")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Organization")).to_have_value("zeta")
