"""Busy times over WebDAV: several people by one request, and each by himself where that fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.http import Ask, Reply
from lab.exchange.signin import Connection

from kalends.calendars.contract import Unchanged
from kalends.calendars.exchange_webdav import ExchangeWebdavSource
from kalends.calendars.exchange_webdav_busy import MOST_PEOPLE
from kalends.errors import AccessDenied, SourceTrouble
from kalends.wire.exchange_dav.freebusy import MOST_QUERY
from tests.contract.calendars.exchange_dav import ORIGIN, ExchangeWorld
from tests.contract.calendars.suite import WINDOW, Follower

POLL = 60.0


class Office:
    """People whose busy times alone are read, polled one after another."""

    def __init__(self, people: int, *, domain: str = "acme.example") -> None:
        self.world = ExchangeWorld(2003, access="freebusy", poll_seconds=int(POLL))
        self.addresses = [f"p{number:03}@{domain}" for number in range(people)]
        self.followers = []
        for address in self.addresses:
            self.world.organization.add_mailbox(address)
            follower = Follower(self.world)
            url = f"{ORIGIN}/exchange/{address}/"
            follower.ref = replace(
                self.world.ref, person=address[:4], url=url, emails=(f"x{address}", address)
            )
            self.followers.append(follower)

    def meet(self, number: int) -> None:
        """Somebody books an hour of the window's second day."""
        box = self.world.organization.mailboxes[self.addresses[number]]
        start = datetime.fromtimestamp(WINDOW.start, UTC) + timedelta(days=1)
        box.add(Appointment(0, start, start + timedelta(hours=1)), self.world.organization.moment())

    async def round(self) -> list[int]:
        """Poll everybody once, spread over an interval; return how many each request asked for."""
        self.world.transport.sent.clear()
        for follower in self.followers:
            self.world.clock.at += POLL / len(self.followers)
            try:
                await follower.read()
            except SourceTrouble:
                continue
        return [len(set(asked)) // 2 for asked in self._asked()]

    def _asked(self) -> Iterable[list[str]]:
        return [
            parse_qs(urlsplit(request.url).query)["u"]
            for request in self.world.transport.sent
            if "cmd=freebusy" in request.url
        ]


async def test_a_round_of_polls_costs_a_few_requests_not_one_for_each() -> None:
    office = Office(60)
    assert await office.round() == [1] * 60  # nobody is known yet
    for _ in range(3):
        asked = await office.round()
        assert len(asked) <= 8
        assert max(asked) > 10


@pytest.mark.parametrize("domain", ["a.se", "a-long-name-of-a-department.of-a-company.example"])
async def test_no_request_is_longer_than_servers_take_or_names_more_than_fifty(domain: str) -> None:
    office = Office(120, domain=domain)
    for _ in range(3):
        asked = await office.round()
        assert max(asked) <= MOST_PEOPLE
        queries = [urlsplit(request.url).query for request in office.world.transport.sent]
        assert max(map(len, queries)) <= MOST_QUERY + 100 <= 2048


async def test_a_change_is_seen_by_the_next_poll_or_the_one_after() -> None:
    office = Office(30)
    for _ in range(3):
        await office.round()
    for number in (0, 15, 29):
        office.meet(number)
    for _ in range(2):
        await office.round()
    assert [len(one.bookings) for one in office.followers].count(1) == 3
    assert isinstance(await office.followers[1].read(), Unchanged)


async def test_who_publishes_nothing_any_more_is_refused_and_harms_nobody() -> None:
    office = Office(10)
    for number in range(10):
        office.meet(number)
    for _ in range(2):
        await office.round()
    office.world.organization.mailboxes[office.addresses[3]].default_right = "None"
    for _ in range(2):
        await office.round()
    with pytest.raises(AccessDenied):
        await office.followers[3].read()
    assert all(one.bookings for one in office.followers)


@pytest.mark.parametrize("status", [400, 403, 404, 414])
async def test_a_request_for_many_that_is_refused_is_made_for_each(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(10)
    await office.round()
    office.meet(4)
    server, handle = office.world.server, office.world.server.handle

    def grudging(ask: Ask, via: Connection | None = None) -> Reply:
        many = ask.path.count("&u=") > 2
        server.faults.status = {"/public/": status} if many else {}
        return handle(ask, via)

    monkeypatch.setattr(server, "handle", grudging)
    asked = await office.round()
    assert asked.count(1) >= 9
    assert sum(one > 1 for one in asked) == 1
    assert len(office.followers[4].bookings) == 1
    assert all(one.reading is not None for one in office.followers)


async def test_who_left_is_asked_for_no_more() -> None:
    office = Office(4)
    await office.round()
    source = office.world.source
    assert isinstance(source, ExchangeWebdavSource)
    gone = office.followers.pop()
    source.forget(gone.ref.person, gone.ref.name)
    assert max(await office.round()) <= 3


async def test_a_whole_read_asks_for_itself_anew() -> None:
    office = Office(3)
    for _ in range(2):
        await office.round()
    office.world.transport.sent.clear()
    await office.followers[0].read(full=True)
    assert [len(one) for one in office._asked()] == [2]


async def test_a_check_says_that_work_hours_are_not_told() -> None:
    office = Office(1)
    steps = [one async for one in office.world.source.check((office.followers[0].ref,))]
    (told,) = [one for one in steps if one.what == "work hours"]
    assert told.ok and "WebDAV tells none" in told.detail
