"""Subscriptions that are polled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.exchange.http import Ask, Reply
from lab.exchange.mailbox import Mailbox
from lab.exchange_dav.store import Folder
from lab.exchange_dav.values import Multistatus

if TYPE_CHECKING:
    from lab.exchange_dav.server import DavExchange

_SHORT = 60


@dataclass(slots=True)
class Watch:
    """One subscription to a calendar folder."""

    number: int
    location: str
    box: Mailbox
    seen: int
    lifetime: float
    until: float


class Watches:
    """All subscriptions of a server; a restart forgets them."""

    def __init__(self, server: DavExchange) -> None:
        self._server = server
        self._next = 1
        self.open: dict[int, Watch] = {}

    def subscribe(self, ask: Ask, folder: Folder) -> Reply:
        """Begin or renew."""
        if self._server.faults.no_subscriptions or folder.box is None:
            return Reply(501)
        if "subscription-id" in ask.headers:
            return self._renew(ask, folder)
        kinds = ("update", "update/newmember", "delete", "move")
        if ask.headers.get("notification-type", "").lower() not in kinds:
            return Reply(400)
        told = ask.headers.get("subscription-lifetime", "")
        lifetime = float(max(_SHORT, int(told))) if told.isdecimal() else 3600.0
        number, self._next = self._next, self._next + 1
        now = self._server.organization.now()
        seen = self._server.revision(folder.box)
        self.open[number] = Watch(number, folder.path, folder.box, seen, lifetime, now + lifetime)
        return self._told(number, folder, lifetime)

    def poll(self, ask: Ask, folder: Folder) -> Reply:
        """Tell what fired; a poll keeps a subscription alive."""
        answer = Multistatus()
        wanted = _ids(ask)
        if not wanted:
            return Reply(400)
        for number in wanted:
            watch = self._alive(number)
            if watch is None or watch.location != folder.path:
                answer.watched(folder.path, number, "412 Precondition Failed")
                continue
            now = self._server.revision(watch.box)
            status = "200 OK" if now != watch.seen else "204 No Content"
            watch.seen = now
            watch.until = self._server.organization.now() + watch.lifetime
            answer.watched(folder.path, number, status)
        return Reply(207, {"content-type": "text/xml"}, answer.body())

    def unsubscribe(self, ask: Ask, folder: Folder) -> Reply:
        """End."""
        answer = Multistatus()
        for number in _ids(ask):
            known = self.open.pop(number, None) is not None
            answer.watched(folder.path, number, "200 OK" if known else "412 Precondition Failed")
        return Reply(207, {"content-type": "text/xml"}, answer.body())

    def _renew(self, ask: Ask, folder: Folder) -> Reply:
        for number in _ids(ask):
            watch = self._alive(number)
            if watch is None:
                return Reply(412)
            watch.until = self._server.organization.now() + watch.lifetime
            return self._told(number, folder, watch.lifetime)
        return Reply(400)

    def _alive(self, number: int) -> Watch | None:
        watch = self.open.get(number)
        if watch is not None and watch.until <= self._server.organization.now():
            del self.open[number]
            return None
        return watch

    def _told(self, number: int, folder: Folder, lifetime: float) -> Reply:
        headers = {
            "subscription-id": str(number),
            "subscription-lifetime": str(int(lifetime)),
            "content-location": folder.path,
        }
        return Reply(200, headers)


def _ids(ask: Ask) -> list[int]:
    return [int(one) for one in re.findall(r"\d+", ask.headers.get("subscription-id", ""))]
