"""Push subscriptions: the server calls the client, again and again, and gives up in the end.

``Push`` decides what is said and when: at once after Subscribe, whenever something happened, and
as a ping each StatusFrequency. An unanswered call is repeated after 30 s, 60, 120 … until that
would be longer than StatusFrequency; then the subscription is gone without a word. ``run`` makes
the calls.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from lxml import etree

from lab.exchange import ids
from lab.exchange.operations.notify import PAGE, write_event
from lab.exchange.organization import Subscription
from lab.exchange.soap import messages
from lab.exchange.xml import NAMES, M, m, t, text_of, truth

if TYPE_CHECKING:
    from lab.exchange.server import ExchangeServer

FIRST_RETRY: Final = 0.5
"""Minutes."""
_ACTION: Final = f"{M[1:-1]}/SendNotification"
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
    '<t:RequestServerVersion Version="{version}" xmlns:t="{types}"/></s:Header>'
    "<s:Body>{body}</s:Body></s:Envelope>"
)


class Push:
    """One push subscription."""

    def __init__(
        self, server: ExchangeServer, subscription: Subscription, url: str, frequency: int
    ) -> None:
        self.server = server
        self.subscription = subscription
        self.url = url
        self.frequency = frequency
        """Minutes between pings."""
        self.due = server.organization.now()
        self.calling = False
        """A call is on its way."""
        self.told = 0
        """Calls made."""
        self._retry = 0.0
        subscription.readers = 1  # it does not expire: it is given up
        subscription.mailbox.watchers.add(self._woken)

    @property
    def alive(self) -> bool:
        """Tell whether there is anything left to call for."""
        return self.subscription.id in self.server.organization.subscriptions

    def _woken(self) -> None:
        if not self._retry:
            self.due = self.server.organization.now()
        self.server.pushed()

    def body(self) -> tuple[bytes, int]:
        """Return what is said now, and the event it reaches to."""
        one = self.subscription
        events = one.after(one.position)
        page = events[:PAGE]
        root = etree.Element(M + "SendNotification", nsmap=NAMES)
        node = m(messages(root), "SendNotificationResponseMessage", ResponseClass="Success")
        m(node, "ResponseCode", "NoError")
        box = m(node, "Notification")
        t(box, "SubscriptionId", one.id)
        t(box, "PreviousWatermark", ids.watermark(one.mailbox, one.position))
        t(box, "MoreEvents", truth(len(events) > PAGE))
        for event in page:
            write_event(self.server.version.year, box, one.mailbox, event, marked=True)
        reached = page[-1].number if len(events) > PAGE else one.mailbox.revision
        if not page:
            t(t(box, "StatusEvent"), "Watermark", ids.watermark(one.mailbox, reached))
        text = _ENVELOPE.format(
            version=self.server.version.newest,
            types=NAMES["t"],
            body=etree.tostring(root, encoding="unicode"),
        )
        return text.encode(), reached

    def answered(self, status: str, reached: int) -> None:
        """Note what the client said: OK, Unsubscribe, or nothing that could be understood."""
        now, minute = self.server.organization.now(), self.server.minute
        self.told += 1
        if status == "OK":
            self.subscription.position, self._retry = reached, 0.0
            behind = bool(self.subscription.after(reached))
            self.due = now + (0.0 if behind else self.frequency * minute)
            return
        self._retry = 2 * self._retry or FIRST_RETRY
        self.due = now + self._retry * minute
        if status == "Unsubscribe" or self._retry > self.frequency:
            self.end()

    def end(self) -> None:
        """Forget the subscription."""
        self.subscription.mailbox.watchers.discard(self._woken)
        self.server.organization.subscriptions.pop(self.subscription.id, None)


async def run(server: ExchangeServer) -> None:
    """Make the calls that are due, until cancelled; one client's silence delays no other."""
    happened = asyncio.Event()
    server.pushed = happened.set
    timeout = ClientTimeout(total=30)
    async with ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        while True:
            happened.clear()
            now = server.organization.now()
            for key, push in list(server.pushes.items()):
                if not push.alive:
                    push.end()
                    del server.pushes[key]
                elif push.due <= now and not push.calling:
                    push.calling = True
                    tasks.create_task(_call(session, push))
            ahead = [one.due for one in server.pushes.values() if not one.calling]
            wait = max(min(ahead, default=now + 3600) - now, 0.0)
            timer = asyncio.get_running_loop().call_later(wait, happened.set)
            await happened.wait()
            timer.cancel()


async def _call(session: ClientSession, push: Push) -> None:
    body, reached = push.body()
    headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{_ACTION}"'}
    status = ""
    try:
        async with session.post(push.url, data=body, headers=headers) as reply:
            if reply.status == 200:
                status = _status(await reply.read())
    except (ClientError, TimeoutError, OSError):
        status = ""  # no answer
    push.calling = False
    push.answered(status, reached)
    push.server.pushed()


def _status(body: bytes) -> str:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return ""
    return text_of(next(root.iter(M + "SubscriptionStatus"), None))
