"""Subscriptions: pulled, streamed, lost, taken over, and paid for."""

from __future__ import annotations

from lab.exchange.seed import book
from lab.exchange.streams import Stream
from lab.exchange.xml import M, T
from lxml import etree

from tests.unit.lab.exchange.desk import ANNA, BEA, CALENDAR, Desk, content, desk, plan, value


def subscribe(one: Desk, kind: str = "Streaming") -> tuple[str, str]:
    """Return a subscription's id and its watermark."""
    life = "<t:Timeout>10</t:Timeout>" if kind == "Pull" else ""
    events = "".join(
        f"<t:EventType>{name}</t:EventType>"
        for name in ("CreatedEvent", "ModifiedEvent", "DeletedEvent", "MovedEvent")
    )
    found = one.ask(
        f"<m:Subscribe><m:{kind}SubscriptionRequest><t:FolderIds>{CALENDAR}</t:FolderIds>"
        f"<t:EventTypes>{events}</t:EventTypes>{life}</m:{kind}SubscriptionRequest></m:Subscribe>"
    )
    return value(found, "SubscriptionId"), value(found, "Watermark")


def get_events(number: str, mark: str) -> str:
    return (
        f"<m:GetEvents><m:SubscriptionId>{number}</m:SubscriptionId>"
        f"<m:Watermark>{mark}</m:Watermark></m:GetEvents>"
    )


def connect(one: Desk, *numbers: str, minutes: int = 1) -> Stream:
    """Return an open connection."""
    ids = "".join(f"<t:SubscriptionId>{number}</t:SubscriptionId>" for number in numbers)
    reply = one.send(
        f"<m:GetStreamingEvents><m:SubscriptionIds>{ids}</m:SubscriptionIds>"
        f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout></m:GetStreamingEvents>"
    )
    assert reply.stream is not None, reply.body.decode()
    return reply.stream


def meeting(one: Desk) -> None:
    book(one.server.organization, plan("New", "2026-03-04T09:00", "2026-03-04T10:00"))


def names(envelope: bytes) -> list[str]:
    """Return the events of an envelope, which is valid."""
    found = content(envelope).iterfind(f".//{T}Notification/*")
    return [etree.QName(node).localname for node in found][1:]


def test_pulled_events_have_watermarks_that_go_on() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    meeting(one)
    found = one.ask(get_events(number, mark))
    assert len(list(found.iter(T + "CreatedEvent"))) == 1
    last = [node.text or "" for node in found.iter(T + "Watermark")][-1]
    again = one.ask(get_events(number, last))
    assert len(list(again.iter(T + "StatusEvent"))) == 1


def test_more_than_fifty_events_come_in_pages() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    for _ in range(40):
        meeting(one)
    seen, more = 0, "true"
    while more == "true":
        found = one.ask(get_events(number, mark))
        more = value(found, "MoreEvents")
        mark = [node.text or "" for node in found.iter(T + "Watermark")][-1]
        seen += len(list(found.iter(T + "CreatedEvent")))
    assert seen == 40


def test_a_deletion_of_one_occurrence_is_told_as_a_change_of_its_master() -> None:
    one = desk()
    stream = connect(one, subscribe(one)[0])
    stream.opening()
    occurrence = one.view("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z")[0][0].get("Id")
    one.ask(
        '<m:DeleteItem DeleteType="MoveToDeletedItems" SendMeetingCancellations="SendToNone">'
        f'<m:ItemIds><t:ItemId Id="{occurrence}"/></m:ItemIds></m:DeleteItem>'
    )
    [envelope] = stream.more()
    assert set(names(envelope)) == {"ModifiedEvent"}
    assert one.view("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z") == []


def test_soft_deletions_are_deletions_in_2010_and_moves_since_2013() -> None:
    for named, kind in (("2010 SP2", "DeletedEvent"), ("2013", "MovedEvent")):
        one = desk(named)
        stream = connect(one, subscribe(one)[0])
        item = one.view("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")[0][0].get("Id")
        one.ask(
            '<m:DeleteItem DeleteType="SoftDelete" SendMeetingCancellations="SendToNone">'
            f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:DeleteItem>'
        )
        assert kind in names(stream.more()[0])


