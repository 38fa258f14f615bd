"""What Exchange over WebDAV does beyond the contract: sign-on, rights, names, hostile answers."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange_dav.server import DavExchange

from kalends.calendars.contract import Forgets, Reading, Unchanged
from kalends.endpoints import exchange_dav
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    NotFound,
    RedirectRefused,
    SignInNeeded,
    SourceTrouble,
    SuspiciouslyEmpty,
    TooLarge,
)
from kalends.kinds import exchange_webdav
from kalends.model.booking import ShowAs
from kalends.model.times import Interval, rfc3339
from kalends.net.breaker import MemoryBreakers
from kalends.runtime import InlineWorkers
from tests.contract.calendars.exchange_dav import ACCOUNT, ORIGIN, ExchangeWorld
from tests.contract.calendars.lab import place
from tests.contract.calendars.suite import LUNCH, MEETING, Follower, utc

EVIL = "https://127.0.0.1:6666"
BOMBS = {
    "entities": b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a xmlns="DAV:">&y;</a>',
    "outside": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:6666/x.dtd"><a/>',
    "deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "wide": b"<a:multistatus xmlns:a='DAV:'>" + b"<a:response/>" * 40_000,
    "text": b"<a>" + b"x" * 290_000,
    "no multistatus": b"<a/>",
}


@pytest.fixture
def world() -> ExchangeWorld:
    return ExchangeWorld(2003, forms=True)


@pytest.fixture
def follower(world: ExchangeWorld) -> Follower:
    return Follower(world)


def posts(world: ExchangeWorld) -> int:
    return len(world.server.signon.attempts)


# --- signing on -----------------------------------------------------------------------------------
@pytest.mark.parametrize("year", [2003, 2007])
async def test_auto_learns_that_the_server_wants_its_form(year: int) -> None:
    world = ExchangeWorld(year, forms=True)
    world.put("one", *MEETING)
    follower = Follower(world)
    assert await follower.subjects() == ["M: budget"]
    assert posts(world) == 1
    form = next(ask for ask in world.server.asked if ask.method == "POST")
    assert b"trusted=4" in form.body  # a session of a day, not of a quarter of an hour


async def test_an_expired_session_is_renewed_once_for_everybody_who_waits(
    world: ExchangeWorld,
) -> None:
    followers = []
    for number in range(20):
        world.add_mailbox(f"p{number}@acme.example")
        follower = Follower(world)
        url = f"{ORIGIN}/exchange/p{number}@acme.example/"
        follower.ref = replace(world.ref, person=f"p{number}", url=url)
        followers.append(follower)
    await asyncio.gather(*(one.read() for one in followers))
    world.server.signon.expire()
    await asyncio.gather(*(one.read() for one in followers))
    assert posts(world) == 2


async def test_a_form_that_a_site_has_altered_is_filled_in(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.server.signon.extra_fields = '<input type="hidden" name="site" value="hq">'
    assert isinstance(await follower.read(), Reading)


async def test_a_page_that_leads_to_its_form_by_a_script_is_followed() -> None:
    world = ExchangeWorld(2007, forms=True)
    world.server.signon.script = True
    assert isinstance(await Follower(world).read(), Reading)


@pytest.mark.parametrize("fault", ["no_cookies", "always_440"])
async def test_a_redirect_without_a_session_is_a_failed_sign_on(
    world: ExchangeWorld, follower: Follower, fault: str
) -> None:
    setattr(world.server.faults, fault, True)
    for _ in range(10):
        with pytest.raises(SourceTrouble) as raised:
            await follower.read()
        assert "secret" not in str(raised.value)
    assert posts(world) <= 2


async def test_440_in_a_session_that_is_alive_forbids_this_mailbox_alone(
    world: ExchangeWorld, follower: Follower
) -> None:
    await follower.read()
    world.add_mailbox("bo@acme.example")
    world.server.faults.status["/exchange/bo@acme.example/"] = 440
    other = Follower(world)
    other.ref = replace(world.ref, person="bo", url=f"{ORIGIN}/exchange/bo@acme.example/")
    with pytest.raises(AccessDenied):
        await other.read()
    await follower.read()
    assert posts(world) == 1


async def test_a_server_whose_forms_are_switched_off_is_signed_in_to_over_http(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.server.forms = False
    world.put("two", *LUNCH)
    assert await follower.subjects() == ["Lunch", "M: budget"]


async def test_a_wrong_password_costs_at_most_two_sign_ons_an_hour() -> None:
    """Promise 7, over forms: several sources and restarts, twenty-four hours."""
    store = MemoryBreakers()
    world = ExchangeWorld(2003, forms=True)
    world.organization.accounts[ACCOUNT.lower()].password = "changed"
    services = replace(world.services, breakers=store)
    for hour in range(24):
        endpoints = [
            ExchangeDavEndpoint(services, place(f"owa{number}"), world.options)
            for number in range(3)
        ]  # a restart every hour
        for _ in range(60):
            world.clock.at += 60
            for endpoint in endpoints:
                source = exchange_webdav._source(endpoint, place(), world.options)
                with pytest.raises(SignInNeeded):
                    await source.locate(world.ref)
        assert posts(world) <= 2 * (hour + 1)
    times = [at for at, _, _ in world.server.signon.attempts]
    assert len(times) >= 24  # it is tried again each hour: the password may be right by now
    assert all(later - at >= 3600 for at, later in zip(times, times[2:], strict=False))


async def test_a_right_password_works_as_soon_as_the_breaker_lets_it(
    world: ExchangeWorld, follower: Follower
) -> None:
    account = world.organization.accounts[ACCOUNT.lower()]
    account.password = "other"
    for _ in range(5):
        with pytest.raises(SignInNeeded):
            await follower.read()
    account.password = "secret"
    world.clock.at += 3700
    assert isinstance(await follower.read(), Reading)


@pytest.mark.parametrize(
    ("auth", "told"), [("auto", "auto"), ("basic", "basic"), ("ntlm", "ntlm"), ("forms", "none")]
)
def test_what_is_configured_reaches_the_guarded_client(auth: str, told: str) -> None:
    pin = "00" * 32
    written = {
        "url": ORIGIN, "auth": auth, "tls_minimum": "1.0", "certificate_pins": (pin,),
        "max_connections": 2,
    }  # fmt: skip
    options = exchange_webdav.ExchangeWebdavOptions.model_validate(written)
    client = exchange_dav.client_options(options, exchange_dav.scheme_of(options))
    assert (client.auth, client.tls_minimum, client.max_connections) == (told, "1.0", 2)
    assert client.certificate_pins == (pin,)


def test_old_tls_without_a_pin_is_refused() -> None:
    with pytest.raises(ValueError, match="certificate_pins"):
        exchange_webdav.ExchangeWebdavOptions(url=ORIGIN, tls_minimum="1.0")


# --- hostile servers ------------------------------------------------------------------------------
@pytest.mark.parametrize("forms", [True, False])
async def test_names_of_other_hosts_in_answers_are_never_asked(forms: bool) -> None:
    world = ExchangeWorld(2003, forms=forms)
    evil = world.transport.servers[EVIL] = DavExchange()
    world.server.faults.internal_host = EVIL
    world.put("one", *MEETING)
    follower = Follower(world)
    assert await follower.subjects() == ["M: budget"]
    await follower.read()
    assert await world.source.locate(world.ref) == (world.ref.url,)
    assert evil.asked == []
    assert world.transport.secrets_shown_to() == {ORIGIN}


@pytest.mark.parametrize("forms", [True, False])
async def test_a_redirect_to_elsewhere_is_refused(forms: bool) -> None:
    world = ExchangeWorld(2003, forms=forms)
    evil = world.transport.servers[EVIL] = DavExchange()
    world.server.faults.redirect = EVIL
    with pytest.raises(RedirectRefused):
        await Follower(world).read()
    assert evil.asked == []
    assert world.transport.secrets_shown_to() <= {ORIGIN}


async def test_a_form_that_posts_elsewhere_is_not_filled_in(
    world: ExchangeWorld, follower: Follower
) -> None:
    evil = world.transport.servers[EVIL] = DavExchange()
    world.server.faults.form_action = f"{EVIL}/exchweb/bin/auth/owaauth.dll"
    with pytest.raises(RedirectRefused):
        await follower.read()
    assert evil.asked == []
    assert not any(b"secret" in request.body for request in world.transport.sent)


async def test_a_mailbox_at_another_server_is_not_read(
    world: ExchangeWorld, follower: Follower
) -> None:
    follower.ref = replace(world.ref, url=f"{EVIL}/exchange/anna@acme.example/")
    with pytest.raises(RedirectRefused):
        await follower.read()


@pytest.mark.parametrize("bomb", BOMBS)
async def test_xml_bombs_are_refused_and_change_nothing(
    world: ExchangeWorld, follower: Follower, bomb: str
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    before = follower.bookings
    world.put("two", *LUNCH)
    world.server.faults.bomb = BOMBS[bomb]
    for full in (False, True):
        with pytest.raises((BadAnswer, TooLarge)):
            await follower.read(full=full)
    world.server.faults.bomb = b""
    assert follower.bookings == before
    assert await follower.subjects() == ["Lunch", "M: budget"]


# --- mailboxes, folders, names --------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "de", "sv", "hu"])
async def test_the_calendar_is_found_whatever_it_is_called(
    world: ExchangeWorld, follower: Follower, language: str
) -> None:
    world.server.languages["anna@acme.example"] = language
    world.put("one", *MEETING)
    assert await follower.subjects() == ["M: budget"]


async def test_a_calendar_renamed_with_its_owners_language_is_found_again(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.server.languages["anna@acme.example"] = "hu"
    world.put("two", *LUNCH)
    assert await follower.subjects() == ["Lunch", "M: budget"]
    assert isinstance(await follower.read(), Unchanged)


@pytest.mark.parametrize("character", "~#%+&|*/'")
async def test_addresses_with_odd_characters_work(world: ExchangeWorld, character: str) -> None:
    address = f"a{character}b@acme.example"
    box = world.add_mailbox(address)
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    box.add(Appointment(0, now, now + timedelta(hours=1), subject="Odd"), now)
    nobody = replace(world.ref, url=None, emails=(address,))
    (url,) = await world.source.locate(nobody)
    follower = Follower(world)
    follower.ref = replace(nobody, url=url)
    assert await follower.subjects() == ["Odd"]


async def test_a_calendar_folder_can_be_named_itself(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    follower.ref = replace(world.ref, url="/exchange/anna@acme.example/Kalender")
    assert await follower.subjects() == ["M: budget"]


async def test_what_is_neither_mailbox_nor_calendar_is_not_found(
    world: ExchangeWorld, follower: Follower
) -> None:
    follower.ref = replace(world.ref, url="/exchange/anna@acme.example/Inkorgen/")
    with pytest.raises(NotFound):
        await follower.read()


# --- reading --------------------------------------------------------------------------------------
async def test_what_spans_the_whole_window_is_seen(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", "DTSTART:20260101T000000Z", "DTEND:20270101T000000Z", "SUMMARY:Leave")
    assert await follower.subjects() == ["Leave"]


async def test_a_window_of_years_is_asked_in_parts(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *LUNCH, "RRULE:FREQ=WEEKLY")
    follower.window = Interval(utc("2026-03-01T00:00"), utc("2030-03-01T00:00"))
    await follower.read()
    assert len(follower.bookings) == 209
    queries = [ask for ask in world.server.asked if ask.method == "SEARCH"]
    assert len(queries) == 3


async def test_a_crowded_calendar_is_read_by_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps nobody else waiting, and what goes there and back can be pickled."""
    world = ExchangeWorld(2003, max_bytes=10 << 20)
    asked: list[str] = []
    inline = InlineWorkers.run

    async def run(self: InlineWorkers, function: str, *arguments: Any, **bounds: Any) -> Any:
        asked.append(function)
        told = pickle.loads(pickle.dumps(arguments))
        return pickle.loads(pickle.dumps(await inline(self, function, *told, **bounds)))

    monkeypatch.setattr(InlineWorkers, "run", run)
    for number in range(400):
        world.put(f"u{number}", *LUNCH)
    follower = Follower(world)
    await follower.read()
    assert len(follower.bookings) == 400
    assert asked == ["kalends.wire.exchange_dav.appointment:read_answers"]


