"""Who lets Kalends read a mailbox in which way, and what a check tells of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from lab.exchange.server import ExchangeServer

from kalends.calendars.contract import Reading, Step, Unchanged
from kalends.calendars.ews.cursor import Cursor
from kalends.calendars.ews.probing import CALENDAR
from kalends.calendars.ews.ways import Ways
from kalends.calendars.stored import unpack
from kalends.endpoints.exchange.known import Access
from kalends.engine.gate import calendar_delay, concerns_endpoint
from kalends.errors import (
    AccessDenied,
    SuspiciouslyEmpty,
)
from kalends.model.booking import Booking, Sensitivity
from kalends.model.http import Request, Response
from kalends.model.times import rfc3339
from kalends.net.contract import Limits
from kalends.wire.ews.errors import EwsAccessDenied
from tests.contract.calendars.exchange import BreakingTransport, EwsWorld
from tests.contract.calendars.suite import LUNCH, MEETING, WINDOW, Follower
from tests.exchange_lab import ANNA, BO, DOMAIN, SERVICE, ExchangeLab


@pytest.fixture
def world() -> EwsWorld:
    return EwsWorld("2016")


@pytest.fixture
def follower(world: EwsWorld) -> Follower:
    return Follower(world)


def refuse(world: EwsWorld, *ways: Access) -> None:
    """Let the account read Anna's mailbox in all ways but these."""
    world.account.impersonates = {BO} if Access.IMPERSONATION in ways else None
    world.anna.delegates = {} if Access.DELEGATE in ways else {SERVICE: "Reviewer"}
    world.anna.default_right = "None" if Access.FREE_BUSY in ways else "FreeBusy"


BEST = (
    ((), Access.IMPERSONATION),
    ((Access.IMPERSONATION,), Access.DELEGATE),
    ((Access.IMPERSONATION, Access.DELEGATE), Access.FREE_BUSY),
)


@pytest.mark.parametrize(("refused", "best"), BEST)
@pytest.mark.parametrize("named", ["2007 SP1", "2010", "2016"])
async def test_the_best_way_that_works_is_taken_and_remembered(
    named: str, refused: tuple[Access, ...], best: Access
) -> None:
    world = EwsWorld(named)
    follower = Follower(world)
    world.put("one", *MEETING)
    refuse(world, *refused)
    (booking,) = await read(follower)
    assert booking.busy_only is (best is Access.FREE_BUSY)
    assert booking.subject == ("" if booking.busy_only else "M: budget")
    assert rfc3339(booking.start) == "2026-03-02T12:00:00Z"
    assert follower.cursor is not None
    known = unpack(follower.cursor, Cursor)
    assert known is not None
    assert known.access == best
    await follower.settled()
    world.asked()
    await follower.read()
    assert len(world.asked()) == 1


class Held(BreakingTransport):
    """Holds the first answer to somebody impersonated back until others have asked."""

    def __init__(self, servers: dict[str, ExchangeServer]) -> None:
        super().__init__(servers)
        self.holds, self.asked, self.others = False, asyncio.Event(), asyncio.Event()

    async def exchange(self, request: Request, limits: Limits) -> Response:
        if self.holds and b"ExchangeImpersonation" in request.body and not self.asked.is_set():
            self.asked.set()
            await self.others.wait()
        return await super().exchange(request, limits)


@pytest.mark.parametrize("who", ["read", "check"])
async def test_nobody_else_asks_in_the_way_that_is_being_tried(
    world: EwsWorld, follower: Follower, who: str
) -> None:
    held = world.transport = Held(world.transport.servers)
    refuse(world, Access.IMPERSONATION)
    await follower.settled()
    world.clock.at += 3600  # a better way is due
    held.holds = True

    async def check() -> None:
        assert [step async for step in world.source.check((world.ref,))]

    trying = asyncio.create_task(follower.read(full=True) if who == "read" else check())
    await asyncio.wait_for(held.asked.wait(), 5)
    try:
        await world.endpoint.call(world.mailbox(), CALENDAR)
    finally:
        held.others.set()
        await trying
    assert world.endpoint.known(world.mailbox()).access is Access.DELEGATE


async def read(follower: Follower) -> tuple[Booking, ...]:
    await follower.read()
    return follower.bookings


