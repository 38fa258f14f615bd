"""The planner against a server that behaves, and against each way it fails."""

from __future__ import annotations

import random

import pytest

from kalends.calendars.notify.actions import Open, Pull, Subscribe, Tell
from kalends.calendars.notify.pacing import OVERLAP
from kalends.calendars.notify.planner import Planner
from kalends.calendars.notify.values import Key, Mode, Site
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.events import Event, Notification
from kalends.wire.ews.subscribe import Subscription
from tests.unit.notify.exchange import PULLS, STREAMS, Exchange, address, server, watch


def opens(exchange: Exchange) -> list[Open]:
    return [one for one in exchange.log if isinstance(one, Open)]


def subscribes(exchange: Exchange) -> list[Subscribe]:
    return [one for one in exchange.log if isinstance(one, Subscribe)]


def test_a_change_is_told_at_once() -> None:
    exchange = server()
    keys = watch(exchange, 5)
    began = exchange.now
    exchange.change(address(keys[3]))
    exchange.advance(1)
    assert [(key, sure) for at, key, sure in exchange.told if at >= began] == [(keys[3], True)]
    assert exchange.planner.counts() == {"streaming": 5}


def test_every_new_subscription_is_followed_by_a_look() -> None:
    exchange = server()
    keys = watch(exchange, 5)
    assert sorted(key for _, key, _ in exchange.told) == keys
    assert not any(sure for _, _, sure in exchange.told)


def test_a_group_lives_at_the_server_of_its_first_address() -> None:
    exchange = server()
    for name in ("ulla", "anna", "kai"):
        exchange.planner.register((name, "main"), f"{name}@acme.example", STREAMS, exchange.now)
    exchange.advance(30)
    asked = subscribes(exchange)
    assert asked[0].address == "anna@acme.example" and asked[0].route.cookies == ()
    cookie = (("X-BackEndOverrideCookie", f"be-{asked[0].group}"),)
    assert {one.route.anchor for one in asked} == {"anna@acme.example"}
    assert all(one.route.cookies == cookie for one in asked[1:])
    assert opens(exchange)[-1].route == asked[1].route


def test_groups_hold_two_hundred_and_share_no_cookie() -> None:
    exchange = server()
    watch(exchange, 450)
    last = {one.route.anchor: one for one in opens(exchange)}
    assert sorted(len(one.subscriptions) for one in last.values()) == [50, 200, 200]
    assert len({one.route.cookies for one in last.values()}) == 3
    assert len({held.group for held in exchange.subscriptions.values()}) == 3


def test_mailboxes_of_different_sites_never_share_a_group() -> None:
    exchange = server()
    watch(exchange, 3)
    watch(exchange, 3, Site(STREAMS.url, grouping="dag2"), first=3)
    assert len({one.group for one in subscribes(exchange)}) == 2


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    exchange = server()
    watch(exchange, 40)
    watch(exchange, 40, PULLS, first=40)
    assert exchange.most_flying == 4


def test_a_stream_is_replaced_before_its_end_and_nothing_is_lost() -> None:
    exchange = server()
    keys = watch(exchange, 3)
    first = opens(exchange)[-1]
    began, expected = exchange.now, 0
    while exchange.now < began + 1200:
        exchange.change(address(keys[0]))
        expected += 1
        exchange.advance(1.7)
    exchange.advance(5)
    assert len(opens(exchange)) - 1 >= 2 and opens(exchange)[-1].line != first.line
    assert exchange.hints(keys[0], began) == expected
    assert exchange.hints(keys[1], began) == 0  # a replaced stream leaves no gap


