"""Uploaded calendars over time: what is over leaves them, whatever stands in them."""

from __future__ import annotations

import asyncio
from typing import Any

from kalends.bus.commands import Answer, DeleteCalendar, UploadCalendar
from kalends.errors import TooLarge
from kalends.model.times import utc
from kalends.runtime import InlineWorkers
from tests.integration.engine.test_commands import WHO, ok, story
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.virtual import BEGIN
from tests.simulation.world import HOUR, MINUTE

SOURCES = [{"id": "up", "kind": "ics", "uploads": True}]


def stamp(at: int) -> str:
    return utc(at).strftime("%Y%m%dT%H%M%SZ")


def event(uid: str, subject: str, begins: int, *more: str) -> str:
    lines = (f"UID:{uid}", f"SUMMARY:{subject}", f"DTSTART:{stamp(begins)}",
             f"DTEND:{stamp(begins + HOUR)}", *more)  # fmt: skip
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *lines, "END:VEVENT"))


def file(*events: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


async def upload(home: Installation, *events: str) -> Answer:
    await home.apply(sources=SOURCES)
    command = UploadCalendar(**WHO, person="p0000", name="mine", body=file(*events))
    return await home.handle(command)


async def kept(home: Installation) -> str:
    assert home.plain is not None
    body = await home.plain.upload(ORGANIZATION, "p0000", "mine")
    return "" if body is None else body.decode()


def test_what_is_over_leaves_the_file_within_minutes_and_the_rest_stays() -> None:
    async def tell(home: Installation) -> None:
        ended = f"RRULE:FREQ=WEEKLY;UNTIL={stamp(BEGIN - 10 * 86_400)}"
        answer = await upload(
            home,
            event("1", "Now", BEGIN),
            event("2", "Later", BEGIN + 3 * HOUR),
            event("3", "Ended", BEGIN - 70 * 86_400, ended),
            event("4", "Weekly", BEGIN - 70 * 86_400 + 5 * HOUR, "RRULE:FREQ=WEEKLY"),
        )
        assert answer.ok, answer.message
        await asyncio.sleep(3 * MINUTE)
        assert [word in await kept(home) for word in ("Now", "Later", "Ended", "Weekly")] == [
            True, True, False, True,
        ]  # fmt: skip
        await asyncio.sleep(HOUR)
        assert [word in await kept(home) for word in ("Now", "Later", "Weekly")] == [
            False, True, True,
        ]  # fmt: skip
        await asyncio.sleep(3 * HOUR)
        assert "Later" not in await kept(home)
        assert (await upload(home, event("5", "New", home.now()))).ok
        await asyncio.sleep(HOUR + 3 * MINUTE)
        assert "New" not in await kept(home)  # what was known of the file before counts no more

    story(tell)


def test_a_date_that_is_none_does_not_end_the_engine() -> None:
    async def tell(home: Installation) -> None:
        odd = event("1", "Odd", BEGIN).replace(stamp(BEGIN), "20260230T100000Z")
        assert (await upload(home, odd, event("2", "Now", home.now()))).ok
        await asyncio.sleep(HOUR + 5 * MINUTE)
        assert "Now" not in await kept(home)
        assert home.boards["lamp"].shown["p0000"] == "available"

    story(tell)


def test_a_deleted_upload_does_not_come_back() -> None:
    async def tell(home: Installation) -> None:
        assert (await upload(home, event("1", "Now", BEGIN))).ok
        await ok(home, DeleteCalendar(**WHO, person="p0000", name="mine"))
        await asyncio.sleep(2 * HOUR)
        assert await kept(home) == ""

    story(tell)


def test_a_file_as_large_as_the_api_takes_is_taken() -> None:
    async def tell(home: Installation) -> None:
        fill = "".join(event(str(n), "x" * 200, BEGIN + n) for n in range(200))
        note = "X-FILL:" + "y" * 60 + "\r\n"
        body = file(fill).replace(b"END:VCALENDAR", note.encode() * 220_000 + b"END:VCALENDAR")
        assert 14_000_000 < len(body) < 20 << 20
        await home.apply(sources=SOURCES)
        command = UploadCalendar(**WHO, person="p0000", name="mine", body=body)
        answer = await home.handle(command)
        assert answer.ok, answer.message

    story(tell)


def test_a_file_nobody_can_trim_keeps_no_other_from_being_forgotten() -> None:
    class Choosy(InlineWorkers):
        async def run(self, function: str, *arguments: Any, **bounds: Any) -> Any:
            if function.endswith(":trimmed") and b"Odd" in arguments[0]:
                raise TooLarge("the work passed its bounds")
            return await super().run(function, *arguments, **bounds)

    async def tell(home: Installation) -> None:
        home.runtime.workers = Choosy()
        assert (await upload(home, event("1", "Odd", BEGIN))).ok
        other = UploadCalendar(
            **WHO, person="p0001", name="mine", body=file(event("2", "Now", BEGIN))
        )
        await ok(home, other)
        await asyncio.sleep(HOUR + 5 * MINUTE)
        assert home.plain is not None
        left = await home.plain.upload(ORGANIZATION, "p0001", "mine")
        assert left is not None and b"Now" not in left
        assert "Odd" in await kept(home)

    story(tell)


def test_others_work_while_what_private_events_say_is_heard() -> None:
    async def tell(home: Installation) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        private = [event(str(n), "M: Plan", BEGIN + n, "CLASS:PRIVATE") for n in range(3000)]
        await home.apply(sources=SOURCES)
        beside = asyncio.create_task(others())
        command = UploadCalendar(**WHO, person="p0000", name="mine", body=file(*private))
        assert (await home.handle(command)).ok
        beside.cancel()
        assert turns >= 30

    story(tell)
