"""Push: the server calls us, and nothing it (or anybody else) says is believed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from kalends.calendars.notify.callback import Callbacks
from kalends.endpoints.exchange.options import ExchangeOptions
from tests.exchange_lab import URL
from tests.unit.notify.lab import NotifyLab, play
from tests.unit.notify.pushing import call

PUSH: dict[str, Any] = {
    "notify": "push",
    "push_url": "https://kalends.example/exchange",
    "push_listen": "127.0.0.1:0",
}
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>'
    "<m:SendNotification><m:ResponseMessages>{}</m:ResponseMessages></m:SendNotification>"
    "</s:Body></s:Envelope>"
)
NEWS = ENVELOPE.format(
    '<m:SendNotificationResponseMessage ResponseClass="Success">'
    "<m:ResponseCode>NoError</m:ResponseCode><m:Notification>"
    "<t:SubscriptionId>sub</t:SubscriptionId><t:CreatedEvent><t:Watermark>A</t:Watermark>"
    "</t:CreatedEvent></m:Notification></m:SendNotificationResponseMessage>"
).encode()
LOST = ENVELOPE.format(
    '<m:SendNotificationResponseMessage ResponseClass="Error">'
    "<m:ResponseCode>ErrorReadEventsFailed</m:ResponseCode></m:SendNotificationResponseMessage>"
).encode()


class Caller:
    """Calls as a server does, on virtual time."""

    def __init__(self, lab: NotifyLab) -> None:
        self.lab = lab
        self.lost = False
        self.calls: list[tuple[str, bytes]] = []

    async def post(self, url: str, body: bytes) -> bytes | None:
        self.calls.append((url, body))
        callbacks = self.lab.notifier.callbacks
        ticket = callbacks.ticket(url)
        if self.lost or ticket is None:
            return None
        return callbacks.answer(ticket, body).body


def pushing(story: Any, **more: Any) -> None:
    async def whole(lab: NotifyLab) -> None:
        caller = Caller(lab)
        server = asyncio.create_task(call(lab.server, caller.post))
        await asyncio.sleep(1)
        await story(lab, caller)
        server.cancel()

    play(whole, **{**PUSH, **more})


@pytest.mark.parametrize("version", ["2007 SP1", "2010 SP2", "2019"])
def test_a_callback_is_a_hint_within_a_second(version: str) -> None:
    async def story(lab: NotifyLab, caller: Caller) -> None:
        assert lab.notifier.counts() == {"push": 5}
        at = lab.change(lab.keys[3])
        await asyncio.sleep(1)
        assert [sure for _, sure in lab.hints(lab.keys[3], at)] == [True]
        await asyncio.sleep(1800)  # signs of life keep it
        assert len(lab.hints(lab.keys[3], at)) == 1
        assert len(lab.organization.subscriptions) == 5

    pushing(story, version=version)


def test_a_server_whose_calls_are_lost_is_subscribed_anew_within_a_quarter_of_an_hour() -> None:
    async def story(lab: NotifyLab, caller: Caller) -> None:
        caller.lost = True
        at = lab.change(lab.keys[3])
        await asyncio.sleep(900)
        assert lab.hints(lab.keys[3], at)
        caller.lost = False
        await asyncio.sleep(900)
        at = lab.change(lab.keys[3])
        await asyncio.sleep(1)
        assert lab.hints(lab.keys[3], at)

    pushing(story)


def test_a_forgotten_calendar_ends_its_subscription_with_the_next_call() -> None:
    async def story(lab: NotifyLab, caller: Caller) -> None:
        lab.notifier.forget(lab.keys[0])
        await asyncio.sleep(300)
        assert len(lab.organization.subscriptions) == 4

    pushing(story)


def test_a_path_that_was_not_given_out_is_nobodys() -> None:
    callbacks = Callbacks("https://kalends.example/exchange/", "", lambda *_: True)
    other = Callbacks("https://kalends.example/exchange/", "", lambda *_: True)
    url = callbacks.url(7)
    assert callbacks.ticket(url) == 7
    assert url.startswith("https://kalends.example/exchange/7.") and len(url) > 95
    for forged in (
        other.url(7), url[:-1], url + "0", url.replace("/7.", "/8."), "/", "", "/7.", "/7.é",
        "/" + "9" * 400 + ".", "/-7.x", "/٧.x",
    ):  # fmt: skip
        assert callbacks.ticket(forged) is None


def test_what_a_callback_says_is_only_ever_a_trigger() -> None:
    heard: list[tuple[int, str | None, int, bool]] = []

    def hear(ticket: int, subscription: str | None, changes: int, lost: bool) -> bool:
        heard.append((ticket, subscription, changes, lost))
        return len(heard) < 2

    callbacks = Callbacks("https://kalends.example", "", hear)
    assert b">OK<" in callbacks.answer(7, NEWS).body
    assert b">Unsubscribe<" in callbacks.answer(7, LOST).body
    assert heard == [(7, "sub", 1, False), (7, None, 1, True)]
    for junk in (b"", b"junk", b"<a/>", NEWS[:-30], b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + NEWS):
        assert callbacks.answer(7, junk).status == 400
    assert callbacks.answer(7, NEWS + b" " * (1 << 20)).status == 413
    assert len(heard) == 2


def test_pushing_needs_a_url_and_a_port() -> None:
    with pytest.raises(ValidationError, match="push_url and push_listen"):
        ExchangeOptions(url=URL, notify="push")
    with pytest.raises(ValidationError, match="push_listen"):
        ExchangeOptions(url=URL, push_listen="everywhere")