def test_where_the_account_pays_for_streams_one_group_overlaps_at_a_time() -> None:
    site = Site(STREAMS.url, impersonated=False, ceiling=600)
    exchange = server(lingers=True)
    keys = watch(exchange, 600, site)
    groups, most, told = 3, 0, 0
    for minute in range(90):
        exchange.change(address(keys[minute]))
        for _ in range(30):
            exchange.advance(2)
            most = max(most, exchange.planner.streams)
        told += any(sure for _, key, sure in exchange.told if key == keys[minute])
    assert most == groups + 1
    assert told == 90
    assert exchange.planner.counts() == {"streaming": 600}


def test_a_replaced_stream_that_breaks_is_a_gap_too() -> None:
    exchange = server()
    keys = watch(exchange, 3)
    old = opens(exchange)[-1].line
    while opens(exchange)[-1].line == old:
        exchange.advance(0.01)
    exchange.planner.ended(old, Verdict(What.DOWN), exchange.now)
    began = exchange.now
    exchange.advance(1)
    assert all(exchange.hints(key, began) == 1 for key in keys)


def test_a_stream_that_hung_just_before_it_was_replaced_is_a_gap_too() -> None:
    def lived(**options: object) -> tuple[Exchange, list[Key], int]:
        exchange = server(**options)
        keys = watch(exchange, 3)
        return exchange, keys, opens(exchange)[-1].line

    model, _, old = lived()
    while opens(model)[-1].line == old:
        model.advance(0.1)
    exchange, keys, old = lived(lingers=True)
    exchange.advance(model.now - exchange.now - 0.3)  # it gave a sign of life a moment ago
    assert opens(exchange)[-1].line == old
    exchange.silence()
    exchange.change(address(keys[1]))  # into a connection that is half closed
    began = exchange.now
    exchange.advance(OVERLAP + 10)
    assert opens(exchange)[-1].line != old
    assert exchange.hints(keys[1], began) == 1


def test_a_stream_that_was_replaced_and_lingers_in_health_is_none() -> None:
    exchange = server(lingers=True)
    keys = watch(exchange, 3)
    began = exchange.now
    exchange.advance(3000)
    assert len(opens(exchange)) > 4
    assert not any(exchange.hints(key, began) for key in keys)


def test_a_silent_stream_is_found_by_its_missing_signs_of_life() -> None:
    exchange = server()
    keys = watch(exchange, 3)
    exchange.silence()
    exchange.change(address(keys[1]))
    began = exchange.now
    exchange.advance(100)
    assert exchange.hints(keys[1], began) >= 1
    assert exchange.planner.counts() == {"streaming": 3}


@pytest.mark.parametrize("in_order", [False, True])
def test_after_a_cut_everybody_is_looked_at(in_order: bool) -> None:
    exchange = server()
    keys = watch(exchange, 3)
    began = exchange.now
    exchange.change(address(keys[2]))  # written, but it never arrives
    exchange.cut(in_order=in_order)
    exchange.advance(10)
    assert all(exchange.hints(key, began) == 1 for key in keys)


def test_subscriptions_that_died_are_made_anew_and_their_neighbours_go_on_at_once() -> None:
    exchange = server()
    keys = watch(exchange, 4)
    exchange.advance(120)
    began = exchange.now
    exchange.kill(address(keys[0]), address(keys[1]))
    exchange.change(address(keys[0]))
    exchange.change(address(keys[3]))
    exchange.advance(1)
    assert exchange.hints(keys[3], began) == 1
    exchange.advance(30)
    assert exchange.hints(keys[0], began) == 1 and exchange.hints(keys[1], began) == 1
    assert exchange.hints(keys[2], began) == 0
    assert len(exchange.subscriptions) == 4
    assert not any(one.route.cookies == () for one in subscribes(exchange)[4:])


def test_a_subscription_that_died_without_a_word_is_found_within_fifteen_minutes() -> None:
    exchange = server(names_dead_at_once=False)
    keys = watch(exchange, 4)
    exchange.kill(address(keys[0]))
    exchange.change(address(keys[0]))
    began = exchange.now
    exchange.advance(15 * 60)
    assert exchange.hints(keys[0], began) == 1
    assert exchange.hints(keys[1], began) == 0