def test_a_quiet_stream_beats_and_closes_in_time() -> None:
    one = desk()
    stream = connect(one, subscribe(one)[0])
    assert value(content(stream.opening()[0]), "ConnectionStatus") == "OK"
    one.now[0] = stream.due()
    assert value(content(stream.more()[0]), "ConnectionStatus") == "OK"
    one.now[0] += 15
    assert value(content(stream.more()[0]), "ConnectionStatus") == "Closed"
    assert stream.over


def test_a_second_connection_takes_a_subscription_over() -> None:
    one = desk()
    number, _ = subscribe(one)
    first = connect(one, number)
    second = connect(one, number)
    code = value(content(first.farewell), "ResponseCode")
    assert (first.over, second.over, code) == (True, False, "ErrorNewEventStreamConnectionOpened")


def test_a_dead_subscription_silences_the_living_ones() -> None:
    one = desk()
    alive, (gone, _) = subscribe(one)[0], subscribe(one)
    del one.server.organization.subscriptions[gone]
    stream = connect(one, alive, gone)
    opening = content(stream.opening()[0])
    listed = opening.find(f".//{M}ErrorSubscriptionIds/{T}SubscriptionId")
    assert listed is not None
    assert listed.text == gone
    meeting(one)
    assert stream.more() == []


def test_a_restart_ends_subscriptions() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    one.server.organization.kill_subscriptions()
    assert one.codes(get_events(number, mark)) == ["ErrorSubscriptionNotFound"]


def test_a_subscription_nobody_reads_dies() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    one.now[0] += 11 * 60
    assert one.codes(get_events(number, mark)) == ["ErrorExpiredSubscription"]


def test_another_account_may_not_read_it() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    one.server.organization.add_account("other", "secret", impersonates=None)
    one.user = ("other", "secret")
    assert one.codes(get_events(number, mark)) == ["ErrorSubscriptionAccessDenied"]


def test_until_2010_sp2_ru4_the_account_is_charged_and_then_the_mailbox() -> None:
    for named, other in (("2010", False), ("2010 SP2", True), ("2013", True)):
        one = desk(named)
        one.server.subscription_limit = 2
        numbers = [subscribe(one, "Pull")[0] for _ in range(3)]
        assert numbers[2] == ""
        one.impersonate = BEA
        assert bool(subscribe(one, "Pull")[0]) is other


def test_connections_are_limited() -> None:
    one = desk("2013")
    numbers = [subscribe(one)[0] for _ in range(4)]
    for number in numbers[:3]:
        connect(one, number)
    request = (
        f"<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>{numbers[3]}"
        "</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout>"
        "</m:GetStreamingEvents>"
    )
    assert one.fault(request) == "ErrorExceededConnectionCount"


def test_a_group_without_its_cookie_reaches_the_wrong_back_end() -> None:
    one = desk("2016")
    one.server.backends = 2
    one.server.organization.mailboxes[BEA].database = 1
    one.headers = {"x-anchormailbox": ANNA, "x-preferserveraffinity": "true"}
    reply = one.send("<m:Unsubscribe><m:SubscriptionId>x</m:SubscriptionId></m:Unsubscribe>")
    first, _ = subscribe(one)
    one.headers, one.impersonate = {"x-anchormailbox": BEA}, BEA
    lost, _ = subscribe(one)
    one.headers = {
        "x-anchormailbox": ANNA,
        "x-preferserveraffinity": "true",
        "cookie": "X-BackEndOverrideCookie=backend~0",
    }
    kept, _ = subscribe(one)
    stream = connect(one, first, lost, kept)
    assert (stream.dead, len(stream.subscriptions), reply.status) == ([lost], 2, 200)


def test_a_moved_mailbox_answers_again_after_the_move() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    one.server.organization.move(ANNA, seconds=30)
    request = subscribe_codes(one)
    assert request == ["ErrorMailboxMoveInProgress"]
    one.now[0] += 31
    assert one.codes(get_events(number, mark)) == ["ErrorSubscriptionNotFound"]
    assert subscribe(one)[0]


def subscribe_codes(one: Desk) -> list[str]:
    return one.codes(
        f"<m:Subscribe><m:PullSubscriptionRequest><t:FolderIds>{CALENDAR}</t:FolderIds>"
        "<t:EventTypes><t:EventType>CreatedEvent</t:EventType></t:EventTypes>"
        "<t:Timeout>10</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>"
    )
