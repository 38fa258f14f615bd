"""Promise 5 on Exchange: from a booking to the sink, whatever befalls notifications."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from lab.exchange.mailbox import Oof

from kalends.calendars.notify.doubts import RECENT
from kalends.endpoints.exchange.known import Mailbox
from kalends.engine.debounce import LONGEST_SECONDS
from kalends.errors import StoreFailed
from kalends.model.times import FOREVER
from tests.simulation.exchange import POLL, Mailroom, play
from tests.unit.notify import lab
from tests.unit.notify.pushing import call

LONG = 1200
"""Seconds between polls: long enough that none is in the way."""
QUARTER = 900.0
"""Who is heard is polled as often at least, and read."""


@pytest.mark.parametrize("version", ["2010 SP2", "2013", "2019"])
def test_a_change_shows_within_a_second_where_the_server_streams(version: str) -> None:
    async def story(room: Mailroom) -> None:
        assert room.counts() == {"streaming": 6}
        for person in room.people[:3]:
            room.meet(person)
            assert await room.right_within(1.0) <= 1.0
        for person in room.people[:3]:
            await asyncio.sleep(30)  # it has come to rest: what follows is first news again
            room.cancel(person)
            assert await room.right_within(1.0) <= 1.0

    play(story, version=version)


@pytest.mark.parametrize("version", ["2007 SP1", "2010"])
def test_a_change_shows_within_the_pull_interval_elsewhere(version: str) -> None:
    async def story(room: Mailroom) -> None:
        assert room.counts() == {"pull": 6}
        for person in room.people[:3]:
            room.meet(person)
            await room.right_within(61.0)

    play(story, version=version)


def test_a_change_that_is_told_costs_one_request_and_nothing_at_rest() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(120)
        room.transport.sent.clear()
        room.meet(room.people[0])
        await room.right_within(1.0)
        await asyncio.sleep(5)
        assert set(room.transport.operations()[:1]) == {"FindItem"}
        assert len(room.transport.sent) <= 2  # what is told twice is looked at twice at most
        await asyncio.sleep(60)
        assert len(room.transport.sent) <= 2 + 12

    play(story)


def test_a_calendar_is_emptied_by_as_many_changes_as_were_told_and_by_no_fewer() -> None:
    async def story(room: Mailroom) -> None:
        person = room.people[0]
        room.meet(person)
        await asyncio.sleep(120)
        room.transport.sent.clear()
        room.cancel(person)
        await room.right_within(1.0)
        assert room.transport.operations()[0] == "FindItem"
        assert "SyncFolderItems" not in room.transport.operations()[:2]
        for _ in range(3):
            room.meet(person)
            await asyncio.sleep(20)
        box = room.organization.mailboxes[f"{person}@acme.example"]
        hidden, box.items = box.items, {}
        box.changed(next(iter(hidden.values())), room.organization.moment())
        await asyncio.sleep(5)
        assert not room.wrong()  # one change does not delete three bookings
        box.items = hidden

    play(story)


def test_what_was_told_raises_no_doubt_when_a_poll_or_the_night_learns_of_it_again() -> None:
    async def story(room: Mailroom) -> None:
        began, turn = room.loop.time(), 0
        while room.loop.time() - began < 16 * 3600:
            person = room.people[turn % len(room.people)]
            room.cancel(person) if turn // 40 % 2 else room.meet(person, minutes=2000)
            await asyncio.sleep(45)
            turn += 1
        assert room.counts() == {"streaming": len(room.people)}
        assert room.source.hearing().rebuilt == 0

    play(story, people=40)


def test_whose_calendar_changes_between_any_two_polls_is_known_to_reply_as_anybody() -> None:
    async def story(room: Mailroom) -> None:
        person = room.people[0]
        await asyncio.sleep(1000)
        box = room.organization.mailboxes[f"{person}@acme.example"]
        box.oof = Oof("Enabled", reply="Ill")
        for _ in range(8):
            room.meet(person, ahead=10_000)
            await asyncio.sleep(240)
        assert await room.reply(person) == (0, FOREVER)

    play(story)


def test_a_store_that_is_away_for_long_makes_no_subscription_look_deaf() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(1000)
        store: Any = room.engine.core.store

        async def away(*_asked: object, **_more: object) -> bool:
            raise StoreFailed("it is away")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "replace_calendar", away)
            for person in room.people[:3]:
                room.meet(person)
            await asyncio.sleep(2 * RECENT)
        await room.right_within(60)
        await asyncio.sleep(90)
        assert room.source.hearing().rebuilt == 0
        assert room.counts() == {"streaming": 6}

    play(story)


def test_what_nobody_told_after_news_is_found_and_its_subscription_made_anew() -> None:
    async def story(room: Mailroom) -> None:
        person = room.people[0]
        room.meet(person, ahead=10_000)
        await asyncio.sleep(1000)  # the first polls are over
        room.transport.sent.clear()
        while not any(person.encode() in one.body for one in room.transport.sent):
            await asyncio.sleep(5)
        room.meet(person)  # just after its poll: the next one comes late
        await room.right_within(1.0)
        room.server.faults.deaf_subscriptions = {
            one
            for one, held in room.organization.subscriptions.items()
            if held.mailbox.address.startswith(person)
        }
        await asyncio.sleep(20)
        room.cancel_last(person)  # what is new and deleted again is no change to its state
        assert await room.right_within(QUARTER) > RECENT
        await asyncio.sleep(90)
        assert room.source.hearing().rebuilt == 1
        room.meet(person)
        await room.right_within(1.0)

    play(story)


@pytest.mark.parametrize("notify", ["auto", "none"])
def test_who_is_brought_in_is_read_twice_whatever_asks_for_the_second_read(
    notify: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look that follows subscribing asks for work hours too; where none comes, a poll does."""
    monkeypatch.setattr(lab, "LATENCY", 0.2)  # so that bringing everybody in takes a while

    async def story(room: Mailroom) -> None:
        await asyncio.sleep(40)
        asked, people = Counter(room.transport.operations()), len(room.people)
        assert asked["FindItem"] == people
        # A few of the last are polled before their turn to be subscribed has come, and who asks for
        # the work hours of many asks for its own automatic reply by one more.
        assert asked["SyncFolderItems"] <= 2.3 * people
        inputs = [("acme", person) for person in room.people]
        for told in await room.engine.core.store.load_inputs(inputs):
            assert all(calendar.work_hours for calendar in told.calendars)
        await asyncio.sleep(1.2 * LONG)  # the poll they were spared comes when it is due
        again = Counter(room.transport.operations())
        assert again["SyncFolderItems"] - asked["SyncFolderItems"] >= people

    play(story, people=100, poll_seconds=LONG, notify=notify)