def test_a_restart_that_forgets_everything_founds_the_group_anew() -> None:
    exchange = server()
    keys = watch(exchange, 4)
    exchange.advance(120)
    before, began = len(subscribes(exchange)), exchange.now
    exchange.kill()
    exchange.advance(30)
    assert subscribes(exchange)[before].route.cookies == ()
    assert all(exchange.hints(key, began) == 1 for key in keys)
    assert len(exchange.subscriptions) == 4


def test_missed_events_without_a_name_mean_everybody() -> None:
    exchange = server()
    keys = watch(exchange, 3)
    exchange.advance(120)
    began = exchange.now
    line = opens(exchange)[-1].line
    exchange.planner.news(line, exchange.now, trouble=Verdict(What.GONE))
    exchange.advance(30)
    assert all(exchange.hints(key, began) == 1 for key in keys)


def test_a_busy_server_is_left_alone_for_the_time_it_asks_for() -> None:
    exchange = server()
    watch(exchange, 3)
    exchange.busy_until = exchange.now + 300
    exchange.cut()
    exchange.advance(2)  # notices the cut
    exchange.advance(3)  # asks once, and is told
    asked = len(exchange.log)
    exchange.advance(290)
    assert len(exchange.log) == asked
    exchange.advance(30)
    assert exchange.planner.counts() == {"streaming": 3}


def test_nobody_fights_for_a_stream_another_program_opens() -> None:
    exchange = server()
    watch(exchange, 3)
    before = len(opens(exchange))
    for _ in range(5):
        line = opens(exchange)[-1].line
        exchange.wires.pop(line, None)
        exchange.planner.news(line, exchange.now, trouble=Verdict(What.TAKEN))
        exchange.advance(240)
    assert len(opens(exchange)) - before <= 3


def test_a_mailbox_without_the_right_is_polled_and_its_neighbours_are_not() -> None:
    exchange = server(refusals={"p0000@acme.example": Verdict(What.POLL)})
    keys = watch(exchange, 4)
    assert exchange.planner.heard_by(keys[0]) == "poll"
    assert exchange.planner.counts() == {"poll": 1, "streaming": 3}
    asked = len(subscribes(exchange))
    exchange.advance(12 * 3600)
    assert len(subscribes(exchange)) == asked


def test_a_mailbox_being_moved_is_tried_again_and_regrouped() -> None:
    exchange = server()
    keys = watch(exchange, 3)
    exchange.advance(120)
    exchange.refusals[address(keys[1])] = Verdict(What.MAILBOX)
    exchange.kill(address(keys[1]))
    exchange.advance(20)
    assert exchange.planner.counts() == {"poll": 1, "streaming": 2}
    exchange.refusals.clear()
    other = Site("https://other.example/EWS/Exchange.asmx", grouping="dag9")
    exchange.planner.register(keys[1], address(keys[1]), other, exchange.now)
    exchange.advance(20)
    assert exchange.planner.counts() == {"streaming": 3}
    assert subscribes(exchange)[-1].route.site == other


def test_twenty_subscriptions_are_all_an_old_2010_gives_and_the_rest_is_polled() -> None:
    exchange = server()
    keys = watch(exchange, 50, Site("https://old", mode=Mode.STREAM, ceiling=20))
    assert exchange.planner.counts() == {"streaming": 20, "poll": 30}
    exchange.planner.forget(keys[0], exchange.now)
    exchange.advance(30)
    assert exchange.planner.counts() == {"streaming": 20, "poll": 29}
    assert len(exchange.subscriptions) == 20


def test_a_ceiling_lower_than_known_is_believed_and_tried_again_later() -> None:
    exchange = server(limit=7)
    watch(exchange, 30, Site("https://old", mode=Mode.STREAM, ceiling=20))
    assert exchange.planner.counts() == {"streaming": 7, "poll": 23}
    assert len(subscribes(exchange)) <= 7 + 4  # those in flight when it was refused
    exchange.limit = 0
    exchange.advance(2100)
    assert exchange.planner.counts() == {"streaming": 20, "poll": 10}


