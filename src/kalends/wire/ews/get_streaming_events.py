"""GetStreamingEvents: one answer that stays open and carries many envelopes one after another.

*Theory of operation.* The body never ends while the connection lives, so it is never parsed whole.
``Stream.feed`` takes whatever bytes came, cuts after each ``</…Envelope>`` and parses what is
complete; a piece of an envelope waits for the rest. How the bytes were cut on their way makes no
difference. What waits is bounded: a server that never closes its envelope is refused while it is
being read. Notifications carry no text of users, so the closing tag can stand in no content.

Usually the first envelope says ``ConnectionStatus`` OK and carries nothing; signs of life come at
least every 45 s; the last one says Closed, which ends the stream in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import BadAnswer, SourceTrouble, TooLarge
from kalends.model.http import Request
from kalends.wire.ews.errors import Answered, error_of
from kalends.wire.ews.events import Notification, read_notification
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import (
    Context,
    Message,
    add,
    messages,
    need,
    operation,
    parse_xml,
    read_envelope,
    request,
)
from kalends.wire.ews.versions import Feature

MAX_SUBSCRIPTIONS: Final = 200
"""In one request."""
MAX_MINUTES: Final = 30
MAX_ENVELOPE: Final = 4 << 20
"""Bytes of one envelope: 200 subscriptions with hundreds of events each."""
_END: Final = re.compile(rb"</(?:[A-Za-z_][\w.\-]{0,60}:)?Envelope\s{0,16}>")
_LONGEST_END: Final = 96


@dataclass(frozen=True, slots=True)
class News:
    """One envelope of a stream."""

    notifications: tuple[Notification, ...] = ()
    closed: bool = False
    """The server ends this connection in order: open the next one."""
    dead: tuple[str, ...] = ()
    """Subscriptions to make anew. While they are asked for, nothing comes for the good ones."""
    trouble: Answered | None = None
    """What the server said is wrong, where it did; see its ``reaction``."""


def build_get_streaming_events(
    context: Context, subscriptions: tuple[str, ...], minutes: int = MAX_MINUTES
) -> Request:
    """Open a stream over 1 to 200 subscriptions for 1 to 30 minutes.

    ``NotOffered`` before 2010 SP1; ``ValueError`` on another number of subscriptions.
    """
    need(context, Feature.STREAMING)
    if not 0 < len(subscriptions) <= MAX_SUBSCRIPTIONS:
        raise ValueError(f"a stream reads 1 to {MAX_SUBSCRIPTIONS} subscriptions")
    get = operation("GetStreamingEvents")
    listed = add(get, M + "SubscriptionIds")
    for subscription in subscriptions:
        add(listed, T + "SubscriptionId", subscription)
    add(get, M + "ConnectionTimeout", str(min(max(minutes, 1), MAX_MINUTES)))
    return request(context, get)


class Stream:
    """Reads one open answer. After an error it takes nothing more: close the connection."""

    def __init__(self, *, max_envelope: int = MAX_ENVELOPE) -> None:
        self._held = bytearray()
        self._looked = 0
        self._max = max_envelope
        self._broken = False

    def feed(self, data: bytes) -> list[News]:
        """Take bytes as they came and return the envelopes they complete.

        Raises ``TooLarge`` where an envelope grows beyond its bound, ``BadAnswer`` where it is
        none, or the error of a SOAP fault. Envelopes before the broken one are lost with it: the
        window is read again anyway.
        """
        if self._broken:
            raise BadAnswer("this stream broke before")
        self._held += data
        try:
            return [_news(envelope) for envelope in self._cut()]
        except (SourceTrouble, Answered):
            self._broken = True
            self._held.clear()
            raise

    def close(self) -> None:
        """The body has ended. Raises ``BadAnswer`` where it ended within an envelope."""
        left = bytes(self._held[:200]).strip()
        self._held.clear()
        if left and not self._broken:
            self._broken = True
            what = "within an envelope" if left.startswith(b"<") else "and is no XML"
            raise BadAnswer(f"the notification stream was cut off {what}")

    def _cut(self) -> list[bytes]:
        envelopes: list[bytes] = []
        while found := _END.search(self._held, self._looked):
            self._check(found.end())
            envelopes.append(bytes(self._held[: found.end()]))
            del self._held[: found.end()]
            self._looked = 0
        self._looked = max(0, len(self._held) - _LONGEST_END)
        self._check(len(self._held))
        return envelopes

    def _check(self, size: int) -> None:
        if size > self._max:
            raise TooLarge(f"an envelope of the notification stream exceeds {self._max} bytes")


def _news(envelope: bytes) -> News:
    answer = read_envelope(parse_xml(envelope))
    told = [_of_message(message) for message in messages(answer, "GetStreamingEventsResponse")]
    return News(
        tuple(notification for news in told for notification in news.notifications),
        any(news.closed for news in told),
        tuple(subscription for news in told for subscription in news.dead),
        next((news.trouble for news in told if news.trouble is not None), None),
    )


def _of_message(message: Message) -> News:
    element = message.element
    return News(
        tuple(
            read_notification(found)
            for found in element.iterfind(f"{M}Notifications/{{*}}Notification")
        ),
        (element.findtext(M + "ConnectionStatus") or "").strip() == "Closed",
        _dead(element),
        None if message.usable() else error_of(message.fault),
    )


def _dead(element: etree._Element) -> tuple[str, ...]:
    """Return ``ErrorSubscriptionIds``, whose members are found in either namespace."""
    listed = element.find(M + "ErrorSubscriptionIds")
    if listed is None:
        return ()
    texts = ((found.text or "").strip() for found in listed.iter(etree.Element))
    return tuple(text for text in texts if text)
