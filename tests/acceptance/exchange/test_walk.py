"""The walk of the guide: domain → autodiscover → probe → first presence, with the real engine.

Everything of Kalends is real but the wire: the guarded client's transport leads to the emulator in
this process, so that a domain can be a domain; time is virtual.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kalends.bus.commands import TestSource as CheckSource
from kalends.endpoints.exchange import endpoint
from tests.exchange_lab import DOMAIN, SERVICE
from tests.simulation.scenario import ORGANIZATION
from tests.simulation.test_exchange_outages import ExchangeHome
from tests.simulation.virtual import VirtualLoop, run
from tests.simulation.world import HOUR, MINUTE

VERSIONS = ("2007 SP1", "2010", "2016")
Story = Callable[[ExchangeHome], Awaitable[None]]
pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    from kalends import observe

    async def resolved(url: str) -> list[str]:
        return ["192.0.2.1"]  # no DNS in virtual time

    observe.configure("critical")
    monkeypatch.setattr(endpoint, "resolved", resolved)
    monkeypatch.setenv("KALENDS_TEST_EXCHANGE", "secret")


class Newcomer(ExchangeHome):
    """Somebody who knows a domain, an account and a list of people."""

    def __init__(self, version: str) -> None:
        super().__init__(1, 3, poll_seconds=60.0)
        self.exchange_server = type(self.exchange_server)(self.exchange, version)
        self.exchange_server.origin = f"https://mail.{DOMAIN}"
        self.transport.servers = {
            f"https://autodiscover.{DOMAIN}": self.exchange_server,
            f"https://mail.{DOMAIN}": self.exchange_server,
        }

    def configuration(self) -> dict[str, Any]:
        source = {
            "id": "cal",
            "kind": "ews",
            "domain": DOMAIN,
            "username": SERVICE,
            "password_env": "KALENDS_TEST_EXCHANGE",
        }
        return {**super().configuration(), "sources": [source]}

    async def steps(self) -> dict[str, dict[str, Any]]:
        """Return what ``kalends check`` tells, the last of each kind."""
        command = CheckSource(organization=ORGANIZATION, actor="test", source="cal")
        answer = await self.handle(command)
        assert answer.ok, answer.message
        return {step["what"]: step for step in answer.value}

    async def messages(self) -> set[tuple[str, str]]:
        """Return health and message of every calendar, as the API shows them."""
        assert self.plain is not None
        return {(row.health, row.message) for row in await self.plain.calendars(ORGANIZATION)}


def walked(version: str, story: Callable[[Newcomer], Awaitable[None]]) -> None:
    async def whole() -> None:
        home = Newcomer(version)
        try:
            await story(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_domain_an_account_and_a_list_of_people_are_enough(version: str) -> None:
    async def story(home: Newcomer) -> None:
        person, other, _ = home.world.people
        home.meeting(person, 0, HOUR)
        await home.start()
        await home.apply()
        await asyncio.sleep(MINUTE)
        assert home.boards["lamp"].shown[person] == "busy"
        assert home.boards["lamp"].shown[other] == "available"
        told = await home.steps()
        assert [step for step in told.values() if not step["ok"]] == []
        assert told["autodiscover"]["detail"] == f"https://mail.{DOMAIN}/EWS/Exchange.asmx"
        assert told["impersonation"]["detail"] == "works"
        year = version.split()[0]
        assert f"read by impersonation from Exchange {year}" in told["calendar"]["detail"]
        assert await home.messages() == {("ok", "Read by impersonation.")}
        # The meeting ends; a new one is seen by the next poll.
        await asyncio.sleep(HOUR)
        assert home.boards["lamp"].shown[person] == "available"
        begin = int(home.loop.time())
        home.meeting(other, begin, begin + HOUR)
        await asyncio.sleep(90)
        assert home.boards["lamp"].shown[other] == "busy"

    walked(version, story)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_account_without_rights_shows_busy_times_and_the_command_for_more(version: str) -> None:
    async def story(home: Newcomer) -> None:
        person = home.world.people[0]
        home.meeting(person, 0, HOUR)
        home.exchange.accounts[SERVICE].impersonates = set()
        await home.start()
        await home.apply()
        await asyncio.sleep(MINUTE)
        assert home.boards["lamp"].shown[person] == "busy"
        told = await home.steps()
        assert [step for step in told.values() if not step["ok"]] == []
        assert "to allow it: " in told["impersonation"]["detail"]
        assert "to allow it: " in told["delegate"]["detail"]
        assert {message for _, message in await home.messages()} == {
            "Read by free/busy alone: no subjects."
        }
        # Rights are granted; they are used within minutes, without a restart.
        home.exchange.accounts[SERVICE].impersonates = None
        await asyncio.sleep(8 * MINUTE)
        assert await home.messages() == {("ok", "Read by impersonation.")}

    walked(version, story)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_mailbox_that_lets_nobody_in_says_what_to_do(version: str) -> None:
    async def story(home: Newcomer) -> None:
        home.exchange.accounts[SERVICE].impersonates = set()
        for box in home.exchange.mailboxes.values():
            box.default_right = "None"
        await home.start()
        await home.apply()
        await asyncio.sleep(MINUTE)
        assert home.plain is not None
        rows = await home.plain.calendars(ORGANIZATION)
        assert {row.health for row in rows} == {"denied"}
        word = "ms-Exch-EPI" if version.startswith("2007") else "ApplicationImpersonation"
        assert all(word in row.remedy for row in rows)

    walked(version, story)


def test_a_mailbox_that_moves_to_another_server_is_followed() -> None:
    async def story(home: Newcomer) -> None:
        person = home.world.people[0]
        old = home.exchange_server
        old.name = "old"
        new = type(old)(home.exchange, "2016", name="new")
        new.origin = f"https://new.{DOMAIN}"
        home.transport.servers[new.origin] = new
        home.exchange.endpoints = {"old": old.url, "new": new.url}
        for box in home.exchange.mailboxes.values():
            box.site = "old"
        await home.start()
        await home.apply()
        await asyncio.sleep(2 * HOUR)
        home.exchange.move(f"{person}@{DOMAIN}", site="new", seconds=600)
        begin = int(home.loop.time())
        home.meeting(person, begin, begin + 10 * HOUR)
        await asyncio.sleep(HOUR + 30 * MINUTE)
        assert home.boards["lamp"].shown[person] == "busy"
        assert {health for health, _ in await home.messages()} == {"ok"}

    walked("2010", story)