async def test_a_better_way_is_tried_every_five_minutes_for_an_hour_then_hourly(
    world: EwsWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    refuse(world, Access.IMPERSONATION)
    await follower.read()
    tries = []
    for minute in range(5 * 60):
        world.clock.at += 60
        world.asked()
        await follower.read()
        if any(b"Impersonation" in request.body for request in world.transport.sent):
            tries.append(minute + 1)
    assert 10 <= len([minute for minute in tries if minute <= 61]) <= 13
    assert 3 <= len([minute for minute in tries if minute > 75]) <= 5


async def test_a_right_that_is_granted_is_used_within_minutes(
    world: EwsWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    refuse(world, Access.IMPERSONATION, Access.DELEGATE)
    assert (await follower.only()).busy_only
    refuse(world)
    world.clock.at += 331
    assert (await follower.only()).subject == "M: budget"


async def test_who_may_impersonate_nobody_is_told_once_not_by_every_mailbox() -> None:
    world = EwsWorld("2007 SP1")
    world.account.impersonates = set()
    for number in range(20):
        box = world.organization.add_mailbox(f"p{number}@acme.example")
        box.delegates = {SERVICE: "Reviewer"}
        ref = replace(world.ref, url=box.address, emails=(box.address,), person=f"p{number}")
        await world.source.read(ref, WINDOW, None, Follower(world).previous)
    told = [one for one in world.transport.sent if b"Impersonation" in one.body]
    assert len(told) <= 3  # once, and as the version is settled


@pytest.mark.parametrize(
    ("named", "command"),
    [
        ("2007 SP1", "ms-Exch-EPI-May-Impersonate"),
        ("2010", "New-ManagementRoleAssignment"),
        ("2016", "New-ManagementRoleAssignment"),
    ],
)
async def test_a_mailbox_that_lets_nobody_in_is_told_with_the_command_that_helps(
    named: str, command: str
) -> None:
    world = EwsWorld(named)
    refuse(world, *Access)
    with pytest.raises(AccessDenied) as raised:
        await Follower(world).read()
    assert command in raised.value.remedy
    assert SERVICE in raised.value.remedy
    assert ANNA not in str(raised.value)
    assert not concerns_endpoint(raised.value, own_credential=False)
    assert calendar_delay(raised.value, 1, lambda: 0) == 300
    assert calendar_delay(raised.value, 13, lambda: 0) == 3600


async def test_what_is_denied_trips_no_breaker(world: EwsWorld, follower: Follower) -> None:
    world.put("one", *MEETING)
    refuse(world, *Access)
    for _ in range(10):
        with pytest.raises(AccessDenied):
            await follower.read()
    refuse(world)
    assert await follower.subjects() == ["M: budget"]


@pytest.mark.parametrize("access", list(Access))
async def test_the_configured_way_is_the_only_one(access: Access) -> None:
    world = EwsWorld("2016", access=access.value)
    refuse(world, *(one for one in Access if one is not access))
    world.put("one", *MEETING)
    (booking,) = await read(Follower(world))
    assert booking.busy_only is (access is Access.FREE_BUSY)
    refuse(world, *Access)
    with pytest.raises(AccessDenied):
        await Follower(world).read()
    assert world.source.capabilities.subjects is (access is not Access.FREE_BUSY)


async def test_a_delegate_sees_that_something_is_private_not_what(world: EwsWorld) -> None:
    refuse(world, Access.IMPERSONATION)
    world.put("one", *MEETING, "CLASS:PRIVATE")
    (booking,) = await read(Follower(world))
    assert booking.sensitivity is Sensitivity.PRIVATE
    assert "budget" not in booking.subject


async def test_busy_times_are_unchanged_while_they_are_the_same(
    world: EwsWorld, follower: Follower
) -> None:
    refuse(world, Access.IMPERSONATION, Access.DELEGATE)
    world.put("one", *MEETING)
    await follower.read()
    assert isinstance(await follower.read(), Unchanged)
    world.put("two", *LUNCH)
    assert isinstance(await follower.read(), Reading)
    assert len(follower.bookings) == 2
    for uid in ("one", "two"):
        world.delete(uid)
    with pytest.raises(SuspiciouslyEmpty):
        await follower.read()


@pytest.mark.parametrize("address", ["o'neil+x~#%&|*/y@acme.example"])
@pytest.mark.parametrize("access", list(Access))
async def test_odd_addresses_are_read_in_every_way(address: str, access: Access) -> None:
    world = EwsWorld("2016", access=access.value)
    world.anna.address = address
    world.organization.mailboxes = {address: world.anna}
    world.anna.delegates = {SERVICE: "Reviewer"}
    world.organization.add_mailbox(SERVICE)
    world.put("one", *MEETING)
    follower = Follower(world)
    (follower.ref,) = (replace(world.ref, url=None, emails=(address,)),)
    assert len(await read(follower)) == 1
    assert await world.source.locate(follower.ref) == (address,)


# --- check --------------------------------------------------------------------------------------
async def steps(world: EwsWorld) -> dict[str, Step]:
    return {step.what: step async for step in world.source.check((world.ref,))}


@pytest.mark.parametrize(("refused", "best"), BEST)
async def test_a_check_tells_every_way_and_the_command_for_what_does_not_work(
    refused: tuple[Access, ...], best: Access
) -> None:
    world = EwsWorld("2016")
    refuse(world, *refused)
    told = await steps(world)
    assert all(step.ok for step in told.values())
    for access in Access:
        if access in refused:
            assert "to allow it:" in told[access.value].detail
    assert f"read by {best} from Exchange 2016" in told["calendar"].detail


async def test_a_check_of_a_closed_mailbox_tells_each_command(world: EwsWorld) -> None:
    refuse(world, *Access)
    told = await steps(world)
    assert not told["calendar"].ok
    assert "ApplicationImpersonation" in told["impersonation"].remedy
    assert r"'anna@acme.example:\Calendar' -User 'svc@acme.example'" in told["delegate"].remedy
    assert "-User 'Default' -AccessRights AvailabilityOnly" in told["freebusy"].remedy


async def test_a_check_warns_where_more_than_the_calendar_may_be_read(world: EwsWorld) -> None:
    assert "warning" in (await steps(world))["rights"].detail
    refuse(world, Access.IMPERSONATION)
    assert "rights" not in await steps(world)
    world.anna.delegates = {SERVICE: "Owner"}
    assert "Reviewer" in (await steps(world))["rights"].detail


@pytest.mark.parametrize("access", ["delegate", "freebusy"])
async def test_a_check_warns_of_rights_the_source_does_not_even_use(access: str) -> None:
    world = EwsWorld("2016", access=access)
    world.anna.delegates = {SERVICE: "Reviewer"}
    told = (await steps(world))["rights"].detail
    assert "impersonation" in told
    assert f'access = "{access}"' in told
    refuse(world, Access.IMPERSONATION)
    assert "rights" not in await steps(world)
    assert world.endpoint.known(world.mailbox()).access is None


async def test_a_check_changes_nothing_of_how_mailboxes_are_read(
    world: EwsWorld, follower: Follower
) -> None:
    refuse(world, Access.IMPERSONATION)
    world.put("one", *MEETING)
    await follower.read()
    await steps(world)
    assert world.endpoint.known(world.mailbox()).access is Access.DELEGATE


# --- one server of several that lacks the right ---------------------------------------------------
async def test_a_server_that_lets_nobody_act_as_others_says_nothing_of_who_is_read_so() -> None:
    world = EwsWorld("2016")
    follower = Follower(world)
    world.put("one", *MEETING)
    await follower.settled()
    world.server.faults.mailbox_codes = {BO: "ErrorImpersonationDenied"}
    bo = Follower(world)
    bo.ref = replace(world.ref, person="bo", url=BO, emails=(BO,))
    with pytest.raises(AccessDenied):
        await bo.read()
    world.put("two", *LUNCH)
    assert await follower.subjects() == ["Lunch", "M: budget"]


async def test_who_is_new_at_another_server_is_not_read_less_well_for_it() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    lab.server.name = "one"
    two = ExchangeServer(lab.organization, "2007 SP1", name="two")
    two.origin = "https://two.acme.example"
    lab.transport.servers[two.origin] = two
    lab.organization.endpoints |= {"one": lab.server.url, "two": two.url}
    lab.anna.site, lab.bo.site = "one", "two"
    two.faults.mailbox_codes = {BO: "ErrorImpersonationDenied"}
    ways = Ways(lab.endpoint)
    for mailbox in (lab.mailbox(ANNA), lab.mailbox(BO)):
        await lab.endpoint.discover(mailbox)
    with pytest.raises(EwsAccessDenied) as told:
        await lab.endpoint.call(lab.mailbox(BO), CALENDAR)
    ways.refused(lab.mailbox(BO), Access.IMPERSONATION, told.value)
    assert ways.order(lab.mailbox(BO))[0] is Access.DELEGATE
    assert ways.order(lab.mailbox(ANNA))[0] is Access.IMPERSONATION
