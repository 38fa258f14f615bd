"""Directories through the engine: opened on their source's endpoint, asked, checked, changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from kalends.bus import commands  # Test… by name would be taken for tests
from kalends.bus.commands import DeleteDocument, FindContacts, PutDocument
from kalends.directory.contract import Contact, ContactNumber
from tests.integration.engine.test_commands import WHO, ok, refused, story
from tests.shelf import Office, Shelf, scripted_office
from tests.simulation.scenario import ORGANIZATION, Installation

CUSTOMER = Contact(
    "1", "Anna Customer", "pf", numbers=(ContactNumber("1", "desk", "+46812345678"),)
)


@pytest.fixture
def server() -> Iterator[Office]:
    """Make a kind known that has calendars and contacts."""
    with scripted_office() as office:
        office.shelf = Shelf(CUSTOMER)
        yield office


def put(kind: str, id: str, **body: Any) -> PutDocument:
    return PutDocument(**WHO, kind=kind, id=id, body={"kind": "scripted-office", **body})


def find(query: str | None = None, number: str | None = None) -> FindContacts:
    return FindContacts(
        organization=ORGANIZATION, actor="test", query=query, number=number, limit=20
    )


def test_a_directory_shares_the_endpoint_of_its_source(server: Office) -> None:
    async def tell(home: Installation) -> None:
        await ok(home, put("source", "office", password="one"))
        await ok(home, put("directory", "pf", source="office"))
        assert server.opened == [("one", "one")]
        found = await ok(home, find(query="cust"))
        assert [one["name"] for one in found["contacts"]] == ["Anna Customer"]
        found = await ok(home, find(number="+46 8 123 456 78"))
        assert [one["name"] for one in found["contacts"]] == ["Anna Customer"]
        steps = await ok(home, commands.TestDirectory(**WHO, directory="pf"))
        assert [(step["what"], step["subject"], step["ok"]) for step in steps] == [
            ("contacts", "shelf", True)
        ]
        await ok(home, DeleteDocument(**WHO, kind="directory", id="pf"))
        assert not (await ok(home, find(query="cust")))["contacts"]
        assert server.closed == 0

    story(tell)


def test_a_new_secret_or_address_reaches_the_endpoint_without_a_restart(server: Office) -> None:
    async def tell(home: Installation) -> None:
        await ok(home, put("source", "office", password="one"))
        await ok(home, put("directory", "pf", source="office"))
        await ok(home, put("source", "office", password="two"))
        assert server.opened[-1] == ("one", "two")
        await ok(home, put("source", "office", url="elsewhere"))
        assert server.opened[-1] == ("elsewhere", "two")
        assert (len(server.opened), server.closed) == (3, 2)
        assert (await ok(home, find(query="cust")))["contacts"]

    story(tell)


def test_a_directory_without_its_source_is_told_and_comes_back_with_it(server: Office) -> None:
    async def tell(home: Installation) -> None:
        await ok(home, put("directory", "pf", source="office"))
        found = await ok(home, find(query="cust"))
        assert not found["contacts"]
        assert found["incomplete"][0]["directory"] == "pf"
        assert "no source 'office'" in found["incomplete"][0]["message"]
        steps = await ok(home, commands.TestDirectory(**WHO, directory="pf"))
        assert not steps[0]["ok"]
        await ok(home, put("source", "office"))
        found = await ok(home, find(query="cust"))
        assert [one["name"] for one in found["contacts"]] == ["Anna Customer"]
        assert not found["incomplete"]

    story(tell)


def test_nonsense_is_refused(server: Office) -> None:
    async def tell(home: Installation) -> None:
        await refused(home, put("directory", "pf"), "invalid")
        await refused(home, commands.TestDirectory(**WHO, directory="pf"), "not-found")
        await refused(home, find(number="call me"), "invalid")
        await refused(home, find(), "invalid")
        await refused(home, find(query="x" * 101), "invalid")
        await asyncio.sleep(0)

    del server
    story(tell)