Fault = Callable[[Mailroom], None]


def _set(**faults: object) -> Fault:
    def apply(room: Mailroom) -> None:
        for name, value in faults.items():
            setattr(room.server.faults, name, value)

    return apply


def _killed(room: Mailroom) -> None:
    room.organization.kill_subscriptions()


def _some_killed(room: Mailroom) -> None:
    room.organization.kill_subscriptions("p001@acme.example", "p004@acme.example")


def _moved(room: Mailroom) -> None:
    for person in room.people[:2]:
        room.organization.move(f"{person}@acme.example", seconds=200)


def _deaf(room: Mailroom) -> None:
    room.transport.deaf = True


def _down(room: Mailroom) -> None:
    room.transport.down = True


FAULTS: dict[str, Fault] = {
    "dead subscriptions": _killed,
    "some dead subscriptions": _some_killed,
    "streams half closed by a middle box": _deaf,
    "streams that fall silent": _set(silent_streams=True),
    "streams that are cut": _set(cut_streams=1),
    "streams that end half way": _set(half_close_streams=2),
    "events missed": _set(missed_events=True),
    "envelopes in pieces": _set(split_envelopes=True),
    "moved mailboxes": _moved,
    "a busy server": _set(busy=120_000),
    "a server busy inside": _set(busy_inside=True),
    "subscribing refused": _set(codes={"Subscribe": "ErrorExceededSubscriptionCount"}),
    "a mailbox store gone": _set(
        mailbox_codes={"p002@acme.example": "ErrorMailboxStoreUnavailable"}
    ),
    "sync states forgotten": _set(forget_sync_states=True),
    "the server gone": _down,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("version", ["2019", "2007 SP1"])
def test_a_fault_leaves_nobody_wrong(fault: str, version: str) -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(70)
        FAULTS[fault](room)
        for turn in range(12):  # four minutes of changes in bad weather
            person = room.people[turn % len(room.people)]
            room.cancel(person) if turn % 3 == 2 else room.meet(person)
            await asyncio.sleep(20)
        room.server.faults = type(room.server.faults)()
        room.transport.deaf = room.transport.down = False
        await room.right_within(QUARTER)
        heard = {"2019": {"streaming": 6}, "2007 SP1": {"pull": 6}}[version]
        await asyncio.sleep(2400)
        assert room.counts() == heard
        last = room.people[5]
        room.cancel(last) if room.meets(last) else room.meet(last)
        await room.right_within(1.0 if version == "2019" else 61.0)

    play(story, version=version)


def test_when_all_pushes_are_dropped_a_change_shows_within_the_poll_interval() -> None:
    async def story(room: Mailroom) -> None:
        room.server.faults.mute_streams = True
        for person in room.people:
            room.meet(person, minutes=300)
        await room.right_within(QUARTER)

    play(story)


def test_promise_5_a_server_that_says_ok_and_delivers_nothing_is_found_and_gone_round() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(900)
        room.server.faults.mute_streams = True
        for person in room.people[:4]:
            room.meet(person, minutes=300)
        await room.right_within(QUARTER)  # by the poll, which tells that nobody told
        await asyncio.sleep(90)
        assert room.counts() == {"pull": 6}
        room.meet(room.people[5], minutes=300)
        await room.right_within(61.0)
        room.server.faults.mute_streams = False
        await asyncio.sleep(2000)
        assert room.counts() == {"streaming": 6}
        room.cancel(room.people[5])
        await room.right_within(1.0)

    play(story)


def test_behind_a_proxy_that_gathers_streams_a_change_shows_within_the_pull_interval() -> None:
    async def story(room: Mailroom) -> None:
        room.server.faults.gathered_streams = True
        await asyncio.sleep(900)
        assert room.counts() == {"pull": 6}
        for person in room.people[:3]:
            room.meet(person, minutes=300)
            await room.right_within(61.0)
        room.server.faults.gathered_streams = False
        await asyncio.sleep(3 * 3600)
        assert room.counts() == {"streaming": 6}
        room.cancel(room.people[0])
        await room.right_within(1.0)

    play(story)


def test_without_notifications_a_change_shows_within_poll_seconds() -> None:
    async def story(room: Mailroom) -> None:
        assert room.counts() == {}
        for person in room.people:
            room.meet(person, minutes=300)
        await room.right_within(POLL * 1.1 + 2)

    play(story, notify="none")


@pytest.mark.parametrize("notify", ["auto", "none"])
def test_who_is_off_work_when_first_read_is_told_nothing_else_before(notify: str) -> None:
    async def story(room: Mailroom) -> None:  # begins at one o'clock at night
        told = {(who, word) for who, _, word, _ in room.board.received}
        assert told == {(who, "offline") for who in room.people}

    play(story, notify=notify)


def test_who_leaves_is_unsubscribed_and_the_others_are_still_heard() -> None:
    async def story(room: Mailroom) -> None:
        assert len(room.organization.subscriptions) == 6
        await room.leave(room.people[0])
        await asyncio.sleep(400)
        assert len(room.organization.subscriptions) == 5
        room.meet(room.people[2])
        await room.right_within(1.0)

    play(story)


@pytest.mark.parametrize("notify", ["auto", "none"])
def test_the_endpoint_remembers_nothing_of_who_left(notify: str) -> None:
    async def story(room: Mailroom) -> None:
        def remembered(person: str) -> bool:
            return room.endpoint.remembers(Mailbox(f"{person}@acme.example"))

        gone = room.people[3]  # the first is its group's anchor, and stays that
        assert remembered(gone)
        await room.leave(gone)
        await asyncio.sleep(POLL + 100)  # what was being read meanwhile has ended
        assert not remembered(gone)
        assert all(remembered(person) for person in room.people)

    play(story, notify=notify)


def test_figures_tell_how_changes_are_heard_of() -> None:
    async def story(room: Mailroom) -> None:
        assert await room.figures("kalends_calendars_heard") == {
            "streaming": 6, "pull": 0, "push": 0, "waiting": 0, "poll": 0
        }  # fmt: skip
        assert await room.figures("kalends_notification_streams") == {"": 1}
        room.organization.kill_subscriptions("p001@acme.example", "p004@acme.example")
        await asyncio.sleep(900)
        assert await room.figures("kalends_subscriptions_rebuilt_total") == {"": 2}
        room.server.faults.codes = {"Subscribe": "ErrorExceededSubscriptionCount"}
        room.organization.kill_subscriptions()
        await asyncio.sleep(900)
        assert (await room.figures("kalends_calendars_heard"))["poll"] == 6
        assert await room.figures("kalends_notification_streams") == {"": 0}

    play(story)


def test_who_is_polled_only_is_counted_as_that() -> None:
    async def story(room: Mailroom) -> None:
        assert (await room.figures("kalends_calendars_heard"))["poll"] == 6

    play(story, access="freebusy")


def test_stopping_gives_subscriptions_back() -> None:
    rooms: list[Mailroom] = []

    async def story(room: Mailroom) -> None:
        rooms.append(room)
        assert len(room.organization.subscriptions) == 6

    play(story)
    assert not rooms[0].organization.subscriptions


def test_a_broken_stream_of_many_delays_nobodys_change() -> None:
    async def story(room: Mailroom) -> None:
        await asyncio.sleep(70)
        room.server.faults.cut_streams = 1
        await asyncio.sleep(60)
        room.server.faults.cut_streams = 0
        await asyncio.sleep(300)
        room.meet(room.people[100])
        await room.right_within(1.0)
        assert room.counts() == {"streaming": 120}

    play(story, people=120, max_connections=2)


def test_twenty_thousand_replays_of_a_callback_are_one_read_a_window() -> None:
    """Threat 13: a callback that was overheard, or a server gone mad."""

    async def story(room: Mailroom) -> None:
        caught: list[tuple[str, bytes]] = []

        async def post(url: str, body: bytes) -> bytes | None:
            caught.append((url, body))
            callbacks = room.source.notifier.callbacks
            ticket = callbacks.ticket(url)
            return None if ticket is None else callbacks.answer(ticket, body).body

        server = asyncio.create_task(call(room.server, post))
        room.meet(room.people[2])
        await room.right_within(1.0)
        url, body = caught[-1]
        callbacks = room.source.notifier.callbacks
        ticket = callbacks.ticket(url)
        assert ticket is not None
        await asyncio.sleep(60)
        reads, minutes = room.engine.core.sync.figures.reads, 2
        for _ in range(1000):
            for _ in range(20):
                callbacks.answer(ticket, body)
            await asyncio.sleep(minutes * 60 / 1000)
        server.cancel()
        # A first read at once, then one each time the longest wait for quiet has passed.
        told = room.engine.core.sync.figures.reads - reads
        polls = len(room.people) * 2
        assert told <= 1 + minutes * 60 / LONGEST_SECONDS + polls
        assert not room.wrong()

    play(
        story,
        notify="push",
        push_url="https://kalends.example/exchange",
        push_listen="127.0.0.1:0",
    )
