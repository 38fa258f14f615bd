"""Answers that come late: for nobody, for somebody else, or after newer ones, they do not count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from kalends.bus.commands import Apply
from tests.acceptance.console.conftest import Held, SignIn, enter, settled
from tests.acceptance.console.test_list import row, set_by_hand
from tests.acceptance.console.test_states import cleared, opened
from tests.acceptance.console.world import World, organization


def news(world: World, language: str) -> None:
    """Change a setting: every page asks again who is signed in."""
    body = organization(language=language)
    world.command(Apply(organization="*", actor="file", organizations=[body]))


def test_who_signed_out_is_not_signed_in_again_by_a_late_answer(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "root")
    late = Held(page, "/me")
    news(world, "sv")
    try:
        late.wait()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Password")).to_be_visible()
        late.release()
        expect(page.get_by_label("Password")).to_be_visible()
        expect(page.locator("main .list")).to_have_count(0)
    finally:
        news(world, "en")


def test_a_refusal_meant_for_who_was_signed_in_before_does_not_end_the_next_session(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    late = Held(page, "/people/carla/manual")
    panel = opened(page, "Carla Rossi")
    panel.get_by_text("Lunch", exact=True).click()
    panel.get_by_role("button", name="Set", exact=True).click()
    late.wait()
    page.get_by_role("button", name="Sign out").click()
    enter(page, "anna")
    late.release(status=401, json={"title": "Sign in.", "status": 401})
    expect(row(page, "Carla Rossi")).to_be_visible()
    expect(page.get_by_label("Password")).to_have_count(0)
    set_by_hand(world, "carla", None)


def test_what_is_chosen_while_an_answer_is_awaited_is_not_taken_back_by_it(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    panel = opened(page, "Carla Rossi")
    state = panel.get_by_role("region", name="State")
    late = Held(page, "/people/carla/manual")
    panel.get_by_text("Lunch", exact=True).click()
    panel.get_by_role("button", name="Set", exact=True).click()
    late.wait()
    expect(state).to_contain_text("Lunch")  # the stream was faster
    panel.get_by_text("Break", exact=True).click()
    note = panel.get_by_label("Note for colleagues")
    note.fill("at the har")
    late.release()
    expect(panel.get_by_text("Saved.")).to_be_visible()
    expect(note).to_be_focused()
    page.keyboard.type("bour")
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(state).to_contain_text("at the harbour")
    cleared(panel)


def test_why_it_was_so_before_does_not_replace_why_it_is_so_now(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    panel = opened(page, "Carla Rossi")
    late = Held(page, "/people/carla/explain*")
    panel.get_by_text("Why?").click()
    late.wait()
    set_by_hand(world, "carla", "dnd")
    try:
        expect(panel.locator("details")).to_contain_text("Do not disturb")
        late.release()
        expect(panel.locator("details")).to_contain_text("Do not disturb")
    finally:
        set_by_hand(world, "carla", None)


def test_a_frame_that_cannot_be_read_is_made_up_for(
    world: World, page_at: Callable[..., Any]
) -> None:
    page = page_at(world.base)
    page.route(
        "**/presence/stream*",
        lambda route: route.fulfill(
            content_type="text/event-stream",
            body='retry: 60000\n\nid: 7\nevent: presence\ndata: {"revision":7,"people":[{"per\n\n',
        ),
        times=1,
    )
    with page.expect_request("**/presence/stream?"):  # everybody again, not since what was unread
        page.get_by_label("Name").fill("wilma")
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Sign in").click()
    expect(row(page, "Anna Berg")).to_be_visible()


def test_a_stream_that_fell_silent_in_sleep_is_asked_for_again(
    world: World, page_at: Callable[..., Any]
) -> None:
    page = page_at("about:blank")
    page.clock.install()
    page.goto(world.base)
    enter(page, "wilma")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    with page.expect_request("**/presence/stream?since=*"):
        page.clock.fast_forward(3 * 3_600_000)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    set_by_hand(world, "greta", "dnd")
    try:
        expect(row(page, "Greta Hoffmann")).to_contain_text("Do not disturb")
    finally:
        set_by_hand(world, "greta", None)


def test_a_server_that_stands_still_is_asked_one_thing_at_a_time(
    world: World, page_at: Callable[..., Any]
) -> None:
    page = page_at("about:blank")
    page.clock.install()
    page.route("**/api/v1/me", lambda route: route.abort(), times=1)
    page.goto(world.base)
    expect(page.get_by_text("the server does not answer")).to_be_visible()
    asked: list[Any] = []

    def stand_still(route: Any) -> None:
        asked.append(route)  # and never answers

    page.route("**/api/v1/me", stand_still)
    for _ in range(4):
        page.clock.run_for(3_500)
        settled(page)
    assert len(asked) == 1


def test_signing_out_reaches_a_server_that_does_not_answer_at_once(
    world: World, signed_in: SignIn
) -> None:
    page = signed_in(world, "wilma")
    page.route("**/api/v1/session", lambda route: route.abort(), times=1)
    with page.expect_response("**/api/v1/session"):
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("the server does not answer")).to_be_visible()
    expect(page.get_by_text("the server does not answer")).to_be_hidden()
    assert page.request.get(f"{world.base}/api/v1/me").status == 401


def test_a_second_stream_is_never_opened_beside_one(world: World, signed_in: SignIn) -> None:
    page = signed_in(world, "wilma")
    page.evaluate(
        "() => { window.made = []; window.EventSource = class extends EventSource {"
        " constructor(url) { super(url); made.push(this); } } }"
    )
    late = Held(page, "/me")
    page.context.set_offline(True)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    page.context.set_offline(False)
    late.wait()
    page.get_by_role("button", name="Sign out").click()
    enter(page, "wilma")
    late.release()
    open_ones = "made.filter((one) => one.readyState !== EventSource.CLOSED).length"
    assert page.evaluate(open_ones) == 1
