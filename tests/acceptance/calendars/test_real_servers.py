"""One story, told by two real servers: write, move, delete, recur, sync, find by e-mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kalends.calendars import caldav_hours
from kalends.calendars.contract import CalendarRef, CalendarSource, Unchanged
from kalends.calendars.cursor import unpack
from kalends.calendars.stored import pack
from kalends.endpoints.kind import Place, Services
from kalends.errors import AccessDenied, NotFound, SignInNeeded
from kalends.kinds import caldav, ics
from kalends.model.times import rfc3339
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.workers import WorkerPool
from tests.acceptance.calendars.servers import Server, radicale, xandikos
from tests.contract.calendars.lab import ORGANIZATION
from tests.contract.calendars.suite import LUNCH, MEETING, WINDOW, Follower
from tests.contract.calendars.test_caldav_work_hours import weekly
from tests.unit.wire.icalendar.samples import calendar, event


class Anna:
    """Anna's calendar at a real server, read through everything Kalends has."""

    cannot = frozenset[str]()
    poll_requests = 1
    asides = 0

    def __init__(self, server: Server, runtime: Runtime, password: str = "secret") -> None:
        self.server = server
        self.services = Services(runtime, http_factory(runtime, _Addresses(), MemoryBreakers()))
        self.place = Place(
            ORGANIZATION, "dav", True, lambda name: password if name == "password" else None
        )
        self.options = caldav.CaldavOptions(url=server.url, username="svc" if server.user else None)
        self.endpoint = caldav.KIND.endpoint(self.services, self.place, self.options)
        assert caldav.KIND.source is not None
        self.source: CalendarSource = caldav.KIND.source(self.endpoint, self.place, self.options)
        self.ref = CalendarRef(
            "acme", "anna", "dav", "default", None, ("anna@acme.example",), "Europe/Stockholm",
            trusted=True,
        )  # fmt: skip

    async def follow(self, name: str = "daily") -> tuple[str, Follower]:
        """Make a calendar and return its path, and what follows it."""
        path = await self.server.make(name)
        self.ref = replace(self.ref, url=path)
        return path, Follower(self)  # type: ignore[arg-type]  # the part of a world it uses

    async def close(self) -> None:
        await self.endpoint.close()


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


