"""Answers that break off, stand still half-way or come from somebody else: told, never thrown."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.world import World

HALF = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    b'{"contacts": ['
)
"""What is sent of an answer that promised more."""


@dataclass
class Cut:
    """A server that sends half an answer, and then stands still or hangs up."""

    hangs_up: bool = False
    base: str = ""
    _listening: socket.socket = field(
        default_factory=lambda: socket.create_server(("127.0.0.1", 0))
    )
    _held: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the test has ended
            while True:
                line, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with suppress(OSError):
            if not line.recv(65_536):
                return  # a browser opens connections it may need later
            line.sendall(HALF)
            if self.hangs_up:
                line.close()
            self._held.append(line)

    def close(self) -> None:
        self._listening.close()
        for line in self._held:
            line.close()

    def takes(self, page: Any, path: str) -> None:
        """Have requests of a page for a path come here."""
        page.route(f"**/api/v1{path}*", lambda route: route.continue_(url=f"{self.base}{path}"))


@pytest.fixture
def cut() -> Iterator[Cut]:
    with closing(Cut()) as server:
        yield server


def test_contacts_given_up_half_way_are_nothing_to_complain_about(
    world: World, signed_in: SignIn, cut: Cut
) -> None:
    page = signed_in(world, "wilma")
    cut.takes(page, "/contacts")
    search = page.get_by_role("combobox", name="Search")
    with page.expect_response("**/contacts*"):
        search.fill("berg")
    with page.expect_event("requestfailed"):
        search.fill("nobody at all")  # gives up the answer that stands still
    expect(page.get_by_text("Nobody matches.")).to_be_visible()


def test_a_page_whose_first_answer_breaks_off_says_so(
    world: World, page_at: Callable[..., Any], signed_in: SignIn, cut: Cut
) -> None:
    page = signed_in(world, "wilma")
    cut.hangs_up = True
    cut.takes(page, "/me")
    page.reload()
    expect(page.get_by_text("the server does not answer")).to_be_visible()
    page.unroute_all()


def test_an_explanation_by_somebody_else_is_not_taken_for_one(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    page.route(
        "**/api/v1/people/anna/explain*",
        lambda route: route.fulfill(content_type="text/html", body="<h1>Sign in to go on</h1>"),
    )
    page.get_by_role("option", name="Anna Berg").click()
    panel = page.get_by_role("region", name="Anna Berg")
    panel.get_by_text("Why?").click()
    expect(panel.locator("details")).to_contain_text("the server does not answer")
