"""One subscription that a server calls good and never serves, among many it serves.

Polls are bounded as where one source hears tens of thousands; here of few, by a lower bound.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from lab.exchange.mailbox import Oof

from kalends.calendars.notify import notifier, pacing
from kalends.calendars.notify.pacing import GLANCE_SECONDS, SETTINGS_ROUNDS
from kalends.model.times import FOREVER
from tests.simulation.exchange import Mailroom, play

PEOPLE = 24
PER_SECOND = 0.004
"""Polls: each of 24 mailboxes comes every 100 minutes, 187 at most, as of 50,000 by default."""
QUARTER = 900.0
DAY = 86_400.0
OFFICE = 8 * 3600.0
"""From midnight (UTC) of a Monday into working hours."""


@pytest.fixture(autouse=True)
def bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier, "POLLS_PER_SECOND", PER_SECOND)


def deafen(room: Mailroom, person: str) -> None:
    """Serve the subscription somebody has now no more."""
    subscriptions = room.organization.subscriptions
    room.server.faults.deaf_subscriptions = {
        one for one, held in subscriptions.items() if held.mailbox.address.startswith(person)
    }


def asked(room: Mailroom, operation: str) -> int:
    return room.transport.operations().count(operation)


@pytest.mark.parametrize("version", ["2010 SP2", "2013", "2019"])
def test_promise_5_one_deaf_subscription_among_many_shows_within_a_quarter_of_an_hour(
    version: str,
) -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(2.5 * GLANCE_SECONDS)
        deaf, heard = room.people[11], room.people[12]
        deafen(room, deaf)
        room.meet(heard, minutes=300)
        await room.right_within(1.0)
        room.meet(deaf, minutes=300)
        took = await room.right_within(QUARTER)
        assert took > 1.0
        await asyncio.sleep(90)  # its read found what nobody told of: it is made anew
        assert room.counts() == {"streaming": PEOPLE}
        assert len(room.organization.subscriptions) == PEOPLE
        room.cancel(deaf)
        await room.right_within(1.0)

    play(story, version=version, people=PEOPLE)


def test_where_busy_times_are_not_told_it_waits_for_its_poll() -> None:
    async def story(room: Mailroom) -> None:
        for person in room.people:
            room.organization.mailboxes[f"{person}@acme.example"].default_right = "None"
        await asyncio.sleep(2.5 * GLANCE_SECONDS)
        deafen(room, room.people[11])
        room.meet(room.people[11], minutes=600)
        await asyncio.sleep(QUARTER)
        assert len(room.wrong()) == 1
        await room.right_within(2 * PEOPLE / PER_SECOND)

    play(story, people=PEOPLE)


def test_a_day_of_changes_that_are_told_costs_a_request_a_round_and_no_read_more() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(3 * GLANCE_SECONDS)
        room.transport.sent.clear()
        began, turn = room.loop.time(), 0
        while room.loop.time() - began < DAY:
            person = room.people[turn % PEOPLE]
            room.cancel(person) if room.meets(person) else room.meet(person, minutes=2000)
            await asyncio.sleep(731)
            assert not room.wrong()
            turn += 1
        glances = sum(b"MergedOnly" in one.body for one in room.transport.sent)
        assert glances == pytest.approx(DAY / GLANCE_SECONDS, abs=2)
        polls = DAY * PER_SECOND
        # A change is a window; the poll that learns of it again reads another, the night reads all.
        assert asked(room, "SyncFolderItems") <= 1.3 * (polls + PEOPLE)
        assert turn <= asked(room, "FindItem") <= 2 * turn + 2 * PEOPLE

    play(story, people=PEOPLE)


@pytest.mark.parametrize("version", ["2010 SP2", "2019"])
def test_an_automatic_reply_among_many_shows_within_a_quarter_of_an_hour(version: str) -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(2.5 * GLANCE_SECONDS)
        away = room.people[11]
        box = room.organization.mailboxes[f"{away}@acme.example"]
        for oof, known in ((Oof("Enabled", reply="Ill"), (0, FOREVER)), (Oof(), None)):
            box.oof = oof
            began = room.loop.time()
            while await room.reply(away) != known:
                assert room.loop.time() - began <= QUARTER
                await asyncio.sleep(5)

    play(story, version=version, people=PEOPLE)


def scheduled(room: Mailroom, start: float, end: float, text: str = "Away") -> Oof:
    now = room.clock.now()
    first, last = (datetime.fromtimestamp(now + one, UTC) for one in (start, end))
    return Oof("Scheduled", first, last, text)


@pytest.mark.parametrize("kind", ["without a text", "for later"])
def test_a_reply_that_no_glance_sees_is_known_within_three_rounds_and_one(kind: str) -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(2.5 * GLANCE_SECONDS)
        away = room.people[11]
        box = room.organization.mailboxes[f"{away}@acme.example"]
        hidden = Oof("Enabled") if kind == "without a text" else scheduled(room, 9 * 3600, DAY)
        for oof in (hidden, Oof()):
            box.oof = oof
            began = room.loop.time()
            while (await room.reply(away) is None) is (oof is hidden):
                assert room.loop.time() - began <= 4 * GLANCE_SECONDS + 60
                await asyncio.sleep(5)

    play(story, people=PEOPLE)


def test_who_was_seen_with_a_reply_for_later_is_away_from_its_second_to_its_last() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(OFFICE)
        away = room.people[11]
        box = room.organization.mailboxes[f"{away}@acme.example"]
        box.oof = scheduled(room, 2 * 3600.0, 4 * 3600.0)
        began = room.loop.time()
        for moment in (2 * 3600, 4 * 3600):
            before = room.board.shown.get(away)
            await asyncio.sleep(began + moment - 1 - room.loop.time())
            assert room.board.shown.get(away) == before
            await asyncio.sleep(2)
            assert room.board.shown.get(away) != before

    play(story, people=PEOPLE)


def test_a_reply_for_later_that_is_called_off_shows_nobody_away_when_it_would_have_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pacing, "SETTINGS_ROUNDS", 12)  # turns come too rarely to be the reason

    async def story(room: Mailroom) -> None:
        await asyncio.sleep(OFFICE)
        away = room.people[11]
        box = room.organization.mailboxes[f"{away}@acme.example"]
        box.oof = scheduled(room, 5 * 3600.0, 2 * DAY)
        await asyncio.sleep(14 * GLANCE_SECONDS)
        assert await room.reply(away) is not None
        before = room.board.shown.get(away)
        await asyncio.sleep(5 * 3600 - 14 * GLANCE_SECONDS - 60)
        box.oof = Oof()  # at the last minute: it begins as far as anybody was told
        await asyncio.sleep(60 + GLANCE_SECONDS + 60)
        assert room.board.shown.get(away) == before

    play(story, people=PEOPLE)


def test_hours_of_replies_that_stay_cost_two_requests_a_round_and_a_third_of_all_settings() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(3 * GLANCE_SECONDS)
        room.transport.sent.clear()
        await asyncio.sleep(DAY / 4)
        assert asked(room, "GetMailTips") == pytest.approx(DAY / 4 / GLANCE_SECONDS, abs=2)
        settings = PEOPLE * DAY / 4 / (SETTINGS_ROUNDS * GLANCE_SECONDS)
        assert asked(room, "GetUserOofSettingsRequest") == pytest.approx(settings, rel=0.1)
        polls = PER_SECOND * DAY / 4
        assert asked(room, "SyncFolderItems") <= 1.5 * polls  # nobody was read for it

    play(story, people=PEOPLE)
