"""Notifications by pull, push and stream."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kalends.errors import AccessDenied, BadAnswer, CursorExpired, Throttled, TooLarge
from kalends.wire.ews.errors import Reaction
from kalends.wire.ews.events import Event
from kalends.wire.ews.get_events import parse_get_events
from kalends.wire.ews.get_streaming_events import News, Stream
from kalends.wire.ews.send_notification import (
    build_send_notification_result,
    parse_send_notification,
)
from kalends.wire.ews.subscribe import parse_subscribe
from kalends.wire.ews.sync_folder_items import parse_sync_folder_items
from kalends.wire.ews.unsubscribe import parse_unsubscribe
from tests.unit.wire.ews.samples import answer, envelope, fault, refused, said
from tests.unit.wire.ews.schema import SOAP, schema

MOVED = (
    "<t:MovedEvent><t:Watermark>W2</t:Watermark><t:TimeStamp>2026-03-02T12:00:00Z</t:TimeStamp>"
    '<t:ItemId Id="i2"/><t:ParentFolderId Id="bin"/><t:OldItemId Id="i1"/>'
    '<t:OldParentFolderId Id="cal"/></t:MovedEvent>'
)
STATUS = "<t:StatusEvent><t:Watermark>W3</t:Watermark></t:StatusEvent>"


def notification(*events: str, subscription: str = "sub-1", tag: str = "m:Notification") -> str:
    return (
        f"<{tag}><t:SubscriptionId>{subscription}</t:SubscriptionId>"
        "<t:PreviousWatermark>W1</t:PreviousWatermark><t:MoreEvents>false</t:MoreEvents>"
        f"{''.join(events)}</{tag}>"
    )


def streamed(*notifications: str, status: str = "OK") -> bytes:
    listed = f"<m:Notifications>{''.join(notifications)}</m:Notifications>" if notifications else ""
    inner = f"{listed}<m:ConnectionStatus>{status}</m:ConnectionStatus>"
    return envelope(said("GetStreamingEvents", inner))


def test_subscribing_gives_an_id_and_where_to_begin() -> None:
    inner = "<m:SubscriptionId>sub-1</m:SubscriptionId><m:Watermark>W1</m:Watermark>"
    assert parse_subscribe(answer(said("Subscribe", inner))) == ("sub-1", "W1")


def test_a_streaming_subscription_has_no_watermark() -> None:
    inner = "<m:SubscriptionId>sub-1</m:SubscriptionId>"
    assert parse_subscribe(answer(said("Subscribe", inner))) == ("sub-1", "")


def test_a_subscription_without_an_id_is_none() -> None:
    with pytest.raises(BadAnswer):
        parse_subscribe(answer(said("Subscribe", "")))


def test_a_delegate_is_told_to_poll() -> None:
    with pytest.raises(AccessDenied) as caught:
        parse_subscribe(refused("Subscribe", "ErrorSubscriptionDelegateAccessNotSupported"))
    assert "poll" in caught.value.remedy


def test_unsubscribing_what_is_gone_is_no_error() -> None:
    assert parse_unsubscribe(answer(said("Unsubscribe", "")))
    assert not parse_unsubscribe(refused("Unsubscribe", "ErrorSubscriptionNotFound"))
    with pytest.raises(Throttled):
        parse_unsubscribe(refused("Unsubscribe", "ErrorServerBusy"))


def test_a_pull_tells_events_and_the_watermark_to_keep() -> None:
    told = parse_get_events(answer(said("GetEvents", notification(MOVED, STATUS))))
    assert told.events[0] == Event("MovedEvent", "W2", "i2", "", "bin", "cal")
    assert (told.subscription, told.previous, told.watermark) == ("sub-1", "W1", "W3")
    assert told.changes


def test_a_sign_of_life_is_no_change() -> None:
    told = parse_get_events(answer(said("GetEvents", notification(STATUS))))
    assert not told.changes
    assert told.watermark == "W3"


def test_a_lost_subscription_is_made_anew() -> None:
    with pytest.raises(CursorExpired):
        parse_get_events(refused("GetEvents", "ErrorExpiredSubscription"))


def test_an_item_moved_away_touches_the_calendar_it_left() -> None:
    event = Event("MovedEvent", parent="bin", old_parent="cal")
    assert event.touches("cal")
    assert not event.touches("inbox")
    assert Event("FreeBusyChangedEvent").touches("cal")
    assert not Event("StatusEvent", parent="cal").touches("cal")


def test_a_callback_is_read_and_answered() -> None:
    body = envelope(
        said("SendNotification", notification(MOVED)).replace(
            "m:SendNotificationResponse>", "m:SendNotification>"
        )
    )
    assert parse_send_notification(body).changes
    for go_on, word in ((True, "OK"), (False, "Unsubscribe")):
        result = build_send_notification_result(go_on=go_on)
        assert result.status == 200
        assert f"<m:SubscriptionStatus>{word}</m:SubscriptionStatus>".encode() in result.body


def test_the_answer_to_a_callback_validates() -> None:
    result = etree.fromstring(build_send_notification_result(go_on=True).body)
    content = etree.fromstring(etree.tostring(result[0][0]))
    assert result[0].tag == SOAP + "Body"
    assert schema().validate(content), schema().error_log


@pytest.mark.parametrize("body", [b"", b"junk", b"<a/>", envelope("<m:SendNotification/>")])
def test_a_callback_of_a_stranger_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_send_notification(body)


def test_a_huge_callback_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        parse_send_notification(b"<" * ((1 << 20) + 1))


def test_sync_says_what_changed_and_what_went() -> None:
    inner = (
        "<m:SyncState>H4sI</m:SyncState><m:IncludesLastItemInRange>false"
        "</m:IncludesLastItemInRange><m:Changes>"
        '<t:Create><t:CalendarItem><t:ItemId Id="1"/></t:CalendarItem></t:Create>'
        '<t:Update><t:CalendarItem><t:ItemId Id="2"/></t:CalendarItem></t:Update>'
        '<t:Delete><t:ItemId Id="3"/></t:Delete>'
        '<t:ReadFlagChange><t:ItemId Id="4"/><t:IsRead>true</t:IsRead></t:ReadFlagChange>'
        "</m:Changes>"
    )
    told = parse_sync_folder_items(answer(said("SyncFolderItems", inner)))
    assert (told.state, told.last) == ("H4sI", False)
    assert (told.changed, told.deleted) == (("1", "2"), ("3",))
    assert not told.empty


def test_a_refused_sync_state_means_reading_everything() -> None:
    with pytest.raises(CursorExpired):
        parse_sync_folder_items(refused("SyncFolderItems", "ErrorInvalidSyncStateData"))


def test_sync_without_a_state_is_no_answer() -> None:
    with pytest.raises(BadAnswer):
        parse_sync_folder_items(answer(said("SyncFolderItems", "<m:Changes/>")))


STREAM = [
    streamed(),
    streamed(notification(MOVED), notification(MOVED, subscription="sub-2")),
    streamed(notification(STATUS)),
    streamed(status="Closed"),
]


def _all(stream: Stream, pieces: list[bytes]) -> list[News]:
    return [news for piece in pieces for news in stream.feed(piece)]


def test_a_stream_tells_each_envelope_as_it_comes() -> None:
    stream = Stream()
    counts = [len(stream.feed(piece)) for piece in STREAM]
    assert counts == [1, 1, 1, 1]
    stream.close()


def test_a_notification_is_read_in_the_namespace_of_servers_and_in_that_of_the_schema() -> None:
    for tag in ("m:Notification", "t:Notification"):
        (news,) = Stream().feed(streamed(notification(MOVED, tag=tag)))
        assert [one.subscription for one in news.notifications] == ["sub-1"]


@given(st.lists(st.integers(0, len(b"\r\n".join(STREAM))), max_size=40))
def test_how_a_stream_is_cut_on_its_way_makes_no_difference(cuts: list[int]) -> None:
    whole = b"\r\n".join(STREAM)
    edges = [0, *sorted(cuts), len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(edges)]
    stream = Stream()
    told = _all(stream, pieces)
    stream.close()
    assert told == _all(Stream(), [whole])
    assert [news.closed for news in told] == [False, False, False, True]
    assert [n.subscription for n in told[1].notifications] == ["sub-1", "sub-2"]


def test_a_stream_byte_by_byte() -> None:
    whole = b"".join(STREAM)
    assert _all(Stream(), [whole[n : n + 1] for n in range(len(whole))]) == _all(Stream(), [whole])


@given(st.binary(max_size=400), st.integers(0, 3))
def test_junk_in_a_stream_is_refused_never_a_crash(junk: bytes, before: int) -> None:
    stream = Stream()
    try:
        _all(stream, [*STREAM[:before], junk, *STREAM[before:]])
        stream.close()
    except BadAnswer:
        with pytest.raises(BadAnswer):
            stream.feed(STREAM[0])


def test_dead_subscriptions_are_named() -> None:
    inner = (
        "<m:ErrorSubscriptionIds><t:SubscriptionId>sub-1</t:SubscriptionId>"
        "<m:SubscriptionId>sub-2</m:SubscriptionId></m:ErrorSubscriptionIds>"
        "<m:ConnectionStatus>Closed</m:ConnectionStatus>"
    )
    body = said("GetStreamingEvents", inner, "Error", "ErrorInvalidSubscription")
    (news,) = Stream().feed(envelope(body))
    assert (news.dead, news.closed) == (("sub-1", "sub-2"), True)
    assert news.trouble is not None
    assert news.trouble.reaction is Reaction.RESUBSCRIBE


def test_a_second_connection_for_the_same_subscriptions_is_no_reason_to_open_a_third() -> None:
    body = said("GetStreamingEvents", "", "Error", "ErrorNewEventStreamConnectionOpened")
    (news,) = Stream().feed(envelope(body))
    assert news.trouble is not None
    assert news.trouble.reaction is Reaction.WAIT_OTHER_STREAM


def test_a_fault_in_a_stream_is_raised() -> None:
    with pytest.raises(Throttled):
        Stream().feed(fault("ErrorServerBusy").body)


def test_an_envelope_that_never_ends_is_refused_while_it_is_read() -> None:
    stream = Stream(max_envelope=10_000)
    with pytest.raises(TooLarge):
        for _ in range(12):
            stream.feed(b"<s:Envelope>" + b"x" * 1000)
    with pytest.raises(BadAnswer, match="broke before"):
        stream.feed(STREAM[0])


def test_a_large_envelope_is_refused_even_when_it_comes_at_once() -> None:
    with pytest.raises(TooLarge):
        Stream(max_envelope=100).feed(STREAM[0])


@pytest.mark.parametrize(
    ("tail", "words"), [(STREAM[0][:300], "within an envelope"), (b"Bad gateway", "no XML")]
)
def test_a_stream_cut_off_says_so(tail: bytes, words: str) -> None:
    stream = Stream()
    assert len(stream.feed(STREAM[0] + tail)) == 1
    with pytest.raises(BadAnswer, match=words):
        stream.close()
