"""SUBSCRIBE, POLL, UNSUBSCRIBE: whether anything in a folder changed, for one small request.

A subscription of kind ``update`` at depth 1 fires when an object is added to a folder, removed from
it or modified. A POLL goes to the subscribed folder itself (ids of several folders cannot share
one), tells once what fired since the last, and keeps the subscription alive. NOTIFY over UDP is
not used: it is unauthenticated, may be lost, and would say no more.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from lxml import etree

from kalends.model.http import Request, Response
from kalends.wire.exchange_dav.multistatus import read_xml
from kalends.wire.exchange_dav.names import DAV

LIFETIME: Final = 3600
"""Seconds asked for; each POLL begins them anew."""
_ID: Final = re.compile(r"[0-9]{1,12}")


class News(Enum):
    """What a POLL says."""

    NOTHING = "nothing changed since the last poll"
    CHANGED = "something changed"
    FORGOTTEN = "the server does not know the subscription"


def build_subscribe(url: str, lifetime: int = LIFETIME) -> Request:
    """Begin to watch a folder."""
    headers = (
        ("Notification-Type", "update"),
        ("Depth", "1"),
        ("Subscription-Lifetime", str(lifetime)),
    )
    return Request("SUBSCRIBE", url, headers)


def parse_subscribe(response: Response) -> str:
    """Return the subscription's id; empty where the server does not watch this folder."""
    if response.status not in (200, 201, 207):
        return ""
    found = _ID.search(response.header("subscription-id"))
    return found[0] if found else ""


def build_poll(url: str, subscription: str) -> Request:
    """Ask whether a watched folder changed."""
    return Request(
        "POLL",
        url,
        (("Subscription-ID", subscription),),
    )


def parse_poll(response: Response, subscription: str) -> News:
    """Read the answer; what it does not say counts as forgotten, never as nothing new."""
    if response.status == 204:
        return News.NOTHING
    if response.status != 207:
        return News.FORGOTTEN
    for element in read_xml(response.body).iterfind(DAV + "response"):
        words = (element.findtext(DAV + "status") or "").split()
        if subscription in _ids(element) and len(words) > 1:
            return {"200": News.CHANGED, "204": News.NOTHING}.get(words[1], News.FORGOTTEN)
    return News.FORGOTTEN


def build_unsubscribe(url: str, subscription: str) -> Request:
    """Stop watching."""
    return Request(
        "UNSUBSCRIBE",
        url,
        (("Subscription-ID", subscription),),
    )


def _ids(element: etree._Element) -> set[str]:
    """Return the ids in ``<b:subscriptionID><li>8</li></b:subscriptionID>``."""
    found: set[str] = set()
    for child in element.iterchildren(tag=etree.Element):
        if etree.QName(child).localname.lower() == "subscriptionid":
            found |= set(_ID.findall(" ".join(map(str, child.itertext()))))
    return found
