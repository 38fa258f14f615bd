"""Bookings that are broken, or that say what their author may not say, and what comes of them.

The whole way, as in ``test_troubles``: a real server, the real engine; asked is what is stored,
shown and told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from lab.dav.tree import Collection

from kalends.bus.commands import PutDocument, PutPerson
from kalends.model.times import utc
from tests.integration.bad_input.site import (
    HOUR,
    POLL,
    Site,
    configuration,
    everybody_busy,
    nobody_was_freed,
    person,
    told,
)
from tests.unit.wire.icalendar.samples import calendar, event

BROKEN: Final = {
    "no-begin": ("SUMMARY:Secret",),
    "begin-is-no-time": ("DTSTART:whenever", "SUMMARY:Secret"),
    "every-second": ("DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY", "SUMMARY:Secret"),
    "product-of-parts": (
        "DTSTART:20260101T000000Z", "SUMMARY:Secret",
        "RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))
        + ";BYMINUTE=" + ",".join(map(str, range(60)))
        + ";BYSECOND=" + ",".join(map(str, range(60))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_booking_is_left_out_counted_and_told_and_the_rest_lives(
    name: str, tmp_path: Path
) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        site.annas.put("broken.ics", calendar(event(*BROKEN[name], uid="broken")))
        await left_out(site, 1)
        row = await site.row()
        assert (row.health, row.bookings, row.stale_since) == ("ok", 1, None)
        status = (await site.status())["near"]
        assert (status["state"], status["skipped_bookings"]) == ("ok", 1)
        assert status["calendars_with_skipped"] == 1
        assert await site.metric("kalends_bookings_skipped", source="near") == 1
        assert await site.metric("kalends_bookings_skipped", source="far") == 0
        details = [step["detail"] for step in await site.check("near")]
        assert "1 broken booking left out" in details, details
        assert not any("Secret" in repr(one) for one in (row, status, details))
        nobody_was_freed(site, since)
        site.annas.put("broken.ics", calendar(site.meeting("broken", begins=HOUR)))
        await left_out(site, 0)
        assert (await site.row()).bookings == 2
        assert await site.metric("kalends_bookings_skipped", source="near") == 0
        nobody_was_freed(site, since)

    told(story, tmp_path)


async def left_out(site: Site, count: int) -> None:
    """Wait until so many bookings of Anna's calendar are told as left out."""

    async def counted() -> bool:
        return (await site.row()).skipped == count

    await site.until(counted, f"{count} left out")