def test_a_mailbox_whose_own_budget_is_used_up_is_polled_alone() -> None:
    exchange = server(refusals={"p0001@acme.example": Verdict(What.FULL)})
    watch(exchange, 4)
    assert exchange.planner.counts() == {"streaming": 3, "poll": 1}


def test_a_server_without_streams_is_pulled() -> None:
    exchange = server(streams_offered=False)
    keys = watch(exchange, 3)
    assert exchange.planner.counts() == {"pull": 3}
    began = exchange.now
    exchange.change(address(keys[1]))
    exchange.advance(31)
    assert exchange.hints(keys[1], began) == 1
    watch(exchange, 3, first=3)
    assert exchange.planner.counts() == {"pull": 6}


def test_pulling_asks_each_mailbox_once_an_interval() -> None:
    exchange = server()
    keys = watch(exchange, 10, PULLS)
    before, began = len(exchange.of(Pull)), exchange.now
    exchange.advance(300)
    assert 90 <= len(exchange.of(Pull)) - before <= 110
    exchange.change(address(keys[4]))
    exchange.advance(31)
    assert exchange.hints(keys[4], began) == 1


def test_turns_that_fall_due_together_are_taken_in_order_without_haste() -> None:
    exchange = server()
    keys = watch(exchange, 20, PULLS)
    exchange.busy_until = exchange.now + 100
    exchange.advance(200)
    began = exchange.now
    for key in keys:
        exchange.change(address(key))
    exchange.advance(31)
    assert exchange.most_flying == 4
    assert all(exchange.hints(key, began) == 1 for key in keys)


def test_many_events_are_pulled_at_once() -> None:
    exchange = server()
    keys = watch(exchange, 1, PULLS)
    for _ in range(170):
        exchange.change(address(keys[0]))
    exchange.advance(31)
    assert next(iter(exchange.subscriptions.values())).pending == 0


def test_a_pull_subscription_that_died_is_made_anew_without_its_watermark() -> None:
    exchange = server()
    keys = watch(exchange, 2, PULLS)
    exchange.advance(120)
    began = exchange.now
    exchange.kill(address(keys[0]))
    exchange.change(address(keys[0]))
    exchange.advance(40)
    assert exchange.hints(keys[0], began) == 1
    assert exchange.planner.counts() == {"pull": 2}


def test_what_is_forgotten_is_unsubscribed_and_told_no_more() -> None:
    exchange = server()
    keys = watch(exchange, 3)
    exchange.planner.forget(keys[0], exchange.now)
    exchange.advance(20)
    assert len(exchange.subscriptions) == 2
    began = exchange.now
    exchange.change(address(keys[1]))
    exchange.advance(1)
    assert exchange.hints(keys[1], began) == 1
    for key in keys[1:]:
        exchange.planner.forget(key, exchange.now)
    exchange.advance(20)
    assert not exchange.subscriptions and not exchange.wires
    assert exchange.planner.next_at() is None


def test_a_subscription_overtaken_by_forgetting_is_given_back() -> None:
    exchange = server()
    exchange.planner.register(("p", "m"), "p@x.example", STREAMS, exchange.now)
    exchange.advance(2.03)
    assert exchange.of(Subscribe) and not exchange.subscriptions
    exchange.planner.forget(("p", "m"), exchange.now)
    exchange.advance(5)
    assert not exchange.subscriptions and len(exchange.called_off) == 1


