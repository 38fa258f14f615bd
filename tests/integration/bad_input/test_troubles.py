"""A calendar that cannot be read changes nobody's presence, is told, and mends itself.

Each trouble of ``docs/reference/bad-input.md`` that keeps a whole calendar from being read goes
through the same story: what is spoilt is told by the calendar's health, the source's status, the
figures and ``kalends check``, each with what to do; nobody becomes available; who lives elsewhere
is read on; when the input is good again, it is read again, without anybody's help.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from lab.dav.faults import Faults

from tests.acceptance.net.authority import Authority
from tests.integration.bad_input.site import (
    EVERYBODY,
    FEED,
    POLL,
    Handler,
    Site,
    configuration,
    everybody_busy,
    nobody_was_freed,
    person,
    told,
)
from tests.unit.wire.icalendar.samples import calendar

DTD: Final = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">]><d:multistatus xmlns:d="DAV:">&b;&c;</d:multistatus>"""
DEEP: Final = b"<d:x xmlns:d='DAV:'>" + b"<d:y>" * 100_000 + b"</d:y>" * 100_000 + b"</d:x>"
MEGABYTE: Final = 1 << 20


def answers(body: bytes, status: int = 207, kind: str = "text/xml", **headers: str) -> Handler:
    """Return what answers everything with one body."""

    async def handler(request: web.Request) -> web.Response:
        del request
        found = web.Response(status=status, body=body, content_type=kind, headers=headers)
        found.force_close()
        return found

    return handler


