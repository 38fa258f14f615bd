"""Chromium, the built console, and somebody signed in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kalends.web
from tests.acceptance.console.world import PASSWORD, Served, World

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium")
BUILT = Path(kalends.web.__file__).parent / "console" / "index.html"

SignIn = Callable[..., Any]
"""(world, name, **page options) → page with the list shown."""


@pytest.fixture(scope="module")  # ended with its module: its loop must not meet others' tests
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed: make packages")
    if not BUILT.exists():
        pytest.skip("the console is not built: make console")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += ["--disable-component-update"]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[World]:
    with Served(tmp_path_factory.mktemp("console")) as world:
        yield world


@pytest.fixture
def page_at(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open pages that fail the test where they break: errors, refused scripts or styles."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    def open_page(address: str, **options: Any) -> Any:
        given = {"viewport": {"width": 1360, "height": 820}, "locale": "en-GB", **options}
        contexts.append(browser.new_context(**given))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", note)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def signed_in(page_at: Callable[..., Any]) -> SignIn:
    def sign_in(world: World, name: str, **options: Any) -> Any:
        page = page_at(world.base, **options)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".row").first.wait_for()
        return page

    return sign_in
