"""Driver, requests and streams against the emulated Exchange, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from kalends.endpoints.exchange.known import Access
from tests.unit.notify.lab import NotifyLab, play

STREAMING = ["2010 SP2", "2013", "2016", "2019", "SE"]
PULLING = ["2007 SP1", "2010"]


@pytest.mark.parametrize("version", STREAMING)
def test_a_change_is_a_hint_within_a_second_where_the_server_streams(version: str) -> None:
    async def story(lab: NotifyLab) -> None:
        assert lab.notifier.counts() == {"streaming": 5}
        for _ in range(3):
            at = lab.change(lab.keys[2])
            await asyncio.sleep(1)
            told = lab.hints(lab.keys[2], at)
            assert told and told[0][0] < 1 and told[0][1]

    play(story, version=version)


@pytest.mark.parametrize("version", PULLING)
def test_a_change_is_a_hint_within_the_pull_interval_elsewhere(version: str) -> None:
    async def story(lab: NotifyLab) -> None:
        assert lab.notifier.counts() == {"pull": 5}
        at = lab.change(lab.keys[2])
        await asyncio.sleep(31)
        assert len(lab.hints(lab.keys[2], at)) == 1

    play(story, version=version)


def test_requests_of_a_group_carry_its_anchor_and_its_cookie_and_no_others() -> None:
    async def story(lab: NotifyLab) -> None:
        assert lab.notifier.counts() == {"streaming": 5}

    lab = play(story, backends=3)
    asked = [one for one in lab.transport.sent if b":Subscribe>" in one.body]
    headers = [dict(one.headers) for one in asked]
    assert {one["X-AnchorMailbox"] for one in headers} == {"p000@acme.example"}
    assert {one["X-PreferServerAffinity"] for one in headers} == {"true"}
    assert "Cookie" not in headers[0]
    assert {one["Cookie"] for one in headers[1:]} == {"X-BackEndOverrideCookie=backend~0"}
    (line,) = [one for one in lab.transport.sent if b"GetStreamingEvents" in one.body]
    assert dict(line.headers)["Cookie"] == "X-BackEndOverrideCookie=backend~0"
    assert b"p000@acme.example" in line.body


def test_a_group_of_2010_stays_at_the_server_that_took_its_first_subscription() -> None:
    async def story(lab: NotifyLab) -> None:
        assert lab.notifier.counts() == {"streaming": 5}

    lab = play(story, version="2010 SP2")
    asked = [dict(one.headers) for one in lab.transport.sent if b":Subscribe>" in one.body]
    assert all("X-AnchorMailbox" not in one for one in asked)
    assert all(one["Cookie"].startswith("exchangecookie=") for one in asked[1:])


def test_a_shared_calendar_is_polled_and_nobody_asks_again_soon() -> None:
    async def story(lab: NotifyLab) -> None:
        for key in lab.keys:
            lab.organization.mailboxes[lab.address(key)].delegates["svc@acme.example"] = "Reviewer"
            lab.notifier.forget(key)
        await lab.register(access=Access.DELEGATE)
        await asyncio.sleep(30)
        assert lab.notifier.counts() == {"poll": 5}
        assert lab.notifier.refresh_after(lab.keys[0]) is None
        sent = len(lab.transport.sent)
        await asyncio.sleep(3600)
        assert len(lab.transport.sent) == sent

    play(story)


def test_busy_times_alone_are_never_subscribed() -> None:
    async def story(lab: NotifyLab) -> None:
        mailbox = lab.endpoint_mailbox(lab.keys[0])
        lab.endpoint.known(mailbox).access = Access.FREE_BUSY
        lab.notifier.seen(lab.keys[0], mailbox)
        await asyncio.sleep(5)
        assert lab.notifier.heard_by(lab.keys[0]) == "poll"
        assert len(lab.organization.subscriptions) == 4

    play(story)


@pytest.mark.parametrize("version", ["2010 SP2", "2019"])
def test_killed_subscriptions_are_made_anew(version: str) -> None:
    async def story(lab: NotifyLab) -> None:
        await asyncio.sleep(60)
        lab.organization.kill_subscriptions()
        at = lab.change(lab.keys[1])
        await asyncio.sleep(120)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story, version=version)


def test_a_stream_half_closed_by_a_middle_box_is_found_by_its_silence() -> None:
    async def story(lab: NotifyLab) -> None:
        lab.transport.deaf = True
        at = lab.change(lab.keys[1])
        await asyncio.sleep(60)
        lab.transport.deaf = False
        lab.server.faults.silent_streams = True
        await asyncio.sleep(100)
        lab.server.faults.silent_streams = False
        await asyncio.sleep(200)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story)


@pytest.mark.parametrize("fault", ["cut_streams", "half_close_streams"])
def test_streams_that_break_again_and_again_are_reopened_with_patience(fault: str) -> None:
    async def story(lab: NotifyLab) -> None:
        setattr(lab.server.faults, fault, 2)
        sent = len(lab.transport.sent)
        at = lab.change(lab.keys[1])
        await asyncio.sleep(900)
        assert len(lab.transport.sent) - sent < 150
        setattr(lab.server.faults, fault, 0)
        await asyncio.sleep(300)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}
        at = lab.change(lab.keys[1])
        await asyncio.sleep(1)
        assert lab.hints(lab.keys[1], at)

    play(story)


def test_envelopes_in_pieces_are_read() -> None:
    async def story(lab: NotifyLab) -> None:
        lab.server.faults.split_envelopes = True
        at = lab.change(lab.keys[1])
        await asyncio.sleep(1)
        assert lab.hints(lab.keys[1], at)

    play(story)


def test_missed_events_are_made_good() -> None:
    async def story(lab: NotifyLab) -> None:
        await asyncio.sleep(100)
        lab.server.faults.missed_events = True
        at = lab.change(lab.keys[1])
        await asyncio.sleep(1)
        lab.server.faults.missed_events = False
        await asyncio.sleep(100)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story)


def test_a_busy_server_is_asked_nothing_for_the_time_it_names() -> None:
    async def story(lab: NotifyLab) -> None:
        lab.server.faults.busy = 297_749
        lab.server.faults.cut_streams = 1
        at = lab.change(lab.keys[1])
        await asyncio.sleep(20)
        sent = len(lab.transport.sent)
        await asyncio.sleep(280)
        assert len(lab.transport.sent) == sent
        lab.server.faults.busy = None
        lab.server.faults.cut_streams = 0
        await asyncio.sleep(60)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story)


def test_a_moved_mailbox_is_read_and_subscribed_again() -> None:
    async def story(lab: NotifyLab) -> None:
        await asyncio.sleep(100)
        lab.organization.move(lab.address(lab.keys[1]), seconds=120)
        at = lab.change(lab.keys[1])
        await asyncio.sleep(30)
        assert lab.notifier.counts().get("streaming", 0) == 4
        at0 = lab.change(lab.keys[0])
        await asyncio.sleep(1)
        assert lab.hints(lab.keys[0], at0)
        await asyncio.sleep(600)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story)


def test_twenty_are_heard_of_an_old_2010_and_the_rest_is_polled() -> None:
    async def story(lab: NotifyLab) -> None:
        assert lab.notifier.counts() == {"pull": 20, "poll": 10}
        lab.notifier.forget(lab.keys[0])
        await asyncio.sleep(10)
        assert lab.notifier.counts() == {"pull": 20, "poll": 9}

    play(story, version="2010", people=30)


def test_closing_gives_subscriptions_back() -> None:
    async def story(lab: NotifyLab) -> None:
        await lab.notifier.close()
        assert not lab.organization.subscriptions
        lab.notifier.seen(lab.keys[0], lab.endpoint_mailbox(lab.keys[0]))
        await asyncio.sleep(60)
        assert not lab.organization.subscriptions

    play(story)


def test_hints_that_are_taken_up_again_go_on_where_they_ended() -> None:
    async def story(lab: NotifyLab) -> None:
        again = lab.notifier.hints()
        lab.listening.cancel()
        await asyncio.gather(lab.listening, return_exceptions=True)
        at = lab.change(lab.keys[1])
        first = asyncio.ensure_future(anext(again))
        await asyncio.sleep(60)
        taken = first.result().person
        await again.aclose()
        lab.listening = asyncio.create_task(lab.listen())
        await asyncio.sleep(120)
        assert all(lab.hints(key, at) for key in lab.keys if key[0] != taken)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story)


def test_an_outage_of_four_hours_ends_with_everybody_heard_and_looked_at() -> None:
    async def story(lab: NotifyLab) -> None:
        lab.transport.down = True
        at = lab.change(lab.keys[1])
        sent = len(lab.transport.sent)
        await asyncio.sleep(4 * 3600)
        assert len(lab.transport.sent) - sent < 4 * 120 + 20  # one probe every thirty seconds
        lab.transport.down = False
        await asyncio.sleep(300)
        assert lab.hints(lab.keys[1], at)
        assert lab.notifier.counts() == {"streaming": 5}

    play(story)


def test_a_refused_credential_stops_everything_and_a_new_secret_starts_it() -> None:
    async def story(lab: NotifyLab) -> None:
        lab.server.faults.unauthorized = -1
        lab.server.faults.cut_streams = 1
        lab.change(lab.keys[1])
        sent = len(lab.transport.sent)
        await asyncio.sleep(2 * 3600)
        assert len(lab.transport.sent) - sent <= 2 * 2 + 2  # promise 7

    play(story)
