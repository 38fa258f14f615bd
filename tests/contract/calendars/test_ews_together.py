"""Busy times of many mailboxes: asked together, and each by itself where something is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lab.exchange.calendar import Appointment
from lxml import etree

from kalends.calendars.contract import Reading, Unchanged
from kalends.calendars.ews.source import EwsSource
from kalends.endpoints.exchange.known import Mailbox
from kalends.errors import AccessDenied, SourceTrouble, Throttled
from kalends.model.http import Request
from kalends.wire.ews.names import T
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import WINDOW, Follower

POLL = 60.0


class Office:
    """Mailboxes of which the account may know busy times alone, polled one after another."""

    def __init__(self, people: int, **options: str) -> None:
        self.world = EwsWorld("2016", access="freebusy", **options)
        self.followers = []
        for number in range(people):
            box = self.world.organization.add_mailbox(f"p{number:03}@acme.example")
            box.default_right = "FreeBusy"
            follower = Follower(self.world)
            follower.ref = replace(
                self.world.ref, person=f"p{number:03}", url=box.address, emails=(box.address,)
            )
            self.followers.append(follower)

    def meet(self, number: int) -> None:
        """Somebody books an hour of the window's second day."""
        box = self.world.organization.mailboxes[f"p{number:03}@acme.example"]
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
        return [
            len(etree.fromstring(request.body).findall(f".//{T}MailboxData"))
            for request in self.world.transport.sent
        ]


async def test_a_round_of_polls_costs_a_few_requests_not_one_for_each() -> None:
    office = Office(130)
    assert await office.round() == [1] * 130  # nobody is known yet
    for _ in range(3):
        asked = await office.round()
        assert len(asked) <= 8
        assert max(asked) <= 100


async def test_a_change_is_seen_by_the_next_poll_or_the_one_after() -> None:
    office = Office(40)
    for _ in range(3):
        await office.round()
    for number in (0, 20, 39):
        office.meet(number)
    for _ in range(2):
        await office.round()
    assert [len(one.bookings) for one in office.followers].count(1) == 3
    assert isinstance(await office.followers[1].read(), Unchanged)


async def test_who_left_is_asked_for_with_nobody_and_remembered_nowhere() -> None:
    office = Office(10)
    for _ in range(2):
        await office.round()
    source, endpoint = office.world.source, office.world.endpoint
    assert isinstance(source, EwsSource)
    gone = [office.followers.pop(number) for number in (9, 4)]
    for one in gone:
        source.forget(one.ref.person, one.ref.name)
    for _ in range(3):
        await office.round()
        bodies = b"".join(request.body for request in office.world.transport.sent)
        for one in gone:
            assert one.ref.emails[0].encode() not in bodies
            assert not endpoint.remembers(Mailbox(one.ref.emails[0]))
    for one in office.followers:
        source.forget(one.ref.person, one.ref.name)


async def test_what_was_asked_for_others_is_soon_too_old_to_be_told() -> None:
    office = Office(10)
    for _ in range(2):
        await office.round()
    office.meet(9)
    office.world.clock.at += 10 * POLL
    assert isinstance(await office.followers[9].read(), Reading)


async def test_a_whole_read_believes_nothing_that_was_asked_before() -> None:
    office = Office(10)
    await office.round()
    office.world.clock.at += POLL
    await office.followers[0].read()  # asks for everybody
    office.meet(5)
    await office.followers[5].read(full=True)
    assert len(office.followers[5].bookings) == 1


async def test_one_closed_mailbox_is_told_so_and_its_neighbours_are_not() -> None:
    office = Office(20)
    for number in range(20):
        office.meet(number)
    await office.round()
    office.world.organization.mailboxes["p007@acme.example"].default_right = "None"
    await office.round()
    office.world.clock.at += POLL
    with pytest.raises(AccessDenied, match="freebusy"):
        await office.followers[7].read()
    assert [len(one.bookings) for one in office.followers] == [1] * 20
    for number, follower in enumerate(office.followers):
        if number != 7:
            await follower.read()


@pytest.mark.parametrize("code", ["ErrorTimeoutExpired", "ErrorProxyRequestProcessingFailed"])
async def test_what_many_cannot_be_asked_for_is_asked_for_each(code: str) -> None:
    office = Office(20)
    await office.round()
    world = office.world
    faults = world.server.faults

    def bears_one_at_a_time(request: Request) -> None:
        several = request.body.count(b"<t:MailboxData>") > 1
        faults.codes = {"GetUserAvailabilityRequest": code} if several else {}

    world.transport.before = bears_one_at_a_time
    office.meet(3)
    asked = await office.round()
    assert len([one for one in asked if one > 1]) == 1
    assert len(office.followers[3].bookings) == 1
    world.transport.before = lambda request: faults.codes.clear()
    for _ in range(7):
        asked = await office.round()
    assert len(asked) <= 8


async def test_a_busy_server_is_not_asked_again_alone() -> None:
    office = Office(5)
    await office.round()
    office.world.clock.at += POLL
    office.world.server.faults.busy = 120_000
    office.world.transport.sent.clear()
    with pytest.raises(Throttled):
        await office.followers[0].read()
    assert len(office.world.transport.sent) == 1


async def test_who_is_read_no_more_is_soon_not_asked_for() -> None:
    office = Office(30)
    await office.round()
    del office.followers[:20]
    for _ in range(5):
        asked = await office.round()
    assert max(asked) <= 10


async def test_each_zone_keeps_its_own_days() -> None:
    office = Office(3)
    far = office.followers[1]
    far.ref = replace(far.ref, timezone="Pacific/Auckland")
    await office.round()
    box = office.world.organization.mailboxes["p001@acme.example"]
    start = datetime.fromtimestamp(WINDOW.start, UTC).replace(hour=11, minute=0, second=0)
    box.add(Appointment(0, start + timedelta(days=2), start + timedelta(days=3)))
    for _ in range(2):
        await office.round()
    (booking,) = far.bookings
    assert booking.all_day  # eleven in the morning is midnight in Auckland, in its summer
