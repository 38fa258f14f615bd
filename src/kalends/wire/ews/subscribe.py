"""Subscribe: pull, push or streaming notifications of one mailbox ([MS-OXWSNTIF] 3.1.4.2).

One mailbox (or one public folder) per request. A streaming subscription has no watermark: what
happens between subscribing and the first read of the window is caught by reading after subscribing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.folders import CALENDAR, Folder
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, need, one, operation, read, request
from kalends.wire.ews.versions import Feature, offers

_EVENTS: Final = ("CreatedEvent", "ModifiedEvent", "MovedEvent", "DeletedEvent", "CopiedEvent")
MAX_MINUTES: Final = 1440


class Subscription(NamedTuple):
    """What subscribing gave."""

    id: str
    watermark: str = ""
    """Where reading begins (pull, push); empty for streaming."""


def build_subscribe_streaming(context: Context, folder: Folder = CALENDAR) -> Request:
    """Subscribe for a stream; ``NotOffered`` before 2010 SP1."""
    need(context, Feature.STREAMING)
    return _request(context, "StreamingSubscriptionRequest", folder)


def build_subscribe_pull(
    context: Context, minutes: int, folder: Folder = CALENDAR, watermark: str = ""
) -> Request:
    """Subscribe for ``GetEvents``; it lives ``minutes`` (1 to 1440) after the last one."""
    return _request(
        context, "PullSubscriptionRequest", folder, watermark, ("Timeout", str(_bounded(minutes)))
    )


def build_subscribe_push(
    context: Context, url: str, minutes: int, folder: Folder = CALENDAR, watermark: str = ""
) -> Request:
    """Subscribe for callbacks to an unguessable ``url``, a sign of life every ``minutes``."""
    return _request(
        context,
        "PushSubscriptionRequest",
        folder,
        watermark,
        ("StatusFrequency", str(_bounded(minutes))),
        ("URL", url),
    )


def parse_subscribe(response: Response) -> Subscription:
    """Read the new subscription; raises what its code means."""
    element = one(read(response), "SubscribeResponse").accept()
    found = (element.findtext(M + "SubscriptionId") or "").strip()
    if not found:
        raise BadAnswer("SubscribeResponse has no SubscriptionId")
    return Subscription(found, (element.findtext(M + "Watermark") or "").strip())


def _request(
    context: Context,
    kind: str,
    folder: Folder,
    watermark: str = "",
    *rest: tuple[str, str],
) -> Request:
    subscribe = operation("Subscribe")
    wanted = add(subscribe, M + kind)
    folder.write(add(wanted, T + "FolderIds"))
    _event_types(wanted, context)
    if watermark:
        add(wanted, T + "Watermark", watermark)
    for name, text in rest:
        add(wanted, T + name, text)
    return request(context, subscribe)


def _event_types(wanted: etree._Element, context: Context) -> None:
    types = add(wanted, T + "EventTypes")
    for name in _EVENTS:
        add(types, T + "EventType", name)
    # To 2007 and 2010 RTM the word is a schema violation.
    if offers(context.version, Feature.FREE_BUSY_CHANGED):
        add(types, T + "EventType", "FreeBusyChangedEvent")


def _bounded(minutes: int) -> int:
    return min(max(minutes, 1), MAX_MINUTES)
