"""An Exchange with thousands of mailboxes behind the real source, endpoint and client.

RELIABILITY promise 6, four hours without a server in virtual time, at its full size (a minute);
``KALENDS_MAILBOXES`` is for another one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.organization import Organization
from lab.exchange.server import ExchangeServer
from lab.exchange.zones import DAYS

from kalends.model.http import Request, Response
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.contract import Limits
from tests.exchange_lab import DOMAIN, SERVICE, ExchangeTransport
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.virtual import BEGIN, VirtualLoop, run
from tests.simulation.world import HOUR, MINUTE

ORIGIN = "https://127.0.0.1:8443"
MAILBOXES = int(os.environ.get("KALENDS_MAILBOXES", "5000"))
Story = Callable[["ExchangeHome"], Awaitable[None]]


class SlowTransport(ExchangeTransport):
    """Takes its time, and counts."""

    home: ExchangeHome
    at_once: int = 0
    most_at_once: int = 0
    tries: list[float]

    async def exchange(self, request: Request, limits: Limits) -> Response:
        self.tries.append(self.home.loop.time())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.home.chance.uniform(0.02, 0.2))
            response = await super().exchange(request, limits)
            self.sent.clear()
            return response
        finally:
            self.at_once -= 1


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


class ExchangeHome(Installation):
    """An installation whose calendars lie on the emulated Exchange."""

    def __init__(self, seed: int, people: int, *, poll_seconds: float, **options: Any) -> None:
        super().__init__(seed, people, poll_seconds=poll_seconds)
        self.exchange = Organization(DOMAIN, now=self.clock.now)
        self.exchange.add_account(SERVICE, "secret", impersonates=None)
        for person in self.world.people:
            box = self.exchange.add_mailbox(f"{person}@{DOMAIN}")
            box.hours, box.days = (0, 1440), tuple(DAYS)
        self.exchange_server = ExchangeServer(self.exchange, "2016")
        self.exchange_server.origin = ORIGIN
        self.exchange_server.remember = False
        self.transport = SlowTransport({ORIGIN: self.exchange_server})
        self.transport.home, self.transport.tries = self, []
        self.options = options
        self.http = http_factory(
            self.runtime,
            _Addresses(),
            MemoryBreakers(),
            transport=lambda _options, _rules: self.transport,
        )

    def meeting(self, person: str, start: int, end: int, subject: str = "canary") -> Appointment:
        """Book somebody, in seconds since the beginning."""
        begin = self.exchange.moment() + timedelta(seconds=BEGIN - self.clock.now())
        box = self.exchange.mailboxes[f"{person}@{DOMAIN}"]
        item = Appointment(
            0, begin + timedelta(seconds=start), begin + timedelta(seconds=end), subject=subject
        )
        return box.add(item, self.exchange.moment())

    def configuration(self) -> dict[str, Any]:
        source = {
            "id": "cal",
            "kind": "ews",
            "url": f"{ORIGIN}/EWS/Exchange.asmx",
            "username": SERVICE,
            "password_env": "KALENDS_TEST_EXCHANGE",
            "poll_seconds": self.poll_seconds,
            "notify": "none",  # what is heard between polls: tests/simulation/test_exchange.py
            **self.options,
        }
        return {**super().configuration(), "sources": [source]}


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KALENDS_TEST_EXCHANGE", "secret")


def told(story: Story, people: int, *, poll_seconds: float = 60.0, **options: Any) -> None:
    async def whole() -> None:
        home = ExchangeHome(1, people, poll_seconds=poll_seconds, **options)
        try:
            await story(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


async def stale(home: ExchangeHome) -> tuple[int, int]:
    """Return how many calendars are stale, and how many there are."""
    assert home.plain is not None
    count = found = 0
    after = None
    while True:
        rows = await home.plain.calendars(ORGANIZATION, after=after, limit=2000)
        count += len(rows)
        found += sum(row.stale_since is not None or row.read_at is None for row in rows)
        if len(rows) < 2000:
            return found, count
        after = (rows[-1].key.person, rows[-1].key.source, rows[-1].key.name)


async def settled(home: ExchangeHome, seconds: float) -> float:
    """Wait until nothing is stale; return how long it took."""
    begin = home.loop.time()
    while (await stale(home))[0]:
        assert home.loop.time() - begin < seconds
        await asyncio.sleep(15)
    return home.loop.time() - begin


def test_promise_6_thousands_of_mailboxes_behind_a_server_that_is_down_four_hours() -> None:
    async def story(home: ExchangeHome) -> None:
        people = home.world.people
        for person in people[:50]:
            home.meeting(person, 2 * HOUR, 3 * HOUR)
        await home.start()
        await home.apply()
        await settled(home, 50 * MINUTE)
        await asyncio.sleep(HOUR - home.loop.time())
        home.transport.down = True
        await asyncio.sleep(2 * MINUTE)
        assert await stale(home) == (len(people), len(people))
        # What is known goes on.
        await asyncio.sleep(2.5 * HOUR - home.loop.time())
        assert {home.boards["lamp"].shown[one] for one in people[:50]} == {"busy"}
        await asyncio.sleep(3.5 * HOUR - home.loop.time())
        assert {home.boards["lamp"].shown[one] for one in people[:50]} == {"available"}
        await asyncio.sleep(5 * HOUR - home.loop.time())
        tries = [at for at in home.transport.tries if at > HOUR + 2 * MINUTE]
        assert len(tries) <= 4 * HOUR / 30
        assert min(b - a for a, b in pairwise(tries)) >= 29
        home.meeting(people[-1], 0, 24 * HOUR)  # while nobody could look
        home.transport.down, home.transport.most_at_once = False, 0
        await settled(home, 15 * MINUTE)
        assert home.transport.most_at_once <= 10
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown[people[-1]] == "busy"

    told(story, MAILBOXES, poll_seconds=3600.0, max_connections=20)


@pytest.mark.parametrize("version", ["2007 SP1", "2016"])
def test_a_busy_server_is_left_alone_for_the_time_it_names(version: str) -> None:
    async def story(home: ExchangeHome) -> None:
        home.exchange_server.version = ExchangeServer(home.exchange, version).version
        for person in home.world.people:
            home.meeting(person, 0, 10 * HOUR)
        await home.start()
        await home.apply()
        await settled(home, 5 * MINUTE)
        home.exchange_server.faults.busy = 297_749
        await asyncio.sleep(2 * MINUTE)
        home.transport.tries.clear()
        await asyncio.sleep(2 * HOUR)
        assert len(home.transport.tries) <= 2 * HOUR / 297 + 1  # one alone asks whether it is over
        assert set(home.boards["lamp"].shown.values()) == {"busy"}
        home.exchange_server.faults.busy = None
        await asyncio.sleep(6 * MINUTE)
        assert (await stale(home))[0] == 0

    told(story, 40)


def test_one_mailbox_in_trouble_leaves_its_neighbours_fresh_and_nobody_free() -> None:
    async def story(home: ExchangeHome) -> None:
        people = home.world.people
        for person in people:
            home.meeting(person, 0, 30 * HOUR)
        await home.start()
        await home.apply()
        await settled(home, 20 * MINUTE)
        troubles = home.exchange_server.faults.mailbox_codes
        for person, code in zip(
            people,
            ("ErrorMailboxStoreUnavailable", "ErrorMailboxMoveInProgress", "ErrorAccessDenied",
             "ErrorNonExistentMailbox", "ErrorInternalServerError", "ErrorItemCorrupt"),
            strict=False,
        ):  # fmt: skip
            troubles[f"{person}@{DOMAIN}"] = code
        for _ in range(4):
            await asyncio.sleep(HOUR)
            assert set(home.boards["lamp"].shown.values()) == {"busy"}
            assert (await stale(home))[0] == len(troubles)
        troubles.clear()
        await asyncio.sleep(2 * HOUR)
        assert (await stale(home))[0] <= 1  # a wrong address is looked at daily

    told(story, 30, poll_seconds=900.0)


def test_promise_7_a_wrong_password_is_tried_twice_an_hour_over_restarts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(home: ExchangeHome) -> None:
        for person in home.world.people:
            home.meeting(person, 0, 40 * HOUR)
        await home.start()
        await home.apply()
        await settled(home, 10 * MINUTE)
        monkeypatch.setenv("KALENDS_TEST_EXCHANGE", "expired")
        await home.restart()
        home.transport.tries.clear()
        for hour in range(24):
            await asyncio.sleep(HOUR)
            if hour % 5 == 0:
                await home.restart()
        tries = home.transport.tries
        assert len(tries) <= 2 * 24
        assert all(
            later - earlier > HOUR - 1 for earlier, later in zip(tries, tries[2:], strict=False)
        )
        assert set(home.boards["lamp"].shown.values()) == {"busy"}
        monkeypatch.setenv("KALENDS_TEST_EXCHANGE", "secret")
        await home.restart()
        await settled(home, 10 * MINUTE)

    told(story, 10, poll_seconds=300.0)


def test_rights_that_are_taken_and_given_again_are_noticed() -> None:
    async def story(home: ExchangeHome) -> None:
        person = home.world.people[0]
        home.meeting(person, 0, 30 * HOUR)
        await home.start()
        await home.apply()
        await settled(home, 5 * MINUTE)
        account = home.exchange.accounts[SERVICE]
        account.impersonates = {"nobody@acme.example"}
        for box in home.exchange.mailboxes.values():
            box.default_right = "None"
        await asyncio.sleep(10 * MINUTE)
        assert (await stale(home))[0] == len(home.world.people)
        assert home.boards["lamp"].shown[person] == "busy"
        account.impersonates = None
        await asyncio.sleep(6 * MINUTE)
        assert (await stale(home))[0] == 0

    told(story, 10)
