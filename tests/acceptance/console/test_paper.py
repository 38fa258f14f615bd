"""The list on paper: everybody who is looked for, of when it is, and whose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from kalends.bus.commands import SetManual
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.world import PEOPLE, Served, World

MANY = (
    *PEOPLE,
    *({"id": f"x{n}", "name": f"Xavier {n}", "extension": f"3{n:03}"} for n in range(120)),
)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[World]:
    with Served(tmp_path_factory.mktemp("paper"), MANY) as world:
        yield world


def printing(page: Any) -> Any:
    """Return what goes on paper; a browser says that it prints before it looks."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    return page.locator(".printed")


def test_everybody_is_printed_and_not_only_the_rows_on_the_screen(
    crowd: World, signed_in: SignIn
) -> None:
    keys = {"organization": "acme", "actor": "test", "person": "x77", "until": "cleared"}
    crowd.command(SetManual(**keys, activity="lunch", note="Ring Anna"))
    page = signed_in(crowd, "wilma", color_scheme="dark")
    page.locator(".row").first.click()  # a panel that is open is not what is printed
    paper = printing(page)
    expect(paper.get_by_role("heading", name="Acme AB")).to_be_visible()
    expect(paper.locator("tbody tr")).to_have_count(len(MANY))
    lunch = paper.get_by_role("row", name="Xavier 77")
    expect(lunch).to_contain_text("Lunch")
    expect(lunch).to_contain_text("Ring Anna")
    expect(lunch).to_contain_text("3077")
    expect(paper.locator("p").first).to_have_text(
        re.compile(r"20\d\d, \d\d:\d\d \(UTC\) · 129 of 129$")
    )
    expect(page.locator(".board")).to_be_hidden()
    assert paper.evaluate("one => getComputedStyle(one).color") == "rgb(0, 0, 0)"
    grounds = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(grounds) == "rgba(0, 0, 0, 0)"
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(paper).to_have_count(0)
    expect(page.locator(".board")).to_be_visible()


def test_what_is_looked_for_is_printed_and_said(crowd: World, signed_in: SignIn) -> None:
    page = signed_in(crowd, "wilma")
    page.get_by_role("combobox", name="Search").fill("sales")
    page.get_by_role("button", name="Available").click()
    paper = printing(page)
    expect(paper.locator("tbody tr")).to_have_count(3)
    expect(paper.locator("p").first).to_contain_text("3 of 129 · “sales” · Available")


def test_paper_says_when_nothing_is_heard_of_the_server(crowd: World, signed_in: SignIn) -> None:
    page = signed_in(crowd, "wilma")
    page.context.set_offline(True)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    expect(printing(page).get_by_text("Connection lost.")).to_be_visible()


def test_a_browser_that_prints_gets_several_pages(crowd: World, signed_in: SignIn) -> None:
    pdf = signed_in(crowd, "wilma").pdf(format="A4")
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 2
