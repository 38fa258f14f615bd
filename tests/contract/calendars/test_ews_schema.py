"""What is really sent, whoever asks Exchange for whatever, validates against its schema."""

from __future__ import annotations

import asyncio

import pytest

from kalends.endpoints.exchange.known import Access
from kalends.endpoints.exchange.writer import ExchangeWriter
from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.ews.create_item import Appointment
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import LUNCH, MEETING, WINDOW, Follower
from tests.contract.calendars.test_ews_mailboxes import with_texts
from tests.contract.calendars.test_ews_rights import refuse
from tests.contract.calendars.test_ews_together import Office
from tests.contract.directory.test_exchange import EwsOffice
from tests.unit.notify.lab import NotifyLab, play
from tests.unit.wire.ews.schema import problems, schema

VERSIONS = ["2007 SP1", "2010", "2010 SP2", "2013", "2016"]


@pytest.fixture(autouse=True)
def microsofts() -> None:
    """Skip where the schemas are not here."""
    schema()


def valid(sent: list[Request]) -> bool:
    """Tell whether all EWS requests validate; names the first that does not."""
    asked = [request for request in sent if b"/services/2006/messages" in request.body]
    for request in asked:
        assert problems(request) == [], request.body
    return bool(asked)


@pytest.mark.parametrize("named", VERSIONS)
@pytest.mark.parametrize("access", list(Access))
async def test_what_reading_and_checking_send(named: str, access: Access) -> None:
    world = EwsWorld(named, access=access.value)
    world.anna.delegates = {"svc@acme.example": "Reviewer"}
    with_texts(world)
    follower = Follower(world)
    world.put("one", *MEETING)
    world.put("two", *LUNCH, "RRULE:FREQ=WEEKLY")
    await follower.read()
    await follower.read()
    world.server.faults.unexpanded = True
    await follower.read(full=True)
    assert [step async for step in world.source.check((world.ref,))]
    refuse(world, *Access)
    assert [step async for step in world.source.check((world.ref,))]
    assert valid(world.transport.sent)


async def test_what_asking_for_many_sends() -> None:
    office = Office(120)
    for _ in range(2):
        await office.round()
    assert valid(office.world.transport.sent)


@pytest.mark.parametrize("named", VERSIONS)
async def test_what_writing_sends(named: str) -> None:
    world = EwsWorld(named)
    writer = ExchangeWriter(world.endpoint)
    made = await writer.create(world.anna.address, Appointment(WINDOW, "Lunch & <more>", "1"))
    half = Interval(WINDOW.start, WINDOW.start + 3600)
    changed = await writer.change(world.anna.address, made, half)
    assert await writer.ours(world.anna.address, half) == (changed,)
    await writer.delete(world.anna.address, changed)
    assert valid(world.transport.sent)


@pytest.mark.parametrize("named", ["2007 SP1", "2010 SP2", "2016"])
async def test_what_directories_send(named: str) -> None:
    office = EwsOffice(named)
    for contents in ("public-folders", "address-book"):
        found = office.directory(contents=contents)
        await found.search("anna & bo")
        await found.close()
    assert valid(office.world.transport.sent)


@pytest.mark.parametrize("named", VERSIONS)
def test_what_notifications_send(named: str) -> None:
    async def story(lab: NotifyLab) -> None:
        lab.change(lab.keys[0])
        await asyncio.sleep(60)
        lab.notifier.forget(lab.keys[1])
        await asyncio.sleep(5)

    assert valid(play(story, version=named).transport.sent)
