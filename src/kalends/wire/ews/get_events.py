"""GetEvents: read a pull subscription, at most 50 events at a time.

The last watermark is stored only once what it stands for is processed.
"""

from __future__ import annotations

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.events import Notification, read_notification
from kalends.wire.ews.names import M
from kalends.wire.ews.soap import Context, add, one, operation, read, request


def build_get_events(context: Context, subscription: str, watermark: str) -> Request:
    """Ask what happened since a watermark."""
    get = operation("GetEvents")
    add(get, M + "SubscriptionId", subscription)
    add(get, M + "Watermark", watermark)
    return request(context, get)


def parse_get_events(response: Response) -> Notification:
    """Read the events; ``CursorExpired`` where the subscription is gone."""
    element = one(read(response), "GetEventsResponse").accept().find(M + "Notification")
    if element is None:
        raise BadAnswer("GetEventsResponse has no Notification")
    return read_notification(element)
