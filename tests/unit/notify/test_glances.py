"""Busy times glanced at: one deaf subscription among very many who are heard."""

from __future__ import annotations

import random

import pytest

from kalends.calendars.notify.actions import Glance, Subscribe
from kalends.calendars.notify.doubts import GRACE, RECENT
from kalends.calendars.notify.pacing import GLANCE_SECONDS, many, settings_rounds
from kalends.calendars.notify.patience import PATIENCE, REFUSED
from kalends.calendars.notify.planner import Planner
from kalends.calendars.notify.values import Key, Mode, Site
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.versions import Version
from tests.unit.notify.exchange import LATENCY, OFF, PULLS, STREAMS, Exchange, address, watch

DAY = 86_400.0
ROUND = GLANCE_SECONDS * 1.1
OTHER = Site("https://other.example/EWS/Exchange.asmx")


def crowd(
    people: int = 40, *, beyond: int = 10, site: Site = STREAMS
) -> tuple[Exchange, list[Key]]:
    """Return a server whose mailboxes were subscribed, looked at, and glanced at once."""
    exchange = Exchange(Planner(random.Random(7), glance_beyond=beyond))
    keys = watch(exchange, people, site)
    exchange.advance(60)
    for key in keys:
        exchange.poll(key, site)
    exchange.advance(2 * ROUND)
    exchange.log.clear()
    exchange.told.clear()
    return exchange, keys


def glances(exchange: Exchange) -> list[Glance]:
    return [one for one in exchange.log if isinstance(one, Glance)]


def test_one_deaf_subscription_among_many_is_passed_on_within_a_round() -> None:
    exchange, keys = crowd()
    exchange.deafen(address(keys[7]))
    exchange.change(address(keys[7]))
    exchange.advance(ROUND)
    assert [(key, sure) for _, key, sure in exchange.told] == [(keys[7], False)]


def test_what_its_read_finds_is_judged_as_if_a_poll_had_come_and_it_is_made_anew() -> None:
    exchange, keys = crowd()
    exchange.deafen(address(keys[7]))
    exchange.change(address(keys[7]))
    exchange.advance(ROUND)
    exchange.poll(keys[7], changed=True)
    exchange.advance(GRACE + 10)
    made = [one.address for one in exchange.log if isinstance(one, Subscribe)]
    assert made == [address(keys[7])]
    began = exchange.now
    exchange.change(address(keys[7]))
    exchange.advance(RECENT)
    assert exchange.hints(keys[7], began) == 1


def test_a_read_that_finds_nothing_leaves_the_subscription_alone() -> None:
    exchange, keys = crowd()
    exchange.edits[address(keys[7])] += 1  # a digit that means nothing for the calendar
    exchange.advance(ROUND)
    assert exchange.hints(keys[7]) == 1
    exchange.poll(keys[7])
    exchange.advance(3 * ROUND)
    assert exchange.hints(keys[7]) == 1
    assert exchange.of(Subscribe) == []


def test_who_is_told_of_is_passed_on_by_that_news_alone() -> None:
    exchange, keys = crowd()
    for turn in range(60):
        exchange.change(address(keys[turn % 40]))
        exchange.advance(37)
    exchange.advance(2 * ROUND)
    assert len(exchange.told) == 60
    assert all(sure for _, _, sure in exchange.told)


@pytest.mark.parametrize("people", [1, 10])
def test_of_few_nothing_is_glanced_at_for_their_polls_come_as_soon(people: int) -> None:
    exchange, _ = crowd(people)
    exchange.advance(DAY)
    assert glances(exchange) == []


def test_glances_begin_where_polls_are_bounded() -> None:
    assert many() == 3_000


