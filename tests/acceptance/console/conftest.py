"""Chromium, the built console, and somebody signed in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import kalends.web
from tests.acceptance.console.world import PASSWORD, Served, World

sync_api = pytest.importorskip("playwright.sync_api")

PATIENCE = 120_000
"""Milliseconds: a machine that does much else at once is slow, not wrong."""
sync_api.expect.set_options(timeout=PATIENCE)

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
        page.set_default_timeout(PATIENCE)
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
        enter(page, name)
        return page

    return sign_in


def enter(page: Any, name: str) -> None:
    """Sign in on the page that asks for it, and wait for the list."""
    page.get_by_label("Name", exact=True).fill(name)  # not the search of a list still shown
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".row").first.wait_for()


class Held:
    """Answers of the server that come late: when a test lets them."""

    def __init__(self, page: Any, path: str, *, times: int = 1) -> None:
        self._page = page
        self._answers: list[tuple[Any, Any]] = []
        page.route(f"**/api/v1{path}", self._hold, times=times)

    def _hold(self, route: Any) -> None:
        self._answers.append((route, route.fetch()))

    def wait(self) -> None:
        """Wait until the server has answered, though the page does not know."""
        for _ in range(PATIENCE // 10):
            if self._answers:
                return
            self._page.wait_for_timeout(10)
        raise AssertionError("the page never asked")

    def release(self, **instead: Any) -> None:
        """Let the page have the answer, or another one; it may not wait for it any more."""
        route, answer = self._answers.pop(0)
        with suppress(sync_api.Error):
            route.fulfill(**(instead or {"response": answer}))
        settled(self._page)


def settled(page: Any) -> None:
    """Wait until the page has done what follows from what it was told."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
