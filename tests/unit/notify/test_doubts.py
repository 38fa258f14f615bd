"""Servers that say OK and deliver nothing, and proxies that pass nothing on."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kalends.calendars.notify.actions import Detour, Open, Subscribe, Unsubscribe
from kalends.calendars.notify.doubts import GRACE, RECENT
from kalends.calendars.notify.values import Key, Mode, Site
from tests.unit.notify.exchange import STREAMS, Exchange, address, server, watch

HALF_AN_HOUR = 1800.0


def settled(people: int, **options: object) -> tuple[Exchange, list[Key]]:
    """Return a server whose mailboxes were subscribed, looked at, and are quiet since."""
    exchange = server(**options)
    keys = watch(exchange, people)
    for key in keys:
        exchange.poll(key)
    exchange.advance(RECENT + 1)
    exchange.log.clear()
    return exchange, keys


def find(exchange: Exchange, *keys: Key) -> None:
    """Polls find changes of which nobody told, and their grace passes."""
    for key in keys:
        exchange.poll(key, changed=True)
    exchange.advance(GRACE + 10)


def made(exchange: Exchange) -> list[str]:
    return [one.address for one in exchange.log if isinstance(one, Subscribe)]


def detours(exchange: Exchange) -> list[str]:
    return [one.reason for one in exchange.log if isinstance(one, Detour)]


def test_a_deaf_subscription_is_given_back_and_made_anew() -> None:
    exchange, keys = settled(3)
    find(exchange, keys[1])
    assert made(exchange) == [address(keys[1])]
    assert len(exchange.of(Unsubscribe)) == 1
    assert exchange.planner.counts() == {"streaming": 3}
    assert exchange.planner.rebuilt == 1
    exchange.change(address(keys[1]))
    began = exchange.now
    exchange.advance(2)
    assert exchange.hints(keys[1], began) == 1


def test_news_that_comes_late_is_news() -> None:
    exchange, keys = settled(3)
    exchange.poll(keys[1], changed=True)
    exchange.advance(GRACE / 2)
    exchange.change(address(keys[1]))
    exchange.advance(GRACE)
    assert made(exchange) == []


@pytest.mark.parametrize("sure", [True, False])
def test_what_was_told_or_looked_after_explains_what_a_read_finds(sure: bool) -> None:
    exchange, keys = settled(3)
    exchange.change(address(keys[1])) if sure else exchange.cut()
    exchange.advance(20)
    for _ in range(3):  # a calendar in motion is read again and again
        find(exchange, keys[1])
    assert made(exchange) == []
    assert exchange.planner.counts() == {"streaming": 3}


def test_a_hint_that_waited_for_its_read_explains_it_however_late() -> None:
    exchange, keys = settled(1)
    exchange.change(address(keys[0]))
    exchange.advance(3 * RECENT)  # an outage kept the engine from reading
    find(exchange, keys[0])
    assert made(exchange) == []


def test_reads_that_find_nothing_raise_no_doubt() -> None:
    exchange, keys = settled(3)
    for _ in range(10):
        exchange.poll(keys[1])
        exchange.advance(900)
    assert made(exchange) == []


def test_a_mailbox_that_stays_deaf_is_polled_ever_longer() -> None:
    exchange, keys = settled(2)
    find(exchange, keys[1])
    exchange.poll(keys[1])
    exchange.advance(RECENT + 1)
    find(exchange, keys[1])
    assert exchange.planner.heard_by(keys[1]) == "poll"
    assert exchange.planner.heard_by(keys[0]) == "streaming"
    exchange.advance(HALF_AN_HOUR * 1.2)
    assert exchange.planner.heard_by(keys[1]) == "streaming"
    exchange.poll(keys[1])
    exchange.advance(RECENT + 1)
    find(exchange, keys[1])
    exchange.advance(HALF_AN_HOUR * 1.2)
    assert exchange.planner.heard_by(keys[1]) == "poll"
    exchange.advance(HALF_AN_HOUR)
    assert exchange.planner.heard_by(keys[1]) == "streaming"
    assert detours(exchange) == []


def test_where_several_are_deaf_and_nobody_is_heard_their_site_pulls() -> None:
    exchange, keys = settled(5)
    exchange.mute = True
    for wire in exchange.wires.values():
        wire.mute = True
    find(exchange, *keys[:3])
    assert detours(exchange) == ["deaf"]
    assert exchange.planner.counts() == {"pull": 5}
    began = exchange.now
    exchange.change(address(keys[4]))
    exchange.advance(31)
    assert exchange.hints(keys[4], began) == 1
    exchange.heal()
    exchange.advance(HALF_AN_HOUR * 1.2)
    assert exchange.planner.counts() == {"streaming": 5}


def test_news_of_a_neighbour_speaks_for_the_stream() -> None:
    exchange, keys = settled(5)
    for key in keys[:4]:
        find(exchange, key)
        exchange.change(address(keys[4]))
        exchange.advance(5)
    assert detours(exchange) == []
    assert exchange.planner.counts() == {"streaming": 5}


def test_streams_that_a_proxy_gathers_are_left_for_pulling_within_minutes() -> None:
    exchange = server(gathered=True)
    keys = watch(exchange, 5)
    assert exchange.planner.counts() == {"waiting": 5}
    for _ in range(4):
        exchange.advance(60)
        for key in keys:
            exchange.poll(key)
    assert detours(exchange) == ["dumb"]
    assert exchange.planner.counts() == {"pull": 5}


def test_streams_are_tried_again_ever_more_rarely_while_the_proxy_is_there() -> None:
    exchange = server(gathered=True)
    keys = watch(exchange, 3)
    taken = []
    for minute in range(26 * 60):
        before = len(detours(exchange))
        exchange.advance(60)
        exchange.poll(keys[minute % 3])
        if len(detours(exchange)) > before:
            taken.append(minute)
    gaps = [later - earlier for earlier, later in pairwise(taken)]
    assert 5 <= len(taken) <= 7
    assert all(later > earlier * 1.4 for earlier, later in pairwise(gaps))
    exchange.heal()
    exchange.advance(86_400)
    assert exchange.planner.counts() == {"streaming": 3}


def test_a_server_that_is_down_is_not_taken_for_a_proxy() -> None:
    exchange, _ = settled(3)
    for wire in exchange.wires.values():
        wire.deaf = True
    exchange.gathered = True  # it accepts connections, and answers nothing at all
    exchange.advance(GRACE)
    exchange.refusals = {}
    exchange.planner.tick(exchange.now)
    opened = len(exchange.of(Open))
    exchange.down = True
    exchange.advance(4 * 3600)
    assert len(exchange.of(Open)) > opened
    assert detours(exchange) == []
    exchange.heal()
    exchange.advance(300)
    assert exchange.planner.counts() == {"streaming": 3}


def test_callbacks_that_never_come_are_doubted_too_and_pulling_never_is() -> None:
    push, pull = (Site(STREAMS.url, mode) for mode in (Mode.PUSH, Mode.PULL))
    exchange = server()
    (pushed,) = watch(exchange, 1, push)
    (pulled,) = watch(exchange, 1, pull, first=1)
    for key, site in ((pushed, push), (pulled, pull)):
        exchange.poll(key, site)
    exchange.advance(RECENT + 1)
    exchange.log.clear()
    exchange.poll(pushed, push, changed=True)
    exchange.poll(pulled, pull, changed=True)
    exchange.advance(GRACE + 10)
    assert made(exchange) == [address(pushed)]
