"""Names, titles and notes in any script and length: found as people type, read as written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from kalends.bus.commands import SetManual
from tests.acceptance.console.conftest import SignIn
from tests.acceptance.console.test_list import row
from tests.acceptance.console.test_states import opened
from tests.acceptance.console.world import Served, World

PEOPLE: tuple[dict[str, Any], ...] = (
    {"id": "wilma", "name": "Wilma Forsberg", "extension": "9"},
    {"id": "muhammad", "name": "محمّد أحمد", "title": "مدير", "department": "R&D (2)",
     "extension": "1101", "substitute": "david"},
    {"id": "david", "name": "דָּוִד כהן", "extension": "1102"},
    {"id": "odysseas", "name": "Οδυσσέας Παπαδόπουλος", "extension": "1103"},
    {"id": "isil", "name": "Işıl Kılıç", "extension": "1104"},
    {"id": "jurgen", "name": "Jürgen Groß", "department": "Ärzte", "extension": "1105"},
    {"id": "lukasz", "name": "Łukasz Wałęsa", "extension": "1106"},
    {"id": "djordje", "name": "Đorđe Þórsson", "extension": "1107"},
    {"id": "obrien", "name": "Siobhán O’Brien", "extension": "1108"},
    {"id": "xiaoming", "name": "王小明", "extension": "1109"},
    {"id": "aage", "name": "Åge Sørensen", "extension": "1110"},
    {"id": "turned", "name": "Eve \u202egnirts", "department": "Ads\u200bales"},
)  # fmt: skip


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[World]:
    with Served(tmp_path_factory.mktemp("scripts"), PEOPLE) as world:
        yield world


FOUND = {
    "jurgen": ["JÜRGEN", "jurgen", "Juergen", "gross", "groß", "GROSS", "aerzte", "arzte"],
    "odysseas": ["οδυσ", "ΟΔΥΣ", "ΟΔΥΣΣΕΑΣ", "οδυσσεασ", "παπαδοπουλος"],
    "isil": ["isil", "ışıl", "IŞIL", "ISIL", "kilic"],
    "lukasz": ["lukasz", "łukasz", "walesa"],
    "djordje": ["đorđe", "dorde", "thors", "þórs"],
    "obrien": ["o'brien", "o’brien", "obrien", "brien", "siobhan"],
    "xiaoming": ["王", "小明"],
    "aage": ["age", "aage", "sorensen", "soerensen", "sør"],
    "muhammad": ["محمد", "احمد", "أحمد", "١١٠١"],  # the digits as they are typed
    "david": ["דוד", "כהן", "דָּוִד"],
    "turned": ["gnirts", "adsales"],
}
"""Whom a search finds, and nobody else."""


def test_everybody_is_found_as_any_keyboard_writes_them(scripts: World, signed_in: SignIn) -> None:
    page = signed_in(scripts, "wilma")
    search = page.get_by_role("combobox", name="Search")
    for person, typed in FOUND.items():
        for text in typed:
            search.fill(text)
            expect(page.locator(".row"), text).to_have_count(1)
            expect(page.locator(".row"), text).to_have_id(f"person-{person}")


def test_what_is_written_from_right_to_left_turns_nothing_else_round(
    scripts: World, signed_in: SignIn
) -> None:
    note = SetManual(
        organization="acme", actor="person:muhammad", person="david", activity="lunch",
        until="cleared", note="\u202eארוחה",
    )  # fmt: skip
    scripts.command(note)
    page = signed_in(scripts, "wilma")
    about = row(page, "محمّد").locator(".soft").first
    expect(about).to_have_text("\u2068مدير\u2069, R&D (2)")
    panel = opened(page, "محمّد")
    expect(panel.get_by_role("button", name="דָּוִד").locator("bdi")).to_be_visible()
    panel = opened(page, "דָּוִד")
    expect(panel.get_by_text("Set by \u2068محمّد أحمد\u2069")).to_be_visible()
    assert row(page, "Eve").locator(".name").evaluate(
        "one => getComputedStyle(one).unicodeBidi"
    ) in ("isolate", "plaintext")


def test_a_name_of_many_lines_leaves_the_way_back_at_the_top(
    signed_in: SignIn, tmp_path: Path
) -> None:
    many = "Maximiliana Wolfeschlegelsteinhausenbergerdorff von und zu Hohenzollern-Sigmaringen"
    people = ({"id": "wilma", "name": "Wilma Forsberg"}, {"id": "long", "name": many})
    with Served(tmp_path, people) as world:
        page = signed_in(world, "wilma", viewport={"width": 390, "height": 844})
        panel = opened(page, many)
        cross = panel.get_by_role("button", name="Close").bounding_box()
        title = panel.get_by_role("heading", name=many).bounding_box()
        assert cross and title
        assert title["height"] > 2 * cross["height"]
        assert cross["y"] + cross["height"] < title["y"] + title["height"] / 2
