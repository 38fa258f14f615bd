"""A streaming connection: whole envelopes one after another, until its time is over.

``Stream`` decides what is said next; the time it is asked at, and waiting, belong to ``serve``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from lab.exchange.operations.notify import STREAM_LIFE, write_event
from lab.exchange.organization import Subscription
from lab.exchange.refusal import Refusal
from lab.exchange.soap import envelope, messages, refused
from lab.exchange.xml import answer, m, t

if TYPE_CHECKING:
    from lab.exchange.server import ExchangeServer

HEARTBEAT: Final = 45.0


class Stream:
    """One GetStreamingEvents connection."""

    def __init__(
        self,
        server: ExchangeServer,
        account: str,
        alive: list[Subscription],
        dead: list[str],
        seconds: float,
    ) -> None:
        self.server = server
        self.account = account
        self.subscriptions = alive
        self.dead = dead
        now = server.organization.now()
        self.ends = now + seconds
        self.spoke = now
        self.sent = 0
        self.over = False
        self.wake: Callable[[], None] = lambda: None
        """Set by whoever waits; called when something happened."""
        for one in alive:
            previous = server.streams.get(one.id)
            if previous is not None and previous is not self:
                previous.superseded()
            server.streams[one.id] = self
            one.mailbox.watchers.add(self.woken)

    def woken(self) -> None:
        """Pass on that something happened."""
        self.wake()

    def opening(self) -> list[bytes]:
        """Return what the connection begins with."""
        if self.dead:
            self.over = not self.subscriptions
            return [self._error("ErrorInvalidSubscription", self.dead)]
        return [self._status("OK")]

    def due(self) -> float:
        """Return when something has to be said though nothing happens."""
        return min(self.ends, self.spoke + HEARTBEAT / 60 * self.server.minute)

    def more(self) -> list[bytes]:
        """Return what is to be said now."""
        faults, now = self.server.faults, self.server.organization.now()
        if self.over or faults.silent_streams:
            return []
        # With a mix of good and bad subscriptions nothing is told of the good ones.
        found = [] if self.dead or faults.mute_streams else self._news()
        if now >= self.ends:
            self.over = True
            found.append(self._status("Closed"))
        elif not found and now >= self.due():
            found.append(self._status("OK"))
        if faults.cut_streams and self.sent >= faults.cut_streams:
            self.over = True
        return found

    def _news(self) -> list[bytes]:
        organization = self.server.organization
        root = answer("GetStreamingEventsResponse")
        node = m(messages(root), "GetStreamingEventsResponseMessage", ResponseClass="Success")
        m(node, "ResponseCode", "NoError")
        box = m(node, "Notifications")
        gone = [one.id for one in self.subscriptions if one.id not in organization.subscriptions]
        if gone:
            self.over = True
            return [self._error("ErrorInvalidSubscription", gone)]
        for one in self.subscriptions:
            one.expires = organization.now() + STREAM_LIFE / 60 * self.server.minute
            events = one.after(one.position)
            one.position = one.mailbox.revision
            if events and self.server.faults.missed_events:
                self.over = True
                return [self._error("ErrorMissedNotificationEvents", [one.id])]
            if events:
                each = t(box, "Notification")
                t(each, "SubscriptionId", one.id)
                for event in events:
                    write_event(self.server.version.year, each, one.mailbox, event, marked=False)
        return [self._said(envelope(self.server, root))] if len(box) else []

    def superseded(self) -> None:
        """Say that another connection has taken a subscription over, and end."""
        self.over = True
        self.farewell = self._error("ErrorNewEventStreamConnectionOpened", [])
        self.wake()

    farewell: bytes = b""

    def close(self) -> None:
        """Stop listening."""
        for one in self.subscriptions:
            one.mailbox.watchers.discard(self.woken)
            if self.server.streams.get(one.id) is self:
                del self.server.streams[one.id]

    def _status(self, status: str) -> bytes:
        root = answer("GetStreamingEventsResponse")
        node = m(messages(root), "GetStreamingEventsResponseMessage", ResponseClass="Success")
        m(node, "ResponseCode", "NoError")
        m(node, "ConnectionStatus", status)
        return self._said(envelope(self.server, root))

    def _error(self, code: str, subscriptions: list[str]) -> bytes:
        root = answer("GetStreamingEventsResponse")
        node = m(messages(root), "GetStreamingEventsResponseMessage")
        refused(node, Refusal(code))
        if subscriptions:
            box = m(node, "ErrorSubscriptionIds")
            for one in subscriptions:
                t(box, "SubscriptionId", one)
        return self._said(envelope(self.server, root))

    def _said(self, content: bytes) -> bytes:
        self.spoke = self.server.organization.now()
        self.sent += 1
        return content
