"""axe finds nothing to complain about, in light and dark, on a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.world import World, event

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

LOOKS = [
    pytest.param({"width": width, "height": height}, scheme, id=f"{scheme}-{width}")
    for width, height in ((1360, 820), (390, 844))
    for scheme in ("light", "dark")
]


def violations(page: Any) -> list[str]:
    """Return what axe finds, in a line each. The page's own policy would keep it out."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} — {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS)
def test_axe_finds_nothing(
    world: World,
    page_at: Callable[..., Any],
    signed_in: SignIn,
    viewport: dict[str, int],
    scheme: str,
) -> None:
    look = {"viewport": viewport, "color_scheme": scheme}
    page = page_at(world.base, **look)
    expect(page.get_by_label("Password")).to_be_visible()  # empty until the server has answered
    assert violations(page) == []

    world.book("anna", event("Meeting with Volvo"), event("Lunch", 60, 120))
    page = signed_in(world, "anna", **look)
    expect(page.get_by_role("option", name="Anna Berg")).to_contain_text("Meeting")
    assert violations(page) == []

    page.get_by_role("combobox", name="Search").fill("nobody at all")
    expect(page.get_by_text("Nobody matches.")).to_be_visible()
    assert violations(page) == []

    page.get_by_role("combobox", name="Search").fill("anna")
    page.get_by_role("option", name="Anna Berg").click()
    panel = page.get_by_role("region", name="Anna Berg")
    panel.get_by_text("Why?").click()
    expect(panel.locator("details p").first).to_be_visible()
    panel.get_by_text("Do not disturb", exact=True).click()
    expect(panel.get_by_role("form", name="My preferences")).to_be_visible()
    assert violations(page) == []
