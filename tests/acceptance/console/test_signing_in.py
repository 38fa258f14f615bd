"""Signing in and out, and what is told when a session or the server ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.world import PASSWORD, World

LOST = re.compile(r"Connection lost\. Shown is what was last known \(\d\d:\d\d\); trying again …")
"""With the age of what is shown."""


def test_a_wrong_password_is_told_and_the_right_one_opens_the_list(
    world: World, page_at: Callable[..., Any]
) -> None:
    page = page_at(world.base)
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("wilma")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is not right.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name="Anna Berg")).to_be_visible()
    expect(page.get_by_text("Acme AB")).to_be_visible()


def test_signing_out_ends_the_session_on_the_server_too(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert page.request.get(f"{world.base}/api/v1/me").status == 401
    page.reload()
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_reload_finds_the_session_again(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "anna")
    page.reload()
    expect(page.get_by_role("option", name="Carla Rossi")).to_be_visible()


def test_a_session_that_ended_elsewhere_asks_to_sign_in_again(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "anna")
    page.context.clear_cookies()
    page.get_by_role("option", name="Anna Berg").click()  # asks the server something
    expect(page.get_by_text("Your session has ended. Please sign in again.")).to_be_visible()


def test_a_lost_connection_is_told_and_comes_back_by_itself(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    page.context.set_offline(True)
    lost = page.get_by_text(LOST)
    expect(lost).to_be_visible()
    expect(page.get_by_role("option", name="Anna Berg")).to_be_visible()
    page.context.set_offline(False)
    expect(lost).to_be_hidden()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
