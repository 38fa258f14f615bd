"""Times are the server's and the organization's, whatever the desk's clock and zone say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from kalends.bus.commands import SetManual
from tests.acceptance.console.conftest import SignIn, enter
from tests.acceptance.console.test_list import row
from tests.acceptance.console.test_states import cleared, opened
from tests.acceptance.console.world import World, event


@pytest.mark.parametrize("wrong", [-1.0, 1.0], ids=["slow", "fast"])
def test_a_clock_that_is_an_hour_wrong_moves_nothing(
    world: World, page_at: Callable[..., Any], wrong: float
) -> None:
    world.book("dora", event("Meeting with Volvo", -20, 40))
    world.book("hamid", event("Meeting with Saab", 20, 50))
    page = page_at("about:blank")
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=wrong))
    page.goto(world.base)
    enter(page, "wilma")
    lit = row(page, "Dora Ek").get_by_role("img", name="Booked now")
    soon = row(page, "Hamid Rezai").get_by_role("img", name="Booked within the hour")
    expect(lit).to_be_visible()
    expect(soon).to_be_visible()
    ahead = opened(page, "Dora Ek").get_by_role("region", name="Today").get_by_role("listitem")
    expect(ahead.first).to_contain_text("Meeting")
    world.book("dora")
    world.book("hamid")


def test_times_are_told_in_the_organizations_zone_which_is_named_elsewhere(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma", timezone_id="America/New_York")
    expect(page.get_by_title("UTC", exact=True)).to_be_visible()
    panel = opened(page, "Greta Hoffmann")
    panel.get_by_text("Do not disturb", exact=True).click()
    panel.get_by_label("Until").select_option(label="a day …")
    panel.get_by_label("Day", exact=True).fill("2031-03-03")
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_role("region", name="State")).to_contain_text("3 Mar 2031")
    told = page.evaluate(
        "fetch('/api/v1/people/greta/presence').then((answer) => answer.json())"
        ".then((presence) => presence.until)"
    )
    assert told == "2031-03-03T00:00:00Z"
    panel.get_by_text("Do not disturb", exact=True).first.click()
    cleared(panel)


def test_a_zone_is_not_named_where_the_desk_has_it(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma", timezone_id="Etc/UTC")
    expect(page.get_by_title("UTC", exact=True)).to_have_count(0)


def test_a_year_is_named_and_the_midnight_of_a_return_is_a_day(
    world: World, page_at: Callable[..., Any]
) -> None:
    page = page_at("about:blank")
    page.goto(world.base)
    enter(page, "wilma")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def told(days: int) -> str:
        until = today + timedelta(days=days)
        command = SetManual(
            organization="acme", actor="test", person="erik", activity="vacation",
            until=until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )  # fmt: skip
        world.command(command)
        back = row(page, "Erik Fors").locator(".back")
        far, name = until.strftime("%b %Y"), until.strftime("%a")
        month = "Sept" if until.month == 9 else until.strftime("%b")
        wanted = {3: name, 40: f"{until.day} {month}", 400: f"{until.day} {far}"}[days]
        expect(back).to_have_text(wanted.replace("Sep ", "Sept "))
        return str(back.inner_text())

    assert len({told(days) for days in (3, 40, 400)}) == 3
    panel = opened(page, "Erik Fors")
    last = str((today + timedelta(days=400)).year)
    expect(panel.get_by_role("region", name="State")).to_contain_text(last)
    cleared(panel)


def test_after_the_desk_slept_what_happened_is_asked_for_at_once(
    world: World, page_at: Callable[..., Any]
) -> None:
    page = page_at("about:blank")
    page.clock.install()
    page.goto(world.base)
    enter(page, "wilma")
    with page.expect_request("**/presence/stream?since=*"):
        # A lid closed and opened: timers run once, then none, so nothing later can be what asks.
        page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=30))
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