def test_an_unknown_time_zone_is_read_as_the_owners_own(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        whole = configuration(site)
        whole["people"][0]["timezone"] = "Asia/Tokyo"
        await site.apply(whole)
        since = await everybody_busy(site)
        there = utc(site.begun + 24 * HOUR).strftime("%Y%m%dT100000")
        lines = (f"DTSTART;TZID=Nowhere/At All:{there}", "DURATION:PT1H", "SUMMARY:Review")
        site.annas.put("strange.ics", calendar(event(*lines, uid="strange")))

        async def read() -> bool:
            return (await site.row()).bookings == 2

        await site.until(read, "the booking is read")
        row = await site.row()
        assert (row.health, row.skipped) == ("ok", 0)
        [booking] = [one for one in await site.store.bookings(row.key) if one.uid == "strange"]
        assert utc(booking.start).strftime("%H:%M") == "01:00"  # ten o'clock in Tokyo
        nobody_was_freed(site, since)

    told(story, tmp_path)


FOREIGN: Final = ("ORGANIZER:mailto:eve@elsewhere.example",)


def invited(answer: str) -> str:
    """Return Anna as a participant."""
    return f"ATTENDEE;PARTSTAT={answer}:mailto:anna@acme.example"


@pytest.mark.parametrize("subject", ["GFD: gone", ">112 call", "- hidden"])
@pytest.mark.parametrize(("answer", "shown"), [("ACCEPTED", "busy"), ("NEEDS-ACTION", "tentative")])
def test_an_outside_invitation_takes_up_time_and_commands_nothing(
    subject: str, answer: str, shown: str, tmp_path: Path
) -> None:
    async def story(site: Site) -> None:
        site.annas.delete("now.ics")
        lines = (f"SUMMARY:{subject}", *FOREIGN, invited(answer))
        site.annas.put("foreign.ics", calendar(site.meeting("foreign", *lines)))
        changes = {"forward_numbers": ["*"], "divert": "marked", "language": "sv"}
        await site.apply(configuration(site, **changes))
        await site.healthy()

        async def counts() -> bool:
            return (await site.shows())[1] == shown

        await site.until(counts, f"Anna shows {shown}")
        facts = await site.store.facts("acme", "anna")
        assert facts is not None
        [segment] = facts.timeline.segments
        assert (segment.route, segment.divert, segment.note) == ("", False, "")

    told(story, tmp_path)


def test_two_calendars_that_disagree_show_busy_and_each_is_told_apart(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        other = site.near.dav.tree.add_calendar("/calendars/anna/other/", "anna", "svc")
        free = ("SUMMARY:Focus", "TRANSP:TRANSPARENT")
        other.put("now.ics", calendar(site.meeting("now-too", *free)))
        whole = configuration(site)
        url = "/calendars/anna/other/"
        whole["people"][0]["calendars"] += [{"source": "near", "name": "other", "url": url}]
        await site.apply(whole)
        since = await everybody_busy(site)
        await site.healthy()
        assert await site.shows() == ("busy", "meeting")  # busy beats free, whoever says it
        site.near.dav.faults.status[url] = 500
        await failing(site, "other")
        assert await site.shows() == ("busy", "meeting")
        site.near.dav.faults.status = {"/calendars/anna/daily/": 500}
        await failing(site, "default")
        assert await site.shows() == ("busy", "meeting")  # unknown is not free
        site.near.dav.faults.status = {}
        await site.healthy()
        nobody_was_freed(site, since)

    told(story, tmp_path)


async def failing(site: Site, name: str) -> None:
    """Wait until one of Anna's calendars is stale."""

    async def stale() -> bool:
        return any(row.stale_since and row.key.name == name for row in await site.rows())

    await site.until(stale, f"{name} is stale")


def test_one_address_in_two_organizations_is_two_people_who_know_nothing_of_each_other(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        dav = site.far.dav.tree.add_calendar("/calendars/cleo/theirs/", "cleo", "svc")
        first = await in_beta(site, dav)
        unknown = await put(site, {**first, "id": "new", "emails": ["nobody@acme.example"]})
        taken = await put(site, first)
        assert unknown == taken  # the answer tells nothing of the other organization

        async def read() -> bool:
            rows = await site.rows("anna", "beta")
            return bool(rows) and rows[0].health == "ok"

        await site.until(read, "hers in beta is read")
        assert await site.shows("anna", "beta") == ("available", "available")
        assert await site.shows("anna", "acme") == ("busy", "meeting")
        nobody_was_freed(site, since)

    told(story, tmp_path)


async def in_beta(site: Site, calendar: Collection) -> dict[str, Any]:
    """Make a second organization through the API; return Anna's record there."""
    settings = {"id": "beta", "name": "Beta AB"}
    body = {"id": "beta", **settings}
    await put_document(site, "organization", "beta", body)
    source = {"kind": "caldav", "url": site.far.url, "username": "svc", "password": "secret"}
    await put_document(site, "source", "dav", source)
    return person("anna", "dav", calendar.path)


async def put_document(site: Site, kind: str, id: str, body: dict[str, Any]) -> None:
    command = PutDocument(organization="beta", actor="t", kind=kind, id=id, body=body)
    answer = await site.handle(command)
    assert answer.ok, answer.problems


async def put(site: Site, record: dict[str, Any]) -> tuple[bool, str, object]:
    """Put a person through the API of beta; return what is answered, but for the id."""
    answer = await site.handle(PutPerson(organization="beta", actor="t", record=record))
    return answer.ok, answer.message, {**answer.value, "id": "…"}


def test_an_address_of_somebody_else_is_refused_naming_them_and_nobody_changes(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        record = {"id": "dora", "name": "Dora", "emails": ["dora@x.example", "Anna@Acme.example"]}
        answer = await site.handle(PutPerson(organization="acme", actor="t", record=record))
        assert (answer.ok, answer.code) == (False, "invalid")
        [problem] = answer.problems
        assert problem["key"] == "emails"
        assert problem["what"] == "anna@acme.example belongs to anna already."
        assert problem["remedy"]
        assert await site.store.person("acme", "dora") is None
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_subject_of_100000_characters_costs_nothing_and_is_read(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        long = "a" * 50_000 + " meeting " + "!" * 50_000
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        site.annas.put("now.ics", calendar(site.meeting("now", f"SUMMARY:{long}")))
        site.annas.put("next.ics", calendar(site.meeting("next", begins=4 * HOUR, ends=5 * HOUR)))

        async def read() -> bool:
            return (await site.row()).bookings == 2

        await site.until(read, "the long subject is read")
        assert (await site.row()).health == "ok"
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_calendar_empty_for_a_moment_frees_nobody_one_that_stays_empty_is_believed(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        whole = configuration(site)
        feed = {"id": "feeds", "kind": "ics", "url": site.near.url, "poll_seconds": POLL}
        whole["sources"].append(feed)
        whole["people"][0] = person("anna", "feeds", "/feeds/anna@acme.example.ics")
        site.feed(site.meeting("now"))
        await site.apply(whole)
        since = await everybody_busy(site)
        site.feed()
        await emptied(site)
        assert await site.shows() == ("busy", "meeting")
        row = await site.row()
        assert row.remedy
        assert (await site.status())["feeds"]["state"] == "emptied"
        site.feed(site.meeting("now"))  # it was a fault of the server
        await site.healthy()
        nobody_was_freed(site, since)
        site.feed()  # this time somebody did delete everything
        await emptied(site)
        assert await site.shows() == ("busy", "meeting")

        async def free() -> bool:
            return (await site.shows())[0] == "available"

        await site.until(free, "an empty calendar is believed when it is seen again")
        await site.healthy()

    told(story, tmp_path)


async def emptied(site: Site) -> None:
    """Wait until Anna's calendar is told to be empty at once."""

    async def so() -> bool:
        return (await site.row()).health == "emptied"

    await site.until(so, "emptied is told")


def test_a_boundary_known_before_the_trouble_is_kept_while_it_lasts(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.annas.put("now.ics", calendar(site.meeting("now", ends=HOUR)))
        lunch = site.meeting("lunch", "SUMMARY:Lunch", begins=HOUR, ends=HOUR + 1800)
        site.annas.put("lunch.ics", calendar(lunch))
        await site.apply(configuration(site))
        await everybody_busy(site)
        site.near.dav.faults.html = True
        await site.troubled("bad-answer")

        async def at_lunch() -> bool:
            return site.board.shown["anna"] == "away"

        await site.until(at_lunch, "lunch begins although nothing can be read")
        stored = await site.store.presence("acme", "anna")
        assert stored is not None
        assert (stored.presence.activity, stored.presence.since) == ("lunch", site.begun + HOUR)
        assert (await site.row()).stale_since is not None

    told(story, tmp_path)
