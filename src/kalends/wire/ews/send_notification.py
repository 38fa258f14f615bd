"""SendNotification: the server calls us (push), and the answer it waits for.

The callback is not authenticated: it comes to an unguessable path, its subscription is compared,
and its content is a trigger only. A server without an answer tries again after 30 s, 60 s, 120 s …
until the status frequency has passed, and then falls silent for good.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from kalends.errors import BadAnswer, TooLarge
from kalends.model.http import Response
from kalends.wire.ews.events import Notification, read_notification
from kalends.wire.ews.names import NSMAP, SOAP, M
from kalends.wire.ews.soap import add, one, parse_xml, read_envelope

ACTION: Final = "http://schemas.microsoft.com/exchange/services/2006/messages/SendNotification"
"""``SOAPAction`` of a callback."""
MAX_BYTES: Final = 1 << 20
"""Of a callback: strangers may send one."""


def parse_send_notification(body: bytes) -> Notification:
    """Read a callback.

    Raises what its code means (``ErrorReadEventsFailed``: make the subscription anew), ``TooLarge``
    and ``BadAnswer``.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"a callback is larger than {MAX_BYTES} bytes")
    answer = read_envelope(parse_xml(body))
    element = one(answer, "SendNotification").accept().find(M + "Notification")
    if element is None:
        raise BadAnswer("SendNotification has no Notification")
    return read_notification(element)


def build_send_notification_result(*, go_on: bool) -> Response:
    """Answer a callback: go on, or end the subscription (push has no other way to end)."""
    envelope = etree.Element(SOAP + "Envelope", nsmap=NSMAP)
    result = add(add(envelope, SOAP + "Body"), M + "SendNotificationResult")
    add(result, M + "SubscriptionStatus", "OK" if go_on else "Unsubscribe")
    body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return Response(200, {"content-type": "text/xml; charset=utf-8"}, body)
