"""What is not fresh is marked as such, and looks no different otherwise: unknown is not free."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from playwright.sync_api import expect

from kalends.bus.commands import Apply, ReadNow
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_list import row
from tests.acceptance.console.world import PEOPLE, Served, World, event, feed, organization

STALE = re.compile(r"The calendar has not answered since \d\d:\d\d\.")


def read_again(world: World) -> None:
    world.command(ReadNow(organization="acme", actor="test", source="files"))


def test_a_calendar_that_does_not_answer_is_marked_until_it_does(
    tmp_path: Path, signed_in: SignIn
) -> None:
    file = tmp_path / "carla.ics"
    file.write_bytes(feed(event("Meeting with Volvo")))
    link = [{"source": "files", "url": file.as_uri()}]
    people = tuple(one | {"calendars": link} if one["id"] == "carla" else one for one in PEOPLE)
    sources = [{"id": "desk", "kind": "ics", "uploads": True}, {"id": "files", "kind": "ics"}]
    with Served(tmp_path, people) as world:
        told = organization(people, sources=sources)
        world.command(Apply(organization="*", actor="file", organizations=[told]))
        page = signed_in(world, "wilma")
        carla = row(page, "Carla Rossi")
        expect(carla).to_contain_text("Meeting")
        mark = carla.get_by_role("img", name=STALE)
        expect(mark).to_have_count(0)

        file.rename(tmp_path / "gone.ics")
        read_again(world)
        expect(mark).to_be_visible()
        expect(carla).to_contain_text("Meeting")  # what is known stays
        carla.click()
        panel = page.get_by_role("region", name="Carla Rossi")
        expect(panel.locator(".warning").get_by_text(STALE)).to_be_visible()
        expect(row(page, "Anna Berg").get_by_role("img", name=STALE)).to_have_count(0)

        (tmp_path / "gone.ics").rename(file)
        read_again(world)
        expect(mark).to_have_count(0)
        expect(panel.locator(".warning")).to_have_count(0)


def test_of_who_is_read_for_the_first_time_it_is_told_that_nothing_is_known_yet(
    tmp_path: Path, signed_in: SignIn
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # takes a question and never answers
    port = silent.getsockname()[1]
    link = [{"source": "files", "url": f"http://127.0.0.1:{port}/carla.ics"}]
    people = tuple(one | {"calendars": link} if one["id"] == "carla" else one for one in PEOPLE)
    sources = [{"id": "desk", "kind": "ics", "uploads": True}, {"id": "files", "kind": "ics"}]
    with silent, Served(tmp_path, people, sources=sources) as world:
        page = signed_in(world, "wilma")
        carla = row(page, "Carla Rossi")
        expect(carla).to_contain_text("Not known yet")
        carla.click()
        panel = page.get_by_role("region", name="Carla Rossi")
        panel.get_by_text("Why?").click()
        expect(panel.get_by_text("The calendars have not been read yet")).to_be_visible()
