"""What CalDAV servers do beyond the contract: rights, shares, odd hosts, hostile answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lab.dav.faults import Faults
from lab.dav.server import DavServer
from lab.dav.xml import CAL

from kalends.calendars.contract import Reading, Unchanged
from kalends.calendars.cursor import unpack
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    NotFound,
    RedirectRefused,
    SourceTrouble,
    TooLarge,
)
from kalends.model.booking import ShowAs
from kalends.model.times import Interval, rfc3339
from tests.contract.calendars.suite import LUNCH, MEETING, WINDOW, Follower
from tests.contract.calendars.worlds import HOME, ORIGIN, CaldavWorld
from tests.unit.wire.icalendar.samples import calendar

EVIL = "https://127.0.0.1:6666"


@pytest.fixture
def world() -> CaldavWorld:
    return CaldavWorld()


@pytest.fixture
def follower(world: CaldavWorld) -> Follower:
    return Follower(world)


def reports(world: CaldavWorld, word: str) -> list[bytes]:
    return [ask.body for ask in world.server.asked if word.encode() in ask.body]


# --- hostile servers ------------------------------------------------------------------------------
async def test_hrefs_to_elsewhere_never_see_the_credential(
    world: CaldavWorld, follower: Follower
) -> None:
    evil = world.transport.servers[EVIL] = DavServer(EVIL)
    world.put("one", *MEETING)
    world.server.faults.hostile_href = EVIL
    assert await follower.subjects() == ["M: budget"]  # the path is good at the origin asked
    found = await world.source.locate(replace(world.ref, url=None))
    assert found == (ORIGIN + HOME,)
    assert evil.asked == []
    assert world.transport.with_credential() == {ORIGIN}


async def test_a_redirect_to_elsewhere_is_refused(world: CaldavWorld, follower: Follower) -> None:
    evil = world.transport.servers[EVIL] = DavServer(EVIL)
    world.server.faults.redirect = EVIL
    with pytest.raises(RedirectRefused):
        await follower.read()
    assert evil.asked == []


async def test_a_redirect_within_the_origin_keeps_method_and_body(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    world.server.faults.redirect = "/dav/"
    assert await follower.subjects() == ["M: budget"]
    assert {ask.method for ask in world.server.asked} == {"PROPFIND", "REPORT"}


async def test_a_calendar_at_another_server_is_not_read_with_the_services_credential(
    world: CaldavWorld, follower: Follower
) -> None:
    evil = world.transport.servers[EVIL] = DavServer(EVIL)
    follower.ref = replace(world.ref, url=f"{EVIL}/calendars/anna/daily/")
    with pytest.raises(RedirectRefused):
        await follower.read()
    assert evil.asked == []


async def test_a_server_that_asks_for_pages_for_ever_is_stopped(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    world.server.faults.endless_pages = True
    with pytest.raises(BadAnswer, match="page"):
        await follower.read()


async def test_an_answer_beyond_the_limit_is_refused(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("one", *MEETING, "DESCRIPTION:" + "x" * 100_000)
    world.endpoint.options = world.endpoint.options.model_copy(update={"max_bytes": 50_000})
    with pytest.raises(TooLarge):
        await follower.read()


# --- what is asked --------------------------------------------------------------------------------
async def test_objects_are_asked_in_batches_of_fifty(
    world: CaldavWorld, follower: Follower
) -> None:
    for number in range(120):
        world.put(f"u{number}", *LUNCH)
    await follower.read()
    batches = [body.count(b"href>") // 2 for body in reports(world, "calendar-multiget")]
    assert batches == [50, 50, 20]


async def test_only_what_changed_is_fetched(world: CaldavWorld, follower: Follower) -> None:
    for number in range(30):
        world.put(f"u{number}", *LUNCH)
    await follower.read()
    world.server.asked.clear()
    world.put("u7", *MEETING)
    await follower.read()
    (body,) = reports(world, "calendar-multiget")
    assert body.count(b"u7.ics") == 1
    assert body.count(b".ics") == 1


async def test_finished_objects_are_not_fetched_again_when_the_window_moves(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("past", "DTSTART:20200101T100000Z", "DURATION:PT1H")
    world.put("series", "DTSTART:20200101T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY")
    world.put("one", *MEETING)
    await follower.read()
    world.server.asked.clear()
    follower.window = Interval(WINDOW.start + 7 * 86_400, WINDOW.end + 7 * 86_400)
    assert isinstance(await follower.read(), Reading)
    (body,) = reports(world, "calendar-multiget")
    assert b"series.ics" in body
    assert b"past.ics" not in body
    follower.window = WINDOW  # earlier than what was stored: still right
    assert "M: budget" in await follower.subjects()


async def test_a_change_that_changed_nothing_is_unchanged(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.put("one", *MEETING)  # the token moves, the ETag does not
    assert isinstance(await follower.read(), Unchanged)


async def test_a_cursor_is_small(world: CaldavWorld, follower: Follower) -> None:
    for number in range(100):
        world.put(f"an-object-with-a-rather-long-name-{number}", *LUNCH)
    await follower.read()
    assert follower.cursor is not None
    assert len(follower.cursor) < 100 * 17 + 200


# --- what a collection says about itself ----------------------------------------------------------
async def test_a_transparent_calendar_takes_no_time(world: CaldavWorld, follower: Follower) -> None:
    world.collection.transparent = True
    world.put("one", *MEETING)
    assert (await follower.only()).show_as is ShowAs.FREE
    world.put("two", *LUNCH)
    await follower.read()
    assert {one.show_as for one in follower.bookings} == {ShowAs.FREE}
    assert await world.source.locate(replace(world.ref, url=None)) == ()


async def test_floating_times_belong_to_the_calendars_zone(
    world: CaldavWorld, follower: Follower
) -> None:
    world.collection.timezone = calendar(
        "BEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\nEND:VTIMEZONE"
    ).decode()
    world.put("one", "DTSTART:20260302T100000", "DURATION:PT1H")
    assert rfc3339((await follower.only()).start) == "2026-03-02T01:00:00Z"
    world.put("one", "DTSTART:20260303T100000", "DURATION:PT1H")
    assert rfc3339((await follower.only()).start) == "2026-03-03T01:00:00Z"


async def test_a_task_list_is_no_calendar(world: CaldavWorld, follower: Follower) -> None:
    world.collection.components = ("VTODO",)
    with pytest.raises(NotFound, match="not a calendar"):
        await follower.read()


async def test_busy_time_is_read_where_nothing_more_may_be(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    world.collection.privileges = (CAL + "read-free-busy",)
    booking = await follower.only()
    assert booking.busy_only
    assert booking.subject == ""
    assert rfc3339(booking.start) == "2026-03-02T12:00:00Z"


async def test_a_calendar_that_may_only_be_seen_is_denied(
    world: CaldavWorld, follower: Follower
) -> None:
    world.collection.privileges = ("{DAV:}read-current-user-privilege-set",)
    with pytest.raises(AccessDenied):
        await follower.read()


async def test_work_hours_come_from_the_owners_availability(
    world: CaldavWorld, follower: Follower
) -> None:
    slot = (
        "BEGIN:AVAILABLE\r\nUID:a\r\nDTSTART;TZID=Europe/Stockholm:20260105T080000\r\n"
        "DTEND;TZID=Europe/Stockholm:20260105T163000\r\n"
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\nEND:AVAILABLE"
    )
    text = calendar(f"BEGIN:VAVAILABILITY\r\nUID:v\r\n{slot}\r\nEND:VAVAILABILITY").decode()
    world.server.tree.availability["anna"] = text
    world.put("one", *MEETING)
    await follower.read()
    assert follower.reading is not None
    assert follower.reading.work_hours is not None
    assert follower.reading.work_hours.fri == ("08:00-16:30",)
    world.put("two", *LUNCH)
    await follower.read()
    assert follower.reading.work_hours is not None, "a read by parts forgets nothing"


# --- finding a person -----------------------------------------------------------------------------
async def test_a_person_may_have_several_calendars(world: CaldavWorld) -> None:
    world.server.tree.add_calendar("/calendars/anna/side/", "anna", "svc")
    world.server.tree.add_calendar("/calendars/bo/daily/", "bo", "svc")
    world.server.tree.add_calendar("/calendars/anna/secret/", "anna")
    found = await world.source.locate(replace(world.ref, url=None))
    assert found == (ORIGIN + HOME, ORIGIN + "/calendars/anna/side/")


async def test_a_principal_search_finds_who_shares_without_the_home_telling(
    world: CaldavWorld,
) -> None:
    world.server.faults.hide_shares = True
    found = await world.source.locate(replace(world.ref, url=None))
    assert found == (ORIGIN + HOME,)


async def test_what_others_share_with_a_person_is_not_hers(world: CaldavWorld) -> None:
    world.server.faults.hide_shares = True
    world.server.tree.add_calendar("/calendars/bo/daily/", "bo", "anna", "svc")
    found = await world.source.locate(replace(world.ref, url=None))
    assert found == (ORIGIN + HOME,)


async def test_nextclouds_names_tell_the_owner(world: CaldavWorld) -> None:
    world.server.tree.add_calendar("/calendars/svc/work_shared_by_zoe/", "svc")
    zoe = replace(world.ref, url=None, emails=("zoe@acme.example",))
    world.server.tree.addresses["svc"] = []
    assert await world.source.locate(zoe) == (ORIGIN + "/calendars/svc/work_shared_by_zoe/",)
    stranger = replace(zoe, emails=("zoe@elsewhere.example",))
    assert await world.source.locate(stranger) == ()


async def test_a_thousand_people_are_found_with_the_requests_of_one(world: CaldavWorld) -> None:
    await world.source.locate(replace(world.ref, url=None))
    before = world.requests()
    for _ in range(20):
        await world.source.locate(replace(world.ref, url=None))
    assert world.requests() == before


async def test_a_person_signs_in_for_herself(
    world: CaldavWorld, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNAS", "annas")
    world.collection.readers.clear()
    world.put("one", *MEETING)
    own = replace(world.ref, url=None, username="anna", password_env="ANNAS")
    (url,) = await world.source.locate(own)
    follower.ref = replace(own, url=url)
    assert await follower.subjects() == ["M: budget"]
    follower.ref = replace(world.ref, url=url)
    with pytest.raises(AccessDenied):
        await follower.read(full=True)


async def test_the_well_known_address_leads_on(world: CaldavWorld) -> None:
    world.server.faults.status["/start/"] = 404
    start = {"url": f"{ORIGIN}/start/"}
    world.endpoint.options = world.endpoint.options.model_copy(update=start)
    found = await world.source.locate(replace(world.ref, url=None))
    assert found == (ORIGIN + HOME,)


async def test_without_an_address_there_is_nothing_to_read(follower: Follower) -> None:
    follower.ref = replace(follower.ref, url=None)
    with pytest.raises(NotFound, match="no address"):
        await follower.read()


async def test_deletions_of_everything_are_believed_where_they_are_told(
    world: CaldavWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.delete("one")
    assert await follower.subjects() == []


async def test_sync_is_given_up_where_it_never_works() -> None:
    world = CaldavWorld(Faults(no_sync=True))
    follower = Follower(world)
    world.put("one", *MEETING)
    await follower.read()
    stored = unpack(follower.cursor)
    assert stored is not None
    assert (stored.token, stored.ctag) == (None, "c1")


async def test_an_object_that_is_no_calendar_is_counted(
    world: CaldavWorld, follower: Follower
) -> None:
    world.collection.put("note.txt", "hello")
    world.put("one", *MEETING)
    assert await follower.subjects() == ["M: budget"]
    assert follower.reading is not None
    assert len(follower.reading.skipped) == 1


@pytest.mark.parametrize("status", [400, 405, 409, 418])
async def test_whatever_a_server_answers_has_a_name(
    world: CaldavWorld, follower: Follower, status: int
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.server.faults.status[HOME] = status
    with pytest.raises(SourceTrouble):
        await follower.read()
    with pytest.raises(SourceTrouble):
        await follower.read(full=True)
