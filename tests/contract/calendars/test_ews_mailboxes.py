"""What an Exchange source does beyond the contract: what reads cost, asides, troubles, texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lab.exchange.mailbox import Oof
from lab.exchange.properties import path_key
from lxml import etree

from kalends.calendars.contract import Reading, Unchanged
from kalends.calendars.ews import reading
from kalends.calendars.ews.asides import HOURS_EVERY, REPLY_EVERY
from kalends.calendars.ews.source import EwsSource
from kalends.calendars.ews.texts import matching
from kalends.errors import (
    NotFound,
    SignInNeeded,
    SourceTrouble,
    SuspiciouslyEmpty,
    Throttled,
)
from kalends.kinds import ews
from kalends.model.person import PersonRecord
from kalends.model.times import FOREVER, Interval
from kalends.wire.ews.calendar_item import Items
from kalends.wire.ews.errors import TABLE, Reaction
from kalends.wire.ews.shapes import MARK_NAME, MARK_SET
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import LUNCH, MEETING, Follower
from tests.exchange_lab import ANNA, BO, SETTINGS

MARK = path_key(
    etree.Element(
        "ExtendedFieldURI",
        {"PropertySetId": MARK_SET, "PropertyName": MARK_NAME, "PropertyType": "String"},
    )
)


@pytest.fixture
def world() -> EwsWorld:
    return EwsWorld("2016")


@pytest.fixture
def follower(world: EwsWorld) -> Follower:
    return Follower(world)


# --- what reads cost ----------------------------------------------------------------------------
@pytest.mark.parametrize("items", [1, 100])
async def test_nothing_new_costs_one_request_and_a_change_two(items: int) -> None:
    world = EwsWorld("2016")
    follower = Follower(world)
    for number in range(items):
        world.put(f"u{number}", *LUNCH, "RRULE:FREQ=WEEKLY")
    await follower.settled()
    world.asked()
    await follower.read()
    assert world.asked() == ["SyncFolderItems"]
    for number in range(items):
        world.put(f"u{number}", *MEETING)
    await follower.read()
    assert world.asked() == ["SyncFolderItems", "FindItem"]


@pytest.mark.parametrize("full", [False, True])
async def test_news_that_were_taken_up_explain_no_calendar_that_is_empty_later(
    world: EwsWorld, follower: Follower, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follower.settled()
    assert isinstance(world.source, EwsSource)
    told = iter((1,))
    monkeypatch.setattr(world.source.notifier, "take_news", lambda _key: next(told, 0))
    world.put("one", *MEETING)
    assert await follower.subjects() == ["M: budget"]

    async def nothing(*_asked: object) -> Items:
        return Items((), ())

    monkeypatch.setattr(reading, "view", nothing)
    with pytest.raises(SuspiciouslyEmpty):
        await follower.read(full=full)


async def test_after_a_restart_nothing_is_probed_again(world: EwsWorld, follower: Follower) -> None:
    world.shared()
    world.put("one", *MEETING)
    await follower.read()
    fresh = EwsWorld("2016")
    fresh.transport.servers = world.transport.servers
    follower.world = fresh
    fresh.endpoint.known(fresh.mailbox()).next_try = fresh.clock.at + 60
    await follower.read()
    assert fresh.transport.operations() == ["SyncFolderItems"]
    assert b"Impersonation" not in fresh.transport.sent[0].body


async def test_a_view_that_is_full_is_split_by_time(world: EwsWorld, follower: Follower) -> None:
    for number in range(30):
        world.put(f"u{number}", f"DTSTART:202603{number + 1:02}T110000Z", "DURATION:PT30H")
    world.server.faults.view_ceiling = 10
    await follower.read()
    assert len(follower.bookings) == 30
    assert world.asked().count("FindItem") <= 15


async def test_a_state_the_server_forgot_is_begun_anew(world: EwsWorld, follower: Follower) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.server.faults.forget_sync_states = True
    world.put("two", *LUNCH)
    assert await follower.subjects() == ["Lunch", "M: budget"]


async def test_a_large_mailbox_reports_its_items_page_by_page(
    world: EwsWorld, follower: Follower
) -> None:
    for number in range(600):
        world.put(f"u{number}", "DTSTART:20200303T110000Z", "DURATION:PT1H")
    world.put("one", *MEETING)
    assert await follower.subjects() == ["M: budget"]
    assert world.asked().count("SyncFolderItems") == 2
    await follower.settled()
    assert isinstance(await follower.read(), Unchanged)


async def test_a_large_answer_is_read_in_a_worker(world: EwsWorld, follower: Follower) -> None:
    called: list[str] = []
    workers = world.services.runtime.workers
    run = workers.run

    async def counted(function: str, *arguments: Any, **limits: Any) -> Any:
        called.append(function)
        assert limits["seconds"] < 10
        return await run(function, *arguments, **limits)

    workers.run = counted  # type: ignore[method-assign]  # seen at work
    world.put("one", *LUNCH)
    await follower.read()
    assert called == []
    for number in range(100):
        world.put(f"u{number}", *MEETING)
    await follower.read()
    assert "kalends.wire.ews.find_item:parse_find_item" in called


# --- our own writing ----------------------------------------------------------------------------
async def test_what_kalends_wrote_is_never_read_back(world: EwsWorld, follower: Follower) -> None:
    world.put("one", *MEETING)
    world.put("ours", *LUNCH)
    ours = next(one for one in world.anna.items.values() if one.uid == "ours")
    ours.properties = {MARK: "1"}
    world.anna.changed(ours)
    await follower.read()
    before = follower.bookings
    assert [one.subject for one in before] == ["M: budget"]
    ours.subject = "Until three"
    world.anna.changed(ours)
    await follower.read()
    assert follower.bookings == before


async def test_a_calendar_with_nothing_but_our_own_is_empty(
    world: EwsWorld, follower: Follower
) -> None:
    world.put("ours", *LUNCH)
    ours = next(iter(world.anna.items.values()))
    ours.properties = {MARK: "1"}
    assert isinstance(await follower.read(), Reading)
    assert follower.bookings == ()


# --- asides -------------------------------------------------------------------------------------
async def test_work_hours_are_told(world: EwsWorld, follower: Follower) -> None:
    await follower.settled()
    assert follower.reading is not None
    assert follower.reading.work_hours is not None
    assert follower.reading.work_hours.mon == ("08:00-17:00",)
    assert follower.reading.work_hours.sat == ()


@pytest.mark.parametrize("named", ["2010", "2016"])
async def test_work_hours_that_free_busy_does_not_tell_are_read_where_they_are_stored(
    named: str,
) -> None:
    world = EwsWorld(named)
    follower = Follower(world)
    world.server.faults.codes["GetUserAvailabilityRequest"] = "ErrorNoFreeBusyAccess"
    await follower.settled()
    assert follower.reading is not None
    assert follower.reading.work_hours is not None
    assert follower.reading.work_hours.mon == ("08:00-17:00",)


async def test_2007_keeps_no_work_hours_elsewhere() -> None:
    world = EwsWorld("2007 SP1")
    follower = Follower(world)
    world.server.faults.codes["GetUserAvailabilityRequest"] = "ErrorNoFreeBusyAccess"
    await follower.settled()
    assert "GetUserConfiguration" not in world.asked()
    assert follower.reading is not None
    assert follower.reading.work_hours is None


async def test_what_microsoft_ends_is_said_with_its_date_beside_every_calendar(
    world: EwsWorld, follower: Follower
) -> None:
    await follower.read()
    assert follower.reading is not None
    assert "2027" not in follower.reading.note
    world.server.version = replace(world.server.version, build=(15, 20, 9000, 1))
    found = [await follower.read() for _ in range(2)]
    assert "1 April 2027" in found[1].note
    assert "Graph" in found[1].note


async def test_an_automatic_reply_is_seen_within_a_quarter_of_an_hour(
    world: EwsWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.settled()
    assert follower.reading is not None
    assert follower.reading.automatic_reply is None
    world.anna.oof = Oof("Enabled")
    world.clock.at += REPLY_EVERY
    world.asked()
    found = await follower.read()
    assert isinstance(found, Reading)
    assert world.asked() == ["SyncFolderItems", "GetUserOofSettingsRequest"]
    assert found.automatic_reply == Interval(0, FOREVER)
    assert [one.subject for one in found.bookings] == ["M: budget"]
    start = datetime(2026, 3, 3, tzinfo=UTC)
    world.anna.oof = Oof("Scheduled", start, start + timedelta(days=2))
    world.clock.at += REPLY_EVERY
    found = await follower.read()
    assert isinstance(found, Reading)
    assert found.automatic_reply == Interval(
        int(start.timestamp()), int(start.timestamp()) + 172_800
    )


@pytest.mark.parametrize("reply", [Oof("Disabled"), Oof("Enabled")], ids=["none", "some"])
async def test_an_automatic_reply_that_stays_is_no_reason_to_store_anything(
    world: EwsWorld, follower: Follower, reply: Oof
) -> None:
    world.put("one", *MEETING)
    world.anna.oof = reply
    await follower.settled()
    stored = follower.cursor
    world.clock.at += REPLY_EVERY
    world.asked()
    assert isinstance(await follower.read(), Unchanged)
    assert world.asked() == ["SyncFolderItems", "GetUserOofSettingsRequest"]
    assert follower.cursor == stored
    await follower.read()
    assert world.asked() == ["SyncFolderItems"]


async def test_an_aside_that_cannot_be_read_stays_as_it_was_and_fails_nothing(
    world: EwsWorld, follower: Follower
) -> None:
    world.anna.oof = Oof("Enabled")
    await follower.settled()
    for operation in ("GetUserOofSettingsRequest", "GetUserAvailabilityRequest"):
        world.server.faults.codes[operation] = "ErrorAccessDenied"
    world.clock.at += HOURS_EVERY
    await follower.read(full=True)
    await follower.settled()
    assert follower.reading is not None
    assert follower.reading.automatic_reply == Interval(0, FOREVER)
    assert follower.reading.work_hours is not None


# --- one mailbox and its neighbours -----------------------------------------------------------
ONE_MAILBOX = [
    code
    for code, row in TABLE.items()
    if row.reaction
    not in (Reaction.STOP_CREDENTIAL, Reaction.MISS, Reaction.USE_ANYWAY, Reaction.REREAD)
]


@pytest.mark.parametrize("code", ONE_MAILBOX)
async def test_a_mailbox_in_trouble_frees_nobody_and_touches_no_neighbour(code: str) -> None:
    world = EwsWorld("2016")
    bo = replace(world.ref, person="bo", url=BO, emails=(BO,))
    world.put("one", *MEETING)
    follower, neighbour = Follower(world), Follower(world)
    neighbour.ref = bo
    await follower.read()
    await neighbour.read()
    times = {(one.start, one.end) for one in follower.bookings}
    world.put("one", *MEETING)
    world.server.faults.mailbox_codes = {ANNA: code}
    spent = TABLE[code].reaction is Reaction.BACK_OFF and issubclass(TABLE[code].error, Throttled)
    for full in (False, True):
        with pytest.raises(SourceTrouble):
            await follower.read(full=full)
        assert {(one.start, one.end) for one in follower.bookings} == times
        if not spent:  # a budget that is spent is everybody's
            await neighbour.read()
    world.server.faults.mailbox_codes = {}
    world.clock.at += 3600
    await follower.read()
    assert {(one.start, one.end) for one in follower.bookings} == times


@pytest.mark.parametrize("operation", ["SyncFolderItems", "FindItem"])
@pytest.mark.parametrize("code", sorted(TABLE))
async def test_whatever_an_operation_answers_nobody_becomes_available(
    operation: str, code: str
) -> None:
    world = EwsWorld("2016")
    follower = Follower(world)
    world.put("one", *MEETING)
    await follower.read()
    times = {(one.start, one.end) for one in follower.bookings}
    world.put("one", *MEETING, "CATEGORIES:x")
    world.server.faults.codes[operation] = code
    for full in (False, True):
        try:
            await follower.read(full=full)
        except SourceTrouble:
            continue
        assert {(one.start, one.end) for one in follower.bookings} == times


@pytest.mark.parametrize(
    "fault", ["html", "truncated", "blank_codes", "illegal_references", "naive_times"]
)
async def test_an_answer_in_disorder_is_read_right_or_refused(fault: str) -> None:
    world = EwsWorld("2016")
    follower = Follower(world)
    world.put("one", *MEETING)
    await follower.read()
    times = {(one.start, one.end) for one in follower.bookings}
    setattr(world.server.faults, fault, True)
    try:
        await follower.read(full=True)
    except SourceTrouble:
        assert fault in ("html", "truncated")
    assert {(one.start, one.end) for one in follower.bookings} == times


# --- lock-out (promise 7, threat 5) -------------------------------------------------------------
async def test_a_wrong_password_is_tried_twice_an_hour(world: EwsWorld, follower: Follower) -> None:
    world.password = "wrong"
    hours = 24
    for _ in range(hours * 12):
        with pytest.raises(SignInNeeded):
            await follower.read()
        world.clock.at += 300
    refused = len(world.transport.sent)
    assert refused <= 2 * hours


# --- descriptions -------------------------------------------------------------------------------
def with_texts(world: EwsWorld) -> None:
    settings = SETTINGS.model_copy(update={"description_note": True})
    place = replace(world.place(), organization=settings)
    assert ews.KIND.source is not None
    world.source = ews.KIND.source(world.endpoint, place, world.options)


async def test_descriptions_are_not_asked_unless_the_organization_wants_them(
    world: EwsWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    assert "GetItem" not in world.asked()
    assert matching(SETTINGS) is None


@pytest.mark.parametrize("named", ["2007 SP1", "2010 SP2", "2016"])
async def test_the_description_of_what_matches_is_fetched_in_batches(named: str) -> None:
    world = EwsWorld(named)
    with_texts(world)
    follower = Follower(world)
    for number in range(12):
        world.put(f"m{number}", *LUNCH)  # a word of the English pack
    world.put("other", *LUNCH[:2], "SUMMARY:Anything")
    world.put("noted", *MEETING)  # its own text is the note
    world.put("secret", *LUNCH, "CLASS:PRIVATE")
    for item in world.anna.items.values():
        item.body = f"about {item.uid} " + "x" * 300
    await follower.read()
    operations = world.asked()
    assert operations.count("GetItem") == 2
    told = {one.uid: one.description for one in follower.bookings}
    assert told["m3"].startswith("about m3 ")
    assert len(told["m3"]) == 255
    assert told["other"] == told["noted"] == ""
    assert told["secret"] == ""


@pytest.mark.parametrize(
    ("preferences", "wanted"),
    [
        ({}, False),
        ({"keywords": [{"match": {"word": "zyx"}, "then": {"activity": "meeting"}}]}, True),
    ],
)
async def test_the_owners_own_rules_say_what_matches(
    world: EwsWorld, follower: Follower, preferences: dict[str, Any], wanted: bool
) -> None:
    with_texts(world)
    world.put("one", *MEETING[:2], "SUMMARY:Zyx")
    next(iter(world.anna.items.values())).body = "Room 4"
    owner = PersonRecord.model_validate(
        {"id": "anna", "name": "Anna", "emails": [ANNA], "preferences": preferences}
    )
    follower.ref = replace(world.ref, owner=owner)
    assert (await follower.only()).description == ("Room 4" if wanted else "")


async def test_a_description_that_cannot_be_read_fails_nothing(world: EwsWorld) -> None:
    with_texts(world)
    follower = Follower(world)
    world.put("one", *LUNCH)
    next(iter(world.anna.items.values())).body = "Room 4"
    await follower.read()
    world.server.faults.codes["GetItem"] = "ErrorItemCorrupt"
    world.put("two", *LUNCH)
    await follower.read()
    assert {one.uid: one.description for one in follower.bookings}["one"] == "Room 4"


# --- what is refused ----------------------------------------------------------------------------
async def test_a_calendar_needs_a_mailboxs_address(world: EwsWorld) -> None:
    follower = Follower(world)
    follower.ref = replace(world.ref, url="https://mail.acme.example/calendar")
    with pytest.raises(NotFound, match="e-mail address"):
        await follower.read()


@pytest.mark.parametrize(
    "replaced",
    [
        (b"<s:Envelope", b'<!DOCTYPE a [<!ENTITY b "c">]><s:Envelope'),
        (b"<t:Subject>", b"<t:Subject>&xxe;"),
        (b"<s:Body>", b"<s:Body>" + b"<a>" * 400),
        (b"schemas.microsoft.com/exchange", b"schemas.microsoft.example"),
    ],
)
async def test_a_hostile_answer_is_refused_and_changes_nothing(
    world: EwsWorld, follower: Follower, replaced: tuple[bytes, bytes]
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    before = follower.bookings
    world.breaking.replaced = replaced
    with pytest.raises(SourceTrouble):
        await follower.read(full=True)
    assert follower.bookings == before
