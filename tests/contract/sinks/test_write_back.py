"""Manual presence in the person's own calendar, on the emulated Exchange of three generations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kalends.calendars.contract import Reading
from kalends.endpoints.exchange.writer import ExchangeWriter
from kalends.model.http import Request
from kalends.model.organization import OrganizationSettings
from kalends.model.times import Interval
from kalends.model.view import View
from kalends.model.vocabulary import Availability, Origin
from kalends.policy.vocabulary import vocabulary
from kalends.sinks.contract import Delivered, Failed, Outcome, Publication
from kalends.sinks.write_back import WriteBackSink, Written
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.sinks.suite import profile, view
from tests.exchange_lab import ANNA

HOUR = 3600
WORDS = vocabulary(OrganizationSettings(id="acme", name="Acme"))


class Desk:
    """A sink over Anna's mailbox, and the pump's memory."""

    def __init__(self, version: str = "2016") -> None:
        self.world = EwsWorld(version)
        self.sink = WriteBackSink(ExchangeWriter(self.world.endpoint), lambda: WORDS)
        self.memory: bytes | None = None
        self.profile = msgspec.structs.replace(profile("anna"), write_back=True, email=ANNA)

    @property
    def now(self) -> int:
        return int(self.world.clock.at)

    def later(self, seconds: int) -> None:
        self.world.clock.at += seconds

    def publication(self, rendered: bytes) -> Publication:
        return Publication("anna", 1, rendered, self.memory, self.profile, self.now)

    async def tell(self, shown: View) -> Outcome:
        rendered = self.sink.render(shown, self.profile)
        assert rendered is not None
        (outcome,) = await self.sink.publish([self.publication(rendered)])
        self.memory = outcome.memory
        return outcome

    async def tells(self, shown: View) -> None:
        outcome = await self.tell(shown)
        assert isinstance(outcome, Delivered), outcome

    def held(self) -> list[tuple[str, int, int, str]]:
        """Return what stands in the mailbox: subject, begin and end from now, show-as."""
        return [
            (one.subject, _seconds(one.start) - self.now, _seconds(one.end) - self.now, one.busy)
            for one in self.world.anna.items.values()
            if one.folder == "calendar"
        ]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def manual(desk: Desk, **told: Any) -> View:
    return view(
        **{
            "origin": Origin.MANUAL, "activity": "lunch", "availability": Availability.AWAY,
            "since": desk.now, "until": desk.now + HOUR, **told,
        }
    )  # fmt: skip


@pytest.fixture(params=["2007 SP1", "2010 SP2", "2016"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    yield Desk(request.param)


async def test_a_manual_state_becomes_an_appointment_and_is_not_read_back(desk: Desk) -> None:
    desk.world.put("own", "DTSTART:20260302T100000Z", "SUMMARY:Budget")
    await desk.tells(manual(desk))
    assert ("Lunch", 0, HOUR, "OOF") in desk.held()
    window = Interval(desk.now - HOUR, desk.now + 35 * 86_400)

    async def nothing() -> tuple[()]:
        return ()

    read = await desk.world.source.read(desk.world.ref, window, None, nothing)
    assert isinstance(read, Reading)
    assert [one.subject for one in read.bookings] == ["Budget"]


async def test_a_state_that_ends_early_shortens_its_appointment(desk: Desk) -> None:
    await desk.tells(manual(desk))
    desk.later(20 * 60)
    await desk.tells(view(origin=Origin.DEFAULT, activity="available"))
    assert desk.held() == [("Lunch", -20 * 60, 0, "OOF")]
    assert desk.memory is None


async def test_a_slip_of_the_finger_leaves_nothing(desk: Desk) -> None:
    await desk.tells(manual(desk))
    desk.later(5)
    await desk.tells(view(origin=Origin.DEFAULT))
    assert desk.held() == []


async def test_another_end_moves_it_and_another_activity_follows_it(desk: Desk) -> None:
    await desk.tells(manual(desk))
    desk.later(600)
    since = desk.now - 600
    await desk.tells(manual(desk, since=since, until=since + 2 * HOUR))
    assert desk.held() == [("Lunch", -600, 2 * HOUR - 600, "OOF")]
    await desk.tells(manual(desk, activity="meeting", availability=Availability.BUSY, note="Volvo"))
    assert sorted(desk.held()) == [("Lunch", -600, 0, "OOF"), ("Möte: Volvo", 0, HOUR, "Busy")]


async def test_an_appointment_edited_meanwhile_is_shortened_as_it_is_now() -> None:
    desk = Desk()
    await desk.tells(manual(desk))
    touched = iter([True])

    def touch(request: Request) -> None:
        if b"<m:UpdateItem" in request.body:
            edited = next(touched, False)
            desk.world.server.faults.codes = {"UpdateItem": "ErrorStaleObject"} if edited else {}

    desk.world.transport.before = touch
    desk.later(20 * 60)
    await desk.tells(view(origin=Origin.DEFAULT, activity="available"))
    assert desk.held() == [("Lunch", -20 * 60, 0, "OOF")]
    assert desk.world.transport.operations()[-4:] == ["GetItem", "UpdateItem"] * 2


async def test_the_natural_end_touches_nothing(desk: Desk) -> None:
    await desk.tells(manual(desk))
    desk.later(HOUR)
    sent = len(desk.world.transport.sent)
    await desk.tells(view(origin=Origin.DEFAULT))
    assert desk.held() == [("Lunch", -HOUR, 0, "OOF")]
    assert len(desk.world.transport.sent) == sent


async def test_what_the_person_took_away_stays_away(desk: Desk) -> None:
    await desk.tells(manual(desk))
    desk.world.anna.items.clear()
    desk.later(600)
    since = desk.now - 600
    for end in (2, 3):
        await desk.tells(manual(desk, since=since, until=since + end * HOUR))
    await desk.tells(view(origin=Origin.DEFAULT))
    assert desk.held() == []


async def test_a_try_cut_short_leaves_one_appointment(desk: Desk) -> None:
    await desk.tells(manual(desk))
    desk.memory = None  # the process died before it could note what it wrote
    await desk.tells(manual(desk))
    assert desk.held() == [("Lunch", 0, HOUR, "OOF")]


async def test_a_state_without_an_end_lasts_to_the_end_of_the_persons_day() -> None:
    desk = Desk()
    await desk.tells(manual(desk, until=None))
    ((_, _, end, _),) = desk.held()
    local = datetime.fromtimestamp(desk.now + end, UTC).astimezone(ZoneInfo("Europe/Stockholm"))
    assert (local.hour, local.minute) == (0, 0)
    assert 0 < end <= 86_400


async def test_being_sick_is_written_as_private() -> None:
    desk = Desk()
    await desk.tells(manual(desk, activity="sick", availability=Availability.AWAY))
    (item,) = desk.world.anna.items.values()
    assert item.sensitivity == "Private"


async def test_only_who_opted_in_is_written_for_and_opting_out_ends_it() -> None:
    desk = Desk()
    assert desk.sink.render(manual(desk), profile("anna")) is None
    await desk.tells(manual(desk))
    desk.later(600)
    await desk.sink.withdraw([desk.publication(b"")])
    assert desk.held() == [("Lunch", -600, 0, "OOF")]


async def test_available_by_hand_and_what_a_calendar_says_are_not_written() -> None:
    desk = Desk()
    await desk.tells(manual(desk, activity="available", availability=Availability.AVAILABLE))
    await desk.tells(view(origin=Origin.CALENDAR, activity="meeting"))
    assert desk.held() == []
    assert desk.world.transport.sent == []


async def test_a_server_in_trouble_is_tried_again_and_gets_the_present() -> None:
    desk = Desk()
    desk.world.trouble("down")
    outcome = await desk.tell(manual(desk))
    assert isinstance(outcome, Failed)
    assert not outcome.give_up
    desk.world.trouble("")
    await desk.tells(manual(desk))
    assert desk.held() == [("Lunch", 0, HOUR, "OOF")]


async def test_without_the_right_to_write_it_says_what_to_do_and_gives_up() -> None:
    desk = Desk()
    desk.world.account.impersonates = set()
    desk.world.anna.default_right = "Reviewer"
    desk.world.endpoint.known(desk.world.mailbox()).access = None
    desk.world.endpoint.options = desk.world.endpoint.options.model_copy(
        update={"access": "delegate"}
    )
    outcome = await desk.tell(manual(desk))
    assert isinstance(outcome, Failed)
    assert outcome.give_up
    assert "right to create" in outcome.message
    assert "Lunch" not in outcome.message


def test_its_appointments_are_in_the_persons_language() -> None:
    desk = Desk()
    rendered = desk.sink.render(
        manual(desk, activity="meeting", availability=Availability.BUSY),
        msgspec.structs.replace(desk.profile, language="de"),
    )
    assert rendered is not None
    assert b"Besprechung" in rendered


# --- a mailbox that moved: its items have other ids ----------------------------------------------
def moved(desk: Desk) -> None:
    """Let the pump remember an id the server does not know any more."""
    assert desk.memory is not None
    written = msgspec.msgpack.decode(desk.memory, type=Written)
    desk.memory = msgspec.msgpack.encode(msgspec.structs.replace(written, id="AAMkAGVjNotAnId="))


async def test_an_early_end_finds_the_appointment_whose_id_is_void(desk: Desk) -> None:
    await desk.tells(manual(desk))
    moved(desk)
    desk.later(20 * 60)
    await desk.tells(view(origin=Origin.DEFAULT, activity="available"))
    assert desk.held() == [("Lunch", -20 * 60, 0, "OOF")]


@pytest.mark.parametrize("more", [{}, {"note": "Volvo"}])
async def test_another_end_or_word_does_so_too(desk: Desk, more: dict[str, str]) -> None:
    await desk.tells(manual(desk))
    moved(desk)
    desk.later(600)
    since = desk.now - 600
    await desk.tells(manual(desk, since=since, until=since + 2 * HOUR, **more))
    (one,) = desk.held()
    assert one[1:] == (-600, 2 * HOUR - 600, "OOF")
