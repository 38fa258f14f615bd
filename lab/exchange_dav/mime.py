"""Items as messages: what ``GET`` with ``Translate: f`` gives, and ``PUT`` takes."""

from __future__ import annotations

import base64
import email
from datetime import UTC, datetime
from email import policy

from lab.exchange import mime
from lab.exchange.calendar import Appointment
from lab.exchange.mailbox import Mailbox
from lab.exchange.refusal import Refusal


def message(box: Mailbox, item: Appointment) -> bytes:
    """Return an appointment or a series as a message."""
    head = (
        "Content-class: urn:content-classes:appointment\r\nMIME-Version: 1.0\r\n"
        'Content-Type: text/calendar; method=REQUEST; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return head.encode() + base64.b64decode(mime.write(box, item))


def appointment(body: bytes, box: Mailbox) -> Appointment | None:
    """Return the appointment in a message; None where it holds none that can be read."""
    for part in email.message_from_bytes(body, policy=policy.default).walk():
        if part.get_content_type() == "text/calendar":
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            empty = Appointment(0, datetime.now(UTC), datetime.now(UTC))
            try:
                return mime.read(base64.b64encode(content).decode(), box, empty)
            except Refusal:
                return None
    return None
