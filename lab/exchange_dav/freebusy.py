"""``?cmd=freebusy``: what the meeting planner shows, one digit per interval and person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from lab.exchange.calendar import window
from lab.exchange.http import Ask, Reply
from lab.exchange.mailbox import Mailbox

if TYPE_CHECKING:
    from lab.exchange_dav.server import DavExchange

_DIGITS: Final = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3}


def answer(server: DavExchange, ask: Ask) -> Reply:
    """Answer a free/busy request."""
    query = parse_qs(urlsplit(ask.path).query)
    try:
        start, end = (datetime.fromisoformat(query[name][0]) for name in ("start", "end"))
        step = timedelta(minutes=int(query["interval"][0]))
    except (KeyError, ValueError):
        return Reply(400)
    people = [one.removeprefix("SMTP:") for one in query.get("u", [])]
    rows = [_digits(server.organization.mailbox(one), start, end, step) for one in people]
    merged = "".join(max(column) for column in zip(*rows, strict=True)) if rows else ""
    items = [f"<a:item><a:displayname>All Attendees</a:displayname>{_data(merged)}</a:item>"]
    for address, row in zip(people, rows, strict=True):
        email = f'<a:email type="SMTP">{escape(address)}</a:email>'
        items.append(f"<a:item><a:displayname>x</a:displayname>{email}{_data(row)}</a:item>")
    body = f'<a:response xmlns:a="WM"><a:recipients>{"".join(items)}</a:recipients></a:response>'
    return Reply(200, {"content-type": "text/xml"}, body.encode())


def _data(digits: str) -> str:
    return f"<a:type>1</a:type><a:fbdata>{digits}</a:fbdata>"


def _digits(box: Mailbox | None, start: datetime, end: datetime, step: timedelta) -> str:
    count = -(-(end - start) // step)
    if box is None or box.default_right == "None":
        return "4" * count
    found = [0] * count
    for entry in window(box.calendar(), start, end):
        item = entry.item
        if item.cancelled:
            continue
        first = max(0, (item.start - start) // step)
        last = min(count, -(-(item.end - start) // step))
        for place in range(first, last):
            found[place] = max(found[place], _DIGITS.get(item.busy, 2))
    return "".join(map(str, found))