@pytest.fixture(params=["radicale", "xandikos"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    async with {"radicale": radicale, "xandikos": xandikos}[request.param](tmp_path) as running:
        yield running


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    runtime = Runtime(workers=WorkerPool(1))
    yield runtime
    await runtime.workers.close()


@pytest.fixture
async def anna(server: Server, runtime: Runtime) -> AsyncIterator[Anna]:
    anna = Anna(server, runtime)
    yield anna
    await anna.close()


async def test_a_day_in_a_calendars_life(anna: Anna) -> None:
    path, follower = await anna.follow()
    assert await follower.subjects() == []
    assert isinstance(await follower.read(), Unchanged)
    stored = unpack(follower.cursor)
    assert stored is not None
    assert stored.token, "both servers speak sync-collection"

    await anna.server.put(path + "one.ics", calendar(event(*MEETING, uid="one")))
    assert await follower.subjects() == ["M: budget"]
    assert rfc3339(follower.bookings[0].start) == "2026-03-02T12:00:00Z"
    assert isinstance(await follower.read(), Unchanged)

    series = event(*LUNCH, "RRULE:FREQ=DAILY;COUNT=3", uid="two")
    await anna.server.put(path + "two.ics", calendar(series))
    assert await follower.subjects() == ["Lunch", "Lunch", "Lunch", "M: budget"]

    moved = event(
        "RECURRENCE-ID:20260304T110000Z", "DTSTART:20260304T150000Z", "DURATION:PT1H",
        "SUMMARY:Late lunch", uid="two",
    )  # fmt: skip
    await anna.server.put(path + "two.ics", calendar(series, moved))
    assert await follower.subjects() == ["Late lunch", "Lunch", "Lunch", "M: budget"]

    later = (MEETING[0].replace("0302", "0305"), MEETING[1].replace("0302", "0305"), MEETING[2])
    await anna.server.put(path + "one.ics", calendar(event(*later, uid="one")))
    await follower.read()
    assert [rfc3339(one.start)[8:10] for one in follower.bookings] == ["03", "04", "05", "05"]

    await anna.server.delete(path + "two.ics")
    assert await follower.subjects() == ["M: budget"]
    await follower.read(full=True)
    assert [one.subject for one in follower.bookings] == ["M: budget"]
    await anna.server.delete(path + "one.ics")
    assert await follower.subjects() == [], "a deletion that is told is believed"


async def test_many_objects_with_awkward_names(anna: Anna) -> None:
    path, follower = await anna.follow()
    for number in range(120):
        name = f"{number} möte@100%25 + x.ics" if number % 3 else f"{number}.ics"
        quoted = name.replace(" ", "%20").replace("ö", "%C3%B6")
        await anna.server.put(
            path + quoted, calendar(event(*LUNCH[:2], f"SUMMARY:{number}", uid=f"u{number}"))
        )
    assert len(await follower.subjects()) == 120
    await anna.server.delete(path + "1%20m%C3%B6te@100%25%20+%20x.ics")
    await anna.server.delete(path + "3.ics")
    found = await follower.subjects()
    assert len(found) == 118
    assert "1" not in found
    assert "3" not in found
    assert isinstance(await follower.read(), Unchanged)


async def test_a_refused_token_loses_nothing(anna: Anna) -> None:
    path, follower = await anna.follow()
    await anna.server.put(path + "one.ics", calendar(event(*MEETING, uid="one")))
    await anna.server.put(path + "two.ics", calendar(event(*LUNCH, uid="two")))
    await follower.read()
    stored = unpack(follower.cursor)
    assert stored is not None
    follower.cursor = pack(msgspec.structs.replace(stored, token="http://nobody/ever/gave/this"))
    await anna.server.delete(path + "one.ics")
    assert await follower.subjects() == ["Lunch"]


async def test_a_calendar_is_found_by_its_owners_address(anna: Anna) -> None:
    path, _ = await anna.follow("daily")
    await anna.server.put(path + "one.ics", calendar(event(*MEETING, uid="one")))
    found = await anna.source.locate(replace(anna.ref, url=None))
    assert anna.server.url.rstrip("/") + path in found
    nobody = replace(anna.ref, url=None, emails=("zoe@acme.example",))
    assert await anna.source.locate(nobody) == ()


async def test_a_check_goes_through(anna: Anna) -> None:
    await anna.follow()
    steps = [step async for step in anna.source.check((anna.ref,))]
    assert all(step.ok for step in steps), steps
    assert [step.what for step in steps] == ["dns", "port", "sign-in", "calendar"]


async def test_a_calendar_that_is_not_there(anna: Anna) -> None:
    with pytest.raises(NotFound):
        await anna.source.read(replace(anna.ref, url="/nowhere/at/all/"), WINDOW, None, _nothing)


async def test_passwords_and_rights_are_told_apart(tmp_path: Path, runtime: Runtime) -> None:
    async with radicale(tmp_path) as server:
        await server.make("daily")
        wrong = Anna(server, runtime, password="wrong")
        with pytest.raises(SignInNeeded):
            await wrong.source.read(
                replace(wrong.ref, url=server.home + "work/"), WINDOW, None, _nothing
            )
        steps = [step async for step in Anna(server, runtime, "wrong").source.check((wrong.ref,))]
        assert [(step.what, step.ok) for step in steps][-1] == ("sign-in", False)
        await wrong.close()


async def test_a_person_reads_with_a_password_of_her_own(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with radicale(tmp_path) as server:
        path = await server.make("daily")
        await server.put(path + "one.ics", calendar(event(*MEETING, uid="one")))
        monkeypatch.setenv("BO_PASSWORD", "bos")
        monkeypatch.setenv("ANNA_PASSWORD", "annas")
        anna = Anna(server, runtime)
        own = replace(anna.ref, username="anna@acme.example", password_env="ANNA_PASSWORD")
        (url,) = await anna.source.locate(own)
        assert url.endswith("/daily/")
        follower = Follower(anna)  # type: ignore[arg-type]  # the part of a world it uses
        follower.ref = replace(own, url=url)
        assert await follower.subjects() == ["M: budget"]
        follower.ref = replace(own, url=url, username="bo", password_env="BO_PASSWORD")
        with pytest.raises((AccessDenied, NotFound)):
            await follower.read(full=True)
        await anna.close()


async def test_work_hours_kept_at_the_server_are_noticed_soon(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Radicale keeps ``calendar-availability`` at the home; Xandikos answers 500 for its inbox."""
    async with radicale(tmp_path) as server:
        anna = Anna(server, runtime)
        path, follower = await anna.follow()
        await server.put(path + "one.ics", calendar(event(*MEETING, uid="one")))
        await follower.read()
        assert follower.reading is not None
        assert follower.reading.work_hours is None
        await server.available(weekly("0800", "1630"))
        assert isinstance(await follower.read(), Unchanged), "not with every poll"
        with monkeypatch.context() as later:
            later.setattr(caldav_hours, "EVERY", 0.0)
            await follower.read()
            assert follower.reading.work_hours is not None
            assert follower.reading.work_hours.fri == ("08:00-16:30",)
            await server.available(weekly("0900", "1200", "MO"))
            await follower.read()
            assert follower.reading.work_hours.fri == ()
        assert [one.subject for one in follower.bookings] == ["M: budget"]
        await anna.close()


async def test_a_whole_calendar_is_also_a_feed(tmp_path: Path, runtime: Runtime) -> None:
    async with radicale(tmp_path) as server:
        path = await server.make("daily")
        await server.put(path + "one.ics", calendar(event(*MEETING, uid="one")))
        anna = Anna(server, runtime)
        options = ics.IcsOptions(url=server.url, username="svc")
        endpoint = ics.KIND.endpoint(anna.services, anna.place, options)
        assert ics.KIND.source is not None
        anna.source = ics.KIND.source(endpoint, anna.place, options)
        follower = Follower(anna)  # type: ignore[arg-type]  # the part of a world it uses
        follower.ref = replace(anna.ref, url=path)
        assert await follower.subjects() == ["M: budget"]
        assert isinstance(await follower.read(), Unchanged)
        await server.put(path + "two.ics", calendar(event(*LUNCH, uid="two")))
        assert await follower.subjects() == ["Lunch", "M: budget"]
        await endpoint.close()
        await anna.close()


async def _nothing() -> tuple[()]:
    return ()
