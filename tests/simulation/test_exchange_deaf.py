"""One subscription that a server calls good and never serves, among many it serves.

Polls are bounded as where one source hears tens of thousands; here of few, by a lower bound.
"""

from __future__ import annotations

import asyncio

import pytest
from lab.exchange.mailbox import Oof

from kalends.calendars.notify import notifier
from kalends.calendars.notify.pacing import GLANCE_SECONDS
from kalends.model.times import FOREVER
from tests.simulation.exchange import Mailroom, play

PEOPLE = 24
PER_SECOND = 0.004
"""Polls: each of 24 mailboxes comes every 100 minutes, 187 at most, as of 50,000 by default."""
QUARTER = 900.0
DAY = 86_400.0


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
        # A change is a look and a window; a second look may follow, and the night reads all.
        assert asked(room, "SyncFolderItems") <= 1.3 * (2 * turn + polls + PEOPLE)
        assert asked(room, "FindItem") <= turn + 2 * PEOPLE

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
            while await reply(room, away) != known:
                assert room.loop.time() - began <= QUARTER
                await asyncio.sleep(5)

    play(story, version=version, people=PEOPLE)


async def reply(room: Mailroom, person: str) -> tuple[int, int] | None:
    (told,) = await room.engine.core.store.load_inputs([("acme", person)])
    (calendar,) = told.calendars
    return calendar.automatic_reply


def test_hours_of_replies_that_stay_cost_a_request_of_fifty_a_round() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(3 * GLANCE_SECONDS)
        room.transport.sent.clear()
        await asyncio.sleep(DAY / 4)
        assert asked(room, "GetMailTips") == pytest.approx(DAY / 4 / GLANCE_SECONDS, abs=2)
        assert asked(room, "GetUserOofSettingsRequest") <= 1.2 * PEOPLE

    play(story, people=PEOPLE)
