"""Push subscriptions: what is said, when again, and when no more."""

from __future__ import annotations

from lab.exchange.pushes import Push
from lab.exchange.xml import M
from lxml import etree

from tests.unit.lab.exchange.desk import CALENDAR, Desk, desk, schema, value
from tests.unit.lab.exchange.test_notifications import meeting


def subscribe(url: str = "http://kalends.test/x", frequency: str = "5") -> str:
    return (
        f"<m:Subscribe><m:PushSubscriptionRequest><t:FolderIds>{CALENDAR}</t:FolderIds>"
        "<t:EventTypes><t:EventType>CreatedEvent</t:EventType></t:EventTypes>"
        f"<t:StatusFrequency>{frequency}</t:StatusFrequency><t:URL>{url}</t:URL>"
        "</m:PushSubscriptionRequest></m:Subscribe>"
    )


def pushed(one: Desk) -> Push:
    """Return a push subscription."""
    number = value(one.ask(subscribe()), "SubscriptionId")
    return one.server.pushes[number]


def said(push: Push) -> tuple[list[str], int]:
    """Return the events of what it says, which is valid, and what that reaches to."""
    body, reached = push.body()
    node = etree.fromstring(body).find(f".//{M}SendNotification")
    assert node is not None
    microsoft = schema()
    if microsoft is not None:
        microsoft.assertValid(node)
    box = node.find(f".//{M}Notification")
    assert box is not None
    return [etree.QName(each).localname for each in box][3:], reached


def test_it_says_at_once_that_it_is_there() -> None:
    one = desk()
    push = pushed(one)
    assert push.due == one.now[0]
    assert said(push)[0] == ["StatusEvent"]


def test_something_happens_and_it_calls_and_then_pings() -> None:
    one = desk()
    push = pushed(one)
    push.answered("OK", said(push)[1])
    assert push.due == one.now[0] + 300
    one.now[0] += 10
    meeting(one)
    assert push.due == one.now[0]
    events, reached = said(push)
    assert events == ["CreatedEvent"]
    push.answered("OK", reached)
    assert said(push)[0] == ["StatusEvent"]
    assert push.due == one.now[0] + 300


def test_an_unanswered_call_is_made_again_ever_later_and_then_never() -> None:
    one = desk()
    push = pushed(one)
    meeting(one)
    waits = []
    while push.alive:
        events, reached = said(push)
        assert events == ["CreatedEvent"]
        push.answered("", reached)
        waits.append(push.due - one.now[0])
        one.now[0] = push.due
        assert len(waits) < 20
    assert waits == [30, 60, 120, 240, 480]  # the last is longer than five minutes


def test_news_do_not_hurry_what_was_not_answered() -> None:
    one = desk()
    push = pushed(one)
    push.answered("", 0)
    due = push.due
    meeting(one)
    assert push.due == due


def test_unsubscribe_ends_it() -> None:
    one = desk()
    push = pushed(one)
    push.answered("Unsubscribe", 0)
    assert not push.alive
    assert push.subscription.id not in one.server.organization.subscriptions


def test_many_events_come_in_calls_one_after_another() -> None:
    one = desk()
    push = pushed(one)
    for _ in range(60):
        meeting(one)
    events, reached = said(push)
    push.answered("OK", reached)
    assert (len(events), push.due) == (50, one.now[0])
    assert len(said(push)[0]) == 10


def test_it_cannot_be_unsubscribed_by_request_nor_called_anywhere() -> None:
    one = desk()
    number = pushed(one).subscription.id
    unsubscribe = f"<m:Unsubscribe><m:SubscriptionId>{number}</m:SubscriptionId></m:Unsubscribe>"
    assert one.codes(unsubscribe) == ["ErrorInvalidPullSubscriptionId"]
    assert one.codes(subscribe(url="ftp://x/")) == ["ErrorInvalidPushSubscriptionUrl"]
    assert one.fault(subscribe(frequency="1441")) == "ErrorSchemaValidation"