async def test_occurrences_deleted_from_a_series_are_gone(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3")
    await follower.read()
    (item,) = world.anna.calendar()
    item.deleted.add(datetime(2026, 3, 4, 11, tzinfo=UTC))
    world.anna.changed(item)
    await follower.read()
    assert [rfc3339(one.start)[8:10] for one in follower.bookings] == ["03", "05"]


async def test_an_exception_without_its_original_start_is_still_shown(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.server.faults.no_recurrence_ids = True
    moved = ("RECURRENCE-ID:20260304T110000Z", "DTSTART:20260304T150000Z", "DURATION:PT1H")
    world.put("one", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3", override=moved)
    await follower.read()
    assert [rfc3339(one.start)[11:13] for one in follower.bookings] == ["11", "15", "11"]
    assert len({one.uid for one in follower.bookings}) == 3


async def test_a_day_in_another_zone_is_the_owners_day(
    world: ExchangeWorld, follower: Follower
) -> None:
    """Made in Stockholm, shown to an owner in London: the same date, an hour later."""
    world.put("one", "DTSTART;VALUE=DATE:20260302", "SUMMARY:Holiday")
    follower.ref = replace(world.ref, timezone="Europe/London")
    assert str((await follower.only()).first_day) == "2026-03-02"


async def test_a_restart_of_the_server_loses_nothing(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.put("two", *LUNCH)
    world.server.restart()
    assert await follower.subjects() == ["Lunch", "M: budget"]
    assert isinstance(await follower.read(), Unchanged)


async def test_a_restart_of_ours_reads_once_and_polls_again(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    await world.source.close()
    assert isinstance(await follower.read(), Unchanged)
    before = world.requests()
    assert isinstance(await follower.read(), Unchanged)
    assert world.requests() - before == 1


async def test_what_no_event_told_is_found_within_the_hour(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    world.server.faults.deaf = True
    world.put("two", *LUNCH)
    assert await follower.subjects() == ["M: budget"]
    world.clock.at += 3601
    assert await follower.subjects() == ["Lunch", "M: budget"]


# --- rights ---------------------------------------------------------------------------------------
async def test_a_mailbox_without_a_right_says_what_to_type() -> None:
    world = ExchangeWorld(2007)
    world.anna.delegates.clear()
    world.anna.default_right = "None"
    steps = [step async for step in world.source.check((world.ref,))]
    failed = steps[-1]
    assert not failed.ok
    assert (
        f"Add-MailboxPermission -Identity 'anna@acme.example' -User '{ACCOUNT}' "
        "-AccessRights FullAccess" in failed.remedy
    )


async def test_a_command_holds_any_address_as_powershell_takes_it() -> None:
    world = ExchangeWorld(2007)
    odd = replace(world.ref, emails=("o'neil$x`y@acme.example",))
    world.anna.delegates.clear()
    world.anna.default_right = "None"
    steps = [step async for step in world.source.check((odd,))]
    assert "-Identity 'o''neil$x`y@acme.example' " in steps[-1].remedy


async def test_a_calendar_that_is_no_more_is_forgotten(
    world: ExchangeWorld, follower: Follower
) -> None:
    world.put("one", *MEETING)
    await follower.read()
    assert isinstance(world.source, Forgets)
    world.source.forget(world.ref.person, world.ref.name)
    world.source.forget("nobody", "never-read")
    assert await follower.subjects() == ["M: budget"]
    before = world.requests()
    await follower.read()
    assert world.requests() == before + 1  # it is watched again


async def test_a_check_tells_that_the_whole_mailbox_is_readable() -> None:
    """Threat 2: more rights than needed are named."""
    world = ExchangeWorld(2003)
    told = [step async for step in world.source.check((world.ref,)) if step.what == "rights"]
    assert [step.ok for step in told] == [True]
    assert "Reviewer" in told[0].detail
    world.anna.delegates[ACCOUNT.lower()] = "Reviewer"
    told = [step async for step in world.source.check((world.ref,))]
    assert [step.what for step in told][-3:] == ["sign-in", "work hours", "calendar"]


async def test_reviewer_of_the_calendar_is_enough() -> None:
    world = ExchangeWorld(2003)
    world.anna.delegates[ACCOUNT.lower()] = "Reviewer"
    world.put("one", *MEETING)
    assert await Follower(world).subjects() == ["M: budget"]


async def test_a_refused_mailbox_shows_busy_times_until_it_is_granted() -> None:
    world = ExchangeWorld(2003, access="auto")
    world.anna.delegates.clear()
    world.put("one", *MEETING)
    follower = Follower(world)
    booking = await follower.only()
    assert (booking.busy_only, booking.subject, booking.show_as) == (True, "", ShowAs.BUSY)
    assert rfc3339(booking.start) == "2026-03-02T12:00:00Z"
    told = [step async for step in world.source.check((world.ref,))][-1]
    assert (told.what, told.ok) == ("calendar", True)
    assert told.detail.startswith("busy times, without subjects")
    assert "FullAccess" in told.remedy
    world.anna.delegates[ACCOUNT.lower()] = "Owner"
    assert isinstance(await follower.read(), Unchanged)  # not tried at every poll
    world.clock.at += 301
    assert (await follower.only()).subject == "M: budget"


async def test_free_busy_that_is_not_published_is_unknown_not_free() -> None:
    world = ExchangeWorld(2003, access="auto")
    world.anna.delegates.clear()
    world.anna.default_right = "None"
    with pytest.raises(AccessDenied):
        await Follower(world).read()
    with pytest.raises(AccessDenied):
        await world.source.locate(replace(world.ref, url=None))


async def test_free_busy_alone_needs_no_right() -> None:
    world = ExchangeWorld(2003, access="freebusy")
    world.anna.delegates.clear()
    world.put("one", *LUNCH, "RRULE:FREQ=DAILY;COUNT=3")
    (url,) = await world.source.locate(replace(world.ref, url=None))
    follower = Follower(world)
    follower.ref = replace(world.ref, url=url)
    await follower.read()
    assert len(follower.bookings) == 3
    assert isinstance(await follower.read(), Unchanged)
    assert not world.source.capabilities.subjects
    steps = [step async for step in world.source.check((follower.ref,))]
    assert all(step.ok for step in steps), steps


async def test_busy_times_are_found_by_any_of_the_addresses() -> None:
    world = ExchangeWorld(2003, access="freebusy")
    world.put("one", *MEETING)
    follower = Follower(world)
    follower.ref = replace(world.ref, emails=("a.berg@acme.example", "anna@acme.example"))
    assert (await follower.only()).busy_only


async def test_a_refused_mailbox_never_affects_its_neighbour(
    world: ExchangeWorld, follower: Follower
) -> None:
    bo = world.add_mailbox("bo@acme.example")
    bo.delegates.clear()
    other = Follower(world)
    other.ref = replace(world.ref, person="bo", url=f"{ORIGIN}/exchange/bo@acme.example/")
    world.put("one", *MEETING)
    with pytest.raises(AccessDenied):
        await other.read()
    assert await follower.subjects() == ["M: budget"]


async def test_busy_times_that_are_suddenly_none_are_doubted() -> None:
    world = ExchangeWorld(2003, access="freebusy")
    world.put("one", *MEETING)
    follower = Follower(world)
    await follower.only()
    world.anna.items.clear()
    world.clock.at += 3601
    with pytest.raises(SuspiciouslyEmpty):
        await follower.read()
