"""A streaming connection: whole envelopes one after another, until its time is over.

``Stream`` decides what is said next; the time it is asked at, and waiting, belong to ``serve``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
        payer: str,
        alive: list[Subscription],
        dead: list[str],
        seconds: float,
    ) -> None:
        self.server = server
        self.payer = payer
        """Whose budget of connections it is charged to."""
        self.subscriptions = alive
        self.dead = dead
        now = server.organization.now()
        self.ends = now + seconds
        self.spoke = now
        self.sent = 0
        self.over = False
        self.wake: Callable[[], None] = lambda: None
        """Set by whoever waits; called when something happened."""
        self._dirty = {one.id: one for one in alive if one.position < one.mailbox.revision}
        self._listeners = [(one, partial(self._woken, one)) for one in alive]
        self._closed = False
        self._gathered: list[bytes] = []
        server.connected.add(self)
        for one, listener in self._listeners:
            previous = server.streams.get(one.id)
            if previous is not None and previous is not self:
                previous.superseded()
            server.streams[one.id] = self
            one.readers += 1
            one.mailbox.watchers.add(listener)

    def _woken(self, one: Subscription) -> None:
        self._dirty[one.id] = one
        self.wake()

    def opening(self) -> list[bytes]:
        """Return what the connection begins with."""
        if self.dead:
            self.over = not self.subscriptions
            return self._passed([self._error("ErrorInvalidSubscription", self.dead)])
        return self._passed([self._status("OK")])

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
            found += self._gone() or [self._status("OK")]
        if any(0 < most <= self.sent for most in (faults.cut_streams, faults.half_close_streams)):
            self.over = True
        return self._passed(found)

    def _passed(self, parts: list[bytes]) -> list[bytes]:
        """Return what a proxy lets through now."""
        if not self.server.faults.gathered_streams and not self._gathered:
            return parts
        self._gathered += parts
        if self.server.faults.gathered_streams and not self.over:
            return []
        parts, self._gathered = self._gathered, []
        return parts

    def _gone(self) -> list[bytes]:
        known = self.server.organization.subscriptions
        gone = [one.id for one in self.subscriptions if one.id not in known]
        self.over = self.over or bool(gone)
        return [self._error("ErrorInvalidSubscription", gone)] if gone else []

    def _news(self) -> list[bytes]:
        dirty, self._dirty = self._dirty, {}
        if any(key not in self.server.organization.subscriptions for key in dirty):
            return self._gone()
        root = answer("GetStreamingEventsResponse")
        node = m(messages(root), "GetStreamingEventsResponseMessage", ResponseClass="Success")
        m(node, "ResponseCode", "NoError")
        box = m(node, "Notifications")
        for one in dirty.values():
            events, missed = one.after(one.position), one.missed(one.position)
            one.position = one.mailbox.revision
            if one.id in self.server.faults.deaf_subscriptions:
                continue
            if missed or (events and self.server.faults.missed_events):
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
        self.server.connected.discard(self)
        self.farewell = self._error("ErrorNewEventStreamConnectionOpened", [])
        self.wake()

    farewell: bytes = b""

    def close(self) -> None:
        """Stop listening; from now on its subscriptions live for a while only."""
        if self._closed:
            return
        self._closed = True
        self.server.connected.discard(self)
        life = self.server.organization.now() + STREAM_LIFE / 60 * self.server.minute
        for one, listener in self._listeners:
            one.mailbox.watchers.discard(listener)
            one.readers -= 1
            one.expires = life
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