def test_a_mailbox_costs_little_more_than_a_request_a_day_and_never_two_at_once() -> None:
    exchange, _ = crowd(600, beyond=500)
    began = exchange.now
    exchange.advance(DAY)
    asked = glances(exchange)
    assert {len(one.addresses) for one in asked} == {200}
    requests = sum(-(-len(one.addresses) // 100) for one in asked)
    assert requests / 600 / ((exchange.now - began) / DAY) <= 1.16
    assert len(asked) >= 3 * (DAY / GLANCE_SECONDS - 2)


def test_days_move_on_at_midnight_and_nothing_is_found_or_missed_by_that() -> None:
    exchange, keys = crowd()
    exchange.advance(DAY - exchange.now % DAY - 30)
    exchange.told.clear()
    exchange.deafen(address(keys[3]))
    exchange.change(address(keys[3]))
    exchange.advance(ROUND + 30)
    assert {key for _, key, _ in exchange.told} == {keys[3]}
    exchange.advance(3 * ROUND)
    assert len(exchange.told) == 1


def test_whose_busy_times_are_not_told_looks_like_nobody_and_not_like_somebody_free() -> None:
    exchange, keys = crowd()
    exchange.silent.add(address(keys[2]))
    exchange.advance(2 * ROUND)
    exchange.silent.clear()
    exchange.advance(2 * ROUND)
    assert exchange.told == []
    exchange.deafen(address(keys[2]))
    exchange.change(address(keys[2]))
    exchange.advance(ROUND)
    assert exchange.hints(keys[2]) == 1


def test_a_budget_that_asks_for_silence_is_given_it() -> None:
    exchange, keys = crowd()
    exchange.refusing[address(keys[0])] = Verdict(What.BUSY, 4000.0)
    exchange.advance(ROUND)
    assert len(glances(exchange)) == 1
    exchange.refusing.clear()
    exchange.deafen(address(keys[2]))
    exchange.change(address(keys[2]))
    exchange.advance(4000 - ROUND)
    assert len(glances(exchange)) == 1
    exchange.advance(ROUND)
    assert exchange.hints(keys[2]) == 1  # what happened meanwhile is found


def glances_beside_another(verdict: Verdict, seconds: float) -> tuple[int, int]:
    """Count glances at a server that refuses them so, and at its neighbour."""
    exchange, _ = crowd(30)
    watch(exchange, 30, OTHER, first=100)
    exchange.advance(2 * ROUND)
    exchange.log.clear()
    exchange.refusing["p0000@acme.example"] = verdict
    exchange.advance(seconds)
    asked = [one.addresses[0] for one in glances(exchange)]
    return asked.count("p0000@acme.example"), asked.count("p0100@acme.example")


@pytest.mark.parametrize("what", [What.MAILBOX, What.POLL, What.GONE])
def test_who_tells_nothing_of_many_is_asked_half_hourly_and_its_neighbour_as_ever(
    what: What,
) -> None:
    refused, told = glances_beside_another(Verdict(what), 10 * REFUSED)
    assert 9 <= refused <= 10 + PATIENCE
    assert told >= 10 * REFUSED / GLANCE_SECONDS - 2


def test_a_server_that_is_away_takes_nothing_from_its_neighbour() -> None:
    refused, told = glances_beside_another(Verdict(What.DOWN), 10 * GLANCE_SECONDS)
    assert refused <= 10
    assert told >= 8


def test_one_answer_that_fails_leaves_nobody_out_for_long() -> None:
    exchange, keys = crowd()
    exchange.refusing[address(keys[0])] = Verdict(What.MAILBOX)
    exchange.deafen(address(keys[5]))
    exchange.change(address(keys[5]))
    exchange.advance(ROUND)
    exchange.refusing.clear()
    exchange.advance(ROUND)
    assert exchange.hints(keys[5]) == 1


def test_who_pulls_is_asked_already_and_not_glanced_at() -> None:
    exchange, _ = crowd(site=PULLS)
    exchange.advance(3 * ROUND)
    assert glances(exchange) == []


def test_who_leaves_moves_or_joins_while_glanced_at_is_nobodys_news() -> None:
    exchange, keys = crowd()
    while not glances(exchange):
        exchange.advance(1)
    for key in keys[:20]:  # before the answer comes
        exchange.planner.forget(key, exchange.now)
    moved = Site("https://new.example/EWS/Exchange.asmx", grouping="dag2")
    for key in keys[20:]:
        exchange.poll(key, moved)
    exchange.told.clear()
    exchange.advance(60)
    for key in keys[20:]:
        exchange.poll(key, moved)
    told = len(exchange.told)
    exchange.advance(3 * ROUND)
    assert len(exchange.told) == told
    exchange.deafen(address(keys[30]))
    exchange.change(address(keys[30]))
    exchange.advance(ROUND)
    assert exchange.hints(keys[30]) == 2  # subscribed, and found


def test_who_waits_for_a_subscription_has_no_part_in_it() -> None:
    exchange, keys = crowd()
    exchange.refusals = {address(keys[0]): Verdict(What.POLL)}
    exchange.kill(address(keys[0]))
    exchange.advance(ROUND)
    exchange.log.clear()
    exchange.advance(ROUND)
    assert glances(exchange)
    assert all(address(keys[0]) not in one.addresses for one in glances(exchange))


def test_where_many_leave_glances_end_and_where_they_come_back_they_begin_again() -> None:
    exchange, keys = crowd()
    for key in keys[:35]:
        exchange.planner.forget(key, exchange.now)
    exchange.advance(2 * ROUND)
    exchange.log.clear()
    exchange.advance(5 * ROUND)
    assert glances(exchange) == []
    watch(exchange, 40)
    exchange.advance(2 * ROUND)
    assert len(glances(exchange)[-1].addresses) == 40


def test_a_push_that_never_comes_is_found_alike() -> None:
    exchange = Exchange(Planner(random.Random(7), glance_beyond=10))
    keys = watch(exchange, 40, Site("https://push.example/EWS/Exchange.asmx", Mode.PUSH))
    tickets = [one.ticket for one in exchange.log if isinstance(one, Subscribe)]

    def live(seconds: float) -> None:
        """Let the server show that it lives, and tell nothing."""
        until = exchange.now + seconds
        while exchange.now < until:
            for ticket in tickets:
                assert exchange.planner.called(ticket, None, exchange.now, changes=0)
            exchange.advance(200)

    live(2 * ROUND)
    exchange.told.clear()
    exchange.edits[address(keys[4])] += 1
    live(ROUND)
    assert [key for _, key, _ in exchange.told] == [keys[4]]


def test_who_left_before_the_answer_came_is_not_passed_on() -> None:
    exchange, keys = crowd()
    exchange.deafen(address(keys[6]))
    exchange.change(address(keys[6]))
    exchange.log.clear()
    while not glances(exchange):
        exchange.advance(LATENCY / 2)
    exchange.planner.forget(keys[6], exchange.now)
    exchange.advance(ROUND)
    assert exchange.told == []


def test_a_group_whose_answers_fail_silences_no_server_that_answers_others() -> None:
    exchange, keys = crowd(400)
    exchange.refusing[address(keys[0])] = Verdict(What.MAILBOX)
    exchange.advance(10 * GLANCE_SECONDS)
    asked = [one.addresses[0] for one in glances(exchange)]
    assert asked.count(address(keys[0])) >= 9
    assert asked.count(address(keys[200])) >= 9


def test_the_first_round_begins_as_soon_as_there_are_many() -> None:
    exchange = Exchange(Planner(random.Random(7), glance_beyond=10))
    watch(exchange, 40)
    assert len(glances(exchange)) == 1


# --- automatic replies ----------------------------------------------------------------------------
def test_an_automatic_reply_that_begins_or_ends_is_passed_on_within_a_round() -> None:
    exchange, keys = crowd()
    for look in (2, 3, OFF):
        exchange.replies = {address(keys[7]): look}
        exchange.advance(ROUND)
        assert exchange.asked_reply == [address(keys[7])]
        assert [(key, sure) for _, key, sure in exchange.told] == [(keys[7], False)]
        exchange.asked_reply.clear()
        exchange.told.clear()
    exchange.advance(5 * ROUND)
    assert exchange.asked_reply == []


def test_a_reply_that_is_not_told_for_a_while_is_compared_with_what_it_was() -> None:
    exchange, keys = crowd()
    exchange.replies = {address(keys[7]): 0, address(keys[8]): 0}
    exchange.advance(2 * ROUND)
    assert exchange.asked_reply == []
    exchange.replies = {address(keys[7]): 2}
    exchange.advance(ROUND)
    assert exchange.asked_reply == [address(keys[7])]


def test_a_server_that_tells_of_no_replies_is_asked_half_hourly_and_of_busy_times_as_ever() -> None:
    exchange, keys = crowd()
    exchange.tips = False
    exchange.advance(PATIENCE * ROUND)
    exchange.log.clear()
    exchange.advance(10 * REFUSED)
    asked = [one.replies for one in glances(exchange)]
    assert 7 <= asked.count(True) <= 10
    assert len(asked) >= 10 * REFUSED / GLANCE_SECONDS - 2
    exchange.deafen(address(keys[7]))
    exchange.change(address(keys[7]))
    exchange.advance(ROUND)
    assert exchange.hints(keys[7]) == 1


@pytest.mark.parametrize(
    "site",
    [
        Site("https://mail.example/EWS/Exchange.asmx", Mode.PUSH, version=Version.E2007_SP1),
        Site("https://mail.example/EWS/Exchange.asmx", impersonated=False),
    ],
)
def test_of_whom_replies_cannot_be_asked_only_busy_times_are(site: Site) -> None:
    exchange, _ = crowd(site=site)
    exchange.advance(2 * ROUND)
    assert glances(exchange)
    assert not any(one.replies for one in glances(exchange))


# --- settings in turn -----------------------------------------------------------------------------
def test_of_each_group_a_third_are_asked_for_their_settings_and_of_very_many_fewer() -> None:
    exchange, _ = crowd(400)
    exchange.advance(3 * ROUND)
    asked = [(len(one.addresses), one.settings) for one in glances(exchange)]
    assert set(asked) == {(200, 67)}
    assert [settings_rounds(heard) for heard in (1, 5_000, 9_000, 9_001, 50_000)] == [
        3, 3, 3, 4, 17,
    ]  # fmt: skip


def test_where_nobody_may_be_acted_for_no_settings_are_asked() -> None:
    exchange, _ = crowd(site=Site("https://mail.example/EWS/Exchange.asmx", impersonated=False))
    exchange.advance(2 * ROUND)
    assert {one.settings for one in glances(exchange)} == {0}


def test_whose_settings_are_otherwise_is_read_and_asked_for() -> None:
    exchange, keys = crowd()
    exchange.unlike = {address(keys[7]), "left@acme.example"}
    exchange.advance(ROUND)
    assert set(exchange.asked_reply) == {address(keys[7])}
    assert {(key, sure) for _, key, sure in exchange.told} == {(keys[7], False)}