def test_closing_gives_everything_back_the_scarce_first() -> None:
    exchange = server()
    watch(exchange, 3)
    watch(exchange, 3, Site("https://old", mode=Mode.STREAM, ceiling=20), first=3)
    exchange.planner.close(exchange.now)
    exchange.advance(10)
    assert not exchange.subscriptions and not exchange.wires
    assert exchange.called_off[:3] == ["sub-4", "sub-5", "sub-6"] or len(exchange.called_off) == 6


def test_a_group_whose_server_does_not_come_back_is_founded_elsewhere() -> None:
    exchange = server()
    watch(exchange, 3)
    exchange.down = True
    exchange.cut()
    exchange.advance(60)
    exchange.down = False
    exchange.advance(200)
    assert exchange.planner.counts() == {"streaming": 3}


def test_an_outage_of_hours_is_met_with_patience() -> None:
    exchange = server()
    keys = watch(exchange, 100)
    exchange.down = True
    exchange.cut()
    before = len(exchange.log)
    exchange.advance(4 * 3600)
    assert len(exchange.log) - before < 4 * 3600 / 60
    exchange.down = False
    began = exchange.now
    exchange.advance(300)
    assert all(exchange.hints(key, began) >= 1 for key in keys)


def test_a_server_that_forgets_again_and_again_is_not_raced() -> None:
    exchange = server()
    watch(exchange, 3)
    before = len(exchange.log)
    for _ in range(600):
        exchange.kill()
        exchange.advance(1)
    assert len(exchange.log) - before < 200


# --- push ---------------------------------------------------------------------------------
PUSHES = Site("https://mail.example/EWS/Exchange.asmx", Mode.PUSH)


def pushed() -> tuple[Planner, Subscribe]:
    planner = Planner(random.Random(1))
    planner.register(("p", "m"), "p@x.example", PUSHES, 0.0)
    planner.tick(3.0)
    (asked,) = planner.take()
    assert isinstance(asked, Subscribe)
    planner.subscribed(asked, Subscription("sub", "0"), 3.1)
    planner.take()
    return planner, asked


def test_a_callback_is_a_hint() -> None:
    planner, asked = pushed()
    assert planner.called(asked.ticket, "sub", 5.0, changes=1)
    assert len(planner.take()) == 1
    assert planner.called(asked.ticket, "sub", 6.0, changes=0)
    assert planner.take() == []


def test_a_hundred_thousand_replays_are_the_same_hint() -> None:
    planner, asked = pushed()
    for _ in range(100_000):
        assert planner.called(asked.ticket, "sub", 5.0, changes=1)
    assert len({action for action in planner.take() if isinstance(action, Tell)}) == 1


def test_a_forged_callback_does_nothing_and_is_told_to_stop() -> None:
    planner, asked = pushed()
    assert not planner.called(asked.ticket, "another", 5.0, changes=1)
    assert not planner.called(asked.ticket + 1, "sub", 5.0, changes=1)
    assert planner.take() == []


def test_a_server_that_calls_no_more_is_subscribed_anew_within_a_quarter_of_an_hour() -> None:
    planner, asked = pushed()
    planner.called(asked.ticket, "sub", 200.0, changes=0)
    for second in range(0, 1100, 10):
        planner.tick(float(second))
    (again,) = planner.take()
    assert isinstance(again, Subscribe)
    assert not planner.called(asked.ticket, "sub", 1100.0, changes=1)  # the old URL is dead


def test_what_is_forgotten_ends_by_the_answer_to_its_next_callback() -> None:
    planner, asked = pushed()
    planner.forget(("p", "m"), 10.0)
    assert planner.take() == []
    assert not planner.called(asked.ticket, "sub", 11.0, changes=1)


def test_a_status_event_is_no_news() -> None:
    exchange = server()
    keys = watch(exchange, 1)
    line, began = opens(exchange)[-1].line, exchange.now
    quiet = Notification("sub-1", (Event("StatusEvent"),))
    exchange.planner.news(line, exchange.now, (quiet,))
    exchange.advance(1)
    assert exchange.hints(keys[0], began) == 0
