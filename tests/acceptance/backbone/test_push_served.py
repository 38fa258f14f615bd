"""Push through a whole installation: Exchange calls ``kalends serve``, and so do strangers.

The server is the emulator on a real socket; polls are a day apart, so that what shows, a callback
has told (threat 13).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from lab.exchange.pushes import Push
from lab.exchange.seed import Plan, book, seed
from lab.exchange.serve import serving
from lab.exchange.server import ExchangeServer
from lab.exchange.zones import DAYS

from tests.acceptance.backbone.installation import Served, receiving, until, up
from tests.ports import free_port

pytestmark = pytest.mark.slow

PEOPLE = ("anna", "bo")
SERVICE = "svc@acme.example"
CONFIGURATION = """
[server]
database = "sqlite:///data/kalends.db"
run_directory = "data"
http = "127.0.0.1:{site.http}"

[[organizations]]
id = "acme"
name = "Acme AB"
timezone = "Europe/Stockholm"
domains = ["acme.example"]

[[organizations.sources]]
id = "exchange"
kind = "ews"
url = "{site.exchange.url}"
username = "svc@acme.example"
password_env = "EXCHANGE_PASSWORD"
poll_seconds = 86400
notify = "push"
push_url = "{site.callbacks}"
push_listen = "127.0.0.1:{site.callback}"

[[organizations.sinks]]
id = "hook"
kind = "webhook"
url = "http://127.0.0.1:{site.hook}/"
secret_env = "HOOK_SECRET"
"""
PERSON = """
[[organizations.people]]
id = "{0}"
name = "{0}"
emails = ["{0}@acme.example"]
"""


@dataclass
class Pushed(Served):
    """An installation that Exchange calls."""

    exchange: ExchangeServer = field(kw_only=True)
    callback: int = field(default_factory=free_port, kw_only=True)

    @property
    def callbacks(self) -> str:
        return f"http://127.0.0.1:{self.callback}/exchange"

    def meet(self, person: str) -> None:
        """Book a meeting that goes on."""
        now = datetime.now(UTC)
        start, end = now - timedelta(minutes=1), now + timedelta(hours=2)
        book(self.exchange.organization, Plan(f"{person}@acme.example", "Möte", start, end))

    def calls(self, person: str) -> list[Push]:
        """Return the subscriptions of a mailbox whose callbacks are answered."""
        address = f"{person}@acme.example"
        everybody = self.exchange.pushes.values()
        mine = [push for push in everybody if push.subscription.mailbox.address == address]
        return [push for push in mine if push.told and push.alive]

    def reads(self, person: str) -> int:
        """Return how often a mailbox was asked for anything."""
        address = f"{person}@acme.example".encode()
        return sum(address in ask.body for _, ask in self.exchange.asked)

    def settled(self, person: str) -> bool:
        """Tell whether it was read once more after it was subscribed to."""
        asked = self.asked(person)
        return bool(self.calls(person)) and "SyncFolderItems" in asked[asked.index("Subscribe") :]

    def known(self, person: str) -> bool:
        """Tell whether all that is asked beside a calendar was asked, too: nothing is under way."""
        beside = {"GetUserAvailabilityRequest", "GetUserOofSettingsRequest"}
        return self.settled(person) and beside <= set(self.asked(person))

    def asked(self, person: str) -> list[str]:
        """Return what was asked of a mailbox."""
        address = f"{person}@acme.example".encode()
        return [name for name, ask in self.exchange.asked if address in ask.body]

    def shows(self, person: str) -> bool:
        """Tell whether the webhook was told of the meeting."""
        return self.last(person).get("availability") == "busy"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Pushed]:
    exchange = ExchangeServer(named="2016")
    boxes = [(f"{one}@acme.example", one) for one in PEOPLE]
    seed(exchange.organization, service=(SERVICE, "secret"), people=boxes)
    for box in exchange.organization.mailboxes.values():
        box.hours, box.days = (0, 1440), tuple(DAYS)
    secrets = {"EXCHANGE_PASSWORD": "secret"}
    found = Pushed(tmp_path, free_port(), free_port(), secrets, exchange=exchange)
    async with serving(exchange), receiving(found):
        text = CONFIGURATION.format(site=found) + "".join(map(PERSON.format, PEOPLE))
        found.config.write_text(text, "utf-8")
        await up(found)
        yield found


async def post(url: str, body: bytes) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers={"content-type": "text/xml"}) as reply,
    ):
        return reply.status, await reply.text()


async def test_what_exchange_calls_for_shows_and_a_forged_call_costs_nothing(
    site: Pushed,
) -> None:
    await until(lambda: all(map(site.known, PEOPLE)), "everybody is known")
    await until(lambda: {one.data["person"] for one in site.told} == set(PEOPLE), "and told of")
    (push,), told = site.calls("anna"), len(site.told)
    body, _ = push.body()
    reads = site.reads("anna")
    number, _, proof = push.url.rpartition("/")[2].partition(".")
    for path in (f"{int(number) + 7}.{proof}", f"{number}.{'0' * len(proof)}", number, ""):
        for _ in range(10):
            assert (await post(f"{site.callbacks}/{path}", body))[0] == 404
    site.meet("bo")
    await until(lambda: site.shows("bo"), "what is behind them is heard")
    assert site.reads("anna") == reads
    assert {one.data["person"] for one in site.told[told:]} == {"bo"}

    site.meet("anna")
    await until(lambda: site.shows("anna"), "the callback shows")
    assert push.told > 1


async def test_after_a_restart_exchange_calls_where_it_is_told_to_now(site: Pushed) -> None:
    await until(lambda: all(map(site.settled, PEOPLE)), "everybody is read")
    (before,) = site.calls("anna")
    assert await asyncio.to_thread(site.stop) == 0
    site.meet("bo")
    site.exchange.asked.clear()
    await up(site)
    await until(lambda: site.shows("bo"), "what happened meanwhile is read")
    await until(lambda: any(one is not before for one in site.calls("anna")), "called for anew")
    await until(lambda: site.settled("anna"), "Anna is read")

    reads = site.reads("anna")
    assert (await post(before.url, before.body()[0]))[0] == 404  # nobody's path any more
    assert site.reads("anna") == reads
    site.meet("anna")
    await until(lambda: site.shows("anna"), "the new callback shows")
