"""Exchange by OAuth, in the engine and on virtual time: tokens, a revoked secret, and the end.

The emulator grants tokens (RFC 6749 section 4.4) and takes them; it counts what is refused.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kalends import observe
from kalends.bus.commands import TestSource as CheckSource
from kalends.endpoints.exchange import endpoint
from tests.simulation.scenario import ORGANIZATION
from tests.simulation.test_exchange_outages import ORIGIN, ExchangeHome, Story, stale
from tests.simulation.virtual import VirtualLoop, run
from tests.simulation.world import HOUR, MINUTE

SECRET = "KALENDS_TEST_EXCHANGE"
ONLINE = (15, 20, 9000, 1)
CLIENT = "00000000-1111-2222-3333-444444444444"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolved(url: str) -> list[str]:
        return ["192.0.2.1"]  # no DNS in virtual time

    observe.configure("critical")
    monkeypatch.setattr(endpoint, "resolved", resolved)
    monkeypatch.setenv(SECRET, "hush")


class Online(ExchangeHome):
    """An installation whose server takes tokens alone."""

    def __init__(self) -> None:
        super().__init__(
            1, 3, poll_seconds=60.0, auth="oauth", username=CLIENT,
            token_url=f"{ORIGIN}/oauth2/v2.0/token", scope="https://outlook.office365.com/.default",
        )  # fmt: skip
        self.application = self.exchange.add_application(CLIENT, "hush")
        self.exchange_server.sign_in.schemes = ("Bearer",)

    @property
    def granted(self) -> int:
        """How many tokens were granted."""
        return len(self.exchange_server.sign_in.tokens)

    @property
    def refused(self) -> int:
        """How many secrets and tokens were refused."""
        return self.exchange_server.counters.sign_in_failures

    async def health(self) -> set[str]:
        """Return how the calendars fare."""
        assert self.plain is not None
        return {row.health for row in await self.plain.calendars(ORGANIZATION)}

    async def steps(self) -> dict[str, dict[str, Any]]:
        """Return what ``kalends check`` tells, the last of each kind."""
        command = CheckSource(organization=ORGANIZATION, actor="test", source="cal")
        answer = await self.handle(command)
        assert answer.ok, answer.message
        return {step["what"]: step for step in answer.value}


def told(story: Story) -> None:
    async def whole() -> None:
        home = Online()
        try:
            await home.start()
            await home.apply()
            await asyncio.sleep(MINUTE)
            await story(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


def test_tokens_are_renewed_before_they_end_and_nobody_notices() -> None:
    async def story(home: ExchangeHome) -> None:
        assert isinstance(home, Online)
        person = home.world.people[0]
        home.meeting(person, 4 * HOUR, 5 * HOUR)
        await asyncio.sleep(4.4 * HOUR)
        assert home.boards["lamp"].shown[person] == "busy"
        assert home.granted == 1 + int(4.4 * HOUR / (0.75 * 3599))
        assert home.refused == 0
        assert await stale(home) == (0, 3)

    told(story)


def test_tokens_that_are_taken_back_are_replaced_at_once() -> None:
    async def story(home: ExchangeHome) -> None:
        assert isinstance(home, Online)
        home.exchange_server.sign_in.tokens.clear()
        await asyncio.sleep(2 * MINUTE)
        assert (home.granted, home.refused) == (1, 1)
        assert await home.health() == {"ok"}

    told(story)


def test_a_revoked_secret_is_tried_twice_an_hour_and_a_new_one_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(home: ExchangeHome) -> None:
        assert isinstance(home, Online)
        person = home.world.people[0]
        home.meeting(person, HOUR, 6 * HOUR)
        await asyncio.sleep(2 * MINUTE)
        home.application.password = "another"
        for hour in range(1, 4):
            await asyncio.sleep(HOUR)
            assert 0 < home.refused <= 2 * hour + 2
        assert home.boards["lamp"].shown[person] == "busy"  # what is known goes on
        assert await stale(home) == (3, 3)
        steps = await home.steps()
        assert not steps["sign-in"]["ok"]
        assert await home.health() == {"sign-in"}
        monkeypatch.setenv(SECRET, "another")
        await asyncio.sleep(2 * MINUTE)
        assert await stale(home) == (0, 3)

    told(story)


def test_check_says_when_exchange_online_ends() -> None:
    async def story(home: ExchangeHome) -> None:
        home.exchange_server.version = replace(home.exchange_server.version, build=ONLINE)
        assert isinstance(home, Online)
        await asyncio.sleep(2 * MINUTE)
        warning = (await home.steps())["exchange-online"]
        assert "ends EWS on 1 April 2027" in warning["detail"]
        assert "days left" in warning["detail"]

    told(story)