async def fifty_megabytes(request: web.Request) -> web.StreamResponse:
    """Answer with a feed that grows past 50 MB, its length not told beforehand."""
    answer = web.StreamResponse(headers={"Content-Type": "text/calendar"})
    answer.force_close()
    await answer.prepare(request)
    await answer.write(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    line = b"X-FILL:" + b"x" * 65 + b"\r\n"
    for _ in range(51):
        await answer.write(line * (MEGABYTE // len(line)))
    return answer


def spoil(handler: Handler) -> Callable[[Site], None]:
    """Return what puts a handler in front of Anna's server."""

    def act(site: Site) -> None:
        site.near.spoilt = handler

    return act


def fault(**faults: Any) -> Callable[[Site], None]:
    """Return what lets the lab's server misbehave."""

    def act(site: Site) -> None:
        site.near.dav.faults = replace(Faults(), **faults)
        site.annas.put("touched.ics", calendar(site.meeting("touched")))

    return act


def bombs(site: Site) -> None:
    """Fill Anna's feed with recurrences that take for ever to find nothing."""
    bomb = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    site.feed(*(site.meeting(str(n), bomb, "SUMMARY:x") for n in range(3000)))


def mend(site: Site) -> None:
    """Let everything be well, with something new in Anna's calendar."""
    site.near.spoilt = None
    site.near.dav.faults = Faults()
    site.feed(site.meeting("now"), site.meeting("late", begins=4 * 3600, ends=5 * 3600))
    site.annas.put("late.ics", calendar(site.meeting("late", begins=4 * 3600, ends=5 * 3600)))


@dataclass(frozen=True)
class Case:
    """One trouble."""

    spoil: Callable[[Site], None]
    code: str
    says: str
    """Words of the message an administrator reads."""
    feed: bool = False
    """Anna's calendar is a feed."""
    tls: bool = False
    alone: bool = False
    """Only Anna suffers; Bo, on the same server, is read on."""


CASES: Final = {
    "html": Case(fault(html=True), "bad-answer", "where CalDAV is due"),
    "html-feed": Case(fault(html=True), "bad-answer", "web page", feed=True),
    "empty-body": Case(fault(empty_body=True), "bad-answer", ""),
    "empty-feed": Case(spoil(answers(b"", 200, "text/calendar")), "bad-answer", "empty", feed=True),
    "cut-off": Case(fault(truncated=True), "bad-answer", ""),
    "cut-off-feed": Case(
        spoil(answers(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEV", 200)),
        "bad-answer", "", feed=True,
    ),
    "entity-bomb": Case(spoil(answers(DTD)), "bad-answer", ""),
    "deep-xml": Case(spoil(answers(DEEP)), "bad-answer", ""),
    "50-MB": Case(spoil(fifty_megabytes), "too-large", "larger than", feed=True),
    "gzip-bomb": Case(
        spoil(answers(gzip.compress(bytes(60 * MEGABYTE)), 200, **{"Content-Encoding": "gzip"})),
        "too-large", "larger than", feed=True,
    ),
    "bombs": Case(bombs, "too-large", "bounds", feed=True, alone=True),
    "denied": Case(
        fault(status={"/calendars/anna/": 403}), "denied", "403", alone=True
    ),
    "gone": Case(fault(status={"/calendars/anna/": 404}), "not-found", "404", alone=True),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_calendar_that_cannot_be_read_changes_nothing_is_told_and_mends_itself(
    name: str, tmp_path: Path
) -> None:
    case = CASES[name]

    async def story(site: Site) -> None:
        if case.feed:
            site.feed(site.meeting("now"))
            await site.apply(with_feed(site))
        else:
            await site.apply(configuration(site))
        since = await everybody_busy(site)
        case.spoil(site)
        await is_told(site, case)
        await the_others_live(site, case)
        nobody_was_freed(site, since)
        mend(site)
        await is_read_again(site)
        nobody_was_freed(site, since)

    told(story, tmp_path)


def with_feed(site: Site) -> dict[str, Any]:
    """Return the organization with Anna's calendar as a feed at the near server."""
    whole = configuration(site)
    feeds = {"id": "feeds", "kind": "ics", "url": site.near.url, "poll_seconds": POLL}
    people = [person("anna", "feeds", FEED), *whole["people"][1:]]
    return {**whole, "sources": [*whole["sources"], feeds], "people": people}


async def is_told(site: Site, case: Case) -> None:
    """Health of the calendar, status of the source, figures, ``kalends check``: what and where."""
    row = await site.troubled(case.code)
    source = row.key.source
    assert case.says in row.message
    assert row.remedy
    status = (await site.status())[source]
    assert (status["state"], status["failing_calendars"]) in (
        ("partly", 1),  # its neighbours are read
        (case.code, 1),
        (case.code, 2),
    )
    assert status["remedy"] == row.remedy
    labels = {"organization": "acme", "source": source, "code": case.code}
    assert await site.metric("kalends_calendar_failures_total", **labels) >= 1
    assert await site.metric("kalends_calendars_stale") >= 1
    bad = [step for step in await site.check(source) if not step["ok"]]
    assert bad
    assert all(step["detail"] for step in bad)
    assert any(step["remedy"] == row.remedy for step in bad)


async def the_others_live(site: Site, case: Case) -> None:
    """Whoever is not concerned is read on; whoever is, stays as known."""
    living = {"cleo": site.far, **({"bo": site.near} if case.alone else {})}
    for name, server in living.items():
        one = server.dav.tree.calendars[f"/calendars/{name}/daily/"]
        one.put("x.ics", calendar(site.meeting("x", begins=4 * 3600, ends=5 * 3600)))

        async def read(name: str = name) -> bool:
            return (await site.row(name)).bookings == 2

        await site.until(read, f"{name} is read on")
    assert await site.shows("anna") == ("busy", "meeting")
    assert await site.shows("bo") == ("busy", "meeting")


async def is_read_again(site: Site) -> None:
    """Without anybody's help what is new arrives, and no trouble is told any more."""

    async def new() -> bool:
        return (await site.row("anna")).bookings >= 2

    await site.until(new, "Anna's calendar is read again")
    for name in EVERYBODY:  # where the clock was hurried, Cleo's read may have run out of time, too
        await site.healthy(name)
    assert {one["state"] for one in (await site.status()).values()} == {"ok"}
    assert await site.metric("kalends_calendars_stale") == 0
    assert await site.shows("anna") == ("busy", "meeting")


def test_a_certificate_that_is_swapped_is_refused_until_the_right_one_is_back(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    good = authority.issue()
    (tmp_path / "other").mkdir()
    strange = Authority(tmp_path / "other").issue()
    context = good.server()
    case = Case(lambda _site: context.load_cert_chain(strange.path), "certificate", "", tls=True)

    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        await site.quiet()  # a connection made with the right certificate may ask to its end
        case.spoil(site)
        seen = len(site.near.seen)
        await is_told(site, case)
        assert site.near.seen[seen:] == []  # nothing was sent: no credential either
        await the_others_live(site, case)
        nobody_was_freed(site, since)
        context.load_cert_chain(good.path)
        mend(site)
        await is_read_again(site)
        nobody_was_freed(site, since)

    told(story, tmp_path, tls=context)


def test_a_redirect_to_elsewhere_is_refused_and_no_credential_goes_there(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        before = len(site.far.seen)
        elsewhere = site.far.url.rstrip("/").replace("127.0.0.1", "localhost")
        case = Case(fault(redirect=elsewhere), "redirect", "")
        case.spoil(site)
        await is_told(site, case)
        strangers = [one for one in site.far.seen[before:] if one.host.startswith("localhost")]
        assert strangers == []
        await the_others_live(site, case)
        mend(site)
        await is_read_again(site)
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_server_that_drips_is_given_up_and_its_neighbours_are_read(tmp_path: Path) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"<")
            await asyncio.sleep(0.2)

    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        since = await everybody_busy(site)
        site.near.spoilt = drip
        row = await hurried_trouble(site, "unreachable")
        assert row.remedy
        nobody_was_freed(site, since)
        assert await site.shows("cleo") == ("busy", "meeting")
        mend(site)
        await is_read_again(site)
        nobody_was_freed(site, since)

    told(story, tmp_path)


async def hurried_trouble(site: Site, code: str) -> Any:
    """Wait as ``troubled`` does, moving the clock on although a read is under way."""

    async def so() -> bool:
        site.loop.ahead += 0.5
        row = await site.row()
        return row.health == code and row.stale_since is not None

    await site.until(so, code)
    return await site.row()
