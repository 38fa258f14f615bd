"""What feeds do beyond the contract: where they may lie, what they cost, how they are asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lab.dav.server import DavServer
from lab.dav.tree import Feed

from kalends.calendars.contract import Reading, Unchanged
from kalends.errors import BadAnswer, RedirectRefused, Refused
from kalends.kinds import ics
from tests.contract.calendars.lab import LabTransport, place, services
from tests.contract.calendars.suite import LUNCH, MEETING, Follower
from tests.contract.calendars.worlds import (
    ORIGIN,
    FeedWorld,
    FileWorld,
    UploadWorld,
    reference,
)
from tests.unit.wire.icalendar.samples import calendar, event

ELSEWHERE = "https://127.0.0.1:7777"


async def test_webcal_is_https() -> None:
    world = FeedWorld()
    world.put("one", *MEETING)
    follower = Follower(world)
    follower.ref = replace(world.ref, url=ORIGIN.replace("https", "webcal") + world.path)
    assert await follower.subjects() == ["M: budget"]


async def test_a_feed_elsewhere_never_sees_the_sources_credential() -> None:
    world = FeedWorld()
    other = world.transport.servers[ELSEWHERE] = DavServer(ELSEWHERE)
    other.tree.feeds["/feeds/x.ics"] = Feed(calendar(event(*LUNCH)))
    world.server.tree.feeds[world.path].user = "svc"
    home, away = Follower(world), Follower(world)
    away.ref = replace(world.ref, url=f"{ELSEWHERE}/feeds/x.ics")
    assert await home.subjects() == []
    assert await away.subjects() == ["Lunch"]
    assert world.transport.with_credential() == {ORIGIN}


async def test_a_feed_that_redirects_elsewhere_is_refused() -> None:
    world = FeedWorld()
    other = world.transport.servers[ELSEWHERE] = DavServer(ELSEWHERE)
    world.server.faults.redirect = ELSEWHERE
    with pytest.raises(RedirectRefused):
        await Follower(world).read()
    assert other.asked == []


async def test_a_sign_in_page_is_no_feed_that_was_found() -> None:
    world = FeedWorld()
    nowhere = replace(world.ref, url=None)
    assert len(await world.source.locate(nowhere)) == 1
    world.trouble("html")
    with pytest.raises(BadAnswer):
        await world.source.locate(nowhere)


async def test_an_unchanged_feed_travels_once() -> None:
    world = FeedWorld()
    world.put("one", *MEETING)
    follower = Follower(world)
    await follower.read()
    await follower.read()
    (_, second) = world.transport.sent
    assert any(name == "If-None-Match" for name, _ in second.headers)


async def test_a_server_that_ignores_conditions_is_compared_by_content() -> None:
    world = FeedWorld()
    world.put("one", *MEETING)
    follower = Follower(world)
    await follower.read()
    world.server.faults.no_conditional = True
    assert isinstance(await follower.read(), Unchanged)


async def test_a_feed_suggests_when_to_come_again() -> None:
    world = FeedWorld()
    world.server.tree.feeds[world.path] = Feed(calendar(event(*LUNCH), refresh_interval="PT15M"))
    found = await Follower(world).read()
    assert isinstance(found, Reading)
    assert found.refresh_after == 900


async def test_a_feed_of_past_appointments_is_not_suspicious() -> None:
    world = UploadWorld()
    world.put("one", *MEETING)
    follower = Follower(world)
    assert await follower.subjects() == ["M: budget"]
    world.put("one", "DTSTART:20200101T100000Z", "DURATION:PT1H")
    assert await follower.subjects() == []


async def test_a_file_is_read_for_the_operators_own_calendars_only(tmp_path: Path) -> None:
    world = FileWorld(tmp_path)
    world.put("one", *MEETING)
    follower = Follower(world)
    follower.ref = replace(world.ref, trusted=False)
    with pytest.raises(Refused, match="operator"):
        await follower.read()
    assert not world.transport.sent


async def test_a_source_of_the_api_reads_no_files_at_all(tmp_path: Path) -> None:
    world = FileWorld(tmp_path)
    world.put("one", *MEETING)
    where = place("ics", trusted=False)
    options = ics.IcsOptions()
    assert ics.KIND.source is not None
    endpoint = ics.KIND.endpoint(services(LabTransport()), where, options)
    world.source = ics.KIND.source(endpoint, where, options)
    with pytest.raises(Refused):
        await Follower(world).read()


async def test_a_tenant_cannot_have_the_machines_secrets_sent_to_his_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KALENDS_KEY", "the key to everything")
    world = FeedWorld()
    follower = Follower(world)
    follower.ref = replace(
        world.ref, username="x", password_env="KALENDS_KEY", password_file=None, trusted=False
    )
    with pytest.raises(Refused):
        await follower.read()
    assert not world.transport.with_credential()


@pytest.mark.parametrize("url", ["ftp://host/x.ics", "gopher:x", "//", "https://", "javascript:1"])
async def test_other_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    world = UploadWorld()
    follower = Follower(world)
    follower.ref = reference("ics", url)
    with pytest.raises(Refused):
        await follower.read()
    assert not world.transport.sent
    steps = [step async for step in world.source.check((follower.ref,))]
    assert not steps[-1].ok


async def test_what_is_given_as_capability() -> None:
    assert FeedWorld().source.capabilities.finds_by_email
    assert UploadWorld().source.capabilities.uploads
    assert not UploadWorld().source.capabilities.finds_by_email
